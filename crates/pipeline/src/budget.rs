//! Which deliveries are withheld, because they go beyond the budget of their source.
//!
//! A verdict follows from the deliveries that there are, and not from the order in which they came: what a delivery is
//! compared with is the one of the period before, whenever that was delivered. So it is found out anew in every run, for
//! all deliveries of a source and municipality, in the order of their periods; a verdict that was only kept would be that
//! of the day on which the delivery came.

use model::{Budget, Code, DeliveryId, Ratio, Refusal, format_per_cent};

/// The rows of a delivery, as a budget looks at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rows {
    /// Rows accepted.
    pub(crate) accepted: u64,
    /// Rows rejected, without those that somebody has waived.
    pub(crate) rejected: u64,
}

/// A delivery that could hold, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) delivery: DeliveryId,
    /// What it is the delivery of, in messages.
    pub(crate) of: String,
    /// Its rows; `None` if it was not read with the definitions of today.
    pub(crate) rows: Option<Rows>,
    /// Whether somebody lets it hold whatever the budget says.
    pub(crate) released: bool,
}

/// What came of weighing deliveries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Weighed {
    /// Deliveries that are withheld, and why.
    pub(crate) withheld: Vec<(DeliveryId, Refusal)>,
    /// Deliveries that have to be read before others can be judged.
    pub(crate) unread: Vec<DeliveryId>,
}

/// Judges the deliveries of one source and municipality. They come in the order of their periods, those of one period in
/// falling precedence, without what is refused or was taken back: the first of each that is not withheld is what the next
/// period is compared with.
pub(crate) fn weigh(source: &str, budget: &Budget, periods: &[Vec<Candidate>]) -> Weighed {
    let mut weighed = Weighed::default();
    let mut before = Before::Nothing;
    for candidates in periods {
        for candidate in candidates {
            let Some(rows) = candidate.rows else {
                // What nothing is compared with is read when it is to hold, and not before.
                if budget.compares() {
                    weighed.unread.push(candidate.delivery.clone());
                    before = Before::Unknown;
                }
                break;
            };
            let reason = if candidate.released { None } else { exceeded(source, budget, rows, before) };
            if let Some(reason) = reason {
                weighed.withheld.push((candidate.delivery.clone(), reason.of(&candidate.delivery)));
                continue;
            }
            // Whether this one holds is not known before it is known what it is compared with.
            if !matches!(before, Before::Unknown) {
                before = Before::Rows { of: &candidate.of, accepted: rows.accepted };
            }
            break;
        }
    }
    weighed
}

/// What a delivery is compared with.
#[derive(Clone, Copy)]
enum Before<'a> {
    /// There is none.
    Nothing,
    /// It has to be read first.
    Unknown,
    /// So many rows of this.
    Rows { of: &'a str, accepted: u64 },
}

/// Beyond what a delivery is.
struct Reason {
    code: Code,
    message: String,
    key: &'static str,
}

impl Reason {
    fn of(self, delivery: &DeliveryId) -> Refusal {
        // The first digits suffice.
        let help = format!(
            "ask for a corrected file; if this one is right, let it hold: `musketer release {:.8} --reason TEXT`, or raise \
             `{}` in the budget of the source",
            delivery.as_str(),
            self.key
        );
        Refusal::new(self.code, self.message).with_help(help)
    }
}

fn exceeded(source: &str, budget: &Budget, rows: Rows, before: Before<'_>) -> Option<Reason> {
    let Rows { accepted, rejected } = rows;
    let reason = |code, key, message| Some(Reason { code, message, key });
    if let Some(most) = budget.max_rejects.filter(|most| rejected > *most) {
        let message = format!("{} rejected, and the budget of `{source}` has {most}", rows_are(rejected));
        return reason(Code::BUDGET_REJECTS, "max_rejects", message);
    }
    let all = accepted.saturating_add(rejected);
    if let Some(most) = budget.max_reject_share.filter(|most| is_beyond(rejected, all, *most)) {
        let message = format!(
            "{rejected} of {all} rows are rejected ({}%), and the budget of `{source}` has {}%",
            per_cent(rejected, all),
            shown(most)
        );
        return reason(Code::BUDGET_REJECTS, "max_reject_share", message);
    }
    // Against nothing, everything would be infinitely many more.
    let Before::Rows { of, accepted: then @ 1.. } = before else { return None };
    let (fewer, more) = (then.saturating_sub(accepted), accepted.saturating_sub(then));
    let compared = |change: u64, word: &str, most: Ratio| {
        format!(
            "{accepted} {} accepted, {}% {word} than the {then} of {of}, and the budget of `{source}` has {}%",
            if accepted == 1 { "row was" } else { "rows were" },
            per_cent(change, then),
            shown(most)
        )
    };
    if let Some(most) = budget.max_drop.filter(|most| is_beyond(fewer, then, *most)) {
        return reason(Code::BUDGET_ROWS, "max_drop", compared(fewer, "fewer", most));
    }
    if let Some(most) = budget.max_growth.filter(|most| is_beyond(more, then, *most)) {
        return reason(Code::BUDGET_ROWS, "max_growth", compared(more, "more", most));
    }
    None
}

fn rows_are(rows: u64) -> String {
    if rows == 1 { "1 row is".to_owned() } else { format!("{rows} rows are") }
}

/// Whether a part is a larger share of the whole than this. Multiplied out, so that nothing is rounded.
fn is_beyond(part: u64, whole: u64, share: Ratio) -> bool {
    let (left, right) =
        (i128::from(part).checked_mul(share.denominator()), i128::from(whole).checked_mul(share.numerator()));
    left.zip(right).is_some_and(|(left, right)| left > right)
}

fn per_cent(part: u64, whole: u64) -> String {
    Ratio::new(i128::from(part), i128::from(whole)).ok().map(shown).unwrap_or_default()
}

fn shown(share: Ratio) -> String {
    format_per_cent(share).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(n: i128, d: i128) -> Option<Ratio> {
        Ratio::new(n, d).ok()
    }

    fn budget() -> Budget {
        Budget {
            max_rejects: Some(200),
            max_reject_share: share(1, 50),
            max_drop: share(1, 2),
            max_growth: share(2, 1),
        }
    }

    /// Accepted and rejected rows of a delivery.
    fn read(name: &str, accepted: u64, rejected: u64) -> Candidate {
        let rows = Some(Rows { accepted, rejected });
        Candidate { delivery: DeliveryId::stored(name), of: name.to_owned(), rows, released: false }
    }

    fn unread(name: &str) -> Candidate {
        Candidate { rows: None, ..read(name, 0, 0) }
    }

    fn withheld(budget: &Budget, periods: &[Vec<Candidate>]) -> Vec<String> {
        let line = |(id, refusal): (DeliveryId, Refusal)| format!("{id} {}", refusal.message);
        weigh("finance", budget, periods).withheld.into_iter().map(line).collect()
    }

    #[test]
    fn at_the_limit_nothing_is_withheld() {
        let held = |one: Candidate| withheld(&budget(), &[vec![read("may", 1000, 0)], vec![one]]);
        for fits in [read("june", 9800, 200), read("june", 980, 20), read("june", 500, 0), read("june", 3000, 0)] {
            let rows = fits.rows;
            let small = Budget { max_growth: share(20, 1), ..budget() };
            let periods = [vec![read("may", 1000, 0)], vec![fits]];
            assert_eq!(withheld(&small, &periods), Vec::<String>::new(), "{rows:?}");
        }
        assert_eq!(
            held(read("june", 20_000, 201)),
            ["june 201 rows are rejected, and the budget of `finance` has 200"]
        );
        let share = "june 21 of 1000 rows are rejected (2.1%), and the budget of `finance` has 2%";
        assert_eq!(held(read("june", 979, 21)), [share]);
        let drop = "june 499 rows were accepted, 50.1% fewer than the 1000 of may, and the budget of `finance` has 50%";
        assert_eq!(held(read("june", 499, 0)), [drop]);
        let growth =
            "june 3001 rows were accepted, 200.1% more than the 1000 of may, and the budget of `finance` has 200%";
        assert_eq!(held(read("june", 3001, 0)), [growth]);
    }

    #[test]
    fn what_is_withheld_is_nothing_to_compare_with() {
        let periods = [vec![read("may", 1000, 0)], vec![read("june", 10, 0)], vec![read("july", 450, 0)]];
        let found = withheld(&budget(), &periods);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].contains("fewer than the 1000 of may"), "{found:?}");
        // The correction of June takes its place, and July is compared with it.
        let periods = [
            vec![read("may", 1000, 0)],
            vec![read("june v2", 10, 0), read("june", 600, 0)],
            vec![read("july", 450, 0)],
        ];
        assert_eq!(withheld(&budget(), &periods).len(), 1);
        let mut released = read("june", 10, 0);
        released.released = true;
        let periods = [vec![read("may", 1000, 0)], vec![released], vec![read("july", 30, 0)]];
        assert_eq!(withheld(&budget(), &periods), Vec::<String>::new());
    }

    #[test]
    fn nothing_is_compared_with_what_is_not_known() {
        let periods =
            [vec![read("may", 1000, 0)], vec![unread("june")], vec![read("july", 1, 0)], vec![unread("august")]];
        let weighed = weigh("finance", &budget(), &periods);
        assert_eq!(weighed.unread, ["june", "august"].map(DeliveryId::stored));
        assert_eq!(weighed.withheld, []);
        // Its own rejected rows are enough.
        let periods = [vec![unread("may")], vec![read("june", 1, 500)]];
        assert_eq!(withheld(&budget(), &periods).len(), 1);
        // Where nothing is compared, nothing is read for it.
        let alone = Budget { max_rejects: Some(1), ..Budget::default() };
        assert_eq!(weigh("finance", &alone, &[vec![unread("may")], vec![read("june", 1, 0)]]), Weighed::default());
    }

    #[test]
    fn against_nothing_there_is_no_growth() {
        let periods = [vec![read("may", 0, 0)], vec![read("june", 1000, 0)]];
        assert_eq!(withheld(&budget(), &periods), Vec::<String>::new());
    }
}
