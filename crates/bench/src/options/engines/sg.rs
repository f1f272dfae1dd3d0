//! Options of `sg`.

use crate::options::kind::{boolean, choice, flag, number, word};
use crate::options::option::{JobOption, option};

/// The SCSI command of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteMode {
    /// WRITE.
    #[default]
    Write,
    /// WRITE AND VERIFY.
    WriteAndVerify,
    /// WRITE SAME.
    WriteSame,
    /// WRITE SAME(16) without data.
    WriteSameNoData,
    /// VERIFY, BYTCHK 00.
    Verify00,
    /// VERIFY, BYTCHK 01.
    Verify01,
    /// VERIFY, BYTCHK 11.
    Verify11,
    /// WRITE STREAM(16).
    WriteStream,
}

/// Values of these options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SgOptions {
    /// The device is asked for results instead of interrupting.
    pub hipri: bool,
    /// Reads come from the medium.
    pub readfua: bool,
    /// Writes reach the medium.
    pub writefua: bool,
    /// The SCSI command of a write.
    pub sg_write_mode: WriteMode,
    /// The stream of WRITE STREAM(16).
    pub stream_id: u32,
}

pub(super) const OPTIONS: &[JobOption] = &[
    option("hipri", &flag(|options| &mut options.sg.hipri), "Ask the device for results"),
    option("readfua", &boolean(|options| &mut options.sg.readfua, false), "Read from the medium (FUA)").default("0"),
    option("writefua", &boolean(|options| &mut options.sg.writefua, false), "Write to the medium (FUA)").default("0"),
    option(
        "sg_write_mode",
        &choice(
            |options| &mut options.sg.sg_write_mode,
            &[
                word("write", WriteMode::Write, "WRITE"),
                word("write_and_verify", WriteMode::WriteAndVerify, "WRITE AND VERIFY"),
                word("verify", WriteMode::WriteAndVerify, "the same as write_and_verify"),
                word("write_same", WriteMode::WriteSame, "WRITE SAME"),
                word("same", WriteMode::WriteSame, "the same as write_same"),
                word("write_same_ndob", WriteMode::WriteSameNoData, "WRITE SAME(16) without data"),
                word("verify_bytchk_00", WriteMode::Verify00, "VERIFY, BYTCHK 00"),
                word("verify_bytchk_01", WriteMode::Verify01, "VERIFY, BYTCHK 01"),
                word("verify_bytchk_11", WriteMode::Verify11, "VERIFY, BYTCHK 11"),
                word("write_stream", WriteMode::WriteStream, "WRITE STREAM(16)"),
            ],
        ),
        "The SCSI command of a write",
    )
    .default("write"),
    option("stream_id", &number(|options| &mut options.sg.stream_id), "The stream of write_stream").default("0"),
];
