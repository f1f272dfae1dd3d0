//! `tidegate nvme perf`: how fast a namespace is, and how that feels to one command.
//!
//! One thread for each core, a share of the queues on each (see [`worker`]). What is asked of them is in [`mod@workload`],
//! what came of it in [`report`].

mod report;
mod worker;
mod workload;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};

use clap::{Arg, ArgMatches, Command, value_parser};
use nvme_host::{Controller, Namespace};
use reactor::clock::{self, Duration};
use reactor::{IdlePolicy, affinity};
use signal_hook::consts::{SIGINT, SIGTERM};

use self::report::Tally;
use self::worker::{Schedule, Worker};
use self::workload::{Pattern, Workload};
use super::connection::{json, namespace, subsystem_options, with_namespace};
use super::{Failure, Subcommand};

pub(super) const SUBCOMMAND: Subcommand = Subcommand { name: "perf", arguments, run };

fn arguments() -> Command {
    with_namespace(Command::new("perf").about("Measure IOPS, bandwidth and latency of a namespace"))
        .after_help(
            "Writes destroy what the namespace holds; --mix below 100 asks for them. Ctrl-C ends early and reports.",
        )
        .args(workload_arguments())
        .args(machine_arguments())
}

fn workload_arguments() -> [Arg; 5] {
    [
        Arg::new("size")
            .long("size")
            .value_name("BYTES")
            .value_parser(size)
            .default_value("4K")
            .help("Bytes of one command; takes K and M"),
        Arg::new("mix")
            .long("mix")
            .value_name("PERCENT")
            .value_parser(value_parser!(u8).range(0..=100))
            .default_value("100")
            .help("How many of 100 commands are reads; the others are writes"),
        Arg::new("pattern")
            .long("pattern")
            .value_name("random|sequential")
            .value_parser(["random", "sequential"])
            .default_value("random")
            .help("Which blocks; sequential: each queue walks its own part of the namespace"),
        Arg::new("queue-depth")
            .long("queue-depth")
            .value_name("COMMANDS")
            .value_parser(value_parser!(u16).range(1..))
            .default_value("32")
            .help("Commands outstanding on each queue"),
        Arg::new("seed")
            .long("seed")
            .value_name("NUMBER")
            .value_parser(value_parser!(u64))
            .default_value("1")
            .help("Where the random choices begin; the same number gives the same choices"),
    ]
}

fn machine_arguments() -> [Arg; 6] {
    [
        Arg::new("queues")
            .long("queues")
            .value_name("COUNT")
            .value_parser(value_parser!(u16).range(1..=1024))
            .default_value("1")
            .help("I/O queues, each with a connection of its own"),
        Arg::new("seconds")
            .long("seconds")
            .value_name("SECONDS")
            .value_parser(value_parser!(u64).range(1..=86_400))
            .default_value("10")
            .help("How long to measure"),
        Arg::new("ramp")
            .long("ramp")
            .value_name("SECONDS")
            .value_parser(value_parser!(u64).range(0..=3600))
            .default_value("1")
            .help("How long to run before measuring"),
        Arg::new("cores")
            .long("cores")
            .value_name("CORE,…")
            .value_delimiter(',')
            .value_parser(value_parser!(usize))
            .help("Bind a thread to each of these cores; default: a thread for each usable core, not bound"),
        Arg::new("spin")
            .long("spin-us")
            .value_name("MICROSECONDS")
            .value_parser(value_parser!(u64).range(0..=1_000_000))
            .default_value("50")
            .help("How long an idle thread looks for completions before it sleeps; 0: not at all"),
        Arg::new("congestion")
            .long("congestion-control")
            .value_name("NAME")
            .help("Congestion control of each connection (cubic, bbr, …); default: the machine's"),
    ]
}

fn size(text: &str) -> Result<u32, String> {
    block::parse_size(text)
        .and_then(|size| u32::try_from(size).ok())
        .filter(|&size| size > 0)
        .ok_or_else(|| "expected a number of bytes, such as 512, 4K or 1M".to_owned())
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let stop = catch_signals()?;
    let mut options = subsystem_options(matches)?;
    options.socket.congestion_control = matches.get_one("congestion").cloned();
    let controller = Controller::connect(options)?;
    let namespace = namespace(matches, &controller)?;
    let workload = workload(matches, &controller, &namespace)?;
    let idle = IdlePolicy { spin: Duration::from_micros(matches.get_one("spin").copied().unwrap_or(50)) };
    let places = places(matches, workload.queues)?;
    let workers = workers(&controller, &workload, &places, idle)?;
    let seconds = |name| Duration::from_secs(matches.get_one(name).copied().unwrap_or(1));
    let now = clock::now();
    let schedule = Schedule { measure_from: now + seconds("ramp"), end: now + seconds("ramp") + seconds("seconds") };
    let (tally, failure) = measure(workers, schedule, &stop);
    report::document(&workload, places.len(), controller.digests(), &tally).print(json(matches));
    failure.map_or(Ok(()), Err)
}

/// A flag that the first Ctrl-C or SIGTERM sets; the second ends the process.
fn catch_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

fn workload(matches: &ArgMatches, controller: &Controller, namespace: &Namespace) -> Result<Workload, Failure> {
    let size_bytes = matches.get_one("size").copied().unwrap_or(4096);
    let (block, most) = (namespace.block_size_bytes, controller.maximum_transfer_bytes());
    if size_bytes % block != 0 || size_bytes > most {
        return Err(Failure::usage(format!(
            "--size {size_bytes} does not suit namespace {}: expected a multiple of its blocks of {block} bytes, up to {most}",
            namespace.id
        )));
    }
    let queues: u16 = matches.get_one("queues").copied().unwrap_or(1);
    let workload = Workload {
        namespace: namespace.clone(),
        size_bytes,
        read_percent: matches.get_one("mix").copied().unwrap_or(100),
        pattern: match matches.get_one::<String>("pattern").map(String::as_str) {
            Some("sequential") => Pattern::Sequential,
            _ => Pattern::Random,
        },
        queue_depth: matches.get_one("queue-depth").copied().unwrap_or(32),
        queues,
        seed: matches.get_one("seed").copied().unwrap_or(1),
    };
    if workload.places() < u64::from(queues) {
        return Err(Failure::usage(format!(
            "namespace {} has room for {} commands of {size_bytes} bytes, fewer than --queues {queues}",
            namespace.id,
            workload.places()
        )));
    }
    Ok(workload)
}

/// Where the threads run: `None` is wherever the kernel puts one. No more threads than queues.
fn places(matches: &ArgMatches, queues: u16) -> Result<Vec<Option<usize>>, Failure> {
    let usable = affinity::usable_cores()?;
    let mut places: Vec<Option<usize>> = Vec::new();
    for &core in matches.get_many::<usize>("cores").into_iter().flatten() {
        if !usable.contains(&core) {
            return Err(Failure::usage(format!("--cores {core}: this process may use {usable:?}")));
        }
        places.push(Some(core));
    }
    if places.is_empty() {
        places.resize(usable.len().max(1), None);
    }
    places.truncate(usize::from(queues));
    Ok(places)
}

/// Connects the queues and deals them out to as many workers as there are places.
fn workers<'w>(
    controller: &Controller,
    workload: &'w Workload,
    places: &[Option<usize>],
    idle: IdlePolicy,
) -> Result<Vec<Worker<'w>>, Failure> {
    let granted = controller.request_queues(workload.queues)?;
    if granted < workload.queues {
        return Err(Failure::usage(format!("--queues {}: the controller grants {granted}", workload.queues)));
    }
    let mut workers: Vec<_> = places.iter().map(|&core| Worker::new(workload, core, idle)).collect();
    for index in 0..workload.queues {
        let queue = controller.connect_queue(workload.queue_depth)?;
        if queue.depth() < workload.queue_depth {
            return Err(Failure::usage(format!(
                "--queue-depth {}: the controller allows {}",
                workload.queue_depth,
                queue.depth()
            )));
        }
        workers[usize::from(index) % places.len()].take(index, queue);
    }
    Ok(workers)
}

/// Runs the workers to their end and adds up what they have measured, with the first failure if there is one.
fn measure(workers: Vec<Worker<'_>>, schedule: Schedule, stop: &AtomicBool) -> (Tally, Option<Failure>) {
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<ScopedJoinHandle<'_, _>> =
            workers.into_iter().map(|worker| scope.spawn(move || worker.run(schedule, stop))).collect();
        threads.into_iter().map(ScopedJoinHandle::join).collect()
    });
    let mut total = Tally::new();
    let mut first_failure = None;
    for result in results {
        let Ok((tally, failure)) = result else {
            // The panic itself has been reported by its thread.
            first_failure.get_or_insert(Failure::running("a measuring thread ended"));
            continue;
        };
        total.add(&tally);
        if let Some(failure) = failure {
            stop.store(true, Ordering::Relaxed);
            first_failure.get_or_insert(failure);
        }
    }
    (total, first_failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_some_bytes() {
        assert_eq!(size("4K"), Ok(4096));
        for wrong in ["0", "4X", "-1", "8G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
