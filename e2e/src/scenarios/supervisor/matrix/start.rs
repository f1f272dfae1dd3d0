//! Starts that cannot be, and restarts that nearly cannot.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::process::PROMPTLY;
use e2e::scratch::{self, SmallFilesystem};
use e2e::service::{eventually, gone, send};
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

use super::Row;
use super::bench::{Mode, Setup};

pub(super) const ROWS: &[Row] = &[
    Row { fault: "disk full at start", theirs: "clean exit 1", expected: "status 1, nothing left", run: disk_full },
    Row { fault: "read-only at start", theirs: "clean exit 1", expected: "status 1, nothing left", run: read_only },
    Row { fault: "no inode at start", theirs: "clean exit 1", expected: "status 1, nothing left", run: no_inode },
    Row {
        fault: "unwritable run directory",
        theirs: "clean exit 1",
        expected: "status 1, nothing left",
        run: unwritable,
    },
    Row {
        fault: "no process at start (EAGAIN)",
        theirs: "exit 1",
        expected: "status 1, nothing left",
        run: no_process,
    },
    Row {
        fault: "too few descriptors at start",
        theirs: "exit 1, .pid.tmp left",
        expected: "status 1, nothing left",
        run: few_descriptors,
    },
    Row {
        fault: "disk full at restart",
        theirs: "survived when the old pidfile's block is enough",
        expected: "restarted",
        run: disk_full_at_restart,
    },
    Row {
        fault: "no process at restart (EAGAIN)",
        theirs: "service lost",
        expected: "tried again, restarted",
        run: no_process_at_restart,
    },
    Row {
        fault: "data file missing at restart",
        theirs: "monitor ends with the daemon's code",
        expected: "supervisor ends with the service's status 2",
        run: data_file_missing,
    },
];

/// Starts in a run directory of its own file system, and demands that nothing is left there.
fn fails_in(context: &Context, mode: Mode, small: &SmallFilesystem, filler: &[PathBuf]) -> Result<String, Failure> {
    let outcome = Setup::new(mode).fail(context)?;
    let left: Vec<String> = context
        .run_directory_entries()?
        .into_iter()
        .filter(|name| !filler.contains(&small.path().join(name)))
        .collect();
    Ok(if left.is_empty() { format!("{outcome}, nothing left") } else { format!("{outcome}, left: {left:?}") })
}

fn disk_full(context: &Context, mode: Mode) -> Result<String, Failure> {
    let small = SmallFilesystem::mount_at(&context.run_directory(), "size=16k")?;
    let filler = small.fill("filler")?;
    fails_in(context, mode, &small, &[filler])
}

fn read_only(context: &Context, mode: Mode) -> Result<String, Failure> {
    let small = SmallFilesystem::mount_at(&context.run_directory(), "size=16k")?;
    small.remount("ro")?;
    fails_in(context, mode, &small, &[])
}

fn no_inode(context: &Context, mode: Mode) -> Result<String, Failure> {
    let small = SmallFilesystem::mount_at(&context.run_directory(), "size=1m,nr_inodes=2")?;
    let filler = small.path().join("filler");
    fs::write(&filler, "")?;
    fails_in(context, mode, &small, &[filler])
}

/// A user without any process of its own, who may run the program and read the configuration.
const STRANGER: u32 = 54_321;

/// Makes the scenario's folder a place where the stranger can start the program.
fn let_in_strangers(context: &Context) -> Result<PathBuf, Failure> {
    let scratch = context.scratch().path();
    fs::set_permissions(scratch, fs::Permissions::from_mode(0o755))?;
    let program = scratch.join("tidegate");
    fs::copy(context.binary(), &program)?;
    Ok(program)
}

/// The setup's command line as the stranger, with limits.
fn as_stranger(context: &Context, mode: Mode, limits: &[&str]) -> Result<Command, Failure> {
    let program = let_in_strangers(context)?;
    let identity = format!("--reuid={STRANGER}");
    let group = format!("--regid={STRANGER}");
    let prefix = [&["setpriv", &identity, &group, "--clear-groups"], limits].concat();
    let setup = Setup::new(mode).under(&prefix);
    let command = setup.command(context)?;
    // The copy, which the stranger may execute.
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args().map(|word| if word == context.binary() { program.as_os_str() } else { word }));
    copy.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    copy.current_dir(context.scratch().path());
    Ok(copy)
}

fn unwritable(context: &Context, mode: Mode) -> Result<String, Failure> {
    fs::create_dir_all(context.run_directory())?;
    let finished = context.finish("tidegate", as_stranger(context, mode, &[])?, PROMPTLY)?;
    ensure!(finished.error.contains("Permission denied"), "it says: {}", finished.error);
    ensure_eq!(context.run_directory_entries()?, Vec::<String>::new(), "files left");
    Ok(format!("status {}, nothing left", finished.status.unwrap_or(-1)))
}

fn strangers_run_directory(context: &Context) -> Verdict {
    fs::create_dir_all(context.run_directory())?;
    Ok(std::os::unix::fs::chown(context.run_directory(), Some(STRANGER), Some(STRANGER))?)
}

fn no_process(context: &Context, mode: Mode) -> Result<String, Failure> {
    strangers_run_directory(context)?;
    let command = as_stranger(context, mode, &["prlimit", "--nproc=1"])?;
    let finished = context.finish("tidegate", command, PROMPTLY)?;
    ensure!(finished.error.contains("Resource temporarily unavailable"), "it says: {}", finished.error);
    ensure_eq!(context.run_directory_entries()?, Vec::<String>::new(), "files left");
    Ok(format!("status {}, nothing left", finished.status.unwrap_or(-1)))
}

fn no_process_at_restart(context: &Context, mode: Mode) -> Result<String, Failure> {
    strangers_run_directory(context)?;
    let mut supervisor = context.start("tidegate", as_stranger(context, mode, &[])?)?;
    supervisor.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
    let old = context.process_of("target")?;
    let process = format!("--pid={}", supervisor.pid()?);
    let limit = |limit: &str| {
        // As the same user: root of a container may lack the right to set another's limits.
        let identity = [format!("--reuid={STRANGER}"), format!("--regid={STRANGER}")];
        let mut command = Command::new("setpriv");
        command.args(identity).args(["--clear-groups", "prlimit", process.as_str(), limit]);
        scratch::run(&mut command).map(drop)
    };
    limit("--nproc=1:")?;
    send(old, Signal::SEGV)?;
    gone(old)?;
    supervisor.wait_for("that there is no process", PROMPTLY, |line| line.contains("fork failed").then_some(()))?;
    ensure!(supervisor.is_running()?, "the supervisor has ended");
    limit("--nproc=1000:")?;
    context.another_process_of("target", old)?;
    supervisor.signal(Signal::TERM)?;
    supervisor.wait(PROMPTLY)?;
    context.nothing_is_left()?;
    Ok("tried again, restarted".to_owned())
}

fn few_descriptors(context: &Context, mode: Mode) -> Result<String, Failure> {
    // From hardly one to nearly enough: wherever it runs out, it fails cleanly.
    for limit in 4..32 {
        let limit = format!("--nofile={limit}");
        let prefix = ["prlimit", limit.as_str()];
        let setup = Setup::new(mode).under(&prefix);
        let mut process = context.start("tidegate", setup.command(context)?)?;
        let is_ready = process.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(())).is_ok();
        if is_ready {
            process.signal(Signal::TERM)?;
            process.wait(PROMPTLY)?;
            context.nothing_is_left()?;
            continue;
        }
        let status = process.wait(PROMPTLY)?;
        // Below the number that a program needs to be loaded at all, the loader says it with another status.
        ensure!(matches!(status.code(), Some(1 | 2 | 127)), "with {limit} it ends with {status}");
        if context.run_directory().exists() {
            let left = context.run_directory_entries()?;
            ensure!(left.is_empty(), "with {limit} it leaves {left:?}");
        }
    }
    Ok("status 1, nothing left".to_owned())
}

fn disk_full_at_restart(context: &Context, mode: Mode) -> Result<String, Failure> {
    let small = SmallFilesystem::mount_at(&context.run_directory(), "size=64k")?;
    let bench = Setup::new(mode).start(context)?;
    let filler = small.fill("filler")?;
    let old = bench.service()?;
    send(old, Signal::SEGV)?;
    bench.restarted(old)?;
    fs::remove_file(filler)?;
    bench.end()?;
    Ok("restarted".to_owned())
}

fn data_file_missing(context: &Context, mode: Mode) -> Result<String, Failure> {
    let path = context.scratch().sparse_file("disk.img", 1 << 20)?;
    let device = path.display().to_string();
    let mut bench = Setup { device: &device, ..Setup::new(mode) }.start(context)?;
    let old = bench.service()?;
    fs::remove_file(&path)?;
    send(old, Signal::SEGV)?;
    let status = bench.supervisor.wait(PROMPTLY)?;
    eventually("an empty run directory", || Ok(context.run_directory_entries()?.is_empty().then_some(())))?;
    Ok(format!("supervisor ends with the service's status {}", status.code().unwrap_or(-1)))
}
