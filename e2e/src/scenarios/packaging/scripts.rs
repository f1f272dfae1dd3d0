//! The run scripts for s6 and runit are shell, and say the newline's descriptor twice with the same number.

use std::process::Command;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario = Scenario { name: "packaging/scripts", needs: &[], run };

const S6_RUN: &str = include_str!("../../../../packaging/s6/tidegate/run");
const S6_DESCRIPTOR: &str = include_str!("../../../../packaging/s6/tidegate/notification-fd");
const SCRIPTS: &[(&str, &str)] = &[
    ("s6 run", S6_RUN),
    ("s6 finish", include_str!("../../../../packaging/s6/tidegate/finish")),
    ("runit run", include_str!("../../../../packaging/runit/tidegate/run")),
    ("runit check", include_str!("../../../../packaging/runit/tidegate/check")),
    ("runit finish", include_str!("../../../../packaging/runit/tidegate/finish")),
];

fn run(context: &Context) -> Verdict {
    for (name, text) in SCRIPTS {
        ensure!(text.starts_with("#!/bin/sh\n"), "{name} is no shell script");
        let path = context.scratch().path().join(name);
        std::fs::write(&path, text)?;
        let mut shell = Command::new("sh");
        shell.arg("-n").arg(&path);
        let read = context.finish("sh", shell, PROMPTLY)?;
        ensure_eq!(read.status, Some(0), "{name}: exit status of sh -n ({})", read.error);
    }
    let descriptor = format!("--notification-fd={}\n", S6_DESCRIPTOR.trim());
    ensure!(S6_RUN.contains(&descriptor), "the run script does not say {descriptor}");
    Ok(())
}
