//! The shipped indicators, computed one figure at a time by going through all rows.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{Pupil, Rows};
use super::{Month, World};

/// A figure: indicator, part, area, period, value with its decimals (empty if there is none), `OBS_STATUS`.
pub(crate) type Figure = (String, String, String, String, String, String);

/// Numerator and denominator in units of `10^-scale`; a denominator of `None` is one.
type Parts = (i128, Option<i128>);

/// What an indicator is made of: its dataset's names, decimals, the factor of its unit, and its parts in one
/// municipality; `None` where the data is missing.
struct Rule<'a> {
    id: &'static str,
    /// What part of the population it is about.
    part: &'static str,
    monthly: bool,
    decimals: u32,
    /// The value is numerator / denominator times this fraction.
    factor: (i128, i128),
    /// Datasets that are needed, and whether a year of it is twelve months or one count.
    needs: Vec<(&'static str, bool)>,
    parts: PartsOf<'a>,
}

/// The parts of a figure of one municipality in some months.
type PartsOf<'a> = Box<dyn Fn(&str, &[Month]) -> Parts + 'a>;

fn sum<T>(rows: &[T], value: impl Fn(&T) -> Option<i64>) -> i128 {
    rows.iter().filter_map(value).map(i128::from).sum()
}

/// All figures of the shipped indicators.
pub(crate) fn figures(world: &World, rows: &Rows) -> BTreeSet<Figure> {
    all_of(world, rows, rules(rows))
}

/// The indicators that two versions are made of in a test; the newer ones begin with 2025.
pub(crate) const CHANGED: [&str; 2] = ["net_operating_expenditure", "private_school_share"];

/// The figures of [`CHANGED`]: each period by its own version, or all by the newer one.
pub(crate) fn changed_figures(world: &World, rows: &Rows, by_the_newer: bool) -> BTreeSet<Figure> {
    let mut older = rules(rows);
    older.retain(|rule| CHANGED.contains(&rule.id));
    let newer = all_of(world, rows, newer_rules(rows));
    if by_the_newer {
        return newer;
    }
    let is_later = |figure: &Figure| figure.3.as_str() >= "2025";
    let mut figures: BTreeSet<Figure> = all_of(world, rows, older).into_iter().filter(|one| !is_later(one)).collect();
    for (id, part, area, period, value, status) in newer.into_iter().filter(is_later) {
        let begins = ["2025", "2025-01"].contains(&period.as_str()) && status == "A";
        figures.insert((id, part, area, period, value, if begins { "B".to_owned() } else { status }));
    }
    figures
}

/// What the newer versions of the test say: main account 1 is left out, and only two types of school are compared.
fn newer_rules(rows: &Rows) -> Vec<Rule<'_>> {
    let pupils = |code: &str, months: &[Month], types: &[&str]| {
        let year = months[0].div_euclid(12);
        let kept = rows.pupils.iter().filter(|one| one.municipality == code && one.year == year);
        let kept = kept.filter(|one| types.contains(&one.school_type.as_str()));
        kept.map(|one| &one.person).collect::<BTreeSet<_>>().len() as i128
    };
    vec![
        Rule {
            id: CHANGED[0],
            part: "total",
            monthly: true,
            decimals: 2,
            factor: (1, 100),
            needs: vec![("finance", true)],
            parts: Box::new(|code, months| {
                let keep = |function: &str, dranst| main_account(function, "023456") && operations(dranst);
                (ore(rows, code, months, keep), None)
            }),
        },
        Rule {
            id: CHANGED[1],
            part: "total",
            monthly: false,
            decimals: 1,
            factor: (100, 1),
            needs: vec![("pupils", false)],
            parts: Box::new(move |code, months| {
                (pupils(code, months, &["1013"]), Some(pupils(code, months, &["1012", "1013"])))
            }),
        },
    ]
}

fn all_of(world: &World, rows: &Rows, rules: Vec<Rule<'_>>) -> BTreeSet<Figure> {
    let months: BTreeSet<Month> =
        rows.delivered.iter().filter(|(dataset, ..)| *dataset == "finance").map(|(.., month)| *month).collect();
    let years: BTreeSet<i32> = months.iter().map(|month| month.div_euclid(12)).collect();
    let mut figures = BTreeSet::new();
    for rule in rules {
        if rule.monthly {
            for month in &months {
                let period = format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1);
                tabulate(world, rows, &rule, &period, &[*month], &mut figures);
            }
        } else {
            for year in &years {
                let months: Vec<Month> = (year * 12..year * 12 + 12).collect();
                tabulate(world, rows, &rule, &format!("{year:04}"), &months, &mut figures);
            }
        }
    }
    figures
}

fn tabulate(
    world: &World,
    rows: &Rows,
    rule: &Rule<'_>,
    period: &str,
    months: &[Month],
    figures: &mut BTreeSet<Figure>,
) {
    let has = |code: &str, (dataset, monthly): &(&'static str, bool)| {
        let needed: &[Month] = if *monthly { months } else { &months[..1] };
        needed.iter().all(|month| rows.delivered.contains(&(*dataset, code.to_owned(), *month)))
    };
    let codes: Vec<&String> = world.regions.keys().collect();
    let published = rule.needs.iter().all(|need| codes.iter().any(|code| has(code, need)));
    if !published {
        return;
    }
    let mut regions: BTreeMap<&str, Vec<Option<Parts>>> = BTreeMap::new();
    for code in codes {
        let complete = rule.needs.iter().all(|need| has(code, need));
        let parts = complete.then(|| (rule.parts)(code, months));
        regions.entry(&world.regions[code]).or_default().push(parts);
        regions.entry("DK").or_default().push(parts);
        let (value, status) = match parts {
            None => (String::new(), "O"),
            Some(parts) => value(rule, parts).map_or((String::new(), "M"), |value| (value, "A")),
        };
        figures.insert((rule.id.into(), rule.part.into(), code.clone(), period.into(), value, status.into()));
    }
    for (area, members) in regions {
        let known: Vec<Parts> = members.iter().flatten().copied().collect();
        let total = known.iter().fold((0, None), |(n, d): Parts, (numerator, denominator)| {
            (n + numerator, denominator.map(|denominator| d.unwrap_or(0) + denominator))
        });
        let status = match (known.len(), members.len()) {
            (0, _) => "O",
            (some, all) if some < all => "P",
            _ => "A",
        };
        let (value, status) = match known.len() {
            0 => (String::new(), status),
            _ => value(rule, total).map_or((String::new(), "M"), |value| (value, status)),
        };
        figures.insert((rule.id.into(), rule.part.into(), area.into(), period.into(), value, status.into()));
    }
}

/// The rounded value, half away from zero, as text; `None` if the denominator is zero.
fn value(rule: &Rule<'_>, (numerator, denominator): Parts) -> Option<String> {
    let scale = 10i128.pow(rule.decimals);
    let (n, d) = (numerator * rule.factor.0 * scale, denominator.unwrap_or(1) * rule.factor.1);
    if d == 0 {
        return None;
    }
    let magnitude = (2 * n.abs() + d.abs()) / (2 * d.abs());
    let negative = magnitude != 0 && (n < 0) != (d < 0);
    let whole = magnitude / scale;
    let text = match rule.decimals {
        0 => whole.to_string(),
        decimals => format!("{whole}.{:0width$}", magnitude % scale, width = decimals as usize),
    };
    Some(if negative { format!("-{text}") } else { text })
}

fn rules(rows: &Rows) -> Vec<Rule<'_>> {
    let mut rules = finance(rows);
    rules.extend(staff(rows));
    rules.extend(school(rows));
    rules.extend(population(rows));
    rules
}

/// Øre of a municipality's postings in the months that a condition keeps.
fn ore(rows: &Rows, code: &str, months: &[Month], keep: impl Fn(&str, char) -> bool) -> i128 {
    sum(&rows.postings, |(municipality, month, function, dranst, amount)| {
        (municipality == code && months.contains(month) && keep(function, *dranst)).then_some(*amount)
    })
}

fn persons(rows: &Rows, code: &str, months: &[Month], from_age: i32) -> i128 {
    persons_of(rows, code, months, from_age..=999)
}

fn persons_of(rows: &Rows, code: &str, months: &[Month], ages: std::ops::RangeInclusive<i32>) -> i128 {
    let year = months[0].div_euclid(12);
    sum(&rows.inhabitants, |(municipality, in_year, age, persons)| {
        (municipality == code && *in_year == year && ages.contains(age)).then_some(*persons)
    })
}

fn main_account(function: &str, accounts: &str) -> bool {
    accounts.contains(&function[..1])
}

fn operations(dranst: char) -> bool {
    matches!(dranst, '1' | '2')
}

fn finance(rows: &Rows) -> Vec<Rule<'_>> {
    let yearly = |id, from_age: i32, keep: fn(&str, char) -> bool| Rule {
        id,
        part: "total",
        monthly: false,
        decimals: 0,
        factor: (1, 100),
        needs: vec![("finance", true), ("population", false)],
        parts: Box::new(move |code, months| {
            (ore(rows, code, months, keep), Some(persons(rows, code, months, from_age)))
        }),
    };
    vec![
        Rule {
            id: "net_operating_expenditure",
            part: "total",
            monthly: true,
            decimals: 2,
            factor: (1, 100),
            needs: vec![("finance", true)],
            parts: Box::new(|code, months| {
                (
                    ore(rows, code, months, |function, dranst| main_account(function, "0123456") && operations(dranst)),
                    None,
                )
            }),
        },
        yearly("net_operating_expenditure_per_inhabitant", 0, |function, dranst| {
            main_account(function, "0123456") && operations(dranst)
        }),
        yearly("gross_capital_expenditure_per_inhabitant", 0, |function, dranst| {
            main_account(function, "023456") && function != "0.25.19" && dranst == '3'
        }),
        yearly("administration_expenditure_per_inhabitant", 0, |function, dranst| {
            (function.starts_with("6.42.") || function.starts_with("6.45.")) && dranst == '1'
        }),
        yearly("elderly_expenditure_per_67plus", 67, |function, dranst| {
            function.starts_with("5.30.") && operations(dranst)
        }),
    ]
}

fn staff(rows: &Rows) -> Vec<Rule<'_>> {
    let hours = |code: &str, months: &[Month], teachers: bool, sick: bool| {
        sum(&rows.absences, |(municipality, month, function, _, possible, sickness)| {
            let keep = municipality == code && months.contains(month) && (!teachers || function == "3.22.01");
            keep.then_some(if sick { *sickness } else { *possible })
        })
    };
    let fte = |code: &str, months: &[Month]| {
        sum(&rows.absences, |(municipality, month, _, fte, ..)| {
            (municipality == code && months.contains(month)).then_some(*fte)
        })
    };
    let needs = || vec![("absence", true)];
    let share = |id, teachers: bool| Rule {
        id,
        part: "total",
        monthly: true,
        decimals: 2,
        factor: (100, 1),
        needs: needs(),
        parts: Box::new(move |code, months| {
            (hours(code, months, teachers, true), Some(hours(code, months, teachers, false)))
        }),
    };
    vec![
        share("sickness_absence_share", false),
        share("teacher_sickness_share", true),
        Rule {
            id: "full_time_equivalents",
            part: "total",
            monthly: true,
            decimals: 2,
            factor: (1, 10_000),
            needs: needs(),
            parts: Box::new(move |code, months| (fte(code, months), None)),
        },
        // Hundredths of hours by ten-thousandths of full-time months, twelve of which are one full-time equivalent.
        Rule {
            id: "sickness_hours_per_fte",
            part: "total",
            monthly: false,
            decimals: 1,
            factor: (12 * 10_000, 100),
            needs: needs(),
            parts: Box::new(move |code, months| (hours(code, months, false, true), Some(fte(code, months)))),
        },
    ]
}

fn school(rows: &Rows) -> Vec<Rule<'_>> {
    fn keep<'a>(rows: &'a Rows, code: &'a str, months: &[Month]) -> impl Iterator<Item = &'a Pupil> {
        let year = months[0].div_euclid(12);
        rows.pupils.iter().filter(move |pupil| pupil.municipality == code && pupil.year == year)
    }
    fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> i128 {
        values.collect::<BTreeSet<T>>().len() as i128
    }
    fn public(pupil: &Pupil) -> bool {
        pupil.school_type == "1012"
    }
    let needs = || vec![("pupils", false)];
    let share = |id, part: fn(&Pupil) -> bool, whole: fn(&Pupil) -> bool| Rule {
        id,
        part: "total",
        monthly: false,
        decimals: 1,
        factor: (100, 1),
        needs: needs(),
        parts: Box::new(move |code, months| {
            let count = |keeps: fn(&Pupil) -> bool| {
                distinct(keep(rows, code, months).filter(|pupil| keeps(pupil)).map(|pupil| &pupil.person))
            };
            (count(part), Some(count(whole)))
        }),
    };
    let all_public = |code: &str, months: &[Month]| {
        distinct(keep(rows, code, months).filter(|pupil| public(pupil)).map(|pupil| &pupil.person))
    };
    let special = |part: &'static str, grades: std::ops::RangeInclusive<i32>| Rule {
        id: "special_class_share",
        part,
        monthly: false,
        decimals: 1,
        factor: (100, 1),
        needs: needs(),
        parts: Box::new(move |code, months| {
            let count = |class_types: &[&str]| {
                let of = keep(rows, code, months).filter(|pupil| public(pupil) && grades.contains(&pupil.grade));
                let of_types = of.filter(|pupil| class_types.contains(&pupil.class_type.as_str()));
                distinct(of_types.map(|pupil| &pupil.person))
            };
            (count(&["20", "29"]), Some(count(&["10", "20", "29"])))
        }),
    };
    let ordinary = |pupil: &&Pupil| public(pupil) && pupil.class_type == "10" && (0..=9).contains(&pupil.grade);
    vec![
        Rule {
            id: "school_expenditure_per_pupil",
            part: "total",
            monthly: false,
            decimals: 0,
            factor: (1, 100),
            needs: vec![("finance", true), ("pupils", false)],
            parts: Box::new(move |code, months| {
                let school = ore(rows, code, months, |function, dranst| function == "3.22.01" && operations(dranst));
                (school, Some(all_public(code, months)))
            }),
        },
        Rule {
            id: "pupils",
            part: "total",
            monthly: false,
            decimals: 0,
            factor: (1, 1),
            needs: needs(),
            parts: Box::new(move |code, months| (all_public(code, months), None)),
        },
        Rule {
            id: "pupils_per_class",
            part: "total",
            monthly: false,
            decimals: 1,
            factor: (1, 1),
            needs: needs(),
            parts: Box::new(move |code, months| {
                let pupils = distinct(keep(rows, code, months).filter(ordinary).map(|pupil| &pupil.person));
                let classes = keep(rows, code, months).filter(ordinary).map(|pupil| (&pupil.school, &pupil.class));
                (pupils, Some(distinct(classes)))
            }),
        },
        special("total", 0..=99),
        special("stage=0-3", 0..=3),
        special("stage=4-6", 4..=6),
        special("stage=7-9", 7..=9),
        special("stage=10", 10..=10),
        share(
            "private_school_share",
            |pupil| pupil.school_type == "1013",
            |pupil| matches!(pupil.school_type.as_str(), "1012" | "1013" | "1015" | "1016"),
        ),
    ]
}

fn population(rows: &Rows) -> Vec<Rule<'_>> {
    let needs = || vec![("population", false)];
    let of_ages = |part: &'static str, ages: std::ops::RangeInclusive<i32>| Rule {
        id: "population",
        part,
        monthly: false,
        decimals: 0,
        factor: (1, 1),
        needs: needs(),
        parts: Box::new(move |code, months| (persons_of(rows, code, months, ages.clone()), None)),
    };
    vec![
        of_ages("total", 0..=999),
        of_ages("age_group=0-5", 0..=5),
        of_ages("age_group=6-16", 6..=16),
        of_ages("age_group=17-66", 17..=66),
        of_ages("age_group=67-79", 67..=79),
        of_ages("age_group=80+", 80..=999),
        Rule {
            id: "share_67plus",
            part: "total",
            monthly: false,
            decimals: 1,
            factor: (100, 1),
            needs: needs(),
            parts: Box::new(|code, months| (persons(rows, code, months, 67), Some(persons(rows, code, months, 0)))),
        },
    ]
}
