//! `ll`: what is logged.

use clap::{Arg, Command};
use radio_stream::link::{Answer, Request};

use super::{Call, CommandEntry, CommandError};
use crate::context::Context;
use crate::rights::Rights;

/// `ll`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "ll", rights: Rights::NONE, arguments, reads_input: false, run, words };

fn arguments() -> Command {
    Command::new("ll")
        .about("Show or change what is logged")
        .after_help(
            "Everybody may look; changing takes all four rights. SPEC is as of -v and vlog/set: a level (off, emer, err, warn, \
             info, dbg), or MODULE:DESTINATION:LEVEL. Paraslash's words (debug, info, notice, warning, error, crit, emerg) are \
             understood.",
        )
        .arg(Arg::new("level").value_name("SPEC").help("What is to be logged from now on"))
}

fn words(_: &Context) -> Vec<String> {
    ["dbg", "info", "warn", "err", "emer", "off"].map(str::to_owned).to_vec()
}

/// Paraslash's severities in our words.
fn translated(word: &str) -> &str {
    match word {
        "debug" => "dbg",
        "notice" => "info",
        "warning" => "warn",
        "error" | "crit" => "err",
        "emerg" => "emer",
        other => other,
    }
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let mut words = vec!["log".to_owned()];
    if let Some(level) = call.value("level").map(translated).map(str::to_owned) {
        let lacking = call.user.rights.lacking(Rights::ALL);
        if lacking != Rights::NONE {
            return Err(CommandError::Forbidden { name: "ll SPEC", user: call.user.name.clone(), lacking });
        }
        call.context.logging.apply(&level).map_err(|error| CommandError::usage(format_args!("ll: {error}")))?;
        words.push(level);
    }
    if let Answer::Text { text } = call.ask(Request::Service { words })? {
        write!(call.streams.output, "{text}")?;
    }
    Ok(())
}
