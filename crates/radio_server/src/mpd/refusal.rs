//! Why a command is not carried out, as MPD's clients are told: `ACK [CODE@PLACE] {COMMAND} MESSAGE`.

use std::fmt;

use radio_library::LibraryError;
use radio_stream::link::{Refusal as StationRefusal, RequestError};

/// The numbers that clients know. Parity: MPD's `Ack.hxx`, as its protocol documentation lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    NotList = 1,
    Argument = 2,
    Password = 3,
    Permission = 4,
    Unknown = 5,
    NoExist = 50,
    QueueFull = 51,
    System = 52,
    PlayerSync = 55,
    Exist = 56,
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    /// One line.
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl fmt::Display) -> Self {
        // A newline would begin an answer of its own.
        Self { code, message: message.to_string().replace(['\n', '\r'], " ") }
    }

    pub(super) fn argument(message: impl fmt::Display) -> Self {
        Self::new(Code::Argument, message)
    }

    pub(super) fn no_exist(message: impl fmt::Display) -> Self {
        Self::new(Code::NoExist, message)
    }

    pub(super) fn system(message: impl fmt::Display) -> Self {
        Self::new(Code::System, message)
    }

    /// Something that MPD has and a station does not. `reason` says what there is instead.
    pub(super) fn not_here(reason: &'static str) -> Self {
        Self::new(Code::System, reason)
    }

    /// The line that the client gets.
    pub(super) fn line(&self, place: usize, command: &str) -> String {
        format!("ACK [{}@{place}] {{{command}}} {}\n", self.code as u8, self.message)
    }
}

impl From<LibraryError> for Refusal {
    fn from(error: LibraryError) -> Self {
        let code = match &error {
            LibraryError::NoSuchSong(_) | LibraryError::NoSuchBlob { .. } | LibraryError::NoSuchAttribute { .. } => {
                Code::NoExist
            }
            LibraryError::NameTaken { .. } => Code::Exist,
            LibraryError::BadName { .. } | LibraryError::BlobTooLarge { .. } | LibraryError::StickerTooLarge { .. } => {
                Code::Argument
            }
            _ => Code::System,
        };
        Self::new(code, error)
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        let code = match &error {
            RequestError::Refused(StationRefusal::NoSuchEntry { .. }) => Code::NoExist,
            RequestError::Refused(StationRefusal::QueueFull { .. }) => Code::QueueFull,
            RequestError::Refused(StationRefusal::NothingCurrent) => Code::PlayerSync,
            RequestError::Refused(
                StationRefusal::BadPosition { .. } | StationRefusal::BadPercent { .. } | StationRefusal::BadPath { .. },
            ) => Code::Argument,
            RequestError::Refused(_) | RequestError::Lost => Code::System,
        };
        Self::new(code, error)
    }
}
