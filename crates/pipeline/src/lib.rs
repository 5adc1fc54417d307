//! Units of work, their order, the books that balance and the report of a run.
