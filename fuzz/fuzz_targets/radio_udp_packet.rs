//! A datagram with a right checksum, whatever else is in it: a packet whose parts fit together and that is written as it was read, or
//! an error. The same for the header of a stream.
#![no_main]

use crc_fast::{CrcAlgorithm, checksum};
use libfuzzer_sys::fuzz_target;
use radio_stream::packet::{HEADER_BYTES, MAGIC, PacketHeader, StreamHeader, VERSION, slice_bytes};

/// Where the checksum stands.
const CHECKSUM: std::ops::Range<usize> = 28..HEADER_BYTES;

/// The same packet with what every packet of the radio has.
fn mended(input: &[u8]) -> Vec<u8> {
    let mut packet = input.to_vec();
    if packet.len() >= HEADER_BYTES {
        packet[..4].copy_from_slice(&MAGIC);
        packet[4] = VERSION;
        packet[CHECKSUM].fill(0);
        let sum = u32::try_from(checksum(CrcAlgorithm::Crc32Iscsi, &packet)).expect("it has 32 bits");
        packet[CHECKSUM].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}

fuzz_target!(|input: &[u8]| {
    let _ = PacketHeader::decode(input);
    if let Ok((header, slice)) = PacketHeader::decode(&mended(input)) {
        assert!(usize::from(header.slice) < header.code.slices());
        assert_eq!(slice.len(), slice_bytes(header.group_bytes, header.code));
        let mut written = Vec::new();
        header.encode(slice, &mut written);
        assert_eq!(PacketHeader::decode(&written), Ok((header, slice)));
    }
    if let Ok(header) = StreamHeader::decode(input) {
        let written = header.encode();
        let again = StreamHeader::decode(&written).expect("what was written is read");
        assert_eq!((again.encode(), &again.bytes), (written, &header.bytes));
    }
});
