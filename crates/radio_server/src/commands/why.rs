//! `why`: why a song's turn is when it is.

use clap::{Arg, Command, value_parser};
use radio_library::choice::Standing;
use radio_library::song::Song;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;
use crate::station::wall_ms;

/// `why`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "why", rights: Rights::LIBRARY_READ, arguments, reads_input: false, run, words: no_words };

/// How many are told when no path is given.
const COUNT_DEFAULT: usize = 10;

fn arguments() -> Command {
    Command::new("why")
        .about("Tell what is played next, and why: the parts of scores")
        .after_help(
            "Without patterns: the songs with the best scores. Scores are in hundredths of a standard deviation: mood is what the lines of the \
             mood add, plays what is given for being played rarely, age what is given for being played long ago.",
        )
        .arg(
            Arg::new("limit")
                .short('n')
                .long("limit")
                .value_name("NUMBER")
                .value_parser(value_parser!(usize))
                .help("So many songs [default: 10 without patterns, else all]"),
        )
        .arg(Arg::new("patterns").value_name("PATTERN").num_args(0..).help("Paths, as shells write patterns"))
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let now_s = wall_ms() / 1000;
    let patterns = call.patterns("patterns")?;
    let limit = call.matches.get_one::<usize>("limit").copied();
    call.line(format_args!("choosing from {}", call.context.mode()))?;
    if patterns.is_empty() {
        let count = limit.unwrap_or(COUNT_DEFAULT);
        let ordered = call.context.program.with_choice(|choice| choice.ordered(now_s, count));
        return ordered.iter().try_for_each(|(song, standing)| tell(call, song, Some(standing)));
    }
    let songs = call.context.library.catalogue().like(&patterns).map_err(CommandError::caused)?;
    for song in songs.iter().take(limit.unwrap_or(usize::MAX)) {
        let standing = call.context.program.with_choice(|choice| choice.standing(song.id, now_s));
        tell(call, song, standing.as_ref())?;
    }
    Ok(())
}

fn tell(call: &mut Call<'_>, song: &Song, standing: Option<&Standing>) -> Result<(), CommandError> {
    let path = song.path.display();
    match standing {
        Some(Standing::Scored { score, lines }) => {
            let radio_library::score::Score { total, mood, plays, age } = score;
            call.line(format_args!("{total:>6} = mood {mood} + plays {plays} + age {age}  {path}"))?;
            lines.iter().try_for_each(|part| {
                call.line(format_args!("         line {} of the mood adds {}: {}", part.line, part.score, part.text))
            })
        }
        Some(Standing::Listed { before }) => call.line(format_args!("after {before} others of the playlist  {path}")),
        None => match &song.fault {
            Some(fault) => call.line(format_args!("never, because it could not be played ({fault})  {path}")),
            None => call.line(format_args!("never: not admissible  {path}")),
        },
    }
}
