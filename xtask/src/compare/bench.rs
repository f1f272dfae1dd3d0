//! `cargo xtask compare bench`: the load generator beside fio, with the same arguments, on one core each.
//!
//! What is measured is the tool: how much of a core an I/O costs that costs next to nothing by itself, how long a trivial job
//! takes, how much memory jobs need.

use std::fmt::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Arg, ArgMatches, value_parser};
use reactor::clock::{self, Duration};
use serde_json::Value;

use super::loop_device::LoopDevice;
use super::{Comparison, Samples, machine, with_rounds};
use crate::task::{self, TaskError, describe, say};
use crate::workspace;

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

/// Where the report goes.
const REPORT: &str = "docs/measurements/bench.md";
/// The file that cached and direct I/O goes to, in bytes: it stays in the page cache of any machine.
const FILE_BYTES: u64 = 256 << 20;
/// How long a program runs before its memory is looked at.
const SETTLING: Duration = Duration::from_millis(700);

/// One line of the report. The arguments are what both programs get besides what [`Bench::command`] adds.
struct Case {
    name: &'static str,
    common: &'static [&'static str],
    arguments: &'static [&'static str],
    place: Place,
    metric: Metric,
    /// The ratio to the peer that is wanted: at least this, or at most for a [`Metric`] that is better when smaller.
    goal: f64,
    /// What the bare loop gets when it is the peer, instead of fio.
    bare_loop: Option<&'static [&'static str]>,
}

/// What the I/O goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing: the engine needs no file.
    Nowhere,
    /// A file on the file system of the build.
    Disk,
    /// The same without access times: fio and `tidegate bench` keep those of files, the bare loop leaves them alone. Looking whether
    /// there is one to keep is left to the first two, and a fiftieth of an I/O.
    DiskWithoutAccessTimes,
    /// A block device over that file: no program keeps the access time of a device, so that all do the same.
    Device,
    /// A file in memory.
    Memory,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Metric {
    /// I/Os a second.
    Iops,
    /// Bytes a second.
    Bandwidth,
    /// From start to exit.
    Time,
    /// Proportional set size of all processes.
    Memory,
}

const NULL: &[&str] = &["--ioengine=null", "--size=100g", "--rw=randread", "--bs=4k"];
const NULL_DEEP: &[&str] = &["--ioengine=null", "--size=100g", "--rw=randread", "--bs=4k", "--iodepth=32"];
const CACHED: &[&str] = &["--rw=randread", "--bs=4k", "--norandommap"];

/// Every case, in the order of the report.
const CASES: &[Case] = &[
    Case::iops("null, depth 1", NULL, &[], Place::Nowhere, 2.0),
    Case::iops("null, depth 1, gtod_reduce", NULL, &["--gtod_reduce=1"], Place::Nowhere, 2.0),
    Case::iops(
        "null, depth 1, gtod_reduce, norandommap",
        NULL,
        &["--gtod_reduce=1", "--norandommap"],
        Place::Nowhere,
        2.0,
    ),
    Case::iops("null, depth 32", NULL_DEEP, &[], Place::Nowhere, 2.0),
    Case::iops("null, depth 32, gtod_reduce", NULL_DEEP, &["--gtod_reduce=1"], Place::Nowhere, 2.0),
    Case::iops(
        "null, depth 32, gtod_reduce, norandommap",
        NULL_DEEP,
        &["--gtod_reduce=1", "--norandommap"],
        Place::Nowhere,
        2.0,
    ),
    Case::iops("psync, page cache", CACHED, &["--ioengine=psync"], Place::Disk, 1.05),
    Case::iops("io_uring, page cache, depth 32", CACHED, UNTUNED, Place::Disk, 1.6),
    Case::iops("io_uring, page cache, depth 32, tuned", CACHED, TUNED, Place::Disk, 1.0),
    Case::beside_bare_loop(
        "io_uring, page cache, depth 32, beside the bare loop",
        UNTUNED,
        &["-B0", "-F0"],
        Place::DiskWithoutAccessTimes,
    ),
    Case::beside_bare_loop(
        "io_uring, page cache, depth 32, tuned, beside the bare loop",
        TUNED,
        &["-B1", "-F1"],
        Place::DiskWithoutAccessTimes,
    ),
    Case::beside_bare_loop(
        "io_uring, page cache of a device, depth 32, beside the bare loop",
        UNTUNED,
        &["-B0", "-F0"],
        Place::Device,
    ),
    Case::beside_bare_loop(
        "io_uring, page cache of a device, depth 32, tuned, beside the bare loop",
        TUNED,
        &["-B1", "-F1"],
        Place::Device,
    ),
    Case::iops("io_uring, tmpfs, depth 32", CACHED, UNTUNED, Place::Memory, 1.0),
    Case::iops(
        "io_uring, direct, depth 32",
        CACHED,
        &["--ioengine=io_uring", "--iodepth=32", "--direct=1"],
        Place::Disk,
        1.0,
    ),
    Case::iops("libaio, page cache, depth 32", CACHED, &["--ioengine=libaio", "--iodepth=32"], Place::Disk, 1.0),
    Case::verify("verify crc32c, 4 KiB, write", &["--rw=write", "--bs=4k", "--do_verify=0"]),
    Case::verify("verify crc32c, 64 KiB, write", &["--rw=write", "--bs=64k", "--do_verify=0"]),
    Case::verify("verify crc32c, 4 KiB, check", &["--rw=read", "--bs=4k"]),
    Case::verify("verify crc32c, 64 KiB, check", &["--rw=read", "--bs=64k"]),
    Case::of_jobs("start to exit of a trivial job", &["--size=4k"], Metric::Time, 1.0),
    Case::of_jobs("start to exit of 64 trivial jobs", &["--size=4k", "--numjobs=64"], Metric::Time, 1.0),
    Case::of_jobs(
        "memory of one job",
        &["--size=1g", "--rate_iops=10", "--time_based", "--runtime=60"],
        Metric::Memory,
        0.5,
    ),
    Case::of_jobs(
        "memory of 64 jobs",
        &["--size=1g", "--rate_iops=10", "--time_based", "--runtime=60", "--numjobs=64"],
        Metric::Memory,
        0.25,
    ),
];

/// Several times through the file: once takes some 60 ms, and run times are told in whole milliseconds.
const VERIFY: &[&str] = &["--ioengine=psync", "--verify=crc32c", "--verify_state_save=0", "--loops=8"];
const UNTUNED: &[&str] = &["--ioengine=io_uring", "--iodepth=32"];
const TRIVIAL: &[&str] = &["--ioengine=null", "--rw=read", "--bs=4k"];
const TUNED: &[&str] = &[
    "--ioengine=io_uring",
    "--iodepth=32",
    "--fixedbufs=1",
    "--registerfiles=1",
    "--iodepth_batch_submit=32",
    "--iodepth_batch_complete_min=1",
    "--iodepth_batch_complete_max=32",
];

impl Case {
    const fn iops(
        name: &'static str,
        common: &'static [&'static str],
        arguments: &'static [&'static str],
        place: Place,
        goal: f64,
    ) -> Self {
        Self { name, common, arguments, place, metric: Metric::Iops, goal, bare_loop: None }
    }

    const fn beside_bare_loop(
        name: &'static str,
        arguments: &'static [&'static str],
        bare_loop: &'static [&'static str],
        place: Place,
    ) -> Self {
        Self { bare_loop: Some(bare_loop), ..Self::iops(name, CACHED, arguments, place, 0.95) }
    }

    const fn verify(name: &'static str, arguments: &'static [&'static str]) -> Self {
        let metric = Metric::Bandwidth;
        Self { name, common: VERIFY, arguments, place: Place::Memory, metric, goal: 1.5, bare_loop: None }
    }

    const fn of_jobs(name: &'static str, arguments: &'static [&'static str], metric: Metric, goal: f64) -> Self {
        Self { name, common: TRIVIAL, arguments, place: Place::Nowhere, metric, goal, bare_loop: None }
    }
}

fn arguments() -> clap::Command {
    let command = clap::Command::new("bench").about("The load generator against fio").arg(
        Arg::new("fio")
            .long("fio")
            .value_name("PROGRAM")
            .value_parser(value_parser!(PathBuf))
            .default_value("fio")
            .help("The fio to measure against"),
    );
    let bare_loop = Arg::new("bare-loop")
        .long("bare-loop")
        .value_name("PROGRAM")
        .value_parser(value_parser!(PathBuf))
        .help("fio's t/io_uring, built from its source; the cases beside it are left out without it");
    with_rounds(command.arg(bare_loop))
        .arg(Arg::new("case").value_name("PART").num_args(0..).help("Only the cases whose names contain one of these"))
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let rounds = matches.get_one::<u32>("rounds").copied().unwrap_or(5);
    let seconds = matches.get_one::<u64>("seconds").copied().unwrap_or(2);
    let fio = matches.get_one::<PathBuf>("fio").cloned().unwrap_or_else(|| "fio".into());
    let parts: Vec<&str> = matches.get_many::<String>("case").into_iter().flatten().map(String::as_str).collect();
    let bare_loop = matches.get_one::<PathBuf>("bare-loop").cloned();
    let chosen = |case: &&Case| parts.is_empty() || parts.iter().any(|part| case.name.contains(part));
    let can_run = |case: &&Case| case.bare_loop.is_none() || bare_loop.is_some();
    let cases: Vec<&Case> = CASES.iter().filter(chosen).filter(can_run).collect();
    let needs_device = cases.iter().any(|case| case.place == Place::Device);
    let bench = Bench::prepare(fio, bare_loop.clone(), seconds, needs_device)?;
    let mut measured = vec![Measured::default(); cases.len()];
    for round in 1..=rounds {
        for (case, measured) in cases.iter().zip(&mut measured) {
            measured.peer.add(match case.bare_loop {
                None => bench.measure(Side::Fio, case)?,
                Some(arguments) => bench.bare_loop(arguments, case.place)?,
            });
            measured.tidegate.add(bench.measure(Side::Tidegate, case)?);
            say(format_args!("round {round} of {rounds}: {}: ratio {:.2}", case.name, measured.ratio()));
        }
    }
    let report = report(&cases, &measured, rounds, seconds, &bench.version()?)?;
    if parts.is_empty() || matches.contains_id("output") {
        let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| workspace::root().join(REPORT));
        std::fs::write(&path, &report)?;
        say(format_args!("written to {}", path.display()));
    }
    say(&report);
    Ok(())
}

/// What was measured of one case.
#[derive(Debug, Clone, Default)]
struct Measured {
    peer: Samples,
    tidegate: Samples,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    fn ratio(&self) -> f64 {
        self.tidegate.median() as f64 / self.peer.median().max(1) as f64
    }
}

#[derive(Clone, Copy)]
enum Side {
    Fio,
    Tidegate,
}

/// The programs and the files.
struct Bench {
    fio: PathBuf,
    bare_loop: PathBuf,
    tidegate: PathBuf,
    core: String,
    seconds: u64,
    device: Option<LoopDevice>,
    /// One on the file system of the build, one in memory; removed at the end.
    folders: [PathBuf; 2],
}

impl Bench {
    fn prepare(fio: PathBuf, bare_loop: Option<PathBuf>, seconds: u64, needs_device: bool) -> Result<Self, TaskError> {
        let tidegate = workspace::build_release("tidegate")?;
        let name = format!("tidegate-compare-{}", std::process::id());
        let disk = tidegate.parent().unwrap_or(Path::new(".")).join(&name);
        let mut bench = Self {
            fio,
            bare_loop: bare_loop.unwrap_or_default(),
            core: machine::two_cores()?.1.to_string(),
            seconds,
            device: None,
            folders: [disk, Path::new("/dev/shm").join(name)],
            tidegate,
        };
        bench.folders.iter().try_for_each(std::fs::create_dir_all)?;
        for place in [Place::Disk, Place::DiskWithoutAccessTimes, Place::Memory] {
            let Some(path) = bench.path(place) else { continue };
            let file = std::fs::File::create(&path)?;
            if place == Place::DiskWithoutAccessTimes {
                task::run(Command::new("chattr").arg("+A").arg(&path))?;
            }
            let block = vec![0x5a; 1 << 20];
            for _ in 0..FILE_BYTES >> 20 {
                std::io::Write::write_all(&mut &file, &block)?;
            }
            file.sync_all()?;
        }
        if let (true, Some(file)) = (needs_device, bench.path(Place::DiskWithoutAccessTimes)) {
            bench.device = Some(LoopDevice::over(&file)?);
        }
        Ok(bench)
    }

    /// The file that stands for a place.
    fn path(&self, place: Place) -> Option<PathBuf> {
        let [disk, memory] = &self.folders;
        match place {
            Place::Nowhere => None,
            Place::Disk => Some(disk.join("data")),
            Place::DiskWithoutAccessTimes => Some(disk.join("without-access-times")),
            Place::Device => self.device.as_ref().map(|device| device.path().to_owned()),
            Place::Memory => Some(memory.join("data")),
        }
    }

    fn version(&self) -> Result<String, TaskError> {
        let output = Command::new(&self.fio).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn measure(&self, side: Side, case: &Case) -> Result<u64, TaskError> {
        if case.name.ends_with("check") {
            // What is checked has been written by the side that checks it.
            let block = case.arguments.iter().filter(|argument| argument.starts_with("--bs=")).copied();
            let write: Vec<&str> = block.chain(["--rw=write", "--do_verify=0"]).collect();
            output(&mut self.command(side, case, &write))?;
        }
        let mut command = self.command(side, case, case.arguments);
        match case.metric {
            Metric::Iops => {
                command.args(["--time_based", &format!("--runtime={}", self.seconds)]);
                result(&mut command, "iops")
            }
            Metric::Bandwidth => result(&mut command, "bw_bytes"),
            Metric::Time => {
                let began = clock::now();
                output(&mut command)?;
                Ok(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX))
            }
            Metric::Memory => memory(&mut command),
        }
    }

    /// I/Os a second of fio's loop without a load generator around it: the median of what it says each second.
    fn bare_loop(&self, arguments: &[&str], place: Place) -> Result<u64, TaskError> {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &self.core]).arg(&self.bare_loop);
        command.args(["-d32", "-s32", "-c32", "-p0", "-O0", "-P0"]).args(arguments);
        // It says nothing of its last second.
        command.arg(format!("-r{}", self.seconds + 1)).args(self.path(place));
        let text = output(&mut command)?;
        let mut rates = Samples::default();
        for rate in text.lines().filter_map(rate_of_bare_loop) {
            rates.add(rate);
        }
        if rates.median() > 0 { Ok(rates.median()) } else { Err(TaskError::new(format_args!("no rate in: {text}"))) }
    }

    /// One program on the core, with the arguments of a case.
    fn command(&self, side: Side, case: &Case, arguments: &[&str]) -> Command {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &self.core]);
        match side {
            Side::Fio => command.arg(&self.fio),
            Side::Tidegate => command.arg(&self.tidegate).arg("bench"),
        };
        command.args(["--name=compare", "--output-format=json", "--thread"]);
        if let Some(path) = self.path(case.place) {
            command.arg(format!("--filename={}", path.display()));
            command.args([format!("--size={FILE_BYTES}"), "--invalidate=0".to_owned()]);
        }
        command.args(case.common).args(arguments);
        command
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for folder in &self.folders {
            // What cannot be removed lies where it is seen.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn output(command: &mut Command) -> Result<String, TaskError> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(TaskError::new(format_args!("{} failed ({})", describe(command), output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// I/Os a second in a line such as `IOPS=1.29M, BW=5.03GiB/s, IOS/call=32/31`.
fn rate_of_bare_loop(line: &str) -> Option<u64> {
    let value = line.strip_prefix("IOPS=")?.split(',').next()?;
    let (number, unit) = match value.strip_suffix('M') {
        Some(number) => (number, 1_000_000.0),
        None => (value.strip_suffix('K').unwrap_or(value), if value.ends_with('K') { 1000.0 } else { 1.0 }),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, far below the limits of u64")]
    number.parse::<f64>().ok().map(|number| (number * unit) as u64)
}

/// The sum over the directions of one number of the only job.
fn result(command: &mut Command, key: &str) -> Result<u64, TaskError> {
    let text = output(command)?;
    let unexpected = || TaskError::new(format_args!("{} said: {}", describe(command), text.trim()));
    let document: Value = serde_json::from_str(&text).map_err(|_| unexpected())?;
    let job = &document["jobs"][0];
    let sum: f64 = ["read", "write"].iter().filter_map(|direction| job[direction][key].as_f64()).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, far below the limits of u64")]
    if sum > 0.0 { Ok(sum as u64) } else { Err(unexpected()) }
}

/// The memory of a program and of all that it has started, while it runs; bytes.
fn memory(command: &mut Command) -> Result<u64, TaskError> {
    let mut child = command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let group = child.id();
    let settled = clock::now() + SETTLING;
    while clock::now() < settled {
        std::thread::yield_now();
    }
    let mut bytes = 0;
    for entry in std::fs::read_dir("/proc")? {
        let folder = entry?.path();
        let stat = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
        // Behind the name in brackets: state, parent, group.
        let of_group =
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(2)) == Some(&group.to_string());
        if of_group {
            let rollup = std::fs::read_to_string(folder.join("smaps_rollup")).unwrap_or_default();
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            let kibibytes =
                line.and_then(|value| value.split_whitespace().next()).and_then(|text| text.parse::<u64>().ok());
            bytes += kibibytes.unwrap_or(0) * 1024;
        }
    }
    if let Some(group) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    child.wait()?;
    Ok(bytes)
}

fn report(
    cases: &[&Case],
    measured: &[Measured],
    rounds: u32,
    seconds: u64,
    version: &str,
) -> Result<String, TaskError> {
    let has_bare_loop = cases.iter().any(|case| case.bare_loop.is_some());
    let bare_loop = if has_bare_loop { " --bare-loop t/io_uring" } else { "" };
    let mut text = format!(
        "# The load generator beside fio\n\n\
         `cargo xtask compare bench --rounds {rounds} --seconds {seconds}{bare_loop}` measures this and writes it here.\n\n\
         Machine: {}. {version} and `tidegate bench` with the same arguments (`--thread` among them), each bound to one core, in turns,\n\
         {rounds} rounds of {seconds} s; medians, least and most in parentheses. All latency statistics are on unless the line says\n\
         `gtod_reduce`. The bare loop is fio's `t/io_uring`, which submits and reaps 32 at once and counts nothing but I/Os.\n\
         It leaves the access time of its file alone (`O_NOATIME`), as fio and `tidegate bench` do with devices only. The file here keeps\n\
         none (`chattr +A`), so that they write none; that the kernel looks for that is 16 to 20 ns an I/O which the loop does not have.\n\
         On a device (a loop device over that file) all do the same.\n\
         Figures of other machines or days cannot be compared with these; the ratios can.\n\n\
         | case | peer | tidegate | ratio | goal | |\n|---|---|---|---|---|---|\n",
        machine::description()?
    );
    for (case, measured) in cases.iter().zip(measured) {
        let (ratio, is_less_better) = (measured.ratio(), matches!(case.metric, Metric::Time | Metric::Memory));
        let is_reached = if is_less_better { ratio <= case.goal } else { ratio >= case.goal };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {ratio:.2} | {} {} | {} |",
            case.name,
            case.metric.with_spread(&measured.peer),
            case.metric.with_spread(&measured.tidegate),
            if is_less_better { "≤" } else { "≥" },
            case.goal,
            if is_reached { "reached" } else { "not reached" },
        );
    }
    Ok(text)
}

impl Metric {
    fn with_spread(self, samples: &Samples) -> String {
        let (least, most) = samples.spread();
        format!("{} ({}–{})", self.text(samples.median()), self.text(least), self.text(most))
    }

    fn text(self, value: u64) -> String {
        match self {
            Self::Iops if value >= 1_000_000 => format!("{}.{:02} M/s", value / 1_000_000, value % 1_000_000 / 10_000),
            Self::Iops => format!("{} k/s", value / 1000),
            Self::Bandwidth => format!("{} MiB/s", value >> 20),
            Self::Time => format!("{}.{} ms", value / 1_000_000, value % 1_000_000 / 100_000),
            Self::Memory => format!("{}.{} MiB", value >> 20, ((value & 0xf_ffff) * 10) >> 20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_the_bare_loop_are_read_with_their_units() {
        let rate = |value: &str| rate_of_bare_loop(&format!("IOPS={value}, BW=5.03GiB/s, IOS/call=32/31"));
        assert_eq!((rate("1.29M"), rate("977.41K"), rate("12")), (Some(1_290_000), Some(977_410), Some(12)));
        assert_eq!(rate_of_bare_loop("Maximum IOPS=1.36M"), None);
    }

    #[test]
    fn the_report_says_of_every_case_whether_the_goal_is_reached() {
        let mut same = Measured::default();
        same.peer.add(1_000_000);
        same.tidegate.add(1_000_000);
        let cases: Vec<&Case> = CASES.iter().collect();
        let text = report(&cases, &vec![same; cases.len()], 1, 1, "fio-3.33").unwrap();
        assert_eq!(text.matches("| 1.00 |").count(), cases.len());
        let reached = CASES.iter().filter(|case| match case.metric {
            Metric::Iops | Metric::Bandwidth => case.goal <= 1.0,
            Metric::Time | Metric::Memory => case.goal >= 1.0,
        });
        assert_eq!(text.matches("| reached |").count(), reached.count());
    }

    #[test]
    fn figures_are_told_in_their_units() {
        for (metric, value, text) in [
            (Metric::Iops, 9_412_345, "9.41 M/s"),
            (Metric::Iops, 15_999, "15 k/s"),
            (Metric::Bandwidth, 3 << 30, "3072 MiB/s"),
            (Metric::Time, 12_345_678, "12.3 ms"),
            (Metric::Memory, (22 << 20) + (1 << 19), "22.5 MiB"),
        ] {
            assert_eq!(metric.text(value), text);
        }
    }
}
