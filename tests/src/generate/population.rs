//! The population by age: how many live where, and the file of it that `StatBank` gives.
//!
//! Every other dataset is in proportion to these numbers, so that a figure per inhabitant comes out plausible.

use super::GenerateError;
use super::municipalities::{CHRISTIANSOE, MUNICIPALITIES, Municipality};
use super::plan::share;
use super::random::{Purpose, Random};
use super::writer::{DeliveryFile, Form, push_number};

/// The physical form of the file.
pub const FORM: Form = Form {
    encoding: model::Encoding::Utf8,
    byte_order_mark: false,
    delimiter: Some(b';'),
    line_end: b"\r\n",
    header: Some("OMRÅDE;KØN;ALDER;TID;INDHOLD"),
};

/// The ages that the table has, 0 to 105.
const AGES: usize = 106;
/// The first age of the elderly.
const ELDERLY: usize = 67;
/// The year that the numbers of inhabitants are from.
const BASE_YEAR: i32 = 2024;

/// The relative size of a year's cohort at the ages 0, 5, 10 ... 105, the country as a whole; between them it is linear.
const COHORTS: [u32; 23] = [
    5900, 6050, 6500, 6900, 7300, 8000, 7900, 7000, 6500, 7100, 7600, 8200, 7600, 6800, 6300, 6200, 4300, 2300, 950,
    260, 40, 2, 0,
];

/// A municipality's population on the first day of each year.
#[derive(Debug, Clone, Copy)]
pub struct Population {
    municipality: Municipality,
    seed: u64,
    position: usize,
    growth: i64,
}

impl Population {
    /// The population of the municipality at this position of the list of 98.
    pub fn of(seed: u64, position: usize) -> Self {
        Self::new(seed, position, MUNICIPALITIES[position])
    }

    fn new(seed: u64, position: usize, municipality: Municipality) -> Self {
        let spread = Random::new(seed, Purpose::Municipality, position, 0).below(10);
        // Old municipalities shrink and young ones grow: -6 to +11 in a thousand a year.
        let growth = i64::from(spread) + (200 - i64::from(municipality.elderly)) / 25 - 2;
        Self { municipality, seed, position, growth }
    }

    /// The inhabitants on 1 January.
    pub fn inhabitants(&self, year: i32) -> u64 {
        let thousandths = (1000 + self.growth * i64::from(year - BASE_YEAR)).clamp(500, 2000).unsigned_abs();
        u64::from(self.municipality.inhabitants) * thousandths / 1000
    }

    /// Those of 67 years and more on 1 January.
    pub fn elderly(&self, year: i32) -> u64 {
        self.inhabitants(year) * u64::from(self.municipality.elderly) / 1000
    }

    /// The inhabitants by age on 1 January; they add up to [`Population::inhabitants`].
    fn by_age(&self, year: i32) -> [u64; AGES] {
        let mut random = Random::new(self.seed, Purpose::Ages, self.position, 0);
        let weights: [u64; AGES] =
            std::array::from_fn(|age| u64::from(cohort(age)) * u64::from(random.between(950, 1050)));
        let elderly = self.elderly(year);
        let mut persons = [0; AGES];
        spread(self.inhabitants(year) - elderly, &weights[..ELDERLY], &mut persons[..ELDERLY]);
        spread(elderly, &weights[ELDERLY..], &mut persons[ELDERLY..]);
        persons
    }
}

/// The relative size of the cohort of this age.
fn cohort(age: usize) -> u32 {
    let (band, within) = (age / 5, u32::try_from(age % 5).unwrap_or(0));
    (COHORTS[band] * (5 - within) + COHORTS[band + 1] * within) / 5
}

/// Spreads the total in proportion to the weights.
fn spread(total: u64, weights: &[u64], parts: &mut [u64]) {
    let all = weights.iter().sum();
    let mut before = 0;
    for (weight, part) in weights.iter().zip(parts) {
        *part = share(total, before, before + weight, all);
        before += weight;
    }
}

/// Writes the file of a year: the country, the regions, then the municipalities and Christiansø, each in all and by age.
pub fn write(file: &mut DeliveryFile, seed: u64, year: i32) -> Result<(), GenerateError> {
    let mut areas: Vec<(Municipality, [u64; AGES])> = MUNICIPALITIES
        .iter()
        .enumerate()
        .map(|(position, municipality)| (*municipality, Population::of(seed, position).by_age(year)))
        .collect();
    let beyond_the_list = MUNICIPALITIES.len();
    areas.push((CHRISTIANSOE, Population::new(seed, beyond_the_list, CHRISTIANSOE).by_age(year)));
    areas.sort_by_key(|(municipality, _)| municipality.code);
    let total = |belongs: &dyn Fn(&Municipality) -> bool| {
        let members = areas.iter().filter(|(municipality, _)| belongs(municipality));
        members.fold([0; AGES], |sum, (_, persons)| std::array::from_fn(|age| sum[age] + persons[age]))
    };
    write_area(file, b"000", year, &total(&|_| true))?;
    for region in 81..=85 {
        write_area(file, format!("0{region}").as_bytes(), year, &total(&|municipality| municipality.region == region))?;
    }
    for (municipality, persons) in &areas {
        // The StatBank writes three digits where the Central Person Register writes four.
        write_area(file, &municipality.code.as_bytes()[1..], year, persons)?;
    }
    Ok(())
}

fn write_area(file: &mut DeliveryFile, code: &[u8], year: i32, persons: &[u64; AGES]) -> Result<(), GenerateError> {
    let mut row = |age: Option<u64>, persons: u64| -> Result<(), GenerateError> {
        let line = file.line();
        line.extend_from_slice(code);
        line.extend_from_slice(b";TOT;");
        match age {
            Some(age) => push_number(line, age),
            None => line.extend_from_slice(b"IALT"),
        }
        line.push(b';');
        push_number(line, u64::from(year.unsigned_abs()));
        line.extend_from_slice(b"K1;");
        push_number(line, persons);
        file.end_row().map(|_| ())
    };
    row(None, persons.iter().sum())?;
    (0..).zip(persons).try_for_each(|(age, persons)| row(Some(age), *persons))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_add_up_and_are_stable_in_time() {
        for (position, municipality) in MUNICIPALITIES.iter().enumerate() {
            let population = Population::of(2024, position);
            for year in [2015, 2024, 2025] {
                let by_age = population.by_age(year);
                assert_eq!(by_age.iter().sum::<u64>(), population.inhabitants(year));
                assert_eq!(by_age[ELDERLY..].iter().sum::<u64>(), population.elderly(year));
            }
            assert_eq!(population.inhabitants(2024), u64::from(municipality.inhabitants));
            assert!(
                population.inhabitants(2025).abs_diff(population.inhabitants(2024)) * 80
                    <= population.inhabitants(2024)
            );
        }
    }

    #[test]
    fn the_country_looks_like_denmark() {
        let by_age: Vec<_> = (0..98).map(|position| Population::of(2024, position).by_age(2024)).collect();
        let of = |ages: std::ops::Range<usize>| -> u64 {
            by_age.iter().map(|ages_of| ages_of[ages.clone()].iter().sum::<u64>()).sum()
        };
        let all = of(0..AGES);
        assert!((17..20).contains(&(of(ELDERLY..AGES) * 100 / all)));
        assert!((11..14).contains(&(of(6..17) * 100 / all)));
        assert!(of(100..AGES) < 3000);
    }
}
