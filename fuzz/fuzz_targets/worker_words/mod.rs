//! What a worker may say: right in its frames, and otherwise whatever the input makes of it.

use bench_wire::frame::MessageWriter;
use bench_wire::log::{Log, LogEntry, LogHeader, LogKind};
use bench_wire::message::{
    DiskUtilisation, Eta, FileRequest, GroupStatistics, Histogram, JobOption, JobReport, JobStatistics, Start, Stop,
    Tag, TextOutput, VerifyStates, WorkerMessage, WorkerProbe,
};
use bench_wire::{FixedText, Opcode, ProtocolVersion, Role};
use libfuzzer_sys::arbitrary::{self, Arbitrary};

/// Bytes that are others: statistics have hundreds of thousands, and their numbers stand at both ends.
#[derive(Arbitrary, Debug)]
pub struct Change {
    is_at_the_end: bool,
    word: u16,
    value: [u8; 8],
    is_short: bool,
}

/// One message.
#[derive(Arbitrary, Debug)]
pub struct Word {
    which: u8,
    tag: u8,
    changes: Vec<Change>,
    /// Bytes more, or fewer.
    longer: i8,
}

impl Word {
    /// As it comes over the wire.
    pub fn bytes(&self, version: ProtocolVersion) -> Vec<u8> {
        let message = message(self.which, Tag(u64::from(self.tag % 8)));
        let mut writer = MessageWriter::new(version);
        message.encode(&mut writer);
        let mut reader = bench_wire::frame::MessageReader::new(Role::Worker);
        let mut payload = match reader.next_message(&mut writer.pending()) {
            Ok(Some(message)) => message.payload.to_vec(),
            other => panic!("what was written is read: {other:?}"),
        };
        self.change(&mut payload);
        let mut writer = MessageWriter::new(version);
        writer.write(message.opcode(), message.tag().0, &payload);
        writer.pending().to_vec()
    }

    fn change(&self, payload: &mut Vec<u8>) {
        for change in &self.changes {
            let length = if change.is_short { 4 } else { 8 };
            let Some(last) = payload.len().checked_sub(length) else { continue };
            let at = usize::from(change.word) * 4 % 4096;
            let at = if change.is_at_the_end { last.saturating_sub(at) } else { at.min(last) };
            payload[at..at + length].copy_from_slice(&change.value[..length]);
        }
        // The lengths of most messages are what their layout says; once in a while another one is tried.
        if self.longer > 100 || self.longer < -100 {
            payload.resize(payload.len().saturating_add_signed(isize::from(self.longer % 16)), 0);
        }
    }
}

fn message(which: u8, tag: Tag) -> WorkerMessage {
    match which % 16 {
        0 => {
            WorkerMessage::Probe(tag, WorkerProbe { fio_version: FixedText::new("fio-3.33"), ..WorkerProbe::default() })
        }
        1 => WorkerMessage::Text(TextOutput { level: 1, time_s: 1, time_us: 2, bytes: b"a: 1\n".to_vec() }),
        2 => WorkerMessage::Start(Start { jobs: 1, reports: 1 }),
        3 => WorkerMessage::JobStarted,
        4 => WorkerMessage::Eta(tag, Eta { running: 1, jobs: 1, states: b"R(1)".to_vec(), ..Eta::default() }),
        5 => WorkerMessage::Log(log(LogKind::BANDWIDTH)),
        6 => WorkerMessage::Log(log(LogKind::HISTOGRAM)),
        7 => WorkerMessage::FileRequest(tag, FileRequest { path: FixedText::new("w-a-0-verify.state") }),
        8 => WorkerMessage::VerifyStates(states()),
        9 | 10 => WorkerMessage::JobReport(Box::new(report())),
        11 => WorkerMessage::GroupStatistics(report().group),
        12 => WorkerMessage::DiskUtilisation(DiskUtilisation {
            name: FixedText::new("vda"),
            ..DiskUtilisation::default()
        }),
        13 => WorkerMessage::JobOption(JobOption { name: FixedText::new("bs"), ..JobOption::default() }),
        14 => WorkerMessage::Stop(Stop { error: 0, signal: 0 }),
        _ => WorkerMessage::Quit,
    }
}

fn log(kind: LogKind) -> Log {
    let histogram = (kind == LogKind::HISTOGRAM).then(|| Histogram::from_buckets([1, 2].into_iter()));
    let entry = LogEntry { time_ms: 1, value: 2, block_bytes: 4096, histogram, ..LogEntry::default() };
    let header = LogHeader { kind, name: FixedText::new("logs/a_bw.1.log"), ..LogHeader::default() };
    Log::new(header, &[entry.clone(), entry], ProtocolVersion::NEWEST)
}

/// Two states of depth 1 in the layout of the oldest versions.
fn states() -> VerifyStates {
    let mut state = vec![0; 168];
    (state[8], state[12], state[88]) = (1, 1, b'a');
    VerifyStates { jobs: 2, states: [state.clone(), state].concat() }
}

fn report() -> JobReport {
    let histogram = Histogram::from_buckets([3, 0, 1].into_iter());
    let job = JobStatistics {
        name: FixedText::new("a"),
        members: 1,
        ios: [4, 4, 4, 1],
        bytes: [16384; 3],
        runtime_ms: [5; 3],
        total_run_time_ms: 5,
        completion_percentiles: true,
        percentiles: std::array::from_fn(|place| place as f64),
        histograms: std::array::from_fn(|_| std::array::from_fn(|_| histogram.clone())),
        block_states: vec![1, 2, 3],
        kb_base: 1024,
        unit_base: 4,
        significant_figures: 4,
        ..JobStatistics::default()
    };
    let group = GroupStatistics {
        longest_run_ms: [5; 3],
        bytes: [16384; 3],
        kb_base: 1024,
        unit_base: 4,
        significant_figures: 4,
        ..GroupStatistics::default()
    };
    JobReport { job, group }
}

/// The versions of the protocol.
pub fn version(number: u8) -> ProtocolVersion {
    let count = ProtocolVersion::all().count();
    ProtocolVersion::all().nth(usize::from(number) % count).unwrap_or(ProtocolVersion::NEWEST)
}

/// Whether a payload can be a message of this kind at all.
#[allow(dead_code, reason = "not every target that has these words reads them itself")]
pub fn decode(bytes: &[u8], version: ProtocolVersion) -> Option<(Opcode, WorkerMessage)> {
    let mut reader = bench_wire::frame::MessageReader::of_version(Role::Worker, version);
    let message = reader.next_message(&mut &bytes[..]).ok()??;
    Some((message.opcode, WorkerMessage::decode(&message, version).ok()?))
}
