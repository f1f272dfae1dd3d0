//! The supervisor is killed: services end with it (`stop`), or serve on until the next one takes them over (`keep`), in which
//! case no client notices, and the next supervisor restarts them as its own.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::service::{gone, is_alive, send};
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::pair::{Caller, Pair, address, nobody_was_refused, runs_once};

pub(super) const SCENARIO: Scenario = Scenario { name: "supervisor/orphans", needs: &[], run };

fn run(context: &Context) -> Verdict {
    stop(context)?;
    keep(context)
}

fn stop(context: &Context) -> Verdict {
    let mut pair = Pair::start(context, "[up]\norphans = \"stop\"\n", &[])?;
    let processes = [context.process_of("a")?, context.process_of("b")?];
    pair.up.kill();
    processes.into_iter().try_for_each(gone)?;
    // What the killed supervisor has left is all there is, and the next one removes it.
    let left = context.run_directory_entries()?;
    ensure!(left.iter().all(|name| name.starts_with("up.")), "left by the services: {left:?}");
    Pair::start(context, "", &[])?.end()
}

fn keep(context: &Context) -> Verdict {
    const KEEP: &str = "[up]\norphans = \"keep\"\n";
    let mut pair = Pair::start(context, KEEP, &[])?;
    let addresses = [pair.address("a")?, pair.address("b")?];
    let processes = [context.process_of("a")?, context.process_of("b")?];
    let beside = pair.bystander("b")?;
    let callers = addresses.map(Caller::start).into_iter().collect();
    let mut killed = 0;
    for _ in 0..5 {
        pair.up.kill();
        beside.progress()?;
        ensure!(processes.into_iter().all(is_alive), "a service has ended with its supervisor");
        pair = Pair::start(context, KEEP, &[])?;
        ensure_eq!([context.process_of("a")?, context.process_of("b")?], processes, "the processes of a and b");
        ensure_eq!([address(context, "a")?, address(context, "b")?], addresses, "the addresses of a and b");
        killed += 1;
    }
    beside.progress()?;
    beside.finish()?;
    // It is the new supervisor's as if it had started it.
    send(processes[0], Signal::SEGV)?;
    context.another_process_of("a", processes[0])?;
    ensure_eq!(address(context, "a")?, addresses[0], "the address of a after a crash");
    context.ctl("up", &["service/restart", "b"])?;
    nobody_was_refused(callers, killed + 2)?;
    runs_once(context, "a")?;
    runs_once(context, "b")?;
    pair.end()
}
