//! `musketer retract`: a delivery is taken back, and what stood before stands again.

use std::collections::BTreeSet;

use model::{Code, DeliveryId, Pipeline};
use pipeline::{Act, ActKind, Progress, Project, Queries, RunError, RunOptions, Scope};

use super::run::tell;
use crate::arguments::{Common, DecisionArguments, RetractArguments};
use crate::environment;
use crate::exit::Exit;
use crate::watch::{Undertaking, carry_out};

/// The act about a delivery that somebody decides on the command line.
pub(crate) fn decided(kind: ActKind, delivery: DeliveryId, decision: &DecisionArguments) -> Act {
    let person = decision.by.clone().unwrap_or_else(environment::person);
    Act::about_delivery(kind, delivery, (&person, &environment::now(), &decision.reason))
}

pub(crate) fn retract(common: &Common, own: &RetractArguments) -> Result<Exit, RunError> {
    let undertaking = Undertaking {
        command: "retract",
        pipeline: own.pipeline.as_deref(),
        jobs: None,
        waiting: &own.waiting,
        watched: &own.watched,
    };
    let work = |project: &Project, pipeline: &Pipeline, options: &RunOptions<'_>, progress: &dyn Progress| {
        let id = delivery(project, pipeline, own)?;
        let kind = if own.undo { ActKind::Unretract } else { ActKind::Retract };
        let options = RunOptions {
            scope: Scope::of_deliveries(BTreeSet::from([id.clone()])),
            acts: vec![decided(kind, id, &own.decision)],
            ..options.clone()
        };
        pipeline::run(project, pipeline, &options, progress)
    };
    carry_out(common, &undertaking, work, |project, report| tell(own.format, None, project, report))
}

/// The delivery that is meant, if it can be taken back, or be let hold again.
fn delivery(project: &Project, pipeline: &Pipeline, own: &RetractArguments) -> Result<DeliveryId, RunError> {
    let delivery = Queries::open(project)?.delivery(&own.delivery)?;
    let is_retracted = delivery.state == "retracted";
    if is_retracted != own.undo {
        let (done, help) = if own.undo {
            ("has not been taken back", "without `--undo` it is taken back")
        } else {
            ("has been taken back already", "with `--undo` it holds again")
        };
        return Err(RunError::Usage {
            code: Code::ACT_POINTLESS,
            message: format!("the delivery {} ({}) {done}", delivery.delivery, delivery.name),
            help: help.to_owned(),
        });
    }
    if pipeline.uses.iter().all(|usage| usage.source.as_str() != delivery.source) {
        return Err(RunError::Usage {
            code: Code::NOT_EXPECTED,
            message: format!("the pipeline `{}` does not use the source `{}`", pipeline.id, delivery.source),
            help: "name the pipeline that does: `--pipeline ID`".to_owned(),
        });
    }
    Ok(DeliveryId::stored(&delivery.delivery))
}
