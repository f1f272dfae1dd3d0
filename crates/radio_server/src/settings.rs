//! What the library side is told when it is started: everything of the configuration that concerns it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::mpd;

/// The library side's part of the configuration. It crosses from one process of this program to another, and so has no version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibrarySettings {
    /// The service's name.
    pub name: String,
    /// Directories of music: imported at the start, then watched.
    pub directories: Vec<PathBuf>,
    /// Where database and host key are.
    pub state: PathBuf,
    /// Who may log in over ssh; none: nobody.
    pub users: Option<PathBuf>,
    /// What is selected when nothing was selected before: `m/NAME` or `p/NAME`.
    pub initial_mode: Option<String>,
    /// Makes choices reproducible; none: another each time.
    pub seed: Option<u64>,
    /// What MPD's clients may do.
    pub mpd_access: mpd::Access,
    /// Whether changes in the directories are noticed by themselves.
    pub watch: bool,
    /// Layers of the sandbox that are off, by name.
    pub sandbox_off: Vec<String>,
    /// Directories that it has to read besides: of the users file and of the keys that it names.
    pub read: Vec<PathBuf>,
    /// The directory of the log file, in which it is rotated.
    pub log_directory: Option<PathBuf>,
}

/// What a listening socket is for, by the name that it has in [`daemon::ListeningSocket`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Front {
    /// ssh.
    Ssh,
    /// MPD's protocol.
    Mpd,
}

impl Front {
    /// Every front that listens.
    pub const ALL: [Self; 2] = [Self::Ssh, Self::Mpd];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Mpd => "mpd",
        }
    }
}

/// The first message on the channel to a library side. With it come, as descriptors, the link and one listening socket for each
/// of `fronts`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Greeting {
    pub(crate) settings: LibrarySettings,
    pub(crate) fronts: Vec<Front>,
}
