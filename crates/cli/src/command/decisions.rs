//! `musketer retract`, `release`, `receipt` and `approve`: what people decide about deliveries and figures, recorded with who, when and why, and
//! carried out at once.

use std::collections::BTreeSet;

use model::{Code, DeliveryId, Pipeline, WorkUnit};
use pipeline::{Act, ActKind, DeliveryLine, Progress, Project, Queries, RunError, RunOptions, Scope};

use super::run::tell;
use crate::arguments::{
    ApproveArguments, CarryingArguments, Common, DecisionArguments, Format, ReceiptArguments, ReleaseArguments,
    RetractArguments,
};
use crate::exit::Exit;
use crate::watch::{Undertaking, carry_out};
use crate::{environment, render};

/// What is decided, and which deliveries it touches.
type Decided = (Vec<Act>, BTreeSet<DeliveryId>);

/// The act about a delivery that somebody decides on the command line.
pub(crate) fn decided(kind: ActKind, delivery: DeliveryId, decision: &DecisionArguments) -> Act {
    let person = decision.by.clone().unwrap_or_else(environment::person);
    Act::about_delivery(kind, delivery, (&person, &environment::now(), &decision.reason))
}

/// Records what is decided, and does what follows from it, in one transaction.
fn enact(
    common: &Common,
    command: &'static str,
    carrying: &CarryingArguments,
    decide: impl Fn(&Project, &Pipeline) -> Result<Decided, RunError>,
) -> Result<Exit, RunError> {
    let undertaking = Undertaking::of(command, carrying);
    let work = |project: &Project, pipeline: &Pipeline, options: &RunOptions<'_>, progress: &dyn Progress| {
        let (acts, deliveries) = decide(project, pipeline)?;
        let options = RunOptions { scope: Scope::of_deliveries(deliveries), acts, ..options.clone() };
        pipeline::run(project, pipeline, &options, progress)
    };
    carry_out(common, &undertaking, work, |project, report| tell(carrying.format, None, project, report))
}

/// Why nothing is decided about a delivery.
fn about(delivery: &DeliveryLine, what: &str, help: &str) -> RunError {
    RunError::Usage {
        code: Code::ACT_POINTLESS,
        message: format!("the delivery {} ({}) {what}", delivery.delivery, delivery.name),
        help: help.to_owned(),
    }
}

/// A decision is carried out by a pipeline that has the delivery: another one would record it, and do nothing.
fn assert_used(pipeline: &Pipeline, delivery: &DeliveryLine) -> Result<(), RunError> {
    if pipeline.uses.iter().any(|usage| usage.source.as_str() == delivery.source) {
        return Ok(());
    }
    Err(RunError::Usage {
        code: Code::NOT_EXPECTED,
        message: format!("the pipeline `{}` does not use the source `{}`", pipeline.id, delivery.source),
        help: "name the pipeline that does: `--pipeline ID`".to_owned(),
    })
}

pub(crate) fn retract(common: &Common, own: &RetractArguments) -> Result<Exit, RunError> {
    enact(common, "retract", &own.carrying, |project, pipeline| {
        let delivery = Queries::open(project)?.delivery(&own.delivery)?;
        match (own.undo, delivery.state == "retracted") {
            (true, false) => {
                return Err(about(&delivery, "has not been taken back", "without `--undo` it is taken back"));
            }
            (false, true) => {
                return Err(about(&delivery, "has been taken back already", "with `--undo` it holds again"));
            }
            _ => assert_used(pipeline, &delivery)?,
        }
        let id = DeliveryId::stored(&delivery.delivery);
        let kind = if own.undo { ActKind::Unretract } else { ActKind::Retract };
        Ok((vec![decided(kind, id.clone(), &own.decision)], BTreeSet::from([id])))
    })
}

pub(crate) fn release(common: &Common, own: &ReleaseArguments) -> Result<Exit, RunError> {
    enact(common, "release", &own.carrying, |project, pipeline| {
        let mut queries = Queries::open(project)?;
        let delivery = queries.delivery(&own.delivery)?;
        let id = DeliveryId::stored(&delivery.delivery);
        let is_released = queries.is_released(&id)?;
        let pointless = match (own.undo, is_released) {
            (true, false) => Some(("has not been released", "without `--undo` it is released")),
            (false, true) => Some(("has been released already", "with `--undo` it is judged by the budget again")),
            (false, false) if delivery.state != "withheld" => {
                Some(("is not withheld", "`musketer status` shows what is, and why"))
            }
            _ => None,
        };
        if let Some((what, help)) = pointless {
            return Err(about(&delivery, what, help));
        }
        assert_used(pipeline, &delivery)?;
        let kind = if own.undo { ActKind::Unrelease } else { ActKind::Release };
        Ok((vec![decided(kind, id.clone(), &own.decision)], BTreeSet::from([id])))
    })
}

pub(crate) fn receipt(common: &Common, own: &ReceiptArguments) -> Result<Exit, RunError> {
    enact(common, "receipt", &own.carrying, |project, pipeline| {
        let units = pipeline::owed_units(project, pipeline, &own.source, own.municipality, own.period)?;
        // Before the first run there is no store, and nothing that could have been delivered.
        let held = match Queries::open(project) {
            Ok(mut queries) => queries.holders(&units)?,
            Err(RunError::Usage { code: Code::NOTHING_KNOWN, .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        if let Some((unit, delivery)) = held.first() {
            return Err(RunError::Usage {
                code: Code::ACT_POINTLESS,
                message: format!("{unit} has come: {} ({})", delivery.delivery, delivery.name),
                help: "take that delivery back first if it is wrong: `musketer retract`".to_owned(),
            });
        }
        Ok((units.into_iter().map(|unit| stated(unit, &own.decision)).collect(), BTreeSet::new()))
    })
}

/// The statement that there is nothing to report for a unit.
fn stated(unit: WorkUnit, decision: &DecisionArguments) -> Act {
    Act {
        kind: ActKind::NothingToReport,
        delivery: None,
        record: None,
        source: Some(unit.source),
        municipality: Some(unit.municipality),
        period: Some(unit.period),
        area_of_work: None,
        person: decision.by.clone().unwrap_or_else(environment::person),
        at: environment::now(),
        reason: decision.reason.clone(),
    }
}

pub(crate) fn approve(common: &Common, own: &ApproveArguments) -> Result<Exit, RunError> {
    let (Some(area), Some(municipality), Some(period), Some(reason)) =
        (&own.area, own.municipality, own.period, &own.reason)
    else {
        let project = super::project(common)?;
        let held = Queries::open(&project)?.held(own.area.as_deref(), own.municipality, own.period)?;
        let text = match own.carrying.format {
            Format::Json => render::json(&held)?,
            Format::Text => render::held::text(&held),
        };
        render::result(&text)?;
        return Ok(Exit::Ok);
    };
    enact(common, "approve", &own.carrying, |project, pipeline| {
        let mut queries = Queries::open(project)?;
        let held = queries.held(Some(area), Some(municipality), Some(period))?;
        let approved = queries.approved(area, municipality)?;
        let pointless = if own.withdraw {
            let known: Vec<String> = approved.iter().map(ToString::to_string).collect();
            let help = if known.is_empty() {
                "nothing of it is".to_owned()
            } else {
                format!("approved: {}", known.join(", "))
            };
            (!approved.contains(&period)).then_some(("is not approved", help))
        } else {
            let rules: Vec<String> =
                pipeline.approvals.iter().map(|rule| format!("`{}` from {} on", rule.area, rule.from)).collect();
            let help = if rules.is_empty() {
                format!("the pipeline `{}` has no `approvals`", pipeline.id)
            } else {
                format!("held: {}; `musketer approve --list` shows all figures", rules.join(", "))
            };
            held.is_empty().then_some(("is not held", help))
        };
        if let Some((what, help)) = pointless {
            return Err(RunError::Usage {
                code: Code::ACT_POINTLESS,
                message: format!("`{area}` of {municipality} in {period} {what}"),
                help,
            });
        }
        let kind = if own.withdraw { ActKind::WithdrawApproval } else { ActKind::Approve };
        let act = Act {
            kind,
            delivery: None,
            record: None,
            source: None,
            municipality: Some(municipality),
            period: Some(period),
            area_of_work: Some(area.clone()),
            person: own.by.clone().unwrap_or_else(environment::person),
            at: environment::now(),
            reason: reason.clone(),
        };
        Ok((vec![act], BTreeSet::new()))
    })
}
