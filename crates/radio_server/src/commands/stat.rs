//! `stat`: what the stream does, followed for as long as somebody listens.

use clap::{Arg, ArgAction, Command, value_parser};
use radio_library::song::SongId;
use radio_stream::link::Status;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::context::Context;
use crate::rights::Rights;
use crate::station::wall_ms;
use crate::status_items::{self, Form, Item};
use crate::times;

/// `stat`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "stat", rights: Rights::STREAM_READ, arguments, reads_input: false, run, words: no_words };

fn arguments() -> Command {
    Command::new("stat")
        .about("Show what is played, and follow it")
        .after_help(
            "First everything is shown; then, whenever something changes, what has changed. Items that are no more are shown empty. On the \
             control socket it does not follow.",
        )
        .arg(
            Arg::new("num")
                .short('n')
                .long("num")
                .value_name("NUMBER")
                .value_parser(value_parser!(u64))
                .help("End after so many times; 1: now, and no more [default: 0, for ever]"),
        )
        .arg(
            Arg::new("parser-friendly")
                .short('p')
                .long("parser-friendly")
                .action(ArgAction::SetTrue)
                .help("Each item with its length in hexadecimal, times in seconds since 1970"),
        )
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let form = if call.flag("parser-friendly") { Form::LengthPrefixed } else { Form::Plain };
    let wanted = call.matches.get_one::<u64>("num").copied().unwrap_or(0);
    let wanted = if call.follows { wanted } else { 1 };
    let mut status = call.context.station.watch();
    let mut shown: Vec<Item> = Vec::new();
    let mut times_shown = 0;
    loop {
        // What is looked at now does not count as a change any more.
        let current = status.borrow_and_update().clone();
        let items = current.as_ref().map(|status| items(call.context, status, form)).unwrap_or_default();
        let mut changed = status_items::changes(&shown, &items);
        // The time goes on without being a change.
        let moves = |item: &Item| matches!(item.0, "offset" | "play_time");
        if current.is_some() && (times_shown == 0 || !changed.iter().all(moves)) {
            changed.push((
                "current_time",
                match form {
                    Form::Plain => times::local(wall_ms() / 1000),
                    Form::LengthPrefixed => (wall_ms() / 1000).to_string(),
                },
            ));
            write!(call.streams.output, "{}", status_items::render(&changed, form))?;
            call.streams.output.flush()?;
            shown = items;
            times_shown += 1;
            if times_shown == wanted {
                return Ok(());
            }
        }
        call.wait_for_change(&mut status)?;
    }
}

fn items(context: &Context, status: &Status, form: Form) -> Vec<Item> {
    let id = status.current.as_ref().map(|current| SongId(current.entry.song.id));
    let song = id.and_then(|id| context.library.catalogue().song(id).cloned());
    let mut items = status_items::of_stream(status, wall_ms(), form);
    items.push(("afs_mode", context.mode()));
    if let Some(song) = song {
        items.extend(status_items::of_song(&context.library, &song, context.score(song.id), form));
    }
    items
}
