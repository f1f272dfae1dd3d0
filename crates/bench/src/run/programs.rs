//! Commands of the shell before and after a job (`exec_prerun`, `exec_postrun`).

use std::fs::File;
use std::process::{Command, Stdio};

use super::ended::JobFailure;

/// Runs a command, its output going to `JOB.WHEN.txt`. Parity: fio, which names the file so and ends the job when the command
/// fails.
pub(super) fn run(command: &str, job: &str, when: &str) -> Result<(), JobFailure> {
    let failure = |source| JobFailure::System { what: format!("exec_{when}={command}"), source };
    let output = File::create(format!("{job}.{when}.txt")).map_err(failure)?;
    let errors = output.try_clone().map_err(failure)?;
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(output).stderr(errors);
    let status = shell.status().map_err(failure)?;
    if status.success() { Ok(()) } else { Err(JobFailure::Option(format!("exec_{when}={command}: {status}"))) }
}
