//! Two uses must not give one municipality the same dataset in the same period: its rows would count twice.

use model::{Code, DatasetId, MunicipalityCode, Period, Usage};

use crate::yaml::{Report, Span};

/// A resolved use and where it was written.
#[derive(Debug)]
pub(super) struct Placed {
    /// The use.
    pub(super) usage: Usage,
    /// The dataset that its source feeds.
    pub(super) dataset: DatasetId,
    /// Where it was written.
    pub(super) at: Span,
}

/// Reports every pair of uses that overlap, once, at the later one.
pub(super) fn check(uses: &[&Placed], report: &mut Report<'_>) {
    for (at, later) in uses.iter().enumerate() {
        if report.is_full() {
            return;
        }
        for earlier in &uses[..at] {
            let Some((period, shared)) = overlap(earlier, later) else { continue };
            let others = if shared.len() > 1 { format!(" and {} more", shared.len() - 1) } else { String::new() };
            let message = format!(
                "`{}` and `{}` both give `{}` for municipality `{}`{others} from {period} on",
                earlier.usage.source, later.usage.source, later.dataset, shared[0]
            );
            report
                .error(Code::OVERLAPPING_SOURCES, later.at, message)
                .related(earlier.at, "the other use")
                .help("end one use with `to` before the other begins");
        }
    }
}

/// The first period that both cover, and the municipalities that both name.
fn overlap(a: &Placed, b: &Placed) -> Option<(Period, Vec<MunicipalityCode>)> {
    let first = a.usage.from.max(b.usage.from);
    let reaches = |usage: &Usage| usage.to.is_none_or(|to| to >= first);
    if a.dataset != b.dataset || !reaches(&a.usage) || !reaches(&b.usage) {
        return None;
    }
    let other = &b.usage.municipalities;
    let shared = a.usage.municipalities.iter().filter(|code| other.binary_search(code).is_ok());
    let shared: Vec<MunicipalityCode> = shared.copied().collect();
    (!shared.is_empty()).then_some((first, shared))
}
