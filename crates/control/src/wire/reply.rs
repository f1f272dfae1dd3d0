//! Replies: what a command answers, how the server writes it, how a client reads it.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::ProtocolError;
use super::scanner::Scanner;
use crate::limits::REPLY_BYTES_MAX;

/// How a connection wants its results. Each connection begins with text and may change with `set-options`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A string for people, with a newline at its end.
    #[default]
    Text,
    /// A JSON value for programs.
    Json,
}

/// A word that is neither `text` nor `json`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("option format has invalid value {0}")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        match word {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnknownFormat(word.to_owned())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// What a command that succeeded says.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Lines for people. A connection that wants JSON gets them in an object that says so.
    Text(String),
    /// A value for programs. A connection that wants text gets it as indented JSON.
    Json(Value),
}

impl Answer {
    /// Success without a word.
    #[must_use]
    pub fn empty() -> Self {
        Self::Text(String::new())
    }
}

/// Appends the reply to request `id` to `output`.
pub(super) fn encode(id: &Value, answer: &Result<Answer, String>, format: Format, output: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Success<'a> {
        id: &'a Value,
        result: &'a Value,
        error: (),
    }
    #[derive(Serialize)]
    struct Failure<'a> {
        id: &'a Value,
        error: &'a str,
    }
    let written = match answer {
        Ok(answer) => serde_json::to_writer(&mut *output, &Success { id, result: &result(answer, format), error: () }),
        Err(text) => serde_json::to_writer(&mut *output, &Failure { id, error: &final_newline(text, format) }),
    };
    debug_assert!(written.is_ok(), "a vector takes everything and a JSON value has string keys only");
}

fn result(answer: &Answer, format: Format) -> Value {
    match (answer, format) {
        (Answer::Text(text), Format::Text) => Value::String(final_newline(text, format)),
        (Answer::Text(text), Format::Json) => {
            json!({"reply-format": "plain", "reply": text.strip_suffix('\n').unwrap_or(text)})
        }
        (Answer::Json(value), Format::Text) => Value::String(final_newline(&format!("{value:#}"), format)),
        (Answer::Json(value), Format::Json) => value.clone(),
    }
}

/// Some clients print a text verbatim, others end it with a newline if it has none. With one in text and none in JSON
/// both print the same.
fn final_newline(text: &str, format: Format) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    match format {
        Format::Text if !text.is_empty() => format!("{text}\n"),
        Format::Text | Format::Json => text.to_owned(),
    }
}

/// The bytes of a request, for a client.
#[must_use]
pub fn request_bytes(id: u64, method: &str, parameters: &[String]) -> Vec<u8> {
    json!({"id": id, "method": method, "params": parameters}).to_string().into_bytes()
}

/// A reply, as a client sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The id of the request.
    pub id: Value,
    /// The result, or the error: a string from every known server.
    pub outcome: Result<Value, Value>,
}

/// Replies out of a stream of bytes.
#[derive(Debug)]
pub struct ReplyStream {
    scanner: Scanner,
    bytes: Vec<u8>,
    scanned: usize,
}

impl ReplyStream {
    /// An empty stream. A reply longer than [`REPLY_BYTES_MAX`] breaks the protocol.
    #[must_use]
    pub fn new() -> Self {
        Self { scanner: Scanner::new(REPLY_BYTES_MAX), bytes: Vec::new(), scanned: 0 }
    }

    /// Adds bytes that came from the server.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes the next complete reply; `None` means that more bytes are needed.
    ///
    /// # Errors
    /// When the bytes are not a reply. The stream is of no further use then.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ProtocolError> {
        let Some(length) = self.scanner.scan(&self.bytes[self.scanned..])? else {
            self.scanned = self.bytes.len();
            return Ok(None);
        };
        let end = self.scanned + length;
        let mut members: Map<String, Value> = serde_json::from_slice(&self.bytes[..end])?;
        self.bytes.drain(..end);
        self.scanned = 0;
        self.scanner = Scanner::new(REPLY_BYTES_MAX);
        let id = members.remove("id").unwrap_or_default();
        let result = members.remove("result").unwrap_or_default();
        let error = members.remove("error").unwrap_or_default();
        let outcome = if error.is_null() { Ok(result) } else { Err(error) };
        Ok(Some(Reply { id, outcome }))
    }
}

impl Default for ReplyStream {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(answer: Result<Answer, &str>, format: Format) -> String {
        let mut output = Vec::new();
        encode(&json!(7), &answer.map_err(str::to_owned), format, &mut output);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn e05_success_and_failure_have_these_members() {
        assert_eq!(encoded(Ok(Answer::Text("a".into())), Format::Text), r#"{"id":7,"result":"a\n","error":null}"#);
        assert_eq!(encoded(Err("no"), Format::Text), r#"{"id":7,"error":"no\n"}"#);
    }

    #[test]
    fn e06_a_text_ends_with_one_newline_and_in_json_with_none() {
        for text in ["two\nlines", "two\nlines\n"] {
            let answer = || Ok(Answer::Text(text.into()));
            assert_eq!(encoded(answer(), Format::Text), r#"{"id":7,"result":"two\nlines\n","error":null}"#);
            assert!(encoded(answer(), Format::Json).contains(r#""reply":"two\nlines""#));
        }
        assert_eq!(encoded(Ok(Answer::empty()), Format::Text), r#"{"id":7,"result":"","error":null}"#);
    }

    #[test]
    fn e14_json_format_wraps_texts_and_leaves_values_and_errors() {
        let wrapped = r#"{"id":7,"result":{"reply":"a","reply-format":"plain"},"error":null}"#;
        assert_eq!(encoded(Ok(Answer::Text("a\n".into())), Format::Json), wrapped);
        let value = Answer::Json(json!({"b": [1]}));
        assert_eq!(encoded(Ok(value.clone()), Format::Json), r#"{"id":7,"result":{"b":[1]},"error":null}"#);
        let indented = "{\"id\":7,\"result\":\"{\\n  \\\"b\\\": [\\n    1\\n  ]\\n}\\n\",\"error\":null}";
        assert_eq!(encoded(Ok(value), Format::Text), indented);
        assert_eq!(encoded(Err("no\n"), Format::Json), r#"{"id":7,"error":"no"}"#);
    }

    #[test]
    fn replies_are_read_back_from_any_pieces() {
        let mut bytes = Vec::new();
        encode(&json!(1), &Ok(Answer::Text("x{}\"".into())), Format::Text, &mut bytes);
        encode(&json!(2), &Err("e".into()), Format::Json, &mut bytes);
        let expected =
            [Reply { id: json!(1), outcome: Ok(json!("x{}\"\n")) }, Reply { id: json!(2), outcome: Err(json!("e")) }];
        for split in 0..=bytes.len() {
            let mut stream = ReplyStream::new();
            let mut replies = Vec::new();
            for piece in [&bytes[..split], &bytes[split..]] {
                stream.receive(piece);
                while let Some(reply) = stream.next_reply().unwrap() {
                    replies.push(reply);
                }
            }
            assert_eq!(replies, expected);
        }
        let mut stream = ReplyStream::new();
        stream.receive(b"SSH-2.0");
        assert!(stream.next_reply().is_err());
    }

    #[test]
    fn a_request_is_what_the_server_parses() {
        let bytes = request_bytes(3, "echo", &["a\"b".to_owned()]);
        let request = super::super::Request::parse(&bytes).unwrap();
        assert_eq!((request.id, request.method.as_str()), (json!(3), "echo"));
        assert_eq!(request.parameters, [json!("a\"b")]);
    }
}
