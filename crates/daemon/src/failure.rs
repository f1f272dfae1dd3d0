//! Why a process does not go on, as its caller sees it.

use std::fmt;

/// One line for people, and the exit status that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    text: String,
    status: u8,
}

impl Failure {
    /// Something failed while running: exit status 1.
    pub fn running(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), status: 1 }
    }

    /// Wrong usage or configuration: exit status 2.
    pub fn usage(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), status: 2 }
    }

    /// An error and its causes, as something that failed while running: `what (why)`.
    pub(crate) fn caused(error: &dyn std::error::Error) -> Self {
        match error.source() {
            Some(cause) => Self::running(format_args!("{error} ({cause})")),
            None => Self::running(error),
        }
    }

    /// The exit status.
    #[must_use]
    pub fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}
