//! A state file of any bytes: it is read or refused, and what was read of a file of ours is written as it was, up to what nobody reads.

#![no_main]

use bench::verify::{EarlierState, StateFile};
use libfuzzer_sys::fuzz_target;

/// The header's size and checksum are put right, so that what is behind them is reached.
fn repaired(bytes: &[u8], version: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(state) = bytes.get(24..) {
        let length = state.len() as u64;
        let checksum = u64::from(bench::verify::state_checksum(state));
        for (place, value) in [(0, version), (8, length), (16, checksum)] {
            bytes[place..place + 8].copy_from_slice(&value.to_le_bytes());
        }
    }
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let _ = EarlierState::decode(bytes);
    for version in 3..=7 {
        let bytes = repaired(bytes, version);
        let Ok(EarlierState::Completed(state)) = EarlierState::decode(&bytes) else { continue };
        if version == 3 {
            let again = EarlierState::decode(&state.encode()).expect("what was written is read");
            // A name that was no text is longer as one, and cut again.
            let EarlierState::Completed(again) = again else { panic!("{again:?}") };
            assert_eq!(StateFile { name: state.name.clone(), ..again }, state);
        }
    }
});
