//! Verify states: how far a job was when it was cut off, so that what it wrote can be verified later.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use super::job::{before_nul, counted};
use crate::fault::Fault;
use crate::fixed_text::FixedText;
use crate::layout::field::beginning;
use crate::layout::verify_state;
use crate::limits::VERIFY_STATE_BYTES_MAX;
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;

/// Save the verify state, stop all jobs, run a command.
///
/// fio's server runs the command through its shell, as whoever started the server. Whether to do so is the caller's decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyTrigger {
    /// The command as it came, at most 65535 bytes.
    pub bytes: Vec<u8>,
}

wire_structure! {
    /// `struct cmd_vtrigger_pdu`.
    struct VerifyTriggerWire, 2 bytes {
        0 length: U16;
    }
}

impl VerifyTrigger {
    /// The command.
    #[must_use]
    pub fn command(&self) -> &[u8] {
        before_nul(&self.bytes)
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Fault> {
        let parse = || {
            let (wire, rest) = beginning::<VerifyTriggerWire>(payload)?;
            Ok(Self { bytes: counted(rest, wire.length.get().into())?.to_vec() })
        };
        parse().map_err(|problem: crate::Problem| problem.of(Opcode::VerifyTrigger))
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let length = u16::try_from(self.bytes.len()).expect("a command has at most 65535 bytes");
        output.extend_from_slice(&length.to_le_bytes());
        output.extend_from_slice(&self.bytes);
    }
}

/// The verify states of jobs.
///
/// Front ends store each in a file and workers read it back: it stays as it came. A sender makes them by [`Self::of`], a receiver takes
/// them apart by [`Self::split`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyStates {
    /// Jobs whose states follow.
    pub jobs: u64,
    /// The states, one after another.
    pub states: Vec<u8>,
}

wire_structure! {
    /// `struct all_io_list`.
    struct VerifyStatesWire for VerifyStates, 8 bytes {
        0 jobs: U64 = jobs;
    }
}

/// A state as it came from a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedState<'s> {
    /// The job's name.
    pub name: FixedText<64>,
    /// Its number in its run, from 0.
    pub index: u64,
    /// The version of a file with this state, which programs of the worker's release read: 3, 4, 5 or 7.
    pub file_version: u64,
    /// All of it.
    pub bytes: &'s [u8],
}

/// A write that has completed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompletedWrite {
    /// The job's number of the file, from 0.
    pub file: u64,
    /// Where in the file, in bytes.
    pub offset: u64,
}

/// The state of the generator of a job's offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyGenerator {
    /// Of 32 bits.
    Narrow([u32; 3]),
    /// Of 64 bits.
    Wide([u64; 5]),
}

impl Default for VerifyGenerator {
    fn default() -> Self {
        Self::Narrow([0; 3])
    }
}

/// How far one job got that has ended: no write of it is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyState {
    /// The job's name.
    pub name: FixedText<64>,
    /// Its number in its run, from 0.
    pub index: u64,
    /// `iodepth`.
    pub depth: u32,
    /// `nrfiles`.
    pub files: u32,
    /// How many writes were issued.
    pub writes: u64,
    /// The generator of offsets.
    pub generator: VerifyGenerator,
    /// The writes that completed last, of each file the newest first; at most as many as [`Self::places`].
    pub completed: Vec<CompletedWrite>,
}

impl VerifyState {
    /// How many completed writes there is room for: the depth of each file.
    #[must_use]
    pub fn places(&self) -> usize {
        usize::try_from(u64::from(self.depth) * u64::from(self.files)).unwrap_or(usize::MAX)
    }
}

impl VerifyStates {
    /// The states of jobs in the layout of this version. Those that would make it more than [`VERIFY_STATE_BYTES_MAX`] are left out.
    #[must_use]
    pub fn of<'s>(states: impl IntoIterator<Item = &'s VerifyState>, version: ProtocolVersion) -> Self {
        let mut whole = Self::default();
        let room = VERIFY_STATE_BYTES_MAX - size_of::<VerifyStatesWire>();
        for state in states {
            // Before any memory is taken: a place has at most 16 bytes, a state's fixed part less than 256.
            let places = state.places().max(usize::try_from(state.depth).unwrap_or(usize::MAX));
            let largest = places.saturating_mul(16).saturating_add(256);
            if whole.states.len().saturating_add(largest) <= room {
                verify_state::encode(state, version, &mut whole.states);
                whole.jobs += 1;
            }
        }
        whole
    }

    /// The states, one by one; `None` when they are in no layout that this version has.
    #[must_use]
    pub fn split(&self, version: ProtocolVersion) -> Option<Vec<ReceivedState<'_>>> {
        verify_state::split(self.jobs, &self.states, version)
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Fault> {
        let (wire, rest) =
            beginning::<VerifyStatesWire>(payload).map_err(|problem| problem.of(Opcode::VerifyTrigger))?;
        let mut value = Self { states: rest.to_vec(), ..Self::default() };
        wire.load(&mut value);
        Ok(value)
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let mut wire: VerifyStatesWire = FromZeros::new_zeroed();
        wire.store(self);
        output.extend_from_slice(wire.as_bytes());
        output.extend_from_slice(&self.states);
    }
}

/// A file that the worker wants: a verify state.
///
/// fio's client sends any file that its user can read. Whether to do so is the caller's decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileRequest {
    /// The path as the front end sees it.
    pub path: FixedText<256>,
}

wire_structure! {
    /// `struct cmd_sendfile`.
    struct FileRequestWire for FileRequest, 256 bytes {
        0 path: FixedText<256> = path;
    }
}

fixed_payload!(FileRequest, FileRequestWire, Opcode::SendFile);

/// The file that the worker wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReply {
    /// An errno; 0 when the file is there.
    pub error: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

wire_structure! {
    /// `struct cmd_sendfile_reply`.
    struct FileReplyWire for FileReply, 8 bytes {
        0 length: U32;
        4 error: U32 = error;
    }
}

impl FileReply {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Fault> {
        let parse = || {
            let (wire, rest) = beginning::<FileReplyWire>(payload)?;
            let mut value = Self::default();
            wire.load(&mut value);
            // fio's front end does not set the length of a file that it does not have.
            let length = if value.error == 0 { wire.length.get() } else { 0 };
            value.bytes = counted(rest, length)?.to_vec();
            Ok(value)
        };
        parse().map_err(|problem: crate::Problem| problem.of(Opcode::SendFile))
    }

    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        let mut wire: FileReplyWire = FromZeros::new_zeroed();
        wire.store(self);
        wire.length.set(u32::try_from(self.bytes.len()).expect("a file is shorter than 4 GiB"));
        output.extend_from_slice(wire.as_bytes());
        output.extend_from_slice(&self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(name: &str, index: u64, wide: bool) -> VerifyState {
        let generator = if wide {
            VerifyGenerator::Wide([0x71c2_420a_0000_050d, 2, 3, 4, 5])
        } else {
            VerifyGenerator::Narrow([0x6668_1e9e, 0xe456_1c43, 0x0d26_5a26])
        };
        let completed = vec![CompletedWrite { file: 0, offset: 4096 * index }];
        VerifyState { name: FixedText::new(name), index, depth: 2, files: 3, writes: 77, generator, completed }
    }

    /// What was made in one version and is read in another.
    fn read_in(states: &[VerifyState], made_in: u16, read_in: u16) -> Option<Vec<(String, u64, u64)>> {
        let of = |number| ProtocolVersion::new(number).unwrap();
        let made = VerifyStates::of(states, of(made_in));
        let read = made.split(of(read_in))?;
        assert!(read.iter().map(|state| state.bytes.len()).sum::<usize>() <= made.states.len());
        Some(read.iter().map(|state| (state.name.to_string(), state.index, state.file_version)).collect())
    }

    /// In version 107 fio 3.38 sends the layout of 97; in 112 there was that of 113. One job or two: no length tells by itself.
    #[test]
    fn states_of_every_layout_that_a_version_may_have_are_told_apart() {
        let names = ["a", "job", "a name that is longer than all words before it, up to the sixty-third b"];
        for (made_in, read, file_version) in [
            (97, 97, 3),
            (106, 103, 3),
            (97, 107, 3),
            (107, 107, 4),
            (111, 110, 4),
            (107, 112, 4),
            (113, 112, 5),
            (113, 120, 5),
            (121, 121, 7),
        ] {
            for (jobs, wide, name) in (1..=4).flat_map(|jobs| {
                [false, true].into_iter().flat_map(move |wide| names.into_iter().map(move |name| (jobs, wide, name)))
            }) {
                let states: Vec<_> = (0..jobs).map(|index| state(name, index, wide)).collect();
                let kept = states[0].name.to_string();
                let expected: Vec<_> = (0..jobs).map(|index| (kept.clone(), index, file_version)).collect();
                let case = format!("{jobs} jobs {name:?} of {made_in} in {read}, 64 bits: {wide}");
                assert_eq!(read_in(&states, made_in, read), Some(expected), "{case}");
            }
        }
    }

    /// fio 3.39 keeps twice the depth of a job that has several writes under way.
    #[test]
    fn how_many_writes_are_kept_is_said_beside_the_depth() {
        let version = ProtocolVersion::new(107).unwrap();
        let mut made = VerifyStates::of(&[state("job", 0, false), state("job", 1, false)], version);
        let length = made.states.len() / 2;
        for at in [8, length + 8] {
            made.states[at] = 1;
        }
        let read = made.split(version).unwrap();
        assert_eq!(
            read.iter().map(|state| (state.index, state.bytes.len())).collect::<Vec<_>>(),
            [(0, length), (1, length)]
        );
    }

    #[test]
    fn states_that_are_cut_off_or_of_another_layout_are_none() {
        let one = [state("job", 0, false)];
        for (made_in, read) in [(97, 113), (107, 106), (107, 113), (113, 97), (113, 107), (97, 111)] {
            assert_eq!(read_in(&one, made_in, read), None, "{made_in} in {read}");
        }
        for version in ProtocolVersion::all() {
            let made = VerifyStates::of(&one, version);
            for length in 0..made.states.len() {
                let cut = VerifyStates { jobs: 1, states: made.states[..length].to_vec() };
                assert_eq!(cut.split(version), None, "{length} bytes, version {version}");
            }
            let mut more = made.clone();
            more.states.extend([0; 32]);
            assert_eq!(more.split(version).map(|states| states.len()), Some(1), "fio takes room for more");
            more.states.push(1);
            assert_eq!(more.split(version), None, "something else follows");
            assert_eq!(VerifyStates { jobs: u64::MAX, states: made.states }.split(version), None);
        }
        let mut made = VerifyStates::of(&one, ProtocolVersion::OLDEST);
        made.states[8..16].fill(0xff);
        assert_eq!(made.split(ProtocolVersion::OLDEST), None, "more writes than there are bytes in the world");
    }

    /// What fio 3.33 sends for a file that is not there: the error, and whatever its memory had for a length.
    #[test]
    fn a_file_that_is_not_there_has_no_length() {
        let payload = [0x8a, 0x1b, 0x17, 0xbc, 2, 0, 0, 0];
        assert_eq!(FileReply::decode(&payload), Ok(FileReply { error: 2, bytes: Vec::new() }));
        assert!(FileReply::decode(&[0x8a, 0x1b, 0x17, 0xbc, 0, 0, 0, 0]).is_err());
    }
}
