//! Text of definitions and pipelines in, catalogue and diagnostics out.
