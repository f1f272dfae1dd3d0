//! `vlog/set` and its relatives through `ovs-appctl`, as Open vSwitch's own tests use them.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::Demo;

pub(super) const SCENARIO: Scenario = Scenario { name: "control/levels", needs: &[Need::Program("ovs-appctl")], run };

const HEADING: &str = "                 console    syslog    file\n                 -------    ------    ------\n";

fn run(context: &Context) -> Verdict {
    let demo = Demo::start(context)?;
    demo.logging.declare(&["nvme_target"]);
    let table = |first: &str, second: &str| format!("{HEADING}{first}\n{second}\n");
    let row = |module: &str, levels: [&str; 3]| {
        format!("{module:<16}  {:>4}       {:>4}       {:>4}", levels[0], levels[1], levels[2])
    };
    demo.ask(&["vlog/set", "any:any:info"])?;
    demo.ask(&["vlog/set", "nvme_target:file:dbg", "syslog,off"])?;
    let expected = table(&row("nvme_target", ["INFO", "OFF", "DBG"]), &row("vlog", ["INFO", "OFF", "INFO"]));
    ensure_eq!(demo.ask(&["vlog/list"])?, expected, "the table");
    demo.ask(&["vlog/disable-rate-limit", "vlog"])?;
    let list = demo.ask(&["vlog/list"])?;
    ensure!(list.ends_with("    (rate limiting disabled)\n"), "the note is missing: {list}");
    demo.ask(&["vlog/enable-rate-limit"])?;
    ensure_eq!(demo.ask(&["vlog/list"])?, expected, "the table with limits again");
    demo.ask(&["vlog/set", "PATTERN:any:%p %m"])?;
    let patterns = demo.ask(&["vlog/list-pattern"])?;
    let lines: Vec<_> = patterns.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let expected = ["SYSLOG", "CONSOLE", "FILE"].map(|name| vec![name, "none", "%p", "%m"]);
    ensure_eq!(lines, expected, "the patterns");
    for (specification, error) in [
        ("nosuch", "no destination, level, or module \"nosuch\""),
        ("file:console", "cannot specify multiple destinations"),
        ("PATTERN:", "missing destination"),
        ("PATTERN:paper:x", "unknown destination \"paper\""),
        ("FACILITY:nosuch", "invalid facility"),
    ] {
        let refused = demo.appctl(&["-t", "demo", "vlog/set", specification])?;
        ensure_eq!(refused.status, Some(2), "status for {specification}");
        ensure!(refused.error.starts_with(&format!("{error}\n")), "{specification}: {}", refused.error);
    }
    Ok(())
}
