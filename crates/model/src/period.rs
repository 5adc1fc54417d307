//! Reference periods: years, quarters, months, school years and ISO weeks, as one ordered type.

use std::fmt;
use std::str::FromStr;

use crate::Date;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodKind {
    /// A calendar year, `2024`.
    Year,
    /// A school year from 1 August to 31 July, `2024/25`.
    SchoolYear,
    /// A quarter, `2024-Q1`.
    Quarter,
    /// A month, `2024-05`.
    Month,
    /// A week of ISO 8601 from Monday to Sunday, `2024-W05`; it belongs to the year that its Thursday lies in.
    Week,
}

impl PeriodKind {
    /// All kinds, for messages that list them.
    pub const ALL: [Self; 5] = [Self::Year, Self::SchoolYear, Self::Quarter, Self::Month, Self::Week];

    /// The word used in definitions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::SchoolYear => "school_year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::Week => "week",
        }
    }

    /// The kind a definition's word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What periods of this kind are counted in: weeks in weeks, all others in months. The two never meet: a month does
    /// not begin with a week.
    #[must_use]
    pub fn step(self) -> Self {
        if self == Self::Week { Self::Week } else { Self::Month }
    }

    /// How many steps a period of this kind has: its months, or the one week.
    pub fn steps(self) -> i32 {
        match self {
            Self::Year | Self::SchoolYear => 12,
            Self::Quarter => 3,
            Self::Month | Self::Week => 1,
        }
    }

    /// Whether every period of kind `finer` lies in exactly one period of this kind.
    pub fn is_made_of(self, finer: Self) -> bool {
        match (self, finer) {
            (Self::SchoolYear, Self::SchoolYear | Self::Month) => true,
            (Self::SchoolYear, _) | (_, Self::SchoolYear) => false,
            _ => self.step() == finer.step() && self.steps() >= finer.steps(),
        }
    }
}

impl fmt::Display for PeriodKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The Monday of the week that holds 1 January 1970, in days from that one.
const FIRST_MONDAY: i32 = -3;

/// A reference period: its kind and its number, counted from the year 0 in units of the kind, weeks from that of
/// 1 January 1970.
///
/// Periods of one kind are ordered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    kind: PeriodKind,
    ordinal: i32,
}

/// Why a text is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a period: write 2024, 2024-Q1, 2024-05, 2024-W05 or 2024/25")]
pub struct PeriodError {
    /// The text as given.
    pub text: String,
}

impl Period {
    /// The period of this kind that holds the day.
    pub fn containing(kind: PeriodKind, date: Date) -> Self {
        let months = date.year() * 12 + date.month().cast_signed() - 1;
        let ordinal = match kind {
            PeriodKind::SchoolYear => (months - 7).div_euclid(12),
            PeriodKind::Week => (date.days() - FIRST_MONDAY).div_euclid(7),
            _ => months.div_euclid(kind.steps()),
        };
        Self { kind, ordinal }
    }

    /// The period with this kind and number; see [`Period::ordinal`].
    pub fn from_ordinal(kind: PeriodKind, ordinal: i32) -> Option<Self> {
        let period = Self { kind, ordinal };
        period.start_date().zip(period.end_date()).map(|_| period)
    }

    /// The week of an ISO year, 1 to 52 or 53; `None` if the year has no such week.
    pub fn week(year: i32, week: i32) -> Option<Self> {
        // The first week is the one with the first Thursday, and so with 4 January.
        let first = Self::containing(PeriodKind::Week, Date::new(year, 1, 4)?);
        let found = Self::from_ordinal(PeriodKind::Week, first.ordinal + week - 1)?;
        (week >= 1 && found.iso_week() == Some((year, week))).then_some(found)
    }

    /// ISO year and number of the week.
    fn iso_week(self) -> Option<(i32, i32)> {
        let thursday = self.ordinal * 7 + FIRST_MONDAY + 3;
        let year = Date::from_days(thursday)?.year();
        let new_year = Date::new(year, 1, 1)?.days();
        Some((year, (thursday - new_year) / 7 + 1))
    }

    /// The kind.
    pub fn kind(self) -> PeriodKind {
        self.kind
    }

    /// The number of the period among those of its kind: the year, `year * 4 + quarter - 1`, `year * 12 + month - 1`, and
    /// for weeks how many lie between it and that of 1 January 1970.
    pub fn ordinal(self) -> i32 {
        self.ordinal
    }

    fn first_month(self) -> i32 {
        match self.kind {
            PeriodKind::SchoolYear => self.ordinal * 12 + 7,
            kind => self.ordinal * kind.steps(),
        }
    }

    fn month_start(month: i32) -> Option<Date> {
        Date::new(month.div_euclid(12), month.rem_euclid(12).cast_unsigned() + 1, 1)
    }

    fn start_date(self) -> Option<Date> {
        match self.kind {
            PeriodKind::Week => Self::monday(self.ordinal),
            _ => Self::month_start(self.first_month()),
        }
    }

    fn end_date(self) -> Option<Date> {
        match self.kind {
            PeriodKind::Week => Self::monday(self.ordinal.checked_add(1)?),
            kind => Self::month_start(self.first_month() + kind.steps()),
        }
    }

    fn monday(ordinal: i32) -> Option<Date> {
        Date::from_days(ordinal.checked_mul(7)?.checked_add(FIRST_MONDAY)?)
    }

    /// The first day.
    pub fn start(self) -> Date {
        self.start_date().unwrap_or_else(|| unreachable!("a period is checked when it is made"))
    }

    /// The first day after the period.
    pub fn end(self) -> Date {
        self.end_date().unwrap_or_else(|| unreachable!("a period is checked when it is made"))
    }

    /// Whether the day lies in the period.
    pub fn contains(self, date: Date) -> bool {
        self.start() <= date && date < self.end()
    }

    /// Whether the whole of `other` lies in this period.
    pub fn covers(self, other: Self) -> bool {
        self.start() <= other.start() && other.end() <= self.end()
    }

    /// The periods of a finer kind that this one is made of, in order.
    pub fn parts(self, kind: PeriodKind) -> impl Iterator<Item = Self> {
        let first = Self::containing(kind, self.start());
        let end = self.end();
        (first.ordinal..).map(move |ordinal| Self { kind, ordinal }).take_while(move |part| part.start() < end)
    }

    /// The next period of the same kind.
    pub fn next(self) -> Option<Self> {
        Self::from_ordinal(self.kind, self.ordinal + 1)
    }

    /// Reads the compact forms of file names as well: `202405` (month), `2024K1` and `2024Q1` (quarter), `2024M05`,
    /// `2024W05` and `2024U05` (week).
    pub fn parse_compact(kind: PeriodKind, text: &str) -> Option<Self> {
        if let Ok(period) = text.parse::<Self>() {
            return (period.kind == kind).then_some(period);
        }
        if !text.is_ascii() || text.len() < 4 {
            return None;
        }
        let (year, rest) = text.split_at(4);
        let year = digits(year)?;
        let rest = rest.strip_prefix(['-', '_']).unwrap_or(rest);
        match kind {
            PeriodKind::Month => {
                let month = digits(rest.strip_prefix('M').unwrap_or(rest)).filter(|_| rest.len() >= 2)?;
                ((1..=12).contains(&month)).then(|| Self::from_ordinal(kind, year * 12 + month - 1)).flatten()
            }
            PeriodKind::Quarter => {
                let quarter = digits(rest.strip_prefix(['K', 'Q'])?).filter(|quarter| (1..=4).contains(quarter))?;
                Self::from_ordinal(kind, year * 4 + quarter - 1)
            }
            PeriodKind::Week => {
                let week = rest.strip_prefix(['W', 'U']).filter(|week| week.len() == 2)?;
                Self::week(year, digits(week)?)
            }
            PeriodKind::Year | PeriodKind::SchoolYear => None,
        }
    }
}

fn digits(text: &str) -> Option<i32> {
    let all = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.kind {
            PeriodKind::Year => format!("{:04}", self.ordinal),
            PeriodKind::SchoolYear => format!("{:04}/{:02}", self.ordinal, (self.ordinal + 1).rem_euclid(100)),
            PeriodKind::Quarter => format!("{:04}-Q{}", self.ordinal.div_euclid(4), self.ordinal.rem_euclid(4) + 1),
            PeriodKind::Month => format!("{:04}-{:02}", self.ordinal.div_euclid(12), self.ordinal.rem_euclid(12) + 1),
            PeriodKind::Week => {
                let (year, week) =
                    self.iso_week().unwrap_or_else(|| unreachable!("a period is checked when it is made"));
                format!("{year:04}-W{week:02}")
            }
        };
        f.pad(&text)
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let error = || PeriodError { text: text.to_owned() };
        if !text.is_ascii() || text.len() < 4 {
            return Err(error());
        }
        let (year, rest) = text.split_at(4);
        let year = digits(year).ok_or_else(error)?;
        let period = match rest.as_bytes() {
            [] => Self::from_ordinal(PeriodKind::Year, year),
            [b'-', b'Q', quarter @ b'1'..=b'4'] => {
                Self::from_ordinal(PeriodKind::Quarter, year * 4 + i32::from(quarter - b'1'))
            }
            [b'-', b'0'..=b'9', b'0'..=b'9'] => digits(&rest[1..])
                .filter(|month| (1..=12).contains(month))
                .and_then(|month| Self::from_ordinal(PeriodKind::Month, year * 12 + month - 1)),
            [b'-', b'W', b'0'..=b'9', b'0'..=b'9'] => digits(&rest[2..]).and_then(|week| Self::week(year, week)),
            [b'/', b'0'..=b'9', b'0'..=b'9'] => digits(&rest[1..])
                .filter(|next| *next == (year + 1).rem_euclid(100))
                .and_then(|_| Self::from_ordinal(PeriodKind::SchoolYear, year)),
            _ => None,
        };
        period.ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_there_and_back() {
        let texts = ["2024", "2024-Q1", "2024-Q4", "2024-01", "2024-12", "2024/25", "1999/00", "2024-W05", "2020-W53"];
        for text in texts {
            let period: Period = text.parse().expect(text);
            assert_eq!(period.to_string(), text);
            assert_eq!(Period::containing(period.kind(), period.start()), period);
        }
        for text in [
            "2024-W00",
            "2024-W53",
            "2021-W53",
            "2024-W5",
            "2024W05",
            "24",
            "2024-13",
            "2024-00",
            "2024-Q5",
            "2024/26",
            "2024-1",
            "2024-001",
            "0026",
            "9999",
            "２０２４",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn file_names_write_them_shorter() {
        let month = Period::parse_compact(PeriodKind::Month, "202405").map(|p| p.to_string());
        assert_eq!(month.as_deref(), Some("2024-05"));
        let quarter = Period::parse_compact(PeriodKind::Quarter, "2024K3").map(|p| p.to_string());
        assert_eq!(quarter.as_deref(), Some("2024-Q3"));
        assert_eq!(Period::parse_compact(PeriodKind::Month, "202413"), None);
        assert_eq!(Period::parse_compact(PeriodKind::Month, "2024"), None);
        assert_eq!(Period::parse_compact(PeriodKind::Year, "2024-05"), None);
    }

    #[test]
    fn a_year_is_made_of_its_months() {
        let year: Period = "2024".parse().expect("a year");
        let months: Vec<String> = year.parts(PeriodKind::Month).map(|p| p.to_string()).collect();
        assert_eq!((months.len(), months[0].as_str(), months[11].as_str()), (12, "2024-01", "2024-12"));
        let school: Period = "2024/25".parse().expect("a school year");
        assert_eq!(school.parts(PeriodKind::Month).map(|p| p.to_string()).next().as_deref(), Some("2024-08"));
        assert!(PeriodKind::Year.is_made_of(PeriodKind::Month) && !PeriodKind::Month.is_made_of(PeriodKind::Year));
        assert!(!PeriodKind::SchoolYear.is_made_of(PeriodKind::Year));
    }

    #[test]
    fn weeks_are_those_of_another_calendar() {
        use chrono::{Datelike, Days, NaiveDate, Weekday};
        // chrono counts ISO weeks its own way, from the day of the year and its weekday.
        let mut day = NaiveDate::from_ymd_opt(1800, 1, 6).expect("the first whole week");
        let last = NaiveDate::from_ymd_opt(2200, 12, 28).expect("a day");
        while day < last {
            let date = Date::new(day.year(), day.month(), day.day()).expect("a day");
            let week = Period::containing(PeriodKind::Week, date);
            let iso = day.iso_week();
            assert_eq!(week.to_string(), format!("{:04}-W{:02}", iso.year(), iso.week()), "{day}");
            assert_eq!(week.to_string().parse::<Period>().ok(), Some(week), "{day}");
            let monday = NaiveDate::from_isoywd_opt(iso.year(), iso.week(), Weekday::Mon).expect("a Monday");
            assert_eq!(week.start().to_string(), monday.format("%Y-%m-%d").to_string());
            assert_eq!(week.end().days() - week.start().days(), 7);
            assert!(week.contains(date));
            day = day.checked_add_days(Days::new(1)).expect("a day");
        }
        for year in 1801..2200 {
            let has_53 = NaiveDate::from_isoywd_opt(year, 53, Weekday::Mon).is_some();
            assert_eq!(Period::week(year, 53).is_some(), has_53, "{year}");
            assert_eq!(Period::week(year, 54).or(Period::week(year, 0)), None);
        }
    }

    #[test]
    fn weeks_are_made_of_weeks_alone_and_are_ordered() {
        for kind in PeriodKind::ALL {
            assert_eq!(kind.is_made_of(PeriodKind::Week), kind == PeriodKind::Week);
            assert_eq!(PeriodKind::Week.is_made_of(kind), kind == PeriodKind::Week);
        }
        let weeks = ["2020-W52", "2020-W53", "2021-W01"].map(|week| week.parse::<Period>().expect(week));
        assert!(weeks[0] < weeks[1] && weeks[0].next() == Some(weeks[1]) && weeks[1].next() == Some(weeks[2]));
        for text in ["2024W05", "2024U05", "2024-W05", "2024_U05", "2024-U05"] {
            let week = Period::parse_compact(PeriodKind::Week, text).map(|week| week.to_string());
            assert_eq!(week.as_deref(), Some("2024-W05"), "{text}");
        }
        for text in ["2024W5", "2024W60", "202405", "2024M05"] {
            assert_eq!(Period::parse_compact(PeriodKind::Week, text), None, "{text}");
        }
        assert_eq!(Period::parse_compact(PeriodKind::Month, "2024W05"), None);
    }
}
