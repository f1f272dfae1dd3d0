//! `tidegate radio info`: what the radio makes of a file, before it goes into a library.

use std::fs::File;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use daemon::Position;
use radio_media::{Chunk, Inspected, Inspector, MediaError, Wanted};
use serde_json::Value;

use crate::commands::CommandEntry;
use crate::document::Document;
use crate::{Outcome, message};

pub(super) const SUBCOMMAND: CommandEntry = CommandEntry { name: "info", arguments, run };

fn arguments() -> Command {
    Command::new("info")
        .about("Say what the radio makes of audio files: format, duration, chunks, tags, what is odd about them")
        .after_help("Exit status: 0, or 1 when a file cannot be read or played.")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("Audio files"),
        )
        .arg(Arg::new("chunks").long("chunks").action(ArgAction::SetTrue).help("List what is sent at one time"))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON document"))
}

/// Why a file is not played.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("it cannot be opened")]
    Open(#[source] std::io::Error),
    #[error(transparent)]
    Media(MediaError),
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let (chunks, json) = (matches.get_flag("chunks"), matches.get_flag("json"));
    let mut inspector = Inspector::new(Wanted::ALL);
    let mut sections = Vec::new();
    let mut outcome = Outcome::Success;
    for path in matches.get_many::<PathBuf>("file").into_iter().flatten() {
        let found =
            File::open(path).map_err(Problem::Open).and_then(|file| inspector.inspect(&file).map_err(Problem::Media));
        let name = path.display().to_string();
        match found {
            Ok(song) => sections.push(section(name, &song, chunks)),
            Err(problem) => {
                outcome = message::failure(format_args!("{name}: {}", message::chain(&problem)));
                sections.push(Document::new().with("file", name).with("problem", message::chain(&problem)));
            }
        }
    }
    if !json {
        sections.retain(|section| section.json().get("problem").is_none());
        if sections.is_empty() {
            return outcome;
        }
    }
    Document::new().with_sections("files", sections).print(json);
    outcome
}

/// All about one file.
fn section(name: String, song: &Inspected, with_chunks: bool) -> Document {
    let technical = &song.technical;
    let or_none = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    let (tags, loudness) = (&song.tags, &song.loudness);
    let gain = |gain: Option<radio_media::tags::Gain>| gain.map_or(Value::Null, |gain| gain.to_string().into());
    let gapless = technical.gapless.map_or(Value::Null, |gapless| {
        format!("{} samples before the music, {} after it", gapless.delay, gapless.padding).into()
    });
    let notes: Vec<_> = song.notes.iter().map(ToString::to_string).collect();
    let mut document = Document::new()
        .with("file", name)
        .with("format", song.format.name)
        .with("codec", technical.codec)
        .with("sent_as", song.format.media_type())
        .with_text("duration_ms", technical.duration_ms(), seconds(technical.samples, technical.sample_rate))
        .with("samples", technical.samples)
        .with_text("bitrate_kbit", technical.bitrate_kbit(), format_args!("{} kbit/s", technical.bitrate_kbit()))
        .with_text("frequency_hz", technical.frequency_hz, format_args!("{} Hz", technical.frequency_hz))
        .with("channels", technical.channels)
        .with("sample_bits", technical.sample_bits.map_or(Value::Null, Value::from))
        .with("added_by_encoder", gapless)
        .with("content_hash", hexadecimal(&song.content_hash))
        .with("chunk_count", song.chunks.len())
        .with("chunk_bytes_max", song.chunks.chunk_bytes_max());
    for (field, text) in [
        ("artist", &tags.artist),
        ("album_artist", &tags.album_artist),
        ("title", &tags.title),
        ("album", &tags.album),
        ("date", &tags.date),
        ("genre", &tags.genre),
        ("comment", &tags.comment),
    ] {
        document = document.with(field, or_none(text));
    }
    document = document
        .with("track", tags.track.map_or(Value::Null, Value::from))
        .with("disc", tags.disc.map_or(Value::Null, Value::from))
        .with("track_gain", gain(loudness.track_gain))
        .with("album_gain", gain(loudness.album_gain))
        .with("lyrics_bytes", song.lyrics.as_ref().map_or(0, String::len))
        .with("pictures", song.pictures.len())
        .with_text("notes", notes.clone(), if notes.is_empty() { "-".to_owned() } else { notes.join("; ") });
    if with_chunks {
        let rate = song.chunks.sample_rate();
        document =
            document.with_table("chunks", song.chunks.iter().enumerate().map(|row| chunk_row(row, rate)).collect());
    }
    document
}

fn chunk_row((index, chunk): (usize, Chunk), rate: u32) -> Document {
    Document::new()
        .with("chunk", index)
        .with("offset", chunk.offset)
        .with("length", chunk.length)
        .with("start", chunk.start)
        .with("samples", chunk.samples)
        .with_text("seconds", exact_seconds(chunk.start, rate), seconds(chunk.start, rate))
}

/// Seconds with three digits after the point.
fn exact_seconds(samples: u64, rate: u32) -> f64 {
    let milliseconds = u128::from(samples) * 1000 / u128::from(rate.max(1));
    f64::from(u32::try_from(milliseconds).unwrap_or(u32::MAX)) / 1000.0
}

/// `3:07.250`.
fn seconds(samples: u64, rate: u32) -> String {
    let milliseconds = u128::from(samples) * 1000 / u128::from(rate.max(1));
    let (seconds, milliseconds) = (milliseconds / 1000, milliseconds % 1000);
    format!("{}:{:02}.{milliseconds:03}", seconds / 60, seconds % 60)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_milliseconds() {
        assert_eq!(seconds(44_100 * 67 + 22_050, 44_100), "1:07.500");
        assert!((exact_seconds(44_100, 88_200) - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn a_file_is_told_with_its_chunks() {
        let mut bytes = Vec::new();
        for _ in 0..8 {
            bytes.extend([0xff, 0xfb, 0x90, 0x00]);
            bytes.resize(bytes.len() + 413, 1);
        }
        let json = section("a.mp3".to_owned(), &radio_media::inspect(&bytes).unwrap(), true).json();
        assert_eq!(json["format"], "mp3");
        assert_eq!(json["duration_ms"], 209);
        assert_eq!(json["chunks"][1]["offset"], 1668);
        assert_eq!(json["title"], Value::Null);
    }
}
