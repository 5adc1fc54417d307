//! Which deliveries there are: who delivers what for which period, what never comes, what comes late and what is
//! corrected later. No content; for that see the module of each dataset.

use std::collections::BTreeSet;

use model::{Encoding, Period, PeriodKind};

use super::municipalities::{MUNICIPALITIES, Municipality};

/// Rows of a municipality and month that the default number of postings comes to.
pub const POSTINGS_PER_MONTH: u64 = 12;

/// The municipality that does not deliver its finances for the last two months.
const MISSING: &str = "0482";
/// The municipality whose finances of the last two months, and whose pupils of the last year, come late.
const LATE: &str = "0440";
/// The municipality that corrects two months of its finances and a quarter of its absence.
const CORRECTED: &str = "0370";
/// The months, counted from the first, that are corrected.
const CORRECTED_MONTHS: [i32; 2] = [10, 14];

/// What is to be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// The seed of all random numbers.
    pub seed: u64,
    /// How many municipalities deliver, from the first of the list of 98.
    pub municipalities: usize,
    /// The first month.
    pub first: Period,
    /// The number of months.
    pub months: u32,
    /// Finance postings in all; at least one for every municipality and month.
    pub postings: u64,
    /// Employees of every municipality; pupils follow from it.
    pub persons: u32,
    /// Leaves out the faults, and lets everybody deliver everything once and in time.
    pub clean: bool,
}

impl Parameters {
    /// The months, in order.
    pub fn all_months(&self) -> impl DoubleEndedIterator<Item = Period> + use<> {
        let first = self.first.ordinal();
        let last = first.saturating_add_unsigned(self.months);
        (first..last).filter_map(|ordinal| Period::from_ordinal(PeriodKind::Month, ordinal))
    }

    /// The periods of a coarser kind that hold one of the months.
    pub fn periods(&self, kind: PeriodKind) -> BTreeSet<Period> {
        self.all_months().map(|month| Period::containing(kind, month.start())).collect()
    }

    /// The months that lie in the period.
    pub fn months_of(&self, period: Period) -> impl Iterator<Item = Period> {
        self.all_months().filter(move |month| period.covers(*month))
    }

    /// The municipalities that deliver.
    pub fn members(&self) -> &'static [Municipality] {
        &MUNICIPALITIES[..self.municipalities.min(MUNICIPALITIES.len())]
    }

    /// The number of postings of a municipality in a month. Every month gets the default number where there are that
    /// many, and what is left follows the number of inhabitants; the sum over all is exactly `postings`.
    pub fn postings_of(&self, position: usize, month: Period) -> u64 {
        let members = self.members();
        let months = u64::from(self.months);
        let units = members.len() as u64 * months;
        let unit = position as u64 * months + u64::from(month.ordinal().abs_diff(self.first.ordinal()));
        let even = self.postings.min(units * POSTINGS_PER_MONTH);
        let inhabitants = |members: &[Municipality]| members.iter().map(|m| u64::from(m.inhabitants)).sum::<u64>();
        let before = inhabitants(&members[..position]) * months
            + u64::from(members[position].inhabitants) * (unit - position as u64 * months);
        let all = inhabitants(members) * months;
        share(even, unit, unit + 1, units)
            + share(self.postings - even, before, before + u64::from(members[position].inhabitants), all)
    }
}

/// The part of `total` that falls to the stretch from `from` to `to` of `all`; adjoining stretches lose and double
/// nothing.
pub fn share(total: u64, from: u64, to: u64, all: u64) -> u64 {
    let up_to = |at: u64| u128::from(total) * u128::from(at) / u128::from(all);
    u64::try_from(up_to(to) - up_to(from)).unwrap_or(total)
}

/// A layout of deliveries; each is one of the shipped sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// Postings from Opus: one file a month.
    OpusFinance,
    /// Postings from Prisme: one file a year.
    PrismeFinance,
    /// Postings from ØS: one file of fixed records a month.
    OesFinance,
    /// The population from `StatBank`: one file a year for the whole country.
    StatbankPopulation,
    /// Absence from Opus: one file a quarter.
    OpusAbsence,
    /// Absence from SD: one file a year.
    SdAbsence,
    /// Pupils from Tabulex: one file a year.
    TabulexPupils,
}

impl Layout {
    const ALL: [Self; 7] = [
        Self::OpusFinance,
        Self::PrismeFinance,
        Self::OesFinance,
        Self::StatbankPopulation,
        Self::OpusAbsence,
        Self::SdAbsence,
        Self::TabulexPupils,
    ];

    /// The identifier of the source.
    pub fn source(self) -> &'static str {
        match self {
            Self::OpusFinance => "opus_finance",
            Self::PrismeFinance => "prisme_finance",
            Self::OesFinance => "oes_finance",
            Self::StatbankPopulation => "statbank_population",
            Self::OpusAbsence => "opus_absence",
            Self::SdAbsence => "sd_absence",
            Self::TabulexPupils => "tabulex_pupils",
        }
    }

    /// The encoding of its files.
    pub fn encoding(self) -> Encoding {
        match self {
            Self::OpusFinance | Self::OpusAbsence => Encoding::Windows1252,
            Self::OesFinance => Encoding::Iso8859_1,
            Self::SdAbsence => Encoding::Iso8859_15,
            Self::PrismeFinance | Self::StatbankPopulation | Self::TabulexPupils => Encoding::Utf8,
        }
    }

    /// The length of the period that one file is about.
    pub fn period(self) -> PeriodKind {
        match self {
            Self::OpusFinance | Self::OesFinance => PeriodKind::Month,
            Self::OpusAbsence => PeriodKind::Quarter,
            _ => PeriodKind::Year,
        }
    }

    /// Whether the municipality at this position of the list of 98 uses the system.
    pub fn is_used_by(self, position: usize) -> bool {
        match self {
            Self::OpusFinance => position % 10 < 5,
            Self::PrismeFinance => matches!(position % 10, 5..=8),
            Self::OesFinance => position % 10 == 9,
            Self::OpusAbsence => position.is_multiple_of(2),
            Self::SdAbsence => position % 2 == 1,
            Self::TabulexPupils => true,
            Self::StatbankPopulation => false,
        }
    }

    fn is_finance(self) -> bool {
        matches!(self, Self::OpusFinance | Self::PrismeFinance | Self::OesFinance)
    }
}

/// The folder that a delivery is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Folder {
    /// The drop folder as it is at first.
    Deliveries,
    /// What comes afterwards.
    Later,
}

/// One file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The layout.
    pub layout: Layout,
    /// The municipality's position in the list of 98; `None` for the whole country.
    pub position: Option<usize>,
    /// The period.
    pub period: Period,
    /// The number of the correction, from 1.
    pub version: u32,
    /// The folder.
    pub folder: Folder,
}

impl Delivery {
    /// The municipality's code; empty for the whole country.
    pub fn municipality(&self) -> &'static str {
        self.position.map_or("", |position| MUNICIPALITIES[position].code)
    }

    /// The path below the output folder.
    pub fn path(&self) -> String {
        let folder = if self.folder == Folder::Deliveries { "deliveries" } else { "later" };
        format!("{folder}/{}", self.name())
    }

    fn name(&self) -> String {
        let code = self.municipality();
        let start = self.period.start();
        let (year, month) = (start.year(), start.month());
        let quarter = month.div_ceil(3);
        let suffix = |before: &str| if self.version == 1 { String::new() } else { format!("{before}{}", self.version) };
        let version = suffix("_v");
        match self.layout {
            Layout::OpusFinance => format!("opus_finance/{code}/{code}_{year:04}{month:02}{version}.csv"),
            Layout::PrismeFinance => format!("prisme_finance/prisme_{code}_{year:04}{version}.csv"),
            Layout::OesFinance => format!("oes_finance/D{year:04}{month:02}.{code}{}.txt", suffix(".v")),
            Layout::StatbankPopulation => format!("statbank/folk1a_{year:04}.csv"),
            Layout::OpusAbsence => format!("opus_absence/{code}/fravaer_{code}_{year:04}Q{quarter}{version}.csv"),
            Layout::SdAbsence => format!("sd_absence/{code}_fravaer_{year:04}{version}.tsv"),
            Layout::TabulexPupils => format!("tabulex_pupils/elever_{code}_{year:04}{version}.csv"),
        }
    }
}

/// Every delivery, ordered by path.
pub fn deliveries(parameters: &Parameters) -> Vec<Delivery> {
    let mut all = Vec::new();
    for layout in Layout::ALL {
        for period in parameters.periods(layout.period()) {
            let delivery = Delivery { layout, position: None, period, version: 1, folder: Folder::Deliveries };
            if layout == Layout::StatbankPopulation {
                all.push(delivery);
                continue;
            }
            let users = (0..parameters.members().len()).filter(|position| layout.is_used_by(*position));
            let delivery = |position| Delivery { position: Some(position), ..delivery };
            users.for_each(|position| arrive(parameters, delivery(position), &mut all));
        }
    }
    all.sort_by_cached_key(Delivery::path);
    all
}

/// Adds the delivery as it arrives: in time, late, with a correction, or not at all.
fn arrive(parameters: &Parameters, delivery: Delivery, all: &mut Vec<Delivery>) {
    let code = delivery.municipality();
    if parameters.clean {
        all.push(delivery);
    } else if code == MISSING && delivery.layout.is_finance() && is_at_the_end(parameters, delivery.period) {
        // Never delivered: the calendar owes it and every figure that needs it is missing.
    } else if code == LATE && is_late(parameters, &delivery) {
        all.push(Delivery { folder: Folder::Later, ..delivery });
    } else {
        all.push(delivery);
        if code == CORRECTED && is_corrected(parameters, &delivery) {
            all.push(Delivery { version: 2, folder: Folder::Later, ..delivery });
        }
    }
}

/// Whether the period holds one of the last two months. A single month is never held back: nothing would be left.
fn is_at_the_end(parameters: &Parameters, period: Period) -> bool {
    parameters.months > 2 && parameters.all_months().rev().take(2).any(|month| period.covers(month))
}

fn is_late(parameters: &Parameters, delivery: &Delivery) -> bool {
    let late_kind = delivery.layout.is_finance() || delivery.layout == Layout::TabulexPupils;
    late_kind && is_at_the_end(parameters, delivery.period)
}

fn is_corrected(parameters: &Parameters, delivery: &Delivery) -> bool {
    let first = parameters.first.ordinal();
    let month = |offset: i32| Period::from_ordinal(PeriodKind::Month, first + offset);
    let holds = |month: Option<Period>| month.is_some_and(|month| delivery.period.covers(month));
    match delivery.layout {
        Layout::OpusFinance => CORRECTED_MONTHS.into_iter().any(|offset| holds(month(offset))),
        Layout::OpusAbsence => holds(month(CORRECTED_MONTHS[1])),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(postings: u64) -> Parameters {
        let first = "2024-01".parse().expect("a month");
        Parameters { seed: 1, municipalities: 98, first, months: 24, postings, persons: 5, clean: false }
    }

    #[test]
    fn the_postings_add_up_exactly() {
        for postings in [2352, 2353, 28_224, 28_225, 10_000_019] {
            let parameters = parameters(postings);
            let of = |position| parameters.all_months().map(move |month| parameters.postings_of(position, month));
            let counts: Vec<u64> = (0..98).flat_map(of).collect();
            assert_eq!(counts.iter().sum::<u64>(), postings);
            assert!(counts.iter().all(|count| *count > 0));
        }
        assert!(parameters(28_224).all_months().all(|month| parameters(28_224).postings_of(3, month) == 12));
    }

    #[test]
    fn every_system_delivers_at_its_own_pace() {
        let all = deliveries(&Parameters { clean: true, ..parameters(28_224) });
        let count = |layout| all.iter().filter(|delivery| delivery.layout == layout).count();
        let expected = [50 * 24, 39 * 2, 9 * 24, 2, 49 * 8, 49 * 2, 98 * 2];
        assert_eq!(Layout::ALL.map(count), expected);
        assert!(all.iter().all(|delivery| delivery.folder == Folder::Deliveries));
    }

    #[test]
    fn some_is_missing_late_or_corrected() {
        let all = deliveries(&parameters(28_224));
        let paths: BTreeSet<String> = all.iter().map(Delivery::path).collect();
        assert!(paths.contains("deliveries/opus_finance/0482/0482_202510.csv"));
        assert!(!paths.iter().any(|path| path.ends_with("0482_202511.csv")));
        let later: Vec<&str> = paths.iter().filter_map(|path| path.strip_prefix("later/")).collect();
        let expected = [
            "oes_finance/D202511.0440.txt",
            "oes_finance/D202512.0440.txt",
            "opus_absence/0370/fravaer_0370_2025Q1_v2.csv",
            "opus_finance/0370/0370_202411_v2.csv",
            "opus_finance/0370/0370_202503_v2.csv",
            "tabulex_pupils/elever_0440_2025.csv",
        ];
        assert_eq!(later, expected);
        assert!(paths.contains("deliveries/opus_finance/0370/0370_202411.csv"));
    }
}
