//! Backfills: a part of the deliveries, one period after the other, each step an ordinary run over its scope.
//!
//! What a step publishes is complete in itself, and the mark of the backfill moves on in the same transaction. So a backfill
//! may be stopped or killed at any instant, and whoever resumes it does the steps that are left. Between two steps the store
//! is free for others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use loader::{BackfillStep, LoadError, OpenBackfill, Store};
use model::{Code, Date, DeliveryScope, MunicipalityCode, Period, PeriodKind, Pipeline, SourceId};
use serde::{Deserialize, Serialize};

use crate::coverage::{Cell, Coverage, owed_periods};
use crate::geography::Geography;
use crate::run::{look, look_back, run};
use crate::scope::Reprocess;
use crate::work::Work;
use crate::{
    Amount, Interrupted, Lock, Outcome, Patience, Plan, PlannedDelivery, Progress, Project, RunError, RunOptions,
    RunReport, Scope, StepBegins,
};

/// How long a step waits for a run that has come between it and the step before.
const BETWEEN_STEPS: Duration = Duration::from_hours(24);

/// What becomes of a backfill that was begun and has steps left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Resumption {
    /// Nothing is done, and it is said.
    #[default]
    Refuse,
    /// The steps that are left are done.
    Resume,
    /// It is given up for a new one.
    Restart,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Backfill {
    /// The deliveries that it is about.
    pub scope: Scope,
    /// Whether the latest period is the first step.
    pub newest_first: bool,
    /// The most units that it may touch.
    pub max_units: u64,
    /// What becomes of one that has steps left.
    pub resumption: Resumption,
}

/// A step that is to be done.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedStep {
    /// The period that the names of its deliveries state; `None` for those that state none.
    pub period: Option<String>,
    /// Deliveries that are read.
    pub deliveries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their rows.
    pub rows: Amount,
    /// The units that they cover.
    pub units: Amount,
}

/// Units of the scope that are owed and that nobody has delivered.
#[derive(Debug, Clone, Serialize)]
pub struct Gap {
    /// The source.
    pub source: String,
    /// The municipality.
    pub municipality: String,
    /// The periods.
    pub periods: Vec<String>,
}

/// What a backfill would do.
#[derive(Debug, Clone, Serialize)]
pub struct BackfillPlan {
    /// What is decided about deliveries and series, all steps together.
    pub plan: Plan,
    /// The steps, in their order.
    pub steps: Vec<PlannedStep>,
    /// What is not there to be read.
    pub gaps: Vec<Gap>,
    /// The most units that it may touch.
    pub max_units: u64,
    /// Deliveries known in all.
    pub deliveries_known: u64,
}

/// What was asked for, as the table keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    from: Option<String>,
    to: Option<String>,
    sources: Vec<String>,
    municipalities: Vec<String>,
    reprocess: String,
    newest_first: bool,
}

/// The mark of a backfill: what was asked for, and the periods of its steps.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {
    asked: Asked,
    /// An empty text for deliveries that state no period.
    periods: Vec<String>,
}

impl Asked {
    fn of(wanted: &Backfill) -> Self {
        let Scope { sources, municipalities, from, to, reprocess, .. } = &wanted.scope;
        Self {
            from: from.map(|day| day.to_string()),
            to: to.map(|day| day.to_string()),
            sources: sources.iter().flatten().map(ToString::to_string).collect(),
            municipalities: municipalities.iter().flatten().map(ToString::to_string).collect(),
            reprocess: reprocess.as_str().to_owned(),
            newest_first: wanted.newest_first,
        }
    }

    /// As it would be typed; days stand for the periods that begin with them.
    fn typed(&self) -> String {
        let Self { from, to, sources, municipalities, reprocess, newest_first } = self;
        let mut words = vec!["musketer backfill".to_owned()];
        words.extend(from.iter().map(|day| format!("from {day} on")));
        words.extend(to.iter().map(|day| format!("before {day}")));
        words.extend(sources.iter().map(|id| format!("--source {id}")));
        words.extend(municipalities.iter().map(|code| format!("--municipality {code}")));
        words.push(format!("--reprocess {reprocess}"));
        words.extend(newest_first.then(|| "--newest-first".to_owned()));
        words.join(" ")
    }
}

/// What a backfill would do now. Nothing is written.
pub fn plan_backfill(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    wanted: &Backfill,
    progress: &dyn Progress,
) -> Result<BackfillPlan, RunError> {
    let options = RunOptions { scope: wanted.scope.clone(), ..options.clone() };
    look(project, pipeline, &options, progress, |work, past| {
        let plan = Plan::of(work, project, &options, past);
        let today = options.started_at.get(..10).and_then(Date::parse_iso);
        let steps = steps(&plan, wanted.newest_first);
        let deliveries_known = work.ledger.known.len() as u64;
        BackfillPlan { gaps: gaps(work, &plan, today), steps, plan, max_units: wanted.max_units, deliveries_known }
    })
}

/// Deliveries whose names state no period come first: what does, can only be about a part of what they are about.
fn steps(plan: &Plan, newest_first: bool) -> Vec<PlannedStep> {
    let mut grouped: BTreeMap<Option<(Date, Date, String)>, Vec<&PlannedDelivery>> = BTreeMap::new();
    // A file that cannot be taken in is no delivery.
    for one in plan.deliveries.iter().filter(|one| !one.delivery.is_empty()) {
        let period = one.period.as_ref().and_then(|text| text.parse::<Period>().ok());
        grouped.entry(period.map(|period| (period.start(), period.end(), period.to_string()))).or_default().push(one);
    }
    let step = |(period, of): (Option<(Date, Date, String)>, Vec<&PlannedDelivery>)| {
        let read: Vec<&&PlannedDelivery> = of.iter().filter(|one| one.action.is_read()).collect();
        PlannedStep {
            period: period.map(|(.., text)| text),
            deliveries: read.len() as u64,
            bytes: read.iter().map(|one| one.bytes).sum(),
            rows: Amount::of(read.iter().map(|one| (one.rows, one.rows_estimated))),
            units: Amount::of(read.iter().map(|one| (one.units, one.units_estimated))),
        }
    };
    let mut steps: Vec<PlannedStep> = grouped.into_iter().map(step).collect();
    if newest_first {
        steps.reverse();
    }
    steps
}

/// What deliveries of a source will bring, by their names.
#[derive(Default)]
struct Coming {
    cells: BTreeSet<(Option<MunicipalityCode>, Option<Period>)>,
}

impl Coming {
    fn add(&mut self, scope: &DeliveryScope, partition: PeriodKind) {
        match scope.period {
            None => self.cells.extend([(scope.municipality, None)]),
            Some(period) => self.cells.extend(period.parts(partition).map(|part| (scope.municipality, Some(part)))),
        }
    }

    /// Whether there may be rows of a unit in what comes.
    fn brings(&self, (municipality, period): Cell) -> bool {
        let possible =
            [(Some(municipality), Some(period)), (Some(municipality), None), (None, Some(period)), (None, None)];
        possible.iter().any(|one| self.cells.contains(one))
    }
}

/// Units in the scope that are owed, whose periods are over, and that neither are there nor come with the plan.
fn gaps(work: &Work<'_>, plan: &Plan, today: Option<Date>) -> Vec<Gap> {
    let coverage = Coverage::of(work.catalogue, work.pipeline, work.ledger.units.keys());
    let geography = Geography::of(work.catalogue);
    let read: BTreeSet<&str> =
        plan.deliveries.iter().filter(|one| one.action.is_read()).map(|one| one.delivery.as_str()).collect();
    let mut coming: BTreeMap<&SourceId, Coming> = BTreeMap::new();
    for known in work.ledger.known.values().filter(|known| read.contains(known.delivery.id.as_str())) {
        let source = work.catalogue.sources.get(&known.delivery.scope.source);
        let Some(dataset) = source.and_then(|source| work.catalogue.datasets.get(&source.dataset)) else { continue };
        coming.entry(&known.delivery.scope.source).or_default().add(&known.delivery.scope, dataset.partition);
    }
    let mut gaps: BTreeMap<(SourceId, MunicipalityCode), Vec<String>> = BTreeMap::new();
    for usage in &work.pipeline.uses {
        let Some(source) = work.catalogue.sources.get(&usage.source) else { continue };
        if work.scope.sources.as_ref().is_some_and(|asked| !asked.contains(&usage.source)) {
            continue;
        }
        let delivered = coverage.delivered.get(&source.dataset);
        let coming = coming.get(&usage.source);
        let last = [work.scope.to, today].into_iter().flatten().min();
        let last = last.map_or(usage.from, |day| Period::containing(usage.from.kind(), day));
        for period in owed_periods(usage, last) {
            if !work.scope.is_within(period) || today.is_some_and(|today| period.end() > today) {
                continue;
            }
            let owes = |code: MunicipalityCode| {
                work.scope.is_about(code) && (code == MunicipalityCode::COUNTRY || geography.has(code, period.start()))
            };
            for code in usage.municipalities.iter().copied().filter(|code| owes(*code)) {
                let cell = (code, period);
                if !delivered.is_some_and(|delivered| delivered.contains(&cell))
                    && !coming.is_some_and(|coming| coming.brings(cell))
                {
                    gaps.entry((usage.source.clone(), code)).or_default().push(period.to_string());
                }
            }
        }
    }
    let gap = |((source, municipality), periods): ((SourceId, MunicipalityCode), Vec<String>)| Gap {
        source: source.to_string(),
        municipality: municipality.to_string(),
        periods,
    };
    gaps.into_iter().map(gap).collect()
}

/// Carries out a backfill, or what is left of one. `planned` is told what a new one will do before anything is done.
pub fn backfill(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    wanted: &Backfill,
    planned: impl FnOnce(&BackfillPlan) -> Result<(), RunError>,
    progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    let open = open(project)?;
    let asked = Asked::of(wanted);
    let (number, mark, done) = match (open, wanted.resumption) {
        (Some(open), Resumption::Refuse) => return Err(is_open(&open)),
        (None, Resumption::Resume) => {
            return Err(RunError::Usage {
                code: Code::BACKFILL_UNKNOWN,
                message: "there is no backfill that has steps left".to_owned(),
                help: "begin one: leave `--resume` out".to_owned(),
            });
        }
        (Some(open), Resumption::Resume) => {
            let mark: Mark = serde_json::from_str(&open.arguments)
                .map_err(|error| RunError::Internal(format!("the mark of backfill {}: {error}", open.backfill)))?;
            if mark.asked != asked || open.pipeline != pipeline.id.as_str() {
                let message = format!(
                    "the backfill {} of the pipeline `{}` was begun as: {}",
                    open.backfill,
                    open.pipeline,
                    mark.asked.typed()
                );
                return Err(RunError::usage(Code::BACKFILL_UNKNOWN, message));
            }
            (open.backfill, mark, open.steps_done)
        }
        (open, _) => {
            let plan = plan_backfill(project, pipeline, options, wanted, progress)?;
            planned(&plan)?;
            if plan.plan.units.number > wanted.max_units {
                let (units, most) = (plan.plan.units.number, wanted.max_units);
                let message = format!("it would read deliveries of {units} units, more than {most}");
                return Err(RunError::usage(Code::BACKFILL_TOO_LARGE, message));
            }
            let deliveries_known = plan.deliveries_known;
            let periods: Vec<String> = plan.steps.into_iter().map(|step| step.period.unwrap_or_default()).collect();
            if periods.is_empty() && open.is_none() {
                return Ok(RunReport { deliveries_known, ..nothing_new(pipeline, options) });
            }
            let mark = Mark { asked, periods };
            (begin(project, pipeline, options, &mark)?, mark, 0)
        }
    };
    carry_on(project, pipeline, options, wanted, (number, &mark, done), progress)
}

fn nothing_new(pipeline: &Pipeline, options: &RunOptions<'_>) -> RunReport {
    RunReport::without_result(pipeline.id.to_string(), options.started_at.clone(), Outcome::NothingNew)
}

fn is_open(open: &OpenBackfill) -> RunError {
    let OpenBackfill { backfill, pipeline, started_at, steps, steps_done, .. } = open;
    let message = format!(
        "the backfill {backfill} of the pipeline `{pipeline}`, begun at {started_at}, has done {steps_done} of {steps} steps"
    );
    RunError::usage(Code::BACKFILL_OPEN, message)
}

/// The backfill that has steps left.
fn open(project: &Project) -> Result<Option<OpenBackfill>, RunError> {
    match Store::open_read_only(&project.store()) {
        Ok(mut store) => Ok(store.read()?.open_backfill()?),
        Err(LoadError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes the mark down, and gives up what has steps left.
fn begin(project: &Project, pipeline: &Pipeline, options: &RunOptions<'_>, mark: &Mark) -> Result<i64, RunError> {
    let mut lock = Lock::take(&project.store(), &options.holder, &options.patience)?;
    let arguments =
        serde_json::to_string(mark).map_err(|error| RunError::Internal(format!("a mark that is no JSON: {error}")))?;
    let mut store = Store::open(&project.store())?;
    look_back(&mut store, &mut lock)?;
    let steps = mark.periods.len() as u64;
    Ok(store.begin_backfill(pipeline.id.as_str(), &arguments, steps, &options.started_at)?)
}

/// Does the steps that are left.
fn carry_on(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    wanted: &Backfill,
    (backfill, mark, done): (i64, &Mark, u64),
    progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    let of = mark.periods.len() as u64;
    let mut report = nothing_new(pipeline, options);
    let first = (options.elapsed)();
    for (before, period) in (done..).zip(mark.periods.iter().skip(usize::try_from(done).unwrap_or(usize::MAX))) {
        let stated: Option<Period> = match period.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| RunError::Internal(format!("`{text}` is no period")))?),
        };
        let began = (options.elapsed)();
        let (took, is_first) = (began - first, before == done);
        let left = (!is_first).then(|| took / (before - done) * (of - before));
        progress.step(&StepBegins { number: before + 1, of, period: stated, elapsed: took, left });
        let elapsed = || (options.elapsed)().saturating_sub(began);
        let wait = if is_first { options.patience.wait } else { BETWEEN_STEPS };
        let step = RunOptions {
            patience: Patience { wait, stop: options.patience.stop.clone() },
            started_at: (options.now)(),
            elapsed: &elapsed,
            scope: Scope { stated: Some(stated), ..wanted.scope.clone() },
            backfill: Some(BackfillStep { backfill, before }),
            ..options.clone()
        };
        match run(project, pipeline, &step, progress) {
            Ok(of_step) => report.add_step(of_step),
            Err(RunError::Interrupted(heard)) => {
                return Err(RunError::Interrupted(Interrupted { backfill: Some((before, of)), ..heard }));
            }
            Err(error) => {
                tracing::warn!("{before} of {of} steps of the backfill are done and stay; `--resume` does the others");
                return Err(error);
            }
        }
    }
    Ok(report)
}

impl Reprocess {
    /// The word used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::All => "all",
        }
    }
}
