//! `setatt`: gives songs attributes, and takes them away.

use clap::{Arg, Command};
use radio_library::attributes::AttributeChange;
use radio_library::pattern::Pattern;

use super::{Call, CommandEntry, CommandError, rmatt};
use crate::context::Context;
use crate::rights::Rights;

/// `setatt`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "setatt",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words,
};

fn arguments() -> Command {
    Command::new("setatt")
        .about("Give songs attributes, or take them away")
        .after_help("Example: setatt rock+ sick- '/music/AC*' gives rock to all songs that are like the pattern, and takes sick.")
        .arg(
            Arg::new("words")
                .value_name("ATTRIBUTE{+|-}… PATTERN")
                .num_args(1..)
                .required(true)
                .allow_hyphen_values(true)
                .help("Attributes, each with its sign; then patterns of paths"),
        )
}

fn words(context: &Context) -> Vec<String> {
    rmatt::attributes(context).into_iter().flat_map(|name| [format!("{name}+"), format!("{name}-")]).collect()
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let words = call.values("words");
    // What begins with a slash is a path, whatever it ends with.
    let change = |word: &String| if word.starts_with('/') { None } else { AttributeChange::parse(word) };
    let changes: Vec<AttributeChange> = words.iter().map_while(change).collect();
    let rest = &words[changes.len()..];
    if changes.is_empty() || rest.is_empty() {
        let hint = "setatt: expected attributes, each with + or - behind it, and then patterns of paths";
        return Err(CommandError::usage(hint));
    }
    let patterns: Vec<Pattern> = rest.iter().map(|word| super::pattern(word)).collect::<Result<_, _>>()?;
    call.context.library.set_attributes(&changes, &patterns).map(drop).map_err(CommandError::caused)
}
