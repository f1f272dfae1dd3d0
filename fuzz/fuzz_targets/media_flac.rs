//! Any bytes are FLAC, or not: what is found in them keeps what every format promises. What may be frames with short headers gets
//! right checksums first, without which nothing behind them would be reached.
#![no_main]

use crc_fast::CrcAlgorithm;
use libfuzzer_sys::fuzz_target;

/// Bytes of a header whose number has one byte, and which says nothing of size and rate behind it; its checksum is the last.
const HEADER: usize = 6;

fuzz_target!(|bytes: &[u8]| {
    let mut file = bytes.to_vec();
    let is_frame = |at: &usize| file[*at] == 0xff && file.get(at + 1).is_some_and(|byte| byte & 0xfe == 0xf8);
    let mut starts: Vec<usize> = (0..file.len()).filter(is_frame).collect();
    starts.push(file.len());
    for pair in starts.windows(2) {
        let frame = &mut file[pair[0]..pair[1]];
        if frame.len() < HEADER + 3 {
            continue;
        }
        frame[HEADER - 1] = frame[..HEADER - 1].iter().fold(0, |register, byte| {
            (0..8).fold(
                register ^ byte,
                |register: u8, _| if register & 0x80 != 0 { register << 1 ^ 7 } else { register << 1 },
            )
        });
        let end = frame.len() - 2;
        let [.., high, low] = crc_fast::checksum(CrcAlgorithm::Crc16Umts, &frame[..end]).to_be_bytes();
        frame[end..].copy_from_slice(&[high, low]);
    }
    let _ = radio_media::conformance::check(&file);
});
