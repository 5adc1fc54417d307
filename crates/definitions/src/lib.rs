//! Text of definitions and pipelines in, catalogue and diagnostics out.
//!
//! The crate reads no file: the caller hands over the bytes of all of them, and gets a [`model::Catalogue`] of what is
//! sound and a [`model::Diagnostic`] for every mistake, with its place in the file. A definition with a mistake is left
//! out; what refers to it is left out as well, without further noise.
//!
//! Where to start: [`load`] does everything. Behind it, `yaml` turns text into a tree with places, one module a kind
//! (`codelist`, `dataset`, `source`, `indicator`, `comparison`, `pipeline`) reads the tree as it is *written* into a private `...Doc`
//! and resolves that into what is *meant*, the model's type, and `expression` compiles the SQL in between.

mod canonical;
pub mod cases;
mod codelist;
mod comparison;
mod dataset;
mod decimal;
mod difference;
mod expression;
mod file;
mod formatter;
mod indicator;
mod load;
#[cfg(test)]
mod pages;
mod pipeline;
mod project;
mod schema;
mod shelf;
mod source;
mod vocabulary;
mod words;
mod yaml;

pub use difference::{Category, Change, Rule, Side, differences};
pub use formatter::format;
pub use load::{load, load_in};
pub use project::{Exception, Observability, PersonKeySource, Project, Retention, load_project};
pub use schema::{schema, schemas};
