//! Decides whether a damaged file was read without deceit: cell by cell against the clean rows.

use std::collections::BTreeSet;
use std::ops::Range;

use model::{Code, Refusal, RejectedRow};

use super::dialect::COLUMNS;
use super::harm::{Damaged, Demand};
use crate::delivery::{Loaded, Row};

/// What became of a damaged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every row was loaded, and none rejected.
    Exact,
    /// What was lost was rejected at its place.
    Rejected,
    /// A text is wrong, and the reading says so: by a notice, or by a rejected line of the same row.
    Flagged,
    /// Nothing of the file was loaded.
    Refused,
    /// A row is wrong or missing, and nobody is told; or less was read than can be demanded.
    Silent(String),
}

impl Verdict {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Rejected => "rejected",
            Self::Flagged => "flagged",
            Self::Refused => "refused",
            Self::Silent(_) => "silent",
        }
    }
}

/// Decides.
pub(crate) fn judge(damaged: &Damaged, read: &Result<Loaded, Refusal>) -> Verdict {
    match read {
        Err(refusal) if damaged.demand == Demand::Exact => {
            Verdict::Silent(format!("refused without need: {refusal:?}"))
        }
        Err(_) => Verdict::Refused,
        Ok(loaded) => judge_loaded(damaged, loaded).unwrap_or_else(Verdict::Silent),
    }
}

fn judge_loaded(damaged: &Damaged, loaded: &Loaded) -> Result<Verdict, String> {
    let mut seen = BTreeSet::new();
    let mut flagged = false;
    for row in &loaded.rows {
        let at = row.cells[0].parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let at = at.filter(|at| *at < damaged.sound.rows.len()).ok_or_else(|| format!("{row:?} is no row"))?;
        flagged |= compare(damaged, loaded, row, at)?;
        if !seen.insert(at) {
            return Err(format!("row {} was loaded twice", at + 1));
        }
    }
    let lost: Vec<usize> = (0..damaged.sound.rows.len()).filter(|at| !seen.contains(at)).collect();
    for at in &lost {
        is_accounted_for(damaged, loaded, *at)?;
    }
    if !damaged.blurred {
        count_lines(damaged, loaded)?;
    }
    match damaged.demand {
        Demand::Exact | Demand::ExactOrRefused if !lost.is_empty() || loaded.tally.rejected > 0 => {
            Err(format!("not all was loaded: {:?}", loaded.rejected))
        }
        Demand::Lost(most) if lost.len() > most => Err(format!("{} rows were lost: {:?}", lost.len(), loaded.rejected)),
        _ if flagged => Ok(Verdict::Flagged),
        _ if loaded.tally.rejected > 0 => Ok(Verdict::Rejected),
        _ => Ok(Verdict::Exact),
    }
}

/// Whether a cell differs of which the file says that it may; an error where it does not say so.
fn compare(damaged: &Damaged, loaded: &Loaded, row: &Row, at: usize) -> Result<bool, String> {
    let clean = &damaged.sound.rows[at];
    let mut flagged = false;
    for (column, (name, _)) in COLUMNS.iter().enumerate() {
        let is_free = damaged.free == Some((at, column));
        if row.cells[column] == clean[column] || is_free {
            continue;
        }
        let half_rejected = COLUMNS[column].0 == "Tekst" && is_rejected(loaded, &damaged.lines[at]);
        if !half_rejected && !is_flagged(loaded, row, column) {
            return Err(format!(
                "line {}: {name} is {:?} in place of {:?}",
                row.line, row.cells[column], clean[column]
            ));
        }
        flagged = true;
    }
    Ok(flagged)
}

/// Whether a notice says that the cell may be wrong: that it could be cut, or that a text seems to be in another
/// encoding.
fn is_flagged(loaded: &Loaded, row: &Row, column: usize) -> bool {
    loaded.notices.iter().any(|notice| {
        let cut = notice.code == Code::NO_FINAL_LINE_END && notice.first_line >= Some(row.line);
        let name = notice.code.name();
        let mixed = COLUMNS[column].0 == "Tekst" && (name.starts_with("ENC_") || name.contains("MOJIBAKE"));
        cut || mixed
    })
}

/// A row that was not loaded is gone altogether, or something was rejected where it stands.
fn is_accounted_for(damaged: &Damaged, loaded: &Loaded, at: usize) -> Result<(), String> {
    let lines = &damaged.lines[at];
    if damaged.blurred && !loaded.rejected.is_empty() {
        return Ok(());
    }
    if lines.is_empty() {
        let missed = damaged.sound.dialect.trailer;
        return if missed { Err(format!("row {} is gone, and the trailer agrees", at + 1)) } else { Ok(()) };
    }
    if is_rejected(loaded, lines) {
        return Ok(());
    }
    Err(format!("row {} (lines {lines:?}) is missing, rejected are {:?}", at + 1, loaded.rejected))
}

/// Whether a rejected record takes any of these lines.
fn is_rejected(loaded: &Loaded, lines: &[Range<u64>]) -> bool {
    let touches = |row: &RejectedRow| {
        let end = row.line + loaded.lines[&row.record];
        lines.iter().any(|lines| row.line < lines.end && lines.start < end)
    };
    loaded.rejected.iter().any(touches)
}

/// Every physical line belongs to a record that was accepted, rejected, or skipped by a rule.
fn count_lines(damaged: &Damaged, loaded: &Loaded) -> Result<(), String> {
    let skipped = loaded.tally.skipped.iter().filter(|(rule, _)| *rule != "duplicate");
    let lines = loaded.lines.values().sum::<u64>() + skipped.map(|(_, rows)| rows).sum::<u64>();
    if lines == damaged.line_count {
        return Ok(());
    }
    Err(format!("{lines} lines in the books, {} in the file: {:?}", damaged.line_count, loaded.tally))
}
