//! Commands of the shell before and after a job (`exec_prerun`, `exec_postrun`).

use std::fs::File;
use std::process::{Child, Command, Stdio};

use reactor::clock::Duration;
use rustix::process::{Pid, Signal, kill_process};

use super::clock::{Clock, nanoseconds};
use super::ended::JobFailure;
use super::rest;
use super::shared::Shared;

/// How long a command may go on after it was told to end.
const GRACE: Duration = Duration::from_secs(5);
/// Between two looks whether it has ended.
const LOOK_EVERY_NS: u64 = 5_000_000;

/// Runs a command, its output going to `JOB.WHEN.txt`. Parity: fio, which names the file so and ends the job when the command
/// fails.
pub(super) fn run(command: &str, job: &str, when: &str) -> Result<(), JobFailure> {
    let status = start(command, job, when)?.wait().map_err(|source| failed(command, when, source))?;
    ended(command, when, status)
}

/// The same, but the command ends when the job is to end. fio waits for it in that case, too.
pub(super) fn run_unless_stopped(
    command: &str,
    job: &str,
    when: &str,
    clock: &Clock,
    shared: &Shared,
) -> Result<(), JobFailure> {
    let mut child = start(command, job, when)?;
    let mut kill_at = None;
    loop {
        if let Some(status) = child.try_wait().map_err(|source| failed(command, when, source))? {
            return if shared.is_stopped() { Ok(()) } else { ended(command, when, status) };
        }
        let now = clock.now();
        match kill_at {
            None if shared.is_stopped() => {
                terminate(&child);
                kill_at = Some(now + nanoseconds(GRACE));
            }
            // Whether it went away meanwhile shows the next look.
            Some(at) if now >= at => drop(child.kill()),
            _ => {}
        }
        rest::pause(LOOK_EVERY_NS);
    }
}

fn start(command: &str, job: &str, when: &str) -> Result<Child, JobFailure> {
    let failure = |source| failed(command, when, source);
    let output = File::create(format!("{job}.{when}.txt")).map_err(failure)?;
    let errors = output.try_clone().map_err(failure)?;
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(output).stderr(errors);
    shell.spawn().map_err(failure)
}

fn terminate(child: &Child) {
    if let Some(process) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(process, Signal::TERM);
    }
}

fn ended(command: &str, when: &str, status: std::process::ExitStatus) -> Result<(), JobFailure> {
    if status.success() { Ok(()) } else { Err(JobFailure::Option(format!("exec_{when}={command}: {status}"))) }
}

fn failed(command: &str, when: &str, source: std::io::Error) -> JobFailure {
    JobFailure::System { what: format!("exec_{when}={command}"), source }
}
