//! What a scenario works with: the program under test, a folder, and everything it has started.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use reactor::clock::Duration;

use crate::failure::Failure;
use crate::process::{PROMPTLY, Process, Stream, Transcript};
use crate::scratch::ScratchDirectory;

/// The surroundings of one scenario. Several threads of it may use them at once.
#[derive(Debug)]
pub struct Context {
    binary: PathBuf,
    scratch: ScratchDirectory,
    transcripts: Mutex<Vec<(String, Arc<Transcript>)>>,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub error: String,
}

/// A running `tidegate target` (or `up`), ready for hosts.
#[derive(Debug)]
pub struct Target {
    /// The program.
    pub process: Process,
    /// Where I/O controllers are.
    pub address: SocketAddr,
    /// Where the discovery service is, if it has an address of its own.
    pub discovery: Option<SocketAddr>,
    /// The subsystem.
    pub nqn: String,
}

impl Context {
    /// New surroundings with an empty folder.
    ///
    /// # Errors
    /// When there is no place for the folder.
    pub fn new(binary: PathBuf) -> Result<Self, Failure> {
        Ok(Self { binary, scratch: ScratchDirectory::new()?, transcripts: Mutex::default() })
    }

    /// The folder of this scenario.
    #[must_use]
    pub fn scratch(&self) -> &ScratchDirectory {
        &self.scratch
    }

    /// The `tidegate` under test.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// `tidegate ARGUMENTS` in the scenario's folder, with nothing of the user's environment that could change it.
    #[must_use]
    pub fn tidegate(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(&self.binary);
        command.args(arguments);
        command
    }

    /// A program in the scenario's folder, with the run directory of this scenario and nothing of the user's environment.
    pub(crate) fn program(&self, path: &Path) -> Command {
        let mut command = Command::new(path);
        command
            .current_dir(self.scratch.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.scratch.path())
            .env("TIDEGATE_RUNDIR", self.run_directory())
            .env("TIDEGATE_STATEDIR", self.scratch.path().join("state"));
        command
    }

    /// Starts any program; what it says is shown should the scenario fail.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub fn start(&self, name: &str, command: Command) -> Result<Process, Failure> {
        let process = Process::start(name, command)?;
        let mut transcripts = self.transcripts.lock().unwrap_or_else(PoisonError::into_inner);
        transcripts.push((name.to_owned(), Arc::clone(process.transcript())));
        Ok(process)
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// When it cannot be executed, or takes longer than `limit`.
    pub fn finish(&self, name: &str, command: Command, limit: Duration) -> Result<Finished, Failure> {
        let mut process = self.start(name, command)?;
        let status = process.wait(limit)?;
        let (output, error) = (process.transcript().text(Stream::Output), process.transcript().text(Stream::Error));
        Ok(Finished { status: status.code(), output, error })
    }

    /// Runs `tidegate ARGUMENTS` to its end.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn run(&self, arguments: &[&str]) -> Result<Finished, Failure> {
        self.finish("tidegate", self.tidegate(arguments), PROMPTLY)
    }

    /// Starts `tidegate target ARGUMENTS` on free ports and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn target(&self, arguments: &[&str]) -> Result<Target, Failure> {
        self.target_at("127.0.0.1:0", arguments)
    }

    /// Starts `tidegate target ARGUMENTS` on a given address, without a discovery address of its own, as one that is
    /// being restarted must.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn target_at(&self, address: &str, arguments: &[&str]) -> Result<Target, Failure> {
        let mut command = self.tidegate(&["target", "-vconsole:info", "--listen", address, "--discovery", "none"]);
        command.args(arguments);
        ready(self.start("tidegate target", command)?)
    }

    /// The last lines of everything that was started, each under its name.
    #[must_use]
    pub fn last_words(&self, lines: usize) -> Vec<String> {
        let mut words = Vec::new();
        for (name, transcript) in self.transcripts.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            words.push(format!("--- {name}"));
            words.extend(transcript.tail(lines));
        }
        words
    }
}

/// Waits for the line `ready` and reads the addresses before it.
///
/// # Errors
/// When the program ends or takes long before that line, or names no address.
pub fn ready(process: Process) -> Result<Target, Failure> {
    process.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
    let field = |label: &str| {
        process.wait_for(label, PROMPTLY, |line| line.strip_prefix(label).map(str::trim).map(str::to_owned))
    };
    let nqn = field("subsystem ")?;
    let address = field("I/O ")?.parse()?;
    let discovery = process
        .transcript()
        .text(Stream::Output)
        .lines()
        .find_map(|line| line.strip_prefix("discovery "))
        .and_then(|address| address.trim().parse().ok());
    Ok(Target { process, address, discovery, nqn })
}
