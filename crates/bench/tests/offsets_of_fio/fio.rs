//! Runs fio and reads the log of what it did.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::offsets::{Io, SyncKind};

use crate::case::{Case, Entry, direction};

/// The oracle.
pub(crate) const PROGRAM: &str = "/usr/bin/fio";
/// The version whose offsets we give.
pub(crate) const VERSION: &str = "fio-3.33";

/// The number of the signal that ends what does not end.
const KILLED: i32 = 9;

/// Why there is nothing to compare with; `None`: there is.
pub(crate) fn missing() -> Option<String> {
    match Command::new(PROGRAM).arg("--version").output() {
        Err(error) => Some(format!("{PROGRAM}: {error}")),
        Ok(output) => {
            let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            (version != VERSION).then(|| format!("{PROGRAM} is {version}, not {VERSION}"))
        }
    }
}

/// A folder that goes when the value does.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = parent.join(format!("tidegate-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: a folder that stays is no reason to fail a test.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What fio did.
pub(crate) enum Outcome {
    /// The entries of each clone, in the order of clones' names.
    Done(Vec<Vec<Entry>>),
    /// It did not want to, and said this.
    Refused(String),
    /// It did not end.
    Endless,
}

/// Runs fio for a case.
pub(crate) fn run(folder: &Folder, case: &Case, command: &str) -> Outcome {
    let log = folder.0.join("log");
    // fio appends.
    let _ = fs::remove_file(&log);
    let names: Vec<Vec<String>> = (0..case.clones()).map(|clone| case.file_names(clone)).collect();
    if let Some(bytes) = case.existing_bytes() {
        for name in names.iter().flatten() {
            fs::File::create(folder.0.join(name)).unwrap().set_len(bytes).unwrap();
        }
    }
    // Some jobs never end with fio: those where nothing that is drawn fits.
    let output = Command::new("timeout")
        .args(["--signal=KILL", "20", PROGRAM])
        .args(["--name=j", "--thread", "--write_iolog=log"])
        .args(command.split_whitespace())
        .current_dir(&folder.0)
        .output()
        .unwrap();
    for name in names.iter().flatten() {
        let _ = fs::remove_file(folder.0.join(name));
    }
    if output.status.code().is_none_or(|code| code == 128 + KILLED) {
        return Outcome::Endless;
    }
    if !output.status.success() {
        return Outcome::Refused(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned());
    }
    let text = fs::read_to_string(log).unwrap();
    Outcome::Done(names.iter().map(|names| read(&text, names)).collect())
}

/// The entries of a log (version 3) that are about these files.
fn read(text: &str, names: &[String]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let &[_, name, action, offset, length] = words.as_slice() else { continue };
        let Some(file) = names.iter().position(|known| known == name) else { continue };
        entries.push(match action {
            "sync" => Entry::Sync(SyncKind::Fsync),
            "datasync" => Entry::Sync(SyncKind::Fdatasync),
            "sync_file_range" => Entry::Sync(SyncKind::Range),
            action => Entry::Io(Io {
                file,
                direction: direction(action).unwrap_or_else(|| panic!("{line}")),
                offset: offset.parse().unwrap(),
                length: length.parse().unwrap(),
            }),
        });
    }
    entries
}
