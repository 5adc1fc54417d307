//! What a delivery may be like before it is withheld.

use model::{Budget, Code, Ratio};

use crate::vocabulary;
use crate::words::per_cent;
use crate::yaml::{Cursor, Report};

/// Reads `budget`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Budget> {
    let mut keys = cursor.keys(&vocabulary::BUDGET, report)?;
    let max_rejects = keys.maybe("max_rejects", |cursor| cursor.integer(report, 0..=i64::MAX));
    let max_reject_share = keys.maybe("max_reject_share", |cursor| below_everything(cursor, report));
    let max_drop = keys.maybe("max_drop", |cursor| below_everything(cursor, report));
    let max_growth = keys.maybe("max_growth", |cursor| share(cursor, report));
    keys.finish(report);
    let budget = Budget {
        max_rejects: max_rejects.ok()?,
        max_reject_share: max_reject_share.ok()?,
        max_drop: max_drop.ok()?,
        max_growth: max_growth.ok()?,
    };
    if cursor.as_written().is_empty() {
        report
            .error(Code::INVALID_VALUE, cursor.at, "`budget` limits nothing, so that no delivery is ever withheld")
            .help("write for example {max_reject_share: 2%, max_drop: 50%}, or remove the key");
        return None;
    }
    Some(budget)
}

/// A share of which more than everything would have to be exceeded says nothing.
fn below_everything(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Ratio> {
    let share = share(cursor, report)?;
    if share.numerator() >= share.denominator() {
        let what = if cursor.name == "max_drop" {
            "no delivery has fewer rows than none"
        } else {
            "no more than all rows are rejected"
        };
        let message = format!("`{}` is never exceeded: {what}", cursor.name);
        report.error(Code::INVALID_VALUE, cursor.span(), message).help("write less than 100%, or remove the key");
        return None;
    }
    Some(share)
}

fn share(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Ratio> {
    let word = cursor.word(report)?;
    let share = per_cent(word.value);
    if share.is_none() {
        let finding = report.error(Code::INVALID_VALUE, word.span, format!("`{}` is no share", word.value));
        let is_number = per_cent(&format!("{}%", word.value)).is_some();
        finding.help(if is_number {
            format!("write {}%", word.value)
        } else {
            "write a percentage: 2%, or 0.5%".to_owned()
        });
    }
    share
}
