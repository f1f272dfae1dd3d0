//! No I/O: runs a program beside the measured jobs, until it ends or the job's time is over.
//!
//! A job file that can run programs can do anything, so this is off unless whoever starts the load generator allows it.
//! An I/O is a look at the program; the loop pauses in between. The program's exit status is not judged. Parity: fio runs the program without a shell, splits its arguments at spaces, replaces `%r` by the runtime in
//! seconds and `%n` by the job's name.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use reactor::clock::{self, Duration, Instant};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::{Description, Engine, EngineError, Io, Outcome, Queued, Setup, Traits};

/// How long to wait between two looks at the program.
const PAUSE: Duration = Duration::from_millis(50);

/// The options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOptions {
    /// Whether programs may be run at all.
    pub allowed: bool,
    /// `program`.
    pub program: Option<String>,
    /// `arguments`, separated by spaces.
    pub arguments: Option<String>,
    /// `grace_time`: seconds between SIGTERM and SIGKILL. Default 1.
    pub grace_seconds: u64,
    /// `std_redirect`: output goes to `JOB.stdout` and `JOB.stderr`. Default yes.
    pub redirects_output: bool,
}

impl Default for ExecOptions {
    fn default() -> Self {
        Self { allowed: false, program: None, arguments: None, grace_seconds: 1, redirects_output: true }
    }
}

/// The engine: the program, before, while and after it runs.
#[derive(Debug)]
pub(super) struct ExecEngine {
    command: Command,
    runtime: Duration,
    grace: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    Running { child: Child, since: Instant, terminated_at: Option<Instant> },
    Over,
}

impl ExecEngine {
    /// What to do now, and what comes after.
    fn step(&mut self, now: Instant) -> Result<(), Errno> {
        let next = match &mut self.state {
            State::Waiting => {
                let child = self.command.spawn();
                let child = child.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::NOEXEC))?;
                State::Running { child, since: now, terminated_at: None }
            }
            State::Running { child, since, terminated_at } => match terminated_at {
                _ if has_ended(child) => State::Over,
                Some(at) if now - *at >= self.grace => {
                    kill(child);
                    State::Over
                }
                None if !self.runtime.is_zero() && now - *since >= self.runtime => {
                    terminate(child);
                    *terminated_at = Some(now);
                    return Ok(());
                }
                _ => return Ok(()),
            },
            State::Over => return Ok(()),
        };
        self.state = next;
        Ok(())
    }
}

impl Engine for ExecEngine {
    const DESCRIPTION: Description =
        Description { name: "exec", summary: "runs a program, no I/O", traits: Traits::NO_IO };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        let options = &setup.options.exec;
        let wrong = |problem| EngineError::Option { engine: "exec", problem };
        if !options.allowed {
            return Err(wrong("programs are not run from job files unless --allow-exec is given"));
        }
        let program = options.program.as_deref().ok_or(wrong("program is missing: give the program to run"))?;
        let expand = |text: &str| text.replace("%r", &setup.runtime_seconds.to_string()).replace("%n", setup.job_name);
        let mut command = Command::new(program);
        command.args(expand(options.arguments.as_deref().unwrap_or("")).split_ascii_whitespace());
        command.stdin(Stdio::null());
        if options.redirects_output {
            command.stdout(output_file(setup.job_name, "stdout")?);
            command.stderr(output_file(setup.job_name, "stderr")?);
        }
        Ok(Self {
            command,
            runtime: Duration::from_secs(setup.runtime_seconds),
            grace: Duration::from_secs(options.grace_seconds),
            state: State::Waiting,
        })
    }

    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        Queued::Done(match self.step(clock::now()) {
            Ok(()) => Outcome::complete(io),
            Err(error) => Outcome::failed(error),
        })
    }

    fn pause(&self, _worked: Duration) -> Duration {
        PAUSE
    }

    fn finished(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Drop for ExecEngine {
    /// Ends a program that still runs.
    fn drop(&mut self) {
        if let State::Running { child, .. } = &mut self.state {
            kill(child);
        }
    }
}

fn output_file(job: &str, stream: &str) -> Result<File, EngineError> {
    let path = PathBuf::from(format!("{job}.{stream}"));
    File::create(&path).map_err(|source| EngineError::File { engine: "exec", what: "creating", path, source })
}

fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

fn terminate(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended in the meantime, which is what is wanted.
        let _ = kill_process(pid, Signal::TERM);
    }
}

fn kill(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
