//! Workers in networks of their own, behind links that are slow and lose packets: a namespace for each, joined to the front end's by a
//! pair of virtual interfaces.
//!
//! Delay and loss are netem's where the kernel has it. Where it has not, every packet meets a random drop (nftables) and a queue that
//! lets two megabits a second through (tbf), so that a job's 180 KiB of results wait.

use std::process::Command;

use e2e::context::{Context, Finished};
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process, Stream};
use e2e::scenario::Scenario;

use super::reports::check_sum;
use super::worker::{LIMIT, job_file, json, results};

const NEEDS: &[Need] =
    &[Need::Root, Need::Program("fio"), Need::Program("ip"), Need::Program("tc"), Need::Program("nft")];

pub(super) const TWO: Scenario = Scenario { name: "bench_front_end/two_networks", needs: NEEDS, run: two };
pub(super) const FOUR: Scenario = Scenario { name: "bench_front_end/four_networks", needs: NEEDS, run: four };

/// Namespaces that end with the scenario.
struct Networks<'a> {
    context: &'a Context,
    front_end: String,
    workers: Vec<String>,
}

impl Drop for Networks<'_> {
    fn drop(&mut self) {
        for name in self.workers.iter().chain([&self.front_end]) {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

impl<'a> Networks<'a> {
    fn new(context: &'a Context, count: usize) -> Result<Self, Failure> {
        let front_end = format!("tidegate-{}", std::process::id());
        let workers = (0..count).map(|number| format!("{front_end}-{number}")).collect();
        let networks = Self { context, front_end, workers };
        networks.run(&["ip", "netns", "add", &networks.front_end])?;
        for (number, name) in networks.workers.iter().enumerate() {
            networks.join(number, name)?;
        }
        Ok(networks)
    }

    fn join(&self, number: usize, name: &str) -> Result<(), Failure> {
        let (front_end, here) = (&self.front_end, format!("link{number}"));
        self.run(&["ip", "netns", "add", name])?;
        self.run(&[
            "ip", "link", "add", &here, "netns", front_end, "type", "veth", "peer", "name", "link", "netns", name,
        ])?;
        for (namespace, interface, last) in [(front_end.as_str(), here.as_str(), 1), (name, "link", 2)] {
            let address = format!("10.77.{number}.{last}/24");
            self.run(&["ip", "-n", namespace, "address", "add", &address, "dev", interface])?;
            self.run(&["ip", "-n", namespace, "link", "set", "dev", interface, "up"])?;
            self.impair(namespace, interface)?;
        }
        Ok(())
    }

    fn impair(&self, namespace: &str, interface: &str) -> Result<(), Failure> {
        let queue = ["tc", "-n", namespace, "qdisc", "add", "dev", interface, "root"];
        let words = |more: &[&'static str]| -> Vec<String> {
            queue.iter().copied().chain(more.iter().copied()).map(str::to_owned).collect()
        };
        if self.run_words(&words(&["netem", "delay", "20ms", "5ms", "loss", "2%"])).is_ok() {
            return Ok(());
        }
        self.run_words(&words(&["tbf", "rate", "2mbit", "burst", "16kb", "latency", "100ms"]))?;
        let rules = "add table inet t; add chain inet t input { type filter hook input priority 0; }; \
                     add rule inet t input numgen random mod 100 < 2 drop";
        self.run(&["ip", "netns", "exec", namespace, "nft", rules])
    }

    fn run(&self, words: &[&str]) -> Result<(), Failure> {
        self.run_words(&words.iter().copied().map(str::to_owned).collect::<Vec<_>>())
    }

    fn run_words(&self, words: &[String]) -> Result<(), Failure> {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        let finished = self.context.finish(&words[0], command, PROMPTLY)?;
        ensure!(finished.status == Some(0), "{}: {}", words.join(" "), finished.error);
        Ok(())
    }

    /// A program in a namespace.
    fn start(&self, namespace: &str, name: &str, command: &Command) -> Result<Process, Failure> {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", namespace]).arg(command.get_program()).args(command.get_args());
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside.current_dir(self.context.scratch().path());
        self.context.start(name, inside)
    }

    /// A worker of fio in each network, listening.
    fn start_workers(&self) -> Result<Vec<Process>, Failure> {
        let start = |(number, name): (usize, &String)| {
            let mut fio = Command::new("fio");
            fio.arg(format!("--server=10.77.{number}.2,8765"));
            let worker = self.start(name, &format!("worker {number}"), &fio)?;
            // `ss` of the namespace would be another package: the kernel's own table has the port.
            let until = reactor::clock::now() + PROMPTLY;
            loop {
                let mut table = Command::new("ip");
                table.args(["netns", "exec", name, "cat", "/proc/net/tcp"]);
                let sockets = self.context.finish("sockets", table, PROMPTLY)?.output;
                if sockets.lines().any(|line| line.contains(":223D 00000000:0000 0A")) {
                    return Ok(worker);
                }
                ensure!(reactor::clock::now() < until, "worker {number} does not listen: {sockets}");
            }
        };
        self.workers.iter().enumerate().map(start).collect()
    }

    /// A front end that drives all of them.
    fn start_front_end(&self, words: &[&str]) -> Result<Process, Failure> {
        let mut command = self.context.tidegate(&["bench"]);
        command.args((0..self.workers.len()).map(|number| format!("--client=10.77.{number}.2"))).args(words);
        self.start(&self.front_end, "tidegate bench --client", &command)
    }
}

fn finished(process: &mut Process) -> Result<Finished, Failure> {
    let status = process.wait(LIMIT)?;
    let text = |stream| process.transcript().text(stream);
    Ok(Finished { status: status.code(), output: text(Stream::Output), error: text(Stream::Error) })
}

fn two(context: &Context) -> Verdict {
    let networks = Networks::new(context, 2)?;
    let _workers = networks.start_workers()?;
    let text = "[j]\nioengine=null\nrw=write\nbs=4k\nsize=8m\nwrite_lat_log=l\n";
    let jobs = job_file(context, "jobs.fio", text)?;
    let finished = finished(&mut networks.start_front_end(&[&jobs, "--output-format=json"])?)?;
    ensure!(finished.status == Some(0), "{finished:?}");
    check_sum(&json(&finished)?, 2, 8 << 20)?;
    for number in 0..2 {
        let log = context.scratch().path().join(format!("l_lat.1.log.10.77.{number}.2"));
        let lines = std::fs::read_to_string(&log)?.lines().count();
        ensure!(lines == 2048, "{}: {lines} lines of 2048", log.display());
    }
    Ok(())
}

/// One of four goes away in the middle of the run: it is named, and the sum is that of the others.
fn four(context: &Context) -> Verdict {
    let networks = Networks::new(context, 4)?;
    let _workers = networks.start_workers()?;
    // Ten seconds: a start that is told late, for packets that were lost, must not be that of jobs that have ended.
    let jobs = job_file(context, "jobs.fio", "[j]\nioengine=null\nrw=write\nbs=4k\nsize=8m\nrate_iops=200\n")?;
    let mut process = networks.start_front_end(&[&jobs, "--output-format=normal,json"])?;
    let starts = std::cell::Cell::new(0);
    process.wait_for("the jobs of all", LIMIT, |line| {
        starts.set(starts.get() + usize::from(line.contains("Starting 1 process")));
        (starts.get() == 4).then_some(())
    })?;
    networks.run(&["ip", "-n", &networks.workers[2], "link", "set", "dev", "link", "down"])?;
    let finished = finished(&mut process)?;
    ensure!(finished.status == Some(1), "{finished:?}");
    ensure!(finished.error.contains("worker 10.77.2.2,8765: "), "the worker is not named: {}", finished.error);
    let report = json(&finished)?;
    let hosts: Vec<_> = results(&report)?.iter().map(|result| result["hostname"].clone()).collect();
    ensure!(hosts == ["10.77.0.2", "10.77.1.2", "10.77.3.2", "10.77.3.2"], "{hosts:?}");
    check_sum(&report, 3, 8 << 20)
}
