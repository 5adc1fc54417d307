//! Progress bars on a terminal.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pipeline::{Phase, Progress};

/// Draws one bar a phase to standard error.
#[derive(Debug, Default)]
pub(crate) struct Bars {
    bar: Mutex<Option<ProgressBar>>,
}

fn title(phase: Phase) -> &'static str {
    match phase {
        Phase::Take => "taking files into the archive",
        Phase::Read => "reading deliveries",
        Phase::Compute => "computing indicators",
    }
}

impl Progress for Bars {
    fn begin(&self, phase: Phase, steps: u64) {
        self.end();
        let style = ProgressStyle::with_template("{msg:30} {bar:30} {pos}/{len}, {eta} left");
        let bar = ProgressBar::new(steps).with_message(title(phase));
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
