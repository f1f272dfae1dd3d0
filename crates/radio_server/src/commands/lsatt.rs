//! `lsatt`: the attributes that there are.

use clap::{Arg, ArgAction, Command};

use super::{Call, CommandEntry, CommandError, rmatt};
use crate::rights::Rights;

/// `lsatt`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "lsatt",
    rights: Rights::LIBRARY_READ,
    arguments,
    reads_input: false,
    run,
    words: rmatt::attributes,
};

fn arguments() -> Command {
    let flag = |name: &'static str, short, help: &'static str| {
        Arg::new(name).short(short).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("lsatt")
        .about("List attributes")
        .after_help("Sorted by name, unless -i is given.")
        .arg(flag("id-sort", 'i', "Sort by number"))
        .arg(flag("long", 'l', "With number, and how many songs have it"))
        .arg(flag("reverse", 'r', "The other way round"))
        .arg(Arg::new("patterns").value_name("PATTERN").num_args(0..).help("Only names like these"))
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let patterns = call.patterns("patterns")?;
    let mut attributes = call.context.library.attribute_counts();
    attributes.retain(|(_, name, _)| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name)));
    if call.flag("id-sort") {
        attributes.sort_by_key(|(id, ..)| *id);
    } else {
        attributes.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
    }
    if call.flag("reverse") {
        attributes.reverse();
    }
    let long = call.flag("long");
    for (id, name, songs) in attributes {
        if long {
            call.line(format_args!("{:>5} {songs:>8} {name}", id.0))?;
        } else {
            call.line(name)?;
        }
    }
    Ok(())
}
