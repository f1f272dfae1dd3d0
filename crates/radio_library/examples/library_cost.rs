//! Measures a library: imports, rescans, questions, and changes. `cargo xtask compare radio-library` runs it beside MPD.
//!
//! ```text
//! cargo run --release -p radio_library --example library_cost -- generate CLIPS MUSIC COUNT
//! cargo run --release -p radio_library --example library_cost -- import STATE MUSIC
//! cargo run --release -p radio_library --example library_cost -- rescan STATE MUSIC
//! cargo run --release -p radio_library --example library_cost -- questions STATE
//! ```
//! `generate` makes COUNT files out of the clips in a directory (`mp3-0.mp3`, `flac-7.flac`): 500 artists with 10 albums of 10 songs, in
//! the shares of formats below. Tags differ in all of them, the sound in all mp3 files. The others print a JSON object each.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;

use lofty::config::WriteOptions;
use lofty::file::TaggedFileExt;
use lofty::probe::Probe;
use lofty::tag::{Accessor, ItemKey, Tag, TagExt};
use radio_library::Library;
use radio_library::import::{ImportOptions, ImportSummary};
use radio_library::search::{Case, Field, Filter, How, Tag as SearchTag};
use reactor::clock::{self, Duration};
use rusqlite::Connection;

type Failure = Box<dyn Error + Send + Sync>;

/// Formats with their shares in percent.
const SHARES: &[(&str, usize)] = &[("mp3", 40), ("flac", 30), ("ogg", 12), ("opus", 10), ("m4a", 8)];
const WORDS: &[&str] = &[
    "amber", "river", "neon", "winter", "glass", "harbour", "velvet", "northern", "paper", "silver", "engine",
    "garden", "static", "lantern", "copper", "morning", "distant", "shadow", "marble", "signal",
];
const GENRES: &[&str] = &["Jazz", "Rock", "Ambient", "Folk", "Electronic", "Classical", "Soul", "Blues"];
/// How often a question is asked; the median counts.
const ROUNDS: usize = 21;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["generate", clips, music, count] => generate(Path::new(clips), Path::new(music), count.parse()?),
        ["import" | "rescan", state, music] => import(Path::new(state), Path::new(music)),
        ["questions", state] => questions(Path::new(state)),
        _ => Err("usage: library_cost generate CLIPS MUSIC COUNT | import|rescan STATE MUSIC | questions STATE".into()),
    }
}

fn generate(clips: &Path, music: &Path, count: usize) -> Result<(), Failure> {
    let mut by_format: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(clips)? {
        let path = entry?.path();
        let format = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default().to_owned();
        by_format.entry(format).or_default().push(path);
    }
    by_format.values_mut().for_each(|clips| clips.sort());
    let workers = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                let by_format = &by_format;
                scope.spawn(move || {
                    (worker..count).step_by(workers).try_for_each(|index| generate_one(by_format, music, index))
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}

fn generate_one(clips: &BTreeMap<String, Vec<PathBuf>>, music: &Path, index: usize) -> Result<(), Failure> {
    let mut place = index * 37 % 100;
    let mut format = "mp3";
    for (name, share) in SHARES {
        format = name;
        if place < *share {
            break;
        }
        place -= share;
    }
    let clips = clips.get(format).ok_or_else(|| format!("no clip ends in .{format}"))?;
    let clip = &clips[index / 100 % clips.len()];
    let (artist, album, track) = (index / 100, index / 10 % 10, index % 10 + 1);
    let artist = format!("{} {}", capital(artist / WORDS.len()), capital(artist));
    let album = format!("{} {}", capital(album * 3 + index / 1000), capital(album + 7));
    let directory = music.join(format!("{artist} {}", index / 100)).join(&album);
    fs::create_dir_all(&directory)?;
    let title = format!("{} {}", capital(index * 7), capital(index * 13 / WORDS.len()));
    let path = directory.join(format!("{track:02} {title}.{format}"));
    let mut bytes = fs::read(clip)?;
    if format == "mp3" {
        // In the last quarter of it, in the middle of a frame's data.
        let at = bytes.len() - bytes.len() / 4;
        bytes[at..at + 4].copy_from_slice(&u32::try_from(index)?.to_be_bytes().map(|byte| byte & 0x7f));
    }
    fs::write(&path, bytes)?;
    let tag_type = Probe::open(&path)?.guess_file_type()?.read()?.primary_tag_type();
    let mut tag = Tag::new(tag_type);
    tag.set_title(title);
    tag.set_artist(artist);
    tag.set_album(album);
    tag.set_genre(GENRES[index / 10 % GENRES.len()].to_owned());
    tag.set_track(u32::try_from(track)?);
    tag.insert_text(ItemKey::RecordingDate, (1960 + index / 10 % 60).to_string());
    Ok(tag.save_to_path(&path, WriteOptions::default())?)
}

fn capital(index: usize) -> String {
    let word = WORDS[index % WORDS.len()];
    format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..])
}

fn import(state: &Path, music: &Path) -> Result<(), Failure> {
    let (library, opened) = timed(|| Library::open(state));
    let library = library?;
    let mut observer = |_: radio_library::import::Progress<'_>| ControlFlow::Continue(());
    let paths = [music.to_owned()];
    let (summary, took) = timed(|| library.import(&paths, &ImportOptions::new(1), &mut observer));
    let ImportSummary { seen, added, refused, .. } = summary?;
    println!(
        "{}",
        serde_json::json!({
            "open_ns": nanoseconds(opened),
            "import_ns": nanoseconds(took),
            "cpu_ms": cpu_ms()?,
            "resident_bytes": resident_bytes()?,
            "file_bytes": fs::metadata(state.join("library.sqlite"))?.len(),
            "seen": seen,
            "added": added,
            "refused": refused,
        })
    );
    Ok(())
}

fn questions(state: &Path) -> Result<(), Failure> {
    let library = Library::open(state)?;
    let tag = |name| SearchTag::named(name).ok_or("no such tag");
    let text = |field, how, case, text: &str| Filter::Text { field, how, case, text: text.to_owned() };
    let title = text(Field::Tag(tag("title")?), How::Contains, Case::Folded, "amber");
    let any = text(Field::AnyTag, How::Contains, Case::Folded, "neon amber");
    let genre = text(Field::Tag(tag("genre")?), How::Equal, Case::Exact, "Jazz");
    let nineties = Filter::Regex { field: Field::Tag(tag("date")?), regex: regex::Regex::new("^199")? };
    let nobody = text(Field::Tag(tag("artist")?), How::Equal, Case::Exact, "nobody at all");
    let find = |filter: &Filter| library.catalogue().find(filter).len();
    let list = |name| Ok::<_, Failure>(library.catalogue().list(&[tag(name)?], &Filter::everything()).len());
    let mut results = serde_json::Map::new();
    let mut ask = |name: &str, question: &dyn Fn() -> Result<usize, Failure>| -> Result<(), Failure> {
        let mut samples = Vec::new();
        let mut found = 0;
        for _ in 0..ROUNDS {
            let (result, took) = timed(question);
            found = result?;
            samples.push(nanoseconds(took));
        }
        samples.sort_unstable();
        results.insert(name.to_owned(), serde_json::json!({ "ns": samples[ROUNDS / 2], "found": found }));
        Ok(())
    };
    ask("search title amber", &|| Ok(find(&title)))?;
    ask("search any \"neon amber\"", &|| Ok(find(&any)))?;
    let both = Filter::All(vec![genre, nineties]);
    ask("genre == and date =~", &|| Ok(find(&both)))?;
    ask("find artist, no match", &|| Ok(find(&nobody)))?;
    ask("list album", &|| list("album"))?;
    ask("list artist", &|| list("artist"))?;
    ask("every song", &|| Ok(find(&Filter::everything())))?;
    let index = full_text_index(&library)?;
    ask("FTS5: title amber", &|| full_text(&index, "title : amber"))?;
    ask("FTS5: \"neon amber\"", &|| full_text(&index, "\"neon amber\""))?;
    let id = library.catalogue().songs().next().ok_or("the library is empty")?.id;
    ask("a song is played (durable)", &|| library.played(id, 1).map(|()| 1).map_err(Into::into))?;
    println!("{}", serde_json::Value::Object(results));
    Ok(())
}

/// What the library would have if it searched with SQLite.
fn full_text_index(library: &Library) -> Result<Connection, Failure> {
    let index = Connection::open_in_memory()?;
    index.execute_batch(
        "CREATE VIRTUAL TABLE song USING fts5(title, artist, album, path, tokenize = 'trigram'); BEGIN",
    )?;
    let mut insert =
        index.prepare("INSERT INTO song (rowid, title, artist, album, path) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for song in library.catalogue().songs() {
        let (tags, path) = (&song.tags, song.path.to_string_lossy());
        insert.execute(rusqlite::params![song.id.0, tags.title, tags.artist, tags.album, path])?;
    }
    drop(insert);
    index.execute_batch("COMMIT")?;
    Ok(index)
}

fn full_text(index: &Connection, query: &str) -> Result<usize, Failure> {
    let mut statement = index.prepare_cached("SELECT rowid FROM song WHERE song MATCH ?1")?;
    let rows = statement.query_map([query], |row| row.get::<_, i64>(0))?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?.len())
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let began = clock::now();
    let result = act();
    (result, clock::now() - began)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Time of the processor that this process has had, from the 14th and 15th field of `stat`, in ticks of 10 ms.
fn cpu_ms() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit_once(')').ok_or("/proc/self/stat is odd")?.1;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(ticks.sum::<Result<u64, _>>()? * 10)
}

fn resident_bytes() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
