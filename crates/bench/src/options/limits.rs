//! Every limit of job files and command lines, with its unit and its reason.

/// Longest value that is taken as text, in bytes: paths end there on Linux, and fio's buffer for a line is twice that.
pub const TEXT_BYTES_MAX: usize = 4096;

/// Longest line of a job file, in bytes, as in fio.
pub const LINE_BYTES_MAX: usize = 8192;

/// Longest job file, in bytes, with everything that it includes: far above what people write, far below memory.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Deepest nesting of included files. A file that includes itself ends here.
pub const INCLUDE_DEPTH_MAX: usize = 16;

/// Most jobs of an invocation before `numjobs` multiplies them: fio's own limit is of this size.
pub const JOBS_MAX: usize = 65_536;

/// Workers that a front end can have: far above what people have, within what a process may open.
pub const WORKERS_MAX: usize = 4096;

/// Files that a job can name: more are made by `nrfiles`, or found by `opendir`.
pub const FILES_MAX: usize = 65_536;

/// Deepest nesting of parentheses in an expression.
pub const EXPRESSION_DEPTH_MAX: usize = 64;

/// Entries of `bssplit` and `cmdprio_bssplit`, a direction, as in fio.
pub const SPLIT_ENTRIES_MAX: usize = 64;

/// Entries of a zoned random distribution, a direction, as in fio.
pub const ZONE_ENTRIES_MAX: usize = 256;

/// Blocks of a random distribution that is a sequence, as in fio.
pub const SEQUENCE_ENTRIES_MAX: usize = 64;

/// Regions of `sprandom`: so many that the share of each is exact, so few that they are found in no time.
pub const SPRANDOM_REGIONS_MAX: i128 = 1 << 20;

/// Longest pattern of `verify_pattern` and `buffer_pattern`, in bytes. fio 3.33 has room for 512, and takes as much of a file.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Block offsets (`%o`) in a pattern, as in fio.
pub const PATTERN_OFFSETS_MAX: usize = 8;

/// Entries of `percentile_list`, as in fio.
pub const PERCENTILES_MAX: usize = 20;

/// Numbers that a CPU can have: what the kernel's own masks can hold.
pub const CPUS_MAX: usize = 8192;

/// Errors that `ignore_error` names, for each of reads, writes and verification.
pub const IGNORED_ERRORS_MAX: usize = 256;
