//! What cannot be done is told in one line, with what would be accepted, and changes nothing.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;

use super::super::cli::refused;
use super::{nvme, pattern};

pub(super) const SCENARIO: Scenario = Scenario { name: "host/refusals", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let disk = context.scratch().sparse_file("disk.img", 1 << 20)?;
    let target = context.target(&[&disk.display().to_string()])?;
    std::fs::write(context.scratch().path().join("odd"), pattern(1000))?;
    std::fs::write(context.scratch().path().join("long"), pattern((1 << 20) + 512))?;
    let refusals: &[(&str, &[&str], i32, &[&str])] = &[
        ("write", &["--input", "odd"], 1, &["odd", "488 bytes of a block of 512", "nothing was written"]),
        ("write", &["--input", "long"], 1, &["long", "1048576", "nothing was written"]),
        ("write", &["--input", "absent"], 1, &["absent", "No such file"]),
        ("write", &["--input", "odd", "--first-block", "2048"], 1, &["2048 blocks"]),
        ("read", &["--blocks", "2049", "--output", "out"], 1, &["0 to 2048", "2048 blocks"]),
        ("read", &["--output", "no/such/place"], 1, &["no/such/place"]),
        ("read", &["--json"], 2, &["--output FILE"]),
        ("read", &["--blocks", "0"], 2, &["--blocks"]),
        ("flush", &["--namespace", "7"], 1, &["no namespace 7", "there are: 1"]),
        ("flush", &["--nqn", "nqn.2026-11.com.example:other"], 1, &["subsystem NQN"]),
        ("flush", &["--nqn", "disk"], 2, &["nqn."]),
        ("log", &["temperature"], 2, &["temperature"]),
        ("perf", &["--size", "1000"], 2, &["1000", "multiple of its blocks of 512"]),
        ("perf", &["--size", "8M"], 2, &["--size", "1048576"]),
        ("perf", &["--queues", "1000", "--size", "512"], 2, &["--queues 1000", "grants"]),
        ("perf", &["--queue-depth", "5000"], 2, &["--queue-depth 5000", "allows"]),
        ("perf", &["--cores", "9999"], 2, &["--cores 9999"]),
        ("perf", &["--mix", "101"], 2, &["101"]),
    ];
    for (subcommand, arguments, status, words) in refusals {
        refused(&nvme(context, subcommand, &target, arguments)?, *status, words)
            .map_err(|failure| failure.during(format_args!("nvme {subcommand} {arguments:?}")))?;
    }
    ensure!(std::fs::read(&disk)?.iter().all(|&byte| byte == 0), "something was written");
    // Nobody listens there any more.
    let address = target.address.to_string();
    drop(target);
    refused(&context.run(&["nvme", "list", &address])?, 1, &["cannot reach", &address])
}
