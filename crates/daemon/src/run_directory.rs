//! The run directory: where a service's pidfile and control socket are.
//!
//! Which directory that is comes from the same rule by which `tidegate ctl` finds services
//! ([`RunDirectories`]). This module makes the directory and refuses one in which others could put their files in the
//! place of ours. It looks at the directory through one descriptor, so nobody can exchange it between two checks. It
//! does not look at the directories above: they belong to whoever chose the path.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use control::client::RunDirectories;
use rustix::fs::{Mode, OFlags, fchmod, fchown, fstat, mkdir, open};
use rustix::io::Errno;
use rustix::process::{Uid, geteuid};
use thiserror::Error;

use crate::privileges::Account;

/// Why there is no run directory.
#[derive(Debug, Error)]
pub enum RunDirectoryError {
    /// Nothing says where it is.
    #[error(
        "there is no run directory for this user: set TIDEGATE_RUNDIR to a directory of your own (XDG_RUNTIME_DIR, \
         which a login sets, would do as well)"
    )]
    Unknown,
    /// The path leads through a symbolic link in its last component.
    #[error("{}: the run directory is a symbolic link; name the directory itself", .0.display())]
    SymbolicLink(PathBuf),
    /// Something else is there.
    #[error("{}: the run directory is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// It belongs to someone who could exchange our files.
    #[error("{}: the run directory belongs to user {owner}; it has to belong to user {user} or to root", .path.display())]
    ForeignOwner {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user of the service.
        user: u32,
    },
    /// Anyone could exchange our files.
    #[error(
        "{}: anyone may write to the run directory; make it its owner's (chmod o-w) or sticky (chmod +t)",
        .0.display()
    )]
    WritableByAnyone(PathBuf),
    /// A system call failed.
    #[error("{}: cannot {operation} the run directory", .path.display())]
    System {
        /// The directory.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// A run directory. Its path is absolute, so it holds after a change of the working directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory(PathBuf);

impl RunDirectory {
    /// The directory of this user: `$TIDEGATE_RUNDIR`, else `/run/tidegate` for root, else `$XDG_RUNTIME_DIR/tidegate`.
    ///
    /// # Errors
    /// [`RunDirectoryError::Unknown`] when none of them says where.
    pub fn of_this_user() -> Result<Self, RunDirectoryError> {
        Self::at(&RunDirectories::of_own_services().ok_or(RunDirectoryError::Unknown)?)
    }

    /// The directory at `path`; a relative one is taken from the working directory.
    ///
    /// # Errors
    /// For an empty path, and when a relative path meets a working directory that is gone.
    pub fn at(path: &Path) -> Result<Self, RunDirectoryError> {
        let absolute = std::path::absolute(path).map_err(|source| system(path, "find", source))?;
        // Collected anew, a path has no slash at its end, which would make the kernel follow a link in the last component.
        Ok(Self(absolute.components().collect()))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the last component if it is missing, with mode 0755 for root and 0700 for others, and refuses a directory
    /// that is no safe place for this process.
    ///
    /// # Errors
    /// Everything but [`RunDirectoryError::Unknown`].
    pub fn prepare(&self) -> Result<(), RunDirectoryError> {
        self.open_or_create(geteuid()).map(drop)
    }

    /// As [`RunDirectory::prepare`], for the user to whom this process, which is root's, will drop its privileges: a
    /// directory that it makes belongs to that user, who could not make one in `/run`. The owner of a directory that is
    /// there already is not changed.
    ///
    /// # Errors
    /// As [`RunDirectory::prepare`].
    pub fn prepare_for(&self, account: &Account) -> Result<(), RunDirectoryError> {
        let Some(created) = self.open_or_create(account.user)? else {
            return Ok(());
        };
        fchown(&created, Some(account.user), Some(account.group))
            .map_err(|errno| system(&self.0, "change the owner of", errno.into()))
    }

    /// The directory, if it was not there before.
    fn open_or_create(&self, user: Uid) -> Result<Option<OwnedFd>, RunDirectoryError> {
        let mode = Mode::from_raw_mode(if geteuid().is_root() { 0o755 } else { 0o700 });
        let is_new = match mkdir(&self.0, mode) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(errno) => return Err(system(&self.0, "make", errno.into())),
        };
        let directory = self.open()?;
        if is_new {
            // What umask has taken away would lock other users' clients out of root's directory.
            fchmod(&directory, mode).map_err(|errno| system(&self.0, "set the mode of", errno.into()))?;
        }
        self.refuse_unsafe(&directory, user)?;
        Ok(is_new.then_some(directory))
    }

    fn open(&self) -> Result<OwnedFd, RunDirectoryError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        open(&self.0, flags, Mode::empty()).map_err(|errno| match errno {
            // Linux says ENOTDIR for a link as well when a directory is asked for.
            Errno::LOOP | Errno::NOTDIR if self.0.is_symlink() => RunDirectoryError::SymbolicLink(self.0.clone()),
            Errno::NOTDIR => RunDirectoryError::NotADirectory(self.0.clone()),
            errno => system(&self.0, "open", errno.into()),
        })
    }

    fn refuse_unsafe(&self, directory: &OwnedFd, user: Uid) -> Result<(), RunDirectoryError> {
        let found = fstat(directory).map_err(|errno| system(&self.0, "look at", errno.into()))?;
        let mode = Mode::from_raw_mode(found.st_mode);
        if ![user.as_raw(), geteuid().as_raw(), Uid::ROOT.as_raw()].contains(&found.st_uid) {
            return Err(RunDirectoryError::ForeignOwner {
                path: self.0.clone(),
                owner: found.st_uid,
                user: user.as_raw(),
            });
        }
        if mode.contains(Mode::WOTH) && !mode.contains(Mode::SVTX) {
            return Err(RunDirectoryError::WritableByAnyone(self.0.clone()));
        }
        Ok(())
    }
}

fn system(path: &Path, operation: &'static str, source: io::Error) -> RunDirectoryError {
    RunDirectoryError::System { path: path.to_owned(), operation, source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::Gid;

    use super::*;

    /// A directory of its own for each test, removed at the end.
    struct Place(PathBuf);

    impl Place {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!("tidegate-run-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn run(&self) -> PathBuf {
            self.0.join("run")
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn prepare(path: &Path) -> Result<(), RunDirectoryError> {
        RunDirectory::at(path)?.prepare()
    }

    #[test]
    fn the_last_component_is_made_and_found_again() {
        let place = Place::new();
        prepare(&place.run()).unwrap();
        let expected = if geteuid().is_root() { 0o755 } else { 0o700 };
        assert_eq!(fs::metadata(place.run()).unwrap().mode() & 0o7777, expected);
        prepare(&place.run()).unwrap();
        let deep = place.0.join("missing/run");
        assert!(matches!(prepare(&deep), Err(RunDirectoryError::System { operation: "make", .. })));
    }

    #[test]
    fn what_is_no_directory_is_refused() {
        let place = Place::new();
        fs::write(place.run(), "").unwrap();
        assert!(matches!(prepare(&place.run()), Err(RunDirectoryError::NotADirectory(_))));
        fs::remove_file(place.run()).unwrap();
        fs::create_dir(place.0.join("elsewhere")).unwrap();
        symlink(place.0.join("elsewhere"), place.run()).unwrap();
        assert!(matches!(prepare(&place.run()), Err(RunDirectoryError::SymbolicLink(_))));
        let with_slash = format!("{}/", place.run().display());
        assert!(matches!(prepare(Path::new(&with_slash)), Err(RunDirectoryError::SymbolicLink(_))));
    }

    #[test]
    fn a_directory_that_anyone_may_write_to_has_to_be_sticky() {
        let place = Place::new();
        fs::create_dir(place.run()).unwrap();
        for (mode, is_safe) in [(0o777, false), (0o1777, true), (0o775, true)] {
            fs::set_permissions(place.run(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(prepare(&place.run()).is_ok(), is_safe, "{mode:o}");
        }
    }

    #[test]
    fn a_directory_belongs_to_root_or_to_the_user_of_the_service() {
        if !geteuid().is_root() {
            let _ = writeln!(io::stderr(), "skipped: only root can give directories away");
            return;
        }
        let place = Place::new();
        let account = Account { name: None, user: Uid::from_raw(4242), group: Gid::from_raw(4243) };
        let directory = RunDirectory::at(&place.run()).unwrap();
        directory.prepare_for(&account).unwrap();
        let found = fs::metadata(place.run()).unwrap();
        assert_eq!((found.uid(), found.gid()), (4242, 4243));
        directory.prepare_for(&account).unwrap();
        chown(place.run(), Some(4244), None).unwrap();
        let error = directory.prepare_for(&account).unwrap_err();
        assert!(matches!(error, RunDirectoryError::ForeignOwner { owner: 4244, user: 4242, .. }), "{error}");
        chown(place.run(), Some(0), None).unwrap();
        directory.prepare_for(&account).unwrap();
        assert_eq!(fs::metadata(place.run()).unwrap().uid(), 0, "what is there keeps its owner");
    }
}
