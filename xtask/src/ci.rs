//! `cargo xtask ci`: what a change must pass. `.ci/run` is this, without what cargo keeps for the next build.

use std::process::Command;

use clap::ArgMatches;
use reactor::clock;

use crate::task::{Task, TaskError, describe, run, say};
use crate::{fuzz, test, tidy, workspace};

pub(crate) const TASK: Task = Task { arguments, run: check };

fn arguments() -> clap::Command {
    clap::Command::new("ci")
        .about("Format, clippy, documentation, tidy, then every test with none skipped and nothing left behind")
}

fn check(_: &ArgMatches) -> Result<(), TaskError> {
    let before = workspace::changes()?;
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
    test::test(&test::Options { install: true, allow_skip: false, filters: Vec::new() })?;
    nothing_left(&before, &workspace::changes()?)
}

/// # Errors
/// When the checkout has changes that it did not have before: a test has written into it.
fn nothing_left(before: &[String], after: &[String]) -> Result<(), TaskError> {
    let left: Vec<_> = after.iter().filter(|change| !before.contains(change)).map(String::as_str).collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(TaskError::new(format_args!("a test has written into the checkout (git status): {}", left.join(", "))))
}

fn step(command: &mut Command) -> Result<(), TaskError> {
    say(format_args!("==> {}", describe(command)));
    let began = clock::now();
    run(command)?;
    say(format_args!("    {:.1} s", began.elapsed().as_secs_f64()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_leaves_in_the_checkout_is_named() {
        let [edited, state] = [" M Cargo.toml", "?? crates/bench/local-a-0-verify.state"].map(str::to_owned);
        assert!(nothing_left(&[], &[]).is_ok());
        assert!(nothing_left(std::slice::from_ref(&edited), std::slice::from_ref(&edited)).is_ok());
        let TaskError(problem) = nothing_left(std::slice::from_ref(&edited), &[edited.clone(), state]).unwrap_err();
        assert_eq!(
            problem,
            "a test has written into the checkout (git status): ?? crates/bench/local-a-0-verify.state"
        );
    }
}
