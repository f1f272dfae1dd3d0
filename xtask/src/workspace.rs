//! The workspace: where it is, and how to build something in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::task::TaskError;

/// The workspace's folder.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The cargo that runs this task, in the workspace's folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The same command as one in which signals have their default meaning. Under `nohup`, or a runner that ignores hang-ups,
/// everything that is started would ignore them as well, as it should, and the tests of hang-ups would wait in vain.
pub(crate) fn with_default_signals(command: &Command) -> Command {
    let mut wrapped = Command::new("env");
    wrapped.arg("--default-signal=HUP,INT,QUIT,TERM").arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        wrapped.current_dir(directory);
    }
    wrapped
}

/// Builds the program of a package as it is released, and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn build_release(package: &str) -> Result<PathBuf, TaskError> {
    executable(&mut cargo(&["build", "--release", "--package", package, "--bin", package]), package)
}

/// Builds a program for tests, as the tests of the whole workspace are built: what they share is not built once more.
///
/// # Errors
/// When it does not build.
pub(crate) fn build_for_tests(program: &str) -> Result<PathBuf, TaskError> {
    executable(&mut cargo(&["build", "--workspace", "--bin", program]), program)
}

/// Builds an example of a package as it is released, and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn build_example(package: &str, example: &str) -> Result<PathBuf, TaskError> {
    executable(&mut cargo(&["build", "--release", "--package", package, "--example", example]), example)
}

/// Builds a program of the same name as its package as it is released, with the C library in it, for a target such as
/// `x86_64-unknown-linux-gnu`. The target is named because build scripts and macros cannot be static.
///
/// # Errors
/// When it does not build.
pub(crate) fn build_static(package: &str, target: &str) -> Result<PathBuf, TaskError> {
    let mut command = cargo(&["build", "--release", "--target", target, "--package", package, "--bin", package]);
    executable(command.env("RUSTFLAGS", "-C target-feature=+crt-static"), package)
}

/// Runs `cargo build …` and says where the program is.
fn executable(command: &mut Command, program: &str) -> Result<PathBuf, TaskError> {
    command.args(["--message-format", "json-render-diagnostics"]);
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(TaskError::new(format_args!("{program} does not build")));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == program)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| TaskError::new(format_args!("no program {program} was built")))
}

/// What of the checkout is not as it was committed, in the words of `git status`; files that git ignores do not count.
///
/// # Errors
/// When this is no git checkout.
pub(crate) fn changes() -> Result<Vec<String>, TaskError> {
    let changes = git(&["status", "--porcelain", "-z", "--untracked-files=all"])?;
    Ok(changes.split_terminator('\0').map(str::to_owned).collect())
}

/// The files that git knows, as paths from the workspace's folder.
///
/// # Errors
/// When this is no git checkout.
pub(crate) fn tracked_files() -> Result<Vec<String>, TaskError> {
    let names = git(&["ls-files", "-z"])?;
    // A file that is deleted but not yet committed as such is listed, too.
    Ok(names.split_terminator('\0').filter(|name| root().join(name).is_file()).map(str::to_owned).collect())
}

fn git(arguments: &[&str]) -> Result<String, TaskError> {
    let output = Command::new("git").args(arguments).current_dir(root()).output()?;
    if !output.status.success() {
        return Err(TaskError::new(String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
