//! Any bytes are AAC in MP4, or not: what is found in them keeps what every format promises.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = radio_media::conformance::check(&bytes);
});
