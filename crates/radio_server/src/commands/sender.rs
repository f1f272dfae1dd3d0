//! `sender`: switches senders, and tells what they do.

use clap::{Arg, Command};
use radio_stream::link::{Answer, Request};

use super::{Call, CommandEntry, CommandError};
use crate::context::Context;
use crate::rights::Rights;

/// `sender`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "sender",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words,
};

fn arguments() -> Command {
    Command::new("sender")
        .about("Control the senders")
        .after_help(
            "Without arguments: the list of senders. sender NAME help says what each takes. Examples:\n  \
             sender http deny 10.0.0.0/8\n  sender udp add 224.0.1.38:8000/1400:3:4",
        )
        .arg(
            Arg::new("words")
                .value_name("NAME on|off|allow|deny|add|delete|status|help")
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .help("The sender and what it is to do"),
        )
}

fn words(context: &Context) -> Vec<String> {
    let status = context.station.status();
    let senders = status.iter().flat_map(|status| &status.senders).map(|sender| sender.name.clone());
    let verbs = ["on", "off", "allow", "deny", "add", "delete", "status", "help"];
    senders.chain(verbs.map(str::to_owned)).collect()
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let arguments = call.values("words");
    if let Answer::Text { text } = call.ask(Request::Sender { arguments })? {
        write!(call.streams.output, "{text}")?;
    }
    Ok(())
}
