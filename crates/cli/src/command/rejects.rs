//! `musketer rejects`: rows that could not be loaded are listed and shown, waived, or read again.

use std::cell::Cell;
use std::collections::BTreeSet;

use model::{Code, DeliveryId, Pipeline};
use pipeline::{
    Act, ActKind, Outcome, Progress, Project, Queries, RejectFilter, RejectStatus, RunError, RunOptions, RunReport,
    Scope, Separator,
};

use super::decisions::decided;
use super::run::tell;
use crate::arguments::{
    Common, Format, RejectsCommand, RejectsListArguments, ReplayArguments, RowsFormat, ShowArguments, WaiveArguments,
};
use crate::exit::Exit;
use crate::render;
use crate::watch::{Undertaking, carry_out};

/// Rows that are listed if nobody says how many.
const LISTED: usize = 20;

pub(crate) fn rejects(common: &Common, command: &RejectsCommand) -> Result<Exit, RunError> {
    match command {
        RejectsCommand::List(own) => list(common, own),
        RejectsCommand::Show(own) => show(common, own),
        RejectsCommand::Waive(own) => waive(common, own),
        RejectsCommand::Replay(own) => replay(common, own),
    }
}

fn list(common: &Common, own: &RejectsListArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let as_csv = own.format == RowsFormat::Csv;
    let filter = RejectFilter {
        delivery: own.delivery.clone(),
        status: own.status.status(),
        limit: own.limit.or((!as_csv).then_some(LISTED)),
        ..own.which.filter()
    };
    let rejects = Queries::open(&project)?.rejects(&filter)?;
    match own.format {
        RowsFormat::Json => render::result(&render::json(&rejects)?)?,
        RowsFormat::Text => render::result(&render::rejects::text(&rejects, filter.status))?,
        RowsFormat::Csv => {
            let mut text = Vec::new();
            rejects
                .to_csv(Separator::Comma, &mut text)
                .map_err(|source| RunError::File { path: "standard output".into(), source })?;
            render::result(&String::from_utf8_lossy(&text))?;
            render::note_if_any(&render::rejects::left_out(&rejects));
        }
    }
    Ok(Exit::Ok)
}

fn show(common: &Common, own: &ShowArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let filter = RejectFilter {
        delivery: Some(own.subject.delivery.clone()),
        record: own.subject.record,
        ..RejectFilter::default()
    };
    let mut queries = Queries::open(&project)?;
    let total = queries.rejected_records(&filter)?.len();
    let records = queries.rejected(&RejectFilter { limit: Some(own.limit), ..filter })?;
    if records.is_empty() {
        return Err(nothing_meant("no such record was rejected".to_owned()));
    }
    match own.format {
        Format::Json => render::result(&render::json(&records)?)?,
        Format::Text => render::result(&render::rejects::in_full(&records, total))?,
    }
    Ok(Exit::Ok)
}

fn nothing_meant(message: String) -> RunError {
    let help =
        "`musketer rejects list --status all` has the rejected rows, each with its delivery and record".to_owned();
    RunError::Usage { code: Code::ACT_POINTLESS, message, help }
}

fn waive(common: &Common, own: &WaiveArguments) -> Result<Exit, RunError> {
    let (kind, status) =
        if own.undo { (ActKind::Unwaive, RejectStatus::Waived) } else { (ActKind::Waive, RejectStatus::Open) };
    let subject = own.subject.as_ref();
    let filter = RejectFilter {
        delivery: subject.map(|subject| subject.delivery.clone()),
        record: subject.and_then(|subject| subject.record),
        status: Some(status),
        ..own.which.filter()
    };
    let told = Cell::default();
    let work = |project: &Project, pipeline: &Pipeline, options: &RunOptions<'_>, progress: &dyn Progress| {
        let records = Queries::open(project)?.rejected_records(&filter)?;
        let Some((first, _)) = records.first() else {
            return Err(nothing_meant(format!("none of the rows that are meant is {status}")));
        };
        let act = decided(kind, first.clone(), &own.decision);
        let about = |(delivery, record): &(DeliveryId, u64)| Act {
            delivery: Some(delivery.clone()),
            record: Some(*record),
            ..act.clone()
        };
        // Nothing is read: what is decided here is about rows that are there.
        let scope = Scope::of_deliveries(BTreeSet::new());
        let options = RunOptions { scope, acts: records.iter().map(about).collect(), ..options.clone() };
        let report = pipeline::run(project, pipeline, &options, progress)?;
        told.set(render::rejects::decided(&records, own.undo));
        Ok(report)
    };
    let undertaking = Undertaking::of("waive", &own.carrying);
    carry_out(common, &undertaking, work, |_, report| match own.carrying.format {
        Format::Json => render::result(&render::json(report)?),
        Format::Text => render::result(&told.take()),
    })
}

fn replay(common: &Common, own: &ReplayArguments) -> Result<Exit, RunError> {
    let filter =
        RejectFilter { delivery: own.delivery.clone(), status: Some(RejectStatus::Open), ..own.which.filter() };
    let meant = Cell::default();
    let work = |project: &Project, pipeline: &Pipeline, options: &RunOptions<'_>, progress: &dyn Progress| {
        let mut queries = Queries::open(project)?;
        let deliveries: BTreeSet<DeliveryId> =
            queries.rejected_records(&filter)?.into_iter().map(|(delivery, _)| delivery).collect();
        meant.set(deliveries.len());
        if deliveries.is_empty() {
            let (id, started_at) = (pipeline.id.to_string(), options.started_at.clone());
            let nothing = RunReport::without_result(id, started_at, Outcome::NothingNew);
            return Ok(RunReport { deliveries_known: queries.deliveries_known()?, ..nothing });
        }
        // The run opens the store for itself.
        drop(queries);
        let options = RunOptions { scope: Scope::of_deliveries(deliveries), ..options.clone() };
        pipeline::run(project, pipeline, &options, progress)
    };
    let undertaking = Undertaking::of("replay", &own.carrying);
    carry_out(common, &undertaking, work, |project, report| {
        if own.carrying.format == Format::Text {
            render::result(&render::rejects::replayed(&report.result, meant.get()))?;
        }
        tell(own.carrying.format, None, project, report)
    })
}
