//! `lsimg`, `lslyr`, `lsmood`, `lspl`: the blobs that there are.

use clap::{Arg, ArgAction, Command};

use super::cat::plural;
use super::{Call, CommandEntry, CommandError, Kind, names};
use crate::rights::Rights;

/// The entry for one kind.
pub(super) const fn entry<K: Kind>() -> CommandEntry {
    CommandEntry {
        name: K::NAMES[2],
        rights: Rights::LIBRARY_READ,
        arguments: arguments::<K>,
        reads_input: false,
        run: run::<K>,
        words: names::<K>,
    }
}

fn arguments<K: Kind>() -> Command {
    let flag = |name: &'static str, short, help: &'static str| {
        Arg::new(name).short(short).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new(K::NAMES[2])
        .about(format!("List {}", plural(K::ONE)))
        .after_help("Sorted by name, unless -i is given.")
        .arg(flag("id-sort", 'i', "Sort by number"))
        .arg(flag("long", 'l', "With number and size in bytes"))
        .arg(flag("reverse", 'r', "The other way round"))
        .arg(Arg::new("patterns").value_name("PATTERN").num_args(0..).help("Only names like these"))
}

fn run<K: Kind>(call: &mut Call<'_>) -> Result<(), CommandError> {
    let patterns = call.patterns("patterns")?;
    let mut blobs = call.context.library.blobs(K::KIND, &patterns).map_err(CommandError::caused)?;
    if call.flag("id-sort") {
        blobs.sort_by_key(|blob| blob.id);
    } else {
        blobs.sort_by(|one, other| one.name.cmp(&other.name));
    }
    if call.flag("reverse") {
        blobs.reverse();
    }
    let long = call.flag("long");
    for blob in blobs {
        if long {
            call.line(format_args!("{:>5} {:>10} {}", blob.id, blob.length_bytes, blob.name))?;
        } else {
            call.line(blob.name)?;
        }
    }
    Ok(())
}
