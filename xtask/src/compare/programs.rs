//! The programs that are compared: run to their end, waited for, looked at.

use std::fmt::Display;
use std::process::{Command, Stdio};

use reactor::clock::{self, Duration};

use crate::task::{TaskError, describe};

/// How long one may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again: a pause would be measured.
pub(super) fn wait_until<T>(what: &str, ask: impl Fn() -> Option<T>) -> Result<T, TaskError> {
    let give_up_at = clock::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if clock::now() >= give_up_at {
            return Err(TaskError::new(format_args!("waited in vain until {what}")));
        }
        std::thread::yield_now();
    }
}

/// Runs a command whose output nobody needs.
pub(super) fn finish(command: &mut Command) -> Result<(), TaskError> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(TaskError::new(format_args!("{} failed ({status})", describe(command)))) }
}

/// The number behind a word such as `PPid:` in `/proc/PROCESS/status`.
pub(super) fn status_field(process: impl Display, field: &str) -> Result<u64, TaskError> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let value = status.lines().find_map(|line| line.strip_prefix(field));
    let number = value.and_then(|value| value.split_whitespace().next()).and_then(|text| text.parse().ok());
    number.ok_or_else(|| TaskError::new(format_args!("process {process} has no {field}")))
}

/// Memory of a process that is resident.
pub(super) fn resident_bytes(process: impl Display) -> Result<u64, TaskError> {
    Ok(status_field(process, "VmRSS:")? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_looked_at_and_failures_are_told() {
        let own = std::process::id();
        assert_eq!(status_field(own, "Tgid:").unwrap(), u64::from(own));
        assert!(resident_bytes(own).unwrap() > 4096);
        assert_eq!(status_field(own, "Nothing:").unwrap_err().0, format!("process {own} has no Nothing:"));
        assert!(finish(&mut Command::new("false")).unwrap_err().0.starts_with("false failed ("));
        finish(&mut Command::new("true")).unwrap();
    }
}
