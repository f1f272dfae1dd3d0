//! `cargo xtask compare radio-stream`: `tidegate radio serve` beside Icecast, with one 128 kbit/s mp3 stream and many listeners; and the
//! pacing of the udp sender.
//!
//! Both sides and the listeners run on this machine over loopback. The listeners are a program of their own ([`radio_listen`]),
//! so that only the station's processor time is counted: for tidegate both of its processes.
//!
//! [`radio_listen`]: super::radio_listen

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::{Arg, ArgMatches, value_parser};
use reactor::clock::{self, Duration};

use super::radio_listen::Heard;
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
/// How long a station may take to be heard.
const PATIENCE: Duration = Duration::from_secs(60);
/// What Icecast's source and its configuration agree on.
const PASSWORD: &str = "measure";

fn arguments() -> clap::Command {
    let command = clap::Command::new("radio-stream")
        .about("The radio's senders: listeners beside Icecast's, and the pacing of udp")
        .arg(
            Arg::new("listeners")
                .long("listeners")
                .value_name("N,…")
                .value_delimiter(',')
                .value_parser(value_parser!(u64).range(1..=15_000))
                .default_value("500,2000,5000,10000")
                .help("How many listeners, one case each"),
        )
        .arg(
            Arg::new("targets")
                .long("targets")
                .value_name("N")
                .value_parser(value_parser!(u64).range(0..=5000))
                .default_value("1000")
                .help("Targets of the udp sender"),
        )
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
    let cases: Vec<u64> = matches.get_many("listeners").into_iter().flatten().copied().collect();
    let targets = matches.get_one::<u64>("targets").copied().unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("tidegate-compare-radio-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("music"))?;
    let binary = match matches.get_one::<PathBuf>("binary") {
        Some(binary) => binary.clone(),
        None => workspace::build("tidegate", true)?,
    };
    let measured = measure(&binary, &folder, &cases, rounds, seconds, targets);
    std::fs::remove_dir_all(&folder)?;
    let report = report(&measured?, rounds, seconds)?;
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| workspace::root().join(REPORT));
    std::fs::write(&path, &report)?;
    say(&report);
    say(format_args!("written to {}", path.display()));
    Ok(())
}

/// One row of the report.
struct Row {
    name: String,
    icecast: Measured,
    tidegate: Measured,
}

/// The samples of one station in one case.
#[derive(Default)]
struct Measured {
    /// Processor time per second, in microseconds.
    processor: Samples,
    memory: Samples,
    first_byte_mean: Samples,
    first_byte_max: Samples,
    gap: Samples,
    bits_min: Samples,
    /// Of all rounds together.
    missing: u64,
    later_than_a_second: u64,
    dropped: u64,
}

/// How the udp sender keeps its times, in microseconds.
#[derive(Default)]
struct Pacing {
    targets: u64,
    packets: u64,
    half: u64,
    p99: u64,
    worst: u64,
    processor: Samples,
}

fn measure(
    binary: &Path,
    folder: &Path,
    cases: &[u64],
    rounds: u32,
    seconds: u64,
    targets: u64,
) -> Result<(Vec<Row>, Pacing), TaskError> {
    make_music(&folder.join("music").join("song.mp3"))?;
    let named = |name: String| Row { name, icecast: Measured::default(), tidegate: Measured::default() };
    let mut rows: Vec<Row> = cases.iter().map(|count| named(format!("{count} listeners"))).collect();
    rows.push(named(format!("{STORM} at once")));
    for round in 1..=rounds {
        for (place, row) in rows.iter_mut().enumerate() {
            let (count, rate) = cases.get(place).map_or((STORM, 0), |count| (*count, RATE));
            let station = icecast(folder)?;
            row.icecast.add(&station, count, rate, seconds)?;
            drop(station);
            let station = tidegate(binary, folder)?;
            row.tidegate.add(&station, count, rate, seconds)?;
            let ratio = ratio(row.tidegate.processor.median(), row.icecast.processor.median());
            say(format_args!("round {round} of {rounds}: {}: processor time {ratio} of Icecast's", row.name));
        }
    }
    let pacing = if targets == 0 { Pacing::default() } else { pacing(binary, folder, targets, seconds)? };
    Ok((rows, pacing))
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

/// A station that can be listened to.
struct Station {
    /// Its processes, and what feeds it (which is not counted).
    children: Vec<Child>,
    port: u16,
    path: &'static str,
}

impl Drop for Station {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Station {
    /// The station's own processes.
    fn processes(&self) -> Vec<u32> {
        let Some(first) = self.children.first().map(Child::id) else { return Vec::new() };
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        // Threads other than the first start processes, too.
        let threads = std::fs::read_dir(format!("/proc/{first}/task")).into_iter().flatten().flatten();
        let of_threads = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        let mut processes: Vec<u32> = std::iter::once(children)
            .chain(of_threads)
            .flat_map(|text| text.split_whitespace().filter_map(|number| number.parse().ok()).collect::<Vec<u32>>())
            .chain([first])
            .collect();
        processes.sort_unstable();
        processes.dedup();
        processes
    }

    fn processor_time(&self) -> Result<Duration, TaskError> {
        let mut total = Duration::ZERO;
        for process in self.processes() {
            total += machine::processor_time(process)?;
        }
        Ok(total)
    }

    fn resident_bytes(&self) -> u64 {
        let of = |process: u32| {
            let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
            line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() * 1024
        };
        // The process that listeners are connected to; the library has a memory of its own.
        self.children.first().map_or(0, |child| of(child.id()))
    }

    /// Waits until it is heard.
    fn wait_until_heard(&self) -> Result<(), TaskError> {
        let limit = clock::now() + PATIENCE;
        let url = format!("http://127.0.0.1:{}{}", self.port, self.path);
        while clock::now() < limit {
            let mut command = Command::new("curl");
            command.args([
                "--silent",
                "--fail",
                "--max-time",
                "3",
                "--output",
                "/dev/null",
                "--write-out",
                "%{size_download}",
                &url,
            ]);
            let heard = command.output()?;
            if String::from_utf8_lossy(&heard.stdout).trim().parse::<u64>().is_ok_and(|bytes| bytes > 10_000) {
                return Ok(());
            }
        }
        Err(TaskError::new(format_args!("nothing is heard at {url}")))
    }
}

/// A port that is free now. Below those that the kernel takes for connections: one to a port up there may meet itself.
fn free_port() -> Result<u16, TaskError> {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000)?;
    let free = (first..first + 2000).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.ok_or_else(|| TaskError::new("no port is free"))
}

fn icecast(folder: &Path) -> Result<Station, TaskError> {
    let port = free_port()?;
    let configuration = folder.join("icecast.xml");
    let logs = folder.join("icecast-logs");
    std::fs::create_dir_all(&logs)?;
    // As root it serves as somebody else, who has to be able to write there.
    std::os::unix::fs::chown(&logs, Some(65_534), Some(65_534))
        .or_else(|error| if rustix::process::geteuid().is_root() { Err(error) } else { Ok(()) })?;
    std::fs::write(&configuration, icecast_configuration(port, &logs))?;
    let mut command = Command::new("sh");
    // Listeners are descriptors.
    command.args(["-c", "ulimit -n $(ulimit -Hn) && exec icecast2 -c \"$0\""]).arg(&configuration);
    let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut station = Station { children: vec![server], port, path: "/stream.mp3" };
    // A connection that is closed at once, while it starts, may end it; so it is asked for a whole page.
    let limit = clock::now() + PATIENCE;
    let page = format!("http://127.0.0.1:{port}/status-json.xsl");
    while !Command::new("curl")
        .args([
            "--silent",
            "--fail",
            "--output",
            "/dev/null",
            "--retry",
            "20",
            "--retry-connrefused",
            "--retry-delay",
            "1",
            &page,
        ])
        .status()?
        .success()
    {
        if clock::now() > limit || station.children[0].try_wait()?.is_some() {
            return Err(TaskError::new("icecast2 does not serve"));
        }
    }
    let target = format!("icecast://source:{PASSWORD}@127.0.0.1:{port}/stream.mp3");
    let mut feed = Command::new("ffmpeg");
    feed.args(["-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i"])
        .arg(folder.join("music").join("song.mp3"));
    feed.args(["-c", "copy", "-content_type", "audio/mpeg", "-f", "mp3", &target]);
    station.children.push(feed.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    station.wait_until_heard()?;
    Ok(station)
}

fn icecast_configuration(port: u16, logs: &Path) -> String {
    let logs = logs.display();
    format!(
        "<icecast><limits><clients>20000</clients><sources>2</sources><queue-size>524288</queue-size>\
         <burst-size>65536</burst-size></limits>\
         <authentication><source-password>{PASSWORD}</source-password><admin-user>admin</admin-user>\
         <admin-password>{PASSWORD}</admin-password></authentication><hostname>localhost</hostname>\
         <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>\
         <paths><basedir>/usr/share/icecast2</basedir><logdir>{logs}</logdir><webroot>/usr/share/icecast2/web</webroot>\
         <adminroot>/usr/share/icecast2/admin</adminroot></paths>\
         <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>1</loglevel></logging>\
         <security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner></security></icecast>\n"
    )
}

fn tidegate(binary: &Path, folder: &Path) -> Result<Station, TaskError> {
    let port = free_port()?;
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n $(ulimit -Hn) && exec \"$0\" \"$@\""]).arg(binary);
    command.args([
        "radio",
        "serve",
        "--autoplay",
        "--ssh",
        "none",
        "--mpd",
        "none",
        "--http",
        &format!("127.0.0.1:{port}"),
    ]);
    command.arg("--library").arg(folder.join("music")).arg("--state").arg(folder.join("state"));
    command.env("TIDEGATE_RUNDIR", folder.join("run"));
    let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let station = Station { children: vec![server], port, path: "/" };
    station.wait_until_heard()?;
    Ok(station)
}

impl Measured {
    /// One round.
    fn add(&mut self, station: &Station, count: u64, rate: u64, seconds: u64) -> Result<(), TaskError> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["compare", "radio-listen", "--path", station.path]);
        for (name, value) in [("port", station.port.into()), ("listeners", count), ("rate", rate), ("seconds", seconds)]
        {
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
        self.memory.add(station.resident_bytes());
        if let Some(mut input) = listeners.stdin.take() {
            input.write_all(b"\n")?;
        }
        listeners.wait()?;
        self.processor.add(u64::try_from(used.as_micros() * 1_000_000 / passed.as_micros().max(1))?);
        self.first_byte_mean.add(heard.first_byte_us_mean);
        self.first_byte_max.add(heard.first_byte_us_max);
        self.gap.add(heard.gap_us_max);
        self.bits_min.add(heard.bits_per_second_min);
        self.missing += count - heard.answered;
        self.later_than_a_second += count - heard.within_a_second;
        self.dropped += heard.dropped;
        Ok(())
    }
}

/// The udp sender with so many targets, each of which is a socket here: how far packets of a group are from their even distances.
fn pacing(binary: &Path, folder: &Path, targets: u64, seconds: u64) -> Result<Pacing, TaskError> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let all = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, all)?;
    let station = tidegate(binary, folder)?;
    let sockets: Vec<UdpSocket> = (0..targets).map(|_| UdpSocket::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    for socket in &sockets {
        let target = socket.local_addr()?.to_string();
        let mut add = Command::new(binary);
        add.args(["ctl", "-t", "radio", "sender", "udp", "add", &target]).env("TIDEGATE_RUNDIR", folder.join("run"));
        crate::task::run(&mut add)?;
    }
    let (before, began) = (station.processor_time()?, clock::now());
    let (deviations, packets) = super::radio_pacing::listen(sockets, Duration::from_secs(seconds.max(5)))?;
    let used = station.processor_time()?.saturating_sub(before);
    let at =
        |share: usize| deviations.get((deviations.len().saturating_sub(1)) * share / 1000).copied().unwrap_or_default();
    let mut pacing =
        Pacing { targets, packets, half: at(500), p99: at(990), worst: at(1000), processor: Samples::default() };
    pacing.processor.add(u64::try_from(used.as_micros() * 1_000_000 / began.elapsed().as_micros().max(1))?);
    Ok(pacing)
}

fn report((rows, pacing): &(Vec<Row>, Pacing), rounds: u32, seconds: u64) -> Result<String, TaskError> {
    let mut text = format!(
        "# The radio's senders, measured\n\
         Made by `cargo xtask compare radio-stream`; do not edit. {rounds} rounds of {seconds} s in turns; medians, the smallest and the \
         largest in brackets. One stream of 128 kbit/s mp3, over loopback, with the listeners on the same machine. Burst: Icecast \
         64 KiB, tidegate 4 s.\n\nMachine: {}.\n\n## Listeners beside Icecast 2.4\n\
         | case | | % of a core | ratio | memory, MB | first byte mean, max, ms | later than 1 s | without sound | dropped | \
         slowest, kbit/s | longest gap, ms |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
        machine::description()?
    );
    for row in rows {
        for (name, side) in [("Icecast", &row.icecast), ("tidegate", &row.tidegate)] {
            let (low, high) = side.processor.spread();
            let ratio = ratio(side.processor.median(), row.icecast.processor.median());
            let _ = writeln!(
                text,
                "| {} | {name} | {} ({}–{}) | {ratio} | {} | {}, {} | {} | {} | {} | {} | {} |",
                row.name,
                tenths(side.processor.median() / 1000),
                tenths(low / 1000),
                tenths(high / 1000),
                tenths(side.memory.median() * 10 / (1 << 20)),
                tenths(side.first_byte_mean.median() / 100),
                tenths(side.first_byte_max.spread().1 / 100),
                side.later_than_a_second,
                side.missing,
                side.dropped,
                side.bits_min.median() / 1000,
                side.gap.spread().1 / 1000,
            );
        }
    }
    text.push_str(
        "\n*Later than 1 s*, *without sound* and *dropped* are listeners of all rounds together. The ratio is to Icecast's median of \
         the same case. Processor time of tidegate is that of both of its processes.\n",
    );
    if pacing.targets > 0 {
        let _ = write!(
            text,
            "\n## Pacing of the udp sender\n{} unicast targets on loopback, 16 of 20: {} packets. Distance of a packet from its even place in \
             its group, as received: half below {} ms, 99 % below {} ms, worst {} ms. {} % of a core.\n",
            pacing.targets,
            pacing.packets,
            hundredths(pacing.half),
            hundredths(pacing.p99),
            hundredths(pacing.worst),
            tenths(pacing.processor.median() / 1000),
        );
    }
    Ok(text)
}

/// A number of tenths, as people write it.
fn tenths(count: u64) -> String {
    format!("{}.{}", count / 10, count % 10)
}

/// Microseconds as milliseconds with two places.
fn hundredths(microseconds: u64) -> String {
    format!("{}.{:02}", microseconds / 1000, microseconds % 1000 / 10)
}

fn ratio(ours: u64, theirs: u64) -> String {
    let hundredths = ours * 100 / theirs.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
