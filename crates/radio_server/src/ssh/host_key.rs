//! The key by which clients know this server again: made on the first start, kept in the state directory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};

/// What the file is called.
pub const FILE_NAME: &str = "ssh_host_ed25519_key";

/// The longest key file, in bytes.
const FILE_BYTES_MAXIMUM: u64 = 64 << 10;

/// Why there is no host key.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// The file cannot be read or written.
    #[error("{}: cannot {action} the host key", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `write`.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Others may read it, so it proves nothing.
    #[error("{}: others may read this host key (mode {mode:03o}); chmod 600 it, or remove it to have another made", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is something else in the file.
    #[error("{}: this is no OpenSSH private key without a passphrase ({problem}); remove it to have one made", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The kernel gave no random bytes, or the key cannot be written down. Our own fault.
    #[error("cannot make a host key ({0})")]
    Make(String),
}

/// The key in the state directory; if there is none, a new one.
///
/// # Errors
/// [`HostKeyError`].
pub fn load_or_make(state_directory: &Path) -> Result<PrivateKey, HostKeyError> {
    let path = state_directory.join(FILE_NAME);
    match File::open(&path) {
        Ok(file) => load(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(source) => Err(HostKeyError::File { path, action: "read", source }),
    }
}

fn load(path: PathBuf, file: File) -> Result<PrivateKey, HostKeyError> {
    let mut text = String::new();
    let read = file.metadata().and_then(|metadata| {
        (&file).take(FILE_BYTES_MAXIMUM).read_to_string(&mut text)?;
        Ok(metadata.mode() & 0o777)
    });
    let mode = match read {
        Ok(mode) => mode,
        Err(source) => return Err(HostKeyError::File { path, action: "read", source }),
    };
    if mode & 0o077 != 0 {
        return Err(HostKeyError::Exposed { path, mode });
    }
    match PrivateKey::from_openssh(&text) {
        Ok(key) if !key.is_encrypted() => Ok(key),
        Ok(_) => Err(HostKeyError::Malformed { path, problem: "it has a passphrase".to_owned() }),
        Err(error) => Err(HostKeyError::Malformed { path, problem: error.to_string() }),
    }
}

/// Written beside and renamed, so that a crash leaves either no key or a whole one.
fn make(path: PathBuf) -> Result<PrivateKey, HostKeyError> {
    let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519)
        .map_err(|error| HostKeyError::Make(error.to_string()))?;
    let text = key.to_openssh(LineEnding::LF).map_err(|error| HostKeyError::Make(error.to_string()))?;
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)
    };
    match write() {
        Ok(()) => Ok(key),
        Err(source) => Err(HostKeyError::File { path, action: "write", source }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_secret() {
        let directory = tempfile::tempdir().unwrap();
        let first = load_or_make(directory.path()).unwrap();
        let path = directory.path().join(FILE_NAME);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(load_or_make(directory.path()).unwrap().public_key(), first.public_key());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = load_or_make(directory.path()).unwrap_err();
        assert!(error.to_string().contains("others may read this host key (mode 640)"), "{error}");
    }

    #[test]
    fn another_file_in_its_place_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        std::fs::write(&path, "nothing of the kind").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(load_or_make(directory.path()), Err(HostKeyError::Malformed { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "nothing of the kind");
    }
}
