//! What is measured and how it is told.

use super::JobOptions;
use super::cpu_list::CpuList;
use super::kind::{Field, Fractions, Kind, ValueError, boolean, choice, custom, flag, floats, number, word};
use super::limits::{PERCENTILES_MAX, TEXT_BYTES_MAX};
use super::option::{Section, option};

/// A log that is written: what its file names start with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Log {
    /// None is written.
    #[default]
    Off,
    /// The names start with the job's.
    NamedByJob,
    /// The names start with this.
    Named(String),
}

/// What a log says of the blocks of one of its periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogWindowValue {
    /// The mean.
    #[default]
    Average,
    /// The largest.
    Maximum,
    /// Both.
    Both,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measurements {
    /// Each job has logs of its own.
    pub per_job_logs: bool,
    /// Jobs of a group are told as one.
    pub group_reporting: bool,
    /// A group starts with this job.
    pub new_group: bool,
    /// The job is in the results.
    pub stats: bool,
    /// Bandwidth over time.
    pub write_bw_log: Log,
    /// Latency over time.
    pub write_lat_log: Log,
    /// Histograms of latency over time.
    pub write_hist_log: Log,
    /// Blocks a second over time.
    pub write_iops_log: Log,
    /// Entries that a log has room for at the start.
    pub log_entries: u32,
    /// Milliseconds that one line of a log stands for; 0 is a line a block.
    pub log_avg_msec: u32,
    /// Milliseconds that one histogram stands for.
    pub log_hist_msec: u32,
    /// How often the resolution of histograms is halved, 0 to 6.
    pub log_hist_coarseness: u32,
    /// What a line says that stands for several blocks.
    pub log_max_value: LogWindowValue,
    /// Lines have the offset.
    pub log_offset: bool,
    /// Lines have the priority.
    pub log_prio: bool,
    /// Lines have the time of the start.
    pub log_issue_time: bool,
    /// Times are of the calendar.
    pub log_unix_epoch: bool,
    /// Times are of the clock `log_alternate_epoch_clock_id`.
    pub log_alternate_epoch: bool,
    /// A clock as `clock_gettime` numbers them.
    pub log_alternate_epoch_clock_id: u32,
    /// Errors of blocks are told by percentiles.
    pub block_error_percentiles: bool,
    /// Milliseconds that bandwidth is averaged over.
    pub bwavgtime: u32,
    /// Milliseconds that blocks a second are averaged over.
    pub iopsavgtime: u32,
    /// How busy the disks were is told.
    pub disk_util: bool,
    /// No total latency.
    pub disable_lat: bool,
    /// No completion latency.
    pub disable_clat: bool,
    /// No submission latency.
    pub disable_slat: bool,
    /// No bandwidth over time.
    pub disable_bw_measurement: bool,
    /// Percentiles of completion latency.
    pub clat_percentiles: bool,
    /// Percentiles of total latency.
    pub lat_percentiles: bool,
    /// Percentiles of submission latency.
    pub slat_percentiles: bool,
    /// Which percentiles.
    pub percentile_list: Fractions,
    /// Digits of numbers in the normal output, 1 to 10.
    pub significant_figures: u32,
    /// Bytes of a log that are compressed at once; 0 for none.
    pub log_compression: u32,
    /// Logs are written compressed.
    pub log_store_compressed: bool,
    /// The CPUs on which logs are compressed and written.
    pub log_compression_cpus: Option<CpuList>,
}

pub(super) const SECTION: Section = Section {
    title: "Measurements and reporting",
    options: &[
        option(
            "per_job_logs",
            &boolean(|options| &mut options.measurements.per_job_logs, false),
            "Give each job logs of its own",
        )
        .default("1"),
        option(
            "group_reporting",
            &flag(|options| &mut options.measurements.group_reporting),
            "Tell the jobs of a group as one",
        ),
        option("new_group", &flag(|options| &mut options.measurements.new_group), "Start a group with this job"),
        option("stats", &boolean(|options| &mut options.measurements.stats, false), "Have the job in the results")
            .default("1"),
        option("write_bw_log", &log(|options| &mut options.measurements.write_bw_log), "Log bandwidth over time"),
        option("write_lat_log", &log(|options| &mut options.measurements.write_lat_log), "Log latency over time"),
        option(
            "write_hist_log",
            &log(|options| &mut options.measurements.write_hist_log),
            "Log histograms of latency over time",
        ),
        option(
            "write_iops_log",
            &log(|options| &mut options.measurements.write_iops_log),
            "Log blocks a second over time",
        ),
        option(
            "log_entries",
            &number(|options| &mut options.measurements.log_entries).within(1024, 1_048_576),
            "Entries that a log has room for at the start",
        )
        .default("1024"),
        option(
            "log_avg_msec",
            &number(|options| &mut options.measurements.log_avg_msec),
            "Milliseconds that a line of a log stands for; 0 is a line a block",
        )
        .default("0"),
        option(
            "log_hist_msec",
            &number(|options| &mut options.measurements.log_hist_msec),
            "Milliseconds that a histogram stands for",
        )
        .default("0"),
        option(
            "log_hist_coarseness",
            &number(|options| &mut options.measurements.log_hist_coarseness).within(0, 6),
            "How often to halve the resolution of histograms",
        )
        .default("0"),
        option(
            "log_max_value",
            &choice(
                |options| &mut options.measurements.log_max_value,
                &[
                    word("0", LogWindowValue::Average, "the same as average"),
                    word("average", LogWindowValue::Average, "the mean"),
                    word("1", LogWindowValue::Maximum, "the same as max"),
                    word("max", LogWindowValue::Maximum, "the largest"),
                    word("both", LogWindowValue::Both, "the mean and the largest"),
                ],
            ),
            "What a line says that stands for several blocks",
        )
        .aliases(&["log_window_value"])
        .default("0"),
        option("log_offset", &boolean(|options| &mut options.measurements.log_offset, false), "Put offsets into logs")
            .default("0"),
        option("log_prio", &boolean(|options| &mut options.measurements.log_prio, false), "Put priorities into logs")
            .default("0"),
        option(
            "log_issue_time",
            &boolean(|options| &mut options.measurements.log_issue_time, false),
            "Put the time of the start of a block into logs",
        )
        .default("0"),
        option(
            "log_unix_epoch",
            &boolean(|options| &mut options.measurements.log_unix_epoch, false),
            "Times of logs are the calendar's",
        ),
        option(
            "log_alternate_epoch",
            &boolean(|options| &mut options.measurements.log_alternate_epoch, false),
            "Times of logs are those of a clock of choice",
        ),
        option(
            "log_alternate_epoch_clock_id",
            &number(|options| &mut options.measurements.log_alternate_epoch_clock_id),
            "The clock, as clock_gettime(2) numbers them",
        ),
        option(
            "block_error_percentiles",
            &boolean(|options| &mut options.measurements.block_error_percentiles, false),
            "Tell errors of trimmed blocks by percentiles",
        )
        .default("0"),
        option(
            "bwavgtime",
            &number(|options| &mut options.measurements.bwavgtime),
            "Milliseconds that bandwidth is averaged over",
        )
        .default("500")
        .below("write_bw_log"),
        option(
            "iopsavgtime",
            &number(|options| &mut options.measurements.iopsavgtime),
            "Milliseconds that blocks a second are averaged over",
        )
        .default("500")
        .below("write_iops_log"),
        option(
            "disk_util",
            &boolean(|options| &mut options.measurements.disk_util, false),
            "Tell how busy the disks were",
        )
        .default("1"),
        option(
            "disable_lat",
            &boolean(|options| &mut options.measurements.disable_lat, false),
            "Do without total latency",
        )
        .default("0")
        .below("gtod_reduce"),
        option(
            "disable_clat",
            &boolean(|options| &mut options.measurements.disable_clat, false),
            "Do without completion latency",
        )
        .default("0")
        .below("gtod_reduce"),
        option(
            "disable_slat",
            &boolean(|options| &mut options.measurements.disable_slat, false),
            "Do without submission latency",
        )
        .default("0")
        .below("gtod_reduce"),
        option(
            "disable_bw_measurement",
            &boolean(|options| &mut options.measurements.disable_bw_measurement, false),
            "Do without bandwidth over time",
        )
        .aliases(&["disable_bw"])
        .default("0")
        .below("gtod_reduce"),
        option(
            "clat_percentiles",
            &boolean(|options| &mut options.measurements.clat_percentiles, false),
            "Tell percentiles of completion latency",
        )
        .default("1"),
        option(
            "lat_percentiles",
            &boolean(|options| &mut options.measurements.lat_percentiles, false),
            "Tell percentiles of total latency",
        )
        .default("0"),
        option(
            "slat_percentiles",
            &boolean(|options| &mut options.measurements.slat_percentiles, false),
            "Tell percentiles of submission latency",
        )
        .default("0"),
        option(
            "percentile_list",
            &floats(|options| &mut options.measurements.percentile_list, PERCENTILES_MAX, 0.0, 100.0),
            "Which percentiles to tell",
        )
        .default("1:5:10:20:30:40:50:60:70:80:90:95:99:99.5:99.9:99.95:99.99"),
        option(
            "significant_figures",
            &number(|options| &mut options.measurements.significant_figures).within(1, 10),
            "Digits of numbers in the normal output",
        )
        .default("4"),
        option(
            "log_compression",
            &number(|options| &mut options.measurements.log_compression).within(1024, 512 << 20),
            "Bytes of a log that are compressed at once",
        ),
        option(
            "log_compression_cpus",
            &custom("numbers and ranges of CPUs, as 0-3,8", log_compression_cpus),
            "CPUs on which the job compresses and writes its logs, once it has done its I/O",
        ),
        option(
            "log_store_compressed",
            &boolean(|options| &mut options.measurements.log_store_compressed, false),
            "Write logs compressed, for --inflate-log",
        ),
    ],
};

fn log_compression_cpus(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    options.measurements.log_compression_cpus = Some(CpuList::parse(text)?);
    Ok(())
}

/// A prefix of file names, or nothing for the job's name.
const fn log(field: Field<Log>) -> LogPrefix {
    LogPrefix { field }
}

struct LogPrefix {
    field: Field<Log>,
}

impl Kind for LogPrefix {
    fn accepted(&self) -> String {
        "what file names start with; nothing is the job's name".to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        *(self.field)(options) = match text {
            None | Some("") => Log::NamedByJob,
            Some(prefix) if prefix.len() > TEXT_BYTES_MAX => {
                return Err(ValueError::TooLong { limit: TEXT_BYTES_MAX });
            }
            Some(prefix) => Log::Named(prefix.to_owned()),
        };
        Ok(())
    }
}
