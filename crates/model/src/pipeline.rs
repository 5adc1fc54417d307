//! Pipelines: which municipality uses which source from when to when, and where deliveries come from.

use crate::{
    AsDefined, ComparisonGroupId, Date, FieldName, Fingerprint, IndicatorId, MunicipalityCode, Period, PipelineId,
    Source, SourceId, Text,
};

/// A request to a web API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpFetch {
    /// The address; `http` only for the loopback interface.
    pub url: String,
    /// The JSON body of a POST request; a GET request if `None`.
    pub body: Option<String>,
    /// Seconds until a request that makes no progress is given up.
    pub idle_timeout_seconds: u64,
    /// Seconds until a request as a whole is given up.
    pub total_timeout_seconds: u64,
    /// How many times a request is tried.
    pub attempts: u32,
    /// The most bytes that a response may have.
    pub max_bytes: u64,
}

/// Where deliveries come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// The drop folder, by the source's file name pattern.
    Drop,
    /// A web API.
    Http(HttpFetch),
}

/// When the delivery of a period is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRule {
    /// Days after the period's last day until it is due.
    pub days: u32,
    /// Days after that until it is late.
    pub grace: u32,
}

impl DueRule {
    /// The day on which the delivery of a period is due. `None` beyond the last day of the calendar.
    pub fn due_on(self, period: Period) -> Option<Date> {
        // The end of a period is the day after it.
        Date::from_days(period.end().days().checked_add_unsigned(self.days)? - 1)
    }

    /// The last day on which a delivery of the period is not late.
    pub fn last_day(self, period: Period) -> Option<Date> {
        Date::from_days(self.due_on(period)?.days().checked_add_unsigned(self.grace)?)
    }
}

/// Figures that are held until somebody approves them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApprovalRule {
    /// The municipal area of their indicators.
    pub area: FieldName,
    /// Those of periods that begin with this one or later, of whatever kind they are.
    pub from: Period,
}

/// The use of a source by municipalities.
#[derive(Debug, Clone)]
pub struct Usage {
    /// The source.
    pub source: SourceId,
    /// Who uses it, sorted.
    pub municipalities: Vec<MunicipalityCode>,
    /// The first period that is owed, of the dataset's partition kind.
    pub from: Period,
    /// The last period that is owed.
    pub to: Option<Period>,
    /// When deliveries are due, if not as the source says. No figure depends on it.
    pub due: Option<DueRule>,
    /// Where deliveries come from.
    pub fetch: Fetch,
}

impl Usage {
    /// When deliveries are due: as the use says, or else as the source does.
    pub fn due_rule(&self, source: &Source) -> Option<DueRule> {
        self.due.or_else(|| source.due_days.map(|days| DueRule { days, grace: 0 }))
    }
}

/// A resolved pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its identifier.
    pub id: PipelineId,
    /// Its title.
    pub title: Text,
    /// The drop folder, relative to the project.
    pub drop: String,
    /// Who uses what.
    pub uses: Vec<Usage>,
    /// The indicators that are published, sorted.
    pub indicators: Vec<IndicatorId>,
    /// The comparison groups that they have figures of, sorted.
    pub comparison_groups: Vec<ComparisonGroupId>,
    /// By which versions of their definitions, each a series of its own.
    pub as_defined: Vec<AsDefined>,
    /// Whose figures are held until they are approved, sorted, at most one for an area.
    pub approvals: Vec<ApprovalRule>,
    /// The hash of the canonical form.
    pub fingerprint: Fingerprint,
    /// The canonical form.
    pub canonical: String,
}

impl Pipeline {
    /// Whether a municipality's figure of an indicator in this area is held until it is approved.
    pub fn holds(&self, area: &FieldName, period: Period) -> bool {
        self.approvals.iter().any(|rule| rule.area == *area && rule.from.start() <= period.start())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().expect(text)
    }

    #[test]
    fn a_delivery_is_due_so_many_days_after_the_last_day() {
        let rule = DueRule { days: 20, grace: 5 };
        let days = |text: &str| {
            [rule.due_on(period(text)), rule.last_day(period(text))].map(|day| day.expect(text).to_string())
        };
        assert_eq!(days("2024-02"), ["2024-03-20", "2024-03-25"]);
        assert_eq!(days("2024"), ["2025-01-20", "2025-01-25"]);
        assert_eq!(days("2024-W01"), ["2024-01-27", "2024-02-01"]);
        let at_once = DueRule { days: 0, grace: 0 };
        assert_eq!(at_once.due_on(period("2023/24")).map(|day| day.to_string()).as_deref(), Some("2024-07-31"));
    }
}
