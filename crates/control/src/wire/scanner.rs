//! Finds the end of a JSON object in a stream, byte by byte, and refuses what can no longer become one.
//!
//! The scanner remembers where it is, so bytes that arrive in many pieces are looked at once. It checks the grammar of
//! objects, arrays, strings and words; the inside of a number and the sense of an escape are left to the parser that
//! gets the whole object.

use super::ProtocolError;
use crate::limits::NESTING_MAX;

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// White space or the opening brace of the object.
    Start,
    /// After `{`: a member's name or `}`.
    NameOrEnd,
    /// After a comma in an object: a member's name.
    Name,
    /// After a member's name.
    Colon,
    /// After a colon, or after a comma in an array.
    Value,
    /// After `[`: a value or `]`.
    ValueOrEnd,
    /// After a value.
    CommaOrEnd,
    /// Inside a string; `name` if it is a member's.
    String { name: bool },
    /// After a backslash.
    Escape { name: bool },
    /// The rest of `true`, `false` or `null`.
    Word(&'static [u8]),
    /// Inside a number.
    Number,
}

/// The state of a scan over one object.
#[derive(Debug)]
pub(crate) struct Scanner {
    state: State,
    /// One bit for each open container, the innermost lowest: 1 object, 0 array.
    containers: u128,
    depth: u32,
    /// Bytes of the object so far, white space before it not counted.
    length: usize,
    length_max: usize,
}

// One bit for each level of nesting.
const _: () = assert!(NESTING_MAX <= u128::BITS);

impl Scanner {
    /// A scanner for an object of at most `length_max` bytes.
    pub(crate) fn new(length_max: usize) -> Self {
        Self { state: State::Start, containers: 0, depth: 0, length: 0, length_max }
    }

    /// Whether not a byte of an object has come yet.
    pub(crate) fn is_at_start(&self) -> bool {
        self.state == State::Start
    }

    /// Looks at the next bytes. Returns the number of bytes up to and including the object's last brace, or `None` when
    /// it goes on after these bytes. After an end or an error the scanner is of no further use.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.state == State::Start && is_white_space(byte) {
                continue;
            }
            self.length += 1;
            if self.length > self.length_max {
                return Err(ProtocolError::TooLong { bytes_max: self.length_max });
            }
            self.step(byte)?;
            if self.depth == 0 {
                return Ok(Some(index + 1));
            }
        }
        Ok(None)
    }

    fn step(&mut self, byte: u8) -> Result<(), ProtocolError> {
        self.state = match self.state {
            State::String { name } => self.in_string(byte, name)?,
            State::Escape { name } => State::String { name },
            State::Word([next, rest @ ..]) if byte == *next => {
                if rest.is_empty() {
                    State::CommaOrEnd
                } else {
                    State::Word(rest)
                }
            }
            State::Word(_) => return Err(self.unexpected(byte, "`true`, `false` or `null`")),
            State::Number if matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') => State::Number,
            state if is_white_space(byte) => {
                if state == State::Number {
                    State::CommaOrEnd
                } else {
                    state
                }
            }
            State::Start if byte == b'{' => self.open(true)?,
            State::Start => return Err(self.unexpected(byte, "an object")),
            State::NameOrEnd if byte == b'}' => self.close(byte)?,
            State::NameOrEnd | State::Name if byte == b'"' => State::String { name: true },
            State::NameOrEnd | State::Name => return Err(self.unexpected(byte, "a member's name")),
            State::Colon if byte == b':' => State::Value,
            State::Colon => return Err(self.unexpected(byte, "a colon")),
            State::ValueOrEnd if byte == b']' => self.close(byte)?,
            State::Value | State::ValueOrEnd => self.begin_value(byte)?,
            State::CommaOrEnd | State::Number => self.after_value(byte)?,
        };
        Ok(())
    }

    fn in_string(&self, byte: u8, name: bool) -> Result<State, ProtocolError> {
        Ok(match byte {
            b'\\' => State::Escape { name },
            b'"' if name => State::Colon,
            b'"' => State::CommaOrEnd,
            0..0x20 => return Err(self.unexpected(byte, "a string without raw control characters")),
            _ => State::String { name },
        })
    }

    fn begin_value(&mut self, byte: u8) -> Result<State, ProtocolError> {
        Ok(match byte {
            b'{' => self.open(true)?,
            b'[' => self.open(false)?,
            b'"' => State::String { name: false },
            b't' => State::Word(b"rue"),
            b'f' => State::Word(b"alse"),
            b'n' => State::Word(b"ull"),
            b'-' | b'0'..=b'9' => State::Number,
            _ => return Err(self.unexpected(byte, "a value")),
        })
    }

    fn after_value(&mut self, byte: u8) -> Result<State, ProtocolError> {
        Ok(match byte {
            b',' if self.in_object() => State::Name,
            b',' => State::Value,
            b'}' | b']' => self.close(byte)?,
            _ => return Err(self.unexpected(byte, "a comma or the end of the container")),
        })
    }

    fn open(&mut self, object: bool) -> Result<State, ProtocolError> {
        if self.depth == NESTING_MAX {
            return Err(ProtocolError::TooDeep { nesting_max: NESTING_MAX });
        }
        self.depth += 1;
        self.containers = self.containers << 1 | u128::from(object);
        Ok(if object { State::NameOrEnd } else { State::ValueOrEnd })
    }

    fn close(&mut self, byte: u8) -> Result<State, ProtocolError> {
        if self.in_object() != (byte == b'}') {
            return Err(self.unexpected(byte, "the bracket that closes the innermost container"));
        }
        self.depth -= 1;
        self.containers >>= 1;
        Ok(State::CommaOrEnd)
    }

    fn in_object(&self) -> bool {
        self.containers & 1 == 1
    }

    fn unexpected(&self, byte: u8, expected: &'static str) -> ProtocolError {
        ProtocolError::Unexpected { byte, offset: self.length - 1, expected }
    }
}

fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::wire::seeded::Random;

    fn end_of(bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
        Scanner::new(1 << 20).scan(bytes)
    }

    #[test]
    fn the_end_is_the_brace_that_closes_the_first() {
        for (text, end) in [
            ("{}", 2),
            (" \t\r\n{}{}", 6),
            (r#"{"a":"}"}x"#, 9),
            (r#"{"a":"\"}"}"#, 11),
            (r#"{"a":[{},[],{"b":[1,2]}],"c":null}"#, 34),
            (r#"{"a" : -1.5e+3 , "b" : true }"#, 29),
        ] {
            assert_eq!(end_of(text.as_bytes()).unwrap(), Some(end), "{text}");
        }
    }

    #[test]
    fn what_cannot_become_an_object_is_refused_at_the_byte_that_rules_it_out() {
        for (text, offset) in [
            ("[", 0),
            ("1", 0),
            ("\"", 0),
            ("{]", 1),
            ("{,", 1),
            ("{1", 1),
            (r#"{"a"1"#, 4),
            (r#"{"a":}"#, 5),
            (r#"{"a":tru}"#, 8),
            (r#"{"a":nil"#, 6),
            (r#"{"a":1]"#, 6),
            (r#"{"a":1,}"#, 7),
            (r#"{"a":[1,]"#, 8),
            (r#"{"a":[1}"#, 7),
            (r#"{"a":1 1"#, 7),
            ("{\"a\n", 3),
        ] {
            match end_of(text.as_bytes()) {
                Err(ProtocolError::Unexpected { offset: found, .. }) => assert_eq!(found, offset, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn depth_and_length_are_limited() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        let allowed = nested(NESTING_MAX as usize);
        assert_eq!(end_of(allowed.as_bytes()).unwrap(), Some(allowed.len()));
        let refused = nested(NESTING_MAX as usize + 1);
        assert!(matches!(end_of(refused.as_bytes()), Err(ProtocolError::TooDeep { .. })));

        let mut scanner = Scanner::new(8);
        assert_eq!(scanner.scan(br#"      {"a":12}"#).unwrap(), Some(14), "white space before it does not count");
        assert!(matches!(Scanner::new(7).scan(br#"{"a":12}"#), Err(ProtocolError::TooLong { bytes_max: 7 })));
    }

    #[test]
    fn the_pieces_in_which_bytes_arrive_make_no_difference() {
        let text = br#" {"id":1,"method":"a\\\"b","params":["x",{"y":[true,false,null,-0.5e1]}]}"#;
        for first in 0..text.len() {
            for second in first..text.len() {
                let mut scanner = Scanner::new(1 << 20);
                assert_eq!(scanner.scan(&text[..first]).unwrap(), None);
                assert_eq!(scanner.scan(&text[first..second]).unwrap(), None);
                assert_eq!(scanner.scan(&text[second..]).unwrap(), Some(text.len() - second));
            }
        }
    }

    /// The oracle is serde_json: what it takes as an object, the scanner ends at the same byte; what the scanner
    /// refuses, serde_json refuses too.
    #[test]
    fn agrees_with_a_complete_parser_on_mutated_requests() {
        let seeds: [&[u8]; 3] = [
            br#"{"id":0,"method":"vlog/set","params":["any:file:dbg"]}"#,
            br#"{"params":[],"id":{"a":[1,2,{}]},"method":"\u0041\n"}"#,
            br#"{"id":null,"result":null,"error":false,"params":[true,-1e5]}"#,
        ];
        let mut random = Random::new();
        for _ in 0..20_000 {
            let mut text = seeds[random.below(seeds.len())].to_vec();
            for _ in 0..random.below(4) {
                let at = random.below(text.len());
                match random.below(3) {
                    0 => drop(text.remove(at)),
                    1 => text[at] = b"{}[]\":,\\ 1tfn-e"[random.below(15)],
                    _ => text.insert(at, b"{}[]\":,\\ 1tfn-e"[random.below(15)]),
                }
            }
            let mut values = serde_json::Deserializer::from_slice(&text).into_iter::<Value>();
            let whole = values.next().and_then(Result::ok).filter(Value::is_object).map(|_| values.byte_offset());
            match (end_of(&text), whole) {
                (Ok(Some(end)), Some(offset)) => assert_eq!(end, offset, "{}", text.escape_ascii()),
                (Ok(None) | Err(_), Some(_)) => panic!("{random}: missed the end of {}", text.escape_ascii()),
                (_, None) => {}
            }
        }
    }
}
