//! Any bytes are Vorbis, Opus or FLAC in Ogg, or not: what is found in them keeps what every format promises. Pages get right
//! checksums first, without which nothing behind them would be reached.
#![no_main]

use crc_fast::CrcAlgorithm;
use libfuzzer_sys::fuzz_target;

/// Bytes of a page's header before the segment table.
const HEADER: usize = 27;

fuzz_target!(|bytes: &[u8]| {
    let mut file = bytes.to_vec();
    let mut place = 0;
    while let Some(segments) = file.get(place + HEADER - 1).copied() {
        let Some(table) = file.get(place + HEADER..place + HEADER + usize::from(segments)) else { break };
        let body: usize = table.iter().map(|segment| usize::from(*segment)).sum();
        let end = place + HEADER + usize::from(segments) + body;
        let Some(page) = file.get_mut(place..end) else { break };
        page[22..26].fill(0);
        let [low, second, third, high, ..] = crc_fast::checksum(CrcAlgorithm::Crc32Cksum, page).to_le_bytes();
        page[22..26].copy_from_slice(&[!low, !second, !third, !high]);
        place = end;
    }
    let _ = radio_media::conformance::check(&file);
});
