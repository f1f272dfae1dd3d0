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

/// Builds one program and returns where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(package: &str, release: bool) -> Result<PathBuf, TaskError> {
    build_program(package, package, release)
}

/// Builds one program of a package, and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn build_program(package: &str, program: &str, release: bool) -> Result<PathBuf, TaskError> {
    build_target(package, "--bin", program, release)
}

/// Builds an example of a package as it is released, and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn build_example(package: &str, example: &str) -> Result<PathBuf, TaskError> {
    build_target(package, "--example", example, true)
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

fn build_target(package: &str, kind: &str, program: &str, release: bool) -> Result<PathBuf, TaskError> {
    let mut command = cargo(&["build", "--package", package, kind, program]);
    if release {
        command.arg("--release");
    }
    executable(&mut command, program)
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

/// The files that git knows, as paths from the workspace's folder.
///
/// # Errors
/// When this is no git checkout.
pub(crate) fn tracked_files() -> Result<Vec<String>, TaskError> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output()?;
    if !output.status.success() {
        return Err(TaskError::new(String::from_utf8_lossy(&output.stderr).trim()));
    }
    let names = String::from_utf8_lossy(&output.stdout);
    // A file that is deleted but not yet committed as such is listed, too.
    Ok(names.split_terminator('\0').filter(|name| root().join(name).is_file()).map(str::to_owned).collect())
}
