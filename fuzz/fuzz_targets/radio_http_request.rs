//! The head of a request of a listener: the same answer however it arrives, and always one before the limit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radio_stream::senders::http::fuzz_request;

fuzz_target!(|input: (&[u8], u8, u16)| fuzz_request(input.0, usize::from(input.1), usize::from(input.2)));
