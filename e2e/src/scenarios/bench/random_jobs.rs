//! Random valid job files: fio and we read the same out of them, and do the same I/O.
//!
//! The seed is in the scenario's failure; `SEED=` runs it again.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;
use std::hash::{BuildHasher, RandomState};

use super::case::{Case, Checks, Part};
use super::comparison::run_cases;

pub(super) const SCENARIO: Scenario = Scenario { name: "bench/random", needs: &[Need::Program("fio")], run };

/// Job files of a run.
const FILES: usize = 20;

/// Options that go with every job, each with values that are right.
const OPTIONS: &[(&str, &[&str])] = &[
    ("rw", &["read", "write", "randread", "randwrite", "rw", "randrw", "read:8k", "randwrite:4"]),
    ("ioengine", &["sync", "psync", "pvsync", "pvsync2", "libaio", "io_uring", "mmap", "null"]),
    ("bs", &["512", "4k", "4096", "8k,4k", "1k"]),
    ("iodepth", &["1", "4", "16"]),
    ("numjobs", &["1", "2", "3"]),
    ("nrfiles", &["1", "2", "5"]),
    ("file_service_type", &["roundrobin", "sequential", "random", "roundrobin:3"]),
    ("io_size", &["64k", "100k", "300k"]),
    ("number_ios", &["10", "33"]),
    ("loops", &["1", "2"]),
    // No percentages: fio 3.33 does not take a later number for one that was given before.
    ("offset", &["0", "16k"]),
    ("rwmixread", &["10", "75"]),
    ("percentage_random", &["30", "100"]),
    ("random_generator", &["tausworthe", "lfsr", "tausworthe64"]),
    ("norandommap", &["1"]),
    ("randrepeat", &["1"]),
    ("fsync", &["7"]),
    ("thread", &["1"]),
    ("refill_buffers", &["1"]),
    ("zero_buffers", &["1"]),
    ("percentile_list", &["50:99", "1:2:3.5"]),
    ("unified_rw_reporting", &["none", "mixed"]),
    ("description", &["a text", "x=y"]),
    ("continue_on_error", &["none", "io"]),
    ("fallocate", &["none", "native"]),
    ("invalidate", &["0", "1"]),
    ("clocksource", &["clock_gettime", "cpu"]),
];

/// Splits a number into the next one and a value (SplitMix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((value ^ (value >> 31)) % limit as u64).unwrap_or(0)
    }

    fn options(&mut self, count: usize, text: &mut String) {
        let mut left: Vec<_> = OPTIONS.to_vec();
        for _ in 0..count {
            let (name, values) = left.swap_remove(self.below(left.len()));
            text.push_str(&format!("{name}={}\n", values[self.below(values.len())]));
        }
    }

    fn job_file(&mut self) -> String {
        let mut text = "[global]\nsize=256k\n".to_owned();
        // Not in single jobs: of a group with both kinds fio 3.33 tells a job that is none.
        if self.below(4) == 0 {
            text.push_str("group_reporting\n");
        }
        let count = self.below(4);
        self.options(count, &mut text);
        for job in 0..=self.below(3) {
            text.push_str(&format!("[job{job}]\n"));
            let count = self.below(7);
            self.options(count, &mut text);
            if self.below(3) == 0 {
                text.push_str("stonewall\n");
            }
        }
        text
    }
}

fn run(context: &Context) -> Verdict {
    let seed = match std::env::var("SEED") {
        Ok(text) => text.parse()?,
        Err(_) => RandomState::new().hash_one(0),
    };
    let mut draws = Draws(seed);
    let cases: Vec<Case> = (0..FILES).map(|number| case(number, draws.job_file())).collect();
    run_cases(context, &cases).and_then(|()| same_command_lines(context, &cases)).map_err(|failure| {
        let files: Vec<_> = cases.iter().map(|case| format!("# {}\n{}", case.name, case.first.job_file)).collect();
        failure.during(format_args!("SEED={seed}\n{}", files.join("")))
    })
}

fn case(number: usize, job_file: String) -> Case {
    Case {
        // Names of two lengths, for both ways to start the program.
        name: format!("random{number}"),
        checks: Checks { counts: true, ..Checks::default() },
        first: Part { job_file, arguments: Vec::new() },
        crossed: None,
        refusal: String::new(),
    }
}

/// `--showcmd` gives the same command lines.
fn same_command_lines(context: &Context, cases: &[Case]) -> Verdict {
    for case in cases {
        let file = context.scratch().path().join(format!("{}.fio", case.name));
        std::fs::write(&file, &case.first.job_file)?;
        let file = file.display().to_string();
        let ours = context.run(&["bench", "--showcmd", &file])?;
        let mut command = std::process::Command::new("fio");
        command.args(["--showcmd", &file]);
        let fio = context.finish("fio --showcmd", command, e2e::process::PROMPTLY)?;
        let words = |text: &str| text.replace("tidegate bench", "fio").split_whitespace().map(str::to_owned).collect();
        let (ours, fio): (Vec<_>, Vec<_>) = (words(&ours.output), words(&fio.output));
        ensure!(ours == fio, "--showcmd of {}: fio has {fio:?}, we have {ours:?}", case.name);
    }
    Ok::<(), Failure>(())
}
