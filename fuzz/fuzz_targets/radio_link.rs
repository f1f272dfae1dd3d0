//! What one side of the radio's link may hear of the other: the same messages however they arrive, each written as it was read, and
//! none above the limit.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use radio_stream::limits::MESSAGE_BYTES_MAX;
use radio_stream::link::{Frames, LinkError, ToLibrary, ToStream, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Arbitrary, Debug)]
enum Part<'a> {
    /// A message, whatever is in it.
    Message(&'a [u8]),
    /// Bytes as they are.
    Bytes(&'a [u8]),
}

/// What is understood of these bytes in pieces of a size, and how it ended.
fn hear<T: DeserializeOwned>(bytes: &[u8], piece: usize) -> (Vec<T>, Option<String>) {
    let (mut frames, mut messages) = (Frames::default(), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        frames.receive(piece);
        loop {
            match frames.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => {
                    let too_long = matches!(error, LinkError::TooLong { bytes } if bytes > MESSAGE_BYTES_MAX);
                    assert!(too_long || matches!(error, LinkError::Malformed(_)));
                    return (messages, Some(error.to_string()));
                }
            }
        }
    }
    (messages, None)
}

fn check<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8], piece: usize) {
    let (messages, end) = hear::<T>(bytes, usize::MAX);
    assert_eq!((&messages, &end), (&hear(bytes, piece).0, &hear::<T>(bytes, piece).1), "however they arrive");
    for message in messages {
        let written = encode(&message).expect("what was read is short enough");
        let (again, end) = hear::<T>(&written, usize::MAX);
        assert_eq!((again, end), (vec![message], None));
    }
}

fuzz_target!(|input: (u8, Vec<Part<'_>>)| {
    let mut bytes = Vec::new();
    for part in input.1 {
        if let Part::Message(text) = part {
            bytes.extend(u32::try_from(text.len()).expect("it is short").to_be_bytes());
        }
        let (Part::Message(text) | Part::Bytes(text)) = part;
        bytes.extend_from_slice(text);
    }
    check::<ToStream>(&bytes, input.0.into());
    check::<ToLibrary>(&bytes, input.0.into());
});
