//! A job that goes on where an earlier one got to asks its front end for the state, which fio's sends.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::worker::{Worker, json, said};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "bench_worker/verify_state", needs: &[Need::Program("fio")], run };

/// Blocks that were written before the earlier run was cut off, of 64.
const WRITTEN: u64 = 20;

fn run(context: &Context) -> Verdict {
    let worker = Worker::start(context, &[])?;
    let folder = context.scratch().path().join("client");
    std::fs::create_dir_all(&folder)?;
    let options = ["--ioengine=psync", "--bs=4k", "--size=256k", "--verify=crc32c", "--rw=randwrite"];
    let mut earlier = context.tidegate(&["bench", "--name=a", &format!("--number_ios={WRITTEN}")]);
    earlier.current_dir(&folder).args(options).arg(format!("--filename={}", worker.files.join("f").display()));
    let earlier = context.finish("the earlier run", earlier, PROMPTLY)?;
    ensure_eq!(earlier.status, Some(0), "status of the earlier run: {}", said(&earlier));

    let later = "[a]\nioengine=psync\nfilename=f\nbs=4k\nsize=256k\nverify=crc32c\nrw=randread\nverify_state_load=1\n";
    let without = worker.measured(context, "client", &[], later)?;
    ensure_eq!(without.status, Some(1), "status without a state: {}", said(&without));
    ensure!(said(&without).contains("verify_state_load"), "not told why: {}", said(&without));

    std::fs::rename(folder.join("local-a-0-verify.state"), folder.join("127.0.0.1-a-0-verify.state"))?;
    let with = worker.measured(context, "client", &["--output-format=json"], later)?;
    ensure_eq!(with.status, Some(0), "status with the state: {}", said(&with));
    ensure_eq!(json(&with)?["client_stats"][0]["read"]["total_ios"], WRITTEN, "blocks that were verified");

    // Without a place for files, a job still verifies: it leaves no state.
    let null = "[n]\nioengine=null\nrw=write\nsize=1m\nverify=crc32c\n";
    let nowhere = Worker::start_with(context, &["--overwrite-pidfile", "--device=/dev/null"])?;
    let finished = nowhere.measured(context, "nowhere", &[], null)?;
    ensure_eq!(finished.status, Some(0), "status without a place for files: {}", said(&finished));
    Ok(())
}
