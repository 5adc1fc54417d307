//! Which municipalities are most like a municipality, by figures of theirs.
//!
//! Figures in different units are made comparable, the differences are weighted and added up, and the smallest sums are
//! the nearest. Everything is done in whole numbers: a standard deviation has a root, which no machine has exactly, so
//! that two of them could disagree about who is the tenth. Figures enter as published, so that a reader who has the
//! published table can do the same sum.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ComparisonGroup, IndicatorId, Membership, MunicipalityCode, Neighbour, NumberError, Period, PeriodKind, Ratio,
    Rounding, Validity, format_decimal,
};

/// Those municipalities that are most like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// How many.
    pub most: u32,
    /// What is compared: yearly indicators, each with its weight.
    pub on: Vec<(IndicatorId, u32)>,
    /// How figures in different units are made comparable.
    pub scale: Scale,
    /// How many years before the year that the group is for lie the figures that decide.
    pub years_before: u8,
}

/// How figures in different units are made comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By their ranks: how many lie between two is what counts. One very large municipality changes nothing for the
    /// others.
    Rank,
    /// By the range from the smallest to the largest figure, which has the length 1.
    Range,
}

impl Scale {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Rank, Self::Range];

    /// The word used in definitions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::Range => "range",
        }
    }

    /// The decimals of a distance.
    fn decimals(self) -> u8 {
        match self {
            // Those that have the same figure share a rank, which can lie half way between two.
            Self::Rank => 1,
            Self::Range => 9,
        }
    }

    /// The figures in units of `10^-decimals`, in their order.
    fn standardised(self, values: &[i128]) -> Result<Vec<i128>, NumberError> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let (Some(least), Some(greatest)) = (sorted.first(), sorted.last()) else { return Ok(Vec::new()) };
        let width = greatest.checked_sub(*least).ok_or(NumberError::Overflow)?;
        let one = |value: &i128| match self {
            Self::Rank => {
                // The mean of the ranks that the equal ones have, counted from a half, times ten.
                let below = sorted.partition_point(|other| other < value);
                let up_to = sorted.partition_point(|other| other <= value);
                i128::try_from((below + up_to) * 5).map_err(|_| NumberError::Overflow)
            }
            Self::Range if width == 0 => Ok(0),
            Self::Range => Ratio::new(value - least, width)?.rounded(self.decimals(), Rounding::HalfEven),
        };
        values.iter().map(one).collect()
    }
}

impl Nearest {
    /// The year for which the figures of a year decide.
    pub fn decided(&self, year: Period) -> Option<Period> {
        Period::from_ordinal(year.kind(), year.ordinal() + i32::from(self.years_before))
    }

    /// The nearest of every municipality in a year, by the figures of the deciding year: for each indicator of `on` the
    /// figures as published, by municipality. Who lacks one has no neighbours and is nobody's. Of those who are
    /// equally far away, the one with the smaller code is nearer.
    pub fn lists(
        &self,
        group: &ComparisonGroup,
        year: Period,
        figures: &[BTreeMap<MunicipalityCode, i128>],
    ) -> Result<Vec<Membership>, NumberError> {
        debug_assert_eq!((year.kind(), figures.len()), (PeriodKind::Year, self.on.len()));
        let everybody: BTreeSet<MunicipalityCode> = figures.iter().flat_map(BTreeMap::keys).copied().collect();
        let complete: Vec<MunicipalityCode> =
            everybody.into_iter().filter(|code| figures.iter().all(|of| of.contains_key(code))).collect();
        let standardised: Vec<Vec<i128>> = figures
            .iter()
            .map(|of| self.scale.standardised(&complete.iter().map(|code| of[code]).collect::<Vec<_>>()))
            .collect::<Result<_, _>>()?;
        let distance = |a: usize, b: usize| -> Result<i128, NumberError> {
            standardised.iter().zip(&self.on).try_fold(0_i128, |sum, (values, (_, weight))| {
                let weighted = (values[a] - values[b]).abs().checked_mul(i128::from(*weight));
                weighted.and_then(|weighted| sum.checked_add(weighted)).ok_or(NumberError::Overflow)
            })
        };
        let validity = Validity { from: Some(year.start()), to: Some(year.end()) };
        let mut lists = Vec::new();
        for (a, municipality) in complete.iter().enumerate() {
            let others = (0..complete.len()).filter(|b| *b != a);
            let mut others: Vec<(i128, MunicipalityCode)> =
                others.map(|b| Ok((distance(a, b)?, complete[b]))).collect::<Result<_, NumberError>>()?;
            others.sort_unstable();
            let area = group.area(Some(&municipality.to_string()));
            lists.extend((1..=self.most).zip(others).map(|(rank, (distance, code))| Membership {
                area: area.clone(),
                validity,
                neighbour: Some(Neighbour { rank, distance: format_decimal(distance, self.scale.decimals()) }),
                municipality: code,
            }));
        }
        Ok(lists)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ComparisonGroupId, Fingerprint, MembershipRule, Text};

    fn figures(values: &[(&str, i128)]) -> BTreeMap<MunicipalityCode, i128> {
        values.iter().map(|(code, value)| (MunicipalityCode::new(code).expect(code), *value)).collect()
    }

    /// `0101: 0147 1.5, ...`, a line for each municipality.
    fn lists(scale: Scale, weights: &[u32], figures: &[BTreeMap<MunicipalityCode, i128>]) -> Vec<String> {
        let id = |at: usize| IndicatorId::new(&format!("i{at}")).expect("an id");
        let on = weights.iter().enumerate().map(|(at, weight)| (id(at), *weight)).collect();
        let nearest = Nearest { most: 2, on, scale, years_before: 0 };
        let group = ComparisonGroup {
            id: ComparisonGroupId::new("near").expect("an id"),
            title: Text::default(),
            description: Text::default(),
            areas: BTreeSet::new(),
            indicators: BTreeSet::new(),
            rule: MembershipRule::Nearest(nearest.clone()),
            fingerprint: Fingerprint::of(&[]),
            canonical: String::new(),
        };
        let year = "2024".parse().expect("a period");
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for one in nearest.lists(&group, year, figures).expect("no overflow") {
            let Neighbour { rank, distance } = one.neighbour.expect("a place");
            let line = lines.entry(one.area.part.expect("a municipality")).or_default();
            line.push(format!("{} {distance}", one.municipality));
            assert_eq!((line.len(), one.validity.from), (rank as usize, Some(year.start())));
        }
        lines.into_iter().map(|(code, line)| format!("{code}: {}", line.join(", "))).collect()
    }

    #[test]
    fn ranks_do_not_look_at_the_largest() {
        let population = figures(&[("0101", 650_000), ("0147", 100_000), ("0151", 50_000), ("0153", 36_000)]);
        // Ranks 4, 3, 2, 1. From 0147 both 0101 and 0151 are one away: the smaller code first.
        let expected = [
            "0101: 0147 1.0, 0151 2.0",
            "0147: 0101 1.0, 0151 1.0",
            "0151: 0147 1.0, 0153 1.0",
            "0153: 0151 1.0, 0147 2.0",
        ];
        assert_eq!(lists(Scale::Rank, &[1], std::slice::from_ref(&population)), expected);
        // By the range of 614 000: 0147 is 64/614 = 0.104234528 from 0153, 0151 is 14/614 = 0.022801303.
        let by_range = lists(Scale::Range, &[1], &[population]);
        assert_eq!(by_range[3], "0153: 0151 0.022801303, 0147 0.104234528");
        assert_eq!(by_range[1], "0147: 0151 0.081433225, 0153 0.104234528", "not 0101, 550/614 away");
    }

    #[test]
    fn equal_figures_share_a_rank_and_weights_count() {
        let one = figures(&[("0101", 5), ("0147", 5), ("0151", 7), ("0153", 9)]);
        let two = figures(&[("0101", 1), ("0147", 4), ("0151", 2), ("0153", 3)]);
        // Ranks of the first 1.5, 1.5, 3, 4; of the second 1, 4, 2, 3.
        let both = [one, two];
        assert_eq!(lists(Scale::Rank, &[1, 1], &both)[0], "0101: 0151 2.5, 0147 3.0");
        assert_eq!(lists(Scale::Rank, &[3, 1], &both)[0], "0101: 0147 3.0, 0151 5.5");
        assert_eq!(lists(Scale::Range, &[1, 1], &both)[0], "0101: 0151 0.833333333, 0147 1.000000000");
    }

    #[test]
    fn who_lacks_a_figure_is_nobodys_neighbour() {
        let one = figures(&[("0101", 1), ("0147", 2), ("0151", 3)]);
        let two = figures(&[("0101", 1), ("0151", 3), ("0153", 3)]);
        assert_eq!(lists(Scale::Rank, &[1, 1], &[one, two]), ["0101: 0151 2.0", "0151: 0101 2.0"]);
        let alone = figures(&[("0101", 1)]);
        assert_eq!(lists(Scale::Range, &[1], &[alone]), Vec::<String>::new());
        let all_the_same = figures(&[("0101", 1), ("0147", 1)]);
        assert_eq!(lists(Scale::Range, &[9], &[all_the_same])[1], "0147: 0101 0.000000000");
    }

    #[test]
    fn figures_of_an_earlier_year_decide() {
        let nearest = Nearest { most: 1, on: Vec::new(), scale: Scale::Rank, years_before: 1 };
        let year = |text: &str| text.parse::<Period>().ok();
        assert_eq!(nearest.decided("2023".parse().expect("a year")), year("2024"));
    }
}
