//! Columns by name: which cell of a row each field, sign and rule reads.
//!
//! Names are exact. A renamed column is an alias in the definition, never a guess; the nearest names are only said.

use model::{Code, Header, Notice, Origin, Parse, Refusal, SkipMatch, Source};
use unicode_normalization::UnicodeNormalization;

use super::quote::shown;

/// The most column names that a message lists.
const LISTED: usize = 20;

/// The columns of a file, ready to be asked for.
pub(crate) struct Columns {
    names: Vec<String>,
    line: u64,
}

impl Columns {
    /// The columns of this header; names are compared in normal form C.
    pub(crate) fn new(header: &Header) -> Self {
        Self { names: header.names.iter().map(|name| normal(name)).collect(), line: header.line }
    }

    /// The position of the first of these names that the file has.
    pub(crate) fn position(&self, names: &[String]) -> Option<usize> {
        names.iter().find_map(|name| {
            let name = normal(name);
            self.names.iter().position(|known| *known == name)
        })
    }

    /// Checks that all columns the source reads are there once; says which of the others it does not read.
    pub(crate) fn check(&self, source: &Source) -> Result<Option<Notice>, Refusal> {
        let needed = needed_columns(source);
        let missing: Vec<&[String]> = needed.iter().copied().filter(|names| self.position(names).is_none()).collect();
        if !missing.is_empty() {
            return Err(self.missing(&missing));
        }
        let used: Vec<usize> = needed.iter().filter_map(|names| self.position(names)).collect();
        for &at in &used {
            let name = &self.names[at];
            let times = self.names.iter().filter(|known| *known == name).count();
            if times > 1 {
                let message = format!("the header has the column `{}` {times} times", shown(name, false));
                return Err(self
                    .at_header(Refusal::new(Code::COLUMN_DUPLICATE, message))
                    .in_column(shown(name, false)));
            }
        }
        Ok(self.extra(&used))
    }

    fn missing(&self, missing: &[&[String]]) -> Refusal {
        let first_names = missing.iter().filter_map(|names| names.first());
        let wanted = listed(first_names.clone().map(String::as_str));
        let found = listed(self.names.iter().map(String::as_str));
        let message = match missing.len() {
            1 => format!("the column {wanted} is not in the header, which has {found}"),
            _ => format!("the columns {wanted} are not in the header, which has {found}"),
        };
        let refusal = self.at_header(Refusal::new(Code::COLUMN_MISSING, message));
        if self.names.len() == 1 && missing.len() > 1 {
            return refusal.with_help("the header is one single column: check the declared separator");
        }
        let near: Vec<String> = first_names.filter_map(|name| self.near(name)).collect();
        if near.is_empty() {
            return refusal;
        }
        refusal.with_help(format!("declare an alias if a column was renamed: {}", near.join(", ")))
    }

    /// Names the header's line, if the file has one.
    fn at_header(&self, refusal: Refusal) -> Refusal {
        if self.line == 0 { refusal } else { refusal.at_line(self.line) }
    }

    /// The name in the header that is most like this one, if any is.
    fn near(&self, name: &str) -> Option<String> {
        let wanted = normal(name);
        let score = |known: &&String| strsim::jaro_winkler(&wanted.to_lowercase(), &known.to_lowercase());
        let best = self.names.iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
        let odd: Vec<String> = best
            .chars()
            .filter(|c| !c.is_ascii() && !wanted.contains(*c))
            .map(|c| format!("U+{:04X}", u32::from(c)))
            .collect();
        let odd = if odd.is_empty() { String::new() } else { format!(" (with {})", odd.join(", ")) };
        (score(&best) > 0.8).then(|| format!("`{}` for `{}`{odd}", shown(best, false), shown(name, false)))
    }

    fn extra(&self, used: &[usize]) -> Option<Notice> {
        let surplus = |at: &usize| !used.contains(at) && !self.names[*at].is_empty();
        let extra: Vec<&str> = (0..self.names.len()).filter(surplus).map(|at| self.names[at].as_str()).collect();
        // Where the definition itself names the columns, those that no field reads are meant.
        if extra.is_empty() || self.line == 0 {
            return None;
        }
        let message = format!("columns that the source does not use: {}", listed(extra.into_iter()));
        Some(Notice { code: Code::COLUMN_EXTRA, message, rows: 0, first_line: Some(self.line) })
    }
}

fn normal(name: &str) -> String {
    name.nfc().collect()
}

/// Every column that the source reads, each with its aliases.
fn needed_columns(source: &Source) -> Vec<&[String]> {
    let mut needed: Vec<&[String]> = Vec::new();
    for mapping in &source.fields {
        if let Origin::Column { names } = &mapping.origin {
            needed.push(names);
        }
        if let Parse::Number(format) = &mapping.parse {
            needed.extend(format.sign.as_ref().map(|sign| std::slice::from_ref(&sign.column)));
        }
    }
    for rule in &source.skip {
        match &rule.rule {
            SkipMatch::CellIs { column, .. } | SkipMatch::CellStartsWith { column, .. } => {
                needed.push(std::slice::from_ref(column));
            }
            SkipMatch::LineStartsWith(_) | SkipMatch::LineMatches(_) => {}
        }
    }
    needed.dedup();
    needed
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{}`", shown(name, false))).collect();
    let rest = names.len().saturating_sub(LISTED);
    let text = names[..names.len() - rest].join(", ");
    if rest == 0 { text } else { format!("{text} and {rest} more") }
}
