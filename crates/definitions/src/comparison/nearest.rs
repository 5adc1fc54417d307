//! The nearest: which indicators are compared, and how.

use model::{Code, Nearest, PeriodKind, Scale};

use super::Shelves;
use crate::canonical::Canonical;
use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Report, Written};

/// `nearest` as written.
pub(super) struct NearestDoc {
    most: u32,
    on: Vec<(Written<String>, u32)>,
    scale: Scale,
    years_before: u8,
}

impl NearestDoc {
    pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Self> {
        let scales = Scale::ALL.map(|scale| (scale.as_str(), scale));
        let mut keys = cursor.keys(&vocabulary::NEAREST, report)?;
        let most = keys.need("k", report).and_then(|cursor| cursor.integer(report, 1..=97));
        let on = keys.need("on", report).and_then(|cursor| on(cursor, report));
        let scale = keys.maybe("scale", |cursor| cursor.choice(report, &scales));
        let year = keys.maybe("year", |cursor| cursor.choice(report, &[("same", 0), ("before", 1)]));
        keys.finish(report);
        let (scale, years_before) = (scale.ok()?.unwrap_or(Scale::Rank), year.ok()?.unwrap_or(0));
        Some(Self { most: most?, on: on?, scale, years_before })
    }

    pub(super) fn resolve(self, shelves: &Shelves<'_>, report: &mut Report<'_>) -> Option<Nearest> {
        let on = self.on.iter().enumerate().map(|(at, (written, weight))| {
            let indicator = shelves.indicators.find(written, report)?;
            if indicator.period != PeriodKind::Year {
                let message = format!(
                    "`{}` has figures by {}, but the nearest are those of a year",
                    indicator.id, indicator.period
                );
                report.error(Code::PERIOD_MISMATCH, written.span, message).help("compare by yearly indicators");
                return None;
            }
            if let Some((first, _)) = self.on[..at].iter().find(|(other, _)| other.value == written.value) {
                let message = format!("`{}` stands twice", written.value);
                report
                    .error(Code::INVALID_VALUE, written.span, message)
                    .related(first.span, "first written here")
                    .help("give it a weight instead");
                return None;
            }
            Some((indicator.id.clone(), *weight))
        });
        let mut on = every(on)?;
        on.sort();
        Some(Nearest { most: self.most, on, scale: self.scale, years_before: self.years_before })
    }
}

fn on(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<(Written<String>, u32)>> {
    let items = cursor.items(report)?;
    if items.is_empty() {
        report.error(Code::INVALID_VALUE, cursor.span(), "nothing is compared");
        return None;
    }
    every(items.into_iter().map(|item| {
        if !item.is_mapping() {
            return Some((item.text(report)?, 1));
        }
        let mut keys = item.keys(&vocabulary::COMPARED, report)?;
        let indicator = keys.need("indicator", report).and_then(|cursor| cursor.text(report));
        let weight = keys.maybe("weight", |cursor| cursor.integer(report, 1..=1000));
        keys.finish(report);
        Some((indicator?, weight.ok()?.unwrap_or(1)))
    }))
}

/// The canonical form.
pub(super) fn canonical(nearest: &Nearest) -> Canonical {
    let weights = nearest.on.iter().map(|(id, weight)| (id, Canonical::word(weight)));
    Canonical::map([
        ("most", Some(Canonical::word(nearest.most))),
        ("on", Some(Canonical::named(weights))),
        ("scale", Some(Canonical::word(nearest.scale.as_str()))),
        ("years_before", Some(Canonical::word(nearest.years_before))),
    ])
}
