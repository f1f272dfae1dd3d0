//! The threads that touch files: one opens and inspects them, one reads chunks of those that are open.
//!
//! They are two so that inspecting a long file does not hold up the chunks of the one that is playing. An opened file is kept by its
//! descriptor: it may be renamed or deleted while it is played.
//!
//! Cost: a file is read once to inspect it, and once, some seconds ahead, to be sent; that is mostly from the page cache.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use radio_media::{Inspected, Inspector, MediaError, Wanted};
use rustix::fs::OFlags;

use crate::link::FailureKind;
use crate::station::Failure;

/// What comes back.
#[derive(Debug)]
pub(crate) enum Fed {
    /// A file was opened, or not.
    Opened {
        /// The station's number of it.
        file: u64,
        /// What is in it.
        opened: Result<Arc<Inspected>, Failure>,
    },
    /// Chunks were read, or not.
    Loaded {
        /// The station's number of the load.
        ticket: u64,
        /// The chunks.
        loaded: Result<Vec<Vec<u8>>, Failure>,
    },
}

enum Job {
    Open { file: u64, path: PathBuf },
    Load { ticket: u64, file: u64, chunks: Vec<(u64, u32)> },
    Close { file: u64 },
}

/// Files that are open, by the station's number. `None`: closed before it was opened.
type Files = Arc<Mutex<HashMap<u64, Option<(Arc<File>, PathBuf)>>>>;

/// The two threads. Dropping it ends them as soon as what they are at is done.
#[derive(Debug)]
pub(crate) struct Feeder {
    opener: Option<Sender<Job>>,
    reader: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Feeder {
    /// Starts the threads. `fed` is called on them with whatever comes of the jobs.
    ///
    /// # Errors
    /// When the kernel has no threads left.
    pub(crate) fn start(fed: impl Fn(Fed) + Clone + Send + 'static) -> io::Result<Self> {
        let files = Files::default();
        let mut threads = Vec::new();
        let (opener, jobs) = channel();
        let (own_files, own_fed) = (Arc::clone(&files), fed.clone());
        threads.push(
            thread::Builder::new().name("opener".to_owned()).spawn(move || open_all(&jobs, &own_files, &own_fed))?,
        );
        let (reader, jobs) = channel();
        threads.push(thread::Builder::new().name("reader".to_owned()).spawn(move || read_all(&jobs, &files, &fed))?);
        Ok(Self { opener: Some(opener), reader: Some(reader), threads })
    }

    /// Opens and inspects a file.
    pub(crate) fn open(&self, file: u64, path: PathBuf) {
        Self::tell(self.opener.as_ref(), Job::Open { file, path });
    }

    /// Reads chunks of an open file.
    pub(crate) fn load(&self, ticket: u64, file: u64, chunks: Vec<(u64, u32)>) {
        Self::tell(self.reader.as_ref(), Job::Load { ticket, file, chunks });
    }

    /// Closes a file, after what was asked of it before.
    pub(crate) fn close(&self, file: u64) {
        Self::tell(self.reader.as_ref(), Job::Close { file });
    }

    fn tell(thread: Option<&Sender<Job>>, job: Job) {
        // A thread that is gone has panicked; that it gives no sign of life is noticed by the station, which gets no songs.
        if let Some(thread) = thread {
            let _ = thread.send(job);
        }
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.opener = None;
        self.reader = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn open_all(jobs: &Receiver<Job>, files: &Files, fed: &impl Fn(Fed)) {
    let mut inspector = Inspector::new(Wanted::STREAM);
    while let Ok(job) = jobs.recv() {
        let Job::Open { file, path } = job else { continue };
        let opened = open(&path, &mut inspector);
        let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
        // Closed meanwhile: it stays so.
        let is_wanted = files.remove(&file).is_none();
        let opened = opened.map(|(handle, inspected)| {
            if is_wanted {
                files.insert(file, Some((Arc::new(handle), path)));
            }
            Arc::new(inspected)
        });
        drop(files);
        fed(Fed::Opened { file, opened });
    }
}

fn read_all(jobs: &Receiver<Job>, files: &Files, fed: &impl Fn(Fed)) {
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Load { ticket, file, chunks } => {
                let known = files.lock().unwrap_or_else(PoisonError::into_inner).get(&file).cloned().flatten();
                let Some((handle, path)) = known else { continue };
                fed(Fed::Loaded { ticket, loaded: read_chunks(&handle, &path, &chunks) });
            }
            Job::Close { file } => {
                let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
                if files.remove(&file).is_none() {
                    files.insert(file, None);
                }
            }
            Job::Open { .. } => {}
        }
    }
}

fn open(path: &Path, inspector: &mut Inspector) -> Result<(File, Inspected), Failure> {
    let failure =
        |kind, problem: &dyn std::fmt::Display| Failure { kind, message: format!("{}: {problem}", path.display()) };
    // A pipe or a device that is called like a song must not hold us up.
    let flags = OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(flags).open(path).map_err(|error| {
        let missing = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        failure(if missing { FailureKind::Missing } else { FailureKind::Unreadable }, &error)
    })?;
    let metadata = file.metadata().map_err(|error| failure(FailureKind::Unreadable, &error))?;
    if !metadata.is_file() {
        return Err(failure(FailureKind::Unreadable, &"not a regular file"));
    }
    match inspector.inspect(&file) {
        Ok(inspected) => Ok((file, inspected)),
        Err(error) => {
            let kind = if error.is_transient() { FailureKind::Unreadable } else { FailureKind::Corrupt };
            Err(failure(kind, &with_source(&error)))
        }
    }
}

/// An error and what caused it, in one line.
fn with_source(error: &MediaError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn read_chunks(file: &File, path: &Path, chunks: &[(u64, u32)]) -> Result<Vec<Vec<u8>>, Failure> {
    let read = |&(offset, length): &(u64, u32)| {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, offset).map(|()| bytes).map_err(|error| {
            let (kind, problem) = if error.kind() == io::ErrorKind::UnexpectedEof {
                (FailureKind::Truncated, "the file was cut short while it was played".to_owned())
            } else {
                (FailureKind::Unreadable, error.to_string())
            };
            Failure { kind, message: format!("{}: {problem} (at byte {offset})", path.display()) }
        })
    };
    // What was read before the failing chunk is not handed on: it is a second at most.
    chunks.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes away.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("radio-feeder-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn feeder() -> (Feeder, Receiver<Fed>) {
        let (sender, receiver) = channel();
        (Feeder::start(move |fed| drop(sender.send(fed))).unwrap(), receiver)
    }

    fn opened(feeder: &Feeder, fed: &Receiver<Fed>, path: &Path) -> Result<Arc<Inspected>, Failure> {
        feeder.open(1, path.to_owned());
        let Fed::Opened { file: 1, opened } = fed.recv().unwrap() else { panic!("something else came") };
        opened
    }

    #[test]
    fn a_deleted_file_is_read_on_and_one_that_is_cut_is_not() {
        let folder = Folder::new("deleted");
        let path = folder.0.join("song.mp3");
        let bytes = crate::testing::mp3(44_100, 100);
        std::fs::write(&path, &bytes).unwrap();
        let (feeder, fed) = feeder();
        opened(&feeder, &fed, &path).unwrap();
        let cut = File::options().write(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        feeder.load(7, 1, vec![(0, 417), (417 * 50, 834)]);
        let Fed::Loaded { ticket: 7, loaded } = fed.recv().unwrap() else { panic!() };
        assert!(loaded.unwrap() == [bytes[..417].to_vec(), bytes[417 * 50..417 * 52].to_vec()]);
        cut.set_len(1000).unwrap();
        feeder.load(8, 1, vec![(0, 417), (417 * 50, 834)]);
        let Fed::Loaded { ticket: 8, loaded } = fed.recv().unwrap() else { panic!() };
        assert_eq!(loaded.unwrap_err().kind, FailureKind::Truncated);
    }

    #[test]
    fn what_cannot_be_opened_is_told_by_its_kind() {
        let folder = Folder::new("kinds");
        let corrupt = folder.0.join("corrupt.mp3");
        std::fs::write(&corrupt, "no audio at all").unwrap();
        let pipe = folder.0.join("pipe.mp3");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        let (feeder, fed) = feeder();
        for (path, kind) in [
            (folder.0.join("gone.mp3"), FailureKind::Missing),
            (corrupt.join("below.mp3"), FailureKind::Missing),
            (corrupt, FailureKind::Corrupt),
            (pipe, FailureKind::Unreadable),
            (folder.0.clone(), FailureKind::Unreadable),
        ] {
            let failure = opened(&feeder, &fed, &path).unwrap_err();
            assert_eq!(failure.kind, kind);
            assert!(failure.message.starts_with(&path.display().to_string()), "{}", failure.message);
        }
    }

    #[test]
    fn a_file_that_is_closed_before_it_is_open_does_not_stay_open() {
        let folder = Folder::new("closed");
        let path = folder.0.join("song.mp3");
        std::fs::write(&path, crate::testing::mp3(44_100, 10)).unwrap();
        let (feeder, fed) = feeder();
        feeder.close(1);
        feeder.load(1, 1, Vec::new());
        opened(&feeder, &fed, &path).unwrap();
        feeder.close(1);
        feeder.open(2, path);
        assert!(matches!(fed.recv().unwrap(), Fed::Opened { file: 2, opened: Ok(_) }));
        feeder.load(3, 2, Vec::new());
        assert!(
            matches!(fed.recv().unwrap(), Fed::Loaded { ticket: 3, loaded: Ok(_) }),
            "the first load brought nothing"
        );
    }
}
