//! Which service is meant, and where its socket is.
//!
//! A service is known by its socket's name in a run directory: `NAME.PID.ctl`, or `NAME.ctl` where an operator has named
//! it so. The pidfile is a hint that decides between several; that a socket accepts a connection is the proof that a
//! service is alive. So a service in another PID namespace is found like any other. A pidfile itself may be named as well.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use reactor::clock::Duration;
use thiserror::Error;

use super::Client;

/// The service that is meant when there are several and none is named.
const FIRST_CHOICE: &str = "up";

/// Where the services of root are.
const SYSTEM_DIRECTORY: &str = "/run/tidegate";

/// How long a service may take to accept a connection that only asks whether it is alive.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// What a user names a service by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The path of its socket or of its pidfile (`NAME.pid`): whatever has a slash in it.
    Path(PathBuf),
    /// Its process id: whatever is a number.
    Process(u32),
    /// Its name.
    Name(String),
}

impl FromStr for Target {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text.contains('/') {
            Self::Path(text.into())
        } else {
            text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Process)
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(formatter, "{}", path.display()),
            Self::Process(id) => write!(formatter, "{id}"),
            Self::Name(name) => formatter.write_str(name),
        }
    }
}

/// A socket in a run directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceSocket {
    /// The service's name.
    pub name: String,
    /// Its process id as the socket's name tells it.
    pub process: Option<u32>,
    /// The socket.
    pub path: PathBuf,
}

impl fmt::Display for ServiceSocket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            Some(process) => write!(formatter, "{} ({process})", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// Why no service is found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FindError {
    /// None of that name or process id is running.
    #[error("no service \"{target}\" in {directories}{}", those_running(.running))]
    NotFound {
        /// What was asked for.
        target: Target,
        /// Where it was looked for.
        directories: RunDirectories,
        /// What is running there.
        running: Vec<ServiceSocket>,
    },
    /// A pidfile that leads to no service.
    #[error("pidfile {}: {problem}", .path.display())]
    Pidfile {
        /// The pidfile.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No service is running.
    #[error("no service is running in {0}")]
    NoneRunning(RunDirectories),
    /// Several fit.
    #[error("which service?{}; name one by -t NAME, -t PID or -t PATH", those_running(.0))]
    Ambiguous(Vec<ServiceSocket>),
}

fn those_running(services: &[ServiceSocket]) -> String {
    if services.is_empty() {
        return "; none is running there".to_owned();
    }
    let names: Vec<_> = services.iter().map(ToString::to_string).collect();
    format!("; running: {}", names.join(", "))
}

/// The directories in which services put their sockets, the first choice first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectories(Vec<PathBuf>);

impl RunDirectories {
    /// The directories of this user, from `TIDEGATE_RUNDIR` and `XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn of_this_user() -> Self {
        let is_root = rustix::process::geteuid().is_root();
        Self::choose(std::env::var_os("TIDEGATE_RUNDIR"), is_root, std::env::var_os("XDG_RUNTIME_DIR"))
    }

    /// `chosen` alone if it is set; else that of the system and that of the user, root's choice being the system's.
    fn choose(chosen: Option<OsString>, is_root: bool, user: Option<OsString>) -> Self {
        let is_set = |value: &OsString| !value.is_empty();
        if let Some(directory) = chosen.filter(is_set) {
            return Self(vec![directory.into()]);
        }
        let mut directories = vec![PathBuf::from(SYSTEM_DIRECTORY)];
        directories.extend(user.filter(is_set).map(|directory| Path::new(&directory).join("tidegate")));
        if !is_root {
            directories.reverse();
        }
        Self(directories)
    }

    /// Where a service that this user starts puts its socket: the first choice, from the same two variables. `None` for
    /// a user other than root when neither is set: the system's directory is root's.
    #[must_use]
    pub fn of_own_services() -> Option<PathBuf> {
        let is_root = rustix::process::geteuid().is_root();
        Self::choose_own(std::env::var_os("TIDEGATE_RUNDIR"), is_root, std::env::var_os("XDG_RUNTIME_DIR"))
    }

    fn choose_own(chosen: Option<OsString>, is_root: bool, user: Option<OsString>) -> Option<PathBuf> {
        let is_somewhere = is_root || [&chosen, &user].into_iter().flatten().any(|value| !value.is_empty());
        let Self(directories) = Self::choose(chosen, is_root, user);
        directories.into_iter().next().filter(|_| is_somewhere)
    }

    /// The running services, the first directory's first.
    #[must_use]
    pub fn services(&self) -> Vec<ServiceSocket> {
        let mut services = self.sockets();
        services.retain(|socket| is_alive(&socket.path));
        services
    }

    /// Every socket in the directories, of running services or not.
    fn sockets(&self) -> Vec<ServiceSocket> {
        let mut all = Vec::new();
        for directory in &self.0 {
            let Ok(entries) = fs::read_dir(directory) else {
                continue;
            };
            let is_socket = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_socket());
            let entries = entries.filter_map(Result::ok).filter(is_socket);
            let mut sockets: Vec<_> = entries.filter_map(|entry| parse(&entry.file_name(), entry.path())).collect();
            sockets.sort();
            all.append(&mut sockets);
        }
        all
    }

    /// The socket of a service; of the only one, or of `up`, when none is named. A path is taken as it is, unless it is
    /// a pidfile: then the socket is looked for beside it.
    ///
    /// # Errors
    /// When none fits or several do.
    pub fn find(&self, target: Option<&Target>) -> Result<PathBuf, FindError> {
        if let Some(Target::Path(path)) = target {
            return if is_pidfile(path) { socket_beside(path) } else { Ok(path.clone()) };
        }
        let running = self.services();
        let fits = |service: &&ServiceSocket| match target {
            None => true,
            Some(Target::Path(path)) => service.path == *path,
            Some(Target::Process(id)) => service.process == Some(*id),
            Some(Target::Name(name)) => service.name == *name,
        };
        let fitting: Vec<ServiceSocket> = running.iter().filter(fits).cloned().collect();
        match (target, fitting.as_slice()) {
            (_, [only]) => Ok(only.path.clone()),
            (None, []) => Err(FindError::NoneRunning(self.clone())),
            (Some(target), []) => {
                Err(FindError::NotFound { target: target.clone(), directories: self.clone(), running })
            }
            (None, several) => match several.iter().find(|service| service.name == FIRST_CHOICE) {
                Some(service) => Ok(service.path.clone()),
                None => Err(FindError::Ambiguous(fitting)),
            },
            (Some(_), several) => match several.iter().find(|service| is_in_pidfile(service)) {
                Some(service) => Ok(service.path.clone()),
                None => Err(FindError::Ambiguous(fitting)),
            },
        }
    }
}

impl fmt::Display for RunDirectories {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.0.iter().map(|path| path.display().to_string()).collect();
        formatter.write_str(&paths.join(", "))
    }
}

/// Reads a socket's file name: `NAME.PID.ctl` or `NAME.ctl`.
fn parse(file_name: &OsStr, path: PathBuf) -> Option<ServiceSocket> {
    let stem = file_name.to_str()?.strip_suffix(".ctl")?;
    let numbered = stem.rsplit_once('.').and_then(|(name, process)| Some((name, process.parse().ok()?)));
    let (name, process) = numbered.map_or((stem, None), |(name, process)| (name, Some(process)));
    Some(ServiceSocket { name: name.to_owned(), process, path })
}

/// Whether a path is that of a pidfile and not of a socket.
fn is_pidfile(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("pid")) && fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// The socket of the service whose pidfile this is. That the service runs is for the connection to prove.
fn socket_beside(pidfile: &Path) -> Result<PathBuf, FindError> {
    let refuse = |problem| FindError::Pidfile { path: pidfile.to_owned(), problem };
    let text = fs::read_to_string(pidfile).map_err(|error| refuse(format!("cannot read it: {error}")))?;
    let process: u32 = text.trim().parse().map_err(|_| refuse("it holds no process id".to_owned()))?;
    let name = pidfile.file_stem().unwrap_or_default().to_string_lossy();
    let socket = pidfile.with_file_name(format!("{name}.{process}.ctl"));
    if is_alive(&socket) {
        return Ok(socket);
    }
    Err(refuse(format!("process {process} does not answer at {}", socket.display())))
}

fn is_alive(socket: &Path) -> bool {
    Client::connect(socket, Some(PROBE_TIMEOUT)).is_ok()
}

/// Whether the pidfile beside a socket names the socket's process.
fn is_in_pidfile(service: &ServiceSocket) -> bool {
    let pidfile = service.path.with_file_name(format!("{}.pid", service.name));
    let Ok(text) = fs::read_to_string(pidfile) else {
        return false;
    };
    service.process.is_some() && text.trim().parse().ok() == service.process
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::testing::Directory;

    fn find(directories: &RunDirectories, target: &str) -> Result<PathBuf, String> {
        directories.find(Some(&target.parse().unwrap())).map_err(|error| error.to_string())
    }

    #[test]
    fn run_directories_follow_the_environment() {
        let choose = |chosen: Option<&str>, is_root, user: Option<&str>| {
            RunDirectories::choose(chosen.map(Into::into), is_root, user.map(Into::into)).to_string()
        };
        assert_eq!(choose(Some("/a"), true, Some("/run/user/7")), "/a");
        assert_eq!(choose(None, true, None), "/run/tidegate");
        assert_eq!(choose(Some(""), false, Some("/run/user/7")), "/run/user/7/tidegate, /run/tidegate");
        assert_eq!(choose(None, true, Some("/run/user/0")), "/run/tidegate, /run/user/0/tidegate");
    }

    #[test]
    fn an_own_service_goes_to_the_first_choice_but_never_to_roots_directory() {
        let choose = |chosen: Option<&str>, is_root, user: Option<&str>| {
            RunDirectories::choose_own(chosen.map(Into::into), is_root, user.map(Into::into))
        };
        assert_eq!(choose(Some("/a"), false, None), Some("/a".into()));
        assert_eq!(choose(Some("/run/tidegate"), false, None), Some("/run/tidegate".into()), "asked for");
        assert_eq!(choose(None, true, Some("/run/user/0")), Some("/run/tidegate".into()));
        assert_eq!(choose(Some(""), false, Some("/run/user/7")), Some("/run/user/7/tidegate".into()));
        assert_eq!(choose(None, false, Some("")), None);
    }

    #[test]
    fn e13_a_service_is_found_by_name_process_and_path() {
        let (near, far) = (Directory::new(), Directory::new());
        let directories = RunDirectories(vec![near.path().into(), far.path().into()]);
        let _target = UnixListener::bind(near.join("target.7.ctl")).unwrap();
        let _radio = UnixListener::bind(far.join("radio.ctl")).unwrap();
        drop(UnixListener::bind(near.join("target.6.ctl")).unwrap());
        fs::write(near.join("bench.9.ctl"), "").unwrap();

        assert_eq!(find(&directories, "target"), Ok(near.join("target.7.ctl")));
        assert_eq!(find(&directories, "7"), Ok(near.join("target.7.ctl")));
        assert_eq!(find(&directories, "radio"), Ok(far.join("radio.ctl")));
        assert_eq!(find(&directories, "./x"), Ok("./x".into()));
        let place = format!("{}, {}; running: target (7), radio", near.path().display(), far.path().display());
        for name in ["bench", "6"] {
            assert_eq!(find(&directories, name), Err(format!("no service \"{name}\" in {place}")));
        }
    }

    #[test]
    fn e13_a_pidfile_leads_to_the_socket_beside_it() {
        let (directory, elsewhere) = (Directory::new(), Directory::new());
        let directories = RunDirectories(vec![elsewhere.path().into()]);
        let (pidfile, socket) = (directory.join("my.target.pid"), directory.join("my.target.7.ctl"));
        let _target = UnixListener::bind(&socket).unwrap();
        let name = pidfile.to_str().unwrap();
        assert_eq!(find(&directories, name), Ok(pidfile.clone()), "no file: whatever the caller means by it");
        fs::write(&pidfile, "7\n").unwrap();
        assert_eq!(find(&directories, name), Ok(socket));
        for (content, problem) in [("", "it holds no process id"), ("-3", "it holds no process id")] {
            fs::write(&pidfile, content).unwrap();
            assert_eq!(find(&directories, name), Err(format!("pidfile {name}: {problem}")), "{content}");
        }
        fs::write(&pidfile, "8").unwrap();
        let error = find(&directories, name).unwrap_err();
        assert!(error.starts_with(&format!("pidfile {name}: process 8 does not answer at ")), "{error}");
    }

    #[test]
    fn defect_07_the_pidfile_decides_between_two_and_is_not_needed_for_one() {
        let directory = Directory::new();
        let directories = RunDirectories(vec![directory.path().into()]);
        assert_eq!(directories.find(None), Err(FindError::NoneRunning(directories.clone())));
        let _first = UnixListener::bind(directory.join("target.7.ctl")).unwrap();
        assert_eq!(directories.find(None), Ok(directory.join("target.7.ctl")));
        let _second = UnixListener::bind(directory.join("target.8.ctl")).unwrap();
        let ambiguous = "which service?; running: target (7), target (8); name one by -t NAME, -t PID or -t PATH";
        assert_eq!(find(&directories, "target"), Err(ambiguous.to_owned()));
        assert!(matches!(directories.find(None), Err(FindError::Ambiguous(_))));
        fs::write(directory.join("target.pid"), "8\n").unwrap();
        assert_eq!(find(&directories, "target"), Ok(directory.join("target.8.ctl")));
        let _up = UnixListener::bind(directory.join("up.9.ctl")).unwrap();
        assert_eq!(directories.find(None), Ok(directory.join("up.9.ctl")));
    }
}
