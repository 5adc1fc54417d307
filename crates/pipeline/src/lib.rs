//! Units of work, their order, and the books that balance.
//!
//! The one crate that knows all stages. It decides what is read and computed again, hands each stage its work, keeps
//! the tally of every delivery, and publishes what belongs together in one transaction. It reads neither the clock nor
//! the environment: both enter as arguments.
//!
//! Where to start: [`single`] reads one file and nothing else, [`Project::open`] reads a project's definitions, [`run`] carries out a pipeline, [`testing::test`] the tests of definitions, [`Queries`] answers
//! what was published and why.

mod approvals;
mod backfill;
mod books;
mod budget;
mod calendar;
mod causes;
mod closing;
mod coverage;
mod decisions;
mod error;
mod figures;
mod geography;
mod groups;
mod holding;
mod intake;
mod key;
mod ledger;
mod lock;
mod plan;
mod post;
mod project;
mod query;
mod reading;
mod rejects;
mod report;
mod revision;
mod run;
mod scope;
mod series;
pub mod single;
pub mod testing;
mod upkeep;
mod values;
mod withholding;
mod work;

pub use backfill::{Backfill, BackfillPlan, Gap, PlannedStep, Resumption, backfill, plan_backfill};
pub use calendar::{UnitState, owed_units};
pub use error::RunError;
// What a guess finds is shown as it is.
pub use extractor::{
    ColumnProfile, ColumnType, Confidence, DialectProfile, Finding, LayoutKind, NumberStyle, Profile, SignPlace,
};
// Who writes an export has to say what stands between its cells.
// What people decide goes through as it is.
pub use key::{KeyPlace, load_key, look_for_key};
pub use loader::Separator;
pub use loader::{Act, ActKind, RejectStatus};
// Keys are loaded here and handed on unseen.
pub use lock::{LeftBehind, Lock, LockHolder, Patience};
pub use normaliser::PersonKeys;
pub use plan::{
    Action, Amount, Cause, DefinitionChange, Plan, PlanState, PlannedDelivery, PlannedIndicator, PlannedRequest,
    PlannedSeries, PlannedWithheld, Reviewed,
};
pub use post::post;
pub use project::{CONFIGURATION, Project};
pub use query::{
    AsOf, AsOfLine, CarriedLine, CauseLine, Decision, DeliveryLine, DeliveryName, Expected, Explanation, ExportFilter,
    HeldLine, IndicatorLine, MeasureLine, MemberLine, MissingUnits, Parts, Queries, RefusedDelivery, RejectCount,
    RejectFilter, RejectLine, RejectReason, RejectedRecord, Rejects, RevisionLine, RowsOfMeasure, RunLine,
    SourceStatus, Status, StatusFilter, UnitLine, VersionLine,
};
pub use report::{
    DeliveryReport, IndicatorReport, NoticeReport, Outcome, ReadAgain, RefusalReport, RunReport, SourceReport,
    UnreleasedReport,
};
pub use revision::Earlier;
pub use run::{Interrupted, Phase, Progress, RunOptions, Silent, StepBegins, plan, run};
pub use scope::{Reprocess, Scope};
pub use upkeep::{
    ArchiveCopy, BackupReport, Check, Circumstances, Collected, GarbageKind, Standing, Sweep, Verdict, back_up,
    collect, examine, standing,
};
pub use values::{FigureChange, FigureSide, IndicatorChange, NotCompared, ValueChanges, value_changes};
