//! What operators ask of `target` and of `up`, by name, process, pidfile and socket path, as text and as JSON; while a host is
//! connected its controller, queues and namespaces are in the state. Layers of the sandbox are told, and off by name.
//!
//! `ovs-appctl` 3.1.0 has neither `-f json` nor `--pretty`: where it refuses them, only our client is asked for JSON.

use e2e::bystander::Bystander;
use e2e::context::{Context, ready};
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;
use serde_json::Value;

pub(super) const SCENARIO: Scenario = Scenario { name: "daemon/clients", needs: &[Need::Program("ovs-appctl")], run };

const CONFIGURATION: &str = "[target]\ndevices = [\"memory:4M\"]\nlisten = [\"127.0.0.1:0\"]\ndiscovery = []\n\
                             [target.service]\nsandbox_off = [\"landlock\"]\n";

fn run(context: &Context) -> Verdict {
    let command = context.tidegate(&[
        "target",
        "memory:4M",
        "--listen",
        "127.0.0.1:0",
        "--discovery",
        "none",
        "--pidfile",
        "--no-sandbox=seccomp",
    ]);
    let mut target = ready(context.start("tidegate target", command)?)?;
    ways(context, "target")?;
    let host = Bystander::start(&target)?;
    state_with_a_host(context, "target")?;
    json_of_theirs(context)?;
    host.finish()?;
    only_off(context, "seccomp")?;
    target.process.signal(Signal::TERM)?;
    target.process.wait(PROMPTLY)?;
    context.nothing_is_left()?;

    std::fs::write(context.scratch().path().join("tidegate.toml"), CONFIGURATION)?;
    let mut up = ready(context.start("tidegate up", context.tidegate(&["up", "-c", "tidegate.toml"]))?)?;
    ways(context, "up")?;
    ways(context, "target")?;
    let host = Bystander::start(&up)?;
    state_with_a_host(context, "target")?;
    host.finish()?;
    only_off(context, "landlock")?;
    let services: Value = serde_json::from_str(&context.ctl("up", &["-f", "json", "service/list"])?)?;
    ensure_eq!(services[0]["name"], "target", "the first service of {services}");
    ensure_eq!(services[0]["state"], "ready", "its state in {services}");
    up.process.signal(Signal::TERM)?;
    up.process.wait(PROMPTLY)?;
    context.nothing_is_left()
}

/// Every way to name a service.
fn ways(context: &Context, name: &str) -> Verdict {
    let process = context.process_of(name)?;
    let directory = context.run_directory();
    let pidfile = directory.join(format!("{name}.pid")).display().to_string();
    let socket = directory.join(format!("{name}.{process}.ctl")).display().to_string();
    let version = context.ask(name, &["version"])?;
    ensure!(version.starts_with(&format!("{name} (Tidegate) ")), "version is {version}");
    ensure_eq!(context.ask(&socket, &["version"])?, version, "ovs-appctl by socket path");
    for way in [name, &process.to_string(), &pidfile, &socket] {
        ensure_eq!(context.ctl(way, &["version"])?, version, "tidegate ctl -t {way}");
    }
    let list = context.run(&["ctl", "--list"])?.output;
    ensure!(list.contains(&socket), "{socket} is not in {list}");
    Ok(())
}

fn state_with_a_host(context: &Context, name: &str) -> Verdict {
    let text = context.ctl(name, &["show", "target/controllers"])?;
    ensure!(text.contains("queues") && text.contains("host"), "no host in: {text}");
    ensure_eq!(context.ask(name, &["show", "target/controllers"])?.is_empty(), false, "emptiness of what theirs shows");
    let state: Value = serde_json::from_str(&context.ctl(name, &["-f", "json", "show"])?)?;
    let count = |pointer: &str| state.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    ensure_eq!(count("/target/controllers"), 1, "controllers in {state}");
    ensure_eq!(count("/target/namespaces"), 1, "namespaces in {state}");
    let controllers = state.pointer("/target/controllers").and_then(Value::as_object);
    let controller = controllers.and_then(|all| all.values().next()).cloned().unwrap_or_default();
    let queues = controller["queues"].as_object().map_or(0, serde_json::Map::len);
    ensure_eq!(queues, 2, "Admin and I/O queue in {controller}");
    Ok(())
}

/// Demands that one layer is off, as `sandbox/show` tells it and as it is in the state, and the others are not.
fn only_off(context: &Context, layer: &str) -> Verdict {
    let shown = context.ask("target", &["sandbox/show"])?;
    for known in ["no-new-privileges", "landlock", "seccomp"] {
        let expected = if known == layer { "off" } else { "on" };
        let told = shown.contains(&format!("{known}:\n  state: {expected}\n"));
        ensure!(told, "{known} is not {expected} in {shown}");
        let state = context.ctl("target", &["show", &format!("sandbox/{known}/state")])?;
        ensure_eq!(state.trim_end(), expected, "state of {known}");
    }
    Ok(())
}

fn json_of_theirs(context: &Context) -> Verdict {
    let theirs = context.appctl(&["-t", "target", "-f", "json", "list-commands"])?;
    if theirs.status == Some(1) && theirs.error.contains("invalid option") {
        // This version has no such option.
        return Ok(());
    }
    ensure_eq!(theirs.status, Some(0), "status of ovs-appctl -f json ({})", theirs.error);
    let ours = context.ctl("target", &["-f", "json", "list-commands"])?;
    let (theirs, ours): (Value, Value) = (serde_json::from_str(&theirs.output)?, serde_json::from_str(&ours)?);
    ensure_eq!(theirs, ours, "both clients' JSON");
    Ok(())
}
