//! The wish that work ends early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Somebody's wish that the work in hand ends early: it is asked for between batches, deliveries and indicators, and
/// whoever sees it gives up what he has begun. Clones share the wish.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for the end.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody has asked for it.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// The flag itself, for the handler of a signal: it may do nothing but set it.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
