//! `help`: the table of commands, or one of them in detail.

use clap::{Arg, Command};

use super::{Call, CommandEntry, CommandError, TABLE, find, no_such_command};
use crate::context::Context;
use crate::rights::Rights;

/// `help`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "help", rights: Rights::NONE, arguments, reads_input: false, run, words };

fn arguments() -> Command {
    Command::new("help")
        .about("List the commands, or explain some")
        .after_help(
            "The second column of the list is what a user needs; a command that you may not give has a ! before it.",
        )
        .arg(Arg::new("long").short('l').long("long").action(clap::ArgAction::SetTrue).help("Explain every command"))
        .arg(Arg::new("commands").value_name("COMMAND").num_args(0..).help("The commands to explain"))
}

fn words(_: &Context) -> Vec<String> {
    TABLE.iter().map(|entry| entry.name.to_owned()).collect()
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let mut names = call.values("commands");
    if call.flag("long") {
        names = words(call.context);
    }
    if names.is_empty() {
        for entry in TABLE {
            let mark = if call.user.rights.include(entry.rights) { ' ' } else { '!' };
            let about = entry.command().get_about().map(ToString::to_string).unwrap_or_default();
            call.line(format_args!("{mark}{:<10} {:<12} {about}", entry.name, entry.rights.to_string()))?;
        }
        return Ok(());
    }
    for (index, name) in names.iter().enumerate() {
        let entry = find(name).ok_or_else(|| CommandError::Usage(no_such_command(name)))?;
        let gap = if index > 0 { "\n" } else { "" };
        write!(call.streams.output, "{gap}{}", entry.help())?;
    }
    Ok(())
}
