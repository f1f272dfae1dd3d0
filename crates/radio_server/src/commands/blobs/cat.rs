//! `catimg`, `catlyr`, `catmood`, `catpl`: writes blobs out.

use clap::{Arg, Command};

use super::{Call, CommandEntry, CommandError, Kind, names};
use crate::rights::Rights;

/// The entry for one kind.
pub(super) const fn entry<K: Kind>() -> CommandEntry {
    CommandEntry {
        name: K::NAMES[1],
        rights: Rights::LIBRARY_READ,
        arguments: arguments::<K>,
        reads_input: false,
        run: run::<K>,
        words: names::<K>,
    }
}

fn arguments<K: Kind>() -> Command {
    Command::new(K::NAMES[1]).about(format!("Write {} to standard output", plural(K::ONE))).arg(
        Arg::new("patterns").value_name("PATTERN").num_args(1..).required(true).help("Names, as shells write patterns"),
    )
}

/// Several of them.
pub(super) fn plural(noun: &str) -> String {
    if noun.ends_with('s') { noun.to_owned() } else { format!("{noun}s") }
}

fn run<K: Kind>(call: &mut Call<'_>) -> Result<(), CommandError> {
    let library = &call.context.library;
    let patterns = call.patterns("patterns")?;
    for blob in library.blobs(K::KIND, &patterns).map_err(CommandError::caused)? {
        let content = library.blob_of(K::KIND, blob.id).map_err(CommandError::caused)?;
        call.streams.output.write_all(&content)?;
    }
    Ok(())
}
