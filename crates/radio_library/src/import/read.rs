//! Reading files on several threads, and placing what was read.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use radio_media::{Inspected, Inspector, MediaError, Wanted};
use reactor::clock;

use super::place::Placing;
use super::walk::Candidate;
use super::{ImportOptions, ImportProblem, Report};
use crate::error::LibraryError;
use crate::library::Library;
use crate::limits::{BATCH_FILES_MAX, BATCH_TIME_MAX};
use crate::song::{FileState, SongId, Tags, Technical};

/// What was read and waits to be placed. More would only be memory: placing is faster than reading.
const READINGS_WAITING: usize = 256;

/// A file that was read.
pub(super) struct Reading {
    pub(super) path: PathBuf,
    pub(super) was_refused: bool,
    /// What it was when it was read: a change after that is seen at the next look.
    pub(super) file: FileState,
    pub(super) result: Result<Facts, MediaError>,
}

/// What a library keeps of an audio file.
pub(super) struct Facts {
    pub(super) content_hash: [u8; 32],
    pub(super) tags: Tags,
    pub(super) technical: Technical,
}

impl Library {
    pub(super) fn read_and_place(
        &self,
        candidates: &[Candidate],
        options: &ImportOptions,
        report: &mut Report<'_, '_>,
    ) -> Result<(), LibraryError> {
        let shared = Shared { candidates, next: AtomicUsize::new(0), stop: AtomicBool::new(false) };
        let workers = options.workers.get().min(candidates.len());
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(READINGS_WAITING);
            for _ in 0..workers {
                let (shared, sender) = (&shared, sender.clone());
                scope.spawn(move || shared.work(&sender));
            }
            drop(sender);
            let result = self.place_all(&receiver, options, report);
            // Workers that still have something to say find nobody to say it to, and end.
            shared.stop.store(true, Ordering::Relaxed);
            drop(receiver);
            result
        })
    }

    fn place_all(
        &self,
        readings: &Receiver<Result<Reading, ImportProblem>>,
        options: &ImportOptions,
        report: &mut Report<'_, '_>,
    ) -> Result<(), LibraryError> {
        let (mut batch, mut present) = (Vec::new(), HashSet::new());
        let mut started = clock::now();
        for reading in readings {
            match reading {
                Ok(reading) => batch.push(reading),
                Err(problem) => report.problem(problem),
            }
            let now = clock::now();
            if batch.len() >= BATCH_FILES_MAX || now - started >= BATCH_TIME_MAX {
                self.place(std::mem::take(&mut batch), &mut present, options, report)?;
                started = now;
            }
            if report.summary.stopped {
                break;
            }
        }
        self.place(batch, &mut present, options, report)
    }

    /// One transaction.
    fn place(
        &self,
        mut batch: Vec<Reading>,
        present: &mut HashSet<SongId>,
        options: &ImportOptions,
        report: &mut Report<'_, '_>,
    ) -> Result<(), LibraryError> {
        if batch.is_empty() {
            return Ok(());
        }
        // In the order of paths, in which they are asked for.
        batch.sort_unstable_by(|one, other| one.path.as_os_str().cmp(other.path.as_os_str()));
        let placed = self.write(|work| {
            let mut placing = Placing::new(work, options.now_s, present);
            batch.into_iter().map(|reading| placing.place(reading)).collect::<Result<Vec<_>, _>>()
        })?;
        for (path, placed) in placed {
            report.placed(&path, &placed);
        }
        Ok(())
    }
}

struct Shared<'a> {
    candidates: &'a [Candidate],
    next: AtomicUsize,
    stop: AtomicBool,
}

impl Shared<'_> {
    fn work(&self, sender: &SyncSender<Result<Reading, ImportProblem>>) {
        let mut inspector = Inspector::new(Wanted::STREAM);
        while !self.stop.load(Ordering::Relaxed) {
            let Some(candidate) = self.candidates.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            if let Some(reading) = read(candidate, &mut inspector).transpose()
                && sender.send(reading).is_err()
            {
                return;
            }
        }
    }
}

/// Reads a file. None: it went away meanwhile.
fn read(candidate: &Candidate, inspector: &mut Inspector) -> Result<Option<Reading>, ImportProblem> {
    let path = &candidate.path;
    let unreadable = |source| ImportProblem::Unreadable { path: path.clone(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(unreadable(source)),
    };
    let state = FileState::of(&file.metadata().map_err(unreadable)?);
    let result = match inspector.inspect(&file) {
        Err(MediaError::Read { source, .. }) => return Err(unreadable(source)),
        result => result.map(facts),
    };
    Ok(Some(Reading { path: path.clone(), was_refused: candidate.was_refused, file: state, result }))
}

fn facts(inspected: Inspected) -> Facts {
    let Inspected { format, technical, tags, content_hash, .. } = inspected;
    Facts {
        content_hash,
        technical: Technical {
            format: format.name.to_owned(),
            duration_ms: technical.duration_ms(),
            bitrate_kbit: technical.bitrate_kbit(),
            frequency_hz: technical.frequency_hz,
            channels: technical.channels,
        },
        tags,
    }
}
