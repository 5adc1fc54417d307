//! The store as a thing to be looked after: how large it is and what stands open.

mod size;
mod standing;

pub use self::standing::{Standing, standing};
