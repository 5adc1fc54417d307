//! Expressions: SQL text to the typed, resolved plan of the model.
//!
//! The grammar is a SQL parser's; what is added here is which of it the definition language has, what the names
//! mean, and where in the YAML file a mistake stands. Start at [`sql::parse`], then [`RowCompiler`] for conditions and
//! aggregates over rows and [`formula::compile`] for the arithmetic over measures.

mod aggregate;
mod comparison;
pub(crate) mod formula;
mod history;
mod operand;
mod row;
pub(crate) mod sql;
mod verdict;

pub(crate) use history::seen_as;
pub(crate) use row::{RowCompiler, RowScope};
