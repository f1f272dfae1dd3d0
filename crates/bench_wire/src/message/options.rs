//! Options of jobs: by name, for the report; and packed, for a graphical front end.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use crate::fault::Fault;
use crate::fixed_text::FixedText;
use crate::layout::field::beginning;
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;

/// An option as the job file has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobOption {
    /// It is one of all jobs.
    pub is_global: bool,
    /// The value did not fit.
    pub is_truncated: bool,
    /// Group of the job. A receiver that indexes by it has to check it.
    pub group_id: u32,
    /// The option's name.
    pub name: FixedText<64>,
    /// Its value; empty when it has none.
    pub value: FixedText<128>,
}

wire_structure! {
    /// `struct cmd_job_option`.
    struct JobOptionWire for JobOption, 200 bytes {
        0 is_global: U16 = is_global;
        2 is_truncated: U16 = is_truncated;
        4 group_id: U32 = group_id;
        8 name: FixedText<64> = name;
        72 value: FixedText<128> = value;
    }
}

fixed_payload!(JobOption, JobOptionWire, Opcode::JobOption);

/// What packed options begin with, the same in all versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobOutline {
    /// The operator's words about the job.
    pub description: FixedText<256>,
    /// Its name.
    pub name: FixedText<256>,
    /// The job that it waits for.
    pub wait_for: FixedText<256>,
    /// Where its files are, with colons between several.
    pub directory: FixedText<256>,
    /// Its files, with colons between several; empty for those that are called by `filename_format`.
    pub filename: FixedText<256>,
    /// How files are called that have no name.
    pub filename_format: FixedText<256>,
    /// The directory of which all files are used.
    pub opendir: FixedText<256>,
    /// What does the I/O.
    pub ioengine: FixedText<256>,
    /// The file behind the memory for I/O.
    pub mmapfile: FixedText<256>,
    /// `rw`: bit 0 reads, bit 1 writes, bit 2 at random, bit 3 trims.
    pub workload: u32,
    /// `rw_sequencer`: 0 in sequence, 1 the same offset again.
    pub rw_sequencer: u32,
    /// `kb_base`: 1000 or 1024.
    pub kb_base: u32,
    /// Bandwidths are shown in: 4 bytes, 5 bits.
    pub unit_base: u32,
    /// The number behind `rw=WORD:`, blocks before the next random offset or bytes to skip; 1 without.
    pub rw_sequence_count: u32,
    /// Bytes to skip between blocks, in two's complement.
    pub rw_sequence_add: u64,
    /// Most blocks under way.
    pub iodepth: u32,
    /// New blocks are submitted once so few are under way.
    pub iodepth_low: u32,
    /// Blocks submitted at once.
    pub iodepth_batch: u32,
    /// Fewest blocks waited for at once.
    pub iodepth_batch_complete_min: u32,
    /// Most blocks taken at once.
    pub iodepth_batch_complete_max: u32,
    /// A block that overlaps one under way waits for it.
    pub serialize_overlap: bool,
}

wire_structure! {
    /// The beginning of `struct thread_options_pack`.
    struct JobOutlineWire for JobOutline, 2420 bytes {
        0 which_are_set: [U64; 8];
        64 description: FixedText<256> = description;
        320 name: FixedText<256> = name;
        576 wait_for: FixedText<256> = wait_for;
        832 directory: FixedText<256> = directory;
        1088 filename: FixedText<256> = filename;
        1344 filename_format: FixedText<256> = filename_format;
        1600 opendir: FixedText<256> = opendir;
        1856 ioengine: FixedText<256> = ioengine;
        2112 mmapfile: FixedText<256> = mmapfile;
        2368 workload: U32 = workload;
        2372 rw_sequencer: U32 = rw_sequencer;
        2376 kb_base: U32 = kb_base;
        2380 unit_base: U32 = unit_base;
        2384 rw_sequence_count: U32 = rw_sequence_count;
        2388 rw_sequence_add: U64 = rw_sequence_add;
        2396 iodepth: U32 = iodepth;
        2400 iodepth_low: U32 = iodepth_low;
        2404 iodepth_batch: U32 = iodepth_batch;
        2408 iodepth_batch_complete_min: U32 = iodepth_batch_complete_min;
        2412 iodepth_batch_complete_max: U32 = iodepth_batch_complete_max;
        2416 serialize_overlap: U32 = serialize_overlap;
    }
}

/// What else graphical front ends show of packed options, each in another place in nearly every release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobDetails {
    /// Bytes of the smallest blocks: reads, writes, trims.
    pub smallest_blocks: [u64; 3],
    /// Bytes of the largest blocks.
    pub largest_blocks: [u64; 3],
    /// `direct`.
    pub is_direct: bool,
    /// `significant_figures` of what is shown.
    pub significant_figures: u32,
}

/// Where `struct thread_options_pack` of a version has [`JobDetails`], in bytes from its beginning.
struct Places {
    version: u16,
    /// Of all of it, without patterns.
    bytes: usize,
    /// Of the smallest blocks; the largest follow.
    blocks: usize,
    is_direct: usize,
    significant_figures: usize,
}

impl Places {
    const fn new(version: u16, bytes: usize, blocks: usize, is_direct: usize, significant_figures: usize) -> Self {
        assert!(significant_figures + size_of::<U32>() <= bytes, "fields are inside");
        Self { version, bytes, blocks, is_direct, significant_figures }
    }

    fn of(version: ProtocolVersion) -> Option<&'static Self> {
        PLACES.iter().find(|places| places.version == version.number())
    }
}

/// Those of releases and of the snapshot that is spoken.
const PLACES: &[Places] = &[
    Places::new(97, 25816, 2560, 7256, 25760),
    Places::new(99, 24864, 2560, 7256, 24736),
    Places::new(100, 24864, 2560, 7256, 24736),
    Places::new(101, 24860, 2548, 7244, 24728),
    Places::new(103, 24868, 2548, 7244, 24732),
    Places::new(107, 25324, 2548, 7244, 24732),
    Places::new(111, 25344, 2548, 7244, 24748),
    Places::new(113, 25368, 2548, 7248, 24772),
    Places::new(120, 25652, 2548, 7248, 25052),
    Places::new(121, 25924, 2548, 7248, 25324),
];

wire_structure! {
    /// `min_bs` and `max_bs`.
    struct BlocksWire for JobDetails, 48 bytes {
        0 smallest_blocks: [U64; 3] = smallest_blocks;
        24 largest_blocks: [U64; 3] = largest_blocks;
    }
}

/// A job with all of its options packed into one structure.
///
/// The structure has another layout in almost every release, nothing in it is needed to run or to report, and only a graphical front
/// end looks at it. So it stays as it came, but for its beginning, [`Self::outline`], and for what such a front end shows,
/// [`Self::details`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedJob {
    /// Number of the job, from 1.
    pub thread_number: u32,
    /// Number of its group, from 0.
    pub group_id: u32,
    /// `struct thread_options_pack` of the peer's version.
    pub options: Vec<u8>,
}

wire_structure! {
    /// The beginning of `struct cmd_add_job_pdu`.
    struct PackedJobWire for PackedJob, 8 bytes {
        0 thread_number: U32 = thread_number;
        4 group_id: U32 = group_id;
    }
}

impl PackedJob {
    /// A job of which this is known, in the size of the version, the rest zero; no option counts as set. `None` for a version whose layout
    /// is not known because no release has it.
    #[must_use]
    pub fn of(
        thread_number: u32,
        group_id: u32,
        outline: &JobOutline,
        details: &JobDetails,
        version: ProtocolVersion,
    ) -> Option<Self> {
        let places = Places::of(version)?;
        let mut wire: JobOutlineWire = FromZeros::new_zeroed();
        wire.store(outline);
        let mut blocks: BlocksWire = FromZeros::new_zeroed();
        blocks.store(details);
        let mut options = vec![0; places.bytes];
        let mut put = |at: usize, bytes: &[u8]| options[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, wire.as_bytes());
        put(places.blocks, blocks.as_bytes());
        put(places.is_direct, &u32::from(details.is_direct).to_le_bytes());
        put(places.significant_figures, &details.significant_figures.to_le_bytes());
        Some(Self { thread_number, group_id, options })
    }

    /// What graphical front ends show beside the outline; `None` for a version whose layout is not known, and when the options are too
    /// short.
    #[must_use]
    pub fn details(&self, version: ProtocolVersion) -> Option<JobDetails> {
        let places = Places::of(version)?;
        let number = |at: usize| Some(beginning::<[U32; 1]>(self.options.get(at..)?).ok()?.0[0].get());
        let mut details = JobDetails {
            is_direct: number(places.is_direct)? != 0,
            significant_figures: number(places.significant_figures)?,
            ..JobDetails::default()
        };
        beginning::<BlocksWire>(self.options.get(places.blocks..)?).ok()?.0.load(&mut details);
        Some(details)
    }

    /// What can be read in all versions; `None` when the options are too short.
    #[must_use]
    pub fn outline(&self) -> Option<JobOutline> {
        let (wire, _) = beginning::<JobOutlineWire>(&self.options).ok()?;
        let mut outline = JobOutline::default();
        wire.load(&mut outline);
        Some(outline)
    }

    pub(crate) fn decode(payload: &[u8], opcode: Opcode) -> Result<Self, Fault> {
        let (wire, rest) = beginning::<PackedJobWire>(payload).map_err(|problem| problem.of(opcode))?;
        let mut value = Self { options: rest.to_vec(), ..Self::default() };
        wire.load(&mut value);
        Ok(value)
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let mut wire: PackedJobWire = FromZeros::new_zeroed();
        wire.store(self);
        output.extend_from_slice(wire.as_bytes());
        output.extend_from_slice(&self.options);
    }
}
