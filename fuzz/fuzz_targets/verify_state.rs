//! A state file of any bytes: it is read or refused, and what was read is written as it was, up to what nobody reads.

#![no_main]

use bench::verify::StateFile;
use libfuzzer_sys::fuzz_target;

/// The header's size and checksum are put right, so that what is behind them is reached.
fn repaired(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(state) = bytes.get(24..) {
        let length = state.len() as u64;
        let checksum = u64::from(bench::verify::state_checksum(state));
        for (place, value) in [(0, 3), (8, length), (16, checksum)] {
            bytes[place..place + 8].copy_from_slice(&value.to_le_bytes());
        }
    }
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    for bytes in [bytes.to_vec(), repaired(bytes)] {
        if let Ok(state) = StateFile::decode(&bytes) {
            let again = StateFile::decode(&state.encode()).expect("what was written is read");
            // A name that was no text is longer as one, and cut again.
            assert_eq!(StateFile { name: state.name.clone(), ..again }, state);
        }
    }
});
