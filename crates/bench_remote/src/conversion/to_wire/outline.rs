//! The options of a job that packed options are made of.

use bench::command_line::PlannedJob;
use bench::options::JobOptions;
use bench::options::KbBase;
use bench::options::description::UnitBase;
use bench::options::io_type::{RwSequencer, Workload};
use bench_wire::FixedText;
use bench_wire::message::{JobDetails, JobOutline};

/// How files are called without `filename_format`.
const FILENAME_FORMAT: &str = "$jobname.$jobnum.$filenum";

const READS: u32 = 1;
const WRITES: u32 = 1 << 1;
const AT_RANDOM: u32 = 1 << 2;
const TRIMS: u32 = 1 << 3;

/// The outline of a job that is called `name`. Depths are those that the job runs by: 0 has its meaning.
#[must_use]
pub fn outline(options: &JobOptions, name: &str) -> JobOutline {
    let (files, depth, io_type) = (&options.target_file, &options.io_depth, &options.io_type);
    let iodepth = depth.iodepth.max(1);
    let up_to_depth = |count: u32| if count == 0 { iodepth } else { count.min(iodepth) };
    let fewest = depth.iodepth_batch_complete_min.min(iodepth);
    JobOutline {
        description: text(options.description.description.as_ref()),
        name: FixedText::new(name),
        wait_for: text(options.threads.wait_for.as_ref()),
        directory: list(&files.directory),
        filename: list(&files.filename),
        filename_format: FixedText::new(files.filename_format.as_deref().unwrap_or(FILENAME_FORMAT)),
        opendir: text(files.opendir.as_ref()),
        ioengine: FixedText::new(&options.engine.ioengine),
        mmapfile: text(options.buffers.mem_file.as_ref()),
        workload: workload(io_type.rw),
        rw_sequencer: match io_type.rw_sequencer {
            RwSequencer::Sequential => 0,
            RwSequencer::Identical => 1,
        },
        kb_base: match options.description.kb_base {
            KbBase::Binary => 1024,
            KbBase::Decimal => 1000,
        },
        unit_base: match options.description.unit_base {
            UnitBase::Automatic | UnitBase::Byte => 4,
            UnitBase::Bit => 5,
        },
        rw_sequence_count: io_type.rw_sequence_count.max(1),
        rw_sequence_add: io_type.rw_sequence_add.cast_unsigned(),
        iodepth,
        iodepth_low: up_to_depth(depth.iodepth_low),
        iodepth_batch: up_to_depth(depth.iodepth_batch),
        iodepth_batch_complete_min: fewest,
        iodepth_batch_complete_max: depth.iodepth_batch_complete_max.max(fewest),
        serialize_overlap: depth.serialize_overlap,
    }
}

/// What else is shown of a job.
#[must_use]
pub fn details(job: &PlannedJob) -> JobDetails {
    let (options, blocks) = (&job.resolved.options, &job.resolved.block_sizes.0);
    JobDetails {
        smallest_blocks: std::array::from_fn(|direction| blocks[direction].low),
        largest_blocks: std::array::from_fn(|direction| blocks[direction].high),
        is_direct: options.io_type.direct,
        significant_figures: options.measurements.significant_figures,
    }
}

fn text(value: Option<&String>) -> FixedText<256> {
    FixedText::new(value.map(String::as_str).unwrap_or_default())
}

/// As in a job file: colons between, and escaped within.
fn list(names: &[String]) -> FixedText<256> {
    let escaped: Vec<_> = names.iter().map(|name| name.replace(':', "\\:")).collect();
    FixedText::new(&escaped.join(":"))
}

fn workload(workload: Workload) -> u32 {
    match workload {
        Workload::Read => READS,
        Workload::Write => WRITES,
        Workload::Trim => TRIMS,
        Workload::RandomRead => AT_RANDOM | READS,
        Workload::RandomWrite => AT_RANDOM | WRITES,
        Workload::RandomTrim => AT_RANDOM | TRIMS,
        Workload::ReadWrite => READS | WRITES,
        Workload::RandomReadWrite => AT_RANDOM | READS | WRITES,
        Workload::TrimWrite => TRIMS | WRITES,
        Workload::RandomTrimWrite => AT_RANDOM | TRIMS | WRITES,
    }
}
