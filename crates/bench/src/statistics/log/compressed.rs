//! Compressed logs: one zlib stream a chunk, one behind the other, each of whole entries. As fio 3.33 stores them
//! (`log_store_compressed`), so that its `--inflate-log` reads ours and ours reads its.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::entry::{BASE_BYTES, Columns};

/// Bytes that are inflated at once: whatever a file claims, no more is held.
const INFLATED_AT_ONCE: usize = 1 << 16;

/// Why a file could not be inflated.
#[derive(Debug, thiserror::Error)]
pub enum InflateError {
    /// The file is no zlib stream, or its end is missing.
    #[error("chunk {chunk} is not a zlib stream: was the log stored with log_store_compressed, and is it whole?")]
    Stream {
        /// The chunk, from 1.
        chunk: usize,
        /// What the decoder says.
        source: io::Error,
    },
    /// A chunk holds something else than log entries.
    #[error("chunk {chunk} does not hold log entries of fio 3.33 or of this program")]
    Entries {
        /// The chunk, from 1.
        chunk: usize,
    },
    /// The lines could not be written.
    #[error("cannot write the log's lines")]
    Write(#[source] io::Error),
}

/// Compresses a chunk. It costs some 50 ms for each MiB: not for the data path.
///
/// # Panics
/// Never: memory takes all bytes.
#[must_use]
pub fn compress(chunk: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(chunk).and_then(|()| encoder.finish()).expect("memory takes all bytes")
}

/// Writes the lines of a compressed log (`--inflate-log`).
///
/// # Errors
/// [`InflateError::Stream`] and [`InflateError::Entries`] when the file is damaged or something else; lines before the
/// damage are written. [`InflateError::Write`] when lines cannot be written.
pub fn inflate(file: &[u8], output: &mut dyn Write) -> Result<(), InflateError> {
    let mut rest = file;
    let mut chunk = 0;
    while !rest.is_empty() {
        chunk += 1;
        rest = inflate_chunk(rest, chunk, output)?;
    }
    Ok(())
}

/// Writes the lines of the first chunk and returns what follows it.
fn inflate_chunk<'a>(file: &'a [u8], chunk: usize, output: &mut dyn Write) -> Result<&'a [u8], InflateError> {
    let mut decoder = ZlibDecoder::new(file);
    let mut buffer = vec![0; INFLATED_AT_ONCE];
    let mut filled = 0;
    let mut columns = None;
    loop {
        let read = decoder.read(&mut buffer[filled..]).map_err(|source| InflateError::Stream { chunk, source })?;
        filled += read;
        if columns.is_none()
            && let Some(first) = buffer[..filled].first_chunk::<BASE_BYTES>()
        {
            columns = Some(Columns::of_first(first).ok_or(InflateError::Entries { chunk })?);
        }
        if let Some(columns) = columns {
            let whole = filled - filled % columns.entry_bytes();
            let written = columns.write_lines(&buffer[..whole], output).map_err(InflateError::Write)?;
            written.ok_or(InflateError::Entries { chunk })?;
            buffer.copy_within(whole..filled, 0);
            filled -= whole;
        }
        if read == 0 {
            break;
        }
    }
    if filled != 0 {
        return Err(InflateError::Entries { chunk });
    }
    Ok(decoder.into_inner())
}

#[cfg(test)]
mod tests {
    use super::super::entry::Entry;
    use super::*;

    fn inflated(file: &[u8]) -> Result<String, InflateError> {
        let mut output = Vec::new();
        inflate(file, &mut output).map(|()| String::from_utf8(output).unwrap())
    }

    fn chunk(entries: u64) -> Vec<u8> {
        let mut chunk = Vec::new();
        for time_ms in 0..entries {
            Columns::default().encode(&Entry { time_ms, value: time_ms * 3, ..Entry::default() }, &mut chunk);
        }
        chunk
    }

    #[test]
    fn streams_one_behind_the_other() {
        // The first does not fit into the buffer.
        let file = [compress(&chunk(5000)), compress(&chunk(2))].concat();
        let text = inflated(&file).unwrap();
        assert_eq!(text.lines().count(), 5002);
        assert!(text.ends_with("4999, 14997, 0, 0, 0\n0, 0, 0, 0, 0\n1, 3, 0, 0, 0\n"));
        assert_eq!(inflated(&[]).unwrap(), "");
    }

    /// A file of `fio --write_lat_log=x --log_store_compressed=1 --log_compression=64k --log_offset=1` (3.33, null engine,
    /// two I/Os), and what its `--inflate-log` prints.
    #[test]
    fn a_file_of_fio() {
        let text = inflated(include_bytes!("fio_lat.1.log.fz")).unwrap();
        assert_eq!(text, include_str!("fio_lat.1.log"));
    }

    #[test]
    fn damage_is_told() {
        let file = compress(&chunk(10));
        for end in 1..file.len() {
            assert!(matches!(inflated(&file[..end]), Err(InflateError::Stream { chunk: 1, .. })), "cut at {end}");
        }
        let behind = [&file[..], b"more"].concat();
        assert!(matches!(inflated(&behind), Err(InflateError::Stream { chunk: 2, .. })));
        assert!(matches!(inflated(&compress(&[9; 64])), Err(InflateError::Entries { chunk: 1 })));
        assert!(matches!(inflated(&compress(&chunk(3)[1..])), Err(InflateError::Entries { chunk: 1 })));
        assert!(matches!(inflated(&compress(b"short")), Err(InflateError::Entries { chunk: 1 })));
    }

    /// Files with bytes changed, cut and put in anywhere: lines or an error, whatever they hold.
    #[test]
    fn damaged_files_never_panic() {
        let mut seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
        let mut draw = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        let whole = [compress(&chunk(300)), compress(&chunk(7))].concat();
        for round in 0..2000 {
            let mut file = whole.clone();
            for _ in 0..=draw(4) {
                let at = draw(file.len());
                match draw(3) {
                    0 => file[at] = u8::try_from(draw(256)).unwrap(),
                    1 => drop(file.drain(at..(at + 1 + draw(40)).min(file.len()))),
                    _ => file.insert(at, u8::try_from(draw(256)).unwrap()),
                }
                if file.is_empty() {
                    break;
                }
            }
            let result = inflated(&file);
            let lines = result.as_ref().map(|text| text.lines().all(|line| line.split(", ").count() >= 5));
            assert!(lines.unwrap_or(true), "round {round} (SEED sets the start): {result:?}");
        }
    }
}
