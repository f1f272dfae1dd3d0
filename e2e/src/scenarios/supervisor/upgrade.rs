//! `upgrade` under load: the supervisor becomes the new program in its own process, each service is renewed, and clients are
//! never refused. A program that does not do is refused, and all goes on.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};

use super::pair::{Caller, Pair, nobody_was_refused, runs_once};

pub(super) const SCENARIO: Scenario = Scenario { name: "supervisor/upgrade", needs: &[], run };

const UPGRADES: u64 = 3;

fn run(context: &Context) -> Verdict {
    let pair = Pair::start(context, "", &[])?;
    refuses_broken_programs(context, &pair)?;
    let supervisor = pair.up.pid()?;
    let callers = [pair.address("a")?, pair.address("b")?].map(Caller::start).into_iter().collect();
    for number in 0..UPGRADES {
        let program = context.scratch().path().join(format!("tidegate-{number}"));
        fs::copy(context.binary(), &program)?;
        let (a, b) = (context.process_of("a")?, context.process_of("b")?);
        let said = context.ctl("up", &["upgrade", &program.display().to_string()])?;
        ensure!(said.starts_with("upgrading from "), "upgrade says: {said}");
        ensure_eq!(context.process_of("up")?, supervisor, "process of the supervisor");
        for (name, old) in [("a", a), ("b", b)] {
            let new = context.another_process_of(name, old)?;
            let link = fs::read_link(format!("/proc/{new}/exe"))?;
            ensure_eq!(link, program, "the program of {name}");
        }
        ensure_eq!(fs::read_link(format!("/proc/{supervisor}/exe"))?, program, "the supervisor's program");
        eventually("both to be ready", || {
            let list = context.ctl("up", &["service/list"])?;
            Ok((list.matches(" ready ").count() == 2).then_some(()))
        })?;
    }
    nobody_was_refused(callers, UPGRADES)?;
    runs_once(context, "a")?;
    runs_once(context, "b")?;
    runs_once(context, "up")?;
    pair.end()
}

fn refuses_broken_programs(context: &Context, pair: &Pair<'_>) -> Verdict {
    let scratch = context.scratch().path();
    fs::write(scratch.join("fails"), "#!/bin/sh\necho not today >&2\nexit 3\n")?;
    fs::write(scratch.join("garbage"), "no program\n")?;
    for name in ["fails", "garbage"] {
        fs::set_permissions(scratch.join(name), fs::Permissions::from_mode(0o755))?;
    }
    let processes = (context.process_of("a")?, context.process_of("b")?);
    let beside = pair.bystander("b")?;
    for (name, reason) in [("fails", "not today"), ("garbage", "Exec format error"), ("absent", "No such file")] {
        let path = scratch.join(name).display().to_string();
        let refused = context.run(&["ctl", "-t", "up", "upgrade", &path])?;
        ensure_eq!(refused.status, Some(2), "status of an upgrade to {name} ({})", refused.error);
        ensure!(refused.error.contains(reason) && refused.error.contains(name), "it says: {}", refused.error);
    }
    ensure_eq!((context.process_of("a")?, context.process_of("b")?), processes, "the processes of a and b");
    beside.progress()?;
    beside.finish()
}
