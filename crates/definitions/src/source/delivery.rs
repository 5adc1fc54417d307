//! What a delivery is called, what it covers and what it does to earlier ones.

use model::{Code, Compression, Dataset, FileName, Load, NamePart, PeriodKind, Scope};

use super::{compression, file_name};
use crate::vocabulary;
use crate::words::period_kinds;
use crate::yaml::{Cursor, Report, Span};

/// A delivery; parts with a mistake are `None`.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) file: Option<FileName>,
    pub(super) compression: Option<Compression>,
    pub(super) scope: Option<Scope>,
    pub(super) load: Option<Load>,
    pub(super) due_days: Option<u32>,
    pub(super) min_rows: Option<u64>,
    period_at: Span,
}

/// Reads `delivery`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Delivery> {
    let mut keys = cursor.keys(&vocabulary::DELIVERY, report)?;
    let file_at = keys.need("file", report);
    let file = file_at.and_then(|cursor| file_name::read(cursor, report));
    let compression = compression::read(&mut keys, report);
    let municipality = keys.need("municipality", report);
    let one = municipality.and_then(|cursor| cursor.choice(report, &[("file", true), ("rows", false)]));
    let period = keys.maybe("period", |cursor| cursor.choice(report, &period_kinds()));
    let loads = [("full", Load::Full), ("period", Load::Period)];
    let load = keys.need("load", report).and_then(|cursor| cursor.choice(report, &loads));
    let due_days = keys.take("due_days").and_then(|cursor| cursor.integer(report, 0..=3660));
    let min_rows = keys.take("min_rows").and_then(|cursor| cursor.integer(report, 0..=i64::MAX));
    let period_at = keys.take("period").map_or(cursor.at, Cursor::span);
    keys.finish(report);
    let scope = one.zip(period.ok());
    let scope = scope.map(|(one_municipality, period)| Scope { one_municipality, period });
    if let (Some(file), Some(cursor), Some(scope)) = (&file, file_at, scope) {
        check_placeholders(file, cursor, scope, report);
    }
    Some(Delivery { file, compression, scope, load, due_days, min_rows, period_at })
}

/// The name must say exactly what the delivery's scope says it says.
fn check_placeholders(file: &FileName, cursor: Cursor<'_>, scope: Scope, report: &mut Report<'_>) {
    let cases = [
        ("{municipality}", NamePart::Municipality, scope.one_municipality, "`municipality: file`"),
        ("{period}", NamePart::Period, scope.period.is_some(), "a `period`"),
    ];
    for (placeholder, part, wanted, because) in cases {
        let present = file_name::count(&file.parts, &part) > 0;
        let message = match (wanted, present) {
            (true, false) => format!("the name needs `{placeholder}`, because the delivery has {because}"),
            (false, true) => format!("the name has `{placeholder}`, but the delivery has not {because}"),
            _ => continue,
        };
        report.error(Code::INVALID_VALUE, cursor.span(), message);
    }
}

impl Delivery {
    /// The kind of the period in the name.
    pub(super) fn period(&self) -> Option<PeriodKind> {
        self.scope.and_then(|scope| scope.period)
    }

    /// A delivery replaces whole partitions, so it must be made of them.
    pub(super) fn check(&self, dataset: &Dataset, report: &mut Report<'_>) {
        let Some(period) = self.period() else { return };
        if !period.is_made_of(dataset.partition) {
            let message = format!(
                "a delivery of a {period} does not fill the {}s that `{}` is kept by",
                dataset.partition, dataset.id
            );
            report.error(Code::PERIOD_MISMATCH, self.period_at, message);
        }
    }
}
