//! Everything that is known, an item a line, and a blank line after each song.

use super::{Call, CommandError, Options, Row};
use crate::status_items::{self, Form};

pub(super) fn write(call: &mut Call<'_>, row: &Row, options: &Options) -> Result<(), CommandError> {
    let mut items = status_items::of_song(&call.context.library, &row.song, row.score, Form::Plain);
    for (name, value) in &mut items {
        match *name {
            "path" => *value = options.name(&row.song),
            "last_played" => *value = options.time(row.song.statistics.last_played_s),
            _ => {}
        }
    }
    call.line(status_items::render(&items, Form::Plain))
}
