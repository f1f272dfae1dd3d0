//! `touch`: sets what is known about songs by hand.

use clap::{Arg, ArgAction, Command, value_parser};
use radio_library::statistics::Touch;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;
use crate::station::wall_ms;

/// `touch`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "touch",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    let number = |name: &'static str, short, value_name: &'static str, help: &'static str| {
        Arg::new(name).short(short).long(name).value_name(value_name).value_parser(value_parser!(u64)).help(help)
    };
    Command::new("touch")
        .about("Set statistics, image, lyrics and amplification of songs")
        .after_help("Without an option, the songs count as played once more, now.")
        .arg(number("numplayed", 'n', "NUMBER", "How often they were played"))
        .arg(number("lastplayed", 'l', "SECONDS", "When they were last played, in seconds since 1970; 0: never"))
        .arg(number("image-id", 'i', "NUMBER", "The number of their image (see lsimg -l); 0: none"))
        .arg(number("lyrics-id", 'y', "NUMBER", "The number of their lyrics (see lslyr -l); 0: none"))
        .arg(
            Arg::new("amp")
                .short('a')
                .long("amp")
                .value_name("0…255")
                .value_parser(value_parser!(u8))
                .help("How much players are told to amplify them"),
        )
        .arg(Arg::new("verbose").short('v').long("verbose").action(ArgAction::SetTrue).help("Name each song"))
        .arg(
            Arg::new("patterns")
                .value_name("PATTERN")
                .num_args(1..)
                .required(true)
                .help("Paths, as shells write patterns"),
        )
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let number = |name: &str| call.matches.get_one::<u64>(name).copied();
    let id = |name: &str| number(name).map(|id| i64::try_from(id).unwrap_or(i64::MAX));
    let touch = Touch {
        play_count: number("numplayed"),
        last_played_s: number("lastplayed"),
        image: id("image-id"),
        lyrics: id("lyrics-id"),
        amplification: call.matches.get_one("amp").copied(),
    };
    let touched = call
        .context
        .library
        .touch(&call.patterns("patterns")?, &touch, wall_ms() / 1000)
        .map_err(CommandError::caused)?;
    if call.flag("verbose") {
        touched.iter().try_for_each(|song| call.line(format_args!("touched {}", song.path.display())))?;
    }
    Ok(())
}
