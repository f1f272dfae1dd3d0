//! `search`: songs by words.

use clap::{Arg, Command, value_parser};
use radio_library::search::Filter;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `search`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "search", rights: Rights::LIBRARY_READ, arguments, reads_input: false, run, words: no_words };

fn arguments() -> Command {
    Command::new("search")
        .about("Find songs by words in their paths and tags")
        .after_help("Every word has to be somewhere; neither case nor accents count. Prints a path a line.")
        .arg(
            Arg::new("limit")
                .short('n')
                .long("limit")
                .value_name("NUMBER")
                .value_parser(value_parser!(usize))
                .help("At most so many [default: all]"),
        )
        .arg(Arg::new("words").value_name("WORD").num_args(1..).required(true).help("What to look for"))
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let words = call.values("words").join(" ");
    let limit = call.matches.get_one("limit").copied().unwrap_or(usize::MAX);
    let found = call.context.library.catalogue().find(&Filter::words(&words));
    if found.is_empty() {
        return Err(CommandError::failed(format_args!("nothing has {words:?}")));
    }
    found.iter().take(limit).try_for_each(|song| call.line(song.path.display()))
}
