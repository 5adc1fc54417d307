//! `musketer backfill`: a part of the deliveries, period by period.

use std::collections::BTreeSet;

use model::{Code, DatasetId, Pipeline, SourceId};
use pipeline::{Backfill, BackfillPlan, Progress, Project, RunError, RunOptions, Scope};

use super::plan::looking;
use super::run::tell;
use crate::arguments::{BackfillArguments, Common, Format};
use crate::exit::Exit;
use crate::render;
use crate::watch::{Undertaking, carry_out};

pub(crate) fn backfill(common: &Common, own: &BackfillArguments) -> Result<Exit, RunError> {
    if own.dry_run {
        return dry_run(common, own);
    }
    let undertaking = Undertaking {
        command: "backfill",
        pipeline: own.pipeline.as_deref(),
        jobs: own.jobs,
        waiting: &own.waiting,
        watched: &own.watched,
    };
    let work = |project: &Project, pipeline: &Pipeline, options: &RunOptions<'_>, progress: &dyn Progress| {
        let wanted = wanted(project, pipeline, own)?;
        let said = |plan: &BackfillPlan| {
            if !common.quiet {
                render::note(render::backfill::plan(plan, common.verbose > 0).trim_end());
            }
            Ok(())
        };
        pipeline::backfill(project, pipeline, options, &wanted, said, progress)
    };
    carry_out(common, &undertaking, work, |project, report| tell(own.format, None, project, report))
}

fn dry_run(common: &Common, own: &BackfillArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let pipeline = project.pipeline(own.pipeline.as_deref())?;
    let wanted = wanted(&project, pipeline, own)?;
    let plan = looking(common, &project, pipeline, own.jobs, |project, pipeline, options, progress| {
        pipeline::plan_backfill(project, pipeline, options, &wanted, progress)
    })?;
    render::result(&match own.format {
        Format::Json => render::json(&plan)?,
        Format::Text => render::backfill::plan(&plan, common.verbose > 0),
    })?;
    Ok(Exit::Ok)
}

/// What is asked for, if the project knows all of it.
fn wanted(project: &Project, pipeline: &Pipeline, own: &BackfillArguments) -> Result<Backfill, RunError> {
    if !pipeline.as_defined.contains(&own.definitions.as_defined()) {
        let word = own.definitions.as_defined();
        return Err(RunError::Usage {
            code: Code::INVALID_VALUE,
            message: format!("the pipeline `{}` has no figures as defined {word}", pipeline.id),
            help: format!("add `{word}` to its `definitions`: then every run makes both, and a backfill too"),
        });
    }
    let (from, to) = (own.from.map(model::Period::start), own.to.map(model::Period::start));
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(RunError::Usage {
            code: Code::INVALID_VALUE,
            message: "nothing lies between --from and --to: the period of --to is left out".to_owned(),
            help: "for the year 2024 alone: `--from 2024 --to 2025`".to_owned(),
        });
    }
    let municipalities: BTreeSet<_> = own.municipality.iter().copied().collect();
    let scope = Scope {
        sources: sources(project, pipeline, own)?,
        municipalities: (!municipalities.is_empty()).then_some(municipalities),
        from,
        to,
        reprocess: own.reprocess.reprocess(),
        ..Scope::all()
    };
    Ok(Backfill { scope, newest_first: own.newest_first, max_units: own.max_units, resumption: own.resumption() })
}

/// The sources that are named, or that the selected indicators are made of; `None` for all.
fn sources(
    project: &Project,
    pipeline: &Pipeline,
    own: &BackfillArguments,
) -> Result<Option<BTreeSet<SourceId>>, RunError> {
    let used: BTreeSet<&SourceId> = pipeline.uses.iter().map(|usage| &usage.source).collect();
    let mut wanted = BTreeSet::new();
    for name in &own.source {
        let Some(source) = used.iter().find(|id| id.as_str() == name) else {
            let known: Vec<&str> = used.iter().map(|id| id.as_str()).collect();
            return Err(RunError::Usage {
                code: Code::NOT_EXPECTED,
                message: format!("the pipeline `{}` does not use the source `{name}`", pipeline.id),
                help: format!("it uses {}", known.join(", ")),
            });
        };
        wanted.insert((*source).clone());
    }
    for name in &own.select {
        let indicators = pipeline.indicators.iter().filter_map(|id| project.catalogue.indicators.get(id));
        let mut chosen = indicators.filter(|one| one.id.as_str() == name || one.area.as_str() == name).peekable();
        if chosen.peek().is_none() {
            return Err(RunError::Usage {
                code: Code::NOTHING_KNOWN,
                message: format!("the pipeline `{}` has no indicator or municipal area `{name}`", pipeline.id),
                help: "`musketer catalogue` writes pages of all of them".to_owned(),
            });
        }
        let read: BTreeSet<&DatasetId> =
            chosen.flat_map(|one| one.editions().flat_map(|edition| edition.datasets())).collect();
        let of_dataset = |id: &&&SourceId| {
            project.catalogue.sources.get(id.as_str()).is_some_and(|source| read.contains(&source.dataset))
        };
        wanted.extend(used.iter().filter(of_dataset).map(|id| (*id).clone()));
    }
    Ok((!own.source.is_empty() || !own.select.is_empty()).then_some(wanted))
}
