//! Why a file cannot be played, and what is odd about one that can.

use std::fmt;

use crate::limits::LEADING_BYTES_MAX;

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The file could not be read: not the file's fault.
    #[error("reading failed at byte {offset}")]
    Read {
        /// Where.
        offset: u64,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The file ends within something.
    #[error("{expected} expected at byte {offset}, where the file ends or nearly ends (it has {length} bytes)")]
    Truncated {
        /// Where it was expected to begin.
        offset: u64,
        /// What was expected.
        expected: &'static str,
        /// How long the file is.
        length: u64,
    },
    /// Something is not what it has to be.
    #[error("{expected} expected at byte {offset}")]
    Malformed {
        /// Where.
        offset: u64,
        /// What was expected.
        expected: &'static str,
    },
    /// A length or a count that is beyond a limit of [`crate::limits`].
    #[error("{what} at byte {offset} has {found} {unit}; at most {limit} are accepted")]
    TooLarge {
        /// Where.
        offset: u64,
        /// What.
        what: &'static str,
        /// What is counted.
        unit: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        limit: u64,
    },
    /// A format, or a form of one, that is known and not played.
    #[error("{what} is not played; {instead}")]
    Unsupported {
        /// Its name.
        what: &'static str,
        /// What would be accepted.
        instead: &'static str,
    },
    /// Nothing that is known.
    #[error(
        "no audio in the first {LEADING_BYTES_MAX} bytes after any tags; mp3, ogg vorbis, opus, flac, aac and m4a are played"
    )]
    Unrecognised,
    /// A file of a known format in which nothing can be played.
    #[error("not one whole frame after byte {offset}")]
    NoFrames {
        /// Where frames were expected.
        offset: u64,
    },
}

impl MediaError {
    /// Whether reading again may succeed: the file itself was not at fault.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Read { .. })
    }
}

/// Something odd about a file that is played all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Bytes between frames that are no frames, or damaged ones. They are not sent.
    Skipped {
        /// Where the first of them is.
        offset: u64,
        /// How many bytes, all places together.
        bytes: u64,
        /// How many places.
        places: u64,
    },
    /// The file ends within something; the rest of it is played.
    Truncated {
        /// Where.
        offset: u64,
        /// What was expected there.
        expected: &'static str,
    },
    /// Frames or streams that are there and are not played.
    Ignored {
        /// Where the first of them is.
        offset: u64,
        /// What they are.
        what: &'static str,
    },
    /// Two places of the file disagree; what the frames say is believed.
    Contradiction {
        /// What is contradicted.
        what: &'static str,
        /// What it says.
        claimed: u64,
        /// What the frames say.
        found: u64,
    },
    /// The tags, or some of them, could not be read.
    Tags {
        /// Why.
        problem: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped { offset, bytes, places: 1 } => {
                write!(formatter, "{bytes} bytes at byte {offset} are no frames and are skipped")
            }
            Self::Skipped { offset, bytes, places } => {
                write!(
                    formatter,
                    "{bytes} bytes in {places} places, from byte {offset} on, are no frames and are skipped"
                )
            }
            Self::Truncated { offset, expected } => {
                write!(formatter, "the file ends within {expected} at byte {offset}")
            }
            Self::Ignored { offset, what } => write!(formatter, "{what} at byte {offset} is not played"),
            Self::Contradiction { what, claimed, found } => {
                write!(formatter, "{what} says {claimed}, but there are {found}")
            }
            Self::Tags { problem } => write!(formatter, "tags: {problem}"),
        }
    }
}

/// The notes of one file. Their number is bounded by what there is to say, not by the file.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    /// Adds a note. Places of damage are counted, not listed: a hostile file may have millions.
    pub(crate) fn add(&mut self, note: Note) {
        if let Note::Skipped { bytes: more, .. } = note {
            if let Some(Note::Skipped { bytes, places, .. }) =
                self.0.iter_mut().find(|known| matches!(known, Note::Skipped { .. }))
            {
                *bytes += more;
                *places += 1;
                return;
            }
        } else if self.0.iter().any(|known| same_kind(known, &note)) {
            return;
        }
        self.0.push(note);
    }

    /// `bytes` at `offset` that are no frames.
    pub(crate) fn skipped(&mut self, offset: u64, bytes: u64) {
        if bytes > 0 {
            self.add(Note::Skipped { offset, bytes, places: 1 });
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Note> {
        self.0
    }
}

/// Whether two notes say the same of different places.
fn same_kind(one: &Note, other: &Note) -> bool {
    match (one, other) {
        (Note::Truncated { expected: one, .. }, Note::Truncated { expected: other, .. })
        | (Note::Ignored { what: one, .. }, Note::Ignored { what: other, .. })
        | (Note::Contradiction { what: one, .. }, Note::Contradiction { what: other, .. }) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_damage_are_counted_and_not_listed() {
        let mut notes = Notes::default();
        for offset in 0..1000 {
            notes.skipped(offset, 3);
            notes.add(Note::Truncated { offset, expected: "a frame" });
        }
        notes.skipped(7, 0);
        assert_eq!(
            notes.into_vec(),
            [
                Note::Skipped { offset: 0, bytes: 3000, places: 1000 },
                Note::Truncated { offset: 0, expected: "a frame" }
            ]
        );
    }
}
