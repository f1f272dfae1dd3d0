//! Pictures, in pieces: `albumart` a file beside the songs, or the picture that was given to the song; `readpicture` one in the tags.
//!
//! Every piece reads the picture anew; clients ask for some ten of them.

use std::io::Read;
use std::path::Path;

use radio_library::change::BlobKind;
use radio_media::inspect;

use super::super::limits::{BINARY_BYTES_LEAST, BINARY_BYTES_MAX, PICTURE_BYTES_MAX};
use super::super::refusal::Refusal;
use super::{Call, Entry, READ, entry};
use crate::rights::Rights;

pub(super) const ENTRIES: &[Entry] = &[
    entry("albumart", READ, (2, 2), album_art),
    entry("readpicture", READ, (2, 2), read_picture),
    entry("binarylimit", Rights::NONE, (1, 1), binary_limit),
];

/// Names of pictures beside songs, best first. Parity: MPD's `cover`, and what other programs write.
const NAMES: &[&str] = &["cover.png", "cover.jpg", "cover.jpeg", "cover.webp", "folder.jpg", "folder.png", "front.jpg"];

fn album_art(call: &mut Call<'_>) -> Result<(), Refusal> {
    let song = call.named_song(call.argument(0))?;
    let beside =
        song.path.parent().and_then(|directory| NAMES.iter().find_map(|name| read_limited(&directory.join(name)).ok()));
    let given = || -> Option<Vec<u8>> { call.server.context.library.blob_of(BlobKind::Image, song.image?).ok() };
    let picture = beside.or_else(given).ok_or_else(|| Refusal::no_exist("No file exists"))?;
    piece(call, &picture, None)
}

fn read_picture(call: &mut Call<'_>) -> Result<(), Refusal> {
    let song = call.named_song(call.argument(0))?;
    let file = std::fs::File::open(&song.path).map_err(Refusal::no_exist)?;
    let inspected = inspect(&file).map_err(Refusal::system)?;
    let pictures = &inspected.pictures;
    let best = pictures.iter().find(|picture| picture.is_front_cover).or(pictures.first());
    // Parity: a song without a picture is no error.
    let Some(picture) = best else { return Ok(()) };
    piece(call, &picture.data, Some(&picture.media_type).filter(|kind| !kind.is_empty()))
}

fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)?.take(PICTURE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if read as u64 > PICTURE_BYTES_MAX { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

fn piece(call: &mut Call<'_>, picture: &[u8], kind: Option<&String>) -> Result<(), Refusal> {
    let offset: usize = call.number(1)?;
    let rest = picture.get(offset..).ok_or_else(|| Refusal::argument("Bad file offset"))?;
    let piece = &rest[..rest.len().min(call.client.binary_bytes)];
    call.reply.line("size", picture.len());
    if let Some(kind) = kind {
        call.reply.line("type", kind);
    }
    call.reply.line("binary", piece.len());
    call.reply.raw(piece);
    call.reply.raw(b"\n");
    Ok(())
}

fn binary_limit(call: &mut Call<'_>) -> Result<(), Refusal> {
    let bytes: usize = call.number(0)?;
    if bytes < BINARY_BYTES_LEAST {
        return Err(Refusal::argument("Value too small"));
    }
    call.client.binary_bytes = bytes.min(BINARY_BYTES_MAX);
    Ok(())
}
