//! What is to be run: a job file, a command line, or the name of a file that the worker has.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromZeros, IntoBytes};

use crate::fault::{Fault, Problem};
use crate::layout::field::beginning;
use crate::opcode::Opcode;

/// What kind of front end sends the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrontEndKind(pub u16);

impl FrontEndKind {
    /// A program for the command line.
    pub const COMMAND_LINE: Self = Self(1);
    /// A graphical program.
    pub const GRAPHICAL: Self = Self(2);
}

impl Default for FrontEndKind {
    fn default() -> Self {
        Self::COMMAND_LINE
    }
}

/// A job file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFile {
    /// Who sends it.
    pub front_end: FrontEndKind,
    /// The file's bytes as they came. What follows a NUL means nothing: fio sends 8192 bytes more than the file has.
    pub bytes: Vec<u8>,
}

wire_structure! {
    /// `struct cmd_job_pdu`.
    struct JobFileWire, 8 bytes {
        0 length: U32;
        4 front_end: U32;
    }
}

impl JobFile {
    /// The job file itself.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        before_nul(&self.bytes)
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Fault> {
        let (wire, rest) = beginning::<JobFileWire>(payload).map_err(|problem| problem.of(Opcode::Job))?;
        let bytes = counted(rest, wire.length.get()).map_err(|problem| problem.of(Opcode::Job))?;
        let kind = wire.front_end.get();
        let front_end = u16::try_from(kind).map(FrontEndKind).map_err(|_| {
            let problem =
                Problem::Number { field: "the kind of front end", value: kind.into(), limit: u16::MAX.into() };
            problem.of(Opcode::Job)
        })?;
        Ok(Self { front_end, bytes: bytes.to_vec() })
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let mut wire: JobFileWire = FromZeros::new_zeroed();
        wire.length.set(u32::try_from(self.bytes.len()).expect("a job file is shorter than 4 GiB"));
        wire.front_end.set(self.front_end.0.into());
        output.extend_from_slice(wire.as_bytes());
        output.extend_from_slice(&self.bytes);
    }
}

/// Command line arguments; the first is the program's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Who sends it.
    pub front_end: FrontEndKind,
    /// The arguments without NUL, at most 65535 of at most 65534 bytes.
    pub arguments: Vec<Vec<u8>>,
}

wire_structure! {
    /// `struct cmd_line_pdu`, and `struct cmd_load_file_pdu` with a length first.
    struct CountAndKind, 4 bytes {
        0 count: U16;
        2 front_end: U16;
    }
}

wire_structure! {
    /// `struct cmd_single_line_pdu`.
    struct ArgumentWire, 2 bytes {
        0 length: U16;
    }
}

impl CommandLine {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Fault> {
        Self::parse(payload).map_err(|problem| problem.of(Opcode::JobLine))
    }

    fn parse(payload: &[u8]) -> Result<Self, Problem> {
        let (wire, mut rest) = beginning::<CountAndKind>(payload)?;
        let mut arguments = Vec::new();
        for _ in 0..wire.count.get() {
            let (argument, after) = beginning::<ArgumentWire>(rest)?;
            let length = usize::from(argument.length.get());
            let (bytes, after) =
                after.split_at_checked(length).ok_or(Problem::Short { needed: length, found: after.len() })?;
            let Some((0, text)) = bytes.split_last() else {
                return Err(Problem::Unterminated { field: "an argument" });
            };
            arguments.push(text.to_vec());
            rest = after;
        }
        nothing_after(payload, rest)?;
        Ok(Self { front_end: FrontEndKind(wire.front_end.get()), arguments })
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let mut wire: CountAndKind = FromZeros::new_zeroed();
        wire.count.set(u16::try_from(self.arguments.len()).expect("at most 65535 arguments"));
        wire.front_end.set(self.front_end.0);
        output.extend_from_slice(wire.as_bytes());
        for argument in &self.arguments {
            let length = u16::try_from(argument.len() + 1).expect("an argument has at most 65534 bytes");
            output.extend_from_slice(&length.to_le_bytes());
            output.extend_from_slice(argument);
            output.push(0);
        }
    }
}

/// The name of a job file that the worker has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkersJobFile {
    /// Who sends it.
    pub front_end: FrontEndKind,
    /// The path as the worker sees it, without NUL, at most 65535 bytes.
    pub path: Vec<u8>,
}

impl WorkersJobFile {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Fault> {
        let parse = || {
            let (wire, rest) = beginning::<CountAndKind>(payload)?;
            let Some((0, path)) = rest.split_last() else {
                return Err(Problem::Unterminated { field: "the path" });
            };
            let path = counted(path, wire.count.get().into())?.to_vec();
            Ok(Self { front_end: FrontEndKind(wire.front_end.get()), path })
        };
        parse().map_err(|problem| problem.of(Opcode::LoadFile))
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let mut wire: CountAndKind = FromZeros::new_zeroed();
        wire.count.set(u16::try_from(self.path.len()).expect("a path has at most 65535 bytes"));
        wire.front_end.set(self.front_end.0);
        output.extend_from_slice(wire.as_bytes());
        output.extend_from_slice(&self.path);
        output.push(0);
    }
}

/// What is before the first NUL.
pub(super) fn before_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// All that is left, which has to have this length.
pub(super) fn counted(rest: &[u8], length: u32) -> Result<&[u8], Problem> {
    let expected = usize::try_from(length).unwrap_or(usize::MAX);
    if rest.len() == expected { Ok(rest) } else { Err(Problem::Size { expected, found: rest.len() }) }
}

fn nothing_after(payload: &[u8], rest: &[u8]) -> Result<(), Problem> {
    if rest.is_empty() {
        return Ok(());
    }
    Err(Problem::Size { expected: payload.len() - rest.len(), found: payload.len() })
}
