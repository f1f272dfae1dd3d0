//! Help exists for the program and for each command, on standard output.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario = Scenario { name: "cli/help", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let help = context.run(&["--help"])?;
    ensure_eq!(help.status, Some(0), "exit status of --help");
    ensure!(help.error.is_empty(), "help goes to standard output: {}", help.error);
    let commands = commands(&help.output);
    for expected in ["up", "check", "target", "completion"] {
        ensure!(commands.contains(&expected), "--help does not list {expected}: {commands:?}");
    }
    for command in commands.iter().filter(|&&command| command != "help") {
        let help = context.run(&[command, "--help"])?;
        ensure_eq!(help.status, Some(0), "exit status of {command} --help");
        ensure!(help.output.contains("Usage:"), "{command} --help has no usage: {}", help.output);
    }
    Ok(())
}

/// The first words of the lines under `Commands:`.
fn commands(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}
