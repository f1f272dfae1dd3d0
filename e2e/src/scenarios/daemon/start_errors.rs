//! daemon.at 176 and 177: what keeps a service from starting is told on the caller's standard error, with exit status 1, and
//! nothing is left; in the foreground, detached, monitored and both.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::{Subject, of_both};

pub(super) const SCENARIO: Scenario = Scenario { name: "daemon/start_errors_176_177", needs: &[], run };

fn run(context: &Context) -> Verdict {
    of_both(context, check)
}

fn check(context: &Context, subject: Subject) -> Verdict {
    for mode in [&[][..], &["--detach"], &["--monitor"], &["--detach", "--monitor"]] {
        let words = [&["--pidfile", "--unixctl=/nonexistent/socket"], mode].concat();
        let failed = context.finish(subject.program, subject.command(context, &words), PROMPTLY)?;
        ensure_eq!(failed.status, Some(1), "exit status of {words:?} ({})", failed.error);
        let expected = "/nonexistent/socket: could not initialize control socket (";
        ensure!(failed.error.contains(expected), "{words:?} says: {}", failed.error);
        ensure!(!failed.output.contains("ready"), "{words:?} says it is ready: {}", failed.output);
        context.nothing_is_left().map_err(|failure| failure.during(format_args!("{words:?}")))?;
    }
    Ok(())
}
