//! Where a radio keeps its database and host key.
//!
//! A directory of the operator's, or one of the run directory that lives as long as the service: for the demo, which is to leave nothing
//! behind. What crashed instances have left of those is removed by the next.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// What ends the name of a directory that lives as long as its service; before it stands a process id.
const SUFFIX: &str = ".radio";

/// The directory, made if it was not there.
#[derive(Debug)]
pub(crate) struct StateDirectory {
    path: PathBuf,
    is_temporary: bool,
}

impl StateDirectory {
    /// A directory that stays.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn lasting(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(Self { path: path.canonicalize()?, is_temporary: false })
    }

    /// A directory for as long as service `name` lives, below `parent`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn temporary(parent: &Path, name: &str) -> io::Result<Self> {
        remove_leftovers(parent, name);
        let path = parent.join(format!("{name}.{}{SUFFIX}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path, is_temporary: true })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for StateDirectory {
    fn drop(&mut self) {
        if self.is_temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the temporary state");
        }
    }
}

/// Removes the directories of processes that are no more.
fn remove_leftovers(parent: &Path, name: &str) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let file_name = entry.file_name();
        let process = file_name
            .to_str()
            .and_then(|text| text.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(SUFFIX)?.parse::<i32>().ok());
        let is_gone = |process: &i32| !Path::new(&format!("/proc/{process}")).exists();
        if process.as_ref().is_some_and(is_gone) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_one_goes_with_its_owner_and_leftovers_with_the_next() {
        let parent = tempfile::tempdir().unwrap();
        let leftover = parent.path().join(format!("radio.{}{SUFFIX}", i32::MAX));
        std::fs::create_dir(&leftover).unwrap();
        let other = parent.path().join(format!("other.{}{SUFFIX}", i32::MAX));
        std::fs::create_dir(&other).unwrap();
        let state = StateDirectory::temporary(parent.path(), "radio").unwrap();
        std::fs::write(state.path().join("file"), "x").unwrap();
        let path = state.path().to_owned();
        assert!(!leftover.exists() && other.exists() && path.exists());
        drop(state);
        assert!(!path.exists());
    }

    #[test]
    fn a_lasting_one_stays() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        drop(StateDirectory::lasting(&path).unwrap());
        assert!(path.is_dir());
    }
}
