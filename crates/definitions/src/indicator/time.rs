//! When the rows of a measure count: `at`, `active`, `shift`, `rolling`, `cumulative`.

use model::{Activity, Code, Dataset, Date, MomentRule, Period, PeriodKind, Span as Stretch, TimeSelection, Window};

use crate::yaml::{Cursor, Keys, Report, Span, Written};

/// The keys of a measure that are about time.
#[derive(Default)]
pub(super) struct TimeDoc<'n> {
    at: Option<Cursor<'n>>,
    active: Option<(Cursor<'n>, Option<Activity>)>,
    shift: Option<Length>,
    rolling: Option<Length>,
    cumulative: Option<(Cursor<'n>, Option<PeriodKind>)>,
}

/// A length of time as written.
#[derive(Clone, Copy)]
pub(super) struct Length {
    span: Span,
    /// How many months or weeks. `None` if it is none, which was reported.
    steps: Option<(i32, PeriodKind)>,
}

impl<'n> TimeDoc<'n> {
    pub(super) fn read(keys: &mut Keys<'n>, report: &mut Report<'_>) -> Self {
        let activities = [Activity::Start, Activity::End, Activity::Any].map(|word| (word.as_str(), word));
        let years = [PeriodKind::Year, PeriodKind::SchoolYear].map(|kind| (kind.as_str(), kind));
        Self {
            at: keys.take("at"),
            active: keys.take("active").map(|cursor| (cursor, cursor.choice(report, &activities))),
            shift: keys.take("shift").map(|cursor| Length::read(cursor, "-1 year", report)),
            rolling: keys.take("rolling").map(|cursor| Length::read(cursor, "12 months", report)),
            cumulative: keys.take("cumulative").map(|cursor| (cursor, cursor.choice(report, &years))),
        }
    }

    /// Which rows count, and the stretch of time. `place` is where the measure stands.
    pub(super) fn resolve(
        &self,
        place: Span,
        from: Option<Span>,
        dataset: &Dataset,
        period: PeriodKind,
        report: &mut Report<'_>,
    ) -> Option<(TimeSelection, Window)> {
        let time = self.selection(place, from.unwrap_or(place), dataset, period, report);
        let window = self.window(period, report);
        let (time, window) = (time?, window?);
        let long = self.rolling.map(|length| length.span).or(self.cumulative.map(|(cursor, _)| cursor.at));
        let whole = matches!(
            time,
            TimeSelection::Within | TimeSelection::Last | TimeSelection::Average | TimeSelection::Active(Activity::Any)
        );
        if let Some(long) = long.filter(|_| !whole) {
            report
                .error(Code::MOMENT_MISMATCH, long, "one day is read, so a longer stretch of time changes nothing")
                .help("remove it, or write `at: average`, `at: last` or `active: any`");
            return None;
        }
        Some((time, window))
    }

    fn selection(
        &self,
        place: Span,
        from: Span,
        dataset: &Dataset,
        period: PeriodKind,
        report: &mut Report<'_>,
    ) -> Option<TimeSelection> {
        let wrong = match dataset.moment {
            MomentRule::Event => self
                .at
                .or(self.active.map(|(cursor, _)| cursor))
                .map(|key| (key, "events, which belong to a whole period")),
            MomentRule::Snapshot => {
                self.active.map(|(key, _)| (key, "snapshots, of which a measure reads some: write `at`"))
            }
            MomentRule::Interval => self.at.map(|key| (key, "intervals, which hold for a time: write `active`")),
        };
        if let Some((key, what)) = wrong {
            let message = format!("`{}` holds {what}", dataset.id);
            report.error(Code::MOMENT_MISMATCH, key.at, message).help("remove the key");
            return None;
        }
        match (dataset.moment, self.at, self.active) {
            (MomentRule::Event, ..) => {
                if !period.is_made_of(dataset.partition) {
                    let message = format!(
                        "a {period} is not made of the {}s that `{}` is kept by",
                        dataset.partition, dataset.id
                    );
                    report.error(Code::PERIOD_MISMATCH, from, message);
                    return None;
                }
                Some(TimeSelection::Within)
            }
            (MomentRule::Snapshot, Some(at), _) => snapshot(at, dataset, period, report),
            (MomentRule::Snapshot, None, _) => {
                let message = format!("`{}` holds snapshots, so the measure says which one it reads", dataset.id);
                report
                    .error(Code::MOMENT_MISMATCH, place, message)
                    .help("add `at: '09-05'` (month and day), `at: start`, `at: last` or `at: average`");
                None
            }
            (MomentRule::Interval, _, Some((_, active))) => active.map(TimeSelection::Active),
            (MomentRule::Interval, _, None) => {
                let message = format!("`{}` holds intervals, so the measure says when they have to hold", dataset.id);
                report
                    .error(Code::MOMENT_MISMATCH, place, message)
                    .help("add `active: start`, `active: end` or `active: any`");
                None
            }
        }
    }

    fn window(&self, period: PeriodKind, report: &mut Report<'_>) -> Option<Window> {
        let shift = match self.shift {
            Some(length) => length.whole(period, report)?,
            None => 0,
        };
        let span = match (self.rolling, self.cumulative) {
            (Some(_), Some((second, _))) => {
                report.error(Code::INVALID_VALUE, second.at, "a stretch is `rolling` or `cumulative`, not both");
                return None;
            }
            (Some(rolling), None) => Stretch::Rolling { steps: rolling.rolling(period, report)? },
            (None, Some((cursor, kind))) => cumulated(cursor, kind?, period, report)?,
            (None, None) => Stretch::Period,
        };
        Some(Window { shift, span })
    }
}

impl Length {
    pub(super) fn read(cursor: Cursor<'_>, example: &str, report: &mut Report<'_>) -> Self {
        let word = cursor.word(report);
        Self { span: cursor.span(), steps: word.and_then(|word| steps(&word, example, report)) }
    }

    /// A number of whole periods: `-1 year`, `3 months`. In months, or in weeks.
    pub(super) fn whole(self, period: PeriodKind, report: &mut Report<'_>) -> Option<i32> {
        let (steps, of) = self.steps?;
        if steps == 0 || of != period.step() || steps % period.steps() != 0 {
            let message = format!("this is no number of whole {period}s, which the indicator has");
            report.error(Code::PERIOD_MISMATCH, self.span, message);
            return None;
        }
        Some(steps)
    }

    fn rolling(self, period: PeriodKind, report: &mut Report<'_>) -> Option<u32> {
        let (steps, of) = self.steps?;
        if of != period.step() {
            let message = format!("a stretch of {of}s does not end with a {period}");
            report.error(Code::PERIOD_MISMATCH, self.span, message);
            return None;
        }
        if steps < period.steps() {
            let message = format!("this is shorter than the {period} at whose end it ends");
            report.error(Code::PERIOD_MISMATCH, self.span, message);
            return None;
        }
        Some(steps.unsigned_abs())
    }
}

/// At most a hundred years: further away nobody has data.
const MOST_MONTHS: i32 = 1200;
/// The same in weeks.
const MOST_WEEKS: i32 = 5218;

fn steps(word: &Written<&str>, example: &str, report: &mut Report<'_>) -> Option<(i32, PeriodKind)> {
    let parsed = word.value.split_once(' ').and_then(|(number, unit)| {
        let (unit, most) = match unit {
            "week" | "weeks" => (PeriodKind::Week, MOST_WEEKS),
            "month" | "months" => (PeriodKind::Month, MOST_MONTHS),
            "quarter" | "quarters" => (PeriodKind::Quarter, MOST_MONTHS),
            "year" | "years" => (PeriodKind::Year, MOST_MONTHS),
            _ => return None,
        };
        let steps = number.parse::<i32>().ok()?.checked_mul(unit.steps()).filter(|steps| steps.abs() <= most);
        steps.map(|steps| (steps, unit.step()))
    });
    if parsed.is_none() {
        let message = format!("`{}` is no length of time", word.value);
        let help = format!("write a number and week, month, quarter or year: `{example}`");
        report.error(Code::INVALID_VALUE, word.span, message).help(help);
    }
    parsed
}

fn cumulated(cursor: Cursor<'_>, kind: PeriodKind, period: PeriodKind, report: &mut Report<'_>) -> Option<Stretch> {
    if kind == period || !kind.is_made_of(period) {
        let message = format!("a {kind} does not grow by {period}s");
        report.error(Code::PERIOD_MISMATCH, cursor.span(), message);
        return None;
    }
    Some(Stretch::Cumulative(kind))
}

pub(super) fn snapshot(
    at: Cursor<'_>,
    dataset: &Dataset,
    period: PeriodKind,
    report: &mut Report<'_>,
) -> Option<TimeSelection> {
    let word = at.word(report)?;
    let selection = match word.value {
        "average" => TimeSelection::Average,
        _ => day_word(&word, report)?,
    };
    let field = dataset.field(dataset.time);
    if matches!(selection, TimeSelection::Last | TimeSelection::Average) {
        let step = field.ty.period_kind().unwrap_or(dataset.partition);
        if !period.is_made_of(step) {
            let message = format!("a {period} is not made of the {step}s that `{}` is counted by", dataset.id);
            report.error(Code::PERIOD_MISMATCH, word.span, message);
            return None;
        }
        return Some(selection);
    }
    if !is_year(period) && selection != TimeSelection::AtStart {
        let message = format!("one {period} has no day of the year of its own");
        report.error(Code::MOMENT_MISMATCH, word.span, message).help("write `at: start`, `at: last` or `at: average`");
        return None;
    }
    let example = Period::containing(period, Date::new(2024, 10, 1)?);
    let day = selection.snapshot_day(example)?;
    if let Some(kind) = field.ty.period_kind().filter(|kind| Period::containing(*kind, day).start() != day) {
        let message = format!("`{}` is a {kind}, which never begins on that day", field.name);
        report.error(Code::MOMENT_MISMATCH, word.span, message);
        return None;
    }
    Some(selection)
}

/// A day of a year or period: `'09-05'`, `start`, `last`.
pub(super) fn day_word(word: &Written<&str>, report: &mut Report<'_>) -> Option<TimeSelection> {
    let selection = match word.value {
        "start" => Some(TimeSelection::AtStart),
        "last" => Some(TimeSelection::Last),
        other => month_and_day(other),
    };
    if selection.is_none() {
        report
            .error(Code::INVALID_VALUE, word.span, format!("`{}` is no day that every year has", word.value))
            .help("write month and day, '09-05', or `start`, `last` or `average`");
    }
    selection
}

/// Whether a day of the year lies in every period of this kind.
pub(super) fn is_year(period: PeriodKind) -> bool {
    matches!(period, PeriodKind::Year | PeriodKind::SchoolYear)
}

fn month_and_day(text: &str) -> Option<TimeSelection> {
    let (month, day) = text.split_once('-').filter(|(month, day)| month.len() == 2 && day.len() == 2)?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // 2023 has no leap day.
    Date::new(2023, month, day).map(|_| TimeSelection::At { month, day })
}

/// The canonical form of the selection.
pub(super) fn selection_word(time: TimeSelection) -> String {
    match time {
        TimeSelection::Within => "within".to_owned(),
        TimeSelection::AtStart => "start".to_owned(),
        TimeSelection::At { month, day } => format!("{month:02}-{day:02}"),
        TimeSelection::Last => "last".to_owned(),
        TimeSelection::Average => "average".to_owned(),
        TimeSelection::Active(activity) => format!("active_{}", activity.as_str()),
    }
}

/// The canonical form of the window; `None` for the period itself.
pub(super) fn window_word(window: Window) -> Option<String> {
    let span = match window.span {
        Stretch::Period => String::new(),
        Stretch::Rolling { steps } => format!(" rolling {steps}"),
        Stretch::Cumulative(kind) => format!(" cumulative {kind}"),
    };
    (window != Window::default()).then(|| format!("shift {}{span}", window.shift))
}
