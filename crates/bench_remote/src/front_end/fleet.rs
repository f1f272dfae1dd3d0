//! All workers of a run: who is where, the common start, the progress of all.
//!
//! Without connections: whoever has them tells [`Fleet`] what came in, and asks it what is to be sent. RUN goes to all workers at once,
//! when each has understood its jobs or failed.
//!
//! Cost: everything is done when something comes in, but for a look at each worker a tick, some nanoseconds each.

use std::collections::VecDeque;

use bench::output::status_line::Status;

use super::conversation::{Conversation, Event};
use super::failure::{Failure, Stage};
use super::progress;
use crate::conversion::from_wire;

/// How often workers are asked for their progress at most, whatever is shown: it is how a worker shows that it is there.
const HEARTBEAT_MS: u64 = 1000;

/// Where a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In that stage.
    Talking(Stage),
    /// It has said all.
    Done,
    /// It failed.
    Failed,
}

/// A worker.
#[derive(Debug)]
pub struct Worker {
    /// Its address as the operator knows it, without the port.
    pub host: String,
    /// Its port; 0 where there is none.
    pub port: u16,
    /// Its own name; empty until it has told it.
    pub host_name: String,
    /// The version of its program; empty until it has told it.
    pub program: String,
    /// Where it is.
    pub state: State,
    /// What it last said of its progress.
    pub progress: Option<Status>,
    conversation: Conversation,
}

impl Worker {
    /// What it is called in messages: its own name, or its address.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.host_name.is_empty() { &self.host } else { &self.host_name }
    }

    /// What is said with it.
    #[must_use]
    pub const fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Its conversation goes on.
    #[must_use]
    pub const fn is_talking(&self) -> bool {
        matches!(self.state, State::Talking(_))
    }
}

/// Something that happened to a worker.
#[derive(Debug)]
pub enum News {
    /// It said something.
    Said(Event),
    /// It failed.
    Failed(Failure),
}

/// All workers of a run.
#[derive(Debug, Default)]
pub struct Fleet {
    workers: Vec<Worker>,
    news: VecDeque<(usize, News)>,
    /// Jobs are only read and checked: nobody starts.
    is_check: bool,
    is_started: bool,
    has_failures: bool,
    next_heartbeat_ms: u64,
}

impl Fleet {
    /// A fleet whose workers only read and check their jobs (`--parse-only`).
    #[must_use]
    pub fn of_checkers() -> Self {
        Self { is_check: true, ..Self::default() }
    }

    /// Adds a worker; returns its number.
    pub fn add(&mut self, host: &str, port: u16, conversation: Conversation) -> usize {
        self.workers.push(Worker {
            host: host.to_owned(),
            port,
            host_name: String::new(),
            program: String::new(),
            state: State::Talking(Stage::Asking),
            progress: None,
            conversation,
        });
        self.workers.len() - 1
    }

    /// The workers, in the order in which they were added.
    #[must_use]
    pub fn workers(&self) -> &[Worker] {
        &self.workers
    }

    /// Whether all has been said, by all of them.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.workers.iter().any(Worker::is_talking)
    }

    /// Whether any worker failed.
    #[must_use]
    pub const fn has_failures(&self) -> bool {
        self.has_failures
    }

    /// The next thing that happened.
    pub fn next_news(&mut self) -> Option<(usize, News)> {
        self.news.pop_front()
    }

    /// Takes what a worker has sent.
    ///
    /// # Panics
    /// When there is no such worker.
    pub fn receive(&mut self, worker: usize, bytes: &[u8], now_ms: u64) {
        let mut input = bytes;
        while self.workers[worker].is_talking() {
            match self.workers[worker].conversation.receive(&mut input, now_ms) {
                Ok(None) => break,
                Ok(Some(event)) => {
                    if !self.take(worker, event) {
                        break;
                    }
                }
                Err(failure) => self.fail(worker, failure),
            }
        }
        self.start_when_all_are_ready(now_ms);
    }

    /// Notes an event; false when the rest of the input means nothing.
    fn take(&mut self, number: usize, event: Event) -> bool {
        let worker = &mut self.workers[number];
        match &event {
            Event::Introduced(probe) => {
                worker.host_name = from_wire::text(&probe.host_name.to_text());
                worker.program = from_wire::text(&probe.fio_version.to_text());
            }
            Event::Ready => worker.state = State::Talking(Stage::Ready),
            Event::Progress(eta) => worker.progress = Some(from_wire::status(eta)),
            Event::Over => worker.state = State::Done,
            _ => {}
        }
        let goes_on = event != Event::Again;
        self.news.push_back((number, News::Said(event)));
        goes_on
    }

    /// A worker's connection was closed.
    ///
    /// # Panics
    /// When there is no such worker.
    pub fn closed(&mut self, worker: usize, now_ms: u64) {
        match self.workers[worker].conversation.closed() {
            Ok(None) => {}
            Ok(Some(event)) => {
                self.take(worker, event);
            }
            Err(failure) => self.fail(worker, failure),
        }
        self.start_when_all_are_ready(now_ms);
    }

    /// A worker failed of something that its conversation does not know.
    ///
    /// # Panics
    /// When there is no such worker.
    pub fn lost(&mut self, worker: usize, failure: Failure, now_ms: u64) {
        self.fail(worker, failure);
        self.start_when_all_are_ready(now_ms);
    }

    /// Notes that not all of a worker's results are there, though its conversation goes on.
    pub fn complain(&mut self, worker: usize, failure: Failure) {
        self.has_failures = true;
        self.news.push_back((worker, News::Failed(failure)));
    }

    fn fail(&mut self, worker: usize, failure: Failure) {
        if self.workers[worker].is_talking() {
            self.workers[worker].state = State::Failed;
            self.complain(worker, failure);
        }
    }

    /// A worker has a new connection, after [`Event::Again`].
    ///
    /// # Panics
    /// When there is no such worker.
    pub fn connected_again(&mut self, worker: usize, now_ms: u64) {
        self.workers[worker].conversation.connected_again(now_ms);
    }

    fn start_when_all_are_ready(&mut self, now_ms: u64) {
        let waits = |worker: &Worker| worker.state == State::Talking(Stage::Asking);
        if self.is_started || self.workers.iter().any(waits) {
            return;
        }
        self.is_started = true;
        if self.is_check {
            self.part();
            return;
        }
        for worker in self.workers.iter_mut().filter(|worker| worker.state == State::Talking(Stage::Ready)) {
            worker.conversation.run(now_ms);
            worker.state = State::Talking(Stage::Running);
        }
    }

    /// Whether RUN has been said.
    #[must_use]
    pub const fn is_started(&self) -> bool {
        self.is_started
    }

    /// What is due by the clock: asks for progress, gives silent workers up.
    pub fn tick(&mut self, now_ms: u64) {
        for number in 0..self.workers.len() {
            if self.workers[number].is_talking()
                && let Err(failure) = self.workers[number].conversation.check(now_ms)
            {
                self.lost(number, failure, now_ms);
            }
        }
        if now_ms >= self.next_heartbeat_ms {
            self.next_heartbeat_ms = now_ms + HEARTBEAT_MS;
            self.ask_progress();
        }
    }

    /// Asks every worker for its progress now.
    pub fn ask_progress(&mut self) {
        self.talking().for_each(Conversation::ask_progress);
    }

    /// Ends all jobs; results come then. Before the start there are none, and nothing to wait for.
    pub fn stop(&mut self) {
        if self.is_started {
            self.talking().for_each(Conversation::stop);
        } else {
            self.is_started = true;
            self.part();
        }
    }

    /// Waits for nobody any more: who has not said all has failed.
    pub fn abandon(&mut self) {
        self.has_failures |= !self.is_over();
        self.is_started = true;
        self.part();
    }

    /// Has nothing more to say to anybody: workers drop the jobs when their connection goes.
    fn part(&mut self) {
        for worker in self.workers.iter_mut().filter(|worker| worker.is_talking()) {
            worker.state = State::Done;
        }
    }

    /// Sends a trigger to all workers.
    pub fn trigger(&mut self, command: &str) {
        self.talking().for_each(|conversation| conversation.trigger(command));
    }

    fn talking(&mut self) -> impl Iterator<Item = &mut Conversation> {
        self.workers.iter_mut().filter(|worker| worker.is_talking()).map(|worker| &mut worker.conversation)
    }

    /// The conversation with a worker, to answer it.
    ///
    /// # Panics
    /// When there is no such worker.
    pub fn conversation(&mut self, worker: usize) -> &mut Conversation {
        &mut self.workers[worker].conversation
    }

    /// The progress of all; `None` until one has told its own.
    #[must_use]
    pub fn progress(&self) -> Option<Status> {
        progress::sum(self.workers.iter().filter_map(|worker| worker.progress.as_ref()))
    }
}
