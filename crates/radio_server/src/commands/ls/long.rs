//! A line with score, attributes, length, format, bit rate, statistics and path.

use super::{Call, CommandError, Options, Row};
use crate::status_items::attribute_names;
use crate::times;

pub(super) fn write(call: &mut Call<'_>, row: &Row, options: &Options) -> Result<(), CommandError> {
    let song = &row.song;
    let score = row.score.map_or_else(|| "-".to_owned(), |score| score.to_string());
    let attributes = attribute_names(&call.context.library, song).join(",");
    let attributes = if attributes.is_empty() { "-" } else { &attributes };
    call.line(format_args!(
        "{score:>6} {attributes:<12} {:>7} {:<4} {:>4}k {:>5} {:>19} {}",
        times::duration(song.technical.duration_ms),
        song.technical.format,
        song.technical.bitrate_kbit,
        song.statistics.play_count,
        options.time(song.statistics.last_played_s),
        options.name(song)
    ))
}
