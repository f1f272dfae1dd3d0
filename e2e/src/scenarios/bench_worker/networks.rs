//! Who is let in: this machine, and the networks that are allowed. In a network of its own, with an address that is not local.

use std::process::Command;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::worker::said;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "bench_worker/networks",
    needs: &[Need::Root, Need::Program("fio"), Need::Program("unshare"), Need::Program("ip")],
    run,
};

/// `$1` is the program, `$2` the network that is allowed.
const SCRIPT: &str = "\
set -e
ip link set lo up
ip addr add 198.51.100.1/24 dev lo
\"$1\" bench --server=0.0.0.0 --allow=$2 --detach --pidfile
fio --client=127.0.0.1 job.fio > local || echo local failed
fio --client=198.51.100.1 job.fio > other || echo other failed
\"$1\" ctl -t bench show counters
\"$1\" ctl -t bench exit
";

fn run(context: &Context) -> Verdict {
    let refused = context.run(&["bench", "--server=0.0.0.0,0"])?;
    ensure_eq!(refused.status, Some(2), "status of a worker that everybody reaches");
    ensure!(refused.error.contains("allow") && refused.error.lines().count() == 1, "one line: {}", refused.error);

    std::fs::write(context.scratch().path().join("job.fio"), "[a]\nioengine=null\nsize=1m\n")?;
    for (network, lets_in) in [("192.0.2.0/24", false), ("198.51.100.0/24", true)] {
        let mut command = context.tidegate(&[]);
        let program = command.get_program().to_owned();
        let mut isolated = Command::new("unshare");
        isolated.args(["--net", "sh", "-c", SCRIPT, "sh"]).arg(program).arg(network);
        isolated.current_dir(context.scratch().path()).env_clear();
        isolated.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.args(["--version"]);
        let finished = context.finish("networks", isolated, PROMPTLY)?;
        ensure_eq!(finished.status, Some(0), "status of the script: {}", said(&finished));
        ensure!(!finished.output.contains("local failed"), "{network}: this machine is not let in");
        ensure_eq!(!finished.output.contains("other failed"), lets_in, "{network}: the other address is let in");
        let counted = format!("connections_not_let_in: {}\n", u32::from(!lets_in));
        ensure!(finished.output.contains(&counted), "no {counted:?} in: {}", finished.output);
    }
    Ok(())
}
