//! Outputs are senders.

use radio_stream::link::Request;

use super::super::refusal::Refusal;
use super::{CONTROL, Call, Entry, entry};
use crate::rights::Rights;

pub(super) const ENTRIES: &[Entry] = &[
    entry("outputs", Rights::STREAM_READ, (0, 0), outputs),
    entry("enableoutput", CONTROL, (1, 1), |call| switch(call, |_| true)),
    entry("disableoutput", CONTROL, (1, 1), |call| switch(call, |_| false)),
    entry("toggleoutput", CONTROL, (1, 1), |call| switch(call, |on| !on)),
    entry("outputset", CONTROL, (3, 3), |_| Err(Refusal::not_here("senders are set over ssh: sender NAME help"))),
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
    let number: usize = call.number(0)?;
    let status = call.station()?;
    let sender = status.senders.get(number).ok_or_else(|| Refusal::no_exist("No such audio output"))?;
    let word = if wanted(sender.on) { "on" } else { "off" };
    call.ask(Request::Sender { arguments: vec![sender.name.clone(), word.to_owned()] }).map(drop)
}
