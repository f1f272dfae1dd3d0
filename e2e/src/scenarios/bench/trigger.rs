//! `--trigger`, `--trigger-file` and `--trigger-timeout` beside fio: the command runs once the states of verification are saved,
//! its words stand before the report, the jobs end with success, and the states serve a later verification of either program.

use std::process::Command;

use e2e::context::{Context, Finished};
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process, Stream};
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};
use serde_json::Value;

pub(super) const SCENARIO: Scenario = Scenario { name: "bench/trigger", needs: &[Need::Program("fio")], run };

const JOB: [&str; 6] =
    ["--name=v", "--filename=data", "--bs=4k", "--size=16m", "--verify=crc32c", "--output-format=json"];
const STATE: &str = "local-v-0-verify.state";
/// Blocks of the file.
const BLOCKS: u64 = 4096;

#[derive(Debug, Clone, Copy)]
enum Program {
    Fio,
    Ours,
}

impl Program {
    /// In a folder of its own.
    fn command(self, context: &Context, folder: &str) -> Result<Command, Failure> {
        let folder = context.scratch().path().join(folder);
        std::fs::create_dir_all(&folder)?;
        let mut command = match self {
            Self::Fio => Command::new("fio"),
            Self::Ours => context.tidegate(&["bench"]),
        };
        command.current_dir(folder).args(JOB);
        Ok(command)
    }
}

fn run(context: &Context) -> Verdict {
    for (program, other, folder) in [(Program::Fio, Program::Ours, "fio"), (Program::Ours, Program::Fio, "ours")] {
        let written = by_file(context, program, folder)?;
        verifies(context, program, folder, written)?;
        verifies(context, other, folder, written)?;
        by_time(context, program, &format!("{folder}-timeout"))?;
    }
    Ok(())
}

/// A file pulls the trigger. Returns how many blocks were written.
fn by_file(context: &Context, program: Program, folder: &str) -> Result<u64, Failure> {
    let mut command = program.command(context, folder)?;
    command.args(["--rw=randwrite", "--rate_iops=200", "--trigger-file=pull"]);
    command.arg(format!("--trigger=cp {STATE} at-trigger; echo triggered"));
    let mut process: Process = context.start(&format!("{program:?}"), command)?;
    let folder = context.scratch().path().join(folder);
    eventually("a block that is written", || {
        let data = std::fs::read(folder.join("data")).unwrap_or_default();
        Ok(data.iter().any(|&byte| byte != 0).then_some(()))
    })?;
    std::fs::write(folder.join("pull"), "")?;
    ensure_eq!(process.wait(PROMPTLY)?.code(), Some(0), "exit status of {program:?}");
    ensure!(!folder.join("pull").exists(), "{program:?} leaves the file that pulled");
    ensure!(
        std::fs::read(folder.join("at-trigger"))? == std::fs::read(folder.join(STATE))?,
        "{program:?}: the state is another one after the command"
    );
    let output = process.transcript().text(Stream::Output);
    let (said, report) = (output.find("triggered\n"), output.find("{\n"));
    ensure!(said.is_some() && said < report, "{program:?}: the command says nothing before the report: {output}");
    let begin = output.find("{\n").unwrap_or(0);
    let document = serde_json::Deserializer::from_str(&output[begin..]).into_iter::<Value>().next();
    let report = document.transpose()?.unwrap_or_default();
    let written = report["jobs"][0]["write"]["total_ios"].as_u64().unwrap_or_default();
    ensure!((1..BLOCKS).contains(&written), "{program:?}: {written} writes, the trigger has not ended the job");
    Ok(written)
}

/// What was written is found with the state; without it there are blocks that nobody wrote.
fn verifies(context: &Context, program: Program, folder: &str, written: u64) -> Verdict {
    let checked = |more: &[&str]| -> Result<Finished, Failure> {
        let mut command = program.command(context, folder)?;
        command.arg("--rw=randread").args(more);
        context.finish(&format!("{program:?} that verifies"), command, PROMPTLY)
    };
    let with = checked(&["--verify_state_load=1"])?;
    ensure_eq!(with.status, Some(0), "{program:?} in {folder} with the state of {written} writes: {with:?}");
    let without = checked(&[])?;
    ensure!(without.status != Some(0), "{program:?} in {folder} finds {BLOCKS} blocks: {without:?}");
    Ok(())
}

/// Time pulls the trigger.
fn by_time(context: &Context, program: Program, folder: &str) -> Verdict {
    let mut command = program.command(context, folder)?;
    command.args(["--rw=randwrite", "--rate_iops=200", "--trigger-timeout=1"]);
    command.arg(format!("--trigger=test -f {STATE} && echo triggered"));
    let finished = context.finish(&format!("{program:?} with a timeout"), command, PROMPTLY)?;
    ensure_eq!(finished.status, Some(0), "exit status of {program:?}: {finished:?}");
    ensure!(finished.output.contains("triggered\n"), "{program:?}: the state was not there: {}", finished.output);
    Ok(())
}
