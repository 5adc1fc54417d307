//! Text cells in; canonical records, measures and indicator tables out.
