//! `mvatt`: gives an attribute another name.

use clap::{Arg, Command};

use super::{Call, CommandEntry, CommandError, rmatt};
use crate::rights::Rights;

/// `mvatt`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "mvatt",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words: rmatt::attributes,
};

fn arguments() -> Command {
    Command::new("mvatt")
        .about("Rename an attribute; songs keep it")
        .arg(Arg::new("old").value_name("OLD").required(true).help("Its name"))
        .arg(Arg::new("new").value_name("NEW").required(true).help("Its name from now on"))
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let (old, new) = (call.value("old").unwrap_or_default(), call.value("new").unwrap_or_default());
    call.context.library.rename_attribute(old, new).map_err(CommandError::caused)
}
