//! The stream side's part in commands on the control socket: it takes them, hands them to the library side, and answers.
//!
//! The table of the control socket has every command of [`commands::TABLE`](crate::commands::TABLE) but those that each service has
//! by the same name. While there is no library side, a command fails and says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use control::{Answer, Call, Command, PendingAnswer};
use radio_stream::link::Event;

use crate::commands::TABLE;
use crate::limits::{CONTROL_ANSWER_BYTES_MAXIMUM, CONTROL_CALLS_MAXIMUM};

/// The most words of a command.
const WORDS_MAXIMUM: usize = 4096;

/// Commands of the control table that stay what they are in every service.
const KEPT: [&str; 1] = ["version"];

/// Sends an event to the library side; false: there is none.
type Send = Box<dyn Fn(Event) -> bool + core::marker::Send + Sync>;

/// The commands that wait for their answers. Cheap to clone.
#[derive(Clone)]
pub struct ControlCalls(Arc<Shared>);

struct Shared {
    send: Send,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    last: u64,
    calls: HashMap<u64, WaitingCall>,
}

struct WaitingCall {
    text: String,
    answer: PendingAnswer,
}

impl ControlCalls {
    /// No commands; `send` hands events to the library side and says whether there is one.
    #[must_use]
    pub fn new(send: impl Fn(Event) -> bool + core::marker::Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { send: Box::new(send), waiting: Mutex::default() }))
    }

    /// Every command, for the control socket's table.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let entries = TABLE.iter().filter(|entry| !KEPT.contains(&entry.name));
        let command = |entry: &crate::commands::CommandEntry| {
            let (calls, name) = (self.clone(), entry.name);
            let usage = entry.command().get_about().map(ToString::to_string).unwrap_or_default();
            // The table of commands is made once for each service, and lives as long as it.
            let usage: &'static str = Box::leak(format!("[…]  {usage}").into_boxed_str());
            Command::deferred(name, usage, 0..=WORDS_MAXIMUM, move |call: &Call<'_>, answer| {
                let words = [name].into_iter().chain(call.arguments().iter().copied());
                calls.begin(words.map(str::to_owned).collect(), answer);
            })
        };
        entries.map(command).collect()
    }

    fn begin(&self, arguments: Vec<String>, answer: PendingAnswer) {
        let mut waiting = self.lock();
        if waiting.calls.len() >= CONTROL_CALLS_MAXIMUM {
            drop(waiting);
            return answer.complete(Err(format!("{CONTROL_CALLS_MAXIMUM} commands are under way; try again later")));
        }
        waiting.last += 1;
        let call = waiting.last;
        waiting.calls.insert(call, WaitingCall { text: String::new(), answer });
        drop(waiting);
        if !(self.0.send)(Event::Command { call, arguments }) {
            self.fail(call, "the library side is being started again; try again in a moment");
        }
    }

    /// Some output of a command.
    pub fn output(&self, call: u64, text: &str) {
        let mut waiting = self.lock();
        let Some(entry) = waiting.calls.get_mut(&call) else { return };
        if entry.text.len() + text.len() <= CONTROL_ANSWER_BYTES_MAXIMUM {
            entry.text.push_str(text);
            return;
        }
        drop(waiting);
        self.fail(call, "the answer is too long for the control socket; give the command by ssh");
        (self.0.send)(Event::CommandCancelled { call });
    }

    /// A command has ended.
    pub fn ended(&self, call: u64, status: u8) {
        let Some(WaitingCall { text, answer }) = self.lock().calls.remove(&call) else { return };
        answer.complete(match status {
            0 => Ok(Answer::Text(text)),
            _ if text.is_empty() => Err(format!("exit status {status}")),
            _ => Err(text.trim_end().to_owned()),
        });
    }

    /// The library side is gone: nothing of what waits will be answered.
    pub fn lost(&self) {
        let calls = std::mem::take(&mut self.lock().calls);
        for call in calls.into_values() {
            call.answer.complete(Err("the library side ended before it had answered".to_owned()));
        }
    }

    fn fail(&self, call: u64, text: &str) {
        if let Some(entry) = self.lock().calls.remove(&call) {
            entry.answer.complete(Err(text.to_owned()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
