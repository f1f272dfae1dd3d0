//! `ff`: goes some seconds forward or back.

use clap::{Arg, Command};
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `ff`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "ff",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("ff")
        .about("Go forward or back within the current song")
        .after_help(
            "Examples: ff 30 goes 30 seconds forward, ff 30- goes 30 seconds back. Beyond its end the song ends.",
        )
        .arg(
            Arg::new("seconds")
                .value_name("SECONDS[-]")
                .required(true)
                .allow_hyphen_values(true)
                .help("How far; with a minus sign behind (or before) it: back"),
        )
}

/// Seconds with a sign before or behind, as milliseconds.
fn delta_ms(text: &str) -> Option<i64> {
    let (digits, sign) = match (text.strip_suffix('-'), text.strip_prefix('-'), text.strip_suffix('+')) {
        (Some(digits), None, _) => (digits, -1),
        (None, Some(digits), _) => (digits, -1),
        (None, None, Some(digits)) => (digits, 1),
        _ => (text, 1),
    };
    let seconds = digits.parse::<u32>().ok()?;
    Some(i64::from(seconds) * 1000 * sign)
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let text = call.value("seconds").unwrap_or_default();
    let delta_ms = delta_ms(text)
        .ok_or_else(|| CommandError::usage(format_args!("ff: {text:?}: expected seconds, such as 30 or 30-")))?;
    call.ask(Request::FastForward { delta_ms }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::delta_ms;

    #[test]
    fn the_sign_stands_before_or_behind() {
        for (text, delta) in
            [("30", Some(30_000)), ("30-", Some(-30_000)), ("-5", Some(-5000)), ("5+", Some(5000)), ("0", Some(0))]
        {
            assert_eq!(delta_ms(text), delta, "{text}");
        }
        for text in ["", "-", "x", "-5-", "1.5", "99999999999"] {
            assert_eq!(delta_ms(text), None, "{text}");
        }
    }
}
