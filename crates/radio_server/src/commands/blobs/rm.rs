//! `rmimg`, `rmlyr`, `rmmood`, `rmpl`: removes blobs.

use clap::{Arg, Command};

use super::cat::plural;
use super::{Call, CommandEntry, CommandError, Kind, names};
use crate::rights::Rights;

/// The entry for one kind.
pub(super) const fn entry<K: Kind>() -> CommandEntry {
    CommandEntry {
        name: K::NAMES[4],
        rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
        arguments: arguments::<K>,
        reads_input: false,
        run: run::<K>,
        words: names::<K>,
    }
}

fn arguments<K: Kind>() -> Command {
    Command::new(K::NAMES[4]).about(format!("Remove {}", plural(K::ONE))).arg(
        Arg::new("patterns").value_name("PATTERN").num_args(1..).required(true).help("Names, as shells write patterns"),
    )
}

fn run<K: Kind>(call: &mut Call<'_>) -> Result<(), CommandError> {
    let removed =
        call.context.library.remove_blobs(K::KIND, &call.patterns("patterns")?).map_err(CommandError::caused)?;
    removed.iter().try_for_each(|blob| call.note(format_args!("removed {}", blob.name)))
}
