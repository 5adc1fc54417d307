//! The disk that a store lies on.

use std::path::Path;

use crate::LoadError;

/// What is known of the file system that a folder lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that are free for us.
    pub free_bytes: u64,
    /// The kind of the file system, if it is known to lie on another machine or not to lock reliably.
    pub remote: Option<&'static str>,
}

/// Numbers of file systems, as Linux has them (`statfs`, `magic.h`). `SQLite` in its write-ahead mode needs memory that
/// is shared between processes, which no file system on another machine has.
const REMOTE: [(u64, &str); 11] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB2"),
    (0xFF53_4D42, "CIFS"),
    (0x564C, "NCP"),
    (0x0102_1997, "9P"),
    (0x00C3_6400, "Ceph"),
    (0x5346_414F, "AFS"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x6573_5546, "FUSE"),
];

/// Looks at the file system that a folder lies on.
pub fn disk(folder: &Path) -> Result<Disk, LoadError> {
    let failed = |error: rustix::io::Errno| LoadError::file(folder, "look at the disk of", error.into());
    let found = rustix::fs::statfs(folder).map_err(failed)?;
    // The number has 32 bits, in a type that is wider on some processors than on others.
    let kind = found.f_type.cast_unsigned() & 0xFFFF_FFFF;
    let remote = REMOTE.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name);
    let space = rustix::fs::statvfs(folder).map_err(failed)?;
    Ok(Disk { free_bytes: space.f_bavail.saturating_mul(space.f_frsize), remote })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lies_on_a_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = disk(folder.path()).expect("a disk");
        assert!(disk.free_bytes > 0);
        assert!(super::disk(&folder.path().join("nowhere")).is_err());
    }
}
