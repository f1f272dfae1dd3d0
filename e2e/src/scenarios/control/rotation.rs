//! A log file is rotated away, closed and reopened by `ovs-appctl`, and a full disk does not stop the service.

use std::fs;
use std::path::Path;

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;

use super::Demo;

pub(super) const SCENARIO: Scenario = Scenario { name: "control/rotation", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    let demo = Demo::start(context)?;
    let (path, old) = (context.scratch().path().join("log"), context.scratch().path().join("log.old"));
    let opened = format!("opened log file {}\n", path.display());
    let content = |path: &Path| fs::read_to_string(path);
    demo.ask(&["vlog/set", "PATTERN:file:%m"])?;
    demo.logging.open_file(&path)?;
    demo.ask(&["vlog/message", "message"])?;
    fs::rename(&path, &old)?;
    demo.ask(&["vlog/message", "message2"])?;
    demo.ask(&["vlog/reopen"])?;
    demo.ask(&["vlog/message", "message3"])?;
    ensure_eq!(content(&old)?, format!("{opened}message\nmessage2\nclosing log file\n"), "the rotated file");
    ensure_eq!(content(&path)?, format!("{opened}message3\n"), "the new file");

    demo.ask(&["vlog/close"])?;
    demo.ask(&["vlog/close"])?;
    demo.ask(&["vlog/message", "unheard"])?;
    demo.ask(&["vlog/reopen"])?;
    ensure_eq!(content(&path)?, format!("{opened}message3\nclosing log file\n{opened}"), "after close and reopen");

    fs::rename(&path, &old)?;
    std::os::unix::fs::symlink("/dev/full", &path)?;
    demo.ask(&["vlog/reopen"])?;
    demo.ask(&["vlog/message", "lost"])?;
    fs::remove_file(&path)?;
    demo.ask(&["vlog/reopen"])?;
    demo.ask(&["vlog/message", "back"])?;
    ensure_eq!(content(&path)?, format!("{opened}back\n"), "after the full disk");
    Ok(())
}
