//! The tests of the whole that need no running program, in one binary.

mod architecture;
mod damage;
mod definition_files;
mod delivery;
mod generator;
mod indicators;
mod nasty;
mod project;
mod sources;
mod table;
