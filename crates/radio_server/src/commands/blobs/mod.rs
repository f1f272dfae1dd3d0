//! Images, lyrics, moods and playlists: the same five commands for each kind. A kind is a type and a line in each of the tables of
//! names here; a command is a file.

mod add;
mod cat;
mod ls;
mod mv;
mod rm;

use radio_library::change::BlobKind;

use super::{Call, CommandEntry, CommandError};
use crate::context::Context;

/// A kind of blob, as its commands need it.
pub(super) trait Kind {
    /// Which table.
    const KIND: BlobKind;
    /// What one is called.
    const ONE: &'static str;
    /// The names of `add`, `cat`, `ls`, `mv` and `rm`.
    const NAMES: [&'static str; 5];
}

macro_rules! kinds {
    ($($kind:ident $table:ident $noun:literal $one:literal;)+) => {
        $(
            pub(super) struct $kind;

            impl Kind for $kind {
                const KIND: BlobKind = BlobKind::$table;
                const ONE: &'static str = $one;
                const NAMES: [&'static str; 5] = [
                    concat!("add", $noun),
                    concat!("cat", $noun),
                    concat!("ls", $noun),
                    concat!("mv", $noun),
                    concat!("rm", $noun),
                ];
            }
        )+
    };
}

kinds! {
    Images Image "img" "image";
    Lyrics Lyrics "lyr" "lyrics";
    Moods Mood "mood" "mood";
    Playlists Playlist "pl" "playlist";
}

/// `addimg` and the like.
pub(super) const fn add<K: Kind>() -> CommandEntry {
    add::entry::<K>()
}

/// `catimg` and the like.
pub(super) const fn cat<K: Kind>() -> CommandEntry {
    cat::entry::<K>()
}

/// `lsimg` and the like.
pub(super) const fn ls<K: Kind>() -> CommandEntry {
    ls::entry::<K>()
}

/// `mvimg` and the like.
pub(super) const fn mv<K: Kind>() -> CommandEntry {
    mv::entry::<K>()
}

/// `rmimg` and the like.
pub(super) const fn rm<K: Kind>() -> CommandEntry {
    rm::entry::<K>()
}

/// The names that there are, to complete with.
fn names<K: Kind>(context: &Context) -> Vec<String> {
    let blobs = context.library.blobs(K::KIND, &[]).unwrap_or_default();
    blobs.into_iter().map(|blob| blob.name).collect()
}
