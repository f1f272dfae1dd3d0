//! `tasks`: who does what at the moment.

use clap::Command;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `tasks`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "tasks", rights: Rights::NONE, arguments, reads_input: false, run, words: no_words };

fn arguments() -> Command {
    Command::new("tasks")
        .about("List the commands that run at the moment")
        .after_help("Columns: number, how it came, user, peer, seconds since its beginning, command.")
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let now = reactor::clock::now();
    for task in call.context.sessions.tasks() {
        let seconds = now.saturating_duration_since(task.since).as_secs();
        let peer = if task.peer.is_empty() { "-" } else { &task.peer };
        call.line(format_args!(
            "{:>6} {:<4} {:<12} {peer:<22} {seconds:>6} {}",
            task.number, task.front, task.user, task.command
        ))?;
    }
    Ok(())
}
