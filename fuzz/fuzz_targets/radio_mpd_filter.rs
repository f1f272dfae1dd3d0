//! Any words behind `search` are a filter or are refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radio_server::mpd::fuzz_filter;

fuzz_target!(|text: &str| fuzz_filter(text));
