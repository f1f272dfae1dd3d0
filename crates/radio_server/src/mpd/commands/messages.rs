//! Messages from client to client.

use super::super::changes::Subsystem;
use super::super::refusal::Refusal;
use super::{Call, Entry, READ, entry};

pub(super) const ENTRIES: &[Entry] = &[
    entry("subscribe", READ, (1, 1), subscribe),
    entry("unsubscribe", READ, (1, 1), unsubscribe),
    entry("channels", READ, (0, 0), channels),
    entry("readmessages", READ, (0, 0), read),
    entry("sendmessage", super::CONTROL, (2, 2), send),
];

fn subscribe(call: &mut Call<'_>) -> Result<(), Refusal> {
    call.server.channels.subscribe(call.client.number, call.argument(0))?;
    call.server.changes.happened(&[Subsystem::Subscription]);
    Ok(())
}

fn unsubscribe(call: &mut Call<'_>) -> Result<(), Refusal> {
    call.server.channels.unsubscribe(call.client.number, call.argument(0))?;
    call.server.changes.happened(&[Subsystem::Subscription]);
    Ok(())
}

fn channels(call: &mut Call<'_>) -> Result<(), Refusal> {
    call.server.channels.names().iter().for_each(|name| call.reply.line("channel", name));
    Ok(())
}

fn read(call: &mut Call<'_>) -> Result<(), Refusal> {
    for (channel, text) in call.server.channels.take(call.client.number) {
        call.reply.line("channel", channel);
        call.reply.line("message", text);
    }
    Ok(())
}

fn send(call: &mut Call<'_>) -> Result<(), Refusal> {
    call.server.channels.send(call.argument(0), call.argument(1))?;
    call.server.changes.happened(&[Subsystem::Message]);
    Ok(())
}
