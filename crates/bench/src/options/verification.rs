//! How data is checked that was written.

use super::JobOptions;
use super::cpu_list::CpuList;
use super::kind::{ValueError, boolean, choice, custom, deprecated, flag, number, word};
use super::option::{Section, option};
use super::pattern::Pattern;

/// What a block carries to be checked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Nothing is checked.
    #[default]
    None,
    /// MD5.
    Md5,
    /// CRC-64.
    Crc64,
    /// CRC-32.
    Crc32,
    /// CRC-32C.
    Crc32c,
    /// CRC-16.
    Crc16,
    /// CRC-7.
    Crc7,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// SHA3-224.
    Sha3Of224,
    /// SHA3-256.
    Sha3Of256,
    /// SHA3-384.
    Sha3Of384,
    /// SHA3-512.
    Sha3Of512,
    /// xxHash, 32 bits.
    Xxhash,
    /// The header alone: offset, number, time.
    HeaderOnly,
    /// The pattern, without any header.
    Pattern,
    /// The pattern behind a header.
    PatternWithHeader,
    /// A header is written; nothing is checked.
    Null,
}

/// Which writes of a run that was stopped a later one checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerifyPolicy {
    /// All that completed.
    #[default]
    Completed,
    /// Those that completed before the last `fsync` began that succeeded.
    Fsynced,
}

/// Bytes of fio's header before the data that is checked; an interval holds at least two.
const HEADER_BYTES: i128 = 40;

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// What a block carries to be checked by.
    pub verify: Verify,
    /// Nothing is written; what is there is checked.
    pub verify_only: bool,
    /// Data is read again once it is written.
    pub do_verify: bool,
    /// Where in its interval a header is; 0 is at the start.
    pub verify_offset: u32,
    /// Bytes that have a header; 0 is a block.
    pub verify_interval: u32,
    /// What the blocks are filled with.
    pub verify_pattern: Option<Pattern>,
    /// Bytes after which the pattern begins anew, with the offset of that place; 0 is a block.
    pub verify_pattern_interval: u64,
    /// Which writes a saved state has.
    pub verify_policy: VerifyPolicy,
    /// The first wrong block ends the job.
    pub verify_fatal: bool,
    /// A wrong block and what it should be are written to files.
    pub verify_dump: bool,
    /// Threads that check; 0 is the job itself.
    pub verify_async: u32,
    /// The CPUs that these threads may run on.
    pub verify_async_cpus: Option<CpuList>,
    /// Blocks are checked each time so many are written; 0 is at the end.
    pub verify_backlog: u64,
    /// So many are checked each time; 0 is all.
    pub verify_backlog_batch: u32,
    /// What was written is saved when the job is ended early.
    pub verify_state_save: bool,
    /// What was written is known from an earlier run.
    pub verify_state_load: bool,
    /// Blocks are drawn again instead of remembered.
    pub experimental_verify: bool,
    /// The number of a block is checked.
    pub verify_write_sequence: bool,
    /// The seed in the header is checked.
    pub verify_header_seed: bool,
    /// Blocks that are trimmed, in per cent of those written.
    pub trim_percentage: u32,
    /// Trimmed blocks have to read as zeros.
    pub trim_verify_zero: bool,
    /// Blocks are trimmed each time so many are written.
    pub trim_backlog: u64,
    /// So many are trimmed each time; 0 is all.
    pub trim_backlog_batch: u32,
}

pub(super) const SECTION: Section = Section {
    title: "Verification",
    options: &[
        option(
            "verify",
            &choice(
                |options| &mut options.verification.verify,
                &[
                    word("0", Verify::None, "nothing is checked"),
                    word("md5", Verify::Md5, "MD5"),
                    word("crc64", Verify::Crc64, "CRC-64"),
                    word("crc32", Verify::Crc32, "CRC-32"),
                    word("crc32c-intel", Verify::Crc32c, "the same as crc32c"),
                    word("crc32c", Verify::Crc32c, "CRC-32C"),
                    word("crc16", Verify::Crc16, "CRC-16"),
                    word("crc7", Verify::Crc7, "CRC-7"),
                    word("sha1", Verify::Sha1, "SHA-1"),
                    word("sha256", Verify::Sha256, "SHA-256"),
                    word("sha512", Verify::Sha512, "SHA-512"),
                    word("sha3-224", Verify::Sha3Of224, "SHA3-224"),
                    word("sha3-256", Verify::Sha3Of256, "SHA3-256"),
                    word("sha3-384", Verify::Sha3Of384, "SHA3-384"),
                    word("sha3-512", Verify::Sha3Of512, "SHA3-512"),
                    word("xxhash", Verify::Xxhash, "xxHash, 32 bits"),
                    word("meta", Verify::HeaderOnly, "the header alone"),
                    word("pattern", Verify::Pattern, "verify_pattern, without a header"),
                    word("pattern_hdr", Verify::PatternWithHeader, "verify_pattern behind a header"),
                    word("null", Verify::Null, "headers are written, nothing is checked"),
                ],
            ),
            "What blocks carry to be checked by",
        )
        .default("0"),
        option(
            "verify_only",
            &flag(|options| &mut options.verification.verify_only),
            "Write nothing, check what is there",
        ),
        option(
            "do_verify",
            &boolean(|options| &mut options.verification.do_verify, false),
            "Check once all is written",
        )
        .default("1")
        .below("verify"),
        option(
            "verify_offset",
            &number(|options| &mut options.verification.verify_offset).at_least(HEADER_BYTES),
            "Put the header here in its interval, not at the start",
        )
        .below("verify"),
        option(
            "verify_interval",
            &number(|options| &mut options.verification.verify_interval).at_least(2 * HEADER_BYTES),
            "Bytes that have one header",
        )
        .below("verify"),
        option(
            "verify_pattern",
            &custom(
                "a pattern: 0x and digits, a decimal number, \"a text\", 'a file', %o for the offset, or several",
                verify_pattern,
            ),
            "Fill blocks with this, over and over",
        )
        .below("verify"),
        option(
            "verify_pattern_interval",
            &number(|options| &mut options.verification.verify_pattern_interval),
            "Start the pattern anew after so many bytes, with the offset of that place for %o; 0 is a block",
        )
        .default("0")
        .below("verify_pattern"),
        option(
            "verify_policy",
            &choice(
                |options| &mut options.verification.verify_policy,
                &[
                    word("completed", VerifyPolicy::Completed, "all that completed"),
                    word("fsynced", VerifyPolicy::Fsynced, "those that completed before the last fsync that succeeded"),
                ],
            ),
            "Which writes of a run that was stopped are checked by one that loads its state",
        )
        .default("completed")
        .below("verify"),
        option(
            "verify_fatal",
            &boolean(|options| &mut options.verification.verify_fatal, false),
            "End at the first wrong block",
        )
        .default("0")
        .below("verify"),
        option(
            "verify_dump",
            &boolean(|options| &mut options.verification.verify_dump, false),
            "Write a wrong block and what it should be to files",
        )
        .default("0")
        .below("verify"),
        option(
            "verify_async",
            &number(|options| &mut options.verification.verify_async),
            "Threads that check; 0 is the job itself",
        )
        .default("0")
        .below("verify"),
        option(
            "verify_async_cpus",
            &custom("numbers and ranges of CPUs, as 0-3,8", verify_cpus),
            "CPUs that the threads of verify_async may run on",
        )
        .below("verify_async"),
        option(
            "verify_backlog",
            &number(|options| &mut options.verification.verify_backlog),
            "Check each time so many blocks are written",
        )
        .below("verify"),
        option(
            "verify_backlog_batch",
            &number(|options| &mut options.verification.verify_backlog_batch),
            "Check so many blocks each time",
        )
        .below("verify"),
        option(
            "verify_state_save",
            &boolean(|options| &mut options.verification.verify_state_save, false),
            "Save what was written when the job is ended early",
        )
        .default("1")
        .below("verify"),
        option(
            "verify_state_load",
            &boolean(|options| &mut options.verification.verify_state_load, false),
            "Load what was written from an earlier run",
        )
        .below("verify"),
        option(
            "experimental_verify",
            &boolean(|options| &mut options.verification.experimental_verify, false),
            "Draw the blocks again to check them instead of remembering them",
        )
        .below("verify"),
        option(
            "verify_write_sequence",
            &boolean(|options| &mut options.verification.verify_write_sequence, false),
            "Check the number of a block",
        )
        .default("1")
        .below("verify"),
        option(
            "verify_header_seed",
            &boolean(|options| &mut options.verification.verify_header_seed, false),
            "Check the seed in the header",
        )
        .default("1")
        .below("verify"),
        option(
            "trim_percentage",
            &number(|options| &mut options.verification.trim_percentage).within(0, 100),
            "Trim so many per cent of the blocks written",
        )
        .default("0")
        .below("verify"),
        option(
            "trim_verify_zero",
            &boolean(|options| &mut options.verification.trim_verify_zero, false),
            "Check that trimmed blocks read as zeros",
        )
        .default("1")
        .below("trim_percentage"),
        option(
            "trim_backlog",
            &number(|options| &mut options.verification.trim_backlog),
            "Trim each time so many blocks are written",
        )
        .below("trim_percentage"),
        option(
            "trim_backlog_batch",
            &number(|options| &mut options.verification.trim_backlog_batch),
            "Trim so many blocks each time",
        )
        .below("trim_percentage"),
        option("verifysort", &deprecated(), "Without effect"),
        option("verifysort_nr", &deprecated(), "Without effect"),
    ],
};

/// A pattern alone is a check by pattern; with `verify` it fills the blocks behind the header.
fn verify_pattern(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let pattern = Pattern::parse(text, true)?;
    let is_set = options.is_set("verify");
    options.verification.verify_pattern = Some(pattern);
    if !is_set {
        options.verification.verify = Verify::Pattern;
    }
    Ok(())
}

fn verify_cpus(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    options.verification.verify_async_cpus = Some(CpuList::parse(text)?);
    Ok(())
}
