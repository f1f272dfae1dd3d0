//! `--tui` on a terminal: every worker is seen at work, keys end the jobs, and the terminal is left as it was, however it ends.

use std::os::unix::process::ExitStatusExt;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::scenario::Scenario;
use e2e::terminal::{Size, Terminal};
use rustix::process::{Pid, Signal, kill_process};

use super::worker::{Kind, LIMIT, Worker, front_end, job_file};

pub(super) const KEYS: Scenario = Scenario { name: "bench_front_end/live_view", needs: &[], run: keys };
pub(super) const DYING: Scenario = Scenario { name: "bench_front_end/live_view_of_the_dying", needs: &[], run: dying };
pub(super) const HUNG: Scenario = Scenario { name: "bench_front_end/live_view_of_the_hung", needs: &[], run: hung };

const SIZE: Size = Size { rows: 24, columns: 110 };
const ENDLESS: &str = "[j]\nioengine=null\nrw=read\nbs=4k\nsize=1t\ntime_based\nruntime=1h\nrate_iops=1000\n";
const SHORT: &str = "[j]\nioengine=null\nrw=read\nbs=4k\nsize=1t\ntime_based\nruntime=2\nrate_iops=1000\n";

/// Exit status of a run that was ended by hand.
const ENDED: Option<i32> = Some(128);

struct Two {
    workers: [Worker; 2],
    terminal: Terminal,
}

impl Two {
    fn start(context: &Context, jobs: &str) -> Result<Self, Failure> {
        let workers =
            [Worker::start_tcp(context, Kind::Ours, "first")?, Worker::start_tcp(context, Kind::Ours, "second")?];
        let jobs = job_file(context, "jobs.fio", jobs)?;
        let mut command = context.tidegate(&["bench", "--tui", &jobs]);
        command.args(workers.iter().map(|worker| format!("--client={}", worker.address)));
        let terminal = Terminal::start("tidegate bench --tui", &command, SIZE)?;
        Ok(Self { workers, terminal })
    }

    /// The line of a worker has this in it.
    fn shows(&self, worker: usize, what: &[&str]) -> Verdict {
        let address = &self.workers[worker].address;
        self.terminal.wait_for(&format!("{what:?} of {address}"), LIMIT, |screen| {
            let contents = screen.contents();
            let mut lines = contents.lines().filter(|line| line.starts_with(address.as_str()));
            lines.any(|line| what.iter().all(|word| line.contains(word)))
        })
    }

    fn both_run(&self) -> Verdict {
        // The rate is asked for once a second: when it is there, a whole round of questions and answers has gone by.
        self.shows(0, &["running", "iB/s"])?;
        self.shows(1, &["running", "iB/s"])?;
        self.terminal.wait_for("the sum", LIMIT, |screen| {
            let contents = screen.contents();
            contents.contains("2 workers, 0 done") && contents.contains("2 jobs") && contents.contains("IOPS")
        })
    }
}

fn keys(context: &Context) -> Verdict {
    let mut two = Two::start(context, ENDLESS)?;
    two.both_run()?;
    let smaller = Size { rows: 16, columns: 70 };
    two.terminal.resize(smaller)?;
    two.terminal.wait_for("the frame of a smaller screen", LIMIT, |screen| {
        let corner = |row| screen.cell(row, smaller.columns - 1).map(|cell| cell.contents().to_owned());
        corner(0).as_deref() == Some("\u{2510}") && corner(smaller.rows - 1).as_deref() == Some("\u{2518}")
    })?;
    two.both_run()?;
    two.terminal.press("x")?;
    two.both_run()?;
    two.terminal.press("q")?;
    let (status, said) = two.terminal.wait(LIMIT)?;
    ensure!(status.code() == ENDED, "{status}: {said}");
    ensure!(said.contains("All clients"), "the results are missing: {said}");

    // By themselves.
    let mut two = Two::start(context, SHORT)?;
    two.both_run()?;
    let (status, said) = two.terminal.wait(LIMIT)?;
    ensure!(status.success() && said.contains("All clients"), "{status}: {said}");

    let jobs = job_file(context, "jobs.fio", ENDLESS)?;
    let client = format!("--client={}", two.workers[0].address);
    let finished = front_end(context, Kind::Ours, &[&client, &jobs, "--tui"])?;
    ensure!(finished.status == Some(1), "without a terminal: {finished:?}");
    ensure!(finished.error.contains("--tui: standard output is no terminal"), "{finished:?}");
    Ok(())
}

fn dying(context: &Context) -> Verdict {
    let mut two = Two::start(context, ENDLESS)?;
    two.both_run()?;
    two.workers[0].process.kill();
    two.shows(0, &["failed"])?;
    two.shows(1, &["running", "iB/s"])?;
    let name = two.workers[0].address.clone();
    let line = format!("tidegate: worker {name}: it closed the connection");
    two.terminal.wait_for("why", LIMIT, |screen| screen.contents().contains(&line))?;
    two.terminal.press("\x03")?;
    let (status, said) = two.terminal.wait(LIMIT)?;
    ensure!(status.code() == ENDED, "{status}: {said}");
    ensure!(said.contains(&line), "what was said on the screen is not told at its end: {said}");
    ensure!(said.contains("read: IOPS="), "the results of the other are missing: {said}");

    // Somebody else ends it.
    let mut two = Two::start(context, ENDLESS)?;
    two.both_run()?;
    kill_process(two.terminal.pid()?, Signal::TERM)?;
    let (status, said) = two.terminal.wait(LIMIT)?;
    ensure!(status.code() == ENDED, "{status}: {said}");
    ensure!(said.contains("terminating on signal 15") && said.contains("All clients"), "{said}");
    Ok(())
}

/// Workers that do not end their jobs are waited for until it is asked a second time: on the screen, or by a second signal, which ends
/// the process at once.
fn hung(context: &Context) -> Verdict {
    let mut two = Two::start(context, ENDLESS)?;
    two.both_run()?;
    for session in children(two.workers[0].process.pid()?)? {
        kill_process(session, Signal::STOP)?;
    }
    two.terminal.press("q")?;
    two.shows(1, &["done"])?;
    two.shows(0, &["running"])?;
    two.terminal.press("q")?;
    let (status, said) = two.terminal.wait(LIMIT)?;
    ensure!(status.code() == ENDED, "{status}: {said}");
    ensure!(said.contains("read: IOPS="), "the results of the other are missing: {said}");
    // That is the end without a second press, much later.
    ensure!(!said.contains("it has said nothing for"), "the hung one was waited for: {said}");

    let mut two = Two::start(context, ENDLESS)?;
    two.both_run()?;
    for session in children(two.workers[0].process.pid()?)? {
        kill_process(session, Signal::STOP)?;
    }
    kill_process(two.terminal.pid()?, Signal::TERM)?;
    two.shows(1, &["done"])?;
    two.shows(0, &["running"])?;
    kill_process(two.terminal.pid()?, Signal::TERM)?;
    // The terminal is looked at there: it is as it was.
    let (status, said) = two.terminal.wait(LIMIT)?;
    ensure!(status.signal() == Some(Signal::TERM.as_raw()), "{status}: {said}");
    Ok(())
}

/// What a process has started.
fn children(pid: Pid) -> Result<Vec<Pid>, Failure> {
    let mut children = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()))? {
        let text = std::fs::read_to_string(task?.path().join("children"))?;
        children.extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok().and_then(Pid::from_raw)));
    }
    ensure!(!children.is_empty(), "no session is there");
    Ok(children)
}
