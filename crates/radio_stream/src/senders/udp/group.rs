//! Chunks become groups, and groups become packets. No sockets, no clock.

use std::sync::Arc;

use super::target::Slicing;
use crate::fec::Code;
use crate::packet::{HEADER_BYTES, PacketHeader, StreamHeader, slice_bytes};
use crate::piece::{Piece, SentChunk, StreamInfo};

/// A group is closed when it is heard for so long, in nanoseconds: that much later is the stream heard.
const GROUP_NS: u64 = 500_000_000;

/// A group, ready to be sent.
#[derive(Debug)]
pub(super) struct Group {
    /// Each of its packets, n of them.
    pub(super) packets: Vec<Vec<u8>>,
    /// How long it is heard, in nanoseconds; its packets are spread over it.
    pub(super) duration_ns: u64,
}

/// Puts the groups of one slicing together.
#[derive(Debug)]
pub(super) struct Grouper {
    slicing: Slicing,
    stream: Option<Arc<StreamInfo>>,
    /// The stream that is being sent does not fit.
    refusal: Option<String>,
    data: Vec<u8>,
    start_ns: u64,
    duration_ns: u64,
    group: u32,
    /// The stream was under way when the first target of this slicing came.
    is_joining: bool,
}

impl Grouper {
    pub(super) fn new(slicing: Slicing) -> Self {
        Self {
            slicing,
            stream: None,
            refusal: None,
            data: Vec::new(),
            start_ns: 0,
            duration_ns: 0,
            group: 0,
            is_joining: false,
        }
    }

    pub(super) fn slicing(&self) -> Slicing {
        self.slicing
    }

    /// Why the current stream is not sent.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// The group with a stream's header; none if it does not fit. It is cut into as few slices as hold it (mostly one), and gets as many of
    /// repair as every other group: fewer packets, and it comes through wherever audio does.
    pub(super) fn header(&self, info: &StreamInfo) -> Option<Group> {
        let header = StreamHeader {
            media_type: info.container.media_type().to_owned(),
            title: info.title.clone(),
            bytes: info.header.clone(),
        };
        let mut data = header.encode();
        if data.len() > self.slicing.group_bytes_max() {
            return None;
        }
        let Slicing { code, packet_bytes } = self.slicing;
        let data_slices = data.len().div_ceil(packet_bytes - HEADER_BYTES).max(1);
        let code = Code::new(data_slices, data_slices + code.slices() - code.data_slices()).unwrap_or(code);
        let packet = PacketHeader { is_header: true, code, ..self.packet_header(info.id, 0) };
        Some(encode(Slicing { code, packet_bytes }, packet, &mut data, 0))
    }

    /// Takes a piece; what is ready to be sent comes back.
    pub(super) fn piece(&mut self, piece: &Piece, groups: &mut Vec<Group>) {
        match piece {
            Piece::Begin(info) => {
                self.flush(true, groups);
                self.begin(info);
            }
            Piece::Chunk(chunk) if self.stream.as_ref().is_some_and(|info| info.id == chunk.stream) => {
                self.chunk(chunk, groups);
            }
            Piece::End { stream, bytes } if self.stream.as_ref().is_some_and(|info| info.id == *stream) => {
                self.append(bytes, groups);
                self.flush(true, groups);
                self.stream = None;
            }
            // What is heard before a pause is not held back until it ends.
            Piece::Silence => self.flush(false, groups),
            Piece::Announce(_) | Piece::Chunk(_) | Piece::End { .. } => {}
        }
    }

    /// Goes on in the middle of a stream. Groups are counted from a number that is larger than any that a receiver may have seen of
    /// it before: it grows by one every 100 ms, and groups are no shorter.
    pub(super) fn join(&mut self, info: &Arc<StreamInfo>) {
        self.begin(info);
        self.is_joining = true;
    }

    fn begin(&mut self, info: &Arc<StreamInfo>) {
        self.group = 0;
        self.is_joining = false;
        self.refusal = None;
        self.stream = Some(Arc::clone(info));
        if self.header(info).is_none() {
            self.refuse("its header", info.header.len());
        }
    }

    fn refuse(&mut self, what: &str, bytes: usize) {
        let limit = self.slicing.group_bytes_max();
        let title = self.stream.as_ref().map_or("", |info| info.title.as_str());
        self.refusal = Some(format!("\"{title}\" is not sent: {what} has {bytes} bytes, and a group holds {limit}"));
        self.data.clear();
    }

    fn chunk(&mut self, chunk: &SentChunk, groups: &mut Vec<Group>) {
        if self.refusal.is_some() {
            return;
        }
        if chunk.bytes.len() > self.slicing.group_bytes_max() {
            return self.refuse("a chunk", chunk.bytes.len());
        }
        if self.data.len() + chunk.bytes.len() > self.slicing.group_bytes_max() {
            self.flush(false, groups);
        }
        if std::mem::take(&mut self.is_joining) {
            self.group = u32::try_from(chunk.start_ns / 100_000_000).unwrap_or_default();
        }
        if self.data.is_empty() {
            self.start_ns = chunk.start_ns;
            self.duration_ns = 0;
        }
        self.data.extend_from_slice(&chunk.bytes);
        self.duration_ns += chunk.duration_ns;
        if self.duration_ns >= GROUP_NS {
            self.flush(false, groups);
        }
    }

    /// The last bytes of a stream that was broken off.
    fn append(&mut self, bytes: &[u8], groups: &mut Vec<Group>) {
        if self.refusal.is_some() || bytes.len() > self.slicing.group_bytes_max() {
            return;
        }
        if self.data.len() + bytes.len() > self.slicing.group_bytes_max() {
            self.flush(false, groups);
        }
        self.data.extend_from_slice(bytes);
    }

    /// Closes the group. The last one of a stream is sent even if it is empty.
    fn flush(&mut self, is_last: bool, groups: &mut Vec<Group>) {
        let Some(stream) = self.stream.as_ref().filter(|_| self.refusal.is_none()) else { return };
        if self.data.is_empty() && !is_last {
            return;
        }
        let milliseconds = |nanoseconds: u64| nanoseconds / 1_000_000;
        let packet = PacketHeader {
            is_last,
            start_ms: u32::try_from(milliseconds(self.start_ns) & 0xffff_ffff).unwrap_or_default(),
            duration_ms: u16::try_from(milliseconds(self.duration_ns)).unwrap_or(u16::MAX),
            ..self.packet_header(stream.id, self.group)
        };
        let duration_ns = std::mem::take(&mut self.duration_ns);
        groups.push(encode(self.slicing, packet, &mut self.data, duration_ns));
        self.data.clear();
        self.group = self.group.wrapping_add(1);
    }

    fn packet_header(&self, stream: u32, group: u32) -> PacketHeader {
        PacketHeader {
            stream,
            group,
            is_header: false,
            is_last: false,
            code: self.slicing.code,
            slice: 0,
            group_bytes: 0,
            start_ms: 0,
            duration_ms: 0,
        }
    }
}

/// The packets of a group; its data are padded on the way.
fn encode(slicing: Slicing, header: PacketHeader, data: &mut Vec<u8>, duration_ns: u64) -> Group {
    let code = slicing.code;
    let group_bytes = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let size = slice_bytes(group_bytes, code);
    data.resize(code.data_slices() * size, 0);
    code.add_repair(data, size);
    let mut packets = Vec::with_capacity(code.slices());
    for slice in 0..code.slices() {
        let header = PacketHeader { slice: u8::try_from(slice).unwrap_or(u8::MAX), group_bytes, ..header };
        let mut packet = Vec::with_capacity(slicing.packet_bytes);
        header.encode(&data[slice * size..(slice + 1) * size], &mut packet);
        packets.push(packet);
    }
    Group { packets, duration_ns }
}

#[cfg(test)]
mod tests {
    use radio_media::Container;

    use super::*;
    use crate::receiver::{Delivery, Receiver};
    use crate::testing::Random;

    fn info(id: u32, header: usize) -> Arc<StreamInfo> {
        let title = format!("song {id}");
        Arc::new(StreamInfo { id, format: "x", container: Container::Ogg, title, header: vec![7; header] })
    }

    fn chunk(stream: u32, bytes: Vec<u8>) -> Piece {
        Piece::Chunk(Arc::new(SentChunk { stream, bytes, start_ns: 0, duration_ns: 100_000_000 }))
    }

    fn small() -> Slicing {
        Slicing { code: Code::new(3, 5).unwrap(), packet_bytes: 132 }
    }

    #[test]
    fn what_a_receiver_puts_together_is_the_stream() {
        let mut random = Random::seeded();
        for slicing in [small(), Slicing::default(), Slicing { code: Code::new(1, 2).unwrap(), packet_bytes: 400 }] {
            let mut grouper = Grouper::new(slicing);
            let mut receiver = Receiver::new();
            let (mut groups, mut sent, mut heard, mut begun, mut ended) = (Vec::new(), Vec::new(), Vec::new(), 0, 0);
            for id in 1..6 {
                let info = info(id, 20);
                groups.extend(grouper.header(&info));
                grouper.piece(&Piece::Begin(Arc::clone(&info)), &mut groups);
                for _ in 0..random.below(40) {
                    let bytes = random.bytes(slicing.group_bytes_max().min(2000) + 1);
                    sent.extend_from_slice(&bytes);
                    grouper.piece(&chunk(id, bytes), &mut groups);
                }
                let last = if random.chance(50) { Vec::new() } else { vec![9; 30] };
                sent.extend_from_slice(&last);
                grouper.piece(&Piece::End { stream: id, bytes: last.into() }, &mut groups);
            }
            assert_eq!(grouper.refusal(), None);
            for packet in groups.iter().flat_map(|group| &group.packets) {
                assert!(packet.len() <= slicing.packet_bytes);
                receiver.receive(packet).unwrap();
            }
            receiver.finish();
            while let Some(delivery) = receiver.next_delivery() {
                match delivery {
                    Delivery::Begin(header) => begun += u32::from(header.bytes == [7; 20]),
                    Delivery::Data(bytes) => heard.extend(bytes),
                    Delivery::Lost(count) => panic!("{count} lost"),
                    Delivery::End => ended += 1,
                }
            }
            assert!(heard == sent && (begun, ended) == (5, 5), "{begun} begun, {ended} ended");
        }
    }

    #[test]
    fn a_header_has_no_more_packets_than_it_needs_and_as_many_of_repair_as_audio() {
        let code = |data_slices, slices| Code::new(data_slices, slices).unwrap();
        for (slicing, header, expected) in [
            (Slicing::default(), 20, code(1, 5)),
            (Slicing::default(), 3000, code(3, 7)),
            (Slicing { code: code(16, 16), packet_bytes: 1400 }, 20, code(1, 1)),
            (small(), 20, code(1, 3)),
            (small(), 150, code(2, 4)),
        ] {
            let info = info(1, header);
            let group = Grouper::new(slicing).header(&info).unwrap();
            assert_eq!(group.packets.len(), expected.slices());
            for first in 0..=expected.slices() - expected.data_slices() {
                let mut receiver = Receiver::new();
                for packet in group.packets.iter().skip(first).take(expected.data_slices()) {
                    assert!(packet.len() <= slicing.packet_bytes);
                    assert_eq!(PacketHeader::decode(packet).unwrap().0.code, expected);
                    receiver.receive(packet).unwrap();
                }
                let begun = receiver.next_delivery();
                assert!(matches!(begun, Some(Delivery::Begin(begun)) if begun.bytes == info.header), "from {first}");
            }
        }
    }

    #[test]
    fn a_group_is_heard_for_half_a_second() {
        let mut grouper = Grouper::new(Slicing::default());
        let mut groups = Vec::new();
        grouper.piece(&Piece::Begin(info(1, 0)), &mut groups);
        for _ in 0..20 {
            grouper.piece(&chunk(1, vec![0; 1600]), &mut groups);
        }
        let sizes = groups.iter().map(|group| (group.duration_ns, group.packets.len(), group.packets[0].len()));
        assert_eq!(sizes.collect::<Vec<_>>(), [(GROUP_NS, 20, 32 + 500); 4]);
    }

    #[test]
    fn a_song_that_does_not_fit_is_refused_and_the_next_one_is_not() {
        let mut grouper = Grouper::new(small());
        let mut groups = Vec::new();
        grouper.piece(&Piece::Begin(info(1, 0)), &mut groups);
        grouper.piece(&chunk(1, vec![0; 301]), &mut groups);
        assert!(grouper.refusal().unwrap().contains("301 bytes, and a group holds 300"));
        grouper.piece(&chunk(1, vec![0; 10]), &mut groups);
        grouper.piece(&Piece::Begin(info(2, 400)), &mut groups);
        assert!(grouper.refusal().unwrap().contains("its header"));
        grouper.piece(&Piece::Begin(info(3, 0)), &mut groups);
        assert!(grouper.refusal().is_none() && groups.is_empty());
        grouper.piece(&chunk(3, vec![0; 300]), &mut groups);
        grouper.piece(&Piece::Silence, &mut groups);
        assert_eq!(groups.len(), 1);
    }
}
