//! Whatever happens, in whatever order: after each run the store says what a model in memory says.
//!
//! Sequences are made of a seed. `MUSKETER_MODELLED` is the number of sequences, `MUSKETER_MODELLED_SEED` that of the first
//! one. What fails is made shorter as long as it fails, and printed as a script.

mod model;
mod play;
mod project;

use std::sync::atomic::{AtomicU64, Ordering};

use self::model::{MONTHS, MUNICIPALITIES, Row};
use self::play::{Play, Step};
use crate::random::Random;

/// Runs of a sequence, each with what happens before it.
const RUNS: usize = 12;
/// Sequences that are played if nobody says how many.
const SEQUENCES: u64 = 12;
/// Sequences that are tried to make one that fails shorter.
const TRIES: usize = 60;

impl Random {
    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn row(&mut self, municipality: &'static str, month: &'static str) -> Row {
        let kind = self.of(&['a', 'a', 'b', 'b', 'c', 'd']);
        let amount = i64::try_from(self.below(20_000)).expect("small") - 4_000;
        Row { municipality, month, kind, amount: (self.below(10) > 0).then_some(amount) }
    }

    fn delivery(&mut self) -> Step {
        if self.below(3) == 0 {
            let who = |random: &mut Self| (random.of(&MUNICIPALITIES).0, random.of(&MONTHS));
            let rows = (0..self.below(5)).map(|_| who(self)).collect::<Vec<_>>();
            let rows = rows.into_iter().map(|(who, when)| self.row(who, when)).collect();
            return Step::Deliver((format!("homes/h_v{}.csv", 1 + self.below(4)), rows));
        }
        let (who, when) = (self.of(&MUNICIPALITIES).0, self.of(&MONTHS));
        let version = ["", "", "", "_v2", "_v3"][self.below(5)];
        let rows = (0..=self.below(5)).map(|_| self.row(who, when)).collect();
        Step::Deliver((format!("jobs/{who}_{}{version}.csv", when.replace('-', "")), rows))
    }

    fn step(&mut self) -> Step {
        let pick = self.below(1 << 16);
        match self.below(100) {
            0..34 => self.delivery(),
            34..38 => Step::Release(pick),
            38..40 => Step::Unrelease(pick),
            40..43 => Step::Receipt(self.of(&MUNICIPALITIES).0, self.of(&MONTHS)),
            43..47 => Step::Redeliver(pick),
            47..53 => Step::PutBack(pick),
            53..61 => Step::Retract(pick),
            61..66 => Step::Unretract(pick),
            66..72 => Step::Waive(pick),
            72..75 => Step::Unwaive(pick),
            75..82 => Step::Kind(self.of(&['c', 'd'])),
            82..85 => Step::Formula,
            85..88 => Step::Title,
            88..92 => Step::Replay,
            92..95 => Step::Lose(self.below(2)),
            95..97 => Step::Backfill(pick),
            _ => Step::Kill(self.below(12)),
        }
    }
}

fn sequence(seed: u64) -> Vec<Step> {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut steps: Vec<Step> = (0..6).map(|_| random.delivery()).collect();
    for _ in 0..RUNS {
        steps.extend((0..=random.below(4)).map(|_| random.step()));
        steps.push(Step::Run);
    }
    steps
}

/// What is wrong with a sequence, and the script of it.
fn fault(steps: &[Step]) -> Option<(String, Vec<String>)> {
    let mut play = Play::new();
    let error = play.perform(steps).and_then(|()| play.end()).err()?;
    Some((error, play.script))
}

/// The same fault, or another one, with as few steps as a few tries find.
fn shortened(mut steps: Vec<Step>, mut found: (String, Vec<String>)) -> (String, Vec<String>) {
    let (mut tries, mut piece) = (0, steps.len() / 2);
    while piece > 0 && tries < TRIES {
        let mut at = 0;
        while at < steps.len() && tries < TRIES {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + piece).min(steps.len()));
            tries += 1;
            match fault(&fewer) {
                Some(shorter) => (steps, found) = (fewer, shorter),
                None => at += piece,
            }
        }
        piece /= 2;
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "more sequences are asked for with a variable")]
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn whatever_happens_the_store_says_what_the_model_says() {
    let first = number("MUSKETER_MODELLED_SEED", 1);
    let next = AtomicU64::new(first);
    let end = first + number("MUSKETER_MODELLED", SEQUENCES);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let steps = sequence(seed);
            if let Some(found) = fault(&steps) {
                next.store(end, Ordering::Relaxed);
                let (error, script) = shortened(steps, found);
                panic!("seed {seed}: {error}\n\n{}\n", script.join("\n"));
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
}
