//! What commands and fronts work on.
//!
//! A front (ssh, MPD's protocol, the control socket) is given an `Arc<Context>` and needs nothing else:
//! - [`Context::library`]: songs, attributes, blobs, stickers, history; its calls may wait for the disk, so a front on a runtime makes them
//!   on threads that may block. [`Library::subscribe`] tells of changes.
//! - [`Context::station`]: the stream. [`Station::ask`] for requests, [`Station::status`] and [`Station::watch`] for what it does.
//! - [`Context::program`]: what is chosen from, and why a song's turn is when it is.
//! - [`Context::import`]: bringing files in.
//! - [`Context::sessions`]: a front enters what it runs, so that `tasks` shows it.

use std::path::PathBuf;
use std::sync::Arc;

use control::log::Logging;
use radio_library::Library;
use radio_library::mood::{Mood, MoodError};
use radio_library::song::SongId;
use tokio::sync::watch;

use crate::histories::Histories;
use crate::importer::Importer;
use crate::program::{Program, score_of};
use crate::sessions::Sessions;
use crate::station::{Station, wall_ms};
use crate::users::Users;

/// Everything that a command may need. One for the process; fronts share it.
#[derive(Debug)]
pub struct Context {
    /// What there is to play.
    pub library: Arc<Library>,
    /// What is played next.
    pub program: Arc<Program>,
    /// The stream.
    pub station: Station,
    /// What brings files into the library.
    pub import: Importer,
    /// Who does what at the moment.
    pub sessions: Sessions,
    /// The log of this process.
    pub logging: Logging,
    /// The directories of music that the service was started with.
    pub directories: Vec<PathBuf>,
    pub(crate) users: watch::Receiver<Arc<Users>>,
    pub(crate) histories: Histories,
}

/// What a context is made of.
#[derive(Debug)]
pub struct ContextParts {
    /// See [`Context::library`].
    pub library: Arc<Library>,
    /// See [`Context::program`].
    pub program: Arc<Program>,
    /// See [`Context::station`].
    pub station: Station,
    /// See [`Context::import`].
    pub import: Importer,
    /// See [`Context::logging`].
    pub logging: Logging,
    /// See [`Context::directories`].
    pub directories: Vec<PathBuf>,
    /// Who may log in.
    pub users: watch::Receiver<Arc<Users>>,
}

/// Why a mood is not taken.
#[derive(Debug, thiserror::Error)]
pub enum MoodRefusal {
    /// It is no text.
    #[error("not in UTF-8 from byte {0} on")]
    NotText(usize),
    /// It is wrong.
    #[error(transparent)]
    Wrong(#[from] MoodError),
}

impl Context {
    /// A context of these parts.
    #[must_use]
    pub fn new(parts: ContextParts) -> Self {
        let ContextParts { library, program, station, import, logging, directories, users } = parts;
        Self {
            library,
            program,
            station,
            import,
            logging,
            directories,
            users,
            sessions: Sessions::default(),
            histories: Histories::default(),
        }
    }

    /// Who may log in, and a way to wait for that to change.
    #[must_use]
    pub fn users(&self) -> watch::Receiver<Arc<Users>> {
        self.users.clone()
    }

    /// What is selected, as `select` takes it.
    #[must_use]
    pub fn mode(&self) -> String {
        self.program.selection().to_string()
    }

    /// The score of a song; `None`: it is not admissible.
    #[must_use]
    pub fn score(&self, song: SongId) -> Option<i64> {
        let now_s = wall_ms() / 1000;
        self.program.with_choice(|choice| choice.standing(song, now_s)).as_ref().map(score_of)
    }

    /// Every admissible song, the next first, with its score.
    #[must_use]
    pub fn scores(&self) -> Vec<(SongId, i64)> {
        let now_s = wall_ms() / 1000;
        let ordered = self.program.with_choice(|choice| choice.ordered(now_s, usize::MAX));
        ordered.into_iter().map(|(song, standing)| (song.id, score_of(&standing))).collect()
    }

    /// Whether a text is a mood; attributes that it names need not be there yet.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn check_mood(&self, content: &[u8]) -> Result<Mood, MoodRefusal> {
        let text = std::str::from_utf8(content).map_err(|error| MoodRefusal::NotText(error.valid_up_to()))?;
        Ok(Mood::parse(text)?)
    }
}
