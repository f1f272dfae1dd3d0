//! The server's side of one connection, without the socket.

use serde_json::Value;

use super::reply::encode;
use super::scanner::Scanner;
use super::{Answer, Format, ProtocolError, Request};
use crate::limits::{REQUEST_BYTES_MAX, UNSENT_BYTES_MAX};

/// Bytes in, requests out, answers in, bytes out.
///
/// Call [`receive`](Self::receive) with what was read as long as [`wants_input`](Self::wants_input) says so, take
/// [`next_request`](Self::next_request) until it is `None`, give each request its [`answer`](Self::answer) at any later
/// time, and send [`output`](Self::output), telling how much of it went with [`sent`](Self::sent). Only one request is
/// out at a time; the ones behind it wait in the buffer and then in the kernel. Close the connection on an error or
/// when [`is_finished`](Self::is_finished).
#[derive(Debug)]
pub struct Connection {
    scanner: Scanner,
    input: Vec<u8>,
    scanned: usize,
    input_ended: bool,
    /// The id of the request that is out.
    pending: Option<Value>,
    format: Format,
    output: Vec<u8>,
    sent: usize,
}

impl Connection {
    /// A connection over which nothing has come yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            scanner: Scanner::new(REQUEST_BYTES_MAX),
            input: Vec::new(),
            scanned: 0,
            input_ended: false,
            pending: None,
            format: Format::default(),
            output: Vec::new(),
            sent: 0,
        }
    }

    /// Whether bytes may be given to [`receive`](Self::receive): not while there are unlooked-at ones, nor while the
    /// peer leaves its answers unread.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        !self.input_ended && self.pending.is_none() && self.scanned == self.input.len() && !self.is_congested()
    }

    /// Adds bytes from the peer.
    pub fn receive(&mut self, bytes: &[u8]) {
        debug_assert!(self.wants_input(), "the buffer is bounded only if its owner waits");
        self.input.extend_from_slice(bytes);
    }

    /// The peer will send nothing more. What it has asked for is still answered.
    pub fn receive_end(&mut self) {
        self.input_ended = true;
    }

    /// The next complete request. `None`: none is complete, one is out already, or the peer does not read its answers.
    ///
    /// # Errors
    /// When the peer broke the protocol. Answers before that stay in [`output`](Self::output).
    pub fn next_request(&mut self) -> Result<Option<Request>, ProtocolError> {
        if self.pending.is_some() || self.is_congested() {
            return Ok(None);
        }
        let Some(length) = self.scanner.scan(&self.input[self.scanned..])? else {
            if self.scanner.is_at_start() {
                self.input = Vec::new();
            }
            self.scanned = self.input.len();
            return Ok(None);
        };
        let end = self.scanned + length;
        // What a parser says of an object should not depend on the white space before it.
        let request = Request::parse(self.input[..end].trim_ascii_start())?;
        self.input = self.input.split_off(end);
        self.scanned = 0;
        self.scanner = Scanner::new(REQUEST_BYTES_MAX);
        self.pending = Some(request.id.clone());
        Ok(Some(request))
    }

    /// How results are written from now on, that of the request which is out included.
    pub fn set_format(&mut self, format: Format) {
        self.format = format;
    }

    /// How results are written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether a request is out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    /// Answers the request that is out.
    ///
    /// # Panics
    /// When none is out: that is a fault of the caller.
    pub fn answer(&mut self, answer: &Result<Answer, String>) {
        let id = self.pending.take();
        assert!(id.is_some(), "an answer without a request");
        encode(&id.unwrap_or_default(), answer, self.format, &mut self.output);
    }

    /// What is to be sent.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output[self.sent..]
    }

    /// `byte_count` bytes of [`output`](Self::output) have been sent.
    pub fn sent(&mut self, byte_count: usize) {
        self.sent += byte_count;
        debug_assert!(self.sent <= self.output.len());
        if self.sent == self.output.len() {
            self.output = Vec::new();
            self.sent = 0;
        }
    }

    /// Whether the peer has ended its side and has got every answer.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.input_ended && self.pending.is_none() && self.scanned == self.input.len() && self.output().is_empty()
    }

    /// Whether the bytes of an unfinished request are all that is left.
    #[must_use]
    pub fn has_partial_request(&self) -> bool {
        !self.input.is_empty()
    }

    fn is_congested(&self) -> bool {
        self.output().len() > UNSENT_BYTES_MAX
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::READ_BYTES;
    use crate::wire::seeded::Random;

    fn request(id: usize, argument: &str) -> String {
        serde_json::json!({"id": id, "method": "echo", "params": [argument]}).to_string()
    }

    fn echo(connection: &mut Connection) -> Result<bool, ProtocolError> {
        let Some(request) = connection.next_request()? else {
            return Ok(false);
        };
        let text = request.parameters[0].as_str().unwrap().to_owned();
        connection.answer(&Ok(Answer::Text(text)));
        Ok(true)
    }

    #[test]
    fn e07_split_and_pipelined_requests_are_answered_in_order() {
        let mut random = Random::new();
        for _ in 0..200 {
            let count = random.below(6);
            let mut bytes = Vec::new();
            let mut expected = String::new();
            for id in 0..count {
                bytes.extend_from_slice(request(id, &format!("{{{id}")).as_bytes());
                bytes.extend_from_slice([&b""[..], b" ", b"\r\n\t"][random.below(3)]);
                expected += &format!("{{\"id\":{id},\"result\":\"{{{id}\\n\",\"error\":null}}");
            }
            let mut connection = Connection::new();
            let mut output = Vec::new();
            let mut rest = &bytes[..];
            while !connection.is_finished() {
                if connection.wants_input() {
                    let (piece, behind) = rest.split_at(random.below(rest.len() + 1));
                    connection.receive(piece);
                    rest = behind;
                    if rest.is_empty() {
                        connection.receive_end();
                    }
                }
                echo(&mut connection).unwrap();
                let count = random.below(connection.output().len() + 1);
                output.extend_from_slice(&connection.output()[..count]);
                connection.sent(count);
            }
            assert_eq!(String::from_utf8(output).unwrap(), expected, "{random}");
            assert_eq!(connection.input.capacity(), 0, "an idle connection holds no buffer");
        }
    }

    #[test]
    fn e07_an_error_does_not_depend_on_the_pieces() {
        let text = b"\n {\"\xff\":1}";
        let error = |pieces: &[&[u8]]| {
            let mut connection = Connection::new();
            for piece in pieces {
                connection.receive(piece);
                if let Err(error) = connection.next_request() {
                    return error;
                }
            }
            unreachable!("it is no UTF-8")
        };
        assert_eq!(error(&[text]), error(&[&text[..1], &text[1..]]));
    }

    #[test]
    fn e09_one_request_at_a_time_and_nothing_read_meanwhile() {
        let mut connection = Connection::new();
        connection.receive((request(1, "a") + &request(2, "b")).as_bytes());
        assert_eq!(connection.next_request().unwrap().unwrap().id, 1);
        assert!(connection.is_busy() && !connection.wants_input());
        assert_eq!(connection.next_request(), Ok(None));
        connection.answer(&Ok(Answer::empty()));
        assert!(!connection.wants_input(), "the second is still in the buffer");
        assert_eq!(connection.next_request().unwrap().unwrap().id, 2);
    }

    #[test]
    fn defect_16_an_endless_request_is_refused_and_its_memory_is_bounded() {
        let mut connection = Connection::new();
        connection.receive(b"{\"id\":\"");
        let mut largest = 0;
        let error = loop {
            match connection.next_request() {
                Ok(None) => connection.receive(&[b'x'; READ_BYTES]),
                Ok(Some(_)) => unreachable!(),
                Err(error) => break error,
            }
            largest = largest.max(connection.input.capacity());
        };
        assert_eq!(error, ProtocolError::TooLong { bytes_max: REQUEST_BYTES_MAX });
        assert!(largest <= 2 * (REQUEST_BYTES_MAX + READ_BYTES), "{largest}");
    }

    #[test]
    fn defect_16_a_peer_that_reads_no_answers_is_not_served_on() {
        let mut connection = Connection::new();
        let mut served = 0;
        loop {
            if connection.wants_input() {
                connection.receive(request(served, &"y".repeat(100_000)).as_bytes());
            }
            if !echo(&mut connection).unwrap() {
                break;
            }
            served += 1;
        }
        assert!(!connection.wants_input());
        assert_eq!(served, UNSENT_BYTES_MAX / 100_000 + 1);
        connection.sent(connection.output().len());
        assert!(connection.wants_input());
    }

    #[test]
    fn e07_answers_before_a_protocol_error_are_kept_and_half_a_request_is_noticed() {
        let mut connection = Connection::new();
        connection.receive((request(1, "a") + "[").as_bytes());
        assert!(echo(&mut connection).unwrap());
        assert!(connection.next_request().is_err());
        assert!(!connection.output().is_empty());

        let mut connection = Connection::new();
        connection.receive(b" {\"id\":1");
        assert_eq!(connection.next_request(), Ok(None));
        connection.receive_end();
        assert!(connection.is_finished() && connection.has_partial_request());
    }
}
