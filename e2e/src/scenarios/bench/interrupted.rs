//! Ctrl-C and SIGTERM end a run early whatever its jobs are doing, and what was done until then is reported: exit status, the
//! jobs in the report and the files that are left are those of fio.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process, Stream};
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;
use serde_json::Value;

pub(super) const SCENARIO: Scenario = Scenario { name: "bench/interrupted", needs: &[Need::Program("fio")], run };

/// What jobs are doing when the signal comes.
struct Moment {
    name: &'static str,
    jobs: &'static [&'static str],
    /// The signal comes when this file has content, or exists if it is to be empty; without, once a job runs.
    file: Option<&'static str>,
    /// Jobs of the report that have done something.
    working: &'static [&'static str],
}

const REPORT: &str = "report";
const WRITES: [&str; 4] = ["--size=4m", "--rw=randwrite", "--time_based", "--runtime=3600"];

const MOMENTS: [Moment; 10] = [
    Moment { name: "two jobs", jobs: &["--name=a", "--name=b"], file: None, working: &["a", "b"] },
    Moment { name: "a ramp", jobs: &["--ramp_time=3600", "--name=a"], file: None, working: &["a"] },
    Moment { name: "a pause", jobs: &["--thinktime=1000s", "--name=a"], file: None, working: &["a"] },
    Moment { name: "a rate", jobs: &["--rate_iops=1", "--name=a"], file: None, working: &["a"] },
    Moment {
        name: "a proof",
        jobs: &[
            "--verify=md5",
            "--verify_backlog=8",
            "--verify_async=2",
            "--iodepth=4",
            "--ioengine=libaio",
            "--name=a",
        ],
        file: None,
        working: &["a"],
    },
    Moment { name: "a stone wall", jobs: &["--name=a", "--name=b", "--stonewall"], file: None, working: &["a"] },
    Moment { name: "another job", jobs: &["--name=a", "--name=b", "--wait_for=a"], file: None, working: &["a"] },
    Moment { name: "a delay", jobs: &["--name=a", "--startdelay=3600", "--name=b"], file: None, working: &["b"] },
    Moment {
        name: "lay-out",
        jobs: &["--name=a", "--rw=randread", "--size=64g", "--fallocate=none"],
        file: Some("a.0.0"),
        working: &[],
    },
    Moment {
        name: "a program before the job",
        jobs: &["--exec_prerun=sh -c 'echo 1; exec sleep 3'", "--name=a"],
        file: Some("a.prerun.txt"),
        working: &[],
    },
];

/// What a program makes of the signal.
#[derive(Debug, PartialEq)]
struct Ended {
    status: Option<i32>,
    jobs: Vec<Value>,
    files: BTreeSet<String>,
}

fn run(context: &Context) -> Verdict {
    for (signal, moments) in [(Signal::INT, &MOMENTS[..]), (Signal::TERM, &MOMENTS[..2])] {
        for moment in moments {
            let fio = Interrupted::start(context, Command::new("fio"), "fio", moment)?;
            let ours = context.tidegate(&["bench", "--allow-exec"]);
            let ours = Interrupted::start(context, ours, "ours", moment)?;
            // fio may wait for something that takes seconds.
            let (of_ours, of_fio) = (ours.end(moment, signal)?, fio.end(moment, signal)?);
            ensure_eq!(of_ours, of_fio, "{signal:?} in {}: what we leave beside fio", moment.name);
        }
    }
    Ok(())
}

struct Interrupted {
    process: Process,
    folder: PathBuf,
}

impl Interrupted {
    /// Starts the jobs of a moment in an empty folder.
    fn start(context: &Context, mut command: Command, name: &str, moment: &Moment) -> Result<Self, Failure> {
        let folder = context.scratch().path().join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir(&folder)?;
        let report = format!("--output={REPORT}");
        command.current_dir(&folder).args([&report, "--output-format=json", "--eta=always"]);
        command.args(["--eta-newline=100ms", "--eta-interval=500ms"]);
        // A job has its own options after its name, and those of all before the first.
        let (all, own): (Vec<_>, Vec<_>) = (WRITES.to_vec(), moment.jobs.to_vec());
        let first = own.iter().position(|word| word.starts_with("--name")).unwrap_or(0);
        for job in own[first..].chunk_by(|_, next| !next.starts_with("--name")) {
            command.args(&job[..1]).args(&all).args(&own[..first]).args(&job[1..]);
        }
        Ok(Self { process: context.start(name, command)?, folder })
    }

    fn wait_for(&self, moment: &Moment) -> Verdict {
        let has_content = |file: &Path| file.metadata().is_ok_and(|file| file.len() > 0);
        match moment.file {
            Some(file) => eventually(file, || Ok(has_content(&self.folder.join(file)).then_some(()))),
            None => self.process.wait_for("a job that runs", PROMPTLY, |line| {
                (line.contains("Jobs: ") && !line.contains("Jobs: 0")).then_some(())
            }),
        }
    }

    /// Sends the signal at the right time, and demands a report.
    fn end(mut self, moment: &Moment, signal: Signal) -> Result<Ended, Failure> {
        self.wait_for(moment)?;
        self.process.signal(signal)?;
        let status = self.process.wait(PROMPTLY)?.code();
        let path = self.folder.join(REPORT);
        let report = std::fs::read_to_string(&path)?;
        std::fs::remove_file(path)?;
        let begin = report.find("{\n").unwrap_or(0);
        let report: Value = serde_json::from_str(&report[begin..])?;
        let mut jobs = Vec::new();
        for job in report["jobs"].as_array().into_iter().flatten() {
            let ios = job["write"]["total_ios"].as_u64().unwrap_or(0) + job["read"]["total_ios"].as_u64().unwrap_or(0);
            let name = job["jobname"].as_str().unwrap_or_default();
            let (works, name_of) = (moment.working.contains(&name), &moment.name);
            ensure!((ios > 0) == works, "{signal:?} in {name_of}: {ios} I/Os of {name} in {}", self.folder.display());
            jobs.push(serde_json::json!([name, job["error"]]));
        }
        let error = self.process.transcript().text(Stream::Error);
        ensure!(!error.contains("panicked"), "it panicked: {error}");
        let names = std::fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        Ok(Ended { status, jobs, files: names.collect::<Result<_, Failure>>()? })
    }
}
