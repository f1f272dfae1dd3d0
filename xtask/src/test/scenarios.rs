//! The end-to-end scenarios, run by the program `e2e` against the release build.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::report::Report;
use crate::task::{TaskError, say};
use crate::workspace;

/// Builds the program and runs the scenarios with it. See [`run_with`].
///
/// # Errors
/// When a program does not build or cannot be run.
pub(crate) fn run(filters: &[String], report: &mut Report) -> Result<(), TaskError> {
    let binary = workspace::build_release("tidegate")?;
    run_with(&binary, filters, report)
}

/// Runs the scenarios with this program, passes their lines on as they come, and adds them to the report.
///
/// # Errors
/// When the runner does not build or cannot be run.
pub(crate) fn run_with(binary: &Path, filters: &[String], report: &mut Report) -> Result<(), TaskError> {
    let runner = workspace::build_for_tests("e2e")?;
    // The service with the commands of the original's tests; scenarios find it beside their own program.
    workspace::build_for_tests("daemon_demo")?;
    let mut command = Command::new(runner);
    command.current_dir(workspace::root()).arg("--binary").arg(binary).args(filters);
    let mut child = workspace::with_default_signals(&command).stdout(Stdio::piped()).spawn()?;
    let mut complete = false;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            complete = line.starts_with("scenarios: ");
            if !complete {
                say(&line);
                read(&line, report);
            }
        }
    }
    child.wait()?;
    if !complete {
        report.failed.push("e2e (ended before its scenarios did)".to_owned());
    }
    Ok(())
}

/// `ok    NAME  TIME`, `skip  NAME  REASON` or `FAIL  NAME  TIME: REASON`; anything else explains a failure.
fn read(line: &str, report: &mut Report) {
    let mut words = line.split_whitespace();
    let (verdict, name) = (words.next(), words.next().unwrap_or_default());
    match verdict {
        Some("ok") if !line.starts_with(' ') => report.passed += 1,
        Some("FAIL") if !line.starts_with(' ') => report.failed.push(name.to_owned()),
        Some("skip") if !line.starts_with(' ') => {
            report.skipped.push(format!("{name}: {}", words.collect::<Vec<_>>().join(" ")));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_by_their_verdict() {
        let mut report = Report::default();
        for line in [
            "ok    cli/help    0.1 s",
            "FAIL  cli/x    2.0 s: bad",
            "      | ok    not a verdict",
            "skip  kernel/y    needs fio (Debian package fio)",
        ] {
            read(line, &mut report);
        }
        let skipped = vec!["kernel/y: needs fio (Debian package fio)".to_owned()];
        assert_eq!(report, Report { passed: 1, failed: vec!["cli/x".to_owned()], skipped });
    }
}
