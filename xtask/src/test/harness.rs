//! `cargo test` over the workspace: a line for each test program as it ends, and the failures in full.

use std::io::{BufRead, BufReader, Write};

use reactor::clock::{self, Instant};

use super::report::Report;
use crate::task::TaskError;
use crate::workspace;

/// Runs unit, integration and documentation tests and adds them to the report.
///
/// # Errors
/// When cargo cannot be run.
pub(crate) fn run(filters: &[String], report: &mut Report) -> Result<(), TaskError> {
    let mut command = workspace::cargo(&["test", "--workspace", "--no-fail-fast", "--color", "never"]);
    command.arg("--").args(filters);
    let mut command = workspace::with_default_signals(&command);
    // One pipe for both streams: cargo names the test program on one, the program reports on the other, and only the
    // order tells which belong together.
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command holds the pipe's writing end; while it does, the end of the output is never seen.
    drop(command);

    let mut reading = Reading::new(clock::now(), std::io::stdout());
    for line in BufReader::new(reader).lines() {
        reading.line(&line?, report);
    }
    let status = child.wait()?;
    reading.end(status.success(), report);
    Ok(())
}

/// What has been understood of the output so far.
struct Reading<W> {
    output: W,
    began: Instant,
    /// The test program that is running, and whether its result has come.
    program: Option<String>,
    program_passed: usize,
    /// Failures that were named, to tell whether a bad exit status is explained by them.
    failures: usize,
    /// Inside the part where a harness repeats what failed tests printed.
    showing_failures: bool,
}

impl<W: Write> Reading<W> {
    fn new(began: Instant, output: W) -> Self {
        Self { output, began, program: None, program_passed: 0, failures: 0, showing_failures: false }
    }

    fn line(&mut self, line: &str, report: &mut Report) {
        if let Some(program) = program_name(line) {
            self.abandon(report);
            self.program = Some(program);
            self.program_passed = 0;
        } else if let Some((name, outcome)) = test_outcome(line) {
            self.test(name, outcome, report);
        } else if line.starts_with("test result: ") {
            self.showing_failures = false;
            self.program_ended();
        } else if line == "failures:" {
            // It comes twice, with the output and with the names alone; the names are known by then.
            self.showing_failures = true;
        } else if self.showing_failures || self.program.is_none() || line.starts_with("error") {
            self.say(line);
        }
    }

    fn say(&mut self, text: impl std::fmt::Display) {
        // A reader that has gone away is no reason to stop testing.
        let _ = writeln!(self.output, "{text}").and_then(|()| self.output.flush());
    }

    fn test(&mut self, name: &str, outcome: &str, report: &mut Report) {
        let program = self.program.clone().unwrap_or_default();
        match outcome.split(',').next().unwrap_or(outcome) {
            "ok" => {
                report.passed += 1;
                self.program_passed += 1;
            }
            "ignored" => report.skipped.push(format!("{program} {name}: {outcome}")),
            _ => {
                self.failures += 1;
                self.say(format_args!("FAIL  {program} {name}"));
                report.failed.push(format!("{program} {name}"));
            }
        }
    }

    fn program_ended(&mut self) {
        if let Some(program) = self.program.take()
            && self.program_passed > 0
        {
            let (passed, seconds) = (self.program_passed, self.began.elapsed().as_secs_f64());
            self.say(format_args!("ok    {program:36} {passed} tests [{seconds:.1} s since the start]"));
        }
    }

    /// A test program that was named and never gave a result has crashed.
    fn abandon(&mut self, report: &mut Report) {
        if let Some(program) = self.program.take() {
            self.failures += 1;
            self.say(format_args!("FAIL  {program} ended before its tests did"));
            report.failed.push(format!("{program} (ended before its tests did)"));
        }
    }

    fn end(&mut self, success: bool, report: &mut Report) {
        self.abandon(report);
        if !success && self.failures == 0 {
            report.failed.push("cargo test (see above)".to_owned());
        }
    }
}

/// `     Running unittests src/lib.rs (target/debug/deps/nvme-0a1b)` is `nvme src/lib.rs`; `   Doc-tests nvme` is
/// `nvme documentation`.
fn program_name(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(package) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{package} documentation"));
    }
    let rest = line.strip_prefix("Running ")?;
    let (source, program) = rest.strip_suffix(')')?.split_once(" (")?;
    let program = program.rsplit('/').next()?.rsplit_once('-')?.0;
    Some(format!("{program} {}", source.trim_start_matches("unittests ")))
}

/// `test a::b ... ok` is `("a::b", "ok")`. A test that prints has its words between the two, so the end of the line counts.
fn test_outcome(line: &str) -> Option<(&str, &str)> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let known = ["ok", "FAILED", "ignored"].iter().any(|word| outcome.starts_with(word));
    known.then_some((name.trim_end_matches(" - should panic"), outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, success: bool) -> Report {
        let mut report = Report::default();
        let mut reading = Reading::new(clock::now(), Vec::new());
        for line in text.lines() {
            reading.line(line, &mut report);
        }
        reading.end(success, &mut report);
        report
    }

    #[test]
    fn sums_up_test_programs_and_documentation() {
        let report = read(
            "     Running unittests src/lib.rs (target/debug/deps/nvme-0a1b)\n\nrunning 2 tests\n\
             test base::a ... ok\ntest base::b ... ok\n\ntest result: ok. 2 passed; 0 failed; finished in 0.0s\n\n   \
             Doc-tests nvme\n\nrunning 1 test\ntest src/lib.rs - x (line 3) ... ok\n\ntest result: ok. 1 passed\n",
            true,
        );
        assert_eq!(report, Report { passed: 3, ..Report::default() });
    }

    #[test]
    fn failures_and_ignored_tests_are_named() {
        let report = read(
            "     Running unittests src/lib.rs (target/debug/deps/nvme-0a1b)\ntest a ... FAILED\n\
             test b ... ignored, needs a disk\n\nfailures:\n\n---- a stdout ----\nleft: 1\n\nfailures:\n    a\n\n\
             test result: FAILED. 0 passed; 1 failed\n\nerror: test failed\n",
            false,
        );
        assert_eq!(report.failed, ["nvme src/lib.rs a"]);
        assert_eq!(report.skipped, ["nvme src/lib.rs b: ignored, needs a disk"]);
    }

    #[test]
    fn a_crash_and_a_build_error_are_failures() {
        let crash = "     Running tests/x.rs (target/debug/deps/x-0a1b)\n\nrunning 2 tests\ntest a ... ok\n";
        assert_eq!(read(crash, false).failed, ["x tests/x.rs (ended before its tests did)"]);
        assert_eq!(read("error[E0425]: cannot find value\n", false).failed, ["cargo test (see above)"]);
    }
}
