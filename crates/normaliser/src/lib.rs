//! Text cells in; canonical records, measures and indicator tables out.
//!
//! Three steps, each usable alone: [`Harmoniser`] turns the cells of one delivery into typed canonical rows and
//! rejects what is no row; [`KeyCheck`] and [`partition`] look at rows as sets; [`measure`] and [`observe`] make the
//! figures of an indicator. The crate reads no clock, opens no connection and prints nothing. The only files it opens
//! are the canonical ones that [`measure`] is given and a nameless one of [`KeyCheck`], and polars, the engine that
//! reads the former, never shows in a public signature.
//!
//! Where to start: [`Harmoniser::harmonise`] for the way of a row, [`measure`] for the way of a figure.

mod calendar;
mod check;
mod compute;
mod harmonise;

#[cfg(test)]
mod fixture;

pub use check::{KeyCheck, KeyError, KeyFindings, KeyHasher, KeyJudge, RowPlace, Suspects, partition};
pub use compute::{
    CanonicalFile, Carriage, ComputeError, DatasetRows, MeasureRow, MeasureRows, Member, PartialHand, PartialPlan,
    Partials, Request, index_values, measure, observe, observe_carried, rows_of,
};
pub use harmonise::{Hand, Harmonised, Harmoniser, PersonKeys};
