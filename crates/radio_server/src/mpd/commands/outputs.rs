//! Outputs are senders.

use radio_stream::link::{Request, SenderStatus};

use super::super::refusal::Refusal;
use super::{CONTROL, Call, Entry, entry};
use crate::rights::Rights;

pub(super) const ENTRIES: &[Entry] = &[
    entry("outputs", Rights::STREAM_READ, (0, 0), outputs),
    entry("enableoutput", CONTROL, (1, 1), |call| switch(call, |_| true)),
    entry("disableoutput", CONTROL, (1, 1), |call| switch(call, |_| false)),
    entry("toggleoutput", CONTROL, (1, 1), |call| switch(call, |on| !on)),
    entry("outputset", CONTROL, (3, 3), set),
];

fn outputs(call: &mut Call<'_>) -> Result<(), Refusal> {
    for (number, sender) in call.station()?.senders.iter().enumerate() {
        call.reply.line("outputid", number);
        call.reply.line("outputname", &sender.name);
        call.reply.line("plugin", &sender.name);
        call.reply.line("outputenabled", u8::from(sender.on));
        call.reply.line("attribute", format_args!("listeners={}", sender.listeners));
    }
    Ok(())
}

fn switch(call: &mut Call<'_>, wanted: fn(bool) -> bool) -> Result<(), Refusal> {
    let sender = sender(call)?;
    let word = if wanted(sender.on) { "on" } else { "off" };
    call.ask(Request::Sender { arguments: vec![sender.name, word.to_owned()] }).map(drop)
}

/// Parity: an output of MPD's that has no attributes to set.
fn set(call: &mut Call<'_>) -> Result<(), Refusal> {
    sender(call)?;
    Err(Refusal::argument("Unsupported attribute; senders are set over ssh: sender NAME help"))
}

/// The sender that the first argument is the number of.
fn sender(call: &Call<'_>) -> Result<SenderStatus, Refusal> {
    let number: usize = call.number(0)?;
    let mut senders = call.station()?.senders;
    if number < senders.len() {
        Ok(senders.swap_remove(number))
    } else {
        Err(Refusal::no_exist("No such audio output"))
    }
}
