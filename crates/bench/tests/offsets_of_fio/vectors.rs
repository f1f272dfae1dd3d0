//! The recorded runs.
//!
//! A record is a line `fio` with the options, then a line for each clone with its I/Os. An I/O has the parts in which it
//! differs from the one before: a letter for the direction (`r`, `w`, `t`), `@` and the file's place, `*` and the length,
//! then `o` and the offset, or `+` for one right behind the last. `s`, `d` and `g` are
//! `fsync`, `fdatasync` and `sync_file_range`.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use bench::direction::Direction;
use bench::offsets::{Io, SyncKind};

use crate::case::{Case, Entry};
use crate::fio;

/// A command line and what fio did.
pub(crate) struct Record {
    pub(crate) command: String,
    pub(crate) clones: Vec<Vec<Entry>>,
}

const BEFORE_FIRST: Io = Io { file: 0, direction: Direction::Read, offset: 0, length: 0 };

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/offsets.txt")
}

/// All records.
pub(crate) fn read() -> Vec<Record> {
    let text = fs::read_to_string(path()).unwrap();
    let mut records: Vec<Record> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("fio ") {
            Some(command) => records.push(Record { command: command.to_owned(), clones: Vec::new() }),
            None => records.last_mut().unwrap().clones.push(decode(line)),
        }
    }
    records
}

/// Runs fio for each command line of the file and writes the file anew.
pub(crate) fn record() {
    if let Some(reason) = fio::missing() {
        panic!("cannot record: {reason}");
    }
    let folder = fio::Folder::new("offsets-record");
    let text = fs::read_to_string(path()).unwrap();
    let mut recorded = String::new();
    for line in text.lines() {
        if line.starts_with('#') {
            writeln!(recorded, "{line}").unwrap();
        }
        let Some(command) = line.strip_prefix("fio ") else { continue };
        writeln!(recorded, "{line}").unwrap();
        let clones = match fio::run(&folder, &Case::parse(command), command) {
            fio::Outcome::Done(clones) => clones,
            fio::Outcome::Refused(message) => panic!("{line}\n{message}"),
            fio::Outcome::Endless => panic!("{line} does not end"),
        };
        for entries in clones {
            writeln!(recorded, "{}", encode(&entries)).unwrap();
        }
    }
    fs::write(path(), recorded).unwrap();
}

fn encode(entries: &[Entry]) -> String {
    let mut words = Vec::new();
    let mut last = BEFORE_FIRST;
    for entry in entries {
        let io = match entry {
            Entry::Io(io) => *io,
            Entry::Sync(SyncKind::Fsync) => {
                words.push("s".to_owned());
                continue;
            }
            Entry::Sync(SyncKind::Fdatasync) => {
                words.push("d".to_owned());
                continue;
            }
            Entry::Sync(SyncKind::Range) => {
                words.push("g".to_owned());
                continue;
            }
        };
        let mut word = String::new();
        if io.direction != last.direction {
            word.push_str(&io.direction.name()[..1]);
        }
        if io.file != last.file {
            write!(word, "@{}", io.file).unwrap();
        }
        if io.length != last.length {
            write!(word, "*{}", io.length).unwrap();
        }
        if io.offset == last.offset + last.length {
            word.push('+');
        } else {
            // The letter keeps the offset apart from the number before it.
            write!(word, "o{}", io.offset).unwrap();
        }
        words.push(word);
        last = io;
    }
    words.join(" ")
}

fn decode(line: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut last = BEFORE_FIRST;
    for word in line.split_whitespace() {
        match word {
            "s" => entries.push(Entry::Sync(SyncKind::Fsync)),
            "d" => entries.push(Entry::Sync(SyncKind::Fdatasync)),
            "g" => entries.push(Entry::Sync(SyncKind::Range)),
            word => {
                last = decode_io(word, last);
                entries.push(Entry::Io(last));
            }
        }
    }
    entries
}

fn decode_io(word: &str, last: Io) -> Io {
    let mut io = last;
    let mut rest = word;
    while let Some(mark) = rest.chars().next() {
        let digits = rest[1..].find(|character: char| !character.is_ascii_digit()).map_or(rest.len(), |end| end + 1);
        let number = || rest[1..digits].parse::<u64>().unwrap_or_else(|_| panic!("{word}"));
        match mark {
            'r' => io.direction = Direction::Read,
            'w' => io.direction = Direction::Write,
            't' => io.direction = Direction::Trim,
            '@' => io.file = usize::try_from(number()).unwrap(),
            '*' => io.length = number(),
            'o' => io.offset = number(),
            '+' => io.offset = last.offset + last.length,
            _ => panic!("{word}"),
        }
        rest = &rest[digits..];
    }
    io
}
