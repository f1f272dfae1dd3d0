//! `cargo xtask fuzz`: runs the cargo-fuzz targets in `fuzz/`, each for a while. A finding ends it.
//!
//! The sanitizer options that libFuzzer needs exist only in nightly compilers. Where there is none, the stable compiler is
//! told by `RUSTC_BOOTSTRAP=1` to take them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::{Arg, ArgMatches, value_parser};

use crate::task::{Task, TaskError, describe, run, say};
use crate::workspace;

pub(crate) const TASK: Task = Task { arguments, run: fuzz };

/// The manifest of the fuzz targets.
pub(crate) const MANIFEST: &str = "fuzz/Cargo.toml";

/// Most memory that one input may make a target use, in MiB. A parser of bounded input needs a fraction of it.
const MEMORY_MIB_MAX: u32 = 512;

fn arguments() -> clap::Command {
    clap::Command::new("fuzz")
        .about("Run the fuzz targets; installs cargo-fuzz if it is missing")
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..))
                .default_value("60")
                .help("How long each target runs"),
        )
        .arg(Arg::new("target").value_name("TARGET").num_args(0..).help("Only these targets"))
}

fn fuzz(matches: &ArgMatches) -> Result<(), TaskError> {
    let seconds = matches.get_one::<u32>("seconds").copied().unwrap_or(60);
    let known = targets()?;
    let wanted: Vec<String> = matches.get_many("target").into_iter().flatten().cloned().collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        return Err(TaskError::new(format_args!("there is no target {unknown}; there are: {}", known.join(" "))));
    }
    let chosen = if wanted.is_empty() { known } else { wanted };
    let cargo_fuzz = cargo_fuzz()?;
    for target in &chosen {
        say(format_args!("==> fuzz {target}, {seconds} s"));
        let mut command = Command::new(&cargo_fuzz);
        command
            .current_dir(workspace::root())
            .args(["fuzz", "run", target])
            .args(inputs(target)?)
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
            .arg("-print_final_stats=1")
            .env("RUSTC_BOOTSTRAP", "1");
        run(&mut command).map_err(|TaskError(problem)| {
            TaskError::new(format_args!("{target} has a finding (see above): {problem}"))
        })?;
    }
    say(format_args!("{} targets, {seconds} s each, no finding", chosen.len()));
    Ok(())
}

/// Where a target's inputs are: first those that runs on this machine have found, then those of the repository, if there are any.
fn inputs(target: &str) -> Result<Vec<PathBuf>, TaskError> {
    let folder = |name: &str| workspace::root().join("fuzz").join(name).join(target);
    std::fs::create_dir_all(folder("corpus"))?;
    Ok(["corpus", "seeds"].map(folder).into_iter().filter(|folder| folder.is_dir()).collect())
}

/// The names of the files in `fuzz/fuzz_targets`; its folders have what several of them share.
fn targets() -> Result<Vec<String>, TaskError> {
    let files = workspace::tracked_files()?;
    let name = |path: &String| Some(path.strip_prefix("fuzz/fuzz_targets/")?.strip_suffix(".rs")?.to_owned());
    let names: Vec<_> = files.iter().filter_map(name).filter(|name| !name.contains('/')).collect();
    if names.is_empty() { Err(TaskError::new("fuzz/fuzz_targets has no target")) } else { Ok(names) }
}

/// Where cargo-fuzz is; installed first if it is nowhere, outside of the workspace.
fn cargo_fuzz() -> Result<PathBuf, TaskError> {
    let works = |path: &PathBuf| {
        let version =
            Command::new(path).args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    let installed = PathBuf::from("cargo-fuzz");
    if works(&installed) {
        return Ok(installed);
    }
    let place = install_folder()?;
    let ours = place.join("bin/cargo-fuzz");
    if !works(&ours) {
        let mut install = workspace::cargo(&["install", "--locked", "--root"]);
        install.arg(&place).arg("cargo-fuzz");
        say(format_args!("installing cargo-fuzz: {}", describe(&install)));
        run(&mut install)?;
    }
    Ok(ours)
}

/// A folder of the user's for tools that projects fetch.
fn install_folder() -> Result<PathBuf, TaskError> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .ok_or_else(|| TaskError::new("neither HOME nor XDG_CACHE_HOME is set; cargo-fuzz has no place to go"))?;
    Ok(cache.join("tidegate-tools"))
}
