//! Reads the recorded sessions.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What both ends of a session sent.
pub(crate) struct Recording {
    /// The file's name without its ending.
    pub(crate) name: String,
    pub(crate) front_end: Vec<u8>,
    pub(crate) worker: Vec<u8>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captured")
}

/// All of them, by name.
pub(crate) fn recordings() -> &'static [Recording] {
    static RECORDINGS: OnceLock<Vec<Recording>> = OnceLock::new();
    RECORDINGS.get_or_init(read_all)
}

fn read_all() -> Vec<Recording> {
    let mut paths: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "session"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Recording {
    let text = std::fs::read_to_string(path).unwrap();
    let (mut front_end, mut worker) = (Vec::new(), Vec::new());
    let mut into = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line {
            "front end:" => into = Some(&mut front_end),
            "worker:" => into = Some(&mut worker),
            _ => line.split(' ').for_each(|token| append(token, into.as_mut().unwrap())),
        }
    }
    Recording { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), front_end, worker }
}

fn append(token: &str, bytes: &mut Vec<u8>) {
    if let Some(zeros) = token.strip_prefix('*') {
        bytes.resize(bytes.len() + zeros.parse::<usize>().unwrap(), 0);
        return;
    }
    for digits in token.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
    }
}

/// Asserts that two streams are the same, and says where they are not.
pub(crate) fn assert_same(name: &str, ours: &[u8], theirs: &[u8]) {
    let differs = ours.iter().zip(theirs).position(|(our, their)| our != their);
    if let Some(at) = differs {
        let around = at.saturating_sub(32)..;
        let show =
            |bytes: &[u8]| bytes[around.clone()].iter().take(64).map(|byte| format!("{byte:02x}")).collect::<String>();
        panic!("{name}: byte {at} differs\n ours {}\ntheirs {}", show(ours), show(theirs));
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: lengths");
}
