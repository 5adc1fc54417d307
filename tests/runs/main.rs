//! Whole runs of the real program on copies of the example project, as a user would start it.
#![expect(clippy::format_push_string, reason = "deliveries are put together line by line, and no hot path")]

mod bad_input;
mod books;
mod breakdowns;
mod calendar;
mod commands;
mod compared;
mod definitions;
mod deliveries;
mod determinism;
mod groups;
mod held;
mod joined;
mod modelled;
mod municipalities;
mod pages;
mod persons;
mod place;
mod rejected;
mod retracted;
mod rules;
mod tested;
mod tools;
mod upkeep;
mod versions;
mod watched;
mod web;
mod weeks;
mod withheld;
mod witness;
mod witnessed;
