//! Where a path leads.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Files, Permissions};

/// Where a path leads that need not exist: as far as it exists, symbolic links are followed; nothing after that may go up.
///
/// # Errors
/// `..` behind what does not exist; a path that cannot be looked at.
pub fn canonical(path: &Path, directory: &Path) -> io::Result<PathBuf> {
    let path = directory.join(path);
    let mut existing = path.as_path();
    loop {
        match existing.canonicalize() {
            Ok(found) => {
                let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
                if rest.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
                    return Err(io::ErrorKind::InvalidInput.into());
                }
                // Joined with nothing, a file would end in a slash.
                return Ok(if rest.as_os_str().is_empty() { found } else { found.join(rest) });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => match existing.parent() {
                Some(parent) => existing = parent,
                None => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
}

/// The directory that names without one are in: the first that is allowed; nothing where all are, or none is.
#[must_use]
pub fn working_directory(permissions: &Permissions) -> Option<&Path> {
    match &permissions.files {
        Files::Everything => None,
        Files::Only { directories, .. } => directories.first().map(PathBuf::as_path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_and_nothing_goes_up_from_nowhere() {
        let root = std::env::temp_dir().canonicalize().unwrap().join(format!("bench-place-{}", std::process::id()));
        std::fs::create_dir_all(root.join("in")).unwrap();
        let _ = std::os::unix::fs::symlink("/etc", root.join("in/out"));
        let lead = |path: &str| canonical(Path::new(path), &root.join("in"));
        assert_eq!(lead("a").unwrap(), root.join("in/a"));
        assert_eq!(lead("new/deep/a").unwrap(), root.join("in/new/deep/a"));
        assert_eq!(lead("../a").unwrap(), root.join("a"));
        assert_eq!(lead("out/passwd").unwrap(), Path::new("/etc/passwd"));
        assert_eq!(lead("/etc/passwd").unwrap(), Path::new("/etc/passwd"));
        assert!(lead("new/../../a").is_err());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
