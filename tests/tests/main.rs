//! The tests of the whole that need no running program, in one binary.

mod architecture;
mod damage;
mod definition_cases;
mod definition_files;
mod delivery;
mod generator;
mod nasty;
mod project;
mod table;
