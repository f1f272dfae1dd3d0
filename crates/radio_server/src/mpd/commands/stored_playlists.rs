//! Stored playlists: the library's, which moods and ssh know too. Clients see their paths relative to the base.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use radio_library::LibraryError;
use radio_library::change::BlobKind;
use radio_library::pattern::{Pattern, Slashes};

use super::super::calendar;
use super::super::refusal::{Code, Refusal};
use super::queue_changes::{position, put};
use super::{ADD, Call, Entry, READ, WRITE, entry, number, range, slice};

pub(super) const ENTRIES: &[Entry] = &[
    entry("listplaylists", READ, (0, 0), list_all),
    entry("listplaylist", READ, (1, 2), |call| list(call, false)),
    entry("listplaylistinfo", READ, (1, 2), |call| list(call, true)),
    entry("playlistlength", READ, (1, 1), length),
    entry("load", ADD, (1, 3), load),
    entry("save", WRITE, (1, 2), save),
    entry("playlistadd", WRITE, (2, 3), add),
    entry("playlistclear", WRITE, (1, 1), |call| store(call, call.argument(0), &[])),
    entry("playlistdelete", WRITE, (2, 2), delete),
    entry("playlistmove", WRITE, (3, 3), move_entry),
    entry("rename", WRITE, (2, 2), rename),
    entry("rm", WRITE, (1, 1), remove),
];

fn list_all(call: &mut Call<'_>) -> Result<(), Refusal> {
    let playlists = call.server.context.library.blobs(BlobKind::Playlist, &[])?;
    playlists.iter().for_each(|playlist| list_one(call, &playlist.name));
    Ok(())
}

/// A playlist, in a list of them or among what the base has.
pub(super) fn list_one(call: &mut Call<'_>, name: &str) {
    call.reply.line("playlist", name);
    // When it was changed is not kept; clients want the line.
    call.reply.line("Last-Modified", calendar::written(0));
}

pub(super) fn paths(call: &Call<'_>, name: &str) -> Result<Vec<PathBuf>, Refusal> {
    call.server.context.library.playlist(name).map_err(|error| match error {
        LibraryError::NoSuchBlob { .. } => Refusal::no_exist("No such playlist"),
        other => other.into(),
    })
}

/// The paths of a playlist, or of the one that is to come.
fn paths_or_none(call: &Call<'_>, name: &str) -> Result<Vec<PathBuf>, Refusal> {
    match paths(call, name) {
        Err(refusal) if refusal.code == Code::NoExist => Ok(Vec::new()),
        other => other,
    }
}

fn store(call: &Call<'_>, name: &str, paths: &[PathBuf]) -> Result<(), Refusal> {
    let mut content = Vec::new();
    for path in paths {
        content.extend_from_slice(path.as_os_str().as_bytes());
        content.push(b'\n');
    }
    call.server.context.library.put_blob(BlobKind::Playlist, name, &content)?;
    Ok(())
}

/// Puts paths into a playlist, behind all others or at a position. Makes it if it is not there.
pub(super) fn append(call: &Call<'_>, name: &str, added: &[PathBuf], position: Option<u32>) -> Result<(), Refusal> {
    let mut paths = paths_or_none(call, name)?;
    let place = match position {
        None => paths.len(),
        Some(position) => usize::try_from(position)
            .ok()
            .filter(|place| *place <= paths.len())
            .ok_or_else(|| Refusal::argument("Bad position"))?,
    };
    paths.splice(place..place, added.iter().cloned());
    store(call, name, &paths)
}

fn list(call: &mut Call<'_>, with_information: bool) -> Result<(), Refusal> {
    let wanted = if call.arguments.len() < 2 { 0..u32::MAX } else { range(call.argument(1))? };
    let paths = paths(call, call.argument(0))?;
    for path in slice(&paths, &wanted) {
        let song = call.server.context.library.catalogue().song_at(path).cloned();
        match song {
            Some(song) if with_information => call.song(&song),
            _ => call.reply.line("file", call.places.name(path)),
        }
    }
    Ok(())
}

fn length(call: &mut Call<'_>) -> Result<(), Refusal> {
    let paths = paths(call, call.argument(0))?;
    let catalogue = call.server.context.library.catalogue();
    let songs = paths.iter().filter_map(|path| catalogue.song_at(path));
    let playtime_ms: u64 = songs.map(|song| song.technical.duration_ms).sum();
    drop(catalogue);
    call.reply.line("songs", paths.len());
    call.reply.line("playtime", playtime_ms / 1000);
    Ok(())
}

/// Into the queue; paths without a song are passed over.
fn load(call: &mut Call<'_>) -> Result<(), Refusal> {
    let wanted = if call.arguments.len() < 2 { 0..u32::MAX } else { range(call.argument(1))? };
    let paths = paths(call, call.argument(0))?;
    let songs: Vec<_> = {
        let catalogue = call.server.context.library.catalogue();
        slice(&paths, &wanted).iter().filter_map(|path| catalogue.song_at(path).cloned()).collect()
    };
    let position = position(call, 2)?;
    put(call, &songs, position).map(drop)
}

fn save(call: &mut Call<'_>) -> Result<(), Refusal> {
    let name = call.argument(0);
    let queued: Vec<PathBuf> = call.queue(0..u32::MAX)?.into_iter().map(|(_, entry)| entry.song.path).collect();
    let exists = paths(call, name);
    match (call.arguments.get(1).map_or("create", String::as_str), exists) {
        ("create", Ok(_)) => Err(Refusal::new(Code::Exist, "Playlist already exists")),
        ("append" | "replace", Err(refusal)) => Err(refusal),
        ("create" | "replace", _) => store(call, name, &queued),
        ("append", Ok(_)) => append(call, name, &queued, None),
        (other, _) => {
            Err(Refusal::argument(format_args!("Unrecognized save mode: {other}; expected create, append or replace")))
        }
    }
}

fn add(call: &mut Call<'_>) -> Result<(), Refusal> {
    let songs = call.named_songs(call.argument(1))?;
    let position = if call.arguments.len() > 2 { Some(call.number(2)?) } else { None };
    let added: Vec<PathBuf> = songs.iter().map(|song| song.path.clone()).collect();
    append(call, call.argument(0), &added, position)
}

fn delete(call: &mut Call<'_>) -> Result<(), Refusal> {
    let mut paths = paths(call, call.argument(0))?;
    let wanted = range(call.argument(1))?;
    let removed = slice(&paths, &wanted).len();
    if removed == 0 {
        return Err(Refusal::argument("Bad song index"));
    }
    let start = usize::try_from(wanted.start).unwrap_or(usize::MAX);
    paths.drain(start..start + removed);
    store(call, call.argument(0), &paths)
}

fn move_entry(call: &mut Call<'_>) -> Result<(), Refusal> {
    let mut paths = paths(call, call.argument(0))?;
    let moved = range(call.argument(1))?;
    let count = slice(&paths, &moved).len();
    let (start, to): (usize, usize) = (usize::try_from(moved.start).unwrap_or(usize::MAX), number(call.argument(2))?);
    if count == 0 || to > paths.len() - count {
        return Err(Refusal::argument("Bad song index"));
    }
    let block: Vec<PathBuf> = paths.drain(start..start + count).collect();
    paths.splice(to..to, block);
    store(call, call.argument(0), &paths)
}

fn rename(call: &mut Call<'_>) -> Result<(), Refusal> {
    let (old, new) = (call.argument(0), call.argument(1));
    Ok(call.server.context.library.rename_blob(BlobKind::Playlist, old, new)?)
}

fn remove(call: &mut Call<'_>) -> Result<(), Refusal> {
    let name = call.argument(0);
    paths(call, name)?;
    // A name, and no pattern.
    let escaped: String = name.chars().flat_map(|character| ['\\', character]).collect();
    let pattern = Pattern::new(&escaped, Slashes::Ordinary).map_err(Refusal::argument)?;
    call.server.context.library.remove_blobs(BlobKind::Playlist, &[pattern])?;
    Ok(())
}
