//! SIGHUP and `reload`: a changed section restarts its service and no other, a broken configuration changes nothing, a new
//! section starts a service, and one that is gone stops it.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::{eventually, gone};
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::pair::{Pair, address, runs_once, section, write};

pub(super) const SCENARIO: Scenario = Scenario { name: "supervisor/reload", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let pair = Pair::start(context, "", &[])?;
    let beside = pair.bystander("b")?;
    let (a, b) = (context.process_of("a")?, context.process_of("b")?);
    let addresses = (pair.address("a")?, pair.address("b")?);

    let changed = section("a").replace("memory:4M", "memory:8M");
    write(context, &format!("{changed}{}", section("b")))?;
    pair.up.signal(Signal::HUP)?;
    let a = context.another_process_of("a", a)?;
    ensure_eq!((pair.address("a")?, pair.address("b")?), addresses, "the addresses after a change");

    for broken in ["[[target]\n", "", "[[target]]\nname = \"a\"\ndevices = [\"/nonexistent/disk\"]\n"] {
        write(context, broken)?;
        let refused = context.run(&["ctl", "-t", "up", "reload"])?;
        ensure_eq!(refused.status, Some(2), "status of a reload of {broken:?}");
        ensure!(refused.error.contains("tidegate.toml"), "it says: {}", refused.error);
    }
    pair.up.signal(Signal::HUP)?;
    let said = "the configuration stays the old one";
    pair.up.wait_for(said, PROMPTLY, |line| line.contains(said).then_some(()))?;
    ensure_eq!((context.process_of("a")?, context.process_of("b")?), (a, b), "the processes after a broken reload");

    write(context, &format!("{changed}{}{}", section("b"), section("c")))?;
    pair.up.signal(Signal::HUP)?;
    eventually("service c", || Ok(context.ctl("c", &["version"]).ok()))?;
    address(context, "c")?;
    ensure_eq!((context.process_of("a")?, context.process_of("b")?), (a, b), "the processes after an extension");

    // One that cannot start is no reason to end the others.
    let taken = section("d").replace("127.0.0.1:0", &addresses.1.to_string());
    write(context, &format!("{changed}{}{}{taken}", section("b"), section("c")))?;
    let refused = context.run(&["ctl", "-t", "up", "reload"])?;
    ensure_eq!(refused.status, Some(2), "status of a reload with an address that is taken");
    ensure!(refused.error.contains(&addresses.1.to_string()), "it says: {}", refused.error);
    let c = context.process_of("c")?;

    write(context, &format!("{changed}{}", section("b")))?;
    context.ctl("up", &["reload"])?;
    gone(c)?;
    let list = context.ctl("up", &["service/list"])?;
    ensure!(!list.contains("\nc "), "c is still listed: {list}");
    beside.progress()?;
    beside.finish()?;
    runs_once(context, "a")?;
    runs_once(context, "b")?;
    pair.end()
}
