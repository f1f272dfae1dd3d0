//! `--space-bytes-max`: what front ends leave on the worker counts, whoever they are, and nothing is made beyond it.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::worker::{Worker, entries, said};

pub(super) const SCENARIO: Scenario = Scenario { name: "bench_worker/space", needs: &[Need::Program("fio")], run };

fn job(name: &str, mebibytes: u32) -> String {
    format!("[{name}]\nioengine=psync\nrw=write\nbs=64k\nfilename={name}\nsize={mebibytes}m\n")
}

fn run(context: &Context) -> Verdict {
    let worker = Worker::start(context, &["--space-bytes-max=5242880", "--runs-at-once=1"])?;
    let is_refused = |name: &str, jobs: &str| -> Verdict {
        let finished = worker.measured(context, name, &[], jobs)?;
        ensure_eq!(finished.status, Some(1), "status of {name}: {}", said(&finished));
        ensure!(said(&finished).contains("at most 5242880 are allowed"), "{name} is not told why: {}", said(&finished));
        Ok(())
    };
    is_refused("too-large", &job("a", 6))?;
    is_refused("too-many", &format!("{}{}", job("a", 3), job("b", 3)))?;
    ensure_eq!(entries(&worker.files)?, Vec::<String>::new(), "files of jobs that were refused");

    let first = worker.measured(context, "first", &[], &job("a", 3))?;
    ensure_eq!(first.status, Some(0), "status of the first: {}", said(&first));
    is_refused("second", &job("b", 3))?;
    let again = worker.measured(context, "again", &[], &job("a", 4))?;
    ensure_eq!(again.status, Some(0), "status with its own file in the way: {}", said(&again));
    ensure_eq!(entries(&worker.files)?, ["a"], "the files");

    // Both have been told that they may before either has begun.
    std::fs::remove_file(worker.files.join("a"))?;
    let mut command = context.tidegate(&["bench"]);
    let client = format!("--client={},{}", worker.address.ip(), worker.address.port());
    for name in ["c", "d"] {
        let file = context.scratch().path().join(format!("{name}.fio"));
        std::fs::write(&file, job(name, 3))?;
        command.arg(&client).arg(file);
    }
    let both = context.finish("both", command, PROMPTLY)?;
    ensure_eq!(both.status, Some(1), "status of both: {}", said(&both));
    ensure!(both.error.contains("at most 5242880 are allowed"), "not told why: {}", said(&both));
    ensure!(both.output.contains("err= 0"), "the one that came first: {}", said(&both));
    ensure_eq!(entries(&worker.files)?.len(), 1, "files of the one that came first");
    Ok(())
}
