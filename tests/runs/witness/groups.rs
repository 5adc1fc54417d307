//! Who is compared with whom, written down by hand.

use std::collections::BTreeMap;

use super::figures::persons;
use super::{Month, Rows, World};

/// København, Odense, Esbjerg, Randers, Aarhus, Aalborg.
const SIX_CITIES: [&str; 6] = ["0101", "0461", "0561", "0730", "0751", "0851"];
/// What has figures of municipalities of similar age and size: expenditure on the elderly, and one of finance.
const BY_AGE: [&str; 2] = ["elderly_expenditure_per_67plus", "net_operating_expenditure_per_inhabitant"];

/// The comparison groups of an indicator in a period that begins in the year, each with its members.
pub(super) fn groups(world: &World, rows: &Rows, indicator: &str, year: i32) -> BTreeMap<String, Vec<String>> {
    let mut groups = BTreeMap::from([("six_cities".to_owned(), SIX_CITIES.map(str::to_owned).to_vec())]);
    for (code, province) in &world.provinces {
        groups.entry(format!("provinces:{province}")).or_default().push(code.clone());
    }
    if BY_AGE.contains(&indicator) {
        groups.extend(similar_age(world, rows, year));
    }
    groups
}

/// The ten that are nearest: twice the places between them by the share of the old, and once by size.
fn similar_age(world: &World, rows: &Rows, year: i32) -> BTreeMap<String, Vec<String>> {
    let january: Month = year * 12;
    let mut known = Vec::new();
    for code in world.regions.keys() {
        if rows.delivered.contains(&("population", code.clone(), january)) {
            let (old, all) = (persons(rows, code, &[january], 67), persons(rows, code, &[january], 0));
            if all > 0 {
                // As published: tenths of a per cent, half of one upwards.
                known.push((code.clone(), (2 * 1000 * old + all) / (2 * all), all));
            }
        }
    }
    // Twice the place in the row, the middle one of those with the same value.
    let place = |value: i128, of: &dyn Fn(&(String, i128, i128)) -> i128| {
        let below = known.iter().filter(|one| of(one) < value).count();
        let equal = known.iter().filter(|one| of(one) == value).count();
        2 * below + equal
    };
    let places: Vec<(&String, usize, usize)> =
        known.iter().map(|(code, share, all)| (code, place(*share, &|one| one.1), place(*all, &|one| one.2))).collect();
    let mut lists = BTreeMap::new();
    for (code, share, all) in &places {
        let others = places.iter().filter(|(other, ..)| other != code);
        let mut others: Vec<(usize, &String)> =
            others.map(|(other, s, a)| (2 * share.abs_diff(*s) + all.abs_diff(*a), *other)).collect();
        others.sort();
        let nearest = others.into_iter().take(10).map(|(_, other)| other.clone()).collect();
        lists.insert(format!("similar_age:{code}"), nearest);
    }
    lists
}
