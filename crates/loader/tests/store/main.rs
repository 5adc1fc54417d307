//! The store as its users see it: real `SQLite` and real Parquet in a temporary folder.

mod canonical;
mod comparison;
mod encoding;
mod export;
mod figures;
mod fixtures;
mod publication;
