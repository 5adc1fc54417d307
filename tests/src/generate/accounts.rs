//! The accounts that are posted to, and how much a municipality spends on each in a month.
//!
//! The amounts per inhabitant, elderly person and pupil are of the order that Danish municipalities have; what a small
//! municipality posts is in proportion. Whole øre from beginning to end.

use model::Period;

use super::plan::Parameters;
use super::population::Population;
use super::pupils;
use super::random::{Purpose, Random};

/// What an account's amount is in proportion to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Inhabitants,
    Elderly,
    /// Pupils of the municipality's own schools. There are far fewer of them than in reality, so the expenditure on
    /// schools is as small: that is what keeps expenditure per pupil real.
    Pupils,
}

/// An account: a function and what is done with it.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// The function, as in the chart of accounts.
    pub function: &'static str,
    /// Its digits.
    pub digits: &'static str,
    /// The type of transaction.
    pub dranst: u8,
    /// Main kind and kind of expenditure or income.
    pub art: &'static str,
    /// How many of a hundred postings are its own, roughly.
    weight: u64,
    base: Base,
    /// DKK in a year for one of the base; income is negative.
    annual: i64,
}

const fn account(
    (function, digits): (&'static str, &'static str),
    dranst: u8,
    art: &'static str,
    weight: u64,
    (base, annual): (Base, i64),
) -> Account {
    Account { function, digits, dranst, art, weight, base, annual }
}

use Base::{Elderly, Inhabitants, Pupils};

/// The accounts. The first few are posted to every month; where there are too few postings for all the others,
/// these take turns.
pub const ACCOUNTS: [Account; 27] = [
    account(("3.22.01", "32201"), b'1', "11", 14, (Pupils, 92_000)),
    account(("5.30.26", "53026"), b'1', "11", 9, (Elderly, 24_000)),
    account(("5.30.27", "53027"), b'1', "11", 9, (Elderly, 23_000)),
    account(("5.25.14", "52514"), b'1', "11", 10, (Inhabitants, 8_500)),
    account(("6.45.51", "64551"), b'1', "40", 10, (Inhabitants, 6_800)),
    account(("5.57.71", "55771"), b'1', "52", 8, (Inhabitants, 22_000)),
    account(("5.57.71", "55771"), b'2', "86", 2, (Inhabitants, -5_500)),
    account(("5.38.50", "53850"), b'1', "47", 6, (Inhabitants, 8_000)),
    account(("7.68.90", "76890"), b'7', "86", 1, (Inhabitants, -52_000)),
    account(("5.25.10", "52510"), b'1', "22", 2, (Inhabitants, 700)),
    account(("5.25.11", "52511"), b'1', "11", 3, (Inhabitants, 1_100)),
    account(("5.28.20", "52820"), b'1', "47", 3, (Inhabitants, 2_200)),
    account(("5.28.23", "52823"), b'1', "47", 2, (Inhabitants, 1_800)),
    account(("6.45.50", "64550"), b'1', "49", 2, (Inhabitants, 600)),
    account(("2.28.11", "22811"), b'1', "45", 3, (Inhabitants, 2_500)),
    account(("3.32.50", "33250"), b'1', "29", 2, (Inhabitants, 1_100)),
    account(("4.62.81", "46281"), b'1', "47", 1, (Inhabitants, 5_200)),
    account(("0.25.10", "02510"), b'1', "49", 2, (Inhabitants, 600)),
    account(("3.22.05", "32205"), b'1', "11", 3, (Pupils, 9_000)),
    account(("5.38.50", "53850"), b'2', "86", 1, (Inhabitants, -500)),
    account(("2.28.11", "22811"), b'3', "45", 2, (Inhabitants, 1_300)),
    account(("3.22.01", "32201"), b'3', "45", 1, (Inhabitants, 1_100)),
    account(("0.22.01", "02201"), b'3', "45", 1, (Inhabitants, 500)),
    account(("0.25.19", "02519"), b'3', "45", 1, (Inhabitants, 300)),
    account(("7.22.05", "72205"), b'4', "79", 1, (Inhabitants, -80)),
    account(("7.62.80", "76280"), b'7', "86", 1, (Inhabitants, -9_000)),
    account(("8.55.70", "85570"), b'6', "61", 1, (Inhabitants, 850)),
];

/// The number of accounts that are posted to in every month.
const MONTHLY: usize = 9;

/// What is posted to an account in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The position in [`ACCOUNTS`].
    pub account: usize,
    /// Into how many postings the amount is divided; at least one.
    pub postings: u64,
    /// The amount in øre.
    pub amount: i64,
}

/// What a municipality posts in a month, divided into exactly so many postings.
pub fn budgets(parameters: &Parameters, position: usize, month: Period, postings: u64) -> Vec<Budget> {
    let year = month.start().year();
    let population = Population::of(parameters.seed, position);
    let (inhabitants, elderly) = (population.inhabitants(year), population.elderly(year));
    let pupils = pupils::public_pupils(parameters.seed, position, parameters.persons, year);
    // A dear municipality is dear in every year: 95 % to 112 % of the usual.
    let level = Random::new(parameters.seed, Purpose::Municipality, position, 1).between(950, 1120);
    let mut random = Random::new(parameters.seed, Purpose::Postings, position, -month.ordinal());
    let turns = usize::try_from(postings).unwrap_or(usize::MAX).clamp(0, ACCOUNTS.len());
    let amount = |index: usize, random: &mut Random| {
        let account = &ACCOUNTS[index];
        let base = match account.base {
            Inhabitants => inhabitants,
            Elderly => elderly,
            Pupils => pupils,
        };
        let season = random.between(970, 1030);
        let (months, of) = pace(index, turns);
        let factors = i128::from(level) * i128::from(season) * months;
        // 100 øre, a twelfth of the year, and two factors in thousandths.
        let amount = i128::from(base) * i128::from(account.annual) * 100 * factors / (12 * 1_000_000 * of);
        i64::try_from(amount).unwrap_or_else(|_| unreachable!("a municipality's month fits 64 bits by far"))
    };
    let mut budgets: Vec<Budget> = (0..ACCOUNTS.len())
        .map(|index| Budget { account: index, postings: 0, amount: amount(index, &mut random) })
        .filter(|budget| is_posted_to(budget.account, turns, month))
        .collect();
    divide(&mut budgets, postings);
    budgets
}

/// How many accounts that take turns get one in a month with so many postings.
fn turns_a_month(postings: usize) -> usize {
    postings.saturating_sub(MONTHLY)
}

/// The part of its turn's months that an account catches up with in one: 6 of 1 where it is posted to twice a year.
fn pace(account: usize, postings: usize) -> (i128, i128) {
    let turns = turns_a_month(postings);
    if account < MONTHLY || turns == 0 {
        return (1, 1);
    }
    let (others, turns) = ((ACCOUNTS.len() - MONTHLY) as u64, turns as u64);
    (i128::from(others), i128::from(turns))
}

fn is_posted_to(account: usize, postings: usize, month: Period) -> bool {
    if account < MONTHLY {
        return account < postings;
    }
    let (others, turns) = (ACCOUNTS.len() - MONTHLY, turns_a_month(postings));
    let month = usize::try_from(month.ordinal()).unwrap_or(0);
    (account - MONTHLY + month * turns) % others < turns
}

/// Divides the postings among the accounts by their weights, one to each at the least.
fn divide(budgets: &mut [Budget], postings: u64) {
    let weight = |budget: &Budget| ACCOUNTS[budget.account].weight;
    let all = budgets.iter().map(weight).sum();
    let spare = postings - budgets.len() as u64;
    let mut before = 0;
    for budget in budgets {
        let weight = weight(budget);
        budget.postings = 1 + super::plan::share(spare, before, before + weight, all);
        before += weight;
    }
}

#[cfg(test)]
mod tests {
    use model::PeriodKind;

    use super::*;

    fn parameters(postings: u64) -> Parameters {
        let first = "2024-01".parse().expect("a month");
        Parameters { seed: 2024, municipalities: 98, first, months: 24, postings, persons: 5, clean: true }
    }

    fn yearly(position: usize, postings: u64, of: impl Fn(&Account) -> bool) -> i64 {
        let year: Period = "2024".parse().expect("a year");
        let months = year.parts(PeriodKind::Month);
        let budgets = months.flat_map(|month| budgets(&parameters(postings), position, month, postings));
        budgets.filter(|budget| of(&ACCOUNTS[budget.account])).map(|budget| budget.amount).sum::<i64>() / 100
    }

    #[test]
    fn figures_are_of_the_right_order_with_few_and_with_many_postings() {
        for (position, postings) in (0..98).flat_map(|position| [(position, 12), (position, 1000)]) {
            let population = Population::of(2024, position);
            let operations = |account: &Account| matches!(account.dranst, b'1' | b'2');
            let per = |amount: i64, base: u64| amount / i64::try_from(base).expect("a number of people");
            let net = per(yearly(position, postings, operations), population.inhabitants(2024));
            assert!((56_000..80_000).contains(&net), "{position}: {net} an inhabitant");
            let elderly = |account: &Account| operations(account) && account.function.starts_with("5.30");
            let elderly = per(yearly(position, postings, elderly), population.elderly(2024));
            assert!((40_000..60_000).contains(&elderly), "{position}: {elderly} a person of 67 and more");
            let school = |account: &Account| operations(account) && account.function == "3.22.01";
            let pupils = pupils::public_pupils(2024, position, 5, 2024);
            let school = per(yearly(position, postings, school), pupils);
            assert!((80_000..110_000).contains(&school), "{position}: {school} a pupil");
        }
    }

    #[test]
    fn the_postings_are_divided_without_a_rest() {
        let month = "2024-05".parse().expect("a month");
        for postings in [1, 8, 9, 10, 12, 26, 27, 28, 1_000_003] {
            let budgets = budgets(&parameters(2352), 3, month, postings);
            assert_eq!(budgets.iter().map(|budget| budget.postings).sum::<u64>(), postings);
            assert!(budgets.iter().all(|budget| budget.postings > 0 && budget.amount != 0));
        }
    }

    #[test]
    fn every_account_has_its_turn() {
        let months = parameters(2352).all_months();
        let used: std::collections::BTreeSet<usize> =
            months.flat_map(|month| budgets(&parameters(2352), 3, month, 12)).map(|budget| budget.account).collect();
        assert_eq!(used.len(), ACCOUNTS.len());
    }
}
