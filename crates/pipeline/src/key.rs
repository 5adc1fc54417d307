//! The key for pseudonyms: where it lies, who may read it, and how a new one is made.
//!
//! The key comes from a file or from the service manager's credentials folder, never from an argument, where every
//! process list would show it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use definitions::PersonKeySource;
use model::Code;
use normaliser::PersonKeys;

use crate::RunError;

const LENGTH: usize = 32;

/// What the environment contributes to finding or making a key.
#[derive(Debug, Clone, Default)]
pub struct KeyPlace {
    /// The folder of the service manager's credentials, if there is one.
    pub credentials: Option<PathBuf>,
    /// Random bytes for a new key.
    pub random: [u8; LENGTH],
}

/// Reads the key that the project names; makes it if the project says so and it is not there.
///
/// The second part of the answer is the path of a key that was just made.
pub fn load_key(
    root: &Path,
    source: Option<&PersonKeySource>,
    place: &KeyPlace,
) -> Result<Option<(PersonKeys, Option<PathBuf>)>, RunError> {
    match source {
        None => Ok(None),
        Some(PersonKeySource::File { path, create }) => {
            let path = root.join(path);
            let made = *create && !path.exists();
            if made {
                make(&path, &place.random)?;
            }
            let key = read(&path)?;
            Ok(Some((key, made.then_some(path))))
        }
        Some(PersonKeySource::Credential { name }) => {
            let folder = place.credentials.as_ref().ok_or_else(|| {
                RunError::usage(
                    Code::KEY_MISSING,
                    format!("the credential `{name}` is not there: the service manager has given no credentials"),
                )
            })?;
            Ok(Some((read(&folder.join(name))?, None)))
        }
    }
}

/// The key that a run would have, without making one. The second part of the answer says whether the run would make it.
pub fn look_for_key(
    root: &Path,
    source: Option<&PersonKeySource>,
    place: &KeyPlace,
) -> Result<(Option<PersonKeys>, bool), RunError> {
    match source {
        Some(PersonKeySource::File { path, create: true }) if !root.join(path).exists() => Ok((None, true)),
        _ => Ok((load_key(root, source, place)?.map(|(key, _)| key), false)),
    }
}

fn make(path: &Path, random: &[u8; LENGTH]) -> Result<(), RunError> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(RunError::file(folder))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(random).and_then(|()| file.sync_all()));
    written.map_err(RunError::file(path))
}

fn read(path: &Path) -> Result<PersonKeys, RunError> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(RunError::usage(Code::KEY_MISSING, format!("there is no key at {}", path.display())));
        }
        Err(error) => return Err(RunError::file(path)(error)),
    };
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        let message = format!("the key {} is open to others (mode {mode:04o})", path.display());
        return Err(RunError::usage(Code::KEY_EXPOSED, message));
    }
    let bytes = std::fs::read(path).map_err(RunError::file(path))?;
    if bytes.len() < LENGTH {
        let message =
            format!("the key {} has {} bytes; at least {LENGTH} random bytes are needed", path.display(), bytes.len());
        return Err(RunError::usage(Code::KEY_MISSING, message));
    }
    Ok(PersonKeys::new(&bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(create: bool) -> PersonKeySource {
        PersonKeySource::File { path: "keys/person.key".to_owned(), create }
    }

    #[test]
    fn a_key_is_made_closed_and_refused_open() {
        let root = tempfile::tempdir().expect("a folder");
        let place = KeyPlace { credentials: None, random: [7; LENGTH] };
        let missing = load_key(root.path(), Some(&file(false)), &place).expect_err("no key");
        assert!(matches!(missing, RunError::Usage { code: Code::KEY_MISSING, .. }));

        let (_, made) = load_key(root.path(), Some(&file(true)), &place).expect("made").expect("wanted");
        let path = made.expect("its path");
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        let (_, made) = load_key(root.path(), Some(&file(true)), &place).expect("read").expect("wanted");
        assert_eq!(made, None, "a key is made once");

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("opened");
        let exposed = load_key(root.path(), Some(&file(true)), &place).expect_err("open to others");
        assert!(matches!(exposed, RunError::Usage { code: Code::KEY_EXPOSED, .. }));
    }

    #[test]
    fn a_credential_lies_where_the_service_manager_says() {
        let folder = tempfile::tempdir().expect("a folder");
        make(&folder.path().join("person"), &[1; LENGTH]).expect("written");
        let source = PersonKeySource::Credential { name: "person".to_owned() };
        let place = KeyPlace { credentials: Some(folder.path().to_owned()), random: [0; LENGTH] };
        assert!(load_key(folder.path(), Some(&source), &place).expect("read").is_some());
        assert!(load_key(folder.path(), Some(&source), &KeyPlace::default()).is_err());
    }
}
