//! What a user may do: paraslash's four rights.

use std::fmt;
use std::ops::BitOr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rights(u8);

/// One right, with its short and its long word.
struct Word {
    right: Rights,
    short: &'static str,
    long: &'static str,
}

/// Every right. Parity: `para_server`'s user list.
const WORDS: [Word; 4] = [
    Word { right: Rights::LIBRARY_READ, short: "AR", long: "AFS_READ" },
    Word { right: Rights::LIBRARY_WRITE, short: "AW", long: "AFS_WRITE" },
    Word { right: Rights::STREAM_READ, short: "VR", long: "VSS_READ" },
    Word { right: Rights::STREAM_WRITE, short: "VW", long: "VSS_WRITE" },
];

impl Rights {
    /// No right: for what everybody who is known may do.
    pub const NONE: Self = Self(0);
    /// To look at the library (`AR`).
    pub const LIBRARY_READ: Self = Self(1);
    /// To change the library, and what is chosen from it (`AW`).
    pub const LIBRARY_WRITE: Self = Self(2);
    /// To look at the stream (`VR`).
    pub const STREAM_READ: Self = Self(4);
    /// To change the stream (`VW`).
    pub const STREAM_WRITE: Self = Self(8);
    /// Everything.
    pub const ALL: Self = Self(15);

    /// Both of them.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every right of `needed` is among these.
    #[must_use]
    pub const fn include(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }

    /// Those of `needed` that are not among these.
    #[must_use]
    pub const fn lacking(self, needed: Self) -> Self {
        Self(needed.0 & !self.0)
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

impl fmt::Display for Rights {
    /// The short words with commas; `none` for none.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = WORDS.iter().filter(|word| self.include(word.right)).map(|word| word.short).collect();
        formatter.write_str(if words.is_empty() { "none" } else { "" })?;
        formatter.write_str(&words.join(","))
    }
}

/// A word that is no right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no right; expected some of AR, AW, VR, VW (or AFS_READ, AFS_WRITE, VSS_READ, VSS_WRITE) with commas between them, \
     all, or none"
)]
pub struct UnknownRight(String);

impl FromStr for Rights {
    type Err = UnknownRight;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').try_fold(Self::NONE, |rights, word| {
            if word.eq_ignore_ascii_case("all") {
                return Ok(Self::ALL);
            }
            if word.eq_ignore_ascii_case("none") {
                return Ok(rights);
            }
            let is_it = |entry: &&Word| word.eq_ignore_ascii_case(entry.short) || word.eq_ignore_ascii_case(entry.long);
            WORDS.iter().find(is_it).map(|entry| rights | entry.right).ok_or_else(|| UnknownRight(word.to_owned()))
        })
    }
}

impl TryFrom<String> for Rights {
    type Error = UnknownRight;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Rights> for String {
    fn from(rights: Rights) -> Self {
        rights.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written() {
        assert_eq!("AR,vw".parse(), Ok(Rights::LIBRARY_READ | Rights::STREAM_WRITE));
        assert_eq!("AFS_READ,AFS_WRITE,VSS_READ,VSS_WRITE".parse(), Ok(Rights::ALL));
        assert_eq!("all".parse(), Ok(Rights::ALL));
        assert_eq!("none".parse(), Ok(Rights::NONE));
        for wrong in ["", "AR,", "AX", "AR VW"] {
            assert!(wrong.parse::<Rights>().is_err(), "{wrong:?}");
        }
        assert_eq!((Rights::LIBRARY_WRITE | Rights::STREAM_READ).to_string(), "AW,VR");
        assert_eq!(Rights::NONE.to_string(), "none");
    }

    #[test]
    fn every_right_of_a_command_is_needed() {
        let command = Rights::LIBRARY_READ | Rights::LIBRARY_WRITE;
        assert!(Rights::ALL.include(command));
        assert!(!Rights::LIBRARY_READ.include(command));
        assert!(Rights::NONE.include(Rights::NONE));
        assert_eq!(Rights::LIBRARY_READ.lacking(command), Rights::LIBRARY_WRITE);
    }
}
