//! Blocks that fio 3.33 of Debian wrote: `fio --name=x --filename=v --ioengine=psync --rw=write --size=3*bs --bs=bs` with
//! `--verify`, `--verify_interval`, `--verify_offset`, `--verify_pattern`, `--buffer_compress_percentage` and `--buffer_pattern` as the
//! columns say. The last columns are the block's offset, the 40 bytes of its first header and the SHA-256 of the whole block.

use crate::buffers::Pattern;
use crate::verify::{Header, Method, Verifier, VerifySettings, WriteIdentity};

pub(super) struct FioBlock {
    pub(super) line: &'static str,
    pub(super) method: String,
    pub(super) length: usize,
    pub(super) interval: usize,
    pub(super) header_offset: usize,
    pub(super) pattern: Option<Pattern>,
    compress_percentage: u8,
    buffer_pattern: Option<Pattern>,
    pub(super) offset: u64,
    header: Option<Header>,
    pub(super) sha256: &'static str,
}

impl FioBlock {
    pub(super) fn all() -> Vec<Self> {
        include_str!("../fio_blocks.txt").lines().map(Self::of_line).collect()
    }

    fn of_line(line: &'static str) -> Self {
        let columns: Vec<&str> = line.split(" ; ").collect();
        let [method, length, interval, header_offset, pattern, compress, buffer_pattern, offset, header, sha256] =
            columns[..]
        else {
            panic!("ten columns: {line}")
        };
        let pattern_of = |text| (text != "-").then(|| Pattern::parse(text, true, &mut |_| Ok(Vec::new())).expect(line));
        let header = (header != "-").then(|| {
            let bytes: Vec<u8> = (0..header.len() / 2)
                .map(|at| u8::from_str_radix(&header[at * 2..at * 2 + 2], 16).expect(line))
                .collect();
            *Header::read(&bytes).filter(|header| header.is_genuine()).expect(line)
        });
        Self {
            line,
            method: method.to_owned(),
            length: length.parse().expect(line),
            interval: interval.parse().expect(line),
            header_offset: header_offset.parse().expect(line),
            pattern: pattern_of(pattern),
            compress_percentage: compress.parse().expect(line),
            buffer_pattern: pattern_of(buffer_pattern),
            offset: offset.parse().expect(line),
            header,
            sha256,
        }
    }

    pub(super) fn settings(&self) -> VerifySettings {
        VerifySettings {
            method: Method::named(&self.method).expect(self.line),
            interval: self.interval,
            header_offset: self.header_offset,
            unaligned_blocks: false,
            smallest_block: self.length,
            pattern: self.pattern.clone(),
            pattern_interval: 0,
            compress_percentage: self.compress_percentage,
            buffer_pattern: self.buffer_pattern.clone(),
        }
    }

    pub(super) fn verifier(&self) -> Verifier {
        Verifier::new(self.settings()).unwrap_or_else(|error| panic!("{}: {error}", self.line))
    }

    /// The write that the header names; that of a block without one has its offset only.
    pub(super) fn write(&self) -> WriteIdentity {
        let bare = WriteIdentity { offset: self.offset, seed: 0, seconds: 0, nanoseconds: 0, thread: 0, number: 0 };
        self.header.map_or(bare, |header| header.write())
    }

    pub(super) fn content(&self) -> Vec<u8> {
        let mut block = vec![0; self.length];
        self.verifier().fill(&mut block, &self.write());
        block
    }
}
