//! `si`: how the server is.

use std::sync::atomic::Ordering;

use clap::Command;
use radio_library::change::BlobKind;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;
use crate::station::wall_ms;
use crate::times;

/// `si`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "si", rights: Rights::NONE, arguments, reads_input: false, run, words: no_words };

fn arguments() -> Command {
    Command::new("si").about("Show server information")
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let context = call.context;
    let counters = context.sessions.counters();
    call.line(format_args!("version: {}", env!("CARGO_PKG_VERSION")))?;
    call.line(format_args!("library_pid: {}", std::process::id()))?;
    if let Some(status) = context.station.status() {
        let uptime_s = wall_ms().saturating_sub(status.started_wall_ms) / 1000;
        call.line(format_args!("uptime: {}", times::minutes(uptime_s)))?;
        call.line(format_args!("status_flags: {}", status.flags))?;
        call.line(format_args!("songs_begun: {}", status.songs_begun))?;
        call.line(format_args!("late_files: {}", status.late_files))?;
        call.line(format_args!("queue_length: {}", status.queue_length))?;
        for sender in &status.senders {
            let state = if sender.on { "on" } else { "off" };
            let (name, listeners, detail) = (&sender.name, sender.listeners, &sender.detail);
            call.line(format_args!("sender_{name}: {state}, {listeners} listeners, {detail}"))?;
        }
    }
    call.line(format_args!("afs_mode: {}", context.mode()))?;
    call.line(format_args!("songs: {}", context.library.catalogue().len()))?;
    for kind in BlobKind::ALL {
        let count = context.library.blobs(kind, &[]).map_or(0, |blobs| blobs.len());
        call.line(format_args!("{kind}: {count}"))?;
    }
    for (name, counter) in [
        ("connections", &counters.connections),
        ("logins", &counters.logins),
        ("refused_logins", &counters.refused_logins),
        ("login_timeouts", &counters.login_timeouts),
        ("commands", &counters.commands),
        ("failed_commands", &counters.failed_commands),
    ] {
        call.line(format_args!("{name}: {}", counter.load(Ordering::Relaxed)))?;
    }
    call.line(format_args!("active_tasks: {}", context.sessions.tasks().len()))
}
