//! What a service says about itself, in sd_notify's words: `KEY=value` lines in one datagram.
//!
//! The same words go to the supervisor, to the waiting parent of a detached service and to systemd. A message arrives
//! whole or not at all, so half a message or a stray byte can never be taken for readiness.

/// The longest datagram that is sent or read, in bytes.
pub const MESSAGE_LIMIT_BYTES: usize = 32 * 1024;

/// The longest text of a status or crash report that is sent, in bytes, so that the message stays below its limit.
const TEXT_LIMIT_BYTES: usize = 15 * 1024;

/// One thing that a service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// It serves.
    Ready,
    /// It re-reads its configuration; [`Notification::Ready`] follows when that is done.
    Reloading {
        /// When it began, on the monotonic clock, in microseconds.
        monotonic_us: u64,
    },
    /// It is ending.
    Stopping,
    /// One line for people.
    Status(String),
    /// It is alive and well.
    Watchdog,
    /// The process that is to be watched.
    MainPid(u32),
    /// It works by the configuration that it was offered.
    Taken,
    /// It has to be started again for the configuration that it was offered: what of it, in one line.
    Declined(String),
    /// It is about to die of an error of its own: what happened and where, several lines.
    Crash(String),
}

/// The key of a crash report; systemd skips keys that begin with `X_`.
const CRASH_KEY: &str = "X_TIDEGATE_CRASH";

/// The key of what becomes of an offered configuration.
const TAKEN_KEY: &str = "X_TIDEGATE_TAKEN";

/// The key of why an offered configuration takes a restart.
const DECLINED_KEY: &str = "X_TIDEGATE_DECLINED";

/// Several notifications as one datagram, which stays below [`MESSAGE_LIMIT_BYTES`] when it holds at most one of each
/// kind. Longer texts are cut.
#[must_use]
pub fn encode(notifications: &[Notification]) -> Vec<u8> {
    let mut lines = Vec::new();
    for notification in notifications {
        match notification {
            Notification::Ready => lines.push("READY=1".to_owned()),
            Notification::Reloading { monotonic_us } => {
                lines.push("RELOADING=1".to_owned());
                lines.push(format!("MONOTONIC_USEC={monotonic_us}"));
            }
            Notification::Stopping => lines.push("STOPPING=1".to_owned()),
            Notification::Status(text) => lines.push(format!("STATUS={}", one_line(text))),
            Notification::Watchdog => lines.push("WATCHDOG=1".to_owned()),
            Notification::MainPid(pid) => lines.push(format!("MAINPID={pid}")),
            Notification::Taken => lines.push(format!("{TAKEN_KEY}=1")),
            Notification::Declined(text) => lines.push(format!("{DECLINED_KEY}={}", one_line(text))),
            Notification::Crash(text) => lines.extend(crash_lines(text)),
        }
    }
    lines.join("\n").into_bytes()
}

/// The notifications in a datagram, in order. What is not known is skipped: a newer service may say more.
#[must_use]
pub fn decode(datagram: &[u8]) -> Vec<Notification> {
    let Ok(text) = std::str::from_utf8(datagram) else { return Vec::new() };
    let mut notifications = Vec::new();
    let mut crash: Vec<&str> = Vec::new();
    let mut reloading = false;
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        match (key, value) {
            ("READY", "1") => notifications.push(Notification::Ready),
            ("RELOADING", "1") => reloading = true,
            ("MONOTONIC_USEC", number) if reloading => {
                notifications.extend(number.parse().ok().map(|monotonic_us| Notification::Reloading { monotonic_us }));
            }
            ("STOPPING", "1") => notifications.push(Notification::Stopping),
            ("STATUS", text) => notifications.push(Notification::Status(text.to_owned())),
            ("WATCHDOG", "1") => notifications.push(Notification::Watchdog),
            ("MAINPID", pid) => notifications.extend(pid.parse().ok().map(Notification::MainPid)),
            (TAKEN_KEY, "1") => notifications.push(Notification::Taken),
            (DECLINED_KEY, text) => notifications.push(Notification::Declined(text.to_owned())),
            (CRASH_KEY, line) => crash.push(line),
            _ => {}
        }
    }
    if !crash.is_empty() {
        notifications.push(Notification::Crash(crash.join("\n")));
    }
    notifications
}

/// As many lines of a crash report as fit, each with its key.
fn crash_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut length = 0;
    for line in limited(text).lines() {
        let line = format!("{CRASH_KEY}={line}");
        length += line.len() + 1;
        if length > TEXT_LIMIT_BYTES {
            break;
        }
        lines.push(line);
    }
    lines
}

/// The beginning of a text, as one line.
fn one_line(text: &str) -> String {
    limited(text).replace('\n', " ")
}

/// The beginning of a text, cut between two characters.
fn limited(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_LIMIT_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let said = [
            Notification::Ready,
            Notification::MainPid(7),
            Notification::Status("serving ümläut = 1".to_owned()),
            Notification::Reloading { monotonic_us: 12 },
            Notification::Watchdog,
            Notification::Stopping,
            Notification::Taken,
            Notification::Declined("library = 1".to_owned()),
            Notification::Crash("a\nb = c\n  d".to_owned()),
        ];
        assert_eq!(decode(&encode(&said)), said);
    }

    #[test]
    fn defect_02_a_backtrace_or_a_stray_byte_is_not_readiness() {
        let crash = encode(&[Notification::Crash("READY=1\nREADY=1".to_owned())]);
        for datagram in [&b"\0"[..], b"R", b"READY", b"READY=", b"READY=12", b" READY=1", b"\xffREADY=1", &crash] {
            assert!(!decode(datagram).contains(&Notification::Ready), "{datagram:?}");
        }
        let status = encode(&[Notification::Status("x\nREADY=1".to_owned())]);
        assert_eq!(decode(&status), [Notification::Status("x READY=1".to_owned())]);
    }

    #[test]
    fn a_message_never_outgrows_its_limit() {
        let long = "é\n".repeat(MESSAGE_LIMIT_BYTES);
        let message = encode(&[Notification::Status(long.clone()), Notification::Crash(long), Notification::Ready]);
        assert!(message.len() <= MESSAGE_LIMIT_BYTES, "{}", message.len());
        assert_eq!(decode(&message).len(), 3);
    }
}
