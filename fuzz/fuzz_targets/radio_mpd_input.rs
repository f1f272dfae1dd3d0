//! What an MPD client sends is understood the same however it arrives, and never makes the server hold more than its limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radio_server::mpd::fuzz_input;

fuzz_target!(|input: (&[u8], u8)| fuzz_input(input.0, usize::from(input.1)));
