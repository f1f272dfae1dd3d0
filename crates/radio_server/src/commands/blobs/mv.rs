//! `mvimg`, `mvlyr`, `mvmood`, `mvpl`: gives a blob another name.

use clap::{Arg, Command};

use super::add::article;
use super::{Call, CommandEntry, CommandError, Kind, names};
use crate::rights::Rights;

/// The entry for one kind.
pub(super) const fn entry<K: Kind>() -> CommandEntry {
    CommandEntry {
        name: K::NAMES[3],
        rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
        arguments: arguments::<K>,
        reads_input: false,
        run: run::<K>,
        words: names::<K>,
    }
}

fn arguments<K: Kind>() -> Command {
    Command::new(K::NAMES[3])
        .about(format!("Rename {} {}; its number stays", article(K::ONE), K::ONE))
        .arg(Arg::new("old").value_name("OLD").required(true).help("Its name"))
        .arg(Arg::new("new").value_name("NEW").required(true).help("Its name from now on"))
}

fn run<K: Kind>(call: &mut Call<'_>) -> Result<(), CommandError> {
    let (old, new) = (call.value("old").unwrap_or_default(), call.value("new").unwrap_or_default());
    call.context.library.rename_blob(K::KIND, old, new).map_err(CommandError::caused)
}
