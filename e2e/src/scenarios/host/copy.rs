//! write, read and flush: what goes in comes out, with digests and without, and counts in the SMART log.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::{nvme_json, nvme_well, pattern};

pub(super) const SCENARIO: Scenario = Scenario { name: "host/copy", needs: &[], run };

const BYTES: usize = 5 << 20;

fn run(context: &Context) -> Verdict {
    let disk = context.scratch().sparse_file("disk.img", 8 << 20)?;
    let target = context.target(&["memory:8M", &disk.display().to_string()])?;
    std::fs::write(context.scratch().path().join("in"), pattern(BYTES))?;
    for (namespace, digests, first_block) in
        [("1", None, "0"), ("1", Some("--digests"), "7"), ("2", None, "0"), ("2", Some("--digests=data"), "6143")]
    {
        let place = ["--namespace", namespace, "--first-block", first_block];
        let with: Vec<&str> = place.into_iter().chain(digests).collect();
        let written = nvme_json(context, "write", &target, &[&with[..], &["--input", "in"]].concat())?;
        ensure_eq!(written["bytes"], BYTES, "bytes written to namespace {namespace}");
        let blocks = (BYTES / 512).to_string();
        nvme_well(context, "read", &target, &[&with[..], &["--blocks", &blocks, "--output", "out"]].concat())?;
        let out = std::fs::read(context.scratch().path().join("out"))?;
        ensure!(out == pattern(BYTES), "namespace {namespace} {digests:?}: other bytes came back");
        nvme_well(context, "flush", &target, &place[..2])?;
    }
    let on_disk = std::fs::read(&disk)?;
    ensure!(on_disk[6143 * 512..][..BYTES] == pattern(BYTES), "the file under namespace 2 holds something else");
    let smart = nvme_json(context, "log", &target, &["smart"])?;
    // Four times written, in units of 512,000 bytes.
    ensure!(smart["data_units_written"].as_u64().is_some_and(|units| units >= 40), "SMART says {smart}");
    Ok(())
}
