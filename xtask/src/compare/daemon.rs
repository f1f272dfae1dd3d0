//! `cargo xtask compare daemon`: a supervised `tidegate target` beside a supervised `ovsdb-server`, and `tidegate ctl` beside
//! `ovs-appctl`.
//!
//! Both are the smallest service that their daemon library has at hand: a disk of 1 MiB in memory, a database with one empty
//! table.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ArgMatches;
use reactor::clock::{self, Instant};
use rustix::process::{Pid, Signal, kill_process};

use super::{Comparison, Samples, machine, programs, with_rounds};
use crate::task::{TaskError, say};
use crate::workspace;

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

/// Where the report goes.
const REPORT: &str = "docs/measurements/daemon.md";
/// A database with one empty table.
const SCHEMA: &str = r#"{"name":"Empty","version":"1.0.0","tables":{"T":{"columns":{"c":{"type":"string"}}}}}"#;
/// Calls over one connection whose time is taken together.
const CALLS: u32 = 1000;
/// What is sent for each.
const REQUEST: &[u8] = br#"{"id":0,"method":"version","params":[]}"#;

/// What is measured, in the order of the report.
const ROWS: [Row; 7] = [
    Row { name: "start to ready, detached", unit: Unit::Time },
    Row { name: "start to ready, detached and monitored", unit: Unit::Time },
    Row { name: "crash (SIGSEGV) to an answer of the next process", unit: Unit::Time },
    Row { name: "`ctl version`, whole command", unit: Unit::Time },
    Row { name: "`version` over an open connection", unit: Unit::Time },
    Row { name: "resident memory of the supervisor", unit: Unit::Memory },
    Row { name: "resident memory of the supervisor after a crash", unit: Unit::Memory },
];

#[derive(Debug, Clone, Copy)]
struct Row {
    name: &'static str,
    unit: Unit,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    /// Nanoseconds.
    Time,
    /// Bytes.
    Memory,
}

/// The samples of one row.
#[derive(Debug, Clone, Default)]
struct Measured {
    original: Samples,
    tidegate: Samples,
}

fn arguments() -> clap::Command {
    with_rounds(clap::Command::new("daemon").about("The supervisor and the control socket against Open vSwitch's"))
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let rounds = matches.get_one::<u32>("rounds").copied().unwrap_or(5);
    let folder = std::env::temp_dir().join(format!("tidegate-compare-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(rounds, &folder);
    std::fs::remove_dir_all(&folder)?;
    let report = report(&measured?, rounds)?;
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| workspace::root().join(REPORT));
    std::fs::write(&path, &report)?;
    say(&report);
    say(format_args!("written to {}", path.display()));
    Ok(())
}

fn measure(rounds: u32, folder: &Path) -> Result<Vec<Measured>, TaskError> {
    let peers = [original(folder)?, tidegate(folder)?];
    let mut measured = vec![Measured::default(); ROWS.len()];
    // The first round warms the page cache and counts for nothing.
    for round in 0..=rounds {
        for (place, peer) in peers.iter().enumerate() {
            let samples = peer.measure()?;
            for (row, sample) in measured.iter_mut().zip(samples).filter(|_| round > 0) {
                let side = if place == 0 { &mut row.original } else { &mut row.tidegate };
                side.add(sample);
            }
        }
        say(format_args!("round {round} of {rounds}"));
    }
    Ok(measured)
}

/// One of the two sides.
struct Peer {
    /// Runs the service with these further options, in the foreground unless they say otherwise.
    service: Vec<String>,
    /// Asks for `version` by the path of the socket, which follows.
    client: Vec<String>,
    /// The variable that names the run directory, and the directory.
    run_directory: (&'static str, PathBuf),
    name: &'static str,
}

fn original(folder: &Path) -> Result<Peer, TaskError> {
    let run = folder.join("original");
    std::fs::create_dir_all(&run)?;
    let (schema, database) = (folder.join("schema"), folder.join("database"));
    std::fs::write(&schema, SCHEMA)?;
    programs::finish(Command::new("ovsdb-tool").arg("create").args([&database, &schema]))?;
    let remote = format!("--remote=punix:{}", run.join("database.socket").display());
    Ok(Peer {
        service: words(&["ovsdb-server", "-vconsole:off", "--pidfile", &remote, &database.display().to_string()]),
        client: words(&["ovs-appctl", "-t"]),
        run_directory: ("OVS_RUNDIR", run),
        name: "ovsdb-server",
    })
}

fn tidegate(folder: &Path) -> Result<Peer, TaskError> {
    let run = folder.join("tidegate");
    std::fs::create_dir_all(&run)?;
    let binary = workspace::build_release("tidegate")?.display().to_string();
    let listen = ["--listen", "127.0.0.1:0", "--discovery", "none"];
    Ok(Peer {
        service: words(&[&[&binary, "target", "memory:1M", "--pidfile"][..], &listen].concat()),
        client: words(&[&binary, "ctl", "-t"]),
        run_directory: ("TIDEGATE_RUNDIR", run),
        name: "target",
    })
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

impl Peer {
    /// A sample of each row.
    fn measure(&self) -> Result<[u64; ROWS.len()], TaskError> {
        let detached = self.start(&["--detach"])?;
        self.stop()?;
        let monitored = self.start(&["--detach", "--monitor"])?;
        let whole_command = timed(|| {
            programs::finish(&mut self.command(&self.client, &[&self.socket()?.display().to_string()], &["version"]))
        })?;
        let round_trip = self.round_trip()?;
        let supervisor = parent_of(self.process()?)?;
        let memory = programs::resident_bytes(supervisor)?;
        let crash = self.crash()?;
        let memory_after = programs::resident_bytes(supervisor)?;
        self.stop()?;
        Ok([detached, monitored, crash, whole_command, round_trip, memory, memory_after])
    }

    fn command(&self, program: &[String], more: &[&str], last: &[&str]) -> Command {
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).args(more).args(last).env(self.run_directory.0, &self.run_directory.1);
        command
    }

    /// Starts the service; nanoseconds until the caller has it back.
    fn start(&self, options: &[&str]) -> Result<u64, TaskError> {
        timed(|| programs::finish(&mut self.command(&self.service, options, &[])))
    }

    fn stop(&self) -> Result<(), TaskError> {
        let socket = self.socket()?;
        let process = self.process()?;
        programs::finish(&mut self.command(&self.client, &[&socket.display().to_string()], &["exit"]))?;
        programs::wait_until("the service ends", || (self.process().ok() != Some(process)).then_some(()))
    }

    fn process(&self) -> Result<i32, TaskError> {
        let text = std::fs::read_to_string(self.run_directory.1.join(format!("{}.pid", self.name)))?;
        text.trim().parse().map_err(|_| TaskError::new(format_args!("a pidfile says {text:?}")))
    }

    fn socket(&self) -> Result<PathBuf, TaskError> {
        Ok(self.run_directory.1.join(format!("{}.{}.ctl", self.name, self.process()?)))
    }

    /// Nanoseconds of a call over a connection that is there.
    fn round_trip(&self) -> Result<u64, TaskError> {
        let mut stream = UnixStream::connect(self.socket()?)?;
        call(&mut stream)?;
        let all = timed(|| (0..CALLS).try_for_each(|_| call(&mut stream)))?;
        Ok(all / u64::from(CALLS))
    }

    /// Nanoseconds from the signal to the answer of the next process.
    fn crash(&self) -> Result<u64, TaskError> {
        let process = self.process()?;
        let id = Pid::from_raw(process).ok_or_else(|| TaskError::new("process 0"))?;
        timed(|| {
            kill_process(id, Signal::SEGV).map_err(TaskError::new)?;
            programs::wait_until("the next process answers", || {
                let next = self.process().ok().filter(|&next| next != process)?;
                let socket = self.run_directory.1.join(format!("{}.{next}.ctl", self.name));
                call(&mut UnixStream::connect(socket).ok()?).ok()
            })
        })
    }
}

/// One `version` and its answer.
fn call(stream: &mut UnixStream) -> Result<(), TaskError> {
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 512];
    // An answer is one object, and its text has no brace.
    while !answer.ends_with(b"}") {
        match stream.read(&mut buffer)? {
            0 => return Err(TaskError::new("a service closed the connection")),
            length => answer.extend_from_slice(&buffer[..length]),
        }
    }
    Ok(())
}

fn timed(act: impl FnOnce() -> Result<(), TaskError>) -> Result<u64, TaskError> {
    let began: Instant = clock::now();
    act()?;
    Ok(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

fn parent_of(process: i32) -> Result<i32, TaskError> {
    i32::try_from(programs::status_field(process, "PPid:")?).map_err(TaskError::new)
}

fn report(measured: &[Measured], rounds: u32) -> Result<String, TaskError> {
    let mut text = format!(
        "# The daemon foundation beside Open vSwitch's\n\n\
         `cargo xtask compare daemon --rounds {rounds}` measures this and writes it here.\n\n\
         Machine: {}. A supervised `tidegate target memory:1M` beside a supervised `ovsdb-server` with one empty table\n\
         (Debian's openvswitch-common), `tidegate ctl` beside `ovs-appctl`. In turns, {rounds} rounds after one that does not\n\
         count; medians, least and most in parentheses. A ratio below 1 is in our favour.\n\n\
         | what | Open vSwitch | Tidegate | ratio |\n|---|---|---|---|\n",
        machine::description()?
    );
    for (row, measured) in ROWS.iter().zip(measured) {
        let (original, tidegate) = (measured.original.median(), measured.tidegate.median());
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let ratio = tidegate as f64 / original.max(1) as f64;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {ratio:.2} |",
            row.name,
            row.unit.with_spread(&measured.original),
            row.unit.with_spread(&measured.tidegate)
        );
    }
    Ok(text)
}

impl Unit {
    fn with_spread(self, samples: &Samples) -> String {
        let (least, most) = samples.spread();
        format!("{} ({}–{})", self.text(samples.median()), self.text(least), self.text(most))
    }

    fn text(self, value: u64) -> String {
        match self {
            Self::Time if value >= 1_000_000 => format!("{}.{} ms", value / 1_000_000, value % 1_000_000 / 100_000),
            Self::Time => format!("{}.{} µs", value / 1000, value % 1000 / 100),
            Self::Memory => format!("{} KiB", value / 1024),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_every_row_with_its_unit() {
        let mut one = Measured::default();
        one.original.add(2_500_000);
        one.tidegate.add(1_250_000);
        let text = report(&vec![one; ROWS.len()], 1).unwrap();
        assert_eq!(text.matches("| 0.50 |").count(), ROWS.len());
        assert_eq!(text.matches("| 2.5 ms (2.5 ms–2.5 ms) | 1.2 ms").count(), 5);
        assert_eq!(text.matches("| 2441 KiB").count(), 2);
        assert_eq!(Unit::Time.text(12_345), "12.3 µs");
    }
}
