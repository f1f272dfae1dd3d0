//! The completion scripts are accepted by the shell that they are for, as far as it is installed.

use std::process::Command;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario = Scenario { name: "cli/completion", needs: &[], run };

fn run(context: &Context) -> Verdict {
    for shell in ["bash", "zsh", "fish"] {
        let script = context.run(&["completion", shell])?;
        ensure_eq!(script.status, Some(0), "exit status for {shell}");
        ensure!(script.output.contains("tidegate"), "the script for {shell} does not name the program");
    }
    let script = context.run(&["completion", "bash"])?.output;
    let path = context.scratch().path().join("completion.bash");
    std::fs::write(&path, script)?;
    let mut bash = Command::new("bash");
    // What a user gets on pressing the tab key behind "tidegate ta".
    bash.arg("-c").arg(format!(
        "source {} && COMP_WORDS=(tidegate ta) COMP_CWORD=1 && _tidegate tidegate ta tidegate && echo ${{COMPREPLY[@]}}",
        path.display()
    ));
    let answer = context.finish("bash", bash, PROMPTLY)?;
    ensure_eq!(answer.output.trim(), "target", "completion of \"tidegate ta\" ({})", answer.error);
    Ok(())
}
