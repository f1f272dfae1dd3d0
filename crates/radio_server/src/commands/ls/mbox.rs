//! A mail for each song, so that a mail reader can browse and search the library.

use radio_library::change::BlobKind;

use super::{Call, CommandError, Options, Row};
use crate::status_items::{self, Form};

pub(super) fn write(call: &mut Call<'_>, row: &Row, options: &Options) -> Result<(), CommandError> {
    let song = &row.song;
    let date = options.time(song.statistics.last_played_s);
    let body =
        status_items::render(&status_items::of_song(&call.context.library, song, row.score, Form::Plain), Form::Plain);
    let lyrics = song.lyrics.and_then(|id| call.context.library.blob_of(BlobKind::Lyrics, id).ok()).unwrap_or_default();
    let text = format!("{body}\n{}", String::from_utf8_lossy(&lyrics));
    call.line(format_args!("From radio@localhost {date}"))?;
    call.line(format_args!("From: {}", header(&song.tags.artist)))?;
    call.line(format_args!("Subject: {}", header(&options.name(song))))?;
    call.line(format_args!("Date: {date}\n"))?;
    for line in text.lines() {
        // A line that looks like the beginning of the next mail is marked, as mailers do.
        let mark = if line.trim_start_matches('>').starts_with("From ") { ">" } else { "" };
        call.line(format_args!("{mark}{line}"))?;
    }
    call.line("")
}

/// A value in one line.
fn header(text: &str) -> String {
    text.split(['\r', '\n']).collect::<Vec<_>>().join(" ")
}
