//! Progress bars on a terminal.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pipeline::{Phase, Progress, StepBegins};

use crate::render;

/// Draws one bar a phase to standard error.
#[derive(Debug, Default)]
pub(crate) struct Bars {
    bar: Mutex<Option<ProgressBar>>,
    /// The step of a backfill that is at work.
    step: Mutex<Option<String>>,
}

fn title(phase: Phase) -> &'static str {
    match phase {
        Phase::Take => "taking files into the archive",
        Phase::Read => "reading deliveries",
        Phase::Compute => "computing indicators",
    }
}

impl Bars {
    fn title(&self, phase: Phase) -> String {
        let step = self.step.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        step.as_ref().map_or_else(|| title(phase).to_owned(), |step| format!("{step}: {}", title(phase)))
    }
}

/// What is said of a step: `step 3 of 60, 2024-03, 2 min 5 s so far, about 41 min 0 s left`.
fn told(step: &StepBegins) -> String {
    let StepBegins { number, of, period, elapsed, left } = step;
    let period = period.map_or("no period in the name".to_owned(), |period| period.to_string());
    let time = left.map_or(String::new(), |left| {
        format!(", {} so far, about {} left", render::duration(*elapsed), render::duration(left))
    });
    format!("step {} of {}, {period}{time}", render::grouped(*number), render::grouped(*of))
}

/// Says in a line when a step of a backfill begins, where no bar can be drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines;

impl Progress for Lines {
    fn begin(&self, _: Phase, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}

    fn step(&self, step: &StepBegins) {
        render::note(&told(step));
    }
}

impl Progress for Bars {
    fn step(&self, step: &StepBegins) {
        self.end();
        *self.step.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(told(step));
    }

    fn begin(&self, phase: Phase, steps: u64) {
        self.end();
        let style = ProgressStyle::with_template("{msg:30} {bar:30} {pos}/{len}, {per_sec}, {eta} left");
        let bar = ProgressBar::new(steps).with_message(self.title(phase));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        // A step may take long: the bar shows itself before the first one has ended.
        bar.enable_steady_tick(Duration::from_millis(200));
        *self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(bar);
    }

    fn advance(&self, steps: u64) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            bar.inc(steps);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
