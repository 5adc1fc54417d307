//! The store as a thing to be looked after: whether it is sound, how large it is, what may go, and copies of it.

mod backup;
mod doctor;
mod garbage;
mod size;
mod standing;

pub use self::backup::{ArchiveCopy, BackupReport, back_up};
pub use self::doctor::{Check, Circumstances, Verdict, examine};
pub use self::garbage::{Collected, GarbageKind, Sweep, collect};
pub use self::standing::{Standing, standing};
