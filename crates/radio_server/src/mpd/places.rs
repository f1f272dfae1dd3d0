//! Paths as clients name them: relative to the directory that all music is below of, as MPD's `music_directory`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::refusal::Refusal;

/// The directory that all music is below of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    base: PathBuf,
}

impl Places {
    /// Of these directories of music: the one that all are in. `/` when there is none.
    pub(super) fn new(roots: &[PathBuf]) -> Self {
        let mut roots = roots.iter();
        let first = roots.next().cloned().unwrap_or_else(|| PathBuf::from("/"));
        let base = roots.fold(first, |base, root| {
            let shared = base.components().zip(root.components()).take_while(|(left, right)| left == right);
            shared.map(|(component, _)| component.as_os_str()).collect()
        });
        Self { base }
    }

    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// How clients name a path: relative where it is below the base, else absolute. Bytes that are no UTF-8 cannot be sent.
    pub(super) fn name(&self, path: &Path) -> String {
        path.strip_prefix(&self.base).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// How many bytes of a path below the base its name has not.
    pub(super) fn bytes_before_names(&self) -> usize {
        let bytes = self.base.as_os_str().len();
        // The root has its slash already.
        if bytes > 1 { bytes + 1 } else { bytes }
    }

    /// The path that a client names: relative to the base, absolute, or a `file://` address. Parity: `/` is the base.
    ///
    /// # Errors
    /// When it leaves the base by `..`, or is an address of something else.
    pub(super) fn path(&self, name: &str) -> Result<PathBuf, Refusal> {
        let name = name.strip_prefix("file://").unwrap_or(name);
        if name.contains("://") {
            return Err(Refusal::no_exist("only songs of the library can be played, no addresses"));
        }
        let path = Path::new(OsStr::from_bytes(name.as_bytes()));
        if path.components().any(|component| component == Component::ParentDir) || name.contains('\0') {
            return Err(Refusal::argument("Malformed path"));
        }
        if name == "/" {
            return Ok(self.base.clone());
        }
        // Without the slash that some clients end directories with.
        Ok(self.base.join(path).components().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(roots: &[&str]) -> Places {
        Places::new(&roots.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_base_is_what_all_roots_are_in() {
        for (roots, base) in [
            (&["/a/b"][..], "/a/b"),
            (&["/a/b", "/a/c/d"], "/a"),
            (&["/a/bc", "/a/bd"], "/a"),
            (&["/a", "/b"], "/"),
            (&[], "/"),
        ] {
            assert_eq!(places(roots).base(), Path::new(base), "{roots:?}");
        }
    }

    #[test]
    fn names_become_paths_and_back() {
        let places = places(&["/music"]);
        for name in ["a/b.mp3", "", "x"] {
            assert_eq!(places.name(&places.path(name).unwrap()), name);
        }
        for (roots, name) in [(&["/music"][..], "a/b"), (&["/a", "/b"], "a/b")] {
            let places = Places::new(&roots.iter().map(PathBuf::from).collect::<Vec<_>>());
            let path = places.path(name).unwrap();
            assert_eq!(&path.to_str().unwrap()[places.bytes_before_names()..], name);
        }
        assert_eq!(places.path("a/").unwrap(), Path::new("/music/a"));
        assert_eq!(places.path("/").unwrap(), Path::new("/music"));
        assert_eq!(places.path("file:///other/c.mp3").unwrap(), Path::new("/other/c.mp3"));
        assert_eq!(places.name(Path::new("/other/c.mp3")), "/other/c.mp3");
        assert!(places.path("../etc").is_err() && places.path("http://x/y").is_err());
    }
}
