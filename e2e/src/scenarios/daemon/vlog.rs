//! vlog.at 2676 to 2688 against a detached service: levels, rotation of its log file, a full disk, the table, patterns,
//! facilities.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::SUBJECTS;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "daemon/vlog_2676_2688", needs: &[Need::Program("ovs-appctl")], run };

fn run(context: &Context) -> Verdict {
    without_a_file(context)?;
    rotation(context)?;
    levels_and_words(context)?;
    facilities(context)
}

/// 2678.
fn without_a_file(context: &Context) -> Verdict {
    context.detached_demo(&[])?;
    let refused = context.appctl(&["-t", "demo", "vlog/reopen"])?;
    ensure_eq!(refused.status, Some(2), "status of vlog/reopen without a file");
    ensure!(refused.error.starts_with("Logging to file not configured\n"), "it says: {}", refused.error);
    context.ask("demo", &["exit"])?;
    context.nothing_is_left()
}

/// The lines of a log, without those that the service says of itself as it starts.
fn content(path: &Path) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::from(error).during(path.display()))?;
    let own = |line: &&str| !line.is_empty() && *line != "ready" && *line != "Entering run loop.";
    Ok(text.lines().filter(own).map(str::to_owned).collect())
}

/// 2677, 2679 and 2680.
fn rotation(context: &Context) -> Verdict {
    let (path, old) = (context.scratch().path().join("log"), context.scratch().path().join("log.old"));
    let (log_file, opened) = (format!("--log-file={}", path.display()), format!("opened log file {}", path.display()));
    // Confined, the service may open its log's own folder only, and /dev/full is somewhere else.
    context.detached_demo(&[&log_file, "-vPATTERN:file:%m", "--no-sandbox=landlock"])?;
    context.ask("demo", &["log", "message"])?;
    fs::rename(&path, &old)?;
    context.ask("demo", &["log", "message2"])?;
    context.ask("demo", &["vlog/reopen"])?;
    context.ask("demo", &["log", "message3"])?;
    let rotated = content(&old)?;
    ensure_eq!(
        &rotated[rotated.len().saturating_sub(3)..],
        ["message", "message2", "closing log file"],
        "the old file"
    );
    ensure_eq!(content(&path)?, [opened.as_str(), "message3"], "the new file");

    fs::rename(&path, &old)?;
    std::os::unix::fs::symlink("/dev/full", &path)?;
    context.ask("demo", &["vlog/reopen"])?;
    context.ask("demo", &["log", "lost"])?;
    fs::remove_file(&path)?;
    context.ask("demo", &["vlog/reopen"])?;
    context.ask("demo", &["log", "back"])?;
    ensure_eq!(content(&path)?, [opened.as_str(), "back"], "after a full disk");

    context.ask("demo", &["vlog/close"])?;
    context.ask("demo", &["vlog/close"])?;
    context.ask("demo", &["log", "unheard"])?;
    context.ask("demo", &["vlog/reopen"])?;
    context.ask("demo", &["log", "heard"])?;
    let expected = [opened.as_str(), "back", "closing log file", opened.as_str(), "heard"];
    ensure_eq!(content(&path)?, expected, "after closing twice and reopening");
    context.ask("demo", &["exit"])?;
    context.nothing_is_left()
}

/// 2676 and 2681 to 2685.
fn levels_and_words(context: &Context) -> Verdict {
    let path = context.scratch().path().join("levels.log");
    let log_file = format!("--log-file={}", path.display());
    context.detached_demo(&[&log_file, "-vPATTERN:file:%p|%m", "-vfile:warn"])?;
    context.ask("demo", &["log", "below the level"])?;
    context.ask("demo", &["vlog/set", "daemon_demo:file:info"])?;
    context.ask("demo", &["log", "at the level"])?;
    let lines = fs::read_to_string(&path)?;
    ensure!(!lines.contains("below the level"), "a message below the level is in {lines}");
    ensure!(lines.contains("INFO|at the level"), "a message at the level is not in {lines}");
    let list = context.ask("demo", &["vlog/list"])?;
    let row = list.lines().find(|line| line.starts_with("daemon_demo ")).unwrap_or_default();
    let words: Vec<_> = row.split_whitespace().collect();
    ensure_eq!(words.get(3).copied(), Some("INFO"), "the level of the file in {row}");
    ensure_eq!(context.ctl("demo", &["vlog/list"])?, list, "both clients' tables");
    for (specification, error) in [
        ("nosuch", "no destination, level, or module \"nosuch\""),
        ("file:console", "cannot specify multiple destinations"),
        ("PATTERN:", "missing destination"),
        ("PATTERN:nosuch:x", "unknown destination \"nosuch\""),
        ("FACILITY:nosuch", "invalid facility"),
    ] {
        let refused = context.appctl(&["-t", "demo", "vlog/set", specification])?;
        ensure_eq!(refused.status, Some(2), "status for {specification}");
        ensure!(refused.error.starts_with(&format!("{error}\n")), "{specification}: {}", refused.error);
    }
    context.ask("demo", &["exit"])?;
    context.nothing_is_left()
}

/// 2686 to 2688: the number in front of a line for syslog, of facility and level.
fn facilities(context: &Context) -> Verdict {
    let place = context.scratch().path().join("syslog");
    let syslog = UnixDatagram::bind(&place)?;
    syslog.set_read_timeout(Some(PROMPTLY))?;
    let method = format!("--syslog-method=unix:{}", place.display());
    let words = ["--pidfile", "--detach", method.as_str(), "-vsyslog:info", "-vPATTERN:syslog:%m"];
    let launched = context.finish("tidegate", SUBJECTS[1].command(context, &words), PROMPTLY)?;
    ensure_eq!(launched.status, Some(0), "exit status of the command ({})", launched.error);
    for (facility, expected) in [("local0", "<133>hello"), ("daemon", "<29>hello"), ("local7", "<189>hello")] {
        context.ask("target", &["vlog/set", &format!("FACILITY:{facility}")])?;
        context.ask("target", &["vlog/message", "hello"])?;
        let mut datagram = [0; 4096];
        let line = loop {
            let length = syslog.recv(&mut datagram)?;
            let line = String::from_utf8_lossy(&datagram[..length]).trim_end().to_owned();
            if line.ends_with("hello") {
                break line;
            }
        };
        ensure_eq!(line, expected, "a line of facility {facility}");
    }
    context.ask("target", &["exit"])?;
    context.nothing_is_left()
}
