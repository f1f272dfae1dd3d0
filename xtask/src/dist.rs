//! `cargo xtask dist`: the one static binary, and what a package installs beside it, in `target/dist/`.
//!
//! The binary holds its C library (Debian's glibc), so it runs on any Linux of its processor, in an empty container too: that is
//! tried, in a root directory that holds nothing else, and so are its services ([`TRIED`]). Users are looked up in `/etc/passwd` and names in `/etc/hosts` and by DNS; other name
//! services (LDAP and the like) need glibc's modules of the machine, which only the plain `cargo build --release` uses.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use clap::ArgMatches;

use crate::task::{Task, TaskError, describe, run, say};
use crate::test::{report::Report, scenarios};
use crate::workspace;

pub(crate) const TASK: Task = Task { arguments, run: dist };

/// What goes beside the binary.
const COMPANIONS: &[&str] = &["README.md", "LICENSE-APACHE", "LICENSE-MIT", "docs", "packaging"];
/// Shells, and what their completion script is called.
const COMPLETIONS: &[(&str, &str)] = &[("bash", "tidegate.bash"), ("zsh", "_tidegate"), ("fish", "tidegate.fish")];

fn arguments() -> clap::Command {
    clap::Command::new("dist").about("Build the static binary and an archive for packages, in target/dist/")
}

fn dist(_: &ArgMatches) -> Result<(), TaskError> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let binary = workspace::build_static("tidegate", &target)?;
    refuse_dynamic(&binary)?;
    let version = run_alone(&binary)?;
    try_services(&binary)?;
    let name = format!("{}-{}-linux", version.trim().replace(' ', "-"), std::env::consts::ARCH);
    let folder = workspace::target_directory().join("dist");
    let place = folder.join(&name);
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    std::fs::create_dir_all(place.join("completions"))?;
    std::fs::copy(&binary, place.join("tidegate"))?;
    for companion in COMPANIONS {
        run(Command::new("cp").arg("-r").arg(workspace::root().join(companion)).arg(&place))?;
    }
    for (shell, file) in COMPLETIONS {
        let script = output(Command::new(&binary).args(["completion", shell]))?;
        std::fs::write(place.join("completions").join(file), script)?;
    }
    let archive = folder.join(format!("{name}.tar.gz"));
    run(Command::new("tar").arg("-C").arg(&folder).arg("-czf").arg(&archive).arg(&name))?;
    let megabytes = |path: &Path| Ok::<_, TaskError>(std::fs::metadata(path)?.len() / 1_000_000);
    say(format_args!("{} ({} MB, the binary {} MB)", archive.display(), megabytes(&archive)?, megabytes(&binary)?));
    Ok(())
}

/// A program header of this type names the loader of a dynamic binary (ELF specification, `PT_INTERP`).
const PT_INTERP: u32 = 3;

/// # Errors
/// When the binary asks for a loader, or is no 64-bit little-endian ELF file.
fn refuse_dynamic(binary: &Path) -> Result<(), TaskError> {
    let bytes = std::fs::read(binary)?;
    match asks_for_loader(&bytes) {
        Some(false) => Ok(()),
        Some(true) => Err(TaskError::new(format_args!("{} is not static: it asks for a loader", binary.display()))),
        None => Err(TaskError::new(format_args!("{} is no 64-bit ELF file", binary.display()))),
    }
}

/// Whether an ELF file has a program header that names a loader.
fn asks_for_loader(file: &[u8]) -> Option<bool> {
    if file.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let short = |at: usize| Some(usize::from(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?)));
    let first = usize::try_from(u64::from_le_bytes(file.get(32..40)?.try_into().ok()?)).ok()?;
    let (size, count) = (short(54)?, short(56)?);
    for header in 0..count {
        let at = first.checked_add(header * size)?;
        let kind = u32::from_le_bytes(file.get(at..at.checked_add(4)?)?.try_into().ok()?);
        if kind == PT_INTERP {
            return Some(true);
        }
    }
    Some(false)
}

/// Scenarios that start every service in its sandbox and talk to it: there a static program differs from others, which
/// get random bytes, names and users by their loader.
const TRIED: &[&str] =
    &["cli/version", "control/", "host/", "radio/serve", "radio/ssh_", "bench/jobs", "bench_worker/"];

/// # Errors
/// When a scenario fails with the binary.
fn try_services(binary: &Path) -> Result<(), TaskError> {
    let mut report = Report::default();
    scenarios::run_with(binary, &TRIED.iter().map(ToString::to_string).collect::<Vec<_>>(), &mut report)?;
    if report.failed.is_empty() {
        return Ok(());
    }
    Err(TaskError::new(format_args!("the static program fails in {}", report.failed.join(", "))))
}

/// Runs the binary where there is nothing else. Returns its version.
fn run_alone(binary: &Path) -> Result<String, TaskError> {
    let root = std::env::temp_dir().join(format!("tidegate-dist-{}", std::process::id()));
    std::fs::create_dir_all(&root)?;
    let alone = root.join("tidegate");
    std::fs::copy(binary, &alone)?;
    std::fs::set_permissions(&alone, PermissionsExt::from_mode(0o755))?;
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--root"]).arg(&root).args(["/tidegate", "--version"]);
    let version = output(&mut command);
    std::fs::remove_dir_all(&root)?;
    Ok(String::from_utf8_lossy(&version?).into_owned())
}

/// What a command prints.
fn output(command: &mut Command) -> Result<Vec<u8>, TaskError> {
    let output = command.output().map_err(|error| TaskError::new(format_args!("{}: {error}", describe(command))))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(TaskError::new(format_args!("{} failed ({}): {}", describe(command), output.status, error.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with program headers of these types.
    fn elf(kinds: &[u32]) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01".to_vec();
        file.resize(64, 0);
        file[32] = 64;
        file[54] = 56;
        file[56] = u8::try_from(kinds.len()).unwrap_or_default();
        for kind in kinds {
            file.extend(kind.to_le_bytes());
            file.resize(file.len() + 52, 0);
        }
        file
    }

    #[test]
    fn a_loader_is_seen_wherever_it_stands() {
        assert_eq!(asks_for_loader(&elf(&[6, 1, 2])), Some(false));
        assert_eq!(asks_for_loader(&elf(&[6, 1, PT_INTERP])), Some(true));
        assert_eq!(asks_for_loader(b"#!/bin/sh"), None);
        let cut = elf(&[6, 1]);
        assert_eq!(asks_for_loader(&cut[..70]), None);
        let own = std::fs::read("/proc/self/exe").unwrap_or_default();
        assert_eq!(asks_for_loader(&own), Some(true), "tests are built as usual");
    }
}
