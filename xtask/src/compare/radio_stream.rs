//! `cargo xtask compare radio-stream`: `tidegate radio serve` beside Icecast, with one 128 kbit/s mp3 stream and many listeners; and the
//! pacing of the udp sender.
//!
//! Both sides and the listeners run on this machine over loopback. The listeners are a program of their own ([`radio_listen`]),
//! so that only the station's processor time is counted: for tidegate both of its processes.
//!
//! [`radio_listen`]: super::radio_listen

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Arg, ArgMatches, value_parser};
use reactor::clock::{self, Duration};

use super::radio_listen::Heard;
use super::radio_pacing::{self, Pacing};
use super::radio_stations::{Station, icecast, tidegate};
use super::{Comparison, Samples, machine, with_rounds};
use crate::task::{TaskError, say};
use crate::workspace;

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

/// Where the report goes.
const REPORT: &str = "docs/measurements/radio-stream.md";
/// Connections begun a second, where they do not come all at once.
const RATE: u64 = 1000;
/// Listeners that come all at once.
const STORM: u64 = 2000;
/// Listeners of a station that has one core for itself.
const ON_ONE_CORE: u64 = 10_000;

fn arguments() -> clap::Command {
    let number = |name: &'static str, most, default: &'static str, help: &'static str| {
        let argument = Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u64).range(0..=most));
        argument.default_value(default).help(help)
    };
    let command = clap::Command::new("radio-stream")
        .about("The radio's senders: listeners beside Icecast's, and the pacing of udp")
        .arg(
            number("listeners", 15_000, "1,500,2000,5000", "How many listeners, one case each")
                .value_name("N,…")
                .value_delimiter(','),
        )
        .arg(number("one-core", 15_000, "10000", "How many listeners of a station on one core; 0: not measured"))
        .arg(number("at-once", 15_000, "2000", "How many listeners that come all at once; 0: not measured"))
        .arg(number("targets", 5000, "1000", "Targets of the udp sender; 0: not measured"))
        .arg(
            Arg::new("binary")
                .long("binary")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("The tidegate to measure; default: a release build of this workspace"),
        );
    with_rounds(command)
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let rounds = matches.get_one::<u32>("rounds").copied().unwrap_or(5);
    let seconds = matches.get_one::<u64>("seconds").copied().unwrap_or(2);
    let targets = matches.get_one::<u64>("targets").copied().unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("tidegate-compare-radio-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("music"))?;
    let binary = match matches.get_one::<PathBuf>("binary") {
        Some(binary) => binary.clone(),
        None => workspace::build_release("tidegate")?,
    };
    let measured = measure(&binary, &folder, cases(matches), rounds, seconds).and_then(|rows| {
        let pacing = (targets > 0).then(|| radio_pacing::measure(&binary, &folder, targets, seconds.max(5)));
        Ok((rows, pacing.transpose()?))
    });
    // A station that was just ended may still be tidying up there; that is no reason to lose what was measured.
    let removed = std::fs::remove_dir_all(&folder);
    let (rows, pacing) = measured?;
    let report = report(&rows, pacing.as_ref(), rounds, seconds)?;
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| workspace::root().join(REPORT));
    std::fs::write(&path, &report)?;
    say(&report);
    say(format_args!("written to {}", path.display()));
    Ok(removed?)
}

/// What is measured of both.
struct Case {
    name: String,
    listeners: u64,
    /// Connections begun a second; 0: all at once.
    rate: u64,
    /// The station has one core, and the listeners have another one.
    one_core: bool,
}

fn cases(matches: &ArgMatches) -> Vec<Case> {
    let number = |name: &str, default| matches.get_one::<u64>(name).copied().unwrap_or(default);
    let listeners = matches.get_many::<u64>("listeners").into_iter().flatten().copied();
    let named = |count: u64| if count == 1 { "1 listener".to_owned() } else { format!("{count} listeners") };
    let plain = listeners.map(|listeners| Case { name: named(listeners), listeners, rate: RATE, one_core: false });
    let (one_core, storm) = (number("one-core", ON_ONE_CORE), number("at-once", STORM));
    let others = [
        Case { name: format!("{one_core} on one core"), listeners: one_core, rate: RATE, one_core: true },
        Case { name: format!("{storm} at once"), listeners: storm, rate: 0, one_core: false },
    ];
    plain.chain(others).filter(|case| case.listeners > 0).collect()
}

/// One case of the report.
struct Row {
    case: Case,
    icecast: Measured,
    tidegate: Measured,
}

/// The samples of one station in one case.
#[derive(Default)]
struct Measured {
    /// Processor time per second, in microseconds.
    processor: Samples,
    /// Of the process with the listeners.
    memory: Samples,
    /// Of the others.
    other_memory: Samples,
    /// What each listener has added.
    memory_per_listener: Samples,
    first_sound_mean: Samples,
    first_sound_max: Samples,
    gap: Samples,
    bits_min: Samples,
    /// Of all rounds together.
    missing: u64,
    later_than_a_second: u64,
    dropped: u64,
}

fn measure(binary: &Path, folder: &Path, cases: Vec<Case>, rounds: u32, seconds: u64) -> Result<Vec<Row>, TaskError> {
    make_music(&folder.join("music").join("song.mp3"))?;
    let empty = |case| Row { case, icecast: Measured::default(), tidegate: Measured::default() };
    let mut rows: Vec<Row> = cases.into_iter().map(empty).collect();
    for round in 1..=rounds {
        for Row { case, icecast: original, tidegate: own } in &mut rows {
            let cores = case.one_core.then(machine::two_cores).transpose()?;
            let core = cores.map(|(first, _)| first);
            original.add(&icecast(folder, core)?, case, cores, seconds)?;
            own.add(&tidegate(binary, folder, core)?, case, cores, seconds)?;
            let ratio = ratio(own.processor.median(), original.processor.median());
            say(format_args!("round {round} of {rounds}: {}: processor time {ratio} of Icecast's", case.name));
        }
    }
    Ok(rows)
}

/// Ten minutes of a tone that is not quite still, at 128 kbit/s.
fn make_music(path: &Path) -> Result<(), TaskError> {
    let mut command = Command::new("ffmpeg");
    command.args([
        "-nostdin",
        "-loglevel",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:duration=600,tremolo=f=5:d=0.8",
    ]);
    crate::task::run(command.args(["-ac", "2", "-ar", "44100", "-b:a", "128k"]).arg(path))
}

impl Measured {
    /// One round. Its station has just been heard by one listener.
    fn add(
        &mut self,
        station: &Station,
        case: &Case,
        cores: Option<(usize, usize)>,
        seconds: u64,
    ) -> Result<(), TaskError> {
        let (memory_before, _) = station.resident_bytes();
        let mut command = match cores {
            Some((_, core)) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &core.to_string()]).arg(std::env::current_exe()?);
                command
            }
            None => Command::new(std::env::current_exe()?),
        };
        command.args(["compare", "radio-listen", "--path", station.path]);
        let arguments =
            [("port", station.port.into()), ("listeners", case.listeners), ("rate", case.rate), ("seconds", seconds)];
        for (name, value) in arguments {
            command.arg(format!("--{name}")).arg(value.to_string());
        }
        let mut listeners = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = listeners.stdout.take().ok_or_else(|| TaskError::new("the listeners say nothing"))?;
        let mut lines = BufReader::new(output).lines();
        let mut line = || lines.next().transpose().ok().flatten().ok_or_else(|| TaskError::new("the listeners ended"));
        line()?;
        let (before, began) = (station.processor_time()?, clock::now());
        let heard: Heard = serde_json::from_str(&line()?)?;
        let (used, passed) = (station.processor_time()?.saturating_sub(before), began.elapsed());
        let (memory, other_memory) = station.resident_bytes();
        if let Some(mut input) = listeners.stdin.take() {
            input.write_all(b"\n")?;
        }
        listeners.wait()?;
        self.processor.add(per_second(used, passed)?);
        self.memory.add(memory);
        self.other_memory.add(other_memory);
        self.memory_per_listener.add(memory.saturating_sub(memory_before) / heard.answered.max(1));
        self.first_sound_mean.add(heard.first_sound_us_mean);
        self.first_sound_max.add(heard.first_sound_us_max);
        self.gap.add(heard.gap_us_max);
        self.bits_min.add(heard.bits_per_second_min);
        self.missing += case.listeners - heard.answered;
        self.later_than_a_second += case.listeners - heard.within_a_second;
        self.dropped += heard.dropped;
        Ok(())
    }
}

/// Microseconds of a processor a second.
pub(super) fn per_second(used: Duration, passed: Duration) -> Result<u64, TaskError> {
    Ok(u64::try_from(used.as_micros() * 1_000_000 / passed.as_micros().max(1))?)
}

fn report(rows: &[Row], pacing: Option<&Pacing>, rounds: u32, seconds: u64) -> Result<String, TaskError> {
    let mut text = format!(
        "# The radio's senders, measured\n\
         Made by `cargo xtask compare radio-stream`; do not edit. {rounds} rounds of {seconds} s in turns; medians, the smallest and the \
         largest in brackets. One stream of 128 kbit/s mp3, over loopback, with the listeners on the same machine. Burst: Icecast \
         64 KiB, tidegate 4 s.\n\nMachine: {}.\n\n## Listeners beside Icecast 2.4\n\
         | case | | % of a core | ratio | memory, MB | per listener, bytes | first sound mean, max, ms | later than 1 s | without sound | \
         dropped | slowest, kbit/s | longest gap, ms |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        machine::description()?
    );
    for row in rows {
        for (name, side) in [("Icecast", &row.icecast), ("tidegate", &row.tidegate)] {
            side.write_row(&mut text, row, name);
        }
    }
    text.push_str(NOTES);
    if let Some(pacing) = pacing {
        let _ = write!(
            text,
            "\n## Pacing of the udp sender\n{} unicast targets on loopback, 16 of 20: {} packets. Distance of a packet from its even place in \
             its group, by the time at which the kernel received it: half below {} ms, 99 % below {} ms, worst {} ms. {} % of a core.\n",
            pacing.targets,
            pacing.packets,
            hundredths(pacing.half),
            hundredths(pacing.p99),
            hundredths(pacing.worst),
            percent(pacing.processor),
        );
    }
    Ok(text)
}

/// What the columns mean.
const NOTES: &str = "\n*Sound* is the first byte after the head of the answer. *Later than 1 s*, *without sound* and *dropped* are listeners \
    of all rounds together. The ratio is to Icecast's median of the same case. Processor time of tidegate is that of both of its processes. \
    Memory is what is resident of the process with the listeners and, after the plus, of tidegate's other process; per listener: what that \
    of the first process has grown by since it had had one, divided by those who heard something. What the kernel buffers for the sockets \
    is not in it. On one core: every thread of the station on one, the listeners on another. Tidegate gives each listener all that has come \
    up once a second, so that a few seconds may have one such write more or less than their share (*slowest*).\n";

impl Measured {
    fn write_row(&self, text: &mut String, row: &Row, name: &str) {
        let (low, high) = self.processor.spread();
        let other = self.other_memory.median();
        let other = if other > 0 { format!(" + {}", megabytes(other)) } else { String::new() };
        let _ = writeln!(
            text,
            "| {} | {name} | {} ({}–{}) | {} | {}{other} | {} | {}, {} | {} | {} | {} | {} | {} |",
            row.case.name,
            percent(self.processor.median()),
            percent(low),
            percent(high),
            ratio(self.processor.median(), row.icecast.processor.median()),
            megabytes(self.memory.median()),
            if row.case.listeners > 1 { self.memory_per_listener.median().to_string() } else { "–".to_owned() },
            tenths(self.first_sound_mean.median() / 100),
            tenths(self.first_sound_max.spread().1 / 100),
            self.later_than_a_second,
            self.missing,
            self.dropped,
            self.bits_min.median() / 1000,
            self.gap.spread().1 / 1000,
        );
    }
}

/// A number of tenths, as people write it.
fn tenths(count: u64) -> String {
    format!("{}.{}", count / 10, count % 10)
}

fn megabytes(bytes: u64) -> String {
    tenths(bytes * 10 / (1 << 20))
}

/// Microseconds of a processor a second as percent, with two places.
fn percent(microseconds: u64) -> String {
    format!("{}.{:02}", microseconds / 10_000, microseconds % 10_000 / 100)
}

/// Microseconds as milliseconds, with two places.
fn hundredths(microseconds: u64) -> String {
    format!("{}.{:02}", microseconds / 1000, microseconds % 1000 / 10)
}

fn ratio(ours: u64, theirs: u64) -> String {
    let hundredths = ours * 100 / theirs.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
