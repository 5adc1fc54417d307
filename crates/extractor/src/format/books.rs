//! The reader's books: every record is handed on, broken, or skipped by a named rule.

use std::collections::BTreeMap;

/// The rules that every source has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Always {
    Preamble,
    Blank,
    Header,
    RepeatedHeader,
    ControlRecord,
}

const NAMES: [(Always, &str); 5] = [
    (Always::Preamble, "preamble"),
    (Always::Blank, "blank"),
    (Always::Header, "header"),
    (Always::RepeatedHeader, "repeated_header"),
    (Always::ControlRecord, "control_record"),
];

/// The count of a file's records.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Records found; also the number of the last one.
    pub(super) read: u64,
    /// Rows handed on.
    pub(super) rows: u64,
    /// Broken rows handed on.
    pub(super) broken: u64,
    always: [u64; NAMES.len()],
    /// Skipped by the source's own rules.
    by_rule: Vec<u64>,
}

impl Books {
    pub(super) fn new(rules: usize) -> Self {
        Self { by_rule: vec![0; rules], ..Self::default() }
    }

    pub(super) fn skip(&mut self, rule: Always) {
        self.always[rule as usize] += 1;
    }

    pub(super) fn skip_by_rule(&mut self, rule: usize) {
        self.by_rule[rule] += 1;
    }

    /// Whether nothing but blank lines and a preamble was found.
    pub(super) fn nothing_found(&self) -> bool {
        self.read == self.always[Always::Preamble as usize] + self.always[Always::Blank as usize]
    }

    /// Asserts the balance; an imbalance is a mistake of this crate and never of a file.
    pub(super) fn assert_balance(&self) {
        let skipped: u64 = self.always.iter().chain(&self.by_rule).sum();
        assert_eq!(
            self.read,
            self.rows + self.broken + skipped,
            "the reader lost or invented records; please report this"
        );
    }

    /// The skipped records by rule; a rule that skipped nothing is not listed.
    pub(super) fn skipped<'a>(&self, name: impl Fn(usize) -> &'a str) -> BTreeMap<String, u64> {
        let always = NAMES.iter().map(|(rule, name)| (*name, self.always[*rule as usize]));
        let own = self.by_rule.iter().enumerate().map(|(rule, count)| (name(rule), *count));
        let mut skipped = BTreeMap::new();
        for (name, count) in always.chain(own).filter(|(_, count)| *count > 0) {
            *skipped.entry(name.to_owned()).or_insert(0) += count;
        }
        skipped
    }
}
