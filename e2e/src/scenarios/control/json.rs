//! `tidegate ctl --format json` prints one JSON value, and refuses what cannot be.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use serde_json::{Value, json};

use super::Demo;

pub(super) const SCENARIO: Scenario = Scenario { name: "control/json", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let demo = Demo::start(context)?;
    let ask = |words: &[&str]| context.run(&[&["ctl", "-t", "demo", "-f", "json"], words].concat());
    let text = ask(&["echo", "a"])?.output;
    ensure_eq!(text, "{\"reply\":\"a\",\"reply-format\":\"plain\"}\n", "a text in JSON");
    let commands: Value = serde_json::from_str(&ask(&["list-commands"])?.output)?;
    ensure_eq!(commands["echo"], json!("ARG"), "usage of echo in {commands}");
    let state = context.run(&["ctl", "-t", "demo", "--format=json", "--pretty", "show", "memory"])?;
    ensure_eq!(state.output, "{\n  \"sessions\": 2\n}\n", "indented state");
    ensure_eq!(context.run(&["ctl", "-t", "demo", "show", "memory"])?.output, "sessions: 2\n", "state as text");
    let error = ask(&["echo_error", "sad"])?;
    ensure_eq!((error.status, error.output.as_str()), (Some(2), ""), "an error in JSON");
    ensure!(error.error.starts_with("sad\n"), "an error stays a text: {}", error.error);
    let services: Value = serde_json::from_str(&context.run(&["ctl", "--list", "-f", "json"])?.output)?;
    let socket = demo.socket().display().to_string();
    let expected = json!([{"name": "demo", "process": std::process::id(), "socket": socket}]);
    ensure_eq!(services, expected, "services as JSON");
    for words in [&["ctl", "-f", "xml", "version"][..], &["ctl", "--pretty", "version"], &["ctl"]] {
        let refused = context.run(words)?;
        ensure_eq!(refused.status, Some(2), "status of {words:?}");
        ensure_eq!(refused.error.lines().count(), 1, "lines of {}", refused.error);
    }
    Ok(())
}
