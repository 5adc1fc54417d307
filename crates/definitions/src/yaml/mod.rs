//! YAML with places: a tree in which every scalar knows how it was written and where, and a reader over it that
//! collects mistakes instead of stopping at the first one.
//!
//! It knows nothing of definitions. Start at [`parse`] for bytes to tree and at [`Cursor`] for tree to values.

mod decode;
mod position;
mod report;
mod scalar;
mod tree;

pub(crate) use decode::{Broken, Cursor, Keys, Maybe, Written};
pub(crate) use position::Positions;
pub(crate) use report::{Finding, Report, listed, text_of};
pub(crate) use scalar::Plain;
pub(crate) use tree::{Entry, Node, Scalar, Span, Value, comments, parse};
