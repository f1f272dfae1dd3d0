//! A service is restarted 100 times, by an operator and by crashes in turn; clients that connect meanwhile are never refused,
//! and a host of the service beside it notices nothing.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::service::send;
use rustix::process::Signal;

use super::pair::{Caller, Pair, nobody_was_refused, runs_once};

pub(super) const SCENARIO: Scenario = Scenario { name: "supervisor/restarts", needs: &[], run };

const RESTARTS: u64 = 100;

fn run(context: &Context) -> Verdict {
    let pair = Pair::start(context, "", &[])?;
    let beside = pair.bystander("b")?;
    let address = pair.address("a")?;
    let callers = (0..3).map(|_| Caller::start(address)).collect();
    for number in 0..RESTARTS {
        let old = context.process_of("a")?;
        if number % 2 == 0 {
            context.ctl("up", &["service/restart", "a"])?;
        } else {
            send(old, Signal::SEGV)?;
        }
        context.another_process_of("a", old).map_err(|failure| failure.during(format_args!("restart {number}")))?;
    }
    nobody_was_refused(callers, RESTARTS)?;
    beside.progress()?;
    beside.finish()?;
    runs_once(context, "a")?;
    pair.end()
}
