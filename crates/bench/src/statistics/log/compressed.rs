//! Compressed logs: one zlib stream a chunk, one behind the other, each of whole entries. As fio 3.33 stores them
//! (`log_store_compressed`), so that its `--inflate-log` reads ours and ours reads its. A log of histograms is a stream of its
//! lines, which only ours reads.

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
    #[error("chunk {chunk} holds neither log entries of fio 3.33 or of this program, nor lines of histograms")]
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

/// What a chunk holds.
#[derive(Clone, Copy)]
enum Form {
    Entries(Columns),
    /// Those of a [`HistogramLog`](super::HistogramLog).
    Lines,
}

impl Form {
    /// The form that begins so. Both have more bytes than that, and flags of an entry are no digits.
    fn of_first(bytes: &[u8; BASE_BYTES]) -> Option<Self> {
        if are_of_lines(bytes) { Some(Self::Lines) } else { Columns::of_first(bytes).map(Self::Entries) }
    }

    /// How many of these bytes are whole; writes the lines that they are. `None` for what is of another form.
    fn write(self, bytes: &[u8], output: &mut dyn Write) -> io::Result<Option<usize>> {
        match self {
            Self::Entries(columns) => {
                let whole = bytes.len() - bytes.len() % columns.entry_bytes();
                Ok(columns.write_lines(&bytes[..whole], output)?.map(|()| whole))
            }
            Self::Lines if !are_of_lines(bytes) => Ok(None),
            Self::Lines => {
                let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
                output.write_all(&bytes[..whole])?;
                Ok(Some(whole))
            }
        }
    }
}

fn are_of_lines(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b',' | b' ' | b'\n'))
}

/// Writes the lines of the first chunk and returns what follows it.
fn inflate_chunk<'a>(file: &'a [u8], chunk: usize, output: &mut dyn Write) -> Result<&'a [u8], InflateError> {
    let mut decoder = ZlibDecoder::new(file);
    let mut buffer = vec![0; INFLATED_AT_ONCE];
    let mut filled = 0;
    let mut form = None;
    loop {
        let read = decoder.read(&mut buffer[filled..]).map_err(|source| InflateError::Stream { chunk, source })?;
        filled += read;
        if form.is_none()
            && let Some(first) = buffer[..filled].first_chunk::<BASE_BYTES>()
        {
            form = Some(Form::of_first(first).ok_or(InflateError::Entries { chunk })?);
        }
        if let Some(form) = form {
            let written = form.write(&buffer[..filled], output).map_err(InflateError::Write)?;
            let whole = written.ok_or(InflateError::Entries { chunk })?;
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
    use super::super::{HistogramLog, HistogramLogSettings};
    use super::*;
    use crate::direction::Direction;
    use crate::statistics::histogram::{BUCKETS, Histogram};

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

    /// Lines that are longer than what is inflated at once would be no log's: the longest has 1859 numbers.
    #[test]
    fn histograms_are_lines() {
        let mut log = HistogramLog::new(HistogramLogSettings {
            window_ms: 1,
            store_compressed: true,
            ..HistogramLogSettings::default()
        });
        let mut histogram = Histogram::new();
        for time in 0..40 {
            histogram.record(time * 1000);
            log.record(time, Direction::Write, 4096, &histogram);
        }
        let mut stored = Vec::new();
        log.write(&mut stored).unwrap();
        let text = inflated(&stored).unwrap();
        assert_eq!(text.lines().count(), 40);
        for (time, line) in text.lines().enumerate() {
            let numbers: Vec<u64> = line.split(", ").map(|number| number.parse().unwrap()).collect();
            assert_eq!((numbers.len(), numbers[0], numbers[1], numbers[2]), (3 + BUCKETS, time as u64, 1, 4096));
            assert_eq!(numbers[3..].iter().sum::<u64>(), 1, "the one I/O of its window");
        }
        assert_eq!(
            inflated(&[&stored[..], &stored[..]].concat()).unwrap().lines().count(),
            80,
            "jobs that share a file"
        );
        let damaged = compress(&[&text.as_bytes()[..200_000], b"x\n"].concat());
        assert!(matches!(inflated(&damaged), Err(InflateError::Entries { chunk: 1 })));
        let cut = compress(&text.as_bytes()[..200]);
        assert!(matches!(inflated(&cut), Err(InflateError::Entries { chunk: 1 })));
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
