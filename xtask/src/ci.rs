//! `cargo xtask ci`: what a change must pass. `.ci/run` is this and nothing else.

use std::process::Command;

use clap::ArgMatches;
use reactor::clock;

use crate::task::{Task, TaskError, describe, run, say};
use crate::{fuzz, test, tidy, workspace};

pub(crate) const TASK: Task = Task { arguments, run: check };

fn arguments() -> clap::Command {
    clap::Command::new("ci").about("Format, clippy, documentation, tidy, then every test with none skipped")
}

fn check(_: &ArgMatches) -> Result<(), TaskError> {
    step(&mut workspace::cargo(&["fmt", "--all", "--check"]))?;
    step(&mut workspace::cargo(&["fmt", "--manifest-path", fuzz::MANIFEST, "--check"]))?;
    step(&mut workspace::cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))?;
    // The fuzz targets are a workspace of their own; what it has in common with this one is built once.
    let mut targets = workspace::cargo(&["clippy", "--manifest-path", fuzz::MANIFEST, "--locked", "--target-dir"]);
    step(targets.arg(workspace::target_directory()).args(["--", "--deny", "warnings"]))?;
    let mut documentation = workspace::cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    step(documentation.env("RUSTDOCFLAGS", "--deny warnings"))?;
    say("==> tidy");
    tidy::check()?;
    say("==> test --no-skip");
    test::test(&test::Options { install: true, allow_skip: false, filters: Vec::new() })
}

fn step(command: &mut Command) -> Result<(), TaskError> {
    say(format_args!("==> {}", describe(command)));
    let began = clock::now();
    run(command)?;
    say(format_args!("    {:.1} s", began.elapsed().as_secs_f64()));
    Ok(())
}
