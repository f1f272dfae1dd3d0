//! `cargo xtask compare bench-remote`: what it costs to run jobs by a worker instead of here, for us and for fio.
//!
//! From start to exit of the front end, less the same of a local run: connecting, sending the jobs, starting, results. Worker and
//! front end are on this machine, so that the network costs nothing.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::{Arg, ArgMatches, value_parser};
use reactor::clock::{self, Duration};

use super::{Comparison, Samples, machine, with_rounds};
use crate::task::{TaskError, describe, say};
use crate::workspace;

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

/// Where the report goes.
const REPORT: &str = "docs/measurements/bench-remote.md";
/// The share of fio's added time that is wanted.
const GOAL: f64 = 0.1;
/// How long a worker may take until it listens.
const LISTENING: Duration = Duration::from_secs(30);

/// Whose program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Fio,
    Tidegate,
}

/// Who runs the jobs, and by whom they are sent there.
struct Case {
    name: &'static str,
    worker: Side,
    /// `None`: they are run here.
    front_end: Option<Side>,
}

/// Every case. The first two are what the others are held against.
const CASES: &[Case] = &[
    Case { name: "fio, here", worker: Side::Fio, front_end: None },
    Case { name: "tidegate, here", worker: Side::Tidegate, front_end: None },
    Case { name: "fio by fio's worker", worker: Side::Fio, front_end: Some(Side::Fio) },
    Case { name: "tidegate by fio's worker", worker: Side::Fio, front_end: Some(Side::Tidegate) },
    Case { name: "fio by tidegate's worker", worker: Side::Tidegate, front_end: Some(Side::Fio) },
    Case { name: "tidegate by tidegate's worker", worker: Side::Tidegate, front_end: Some(Side::Tidegate) },
];

/// Jobs that are measured: a name, and the job file without its engine.
const JOBS: &[(&str, &str)] = &[
    ("a trivial job", "[j]\nrw=read\nsize=4k\n"),
    ("16 trivial jobs", "[j]\nrw=read\nsize=4k\nnumjobs=16\n"),
    ("a job of a second", "[j]\nrw=read\nsize=1g\ntime_based\nruntime=1\nrate_iops=1000\n"),
];

fn arguments() -> clap::Command {
    let command = clap::Command::new("bench-remote").about("Running jobs by a worker, against running them here").arg(
        Arg::new("fio")
            .long("fio")
            .value_name("PROGRAM")
            .value_parser(value_parser!(PathBuf))
            .default_value("fio")
            .help("The fio to measure against"),
    );
    with_rounds(command).mut_arg("seconds", |argument| argument.hide(true))
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let rounds = matches.get_one::<u32>("rounds").copied().unwrap_or(5);
    let fio = matches.get_one::<PathBuf>("fio").cloned().unwrap_or_else(|| "fio".into());
    let programs = Programs { fio, tidegate: workspace::build_release("tidegate")? };
    let folder = Folder::new(&programs.tidegate)?;
    let workers = [Worker::start(&programs, Side::Fio, &folder)?, Worker::start(&programs, Side::Tidegate, &folder)?];
    let mut measured = vec![vec![Samples::default(); CASES.len()]; JOBS.len()];
    for round in 1..=rounds {
        for ((name, text), measured) in JOBS.iter().zip(&mut measured) {
            let file = folder.0.join("jobs.fio");
            std::fs::write(&file, format!("[global]\nioengine=null\nthread\n{text}"))?;
            for (case, samples) in CASES.iter().zip(&mut *measured) {
                samples.add(programs.measure(case, &workers, &file)?);
            }
            say(format_args!("round {round} of {rounds}: {name}"));
        }
    }
    let report = report(&measured, rounds)?;
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| workspace::root().join(REPORT));
    std::fs::write(&path, &report)?;
    say(format_args!("written to {}", path.display()));
    say(&report);
    Ok(())
}

struct Programs {
    fio: PathBuf,
    tidegate: PathBuf,
}

impl Programs {
    fn command(&self, side: Side) -> Command {
        match side {
            Side::Fio => Command::new(&self.fio),
            Side::Tidegate => {
                let mut command = Command::new(&self.tidegate);
                command.arg("bench");
                command
            }
        }
    }

    /// Nanoseconds from start to exit.
    fn measure(&self, case: &Case, workers: &[Worker; 2], file: &Path) -> Result<u64, TaskError> {
        let mut command = self.command(case.front_end.unwrap_or(case.worker));
        if case.front_end.is_some() {
            let worker = &workers[usize::from(case.worker == Side::Tidegate)];
            command.arg(format!("--client=127.0.0.1,{}", worker.port));
        }
        command.args(["--output-format=json", "--eta=never"]).arg(file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let began = clock::now();
        let status = command.status()?;
        let taken = began.elapsed();
        if !status.success() {
            return Err(TaskError::new(format_args!("{} failed ({status})", describe(&command))));
        }
        Ok(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(beside: &Path) -> Result<Self, TaskError> {
        let parent = beside.parent().unwrap_or(Path::new("."));
        let path = parent.join(format!("tidegate-compare-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed lies where it is seen.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A worker that is ended at the end.
struct Worker {
    child: Child,
    port: u16,
}

impl Worker {
    fn start(programs: &Programs, side: Side, folder: &Folder) -> Result<Self, TaskError> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = programs.command(side);
        command.arg(format!("--server=127.0.0.1,{port}")).current_dir(&folder.0);
        command.env("TIDEGATE_RUNDIR", &folder.0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let worker = Self { child: command.spawn()?, port };
        let until = clock::now() + LISTENING;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if clock::now() > until {
                return Err(TaskError::new(format_args!("{} does not listen", describe(&command))));
            }
            std::thread::yield_now();
        }
        Ok(worker)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{}.{} ms", nanoseconds / 1_000_000, nanoseconds % 1_000_000 / 100_000)
}

/// What a case takes longer than a local run of its worker.
fn added(case: &Case, measured: &[Samples]) -> u64 {
    let here = &measured[usize::from(case.worker == Side::Tidegate)];
    let index = CASES.iter().position(|other| other.name == case.name).unwrap_or_default();
    measured[index].median().saturating_sub(here.median())
}

fn report(measured: &[Vec<Samples>], rounds: u32) -> Result<String, TaskError> {
    let mut text = format!(
        "# Jobs by a worker, beside fio\n\n\
         `cargo xtask compare bench-remote --rounds {rounds}` measures this and writes it here.\n\n\
         Machine: {}. From start to exit of the front end; worker and front end on this machine, connected by TCP; engine `null`; in\n\
         turns, {rounds} rounds; medians, least and most in parentheses. *Added* is the median less that of the worker's own program\n\
         without a front end; the goal is at most {GOAL} of what fio adds with its own worker.\n",
        machine::description()?
    );
    for ((name, _), measured) in JOBS.iter().zip(measured) {
        let of_fio = added(&CASES[2], measured);
        let _ = write!(text, "\n## {name}\n\n| case | start to exit | added | of fio's | |\n|---|---|---|---|---|\n");
        for (case, samples) in CASES.iter().zip(measured) {
            let (least, most) = samples.spread();
            let took = format!("{} ({}–{})", milliseconds(samples.median()), milliseconds(least), milliseconds(most));
            let _ = write!(text, "| {} | {took} |", case.name);
            if case.front_end.is_none() {
                text.push_str(" | | |\n");
                continue;
            }
            let added = added(case, measured);
            let share = share(added, of_fio);
            let verdict = match (case.worker, case.front_end) {
                (Side::Tidegate, Some(Side::Tidegate)) if share <= GOAL => "reached",
                (Side::Tidegate, Some(Side::Tidegate)) => "not reached",
                _ => "",
            };
            let _ = writeln!(text, " {} | {share:.2} | {verdict} |", milliseconds(added));
        }
    }
    Ok(text)
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(milliseconds: u64) -> Samples {
        let mut samples = Samples::default();
        samples.add(milliseconds * 1_000_000);
        samples
    }

    #[test]
    fn what_is_added_is_held_against_what_fio_adds() {
        let measured = [250, 14, 1250, 900, 400, 100].map(samples).to_vec();
        let text = report(&vec![measured; JOBS.len()], 1).unwrap();
        assert!(
            text.contains("| fio by fio's worker | 1250.0 ms (1250.0 ms–1250.0 ms) | 1000.0 ms | 1.00 |  |"),
            "{text}"
        );
        assert!(text.contains("| 86.0 ms | 0.09 | reached |"), "{text}");
        let slow = [250, 14, 1250, 900, 400, 200].map(samples).to_vec();
        assert!(report(&vec![slow; JOBS.len()], 1).unwrap().contains("| 186.0 ms | 0.19 | not reached |"));
    }
}
