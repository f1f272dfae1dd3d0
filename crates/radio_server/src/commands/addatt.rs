//! `addatt`: adds attributes.

use clap::{Arg, Command};

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `addatt`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "addatt",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("addatt")
        .about("Add attributes, which songs can then be given")
        .after_help("There may be as many as you like. One that is there already is left alone. See setatt.")
        .arg(Arg::new("names").value_name("ATTRIBUTE").num_args(1..).required(true).help("Their names"))
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let names = call.values("names");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let added = call.context.library.add_attributes(&names).map_err(CommandError::caused)?;
    for name in names.iter().filter(|name| !added.iter().any(|added| added == *name)) {
        call.note(format_args!("{name} is there already"))?;
    }
    Ok(())
}
