//! 200 times -9 for service a at any moment of its start, its work and its end, while a host of service b works on; and again and
//! again 20 starts that race for one pidfile, of which exactly one gets it.

use std::collections::BTreeSet;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::process::{PROMPTLY, Process, Stream};
use e2e::scenario::Scenario;
use e2e::service::{eventually, gone, is_alive, send};
use e2e::{ensure, ensure_eq};
use reactor::clock::{self, Duration};
use rustix::process::{Pid, Signal};

use super::pair::{Pair, runs_once};

pub(super) const SCENARIO: Scenario = Scenario { name: "supervisor/chaos", needs: &[], run };

const KILLS: u32 = 200;
/// A race after so many kills.
const KILLS_A_RACE: u32 = 40;
const RACERS: usize = 20;
/// The longest time from the sight of a process to its end: about as long as it takes to get ready.
const KILL_AFTER_US: u64 = 12_000;

fn run(context: &Context) -> Verdict {
    let seed = seed()?;
    chaos(context, seed).map_err(|failure| failure.during(format_args!("seed {seed:#x} (TIDEGATE_E2E_SEED)")))
}

/// From the environment, to do it again, or from the clock.
fn seed() -> Result<u64, Failure> {
    match std::env::var("TIDEGATE_E2E_SEED") {
        Ok(text) => Ok(u64::from_str_radix(text.trim_start_matches("0x"), 16)?),
        Err(_) => {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            Ok(now.tv_nsec.cast_unsigned() ^ now.tv_sec.cast_unsigned() << 30)
        }
    }
}

/// xorshift64*: good enough to choose moments by.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

fn chaos(context: &Context, seed: u64) -> Verdict {
    let mut random = Random(seed | 1);
    let pair = Pair::start(context, "", &[])?;
    let beside = pair.bystander("b")?;
    let b = context.process_of("b")?;
    for number in 0..KILLS {
        let process = process_of_a(context, &pair.up)?;
        match random.below(4) {
            // In the middle of a start, mostly.
            0 | 1 => wait(Duration::from_micros(random.below(KILL_AFTER_US))),
            // At work.
            2 => {
                eventually("a to answer", || Ok(context.ctl("a", &["version"]).ok().or_else(|| ended(process))))?;
            }
            // While it ends.
            _ => {
                let _ = send(process, Signal::TERM);
                wait(Duration::from_micros(random.below(1000)));
            }
        }
        // Where TERM was faster, it has ended for good.
        let _ = send(process, Signal::KILL);
        gone(process)?;
        if number % KILLS_A_RACE == 0 {
            // A winner that crashes leaves a stale file to the next race; the last one leaves nothing.
            race(context, if number + KILLS_A_RACE < KILLS { Signal::KILL } else { Signal::TERM })?;
            beside.progress()?;
        }
    }
    let a = eventually("a to answer", || {
        revive(context)?;
        Ok(context.ctl("a", &["version"]).ok())
    })?;
    ensure!(a.starts_with("a (Tidegate)"), "a says {a}");
    runs_once(context, "a")?;
    ensure_eq!(context.process_of("b")?, b, "the process of b");
    beside.progress()?;
    beside.finish()?;
    let entries: BTreeSet<String> = context.run_directory_entries()?.into_iter().collect();
    let expected: Result<BTreeSet<String>, Failure> = ["a", "b", "up"]
        .iter()
        .flat_map(|name| {
            let socket = context.process_of(name).map(|process| format!("{name}.{process}.ctl"));
            [Ok(format!("{name}.pid")), Ok(format!("{name}.pid.owner")), socket]
        })
        .collect();
    ensure_eq!(entries, expected?, "files in the run directory");
    pair.end()
}

fn ended(process: Pid) -> Option<String> {
    (!is_alive(process)).then(String::new)
}

/// Lets time pass: the moment of a fault is what is chosen at random here.
fn wait(time: Duration) {
    let until = clock::now() + time;
    while clock::now() < until {
        std::thread::yield_now();
    }
}

/// The process that the supervisor has for a, ready or not.
fn process_of_a(context: &Context, up: &Process) -> Result<Pid, Failure> {
    let up = up.pid()?;
    let b = context.process_of("b")?;
    eventually("a process of a", || {
        let children = std::fs::read_to_string(format!("/proc/{up}/task/{up}/children"))?;
        let children = children.split_whitespace().filter_map(|number| Pid::from_raw(number.parse().ok()?));
        let of_a: Vec<Pid> = children.filter(|&child| child != b && is_alive(child)).collect();
        ensure!(of_a.len() < 2, "processes {of_a:?} of a at once");
        if of_a.is_empty() {
            revive(context)?;
        }
        Ok(of_a.first().copied())
    })
}

/// Starts a again if TERM has ended it for good.
fn revive(context: &Context) -> Verdict {
    let list = context.ctl("up", &["service/list"])?;
    let line = list.lines().find(|line| line.starts_with("a ")).unwrap_or_default();
    if line.contains(" ended ") || line.contains(" stopped ") {
        // It may be killed while it starts; the supervisor tries again.
        context.run(&["ctl", "-t", "up", "service/start", "a"])?;
    }
    Ok(())
}

/// Starts of one service at once, in the run directory in which a comes and goes.
fn race(context: &Context, end: Signal) -> Verdict {
    let words = [
        "target",
        "memory:1M",
        "--listen",
        "127.0.0.1:0",
        "--discovery",
        "none",
        "--pidfile=raced.pid",
        "--unixctl=none",
    ];
    let racers: Result<Vec<Process>, Failure> =
        (0..RACERS).map(|_| context.start("a racer", context.tidegate(&words))).collect();
    let mut racers = racers?;
    let mut winners = Vec::new();
    for (number, racer) in racers.iter_mut().enumerate() {
        if racer.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(())).is_ok() {
            winners.push(number);
            continue;
        }
        ensure_eq!(racer.wait(PROMPTLY)?.code(), Some(1), "exit status of a loser");
        let said = racer.transcript().text(Stream::Error);
        ensure!(said.contains("raced.pid"), "a loser says: {said}");
        ensure_eq!(said.lines().count(), 1, "lines of a loser: {said}");
    }
    ensure_eq!(winners.len(), 1, "winners of a race");
    let winner = &mut racers[winners[0]];
    ensure_eq!(context.process_of("raced")?, winner.pid()?, "the process of the pidfile");
    winner.signal(end)?;
    winner.wait(PROMPTLY)?;
    Ok(())
}
