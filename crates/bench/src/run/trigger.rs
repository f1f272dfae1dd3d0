//! What ends a run from outside: a file that appears, or a time (`--trigger-file`, `--trigger-timeout`), and the command
//! that is run then (`--trigger`).
//!
//! Jobs that verify save their state as they end, and only then is the command run: whatever it does to the machine, the state
//! is complete. fio runs it at once, with I/O still under way.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Waits for its cause, once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigger {
    file: Option<PathBuf>,
    timeout: Option<Duration>,
    command: Option<String>,
    fired: bool,
}

impl Trigger {
    /// A trigger that is pulled when the file is there, which is removed then, or when the time is over.
    #[must_use]
    pub fn new(file: Option<PathBuf>, timeout: Option<Duration>, command: Option<String>) -> Self {
        Self { file, timeout, command, fired: false }
    }

    /// Whether the run ends now. It is so once.
    pub fn is_pulled(&mut self, now_ms: u64) -> bool {
        if self.fired {
            return false;
        }
        let is_late = self.timeout.is_some_and(|timeout| u128::from(now_ms) >= timeout.as_millis());
        let is_there = self.file.as_ref().is_some_and(|file| file.exists());
        if let Some(file) = self.file.as_ref().filter(|_| is_there) {
            // One that stays would end every later run, too; this one it ends in any case.
            let _ = fs::remove_file(file);
        }
        self.fired = is_late || is_there;
        self.fired
    }

    /// Runs the command if the trigger was pulled. The run is over.
    ///
    /// # Errors
    /// When the shell cannot be started, or the command fails.
    pub fn run_command(&self) -> io::Result<()> {
        let Some(command) = self.command.as_ref().filter(|_| self.fired) else {
            return Ok(());
        };
        let status = Command::new("/bin/sh").args(["-c", command]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_or_a_file_pulls_it_once() {
        let folder = std::env::temp_dir().join(format!("bench-trigger-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, mark) = (folder.join("file"), folder.join("mark"));
        let command = Some(format!("echo x >> {}", mark.display()));
        let mut late = Trigger::new(None, Some(Duration::from_secs(2)), command.clone());
        assert!(!late.is_pulled(1999) && late.is_pulled(2000) && !late.is_pulled(2001));
        let mut told = Trigger::new(Some(file.clone()), None, command);
        assert!(!told.is_pulled(0));
        told.run_command().unwrap();
        assert!(!mark.exists(), "it was not pulled");
        fs::write(&file, "").unwrap();
        assert!(told.is_pulled(1) && !file.exists() && !told.is_pulled(2));
        told.run_command().unwrap();
        assert_eq!(fs::read_to_string(&mark).unwrap(), "x\n");
        let mut failing = Trigger::new(None, Some(Duration::ZERO), Some("exit 3".to_owned()));
        assert!(failing.is_pulled(0));
        assert!(failing.run_command().unwrap_err().to_string().contains('3'));
        fs::remove_dir_all(folder).unwrap();
    }
}
