//! Every limit of the library, with its unit and its reason.

use reactor::clock::Duration;

/// Longest name of an attribute or a blob, in bytes: names are typed, and stand in one line.
pub const NAME_BYTES_MAX: usize = 255;

/// Largest blob, in bytes: an image is the largest that anybody would give to a song.
pub const BLOB_BYTES_MAX: usize = 64 << 20;

/// Files that an import writes in one transaction. More lose more work to a power cut, fewer wait for the disk more often.
pub const BATCH_FILES_MAX: usize = 2000;

/// Longest time between two transactions of an import, so that a slow disk of music shows its songs soon.
pub const BATCH_TIME_MAX: Duration = Duration::from_secs(1);

/// Threads that read files at an import. More do not help a disk, and a station has other things to do.
pub const WORKERS_MAX: usize = 16;

/// Longest name or value of a sticker, in bytes.
pub const STICKER_BYTES_MAX: usize = 64 << 10;

/// Songs that sound the same whose files are looked for when another one comes: it may be one of them, renamed. Where there are more
/// (silence, a jingle), the others count as copies; what is known about them is one and the same anyway.
pub const COPIES_LOOKED_AT_MAX: usize = 16;
