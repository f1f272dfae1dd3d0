//! What ends a run from outside: a file that appears, or a time (`--trigger-file`, `--trigger-timeout`), and the command
//! that is run then (`--trigger`).
//!
//! The command is run while I/O is under way: jobs are told to end, those that verify save their state, and then it begins,
//! whether or not anything else comes back from the device. Whatever it does to the machine, the states are complete: nothing
//! is written to them later. A job whose I/O hangs so that it cannot save its state is waited for no longer than
//! [`STATES_WITHIN_MS`].

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use super::coordinator::RunView;

/// How long a command waits for the states of verification, in milliseconds.
pub const STATES_WITHIN_MS: u64 = 2000;

/// Waits for its cause, once.
#[derive(Debug, Default)]
pub struct Trigger {
    file: Option<PathBuf>,
    timeout: Option<Duration>,
    command: Option<String>,
    pulled_ms: Option<u64>,
    running: Option<io::Result<Child>>,
}

impl Trigger {
    /// A trigger that is pulled when the file is there, which is removed then, or when the time is over.
    #[must_use]
    pub fn new(file: Option<PathBuf>, timeout: Option<Duration>, command: Option<String>) -> Self {
        Self { file, timeout, command, pulled_ms: None, running: None }
    }

    /// Whether the run ends now. It is so once.
    pub fn is_pulled(&mut self, now_ms: u64) -> bool {
        if self.pulled_ms.is_some() {
            return false;
        }
        let is_late = self.timeout.is_some_and(|timeout| u128::from(now_ms) >= timeout.as_millis());
        let is_there = self.file.as_ref().is_some_and(|file| file.exists());
        if let Some(file) = self.file.as_ref().filter(|_| is_there) {
            // One that stays would end every later run, too; this one it ends in any case.
            let _ = fs::remove_file(file);
        }
        self.pulled_ms = (is_late || is_there).then_some(now_ms);
        self.pulled_ms.is_some()
    }

    /// Looks whether it is pulled. If so the run ends, and the command begins as soon as states are saved. Returns the jobs whose
    /// states are not, when it begins without them.
    pub fn look(&mut self, now_ms: u64, run: &mut dyn RunView) -> Vec<String> {
        if self.is_pulled(now_ms) {
            run.end_with_states();
        }
        let Some(pulled_ms) = self.pulled_ms.filter(|_| self.running.is_none()) else {
            return Vec::new();
        };
        let missing = run.states_missing();
        if !missing.is_empty() && now_ms.saturating_sub(pulled_ms) < STATES_WITHIN_MS {
            return Vec::new();
        }
        self.begin();
        missing
    }

    fn begin(&mut self) {
        if self.running.is_none()
            && let Some(command) = &self.command
        {
            self.running = Some(Command::new("/bin/sh").args(["-c", command]).spawn());
        }
    }

    /// Waits for the end of the command, if the trigger was pulled. The run is over.
    ///
    /// # Errors
    /// When the shell cannot be started, or the command fails.
    pub fn finish(&mut self) -> io::Result<()> {
        if self.pulled_ms.is_some() {
            self.begin();
        }
        let Some(running) = self.running.take() else {
            return Ok(());
        };
        let status = running?.wait()?;
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
        told.finish().unwrap();
        assert!(!mark.exists(), "it was not pulled");
        fs::write(&file, "").unwrap();
        assert!(told.is_pulled(1) && !file.exists() && !told.is_pulled(2));
        told.finish().unwrap();
        assert_eq!(fs::read_to_string(&mark).unwrap(), "x\n");
        let mut failing = Trigger::new(None, Some(Duration::ZERO), Some("exit 3".to_owned()));
        assert!(failing.is_pulled(0));
        assert!(failing.finish().unwrap_err().to_string().contains('3'));
        fs::remove_dir_all(folder).unwrap();
    }
}
