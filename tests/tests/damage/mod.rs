//! Systematic damage: valid files of many dialects, each damaged in every way of a table, and read with the definition
//! of the sound file. In no case may a wrong or missing row pass as success.
//!
//! `dialect` says in which forms files come and writes their definitions, `sound` writes a file of known rows and keeps
//! where every cell stands, `harm` is the table of damage to rows, `envelope` brings files into UTF-16, EBCDIC and
//! archives and has the table of damage to their bytes, `oracle` decides. A file is fine if every row that it holds
//! was loaded exactly, or was rejected at its place, or if the file was refused.
//!
//! What no reader can see is left out by construction: damage that leaves another valid file (a digit that becomes
//! another digit, a number that is cut, a whole line that is gone without a control record to miss it, a changed letter
//! of a free text).
//! `MUSKETER_DAMAGE=50` makes fifty times as many files.

mod dialect;
mod envelope;
mod harm;
mod oracle;
mod sound;

use std::collections::BTreeMap;
use std::io::Cursor;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use self::dialect::Dialect;
use self::harm::Damaged;
use self::oracle::Verdict;
use crate::{delivery, project};

/// Dialects of a round.
const DIALECTS: u64 = 72;

/// Random numbers that are the same on every machine.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u64() % bound.max(1) as u64).expect("below a usize")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

#[expect(clippy::disallowed_methods, reason = "how much is tried is the tester's choice, not the program's")]
fn rounds() -> u64 {
    std::env::var("MUSKETER_DAMAGE").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Kinds of damage of which it is known that something passes in silence, each with the reason. Every one must still
/// do so, so that a kind that was mended is taken off the list.
const KNOWN: &[(&str, &str)] = &[];

#[test]
fn no_damage_passes_in_silence() {
    let mut silent: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut files = 0;
    for number in 0..DIALECTS * rounds() {
        let mut dice = Dice::new(number);
        let dialect = Dialect::choose(number, &mut dice);
        let catalogue = delivery::catalogue(&dialect.definitions(&project::root()));
        let source = &catalogue.sources["damaged"];
        let scope = dialect::scope(source);
        let mut try_one = |kind: &'static str, damaged: &Damaged, bytes: Vec<u8>| {
            files += 1;
            let read = delivery::read(&catalogue, source, &scope, Cursor::new(bytes));
            match oracle::judge(damaged, &read) {
                Verdict::Silent(what) => silent.entry(kind).or_default().push(format!(
                    "{what}\n  dialect {number}: {dialect:?}\n{}",
                    String::from_utf8_lossy(&damaged.bytes)
                )),
                verdict => *counts.entry(verdict.name()).or_default() += 1,
            }
        };
        for (kind, harm) in harm::KINDS {
            let sound = dialect.sound_file(&mut dice);
            let Some(damaged) = harm(&sound, &mut dice) else { continue };
            try_one(kind, &damaged, dialect.packed(&dialect.written(&damaged.bytes)));
        }
        for (kind, harm) in envelope::KINDS {
            let sound = dialect.sound_file(&mut dice);
            let Some((damaged, bytes)) = harm(&sound, &mut dice) else { continue };
            try_one(kind, &damaged, bytes);
        }
    }
    for (kind, reason) in KNOWN {
        assert!(silent.remove(kind).is_some(), "`{kind}` is noticed now ({reason}): take it off the list");
    }
    let example = |(kind, found): (&&str, &Vec<String>)| format!("{} x {kind}: {}", found.len(), found[0]);
    let examples: Vec<String> = silent.iter().map(example).collect();
    assert!(silent.is_empty(), "of {files} files\n{}", examples.join("\n\n"));
    assert!(files >= 2000, "only {files} files");
    for outcome in ["exact", "rejected", "refused"] {
        assert!(counts.get(outcome).is_some_and(|count| *count > 100), "{outcome}: {counts:?}");
    }
}
