//! `tidegate completion SHELL`: the completion script of a shell.

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use daemon::Position;

use super::CommandEntry;
use crate::Outcome;

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "completion", arguments, run };

fn arguments() -> Command {
    Command::new("completion")
        .about("Print the completion script of a shell")
        .after_help("For bash: tidegate completion bash > /etc/bash_completion.d/tidegate")
        .arg(Arg::new("shell").required(true).value_name("SHELL").value_parser(value_parser!(Shell)))
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let Some(&shell) = matches.get_one::<Shell>("shell") else {
        return Outcome::Usage;
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::command_line(), "tidegate", &mut script);
    crate::message::line(String::from_utf8_lossy(&script).trim_end());
    Outcome::Success
}
