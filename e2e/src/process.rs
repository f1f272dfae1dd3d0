//! A program under test: started, watched line by line, ended for sure.
//!
//! Two threads collect what it says. Waiting is for a line or for its end, never for time to pass; the limits are there
//! so that a hang fails the scenario instead of the whole run. Dropping a [`Process`] kills it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use reactor::clock::{self, Duration};
use rustix::process::{Pid, Signal};

use crate::failure::Failure;

/// How long anything that should happen at once may take. Generous: the machine may be emulating a kernel meanwhile.
pub const PROMPTLY: Duration = Duration::from_secs(30);

/// Which of its two outputs a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Everything that a program has said so far.
#[derive(Debug, Default)]
pub struct Transcript {
    state: Mutex<TranscriptState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct TranscriptState {
    lines: Vec<(Stream, String)>,
    streams_ended: usize,
}

impl Transcript {
    fn lock(&self) -> MutexGuard<'_, TranscriptState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, stream: Stream, source: impl Read) {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while matches!(source.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            self.lock().lines.push((stream, text));
            self.changed.notify_all();
            line.clear();
        }
        self.lock().streams_ended += 1;
        self.changed.notify_all();
    }

    /// What it said on one stream, lines joined.
    #[must_use]
    pub fn text(&self, stream: Stream) -> String {
        self.lock().lines.iter().filter(|(from, _)| *from == stream).map(|(_, text)| format!("{text}\n")).collect()
    }

    /// The last `count` lines of both streams, in the order of their arrival.
    #[must_use]
    pub fn tail(&self, count: usize) -> Vec<String> {
        let state = self.lock();
        let skipped = state.lines.len().saturating_sub(count);
        state.lines[skipped..].iter().map(|(_, text)| text.clone()).collect()
    }
}

/// A running program.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    transcript: Arc<Transcript>,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts it, without standard input.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub fn start(name: &str, mut command: Command) -> Result<Self, Failure> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Failure::from(error).during(format!("cannot run {name}")))?;
        let transcript = Arc::new(Transcript::default());
        let (output, error) = (child.stdout.take(), child.stderr.take());
        let (for_output, for_error) = (Arc::clone(&transcript), Arc::clone(&transcript));
        std::thread::spawn(move || output.map(|source| for_output.collect(Stream::Output, source)));
        std::thread::spawn(move || error.map(|source| for_error.collect(Stream::Error, source)));
        Ok(Self { name: name.to_owned(), child, transcript, status: None })
    }

    /// What it has said so far.
    #[must_use]
    pub fn transcript(&self) -> &Arc<Transcript> {
        &self.transcript
    }

    /// Waits until a line of either stream, from its beginning on, is accepted by `pick`.
    ///
    /// # Errors
    /// When the program ends, or `limit` passes, without such a line.
    pub fn wait_for<T>(&self, what: &str, limit: Duration, pick: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
        let until = clock::now() + limit;
        let mut looked_at = 0;
        let mut state = self.transcript.lock();
        loop {
            while let Some((_, line)) = state.lines.get(looked_at) {
                if let Some(found) = pick(line) {
                    return Ok(found);
                }
                looked_at += 1;
            }
            if state.streams_ended == 2 {
                return Err(Failure::new(format!("{} ended without: {what}", self.name)));
            }
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                return Err(Failure::new(format!("{} did not say within {limit:?}: {what}", self.name)));
            }
            state = self.transcript.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it still runs after `limit`; it is killed then.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, Failure> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let until = clock::now() + limit;
        let mut state = self.transcript.lock();
        while state.streams_ended < 2 {
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                drop(state);
                self.kill();
                return Err(Failure::new(format!("{} still ran after {limit:?}", self.name)));
            }
            state = self.transcript.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        let status = self.child.wait()?;
        self.status = Some(status);
        Ok(status)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&self, signal: Signal) -> Result<(), Failure> {
        Ok(rustix::process::kill_process(self.pid()?, signal)?)
    }

    /// Ends it at once, as SIGKILL does, and waits until it is gone.
    pub fn kill(&mut self) {
        if self.status.is_none() {
            // It may have ended by itself a moment ago.
            let _ = self.child.kill();
            self.status = self.child.wait().ok();
        }
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the kernel does not know it.
    pub fn is_running(&mut self) -> Result<bool, Failure> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status.is_none())
    }

    /// Its resident memory (VmRSS), in bytes.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resident_bytes(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kibibytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|value| value.trim().trim_end_matches(" kB").parse::<u64>().ok())
            .ok_or_else(|| Failure::new(format!("{} has no VmRSS", self.name)))?;
        Ok(kibibytes * 1024)
    }

    /// Its process id.
    ///
    /// # Errors
    /// Never in practice: the kernel gives none out that does not fit.
    pub fn pid(&self) -> Result<Pid, Failure> {
        i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| Failure::new(format!("{} has no process id", self.name)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("sh", command).unwrap()
    }

    #[test]
    fn waits_for_a_line_and_for_the_end() {
        let mut process = shell("echo one; echo port 17 >&2; exit 3");
        let port = process.wait_for("a port", PROMPTLY, |line| line.strip_prefix("port ")?.parse::<u16>().ok());
        assert_eq!(port.unwrap(), 17);
        assert_eq!(process.wait(PROMPTLY).unwrap().code(), Some(3));
        assert_eq!(process.transcript().text(Stream::Output), "one\n");
        assert_eq!(process.transcript().text(Stream::Error), "port 17\n");
    }

    #[test]
    fn an_end_without_the_line_is_told() {
        let process = shell("echo other");
        let failure = process.wait_for("the line", PROMPTLY, |line| (line == "this").then_some(())).unwrap_err();
        assert_eq!(failure.to_string(), "sh ended without: the line");
    }

    #[test]
    fn a_program_that_goes_on_is_ended() {
        let mut process = shell("exec sleep 1000");
        let failure = process.wait(Duration::from_millis(10)).unwrap_err();
        assert_eq!(failure.to_string(), "sh still ran after 10ms");
        assert!(!process.is_running().unwrap());
    }
}
