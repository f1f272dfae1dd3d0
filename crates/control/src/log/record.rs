//! One message on its way to its destinations.

use std::fmt::Write as _;

use reactor::clock::{Duration, SystemTime};
use serde_json::{Map, Value, json};

use super::Level;
use super::calendar::{Zone, format_time};

/// A message with all that a pattern may ask about it.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) level: Level,
    pub(super) module: &'a str,
    pub(super) message: &'a str,
    /// What was noted beside the message, in order.
    pub(super) fields: &'a [(String, Value)],
    pub(super) time: SystemTime,
    /// Since the start of the program.
    pub(super) elapsed: Duration,
    /// Counts the messages of this run from 1.
    pub(super) serial: u64,
    /// The process's or thread's part in the program; empty for the main one.
    pub(super) subprogram: &'a str,
    /// Source file and line.
    pub(super) source: Option<(&'a str, u32)>,
}

impl Record<'_> {
    /// The message with its fields behind it: `message name=value name="two words"`. It may have several lines.
    pub(super) fn text(&self) -> String {
        let mut text = self.message.to_owned();
        for (name, value) in self.fields {
            let separator = if text.is_empty() { "" } else { " " };
            let written = match value {
                Value::String(word) if is_plain(word) => write!(text, "{separator}{name}={word}"),
                other => write!(text, "{separator}{name}={other}"),
            };
            debug_assert!(written.is_ok(), "a string takes everything");
        }
        text
    }

    /// The whole record for programs, in one line.
    pub(super) fn json(&self, application: &str) -> String {
        let mut object = Map::new();
        object.insert("time".into(), format_time(self.time, "%Y-%m-%dT%H:%M:%S.######Z", Zone::Utc).into());
        object.insert("level".into(), self.level.name().into());
        object.insert("module".into(), self.module.into());
        object.insert("message".into(), self.message.into());
        object.insert("application".into(), application.into());
        object.insert("pid".into(), std::process::id().into());
        object.insert("serial".into(), self.serial.into());
        if !self.subprogram.is_empty() {
            object.insert("subprogram".into(), self.subprogram.into());
        }
        if let Some((file, line)) = self.source {
            object.insert("source".into(), format!("{file}:{line}").into());
        }
        if !self.fields.is_empty() {
            object.insert(
                "fields".into(),
                self.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect(),
            );
        }
        Value::Object(object).to_string()
    }
}

/// Whether a word needs no quotes to be told from what stands around it.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && !word.contains(|character: char| character.is_whitespace() || "\"=\\".contains(character))
}

/// A line without characters that would move the cursor or start another line.
pub(super) fn printable(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    for character in line.chars() {
        if character.is_control() && character != '\t' {
            clean.extend(character.escape_default());
        } else {
            clean.push(character);
        }
    }
    clean
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    pub(in crate::log) fn record<'a>(message: &'a str, fields: &'a [(String, Value)]) -> Record<'a> {
        Record {
            level: Level::Warning,
            module: "nvme.queue",
            message,
            fields,
            time: UNIX_EPOCH + Duration::new(1_795_479_284, 39_388_245),
            elapsed: Duration::from_micros(1_234_567),
            serial: 42,
            subprogram: "",
            source: Some(("a.rs", 7)),
        }
    }

    #[test]
    fn fields_stand_behind_the_message_and_are_quoted_when_they_must_be() {
        let fields = [
            ("id".to_owned(), json!(3)),
            ("peer".to_owned(), json!("127.0.0.1:9")),
            ("why".to_owned(), json!("two words\n")),
            ("empty".to_owned(), json!("")),
        ];
        assert_eq!(record("closed", &fields).text(), r#"closed id=3 peer=127.0.0.1:9 why="two words\n" empty="""#);
        assert_eq!(record("", &fields[..1]).text(), "id=3");
    }

    #[test]
    fn a_record_is_one_json_object_in_one_line() {
        let fields = [("id".to_owned(), json!(3))];
        let text = record("two\nlines", &fields).json("target");
        assert!(!text.contains('\n'));
        let mut value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["pid"].take(), json!(std::process::id()));
        let expected = json!({
            "time": "2026-11-24T00:14:44.039388Z", "level": "WARN", "module": "nvme.queue", "message": "two\nlines",
            "application": "target", "pid": null, "serial": 42, "source": "a.rs:7", "fields": {"id": 3},
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn control_characters_cannot_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2J\tb\r\u{7f}"), "a\\u{1b}[2J\tb\\r\\u{7f}");
    }
}
