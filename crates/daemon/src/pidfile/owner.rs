//! What stands beside a pidfile: who its owner is, in terms that hold across PID namespaces.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// The longest owner file that is read, in bytes: a path and three numbers.
const OWNER_LIMIT_BYTES: usize = 8192;

/// The owner of a pidfile. One `key value` a line in `PIDFILE.owner`; unknown keys are skipped, and a missing one is
/// `None`: the file may be read while it is being written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PidfileOwner {
    /// The process id, as the owner sees it.
    pub pid: Option<u32>,
    /// When it started, in clock ticks since the machine started (proc(5), stat field 22). With the pid it names a
    /// process for good.
    pub start_time_ticks: Option<u64>,
    /// The inode of its PID namespace.
    pub pid_namespace: Option<u64>,
    /// Where its control socket is, or will be.
    pub control_socket: Option<PathBuf>,
}

impl PidfileOwner {
    /// The owner file of a pidfile.
    #[must_use]
    pub fn path(pidfile: &Path) -> PathBuf {
        let mut name = pidfile.as_os_str().to_owned();
        name.push(".owner");
        name.into()
    }

    /// This process.
    #[must_use]
    pub fn of_this_process(control_socket: Option<PathBuf>) -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Self {
            pid: Some(std::process::id()),
            start_time_ticks: stat_field(&stat, 22).and_then(|text| text.parse().ok()),
            pid_namespace: rustix::fs::stat("/proc/self/ns/pid").ok().map(|found| found.st_ino),
            control_socket,
        }
    }

    /// Reads an owner file; `None` when there is none.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        Some(Self::parse(&read_limited(path, OWNER_LIMIT_BYTES)?))
    }

    /// The control socket, if someone accepts connections there.
    #[must_use]
    pub fn answering(self) -> Option<PathBuf> {
        self.control_socket.filter(|path| UnixStream::connect(path).is_ok())
    }

    fn parse(text: &str) -> Self {
        let mut owner = Self::default();
        // A line without its newline is still being written.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match line.split_once(' ') {
                Some(("pid", value)) => owner.pid = value.parse().ok(),
                Some(("start_time_ticks", value)) => owner.start_time_ticks = value.parse().ok(),
                Some(("pid_namespace", value)) => owner.pid_namespace = value.parse().ok(),
                Some(("control_socket", value)) => owner.control_socket = Some(value.into()),
                _ => {}
            }
        }
        owner
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        let numbers = [
            ("pid", self.pid.map(u64::from)),
            ("start_time_ticks", self.start_time_ticks),
            ("pid_namespace", self.pid_namespace),
        ];
        for (key, value) in numbers {
            if let Some(value) = value {
                let _ = writeln!(text, "{key} {value}");
            }
        }
        if let Some(path) = &self.control_socket {
            let _ = writeln!(text, "control_socket {}", path.display());
        }
        text
    }

    /// Only the holder of the pidfile's lock writes it.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)?;
        file.write_all(self.to_text().as_bytes()).inspect_err(|_| {
            let _ = std::fs::remove_file(path);
        })
    }
}

/// A field of `/proc/PID/stat`, counted from 1 as proc(5) does; not the first two, which may hold any character.
pub(crate) fn stat_field(stat: &str, number: usize) -> Option<&str> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_whitespace().nth(number.checked_sub(3)?)
}

/// The first bytes of a small text file; `None` when there is none or it is no text.
fn read_limited(path: &Path, limit_bytes: usize) -> Option<String> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    let mut text = String::new();
    file.take(limit_bytes as u64).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_reads_as_it_was_written() {
        let owner = PidfileOwner::of_this_process(Some("/run/x y/service.ctl".into()));
        assert!(owner.start_time_ticks.is_some() && owner.pid_namespace.is_some());
        assert_eq!(PidfileOwner::parse(&owner.to_text()), owner);
    }

    #[test]
    fn a_file_under_way_gives_what_is_complete() {
        let owner = PidfileOwner::parse("pid 12\nnews 1\nstart_time_ticks x\npid_namesp");
        assert_eq!(owner, PidfileOwner { pid: Some(12), ..PidfileOwner::default() });
        let cut = PidfileOwner::parse("pid 12\ncontrol_socket /run/a");
        assert_eq!(cut.control_socket, None, "half a path is no path");
    }

    #[test]
    fn a_field_is_found_behind_a_name_with_blanks_and_brackets() {
        assert_eq!(stat_field("12 (a) b) S 1 2 3", 3), Some("S"));
        assert_eq!(stat_field("12 (a) b) S 1 2 3", 4), Some("1"));
        assert_eq!(stat_field("", 4), None);
    }
}
