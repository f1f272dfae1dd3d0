//! A receiver, packets of some streams in any order, damaged, lost and more than once, and packets that somebody forged. What it hands
//! out of streams that nobody forged is what was sent, in order, each group once, and what is missing is counted. It never holds more
//! than it says.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use radio_stream::fec::Code;
use radio_stream::packet::{PacketHeader, SLICE_BYTES_MAX, StreamHeader, slice_bytes};
use radio_stream::receiver::{Delivery, Receiver, WINDOW_BYTES_MAX};

/// Groups of each stream.
const GROUPS: u8 = 12;

#[derive(Arbitrary, Debug)]
enum Step {
    /// A slice of a group of a stream.
    Slice { stream: u8, group: u8, slice: u8 },
    /// All slices of a group but for some at the front.
    Group { stream: u8, group: u8, lost: u8 },
    /// The header of a stream.
    Header { stream: u8 },
    /// All of a stream.
    Whole { stream: u8 },
    /// A slice with a bit that is another.
    Damaged { stream: u8, group: u8, slice: u8, bit: u16 },
    /// A packet that no sender of ours has made. Streams that are named so are not looked at.
    Forged { stream: u8, group: u32, flags: u8, code: (u8, u8), slice: u8, group_bytes: u16 },
}

/// A stream as its sender has it.
struct Sent {
    id: u32,
    code: Code,
}

impl Sent {
    fn new(stream: u8, code: Code) -> Self {
        Self { id: u32::from(stream % 4) + 1, code }
    }

    fn title(&self) -> StreamHeader {
        StreamHeader { media_type: "audio/mpeg".into(), title: self.id.to_string(), bytes: vec![7; 40] }
    }

    /// What is in a group: nothing else looks like it.
    fn data(&self, group: u8) -> Vec<u8> {
        let mut data = vec![self.id.to_le_bytes()[0], group];
        data.resize(2 + usize::from(group) * 3, group ^ 0x5a);
        data
    }

    fn packet(&self, group: Option<u8>, slice: u8) -> Vec<u8> {
        let data = group.map_or_else(|| self.title().encode(), |group| self.data(group));
        let group_bytes = u32::try_from(data.len()).expect("it is short");
        let size = slice_bytes(group_bytes, self.code);
        let mut all = data;
        all.resize(self.code.data_slices() * size, 0);
        self.code.add_repair(&mut all, size);
        let place = usize::from(slice) % self.code.slices();
        let header = PacketHeader {
            stream: self.id,
            group: group.map_or(0, u32::from),
            is_header: group.is_none(),
            is_last: group == Some(GROUPS - 1),
            code: self.code,
            slice: u8::try_from(place).expect("a slice is a byte"),
            group_bytes,
            start_ms: 0,
            duration_ms: 100,
        };
        let mut packet = Vec::new();
        header.encode(&all[place * size..(place + 1) * size], &mut packet);
        packet
    }

    fn slices(&self) -> impl Iterator<Item = u8> + use<> {
        (0..=u8::MAX).take(self.code.slices())
    }
}

/// Who listens, and holds it against what was sent.
#[derive(Default)]
struct Listener {
    stream: Option<u8>,
    /// The group that comes next, once one has come.
    next: Option<u32>,
    groups: u64,
    lost: u64,
}

impl Listener {
    fn hear(&mut self, delivery: &Delivery, code: Code) {
        match delivery {
            Delivery::Begin(header) => {
                let stream = (0..4).find(|stream| Sent::new(*stream, code).title() == *header);
                self.stream = Some(stream.expect("a stream that was sent"));
                self.next = None;
            }
            Delivery::Data(data) => {
                let stream = self.stream.expect("data have a stream");
                let group = (0..GROUPS).find(|group| Sent::new(stream, code).data(*group) == *data);
                let group = u32::from(group.expect("a group of its stream, as it was sent"));
                assert!(self.next.is_none_or(|next| next == group), "in order, each once");
                self.next = Some(group + 1);
                self.groups += 1;
            }
            Delivery::Lost(count) => {
                assert!(*count > 0);
                self.next = Some(self.next.expect("what comes before the first is not lost") + count);
                self.lost += u64::from(*count);
            }
            Delivery::End => {
                assert_eq!(self.next, Some(u32::from(GROUPS)), "the end is behind the last");
                self.stream = None;
            }
        }
    }
}

fn forged(step: &Step) -> Option<Vec<u8>> {
    let Step::Forged { stream, group, flags, code, slice, group_bytes } = step else { return None };
    let code = Code::new(code.0.into(), usize::from(code.1) + 1).ok()?;
    let header = PacketHeader {
        stream: (*stream).into(),
        group: *group,
        is_header: flags & 1 != 0,
        is_last: flags & 2 != 0,
        code,
        slice: *slice,
        group_bytes: (*group_bytes).into(),
        start_ms: 0,
        duration_ms: 0,
    };
    let size = slice_bytes(header.group_bytes, code);
    let mut packet = Vec::new();
    (size <= SLICE_BYTES_MAX).then(|| header.encode(&vec![*slice; size], &mut packet))?;
    Some(packet)
}

fn packets(step: &Step, code: Code) -> Vec<Vec<u8>> {
    match step {
        Step::Slice { stream, group, slice } => vec![Sent::new(*stream, code).packet(Some(group % GROUPS), *slice)],
        Step::Group { stream, group, lost } => {
            let sent = Sent::new(*stream, code);
            let kept = sent.slices().skip(usize::from(lost % 4));
            kept.map(|slice| sent.packet(Some(group % GROUPS), slice)).collect()
        }
        Step::Header { stream } => {
            let sent = Sent::new(*stream, code);
            sent.slices().map(|slice| sent.packet(None, slice)).collect()
        }
        Step::Whole { stream } => {
            let sent = Sent::new(*stream, code);
            let groups = std::iter::once(None).chain((0..GROUPS).map(Some));
            groups
                .flat_map(|group| sent.slices().map(move |slice| (group, slice)))
                .map(|(group, slice)| sent.packet(group, slice))
                .collect()
        }
        Step::Damaged { stream, group, slice, bit } => {
            let mut packet = Sent::new(*stream, code).packet(Some(group % GROUPS), *slice);
            let bit = usize::from(*bit) % (packet.len() * 8);
            packet[bit / 8] ^= 1 << (bit % 8);
            vec![packet]
        }
        Step::Forged { .. } => forged(step).into_iter().collect(),
    }
}

fuzz_target!(|input: (u8, u8, Vec<Step>)| {
    let (data_slices, repair, steps) = input;
    let data_slices = usize::from(data_slices % 6) + 1;
    let Ok(code) = Code::new(data_slices, data_slices + usize::from(repair % 4)) else { return };
    let is_honest = !steps.iter().any(|step| matches!(step, Step::Forged { .. }));
    let mut receiver = Receiver::new();
    let mut listener = Listener::default();
    let (mut taken, mut is_in_stream) = (0, false);
    let mut hear = |receiver: &mut Receiver| {
        while let Some(delivery) = receiver.next_delivery() {
            assert_eq!(is_in_stream, !matches!(delivery, Delivery::Begin(_)) || is_in_stream, "a stream begins first");
            is_in_stream = delivery != Delivery::End;
            if is_honest {
                listener.hear(&delivery, code);
            }
        }
        if is_honest {
            assert_eq!((receiver.counts().groups, receiver.counts().lost), (listener.groups, listener.lost));
        }
    };
    for step in &steps {
        for packet in packets(step, code) {
            let received = receiver.receive(&packet);
            assert!(received.is_err() == matches!(step, Step::Damaged { .. }) || matches!(step, Step::Forged { .. }));
            taken += u64::from(received.is_ok());
            assert!(receiver.held_bytes() <= WINDOW_BYTES_MAX);
        }
        hear(&mut receiver);
    }
    receiver.finish();
    hear(&mut receiver);
    assert_eq!(receiver.counts().packets + receiver.counts().useless, taken);
});
