//! How data is verified.

use crate::buffers::PatternError;
use crate::direction::Direction;
use crate::offsets::settings::{BlockSize, Settings};
use crate::options::JobOptions;
use crate::options::verification::Verify;
use crate::random::Generator;
use crate::verify::{
    BlockSizes, Method, SettingsError, TrimBacklog, Verifier, VerifySettings, WorkloadShape, fitting_interval,
};

use super::super::proof::TrimSettings;
use super::{Shape, content};

/// Why blocks cannot be verified.
#[derive(Debug, thiserror::Error)]
pub(in crate::run) enum VerifyError {
    /// A pattern is none.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The settings contradict each other.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Whether the job verifies. A pattern without `verify=` asks for it, too.
pub(in crate::run) fn is_wanted(options: &JobOptions) -> bool {
    method_name(options).is_some()
}

fn method_name(options: &JobOptions) -> Option<&'static str> {
    Some(match options.verification.verify {
        Verify::None if options.is_set("verify") || options.verification.verify_pattern.is_none() => return None,
        Verify::None => "pattern_hdr",
        Verify::Md5 => "md5",
        Verify::Crc64 => "crc64",
        Verify::Crc32 => "crc32",
        Verify::Crc32c => "crc32c",
        Verify::Crc16 => "crc16",
        Verify::Crc7 => "crc7",
        Verify::Sha1 => "sha1",
        Verify::Sha256 => "sha256",
        Verify::Sha512 => "sha512",
        Verify::Sha3Of224 => "sha3-224",
        Verify::Sha3Of256 => "sha3-256",
        Verify::Sha3Of384 => "sha3-384",
        Verify::Sha3Of512 => "sha3-512",
        Verify::Xxhash => "xxhash",
        Verify::HeaderOnly => "meta",
        Verify::Pattern => "pattern",
        Verify::PatternWithHeader => "pattern_hdr",
        Verify::Null => "null",
    })
}

/// What fills and checks the blocks of the job; `None` without `verify`.
pub(in crate::run) fn verifier(options: &JobOptions, sizes: &[BlockSize; 3]) -> Result<Option<Verifier>, VerifyError> {
    let verification = &options.verification;
    let Some(method) = method_name(options).and_then(Method::named) else {
        return Ok(None);
    };
    let shape = Shape::of(options);
    let (read, write) = (&sizes[Direction::Read.index()], &sizes[Direction::Write.index()]);
    let written = if shape.has(Direction::Write) { write } else { read };
    let interval = fitting_interval(
        u64::from(verification.verify_interval),
        &BlockSizes {
            smallest_write: written.minimum,
            largest_write: written.maximum,
            smallest_read: (shape.has(Direction::Read) && shape.has(Direction::Write)).then_some(read.minimum),
        },
    );
    let pattern = |option: &Option<_>| option.as_ref().map(content::pattern).transpose();
    let length = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Ok(Some(Verifier::new(VerifySettings {
        method,
        interval: length(interval),
        header_offset: verification.verify_offset as usize,
        unaligned_blocks: options.block_size.bs_unaligned,
        smallest_block: length(written.minimum),
        pattern: pattern(&verification.verify_pattern)?,
        pattern_interval: length(verification.verify_pattern_interval),
        compress_percentage: u8::try_from(options.buffers.buffer_compress_percentage).unwrap_or(100),
        buffer_pattern: pattern(&options.buffers.buffer_pattern)?,
    })?))
}

/// Which writes are trimmed again, and when; `None`: none.
pub(in crate::run) fn trims(options: &JobOptions, draws: Generator) -> Option<TrimSettings> {
    let verification = &options.verification;
    let percentage = u8::try_from(verification.trim_percentage).unwrap_or(100);
    (percentage > 0).then(|| TrimSettings {
        percentage,
        backlog: trims_in_run(options)
            .then(|| TrimBacklog::new(verification.trim_backlog, u64::from(verification.trim_backlog_batch))),
        verifies_zero: verification.trim_verify_zero,
        draws,
    })
}

/// Whether blocks that were written are trimmed while the job runs. Without `trim_backlog` none ever is, as in fio.
pub(in crate::run) fn trims_in_run(options: &JobOptions) -> bool {
    let verification = &options.verification;
    is_wanted(options) && verification.trim_percentage > 0 && verification.trim_backlog > 0
}

/// Whether a job that verifies may change a block while another I/O to it is under way. What comes of two at once depends on
/// which is faster, and a block that is read while it is written again may be half of each: it would be found wrong, though
/// nothing is. So they wait for each other, as with `serialize_overlap`.
///
/// Parity: none. fio 3.33 lets them overtake each other and finds blocks wrong for it.
pub(in crate::run) fn overlaps_mislead(options: &JobOptions, offsets: &Settings) -> bool {
    let shape = Shape::of(options);
    let comes_again = !offsets.writes_once() || offsets.starts_over();
    is_wanted(options)
        && (shape.has(Direction::Write) && (comes_again || trims_in_run(options)) || shape.has(Direction::Trim))
}

/// What the rules of verification depend on.
pub(in crate::run) fn workload(options: &JobOptions, offsets: &Settings) -> WorkloadShape {
    let (shape, verification) = (Shape::of(options), &options.verification);
    WorkloadShape {
        reads: shape.has(Direction::Read),
        writes: shape.has(Direction::Write),
        fixed_block_size: offsets.block_sizes.iter().all(|size| size.minimum == size.maximum),
        verified_in_write_order: offsets.writes_once(),
        time_based: options.time.time_based,
        do_verify: verification.do_verify,
        verify_only: verification.verify_only,
        backlog: verification.verify_backlog > 0,
        trims_in_run: trims_in_run(options),
        passes_end: offsets.passes_end(),
        experimental: verification.experimental_verify,
        header_seed: verification.verify_header_seed,
        write_sequence: verification.verify_write_sequence,
    }
}
