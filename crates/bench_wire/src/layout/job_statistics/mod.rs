//! A job's statistics (`struct thread_stat`, payload of TS) in each of their layouts.
//!
//! The layouts consist of the same [`blocks`]; they differ in what is between those. Arrays of changing length come after the fixed
//! part and the group's statistics: priorities of each direction, then what steady state detection has kept. The fixed part says
//! where, in bytes from the start of the payload.

mod blocks;
mod v101;
mod v114;
mod v115;
mod v97;

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::field::{Field, beginning};
use crate::fault::{Fault, Problem};
use crate::message::{GroupStatistics, GroupStatisticsWire, JobReport, JobStatistics, PriorityStatistics};
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;
use blocks::PriorityWire;

/// Bytes after the group's statistics that align what follows.
const PADDING_BYTES: usize = 4;

/// Blocks whose error state a job keeps, for `block_error_hist`.
const BLOCKS: usize = 8192;

/// The bit of the steady state's `state` that says that its samples are appended (`FIO_SS_DATA`).
const STEADY_SAMPLES_APPENDED: u32 = 1 << 5;

/// Where the appended arrays are, in bytes from the start of the payload, and how many priorities there are.
#[derive(Debug, Default, Clone, Copy)]
struct Appended {
    iops_at: u64,
    bandwidth_at: u64,
    /// `None` in a layout without.
    latency_at: Option<u64>,
    priorities_at: [u64; 3],
    priorities: [u32; 3],
}

/// One layout of the fixed part.
trait Layout: FromBytes + FromZeros + IntoBytes + KnownLayout + Immutable + Unaligned {
    /// Whether steady state detection keeps latencies.
    const KEEPS_LATENCY: bool;

    /// Reads the fixed part.
    fn load(&self, value: &mut JobStatistics) -> (Appended, u64);

    /// Writes the fixed part.
    fn store(&mut self, value: &JobStatistics, appended: &Appended);

    /// Error states of blocks; as many mean something as the count says.
    fn blocks(&self) -> &[zerocopy::little_endian::U32; BLOCKS];
}

/// Reads a TS payload of this version.
pub(crate) fn decode(payload: &[u8], version: ProtocolVersion) -> Result<JobReport, Fault> {
    let report = match version.number() {
        ..=100 => decode_layout::<v97::ThreadStatistics>(payload),
        101..=113 => decode_layout::<v101::ThreadStatistics>(payload),
        114 => decode_layout::<v114::ThreadStatistics>(payload),
        115.. => decode_layout::<v115::ThreadStatistics>(payload),
    };
    report.map_err(|problem| problem.of(Opcode::JobStatistics))
}

/// Writes a TS payload of this version.
pub(crate) fn encode(report: &JobReport, version: ProtocolVersion, output: &mut Vec<u8>) {
    match version.number() {
        ..=100 => encode_layout::<v97::ThreadStatistics>(report, output),
        101..=113 => encode_layout::<v101::ThreadStatistics>(report, output),
        114 => encode_layout::<v114::ThreadStatistics>(report, output),
        115.. => encode_layout::<v115::ThreadStatistics>(report, output),
    }
}

fn decode_layout<L: Layout>(payload: &[u8]) -> Result<JobReport, Problem> {
    let (wire, rest) = beginning::<L>(payload)?;
    let (group_wire, rest) = beginning::<GroupStatisticsWire>(rest)?;
    if rest.len() < PADDING_BYTES {
        return Err(Problem::Short { needed: payload.len() - rest.len() + PADDING_BYTES, found: payload.len() });
    }
    let mut job = JobStatistics::default();
    let (appended, blocks) = wire.load(&mut job);
    let blocks = usize::try_from(blocks).ok().filter(|&blocks| blocks <= BLOCKS).ok_or(Problem::Number {
        field: "the number of block states",
        value: blocks,
        limit: BLOCKS as u64,
    })?;
    job.block_states = wire.blocks()[..blocks].iter().map(|state| state.get()).collect();
    load_appended(payload, &appended, &mut job)?;
    let mut group = GroupStatistics::default();
    group_wire.load(&mut group);
    Ok(JobReport { job, group })
}

fn load_appended(payload: &[u8], appended: &Appended, job: &mut JobStatistics) -> Result<(), Problem> {
    for direction in 0..3 {
        let count = u64::from(appended.priorities[direction]);
        let wire = array::<PriorityWire>(payload, appended.priorities_at[direction], count, "the priorities")?;
        job.priorities[direction] = wire
            .iter()
            .map(|wire| {
                let mut priority = PriorityStatistics::default();
                wire.load(&mut priority);
                priority
            })
            .collect();
    }
    let steady = &mut job.steady_state;
    if steady.state & STEADY_SAMPLES_APPENDED == 0 {
        return Ok(());
    }
    let samples = |at, name| -> Result<Vec<u64>, Problem> {
        let wire = array::<U64>(payload, at, steady.duration, name)?;
        Ok(wire.iter().map(|sample| sample.get()).collect())
    };
    let iops = samples(appended.iops_at, "the steady state's IOPS")?;
    let bandwidth = samples(appended.bandwidth_at, "the steady state's bandwidth")?;
    let latency = appended.latency_at.map(|at| samples(at, "the steady state's latencies")).transpose()?;
    (steady.iops, steady.bandwidth, steady.latency) = (iops, bandwidth, latency.unwrap_or_default());
    Ok(())
}

/// `count` elements at that byte of the payload.
fn array<'a, T: FromBytes + Immutable + Unaligned>(
    payload: &'a [u8],
    at: u64,
    count: u64,
    field: &'static str,
) -> Result<&'a [T], Problem> {
    if count == 0 {
        return Ok(&[]);
    }
    let outside = Problem::Outside { field };
    let at = usize::try_from(at).map_err(|_| outside)?;
    let count = usize::try_from(count).map_err(|_| outside)?;
    let rest = payload.get(at..).ok_or(outside)?;
    <[T]>::ref_from_prefix_with_elems(rest, count).map(|(array, _)| array).map_err(|_| outside)
}

fn encode_layout<L: Layout>(report: &JobReport, output: &mut Vec<u8>) {
    let job = &report.job;
    let fixed_bytes = size_of::<L>() + size_of::<GroupStatisticsWire>() + PADDING_BYTES;
    let mut at = fixed_bytes;
    let mut place = |bytes: usize| {
        let place = at as u64;
        at += bytes;
        place
    };
    let mut appended = Appended::default();
    for (direction, priorities) in job.priorities.iter().enumerate().filter(|(_, priorities)| !priorities.is_empty()) {
        appended.priorities_at[direction] = place(size_of_val(priorities_wire(priorities).as_slice()));
        appended.priorities[direction] = u32::try_from(priorities.len()).expect("there are 65536 priorities");
    }
    let steady_samples = steady_samples::<L>(job);
    if job.steady_state.state & STEADY_SAMPLES_APPENDED != 0 {
        let bytes = job.steady_samples() * size_of::<U64>();
        appended.iops_at = place(bytes);
        appended.bandwidth_at = place(bytes);
        appended.latency_at = L::KEEPS_LATENCY.then(|| place(bytes));
    }
    let mut wire = L::new_box_zeroed().expect("memory for 180 KiB");
    wire.store(job, &appended);
    let mut group: GroupStatisticsWire = FromZeros::new_zeroed();
    group.store(&report.group);
    output.reserve(at);
    output.extend_from_slice(wire.as_bytes());
    output.extend_from_slice(group.as_bytes());
    output.extend_from_slice(&[0; PADDING_BYTES]);
    for priorities in &job.priorities {
        output.extend_from_slice(priorities_wire(priorities).as_bytes());
    }
    output.extend_from_slice(steady_samples.as_bytes());
}

fn priorities_wire(priorities: &[PriorityStatistics]) -> Vec<PriorityWire> {
    let mut wire = Vec::with_capacity(priorities.len());
    for priority in priorities {
        let mut entry: PriorityWire = FromZeros::new_zeroed();
        entry.store(priority);
        wire.push(entry);
    }
    wire
}

/// What steady state detection has kept, one array after another, each as long as the duration says.
fn steady_samples<L: Layout>(job: &JobStatistics) -> Vec<U64> {
    let steady = &job.steady_state;
    if steady.state & STEADY_SAMPLES_APPENDED == 0 {
        return Vec::new();
    }
    let latency: &[u64] = &steady.latency;
    let arrays = [Some(&*steady.iops), Some(&*steady.bandwidth), L::KEEPS_LATENCY.then_some(latency)];
    let padded = |array: &[u64]| -> Vec<u64> {
        array.iter().copied().chain(std::iter::repeat(0)).take(job.steady_samples()).collect()
    };
    arrays.into_iter().flatten().flat_map(padded).map(U64::new).collect()
}

/// Writes the block states into their array.
fn store_blocks(job: &JobStatistics, wire: &mut [zerocopy::little_endian::U32; BLOCKS]) -> u64 {
    for (wire, state) in wire.iter_mut().zip(&job.block_states) {
        wire.store(state);
    }
    job.block_states.len().min(BLOCKS) as u64
}
