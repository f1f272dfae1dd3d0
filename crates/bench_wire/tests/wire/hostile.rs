//! Streams that are cut, damaged or made up: an error or a value, never a panic, and no more memory than has arrived.

use crate::random::Random;
use crate::recording::recordings;
use std::sync::OnceLock;

use bench_wire::frame::{FrameHeader, HEADER_BYTES, Message, MessageReader, MessageWriter};
use bench_wire::message::{FrontEndMessage, WorkerMessage};
use bench_wire::session::{FrontEndSession, WorkerSession};
use bench_wire::{Fault, Opcode, Problem, ProtocolVersion, Role};

/// What was understood.
#[derive(Debug, PartialEq)]
enum Value {
    FrontEnd(FrontEndMessage),
    Worker(WorkerMessage),
}

/// A command with who sent it.
struct Sample {
    sender: Role,
    version: ProtocolVersion,
    opcode: Opcode,
    tag: u64,
    payload: Vec<u8>,
}

impl Sample {
    fn message<'a>(&self, payload: &'a [u8]) -> Message<'a> {
        Message { opcode: self.opcode, tag: self.tag, payload }
    }

    fn stream(&self) -> Vec<u8> {
        let mut writer = MessageWriter::new(self.version);
        writer.write(self.opcode, self.tag, &self.payload);
        writer.pending().to_vec()
    }

    fn decode(&self, payload: &[u8]) -> Result<Value, Fault> {
        let message = self.message(payload);
        Ok(match self.sender {
            Role::FrontEnd => Value::FrontEnd(FrontEndMessage::decode(&message)?),
            Role::Worker => Value::Worker(WorkerMessage::decode(&message, self.version)?),
        })
    }

    /// Reads a payload and writes what was understood.
    fn rewrite(&self, payload: &[u8]) -> Result<(Value, Vec<u8>), Fault> {
        let value = self.decode(payload)?;
        let mut writer = MessageWriter::new(self.version);
        match &value {
            Value::FrontEnd(message) => message.encode(&mut writer),
            Value::Worker(message) => message.encode(&mut writer),
        }
        let mut reader = MessageReader::of_version(self.sender, self.version);
        let written = reader.next_message(&mut writer.pending()).unwrap().unwrap();
        Ok((value, written.payload.to_vec()))
    }
}

/// One command of each kind and version that was recorded.
fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(find_samples)
}

fn find_samples() -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for recording in recordings() {
        for (sender, bytes) in [(Role::FrontEnd, &recording.front_end), (Role::Worker, &recording.worker)] {
            let (mut reader, mut input) = (MessageReader::new(sender), &**bytes);
            while let Some(message) = reader.next_message(&mut input).unwrap() {
                let (opcode, tag, payload) = (message.opcode, message.tag, message.payload.to_vec());
                let version = reader.version().unwrap();
                let is_known =
                    |sample: &Sample| (sample.sender, sample.version, sample.opcode) == (sender, version, opcode);
                if !samples.iter().any(is_known) {
                    samples.push(Sample { sender, version, opcode, tag, payload });
                }
            }
        }
    }
    samples
}

#[test]
fn every_command_but_three_was_recorded() {
    let samples = samples();
    let missing: Vec<_> = [Role::FrontEnd, Role::Worker]
        .into_iter()
        .flat_map(|sender| Opcode::ALL.iter().map(move |opcode| (sender, *opcode)))
        .filter(|(sender, opcode)| opcode.is_sent_by(*sender))
        .filter(|(sender, opcode)| !samples.iter().any(|sample| (sample.sender, sample.opcode) == (*sender, *opcode)))
        .collect();
    // fio's own client for the command line sends neither QUIT nor EXIT nor UPDATE_JOB.
    let never = [
        (Role::FrontEnd, Opcode::Quit),
        (Role::FrontEnd, Opcode::Exit),
        (Role::FrontEnd, Opcode::UpdateJob),
        (Role::Worker, Opcode::UpdateJob),
    ];
    assert_eq!(missing, never);
}

#[test]
fn a_stream_that_is_cut_wants_more() {
    for sample in samples() {
        let stream = sample.stream();
        let step = if stream.len() < 4096 { 1 } else { stream.len() / 50 };
        for end in (0..stream.len()).step_by(step).chain(stream.len() - 1..stream.len()) {
            let mut reader = MessageReader::of_version(sample.sender, sample.version);
            let mut input = &stream[..end];
            assert_eq!(reader.next_message(&mut input), Ok(None), "{} cut at {end}", sample.opcode);
            assert!(input.is_empty());
            assert_eq!(reader.is_between_messages(), end == 0);
            let message = reader.next_message(&mut &stream[end..]).unwrap().unwrap();
            assert_eq!(message, sample.message(&sample.payload));
        }
    }
}

#[test]
fn a_payload_that_is_cut_is_a_fault() {
    for sample in samples() {
        for end in (0..sample.payload.len()).filter(|end| sample.payload.len() < 4096 || end % 509 == 0) {
            let is_open_ended = match (sample.sender, sample.opcode) {
                // The samples of a log, the states and the packed options are as long as they are; so is a line of states.
                (Role::Worker, Opcode::Log) => end >= if sample.version.number() < 102 { 288 } else { 296 },
                (Role::Worker, Opcode::VerifyTrigger | Opcode::AddJob) => end >= 8,
                (Role::Worker, Opcode::Eta) => end > 168 && sample.payload[end - 1] == 0,
                _ => false,
            };
            let cut = sample.decode(&sample.payload[..end]);
            assert!(cut.is_err() || is_open_ended, "{} cut at {end}", sample.opcode);
        }
    }
}

#[test]
fn a_flipped_bit_on_the_wire_is_a_fault() {
    let mut random = Random::new();
    for sample in samples() {
        let stream = sample.stream();
        let bits = stream.len() * 8;
        let flips: Vec<_> =
            if bits < 4096 { (0..bits).collect() } else { (0..400).map(|_| random.below(bits)).collect() };
        for bit in flips {
            let mut damaged = stream.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let mut reader = MessageReader::of_version(sample.sender, sample.version);
            let read = reader.next_message(&mut &*damaged);
            // Nobody checks the checksum of no payload.
            if sample.payload.is_empty() && bit / 8 >= 22 {
                assert_eq!(read, Ok(Some(sample.message(&[]))));
            } else {
                assert!(read.is_err(), "{} bit {bit}: {read:?}", sample.opcode);
            }
        }
    }
}

#[test]
fn a_flipped_bit_behind_the_checksum_is_a_fault_or_another_value() {
    let mut random = Random::new();
    for sample in samples() {
        let bits = sample.payload.len() * 8;
        let original = sample.rewrite(&sample.payload).unwrap();
        assert_eq!(original.1, sample.payload);
        let count = if bits > 1_000_000 { 20 } else { 400 };
        let flips: Vec<_> =
            if bits < 4096 { (0..bits).collect() } else { (0..count).map(|_| random.below(bits)).collect() };
        for bit in flips {
            let mut damaged = sample.payload.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let Ok((value, written)) = sample.rewrite(&damaged) else { continue };
            if let Value::Worker(WorkerMessage::Log(log)) = &value {
                let readable = log.entries(sample.version).take(3).filter(Result::is_ok).count();
                assert!(readable as u64 <= log.header.samples);
            }
            // The same value only when the bit is padding, or after the end of a string.
            if value == original.0 {
                assert!(written == original.1 || written == damaged, "{} bit {bit}", sample.opcode);
            }
        }
    }
}

#[test]
fn what_is_understood_of_any_payload_can_be_said_again() {
    let mut random = Random::new();
    for sample in samples() {
        for _ in 0..if sample.payload.len() > 100_000 { 4 } else { 100 } {
            let mut payload = sample.payload.clone();
            let length = payload.len();
            for _ in 0..random.below(20) {
                if length > 0 {
                    payload[random.below(length.min(400))] = random.byte();
                }
            }
            if random.below(4) == 0 {
                let (at, kept) = (random.below(length + 1), random.below(length + 1));
                payload.truncate(kept);
                payload.resize(kept + at % 64, 0);
            }
            if let Ok((value, once)) = sample.rewrite(&payload) {
                let (_, twice) = sample.rewrite(&once).unwrap_or_else(|fault| panic!("{value:?}: {fault}"));
                assert_eq!(once, twice, "{}", sample.opcode);
            }
        }
    }
}

#[test]
fn sessions_survive_any_order_of_real_commands() {
    let mut random = Random::new();
    let samples = samples();
    for _ in 0..300 {
        let version = ProtocolVersion::OLDEST;
        let (mut worker, mut front_end) = (WorkerSession::new(), FrontEndSession::new(version));
        for _ in 0..20 {
            let sample = &samples[random.below(samples.len())];
            let stream = sample.stream();
            let end = if random.below(30) == 0 { random.below(stream.len()) } else { stream.len() };
            let mut input = &stream[..end];
            match sample.sender {
                Role::FrontEnd => while worker.next_message(&mut input).is_ok_and(|message| message.is_some()) {},
                Role::Worker => while front_end.next_message(&mut input).is_ok_and(|message| message.is_some()) {},
            }
        }
    }
}

/// Offsets are those of version 97.
#[test]
fn counts_and_places_inside_of_statistics_are_checked() {
    let is_report = |sample: &&Sample| {
        sample.opcode == Opcode::JobStatistics
            && sample.version == ProtocolVersion::OLDEST
            && sample.payload.len() == 184_056
    };
    let sample = samples().iter().find(is_report).unwrap();
    let problem = |changes: &[(usize, &[u8])]| {
        let mut payload = sample.payload.clone();
        for (at, bytes) in changes {
            payload[*at..][..bytes.len()].copy_from_slice(bytes);
        }
        match sample.decode(&payload) {
            Err(Fault::Malformed { problem, .. }) => Some(problem),
            _ => None,
        }
    };
    let (block_count, duration, state, priorities_at, priorities) = (150_904, 183_732, 183_740, 183_832, 183_856);
    assert_eq!(problem(&[(block_count, &8192_u64.to_le_bytes())]), None);
    for count in [8193, u64::MAX] {
        let field = "the number of block states";
        let refused = Some(Problem::Number { field, value: count, limit: 8192 });
        assert_eq!(problem(&[(block_count, &count.to_le_bytes())]), refused);
    }
    let outside = Some(Problem::Outside { field: "the priorities" });
    for (at, count) in [(184_056, 1), (u64::MAX, 1), (0, 13), (0, u32::MAX), (169_145, 1)] {
        let changes: [(usize, &[u8]); 2] = [(priorities_at, &at.to_le_bytes()), (priorities, &count.to_le_bytes())];
        assert_eq!(problem(&changes), outside, "{count} at {at}");
    }
    assert_eq!(problem(&[(priorities_at, &169_144_u64.to_le_bytes()), (priorities, &[1])]), None);
    let outside = Some(Problem::Outside { field: "the steady state's IOPS" });
    for seconds in [u64::MAX, 1 << 60, 23_008] {
        assert_eq!(problem(&[(duration, &seconds.to_le_bytes()), (state, &[1 << 5])]), outside, "{seconds} s");
    }
    assert_eq!(problem(&[(duration, &23_007_u64.to_le_bytes()), (state, &[1 << 5])]), None);
}

fn header(opcode: Opcode, payload: &[u8], change: impl FnOnce(&mut FrameHeader)) -> Vec<u8> {
    use zerocopy::IntoBytes;
    let mut header = FrameHeader::new(ProtocolVersion::OLDEST, opcode, 0, payload, false);
    change(&mut header);
    header.header_checksum = header.computed_checksum().into();
    [header.as_bytes(), payload].concat()
}

fn fault_of(sender: Role, stream: &[u8]) -> Fault {
    let mut reader = MessageReader::of_version(sender, ProtocolVersion::OLDEST);
    let fault = reader.next_message(&mut &*stream).unwrap_err();
    assert_eq!(reader.next_message(&mut &*stream), Err(fault), "a fault is for good");
    fault
}

#[test]
fn each_breach_of_the_frames_has_its_fault() {
    let stream = header(Opcode::Run, &[], |header| header.version = 96.into());
    let ours = Some(ProtocolVersion::OLDEST);
    assert_eq!(fault_of(Role::FrontEnd, &stream), Fault::Version { theirs: 96, ours });
    let stream = header(Opcode::Run, &[], |header| header.version = 121.into());
    let fault = fault_of(Role::FrontEnd, &stream);
    assert_eq!(fault.version_to_retry_with(), Some(ProtocolVersion::NEWEST));
    let stream = header(Opcode::Run, &[], |header| header.opcode = 23.into());
    assert_eq!(fault_of(Role::FrontEnd, &stream), Fault::UnknownOpcode { number: 23 });
    let stream = header(Opcode::Run, &[], |_| {});
    assert_eq!(fault_of(Role::Worker, &stream), Fault::Direction { opcode: Opcode::Run, sender: Role::Worker });
    let stream = header(Opcode::Text, &[], |header| header.payload_bytes = 1025.into());
    assert_eq!(fault_of(Role::Worker, &stream), Fault::FragmentTooLong { opcode: Opcode::Text, length: 1025 });
    let first = header(Opcode::Text, b"a", |header| header.flags = 1.into());
    let stream = [first, header(Opcode::Quit, &[], |_| {})].concat();
    assert_eq!(fault_of(Role::Worker, &stream), Fault::OpcodeChanged { first: Opcode::Text, then: Opcode::Quit });
    assert!(matches!(fault_of(Role::Worker, b"GET / HTTP/1.1\r\nHost: localhost\r\n"), Fault::HeaderChecksum { .. }));
}

#[test]
fn a_command_without_end_is_cut_at_its_limit() {
    let limit = bench_wire::limits::payload_bytes_max(Opcode::Text);
    let fragment = header(Opcode::Text, &[b'x'; 1024], |header| header.flags = 1.into());
    let mut reader = MessageReader::new(Role::Worker);
    for _ in 0..limit / 1024 {
        assert_eq!(reader.next_message(&mut &*fragment), Ok(None));
    }
    let fault = Fault::TooLong { opcode: Opcode::Text, limit };
    assert_eq!(reader.next_message(&mut &*fragment), Err(fault));
    // Fragments without payload go on for ever, and take no memory.
    let empty = header(Opcode::Text, &[], |header| header.flags = 1.into());
    let mut reader = MessageReader::new(Role::Worker);
    for _ in 0..10_000 {
        assert_eq!(reader.next_message(&mut &empty[..HEADER_BYTES]), Ok(None));
    }
}

#[test]
fn a_log_that_would_not_fit_into_memory_is_read_through_a_window() {
    use bench_wire::log::{Log, LogCompression, LogEntry, LogHeader};
    let version = ProtocolVersion::NEWEST;
    let header = LogHeader { compression: LogCompression::TRANSMISSION, ..LogHeader::default() };
    let entries = vec![LogEntry { time_ms: 1, value: 2, ..LogEntry::default() }; 200_000];
    let mut log = Log::new(header, &entries, version);
    assert!(log.data.len() < 100_000, "{}", log.data.len());
    assert!(log.entries(version).map(Result::unwrap).eq(entries));
    // A peer that announces more than it sends.
    log.header.samples = u64::MAX;
    let mut faults = log.entries(version).filter_map(Result::err);
    assert!(matches!(faults.next(), Some(Fault::Malformed { problem: Problem::Short { .. }, .. })));
    // A peer that sends no zlib stream.
    log.data = b"plain samples".to_vec();
    let fault = log.entries(version).next().unwrap().unwrap_err();
    assert_eq!(fault, Fault::Malformed { opcode: Opcode::Log, problem: Problem::Compression });
}
