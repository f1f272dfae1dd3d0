//! The sessions of a listener: their processes, and whose turn it is.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use reactor::clock::{Duration, Instant};

use super::ListenerSettings;
use super::board::{Board, Outcome, Stage};
use super::socket::Peer;
use crate::worker::link::{FromListener, FromSession, Heard, Link, Terms};

/// A process whose link is gone is looked at so often until it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

struct Entry {
    number: u32,
    child: Child,
    /// `None`: it is gone, and the process is about to end.
    link: Option<Link>,
    runs: bool,
    /// The place in the queue that it was told.
    place: Option<usize>,
}

pub(super) struct Sessions {
    settings: ListenerSettings,
    board: Board,
    entries: Vec<Entry>,
    /// Sessions that wait for their turn.
    queue: VecDeque<u32>,
    last: u32,
}

impl Sessions {
    pub(super) fn new(settings: ListenerSettings, board: Board) -> Self {
        Self { settings, board, entries: Vec::new(), queue: VecDeque::new(), last: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// Starts a process for a connection. Its number is returned.
    pub(super) fn start(&mut self, stream: OwnedFd, peer: &Peer) -> io::Result<u32> {
        let (link, theirs) = Link::pair()?;
        let child = Command::new(&self.settings.program)
            .args(&self.settings.arguments)
            // A front end that names variables in its job files learns nothing of ours.
            .env_clear()
            .env(&self.settings.link_variable, "1")
            // A Ctrl-C is the listener's, which lets its sessions tell what was done.
            .process_group(0)
            .stdin(Stdio::from(stream))
            .stdout(Stdio::from(theirs))
            .spawn()?;
        let front_end = match peer {
            Peer::Tcp(address) => address.ip().to_canonical().to_string(),
            Peer::Unix => String::new(),
        };
        link.say(&FromListener::Terms(Box::new(Terms {
            permissions: self.settings.permissions.clone(),
            front_end,
            sandbox_off: self.settings.sandbox_off.clone(),
        })));
        self.last = self.last.wrapping_add(1);
        let number = self.last;
        self.board.add(number, peer.to_string(), child.id());
        self.entries.push(Entry { number, child, link: Some(link), runs: false, place: None });
        Ok(number)
    }

    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.entries.iter().filter_map(|entry| entry.link.as_ref()).map(AsFd::as_fd)
    }

    /// When to look without being asked.
    pub(super) fn next_time(&self, now: Instant) -> Option<Instant> {
        self.entries.iter().any(|entry| entry.link.is_none()).then(|| now + LOOK_EVERY)
    }

    /// Hears all sessions, gives turns, and takes leave of those that have ended.
    pub(super) fn look(&mut self) {
        for index in 0..self.entries.len() {
            self.hear(index);
        }
        let board = &self.board;
        self.entries.retain_mut(|entry| {
            let ended = match (&entry.link, entry.child.try_wait()) {
                (Some(_), _) | (None, Ok(None)) => return true,
                (None, Ok(Some(status))) => status.to_string(),
                (None, Err(error)) => error.to_string(),
            };
            board.gone(entry.number, &ended);
            false
        });
        self.give_turns();
    }

    fn hear(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        while let Some(link) = &mut entry.link {
            match link.hear::<FromSession>() {
                Heard::Nothing => return,
                Heard::Said(FromSession::Wants { jobs, version }) => {
                    self.board.wants(entry.number, jobs, version);
                    self.queue.push_back(entry.number);
                }
                Heard::Said(FromSession::Progress(progress)) => self.board.progress(entry.number, progress),
                Heard::Said(FromSession::Refused(words)) => self.board.refused(entry.number, words),
                Heard::Said(FromSession::Ended { succeeded, totals }) => {
                    entry.runs = false;
                    self.queue.retain(|number| *number != entry.number);
                    self.board.ended(
                        entry.number,
                        if succeeded { Outcome::Succeeded } else { Outcome::Failed },
                        totals,
                    );
                }
                Heard::Gone => {
                    entry.link = None;
                    entry.runs = false;
                    self.queue.retain(|number| *number != entry.number);
                }
            }
        }
    }

    /// Lets those run whose turn has come, and tells the others their places where they have changed.
    fn give_turns(&mut self) {
        while self.entries.iter().filter(|entry| entry.runs).count() < self.settings.runs_at_once {
            let Some(number) = self.queue.pop_front() else { break };
            let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number) else { continue };
            entry.runs = true;
            self.board.stage(number, Stage::Running);
            if let Some(link) = &entry.link {
                link.say(&FromListener::Go);
            }
        }
        for (place, number) in (1..).zip(&self.queue) {
            let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == *number) else { continue };
            if entry.place.replace(place) == Some(place) {
                continue;
            }
            self.board.stage(*number, Stage::Queued(place));
            if let Some(link) = &entry.link {
                link.say(&FromListener::Place(place));
            }
        }
    }

    /// Ends the run of a session.
    pub(super) fn stop(&mut self, number: u32, reason: &str) {
        let entry = self.entries.iter().find(|entry| entry.number == number);
        if let Some(link) = entry.and_then(|entry| entry.link.as_ref()) {
            link.say(&FromListener::Stop(reason.to_owned()));
            self.board.note(number, format!("told to end: {reason}"));
        }
    }

    /// Ends all runs; a session without one ends when its link is gone.
    pub(super) fn stop_all(&mut self, reason: &str) {
        for entry in &mut self.entries {
            if let Some(link) = &entry.link {
                link.say(&FromListener::Stop(reason.to_owned()));
            }
            if !entry.runs {
                entry.link = None;
            }
        }
    }

    /// Kills what is left.
    pub(super) fn kill_all(&mut self) {
        for entry in &mut self.entries {
            let _ = entry.child.kill();
            let _ = entry.child.wait();
        }
        self.entries.clear();
    }
}
