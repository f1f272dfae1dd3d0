//! Several front ends at once, one after the other where that is wanted; and one that is killed.

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process};
use e2e::scenario::Scenario;
use e2e::service::{eventually, gone};
use e2e::{ensure, ensure_eq};
use rustix::process::Pid;

use super::worker::{Worker, said_so_far, session, state};

const NEEDS: &[Need] = &[Need::Program("fio")];
pub(super) const PARALLEL: Scenario = Scenario { name: "bench_worker/two_clients", needs: NEEDS, run: parallel };
pub(super) const QUEUED: Scenario = Scenario { name: "bench_worker/queued_clients", needs: NEEDS, run: queued };
pub(super) const KILLED: Scenario = Scenario { name: "bench_worker/killed_client", needs: NEEDS, run: killed };

/// A job that goes on until it is told to end.
const ENDLESS: &str = "[endless]\nioengine=null\nsize=1g\ntime_based\nruntime=1h\nrate_iops=1000\n";
const SHORT: &str = "[short]\nioengine=null\nsize=1m\n";

fn start(context: &Context, worker: &Worker, name: &str, job: &str) -> Result<Process, Failure> {
    let command = worker.fio(context, name, &[], job)?;
    context.start(name, command)
}

fn is_in_state(context: &Context, number: u32, wanted: &str) -> Verdict {
    eventually(format_args!("session {number}: {wanted}"), || {
        Ok((state(context, number)?.contains(wanted)).then_some(()))
    })
}

fn parallel(context: &Context) -> Verdict {
    let worker = Worker::start(context, &[])?;
    let mut first = start(context, &worker, "first", ENDLESS)?;
    is_in_state(context, 1, "running")?;
    let mut second = start(context, &worker, "second", ENDLESS)?;
    is_in_state(context, 2, "running")?;
    // A third comes and goes beside them.
    let third = worker.measured(context, "third", &[], SHORT)?;
    ensure_eq!(third.status, Some(0), "status of the third");
    for (number, process) in [(2, &mut second), (1, &mut first)] {
        context.ctl("bench", &["run/stop", &number.to_string()])?;
        ensure_eq!(process.wait(PROMPTLY)?.code(), Some(0), "status of client {number}");
        let said = said_so_far(process);
        ensure!(said.contains("an operator says so") && said.contains("read: IOPS="), "no report of {number}: {said}");
    }
    Ok(())
}

fn queued(context: &Context) -> Verdict {
    let worker = Worker::start(context, &["--runs-at-once=1"])?;
    let mut first = start(context, &worker, "first", ENDLESS)?;
    is_in_state(context, 1, "running")?;
    let mut second = start(context, &worker, "second", SHORT)?;
    let waits = |line: &str| line.contains("these jobs wait for their turn, in place 1").then_some(());
    second.wait_for("its place", PROMPTLY, waits)?;
    is_in_state(context, 2, "queued, place 1")?;
    let mut third = start(context, &worker, "third", SHORT)?;
    is_in_state(context, 3, "queued, place 2")?;
    // One that goes away gives its place up.
    second.kill();
    is_in_state(context, 3, "queued, place 1")?;
    context.ctl("bench", &["run/stop", "1"])?;
    ensure_eq!(first.wait(PROMPTLY)?.code(), Some(0), "status of the first");
    ensure_eq!(third.wait(PROMPTLY)?.code(), Some(0), "status of the third");
    ensure!(said_so_far(&third).contains("issued rwts: total=256,0,0,0"), "no report of the third");
    is_in_state(context, 3, "succeeded")
}

/// Jobs end with their front end, and so does the process that ran them.
fn killed(context: &Context) -> Verdict {
    let worker = Worker::start(context, &[])?;
    let mut client = start(context, &worker, "client", ENDLESS)?;
    is_in_state(context, 1, "running")?;
    let process = session(context, 1)?["process"].as_i64().and_then(|process| Pid::from_raw(process.try_into().ok()?));
    let process = process.ok_or_else(|| Failure::new("the session has no process"))?;
    client.kill();
    gone(process)?;
    is_in_state(context, 1, "ed")?;
    let after = worker.measured(context, "after", &[], SHORT)?;
    ensure_eq!(after.status, Some(0), "status of the next client");
    Ok(())
}
