//! The stream side's part in commands on the control socket: it has the library side carry them out.
//!
//! The table of the control socket has every command of [`commands::TABLE`](crate::commands::TABLE) but those that each service has
//! by the same name. While there is no library side, a command fails and says so.

use control::{Answer, Call, Command, PendingAnswer};
use radio_stream::stream_side::CommandReply;

use crate::commands::{CommandEntry, TABLE};
use crate::limits::CONTROL_ANSWER_BYTES_MAXIMUM;
use crate::service::SharedStream;

/// The most words of a command.
const WORDS_MAXIMUM: usize = 4096;

/// Commands of the control table that stay what they are in every service.
const KEPT: [&str; 1] = ["version"];

/// Every command, for the control socket's table.
#[must_use]
pub(crate) fn commands(stream: &SharedStream) -> Vec<Command> {
    let entries = TABLE.iter().filter(|entry| !KEPT.contains(&entry.name));
    entries.map(|entry| command(entry, stream.clone())).collect()
}

fn command(entry: &CommandEntry, stream: SharedStream) -> Command {
    let name = entry.name;
    let usage = entry.command().get_about().map(ToString::to_string).unwrap_or_default();
    // The table is made once for a service and lives as long as it.
    let usage: &'static str = Box::leak(format!("[…]  {usage}").into_boxed_str());
    Command::deferred(name, usage, 0..=WORDS_MAXIMUM, move |call: &Call<'_>, answer| {
        let words = [name].into_iter().chain(call.arguments().iter().copied()).map(str::to_owned).collect();
        let reply = Reply { text: String::new(), answer: Some(answer) };
        stream.with(|stream| stream.command(words, Box::new(reply)));
    })
}

/// The answer to a command, gathered.
struct Reply {
    text: String,
    /// `None` once it is given.
    answer: Option<PendingAnswer>,
}

impl CommandReply for Reply {
    fn output(&mut self, text: &str) -> bool {
        if self.text.len() + text.len() <= CONTROL_ANSWER_BYTES_MAXIMUM {
            self.text.push_str(text);
        } else if let Some(answer) = self.answer.take() {
            answer.complete(Err("the answer is too long for the control socket; give the command by ssh".to_owned()));
        }
        self.answer.is_some()
    }

    fn ended(mut self: Box<Self>, status: u8) {
        let Some(answer) = self.answer.take() else { return };
        answer.complete(match status {
            0 => Ok(Answer::Text(self.text)),
            _ if self.text.is_empty() => Err(format!("exit status {status}")),
            _ => Err(self.text.trim_end().to_owned()),
        });
    }
}
