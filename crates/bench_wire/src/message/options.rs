//! Options of jobs: by name, for the report; and packed, for a graphical front end.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromZeros, IntoBytes};

use crate::fault::Fault;
use crate::fixed_text::FixedText;
use crate::layout::field::beginning;
use crate::opcode::Opcode;

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

/// A job with all of its options packed into one structure.
///
/// The structure has another layout in almost every release, nothing in it is needed to run or to report, and only a graphical front
/// end looks at it. So it stays as it came, but for two strings that are at the same place in all versions. A worker leaves ADD_JOB
/// out, which front ends for the command line do not notice.
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

wire_structure! {
    /// What the packed options begin with in all versions.
    struct PackedOptionsWire, 576 bytes {
        0 which_are_set: [U32; 16];
        64 description: FixedText<256>;
        320 name: FixedText<256>;
    }
}

impl PackedJob {
    /// The job's name; empty when the options are too short.
    #[must_use]
    pub fn name(&self) -> FixedText<256> {
        self.fixed_beginning().map(|wire| wire.name).unwrap_or_default()
    }

    /// The operator's words about it; empty when the options are too short.
    #[must_use]
    pub fn description(&self) -> FixedText<256> {
        self.fixed_beginning().map(|wire| wire.description).unwrap_or_default()
    }

    fn fixed_beginning(&self) -> Option<&PackedOptionsWire> {
        beginning(&self.options).ok().map(|(wire, _)| wire)
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
