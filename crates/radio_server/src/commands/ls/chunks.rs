//! A song's chunk table: for each chunk its beginning in seconds, its offset in the file and its length, in bytes. The file is read for it.

use std::fs::File;

use super::{Call, CommandError, Options, Row};

pub(super) fn write(call: &mut Call<'_>, row: &Row, options: &Options) -> Result<(), CommandError> {
    let name = options.name(&row.song);
    let inspected = File::open(&row.song.path)
        .map_err(|error| error.to_string())
        .and_then(|file| radio_media::inspect(&file).map_err(|error| error.to_string()));
    let inspected = match inspected {
        Ok(inspected) => inspected,
        // The others are listed all the same.
        Err(error) => return call.note(format_args!("{name}: {error}")),
    };
    let rate = u64::from(inspected.chunks.sample_rate()).max(1);
    call.line(format_args!("# {name}: {} chunks", inspected.chunks.len()))?;
    for chunk in inspected.chunks.iter() {
        let microseconds = u128::from(chunk.start) * 1_000_000 / u128::from(rate);
        let (seconds, fraction) = (microseconds / 1_000_000, microseconds % 1_000_000);
        call.line(format_args!("{seconds}.{fraction:06} {} {}", chunk.offset, chunk.length))?;
    }
    Ok(())
}
