//! Everything that is known, each item with its length before it: see [`Form::LengthPrefixed`].

use super::{Call, CommandError, Options, Row};
use crate::status_items::{self, Form};

pub(super) fn write(call: &mut Call<'_>, row: &Row, _: &Options) -> Result<(), CommandError> {
    let items = status_items::of_song(&call.context.library, &row.song, row.score, Form::LengthPrefixed);
    Ok(write!(call.streams.output, "{}", status_items::render(&items, Form::LengthPrefixed))?)
}
