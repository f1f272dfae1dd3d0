//! Tables of jobs that fio and `tidegate bench` run beside each other: exit status, counts, files, logs, the echo of the
//! options, the structure of the JSON and the words of the normal output agree. How to read a table: [`super::case`].

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;

use super::case::Case;
use super::pair::Pair;

pub(super) const WORKLOADS: Scenario =
    table("bench/workloads", |context| compare(context, include_str!("jobs/workloads.txt")));
pub(super) const ENGINES: Scenario =
    table("bench/engines", |context| compare(context, include_str!("jobs/engines.txt")));
pub(super) const JOBS: Scenario = table("bench/jobs", |context| compare(context, include_str!("jobs/jobs.txt")));
pub(super) const PROOFS: Scenario = table("bench/proofs", |context| compare(context, include_str!("jobs/proofs.txt")));
pub(super) const REPORTS: Scenario =
    table("bench/reports", |context| compare(context, include_str!("jobs/reports.txt")));
pub(super) const REFUSALS: Scenario =
    table("bench/refusals", |context| compare(context, include_str!("jobs/refusals.txt")));

const fn table(name: &'static str, run: fn(&Context) -> Verdict) -> Scenario {
    Scenario { name, needs: &[Need::Program("fio")], run }
}

/// Cases that run at the same time. fio mostly waits for its own clock.
const AT_ONCE: usize = 4;

/// Runs the cases of a table.
fn compare(context: &Context, table: &str) -> Verdict {
    run_cases(context, &Case::all(table)?)
}

/// Runs all cases, and tells every difference of every case.
pub(super) fn run_cases(context: &Context, cases: &[Case]) -> Verdict {
    let (binary, folder) = (context.binary(), context.scratch().path());
    let next = AtomicUsize::new(0);
    let told = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = differences(binary, &folder.join(&case.name), case);
                    told.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                }
            });
        }
    });
    let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    if told.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{} differences in {} cases:\n{}", told.len(), cases.len(), told.join("\n"))))
}

fn differences(binary: &Path, folder: &Path, case: &Case) -> Vec<String> {
    match Pair::new(binary, folder).and_then(|pair| pair.differences(case)) {
        Ok(found) => found.into_iter().map(|line| format!("{}: {line}", case.name)).collect(),
        Err(failure) => vec![format!("{}: {failure}", case.name)],
    }
}
