//! Keys of somebody at a terminal, any at all: the row that is shown fits the terminal, and nothing grows without bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radio_server::fuzz_shell;

fuzz_target!(|input: (&[u8], u8)| fuzz_shell(input.0, usize::from(input.1)));
