//! `cargo xtask compare target`: the NVMe/TCP target with its RAM disk against the bare loop, one core for each side.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use clap::ArgMatches;
use nvme::fabrics::Nqn;
use nvme_host::{ConnectOptions, Controller, HostIdentity, PollGroup, Wait};
use reactor::IdlePolicy;
use reactor::clock::{self, Duration};
use serde_json::Value;

use super::{Comparison, Samples, machine, with_rounds};
use crate::task::{TaskError, describe, say};
use crate::workspace;

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

/// Where the report goes.
const REPORT: &str = "docs/measurements/target.md";
/// Least ratio to the bare loop that we are content with.
const RATIO_GOAL: f64 = 0.7;
/// Most processor time that a connected target without work may use, in percent of a core.
const IDLE_GOAL_PERCENT: f64 = 0.5;
/// How long a target is watched doing nothing.
const IDLE_TIME: Duration = Duration::from_secs(10);
/// The machine's own choice may be made for long distances; this one is in every kernel.
const CONGESTION_CONTROL: &str = "cubic";
/// All 512-byte blocks of a disk of 512 MiB.
const DISK_BLOCKS: &str = "1048576";
const NQN: &str = "nqn.2026-11.io.tidegate:compare";

/// Which reads or writes, how large, how many at once.
#[derive(Debug, Clone, Copy)]
struct Case {
    kind: &'static str,
    size: u32,
    depth: u32,
}

const CASES: [Case; 10] = [
    Case { kind: "read", size: 4096, depth: 1 },
    Case { kind: "read", size: 4096, depth: 32 },
    Case { kind: "read", size: 4096, depth: 128 },
    Case { kind: "write", size: 4096, depth: 1 },
    Case { kind: "write", size: 4096, depth: 32 },
    Case { kind: "write", size: 4096, depth: 128 },
    Case { kind: "read", size: 131_072, depth: 1 },
    Case { kind: "read", size: 131_072, depth: 32 },
    Case { kind: "write", size: 131_072, depth: 1 },
    Case { kind: "write", size: 131_072, depth: 32 },
];

/// What was measured of one case.
#[derive(Debug, Clone, Default)]
struct Measured {
    bare: Samples,
    target: Samples,
    p50_ns: Samples,
    p99_ns: Samples,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    fn ratio(&self) -> f64 {
        self.target.median() as f64 / self.bare.median().max(1) as f64
    }
}

fn arguments() -> clap::Command {
    with_rounds(clap::Command::new("target").about("The NVMe/TCP target against a loop without a protocol"))
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let rounds = matches.get_one::<u32>("rounds").copied().unwrap_or(5);
    let seconds = matches.get_one::<u64>("seconds").copied().unwrap_or(2);
    let programs = Programs::start(seconds)?;
    let mut measured = vec![Measured::default(); CASES.len()];
    for round in 1..=rounds {
        for (case, measured) in CASES.iter().zip(&mut measured) {
            programs.measure_bare(*case, measured)?;
            programs.measure_target(*case, measured)?;
            say(format_args!(
                "round {round} of {rounds}: {} {} bytes, depth {}: bare {}, target {}",
                case.kind,
                case.size,
                case.depth,
                measured.bare.median(),
                measured.target.median()
            ));
        }
    }
    let idle_percent = programs.measure_idle()?;
    let report = report(&measured, rounds, seconds, idle_percent)?;
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| workspace::root().join(REPORT));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&path, &report)?;
    say(&report);
    say(format_args!("written to {}", path.display()));
    Ok(())
}

/// What is started, and where.
struct Programs {
    tidegate: PathBuf,
    xtask: PathBuf,
    /// Of the side that asks, and of the side that answers.
    cores: (usize, usize),
    seconds: String,
    /// Runs all the time: it uses no processor while it has nothing to do.
    target: Server,
}

impl Programs {
    fn start(seconds: u64) -> Result<Self, TaskError> {
        let (tidegate, xtask) = (workspace::build_release("tidegate")?, workspace::build_release("xtask")?);
        let cores = machine::two_cores()?;
        let mut target = Command::new(&tidegate);
        target.args(["target", "memory:512M", "--listen", "127.0.0.1:0", "--discovery", "none", "--nqn", NQN]);
        target.args(["--cores", &cores.1.to_string(), "--congestion-control", CONGESTION_CONTROL]);
        let target = Server::start(target, "I/O")?;
        // The first write to each page of the RAM disk costs the kernel more than the rest of the command; the bare
        // loop has all of its memory from the start.
        let mut fill = Command::new(&tidegate);
        fill.args(["nvme", "write", &target.address()?, "--nqn", NQN, "--input", "/dev/zero", "--blocks", DISK_BLOCKS]);
        output(&mut fill)?;
        Ok(Self { tidegate, xtask, cores, seconds: seconds.to_string(), target })
    }

    fn measure_bare(&self, case: Case, measured: &mut Measured) -> Result<(), TaskError> {
        let (near, far) = (self.cores.0.to_string(), self.cores.1.to_string());
        let common = ["--congestion-control", CONGESTION_CONTROL];
        let mut serve = Command::new(&self.xtask);
        serve.args(["compare", "bare-loop", "serve", "--core", &far]).args(common);
        let mut server = Server::start(serve, "")?;
        let port = server.first_line.clone();
        let (size, depth) = (case.size.to_string(), case.depth.to_string());
        let mut drive = Command::new(&self.xtask);
        drive.args(["compare", "bare-loop", "drive", "--core", &near, "--port", &port, "--kind", case.kind]);
        drive.args(["--size", &size, "--depth", &depth, "--seconds", &self.seconds]).args(common);
        let text = output(&mut drive)?;
        let per_second = text.trim().parse().map_err(|_| unexpected(&drive, &text))?;
        measured.bare.add(per_second);
        // It ends with its connection.
        server.child.wait()?;
        Ok(())
    }

    fn measure_target(&self, case: Case, measured: &mut Measured) -> Result<(), TaskError> {
        let mut perf = Command::new(&self.tidegate);
        perf.args(["nvme", "perf", &self.target.address()?, "--nqn", NQN, "--json", "--ramp", "0", "--namespace", "1"]);
        perf.args(["--cores", &self.cores.0.to_string(), "--congestion-control", CONGESTION_CONTROL]);
        perf.args(["--size", &case.size.to_string(), "--queue-depth", &case.depth.to_string()]);
        perf.args(["--mix", if case.kind == "read" { "100" } else { "0" }, "--seconds", &self.seconds]);
        let text = output(&mut perf)?;
        let document: Value = serde_json::from_str(&text).map_err(|_| unexpected(&perf, &text))?;
        let row = document["results"].as_array().and_then(|rows| rows.iter().find(|row| row["operation"] == "total"));
        let number = |name: &str| row.and_then(|row| row[name].as_u64()).ok_or_else(|| unexpected(&perf, &text));
        measured.target.add(number("iops")?);
        measured.p50_ns.add(number("p50_ns")?);
        measured.p99_ns.add(number("p99_ns")?);
        Ok(())
    }

    /// Processor time of a target with a host that is connected and does nothing, in percent of a core.
    fn measure_idle(&self) -> Result<f64, TaskError> {
        let address = self.target.address()?.parse()?;
        let options = ConnectOptions::new(address, Nqn::parse(NQN)?, HostIdentity::random()?);
        let controller = Controller::connect(options)?;
        controller.request_queues(1)?;
        let mut group = PollGroup::new(IdlePolicy { spin: Duration::ZERO })?;
        group.add(controller.connect_queue(32)?)?;
        let process = self.target.child.id();
        let before = machine::processor_time(process)?;
        let until = clock::now() + IDLE_TIME;
        let mut completions = Vec::new();
        while group.now() < until {
            group.poll(Wait::Until(until), &mut completions)?;
        }
        let used = machine::processor_time(process)?.saturating_sub(before);
        Ok(used.as_secs_f64() * 100.0 / IDLE_TIME.as_secs_f64())
    }
}

/// A program that serves until it is told to end.
struct Server {
    child: Child,
    /// The line that was waited for.
    first_line: String,
    /// Kept open: a program whose reader is gone may end for that.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it and waits for the first line of its output that begins with `prefix`.
    fn start(mut command: Command, prefix: &str) -> Result<Self, TaskError> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let Some(stdout) = child.stdout.take() else {
            return Err(TaskError::new("a program without output"));
        };
        let mut output = BufReader::new(stdout);
        let mut line = String::new();
        loop {
            line.clear();
            if output.read_line(&mut line)? == 0 {
                let status = child.wait()?;
                return Err(TaskError::new(format_args!("{} ended early ({status})", describe(&command))));
            }
            if line.starts_with(prefix) {
                return Ok(Self { child, first_line: line.trim().to_owned(), _output: output });
            }
        }
    }

    /// The last word of the line.
    fn address(&self) -> Result<String, TaskError> {
        let word = self.first_line.split_whitespace().next_back();
        word.map(str::to_owned).ok_or_else(|| TaskError::new("the target does not say where it is"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn output(command: &mut Command) -> Result<String, TaskError> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(TaskError::new(format_args!("{} failed ({})", describe(command), output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn unexpected(command: &Command, text: &str) -> TaskError {
    TaskError::new(format_args!("{} said: {}", describe(command), text.trim()))
}

fn report(measured: &[Measured], rounds: u32, seconds: u64, idle_percent: f64) -> Result<String, TaskError> {
    let mut text = format!(
        "# The target against a loop without a protocol\n\n\
         `cargo xtask compare target --rounds {rounds} --seconds {seconds}` measures this and writes it here.\n\n\
         Machine: {}. `tidegate target memory:512M` bound to one core, `tidegate nvme perf` to another, one queue,\n\
         random offsets, loopback, {CONGESTION_CONTROL}. The bare loop answers requests of 72 bytes with 24 bytes and\n\
         the data, on the same event loop and with the same spinning, and does nothing else\n\
         (`xtask/src/compare/bare_loop.rs`). Both in turns, {rounds} rounds of {seconds} s; medians, least and most in\n\
         parentheses. Figures of other machines or days cannot be compared with these; the ratios can.\n\n\
         | case | bare loop, per second | target, IOPS | ratio | p50 µs | p99 µs |\n|---|---|---|---|---|---|\n",
        machine::description()?
    );
    for (case, measured) in CASES.iter().zip(measured) {
        let _ = writeln!(
            text,
            "| {} KiB {}, depth {} | {} | {} | {:.2} | {} | {} |",
            case.size / 1024,
            case.kind,
            case.depth,
            with_spread(&measured.bare),
            with_spread(&measured.target),
            measured.ratio(),
            microseconds(measured.p50_ns.median()),
            microseconds(measured.p99_ns.median()),
        );
    }
    let least = measured.iter().map(Measured::ratio).fold(f64::INFINITY, f64::min);
    let _ = write!(
        text,
        "\nLeast ratio: {least:.2} (goal: {RATIO_GOAL} or more, {}). Processor time of a connected target without work: \
         {idle_percent:.2} % of a core (goal: below {IDLE_GOAL_PERCENT} %, {}).\n",
        verdict(least >= RATIO_GOAL),
        verdict(idle_percent < IDLE_GOAL_PERCENT),
    );
    Ok(text)
}

fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "not reached" }
}

fn with_spread(samples: &Samples) -> String {
    let (least, most) = samples.spread();
    format!("{} ({}–{})", thousands(samples.median()), thousands(least), thousands(most))
}

/// A number with three digits that count: `93.4 k`, `1.03 M`.
fn thousands(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..100_000 => format!("{}.{} k", number / 1000, number % 1000 / 100),
        100_000..1_000_000 => format!("{} k", number / 1000),
        _ => format!("{}.{:02} M", number / 1_000_000, number % 1_000_000 / 10_000),
    }
}

fn microseconds(value_ns: u64) -> String {
    format!("{}.{}", value_ns / 1000, value_ns % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        for (number, text) in
            [(9999, "9999"), (10_060, "10.0 k"), (93_456, "93.4 k"), (123_456, "123 k"), (1_034_000, "1.03 M")]
        {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn the_report_has_every_case_and_both_verdicts() {
        let mut one = Measured::default();
        one.bare.add(1000);
        one.target.add(800);
        let text = report(&vec![one; CASES.len()], 1, 1, 0.1).unwrap();
        assert_eq!(text.matches("| 0.80 |").count(), CASES.len());
        assert_eq!(text.matches(", reached").count(), 2);
        assert!(report(&vec![Measured::default(); CASES.len()], 1, 1, 2.0).unwrap().contains("not reached"));
    }
}
