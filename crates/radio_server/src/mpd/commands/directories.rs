//! The library as directories, and bringing it up to date.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use radio_library::change::BlobKind;
use radio_library::import::{ImportOptions, Progress};

use super::super::calendar;
use super::super::changes::Subsystem;
use super::super::refusal::{Code, Refusal};
use super::stored_playlists::list_one;
use super::{Call, Entry, READ, WRITE, entry};
use crate::commands::CommandError;
use crate::station::wall_ms;

pub(super) const ENTRIES: &[Entry] = &[
    entry("lsinfo", READ, (0, 1), list_one_level),
    entry("listall", READ, (0, 1), |call| list_all(call, false)),
    entry("listallinfo", READ, (0, 1), |call| list_all(call, true)),
    entry("listfiles", READ, (0, 1), list_files),
    entry("update", WRITE, (0, 1), update),
    entry("rescan", WRITE, (0, 1), update),
    entry("readcomments", READ, (1, 1), comments),
    entry("getfingerprint", READ, (1, 1), fingerprint),
];

fn list_one_level(call: &mut Call<'_>) -> Result<(), Refusal> {
    let path = call.places.path(call.argument(0))?;
    let (directory, song) = {
        let catalogue = call.server.context.library.catalogue();
        (catalogue.directory(&path), catalogue.song_at(&path).cloned())
    };
    if let Some(song) = song {
        call.song(&song);
        return Ok(());
    }
    let root = path == call.places.base();
    if directory.directories.is_empty() && directory.songs.is_empty() && !root {
        return Err(Refusal::no_exist("No such directory"));
    }
    directory.directories.iter().for_each(|inner| directory_line(call, inner));
    directory.songs.iter().for_each(|song| call.song(song));
    if root {
        for playlist in call.server.context.library.blobs(BlobKind::Playlist, &[])? {
            list_one(call, &playlist.name);
        }
    }
    Ok(())
}

fn directory_line(call: &mut Call<'_>, path: &Path) {
    call.reply.line("directory", call.places.name(path));
    if let Some(modified_s) = modified_s(path) {
        call.reply.line("Last-Modified", calendar::written(modified_s));
    }
}

fn modified_s(path: &Path) -> Option<u64> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    Some(modified.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// Directories before what is in them, the named one first, in the order of paths.
fn list_all(call: &mut Call<'_>, with_information: bool) -> Result<(), Refusal> {
    let songs = call.named_songs(call.argument(0)).or_else(|refusal| {
        // Parity: an empty library is no error.
        if call.argument(0).trim_matches('/').is_empty() { Ok(Vec::new()) } else { Err(refusal) }
    })?;
    let base = call.places.path(call.argument(0))?;
    let enter = |call: &mut Call<'_>, directory: &Path| {
        if with_information {
            directory_line(call, directory);
        } else {
            call.reply.line("directory", call.places.name(directory));
        }
    };
    let is_song = songs.iter().any(|song| song.path == base);
    if base != call.places.base() && !is_song {
        enter(call, &base);
    }
    let mut above: PathBuf = base;
    for song in songs {
        let parent = song.path.parent().unwrap_or(Path::new("/"));
        let entered: Vec<&Path> = parent.ancestors().take_while(|directory| !above.starts_with(directory)).collect();
        entered.iter().rev().for_each(|directory| enter(call, directory));
        parent.clone_into(&mut above);
        if with_information {
            call.song(&song);
        } else {
            call.reply.line("file", call.places.name(&song.path));
        }
    }
    Ok(())
}

/// What the disk has. Parity: MPD shows names, sizes and times of everything, known or not.
fn list_files(call: &mut Call<'_>) -> Result<(), Refusal> {
    let path = call.places.path(call.argument(0))?;
    let roots = call.server.context.library.roots()?;
    if !roots.iter().any(|root| path.starts_with(root)) && path != call.places.base() {
        return Err(Refusal::no_exist("No such directory"));
    }
    let entries = std::fs::read_dir(&path).map_err(Refusal::no_exist)?;
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(metadata) = entry.metadata() else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        if metadata.is_dir() {
            call.reply.line("directory", name);
        } else {
            call.reply.line("file", name);
            call.reply.line("size", metadata.len());
        }
        if let Some(modified_s) = modified_s(&entry.path()) {
            call.reply.line("Last-Modified", calendar::written(modified_s));
        }
    }
    Ok(())
}

/// Looks through the directories of music, or a part of them, in the background.
fn update(call: &mut Call<'_>) -> Result<(), Refusal> {
    let context = &call.server.context;
    let roots = context.library.roots()?;
    let paths = match call.argument(0).trim_matches('/') {
        "" => roots,
        name => {
            let path = call.places.path(name)?;
            if !roots.iter().any(|root| path.starts_with(root)) {
                return Err(Refusal::new(Code::NoExist, "not in a directory of music"));
            }
            vec![path]
        }
    };
    let state = context.import.state();
    let number = state.ended + 1 + u64::from(state.running);
    let (import, changes) = (context.import.clone(), call.server.changes.clone());
    changes.happened(&[Subsystem::Update]);
    let run = move || {
        let mut observer = |progress: Progress<'_>| {
            if let Progress::Problem(problem) = progress {
                tracing::warn!("update: {problem}");
            }
            std::ops::ControlFlow::Continue(())
        };
        if let Err(error) = import.run(&paths, &ImportOptions::new(wall_ms() / 1000), &mut observer) {
            tracing::error!("update: {}", CommandError::caused(error));
        }
        changes.happened(&[Subsystem::Update]);
    };
    std::thread::Builder::new().name("update".to_owned()).spawn(run).map_err(Refusal::system)?;
    call.reply.line("updating_db", number);
    Ok(())
}

/// Parity: MPD looks for the file, wherever it is, and says what the system says.
fn fingerprint(call: &mut Call<'_>) -> Result<(), Refusal> {
    let name = call.argument(0);
    if call.named_song(name).is_err() {
        return Err(Refusal::system(format_args!("Failed to open '{name}': it is no song of the library")));
    }
    Err(Refusal::not_here("songs are not decoded, so there are no fingerprints"))
}

/// All tags of a song, also those that MPD has no name for.
fn comments(call: &mut Call<'_>) -> Result<(), Refusal> {
    let song = call.named_song(call.argument(0))?;
    for tag in radio_library::search::Tag::all() {
        for value in tag.own_values(&song.tags) {
            call.reply.line(tag.name(), value);
        }
    }
    let known = |name: &str| radio_library::search::Tag::named(name).is_some();
    let others = song.tags.others.iter().filter(|(name, _)| !known(name) && !name.contains([':', '\n']));
    others.for_each(|(name, value)| call.reply.line(name, value));
    Ok(())
}
