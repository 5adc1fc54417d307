//! Figures, ledger, rejects and canonical rows into a destination, once, in one transaction.
//!
//! The destination is a folder: `musketer.db` (`SQLite`) holds the ledger and the figures, `canonical/` the rows as
//! Parquet. What is visible in it is complete: a run writes its canonical files first, under names of their own, and
//! then commits one transaction that names them. The crate decides nothing: which delivery holds, what is computed
//! again and when, is the pipeline's.
//!
//! Where to start: [`Store::open`] and [`Store::begin`] to write, [`Store::read`] to read, [`CanonicalWriter`] for
//! rows, `schema.sql` for what the tables mean.

mod acts;
mod backfill;
mod backup;
mod canonical;
mod carried;
mod comparison;
mod definition;
mod error;
mod export;
mod figures;
mod history;
mod latest;
mod ledger;
mod place;
mod publication;
mod reading;
mod rejects;
mod schema;
mod seen;
mod standing;
mod store;
mod table;
mod why;
mod wide;

pub use acts::{Act, ActKind, RecordedAct};
pub use backfill::{BackfillStep, OpenBackfill};
pub use backup::BackupCopy;
pub use canonical::{
    BatchPool, CanonicalPart, CanonicalWriter, EncodeScratch, EncodedGroup, PartScope, ROW_GROUP_ROWS, RowGroup,
    part_path, remove_records, rows_of_part, rows_with_records,
};
pub use carried::Carried;
pub use comparison::{NamedMembership, export_members_csv};
pub use definition::{DefinitionKey, DefinitionKind, DefinitionText};
pub use error::LoadError;
pub use export::{Language, Separator, export_csv, export_parquet, export_texts_csv};
pub use figures::{AreaRecord, Description, FigureCounts, FigureKey, outdated};
pub use history::UnitRevision;
pub use latest::{Exact, Figure, FigureFilter, HeldFigure, Revision};
pub use ledger::{DeliveryEntry, DeliveryRecord, DeliveryState, UnitRecord};
pub use place::{Disk, disk};
pub use publication::{Publication, RunEnd, RunOutcome, RunStart};
pub use reading::{Reading, Receipt, RunNumber};
pub use rejects::{RejectCount, RejectFilter, RejectStatus, RejectedEntry};
pub use schema::documentation;
pub use seen::{SeenFile, SeenFiles};
pub use standing::Unbalanced;
pub use store::{DATABASE, Store, Upgraded, library_version};
pub use table::TableWriter;
pub use why::Why;
