//! What this server can do.

use radio_media::Format;

use super::super::refusal::{Code, Refusal};
use super::{Call, Entry, entries, entry};
use crate::rights::Rights;

pub(super) const ENTRIES: &[Entry] = &[
    entry("commands", Rights::NONE, (0, 0), |call| commands(call, true)),
    entry("notcommands", Rights::NONE, (0, 0), |call| commands(call, false)),
    entry("urlhandlers", Rights::NONE, (0, 0), |_| Ok(())),
    entry("decoders", Rights::NONE, (0, 0), decoders),
    entry("config", Rights::NONE, (0, 0), |_| {
        // Parity: MPD tells it to clients of its local socket only.
        Err(Refusal::new(Code::Permission, "Command only permitted to local clients"))
    }),
];

/// Commands that the input knows by itself.
const INPUT_COMMANDS: &[&str] =
    &["close", "command_list_begin", "command_list_end", "command_list_ok_begin", "idle", "noidle"];

fn commands(call: &mut Call<'_>, permitted: bool) -> Result<(), Refusal> {
    let rights = call.server.rights(call.client);
    let fitting = entries().filter(|entry| rights.include(entry.rights) == permitted).map(|entry| entry.name);
    let always = INPUT_COMMANDS.iter().copied().filter(|_| permitted);
    let mut names: Vec<&str> = fitting.chain(always).collect();
    names.sort_unstable();
    names.iter().for_each(|name| call.reply.line("command", name));
    Ok(())
}

/// Every format that there may be.
const FORMATS: &[&str] = &["mp3", "ogg", "opus", "flac", "aac", "m4a"];

/// What can be played; nothing is decoded.
fn decoders(call: &mut Call<'_>) -> Result<(), Refusal> {
    for format in FORMATS.iter().filter_map(|name| Format::named(name)) {
        call.reply.line("plugin", format.name);
        call.reply.line("suffix", format.name);
        call.reply.line("mime_type", format.media_type());
    }
    Ok(())
}
