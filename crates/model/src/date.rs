//! Calendar dates as days since 1970-01-01: small, ordered, and the same in Parquet.

use std::fmt;

use chrono::{Datelike, NaiveDate};

const UNIX_EPOCH_FROM_CE: i32 = 719_163;
/// 1970-01-01, counted from 0000-03-01.
const UNIX_EPOCH_FROM_MARCH: i32 = 719_468;

#[inline]
fn days_of_month(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A day of the proleptic Gregorian calendar, years 1800 to 2200.
///
/// The bounds are deliberate: a delivery with the year 0026 or 9999 holds a mistake, not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// The day with this year, month (1-12) and day (1-31), if the calendar has it.
    #[inline]
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1800..=2200).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        let year = year.cast_unsigned();
        if day == 0 || day > days_of_month(year, month) {
            return None;
        }
        // Years that begin in March have their leap day at the end, so that months have fixed beginnings.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
        Some(Self(days.cast_signed() - UNIX_EPOCH_FROM_MARCH))
    }

    /// The day this many days after 1970-01-01, if it lies within the type's bounds.
    pub fn from_days(days: i32) -> Option<Self> {
        let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(UNIX_EPOCH_FROM_CE)?)?;
        Self::new(date.year(), date.month(), date.day())
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.0
    }

    fn naive(self) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(self.0 + UNIX_EPOCH_FROM_CE).unwrap_or_default()
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.naive().year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u32 {
        self.naive().month()
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u32 {
        self.naive().day()
    }

    /// Reads `2024-05-31`.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if year.len() != 4 || month.len() != 2 || day.len() != 2 {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_there_and_back() {
        for text in ["1970-01-01", "1800-01-01", "2024-02-29", "2199-12-31"] {
            let date = Date::parse_iso(text).expect(text);
            assert_eq!(date.to_string(), text);
            assert_eq!(Date::from_days(date.days()), Some(date));
        }
        assert_eq!(Date::new(1970, 1, 1).map(Date::days), Some(0));
    }

    #[test]
    fn every_day_is_the_one_of_the_calendar() {
        for year in 1799..=2201 {
            for month in 0..=13 {
                for day in 0..=32 {
                    let known = NaiveDate::from_ymd_opt(year, month, day).filter(|_| (1800..=2200).contains(&year));
                    let known = known.map(|date| date.num_days_from_ce() - UNIX_EPOCH_FROM_CE);
                    assert_eq!(Date::new(year, month, day).map(Date::days), known, "{year}-{month}-{day}");
                }
            }
        }
    }

    #[test]
    fn refuses_what_no_calendar_has() {
        for text in ["2023-02-29", "0026-01-01", "9999-12-31", "2024-13-01", "2024-5-1", "20240501"] {
            assert_eq!(Date::parse_iso(text), None, "{text}");
        }
    }
}
