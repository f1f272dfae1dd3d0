//! A target under one of the two kinds of supervisor.

use std::path::Path;
use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::process::{PROMPTLY, Process};
use e2e::service::{is_alive, parent_of};
use e2e::{ensure, ensure_eq};
use rustix::process::{Pid, Signal};

/// Who supervises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// `tidegate up`.
    Up,
    /// `tidegate target --monitor`.
    Monitor,
}

/// What is started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup<'a> {
    pub(super) mode: Mode,
    /// A device, as on the command line.
    pub(super) device: &'a str,
    /// A log file of the service.
    pub(super) log: Option<&'a Path>,
    /// What starts the program: `prlimit --nofile=8`, and so on.
    pub(super) prefix: &'a [&'a str],
}

impl<'a> Setup<'a> {
    pub(super) fn new(mode: Mode) -> Self {
        Self { mode, device: "memory:1M", log: None, prefix: &[] }
    }

    pub(super) fn under(self, prefix: &'a [&'a str]) -> Self {
        Self { prefix, ..self }
    }

    /// The command line; its restarts and its watchdog are quick.
    pub(super) fn command(&self, context: &Context) -> Result<Command, Failure> {
        let command = match self.mode {
            Mode::Up => {
                let path = context.scratch().path().join("tidegate.toml");
                let log = self.log.map(|log| format!("log_file = {log:?}\n")).unwrap_or_default();
                std::fs::write(
                    &path,
                    format!(
                        "[target]\ndevices = [{:?}]\nlisten = [\"127.0.0.1:0\"]\ndiscovery = []\n\
                         [target.service]\nwatchdog_s = 0.5\n{log}\
                         [target.service.restart]\nthrottle_s = 0.001\nthrottle_limit_s = 0.1\n",
                        self.device
                    ),
                )?;
                let mut command = context.tidegate(&["up", "-c"]);
                command.arg(path);
                command
            }
            Mode::Monitor => {
                let mut command = context.tidegate(&["target", self.device, "--listen", "127.0.0.1:0"]);
                command.args(["--discovery", "none", "--pidfile", "--monitor", "--watchdog=0.5", "--throttle=0.001"]);
                command.args(self.log.map(|log| format!("--log-file={}", log.display())));
                command
            }
        };
        Ok(wrapped(self.prefix, &command))
    }

    /// Starts it and waits until it is ready.
    pub(super) fn start<'c>(&self, context: &'c Context) -> Result<Bench<'c>, Failure> {
        let supervisor = context.start("tidegate", self.command(context)?)?;
        supervisor.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
        Ok(Bench { context, supervisor })
    }

    /// Starts it where it cannot start: the status and the first words of its complaint.
    pub(super) fn fail(&self, context: &Context) -> Result<String, Failure> {
        let finished = context.finish("tidegate", self.command(context)?, PROMPTLY)?;
        ensure!(!finished.error.is_empty(), "it ends with {:?} and without a word", finished.status);
        ensure!(!finished.output.contains("ready"), "it says that it is ready");
        let status = finished.status.map_or_else(|| "a signal".to_owned(), |status| status.to_string());
        Ok(format!("status {status}"))
    }
}

/// `command` as the last part of another one.
fn wrapped(prefix: &[&str], command: &Command) -> Command {
    let Some((program, words)) = prefix.split_first() else {
        return wrapped(&["env"], command);
    };
    let mut whole = Command::new(program);
    whole.args(words).arg(command.get_program()).args(command.get_args()).env_clear();
    whole.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.get_current_dir().map(|directory| whole.current_dir(directory));
    whole
}

/// A supervised target.
pub(super) struct Bench<'c> {
    pub(super) context: &'c Context,
    pub(super) supervisor: Process,
}

impl Bench<'_> {
    /// The process of the service.
    pub(super) fn service(&self) -> Result<Pid, Failure> {
        self.context.process_of("target")
    }

    /// Demands that the service gets another process, of the same supervisor, that serves.
    pub(super) fn restarted(&self, old: Pid) -> Verdict {
        let new = self.context.another_process_of("target", old)?;
        ensure_eq!(parent_of(new)?, self.supervisor.pid()?, "the parent of the restarted service");
        self.serves()
    }

    /// Demands that the service answers.
    pub(super) fn serves(&self) -> Verdict {
        let version = self.context.ctl("target", &["version"])?;
        ensure!(version.starts_with("target (Tidegate)"), "version is {version}");
        Ok(())
    }

    /// Ends it as an operator does: everything is gone afterwards.
    pub(super) fn end(mut self) -> Verdict {
        let service = self.service()?;
        self.supervisor.signal(Signal::TERM)?;
        self.supervisor.wait(PROMPTLY)?;
        ensure!(!is_alive(service), "the service has outlived its supervisor");
        self.context.nothing_is_left()
    }
}
