//! A few seconds of music out of nothing, for a radio that has no library yet: the demo that `tidegate up` starts, and tests.
//!
//! ```text
//! Piece (a line in a table) ── score: notes ── instrument: samples ── flac_writer: a file with tags
//! ```
//!
//! The same bytes on every machine: nothing but additions and multiplications of numbers is used, whose results IEEE 754 fixes.
//! No decoder is needed to know that it is right, and no encoder's library to make it.
//!
//! Cost: about a tenth of a second for a piece of 14 s, ten times that without optimisation; 16 bytes a sample while it is made.

mod flac_writer;
mod instrument;
mod score;
#[cfg(test)]
mod tests;

/// Sampling rate of everything here, in Hz.
pub const FREQUENCY_HZ: u32 = 44_100;

/// A piece of music.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// What it is called; the file is named after it.
    pub title: &'static str,
    /// Lower-case name of its file, without an ending.
    pub file_stem: &'static str,
    /// Beats a minute.
    tempo: u32,
    /// Roots of the chords, a bar each, in semitones above A1 (55 Hz), and whether each chord is minor.
    chords: &'static [(u32, bool)],
    /// Where the melody's notes come from.
    seed: u32,
}

/// Who plays.
pub const ARTIST: &str = "Tidegate";
/// The album.
pub const ALBUM: &str = "Tables of the Tides";

/// Every piece, in the order of the album.
pub const PIECES: &[Piece] = &[
    Piece {
        title: "Slack Water",
        file_stem: "slack_water",
        tempo: 84,
        chords: &[(0, true), (8, false), (3, false), (10, false)],
        seed: 0x51ac,
    },
    Piece {
        title: "Flood Stream",
        file_stem: "flood_stream",
        tempo: 104,
        chords: &[(3, false), (10, false), (0, true), (8, false)],
        seed: 0xf10d,
    },
    Piece {
        title: "Neap Tide",
        file_stem: "neap_tide",
        tempo: 92,
        chords: &[(5, true), (8, false), (3, false), (0, true)],
        seed: 0x4ea9,
    },
];

impl Piece {
    /// The piece as a FLAC file with tags.
    #[must_use]
    pub fn flac(&self) -> Vec<u8> {
        let samples = instrument::play(&score::notes(self), score::samples(self));
        let number = PIECES.iter().position(|piece| piece.title == self.title).map_or(1, |index| index + 1);
        let comments = [
            format!("TITLE={}", self.title),
            format!("ARTIST={ARTIST}"),
            format!("ALBUM={ALBUM}"),
            "GENRE=Ambient".to_owned(),
            format!("TRACKNUMBER={number}"),
        ];
        flac_writer::file(&samples, &comments)
    }
}
