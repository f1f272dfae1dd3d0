//! `rmatt`: removes attributes.

use clap::{Arg, Command};

use super::{Call, CommandEntry, CommandError};
use crate::context::Context;
use crate::rights::Rights;

/// `rmatt`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "rmatt",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words: attributes,
};

fn arguments() -> Command {
    Command::new("rmatt").about("Remove attributes; the songs that have them lose them").arg(
        Arg::new("patterns").value_name("PATTERN").num_args(1..).required(true).help("Names, as shells write patterns"),
    )
}

/// The attributes that there are, to complete with.
pub(super) fn attributes(context: &Context) -> Vec<String> {
    context.library.attribute_counts().into_iter().map(|(_, name, _)| name).collect()
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let removed = call.context.library.remove_attributes(&call.patterns("patterns")?).map_err(CommandError::caused)?;
    removed.iter().try_for_each(|name| call.note(format_args!("removed {name}")))
}
