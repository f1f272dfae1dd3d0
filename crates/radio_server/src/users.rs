//! Who may log in over ssh: a file of lines `user NAME PUBLIC_KEY RIGHTS`.
//!
//! `PUBLIC_KEY` is the path of an OpenSSH public key file (`~/` is the home directory, other relative paths start at the users
//! file), or the key itself as it stands in such a file, with or without its comment. A user who has several keys has several lines.
//! `#` begins a comment; words with blanks in them stand in quotes. Parity: `para_server --user-list`, whose files are read as
//! they are but for the keys, which were RSA only there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::PublicKey;

use crate::rights::Rights;

/// The longest users file, in bytes.
pub const USERS_FILE_BYTES_MAXIMUM: u64 = 1 << 20;

/// The longest public key file, in bytes.
pub const PUBLIC_KEY_FILE_BYTES_MAXIMUM: u64 = 64 << 10;

/// What a key file or key begins with.
const KEY_TYPES: [&str; 4] = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"];

/// One line: a name, one of its keys, and what they may do together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserEntry {
    /// The name.
    pub name: String,
    /// The key, without its comment.
    pub key: PublicKey,
    /// What this user may do.
    pub rights: Rights,
}

/// Somebody who gives commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name, for the log.
    pub name: Arc<str>,
    /// What may be done.
    pub rights: Rights,
}

impl User {
    /// Whoever may write to the control socket: root and the service's own user.
    #[must_use]
    pub fn owner() -> Self {
        Self { name: "owner".into(), rights: Rights::ALL }
    }
}

/// Everybody who may log in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    entries: Vec<UserEntry>,
    key_files: Vec<PathBuf>,
}

/// A users file that cannot be used: one line.
#[derive(Debug, thiserror::Error)]
pub struct UsersError {
    path: PathBuf,
    /// Counted from 1; none: the file as a whole.
    line: Option<usize>,
    problem: String,
}

impl fmt::Display for UsersError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.problem)
    }
}

impl Users {
    /// Reads a file and the key files that it names.
    ///
    /// # Errors
    /// When a file cannot be read or a line is wrong; the message names file and line.
    pub fn read(path: &Path) -> Result<Self, UsersError> {
        let text = read_limited(path, USERS_FILE_BYTES_MAXIMUM).map_err(|problem| UsersError {
            path: path.to_owned(),
            line: None,
            problem,
        })?;
        Self::parse(path, &text)
    }

    /// Parses the text of a file; `path` is for errors and for relative names.
    ///
    /// # Errors
    /// When a line is wrong.
    pub fn parse(path: &Path, text: &str) -> Result<Self, UsersError> {
        let mut users = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            let at_line = |problem| UsersError { path: path.to_owned(), line: Some(line), problem };
            let Some((entry, file)) = parse_line(path, text).map_err(at_line)? else { continue };
            if users.entries.iter().any(|other| other.name == entry.name && other.key == entry.key) {
                return Err(at_line(format!("user {:?} has this key already", entry.name)));
            }
            users.entries.push(entry);
            users.key_files.extend(file);
        }
        Ok(users)
    }

    /// Every line.
    #[must_use]
    pub fn entries(&self) -> &[UserEntry] {
        &self.entries
    }

    /// The files that keys were read from.
    #[must_use]
    pub fn key_files(&self) -> &[PathBuf] {
        &self.key_files
    }

    /// Whether there is somebody of that name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// The user who has this name and key.
    #[must_use]
    pub fn find(&self, name: &str, key: &PublicKey) -> Option<User> {
        let matches = |entry: &&UserEntry| entry.name == name && entry.key.key_data() == key.key_data();
        self.entries.iter().find(matches).map(|entry| User { name: entry.name.as_str().into(), rights: entry.rights })
    }
}

/// What a line says, and the file that its key is in if it is not in the line itself.
fn parse_line(path: &Path, text: &str) -> Result<Option<(UserEntry, Option<PathBuf>)>, String> {
    const EXPECTED: &str = "expected: user NAME PUBLIC_KEY RIGHTS";
    let words = shell_words::split(strip_comment(text)).map_err(|error| format!("{error}; {EXPECTED}"))?;
    let Some(first) = words.first() else { return Ok(None) };
    if first != "user" {
        return Err(format!("{first:?} is no keyword; {EXPECTED}"));
    }
    let [_, name, key @ .., rights] = words.as_slice() else {
        return Err(EXPECTED.to_owned());
    };
    let rights = rights.parse().map_err(|error| format!("{error}"))?;
    let mut file = None;
    let mut key = match key {
        [] => return Err(format!("a word is missing; {EXPECTED}")),
        [kind, ..] if KEY_TYPES.iter().any(|prefix| kind.starts_with(prefix)) => parse_key(&key.join(" "))?,
        [name] => read_key(file.insert(resolve(path, name)))?,
        [_, surplus, ..] => return Err(format!("{surplus:?} is one word too many; {EXPECTED}")),
    };
    key.set_comment("");
    Ok(Some((UserEntry { name: name.clone(), key, rights }, file)))
}

/// The line without its comment. A `#` inside of a word belongs to the word.
fn strip_comment(text: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| text[..*at].chars().next_back().is_none_or(char::is_whitespace);
    text.match_indices('#').find(begins).map_or(text, |(at, _)| &text[..at])
}

fn resolve(users_file: &Path, name: &str) -> PathBuf {
    if let (Some(rest), Some(home)) = (name.strip_prefix("~/"), std::env::var_os("HOME")) {
        return Path::new(&home).join(rest);
    }
    users_file.parent().unwrap_or(Path::new("")).join(name)
}

fn read_key(path: &Path) -> Result<PublicKey, String> {
    let text =
        read_limited(path, PUBLIC_KEY_FILE_BYTES_MAXIMUM).map_err(|error| format!("{}: {error}", path.display()))?;
    if text.contains("PRIVATE KEY") {
        return Err(format!("{} is a private key; name the public one ({}.pub)", path.display(), path.display()));
    }
    let line = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    parse_key(line).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::from_openssh(text.trim())
        .map_err(|error| format!("this is no OpenSSH public key ({error}); ssh-keygen -t ed25519 makes one"))
}

/// The text of a file that may not be longer than that.
fn read_limited(path: &Path, limit: u64) -> Result<String, String> {
    use std::io::Read;
    let cannot = |error: std::io::Error| format!("cannot read it ({error})");
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(limit + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > limit { Err(format!("it is longer than {limit} bytes")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

    fn parse(text: &str) -> Result<Users, String> {
        Users::parse(Path::new("/etc/users"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn names_keys_and_rights_are_found() {
        let text =
            format!("# all\n\nuser anna {KEY} anna@home all\nuser bert {OTHER} AR,VR # guest\nuser bert {KEY} AR\n");
        let users = parse(&text).unwrap();
        let (key, other) = (PublicKey::from_openssh(KEY).unwrap(), PublicKey::from_openssh(OTHER).unwrap());
        assert_eq!(users.find("anna", &key).unwrap().rights, Rights::ALL);
        assert_eq!(users.find("bert", &other).unwrap().rights, Rights::LIBRARY_READ | Rights::STREAM_READ);
        assert_eq!(users.find("bert", &key).unwrap().rights, Rights::LIBRARY_READ);
        assert_eq!(users.find("anna", &other), None, "a key of somebody else");
        assert!(users.knows("anna") && !users.knows("carl"));
    }

    #[test]
    fn a_key_may_be_in_a_file_beside_the_users() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a key.pub"), format!("{KEY} comment\n")).unwrap();
        std::fs::write(directory.path().join("users"), "user anna 'a key.pub' VR\n").unwrap();
        let users = Users::read(&directory.path().join("users")).unwrap();
        assert!(users.find("anna", &PublicKey::from_openssh(KEY).unwrap()).is_some());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, problem) in [
            ("\nusr a b AR", "/etc/users:2: \"usr\" is no keyword; expected: user NAME PUBLIC_KEY RIGHTS"),
            ("user", "/etc/users:1: expected: user NAME PUBLIC_KEY RIGHTS"),
            ("user a AR", "/etc/users:1: a word is missing; expected"),
            ("user a k.pub XX", "/etc/users:1: \"XX\" is no right; expected some of AR"),
            ("user a b c AR", "/etc/users:1: \"c\" is one word too many"),
            ("user a ssh-ed25519 AAAA AR", "/etc/users:1: this is no OpenSSH public key"),
            ("user a missing.pub AR", "/etc/users:1: /etc/missing.pub: cannot read it (No such file"),
            ("user 'a", "/etc/users:1: missing closing quote; expected"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(problem), "{text:?}: {error}");
        }
        let twice = format!("user a {KEY} AR\nuser a {KEY} AW\n");
        assert_eq!(parse(&twice).unwrap_err(), "/etc/users:2: user \"a\" has this key already");
    }

    #[test]
    fn a_private_key_and_a_huge_file_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("id");
        std::fs::write(&key, "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
        let text = format!("user a {} AR\n", key.display());
        assert!(parse(&text).unwrap_err().contains("is a private key; name the public one"));
        std::fs::write(&key, "x".repeat(65_537)).unwrap();
        assert!(parse(&text).unwrap_err().contains("it is longer than 65536 bytes"));
    }
}
