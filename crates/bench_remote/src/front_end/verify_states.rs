//! How far jobs were when a trigger ended them, as the files that a later run asks for (`verify_state_load`).
//!
//! Releases 3.33 to 3.37 of fio (versions 97 to 106) have one layout of a state. Later ones have others, and version 107 two, so that
//! a receiver cannot know where a state ends: those are not kept.

use bench::verify::{STATE_FILE_MAXIMUM, state_checksum};
use bench_wire::ProtocolVersion;
use bench_wire::message::VerifyStates;

/// The last version with the layout that is known.
const VERSION_MAX: u16 = 106;
/// The version of the files, as in fio 3.33.
const FILE_VERSION: u64 = 3;
/// Bytes of a state before its list of writes.
const FIXED_BYTES: usize = 152;
/// Bytes of a write in it.
const WRITE_BYTES: usize = 16;
/// Where a state has its depth.
const DEPTH_AT: usize = 8;
/// Where it has the number of files.
const FILES_AT: usize = 12;
/// Where it has the number of the job.
const INDEX_AT: usize = 24;
/// Where it has the name of the job.
const NAME_AT: usize = 88;

/// Why states are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatesError {
    /// Their layout is another one.
    #[error("its states of verification are not kept: releases after 3.37 have layouts that cannot be told apart")]
    Layout,
    /// They are not what they say.
    #[error("its states of verification are damaged")]
    Damaged,
}

/// A state as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    /// Its name: `WORKER-JOB-NUMBER-verify.state`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The files of a worker that is called `worker`.
///
/// # Errors
/// [`StatesError`].
pub fn files(states: &VerifyStates, worker: &str, version: ProtocolVersion) -> Result<Vec<StateFile>, StatesError> {
    if version.number() > VERSION_MAX {
        return Err(StatesError::Layout);
    }
    let mut rest = states.states.as_slice();
    let mut files = Vec::new();
    for _ in 0..states.jobs {
        let (state, after) = split(rest).ok_or(StatesError::Damaged)?;
        files.push(file(state, worker).ok_or(StatesError::Damaged)?);
        rest = after;
    }
    Ok(files)
}

/// The first state, and what follows it.
fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (depth, files) = (number(rest, DEPTH_AT)?, number(rest, FILES_AT)?);
    let writes = usize::try_from(u64::from(depth) * u64::from(files)).ok()?;
    let length = writes.checked_mul(WRITE_BYTES)?.checked_add(FIXED_BYTES)?;
    if u64::try_from(length).ok()? > STATE_FILE_MAXIMUM {
        return None;
    }
    rest.split_at_checked(length)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn file(state: &[u8], worker: &str) -> Option<StateFile> {
    let name = state.get(NAME_AT..FIXED_BYTES)?.split(|&byte| byte == 0).next()?;
    // A name is no path, here as in fio.
    let name = String::from_utf8_lossy(name).replace('/', ".");
    let worker = worker.replace('/', ".");
    let header = [FILE_VERSION, state.len() as u64, u64::from(state_checksum(state))].map(u64::to_le_bytes).concat();
    Some(StateFile {
        name: format!("{worker}-{name}-{}-verify.state", number(state, INDEX_AT)?),
        bytes: [&header, state].concat(),
    })
}

#[cfg(test)]
mod tests {

    use super::*;

    /// A state of a job with this depth, put together by hand from fio's `verify-state.h`.
    fn state_of(name: &str, index: u64, depth: u32) -> Vec<u8> {
        let mut bytes = vec![0; FIXED_BYTES + WRITE_BYTES * depth as usize];
        bytes[DEPTH_AT..][..4].copy_from_slice(&depth.to_le_bytes());
        bytes[FILES_AT..][..4].copy_from_slice(&1_u32.to_le_bytes());
        bytes[INDEX_AT..][..8].copy_from_slice(&index.to_le_bytes());
        bytes[NAME_AT..][..name.len()].copy_from_slice(name.as_bytes());
        bytes
    }

    fn states(each: &[Vec<u8>]) -> VerifyStates {
        VerifyStates { jobs: each.len() as u64, states: each.concat() }
    }

    #[test]
    fn each_job_has_a_file_that_can_be_read() {
        let both = states(&[state_of("a", 0, 4), state_of("../b", 1, 2)]);
        let files = files(&both, "10.0.0.1", ProtocolVersion::OLDEST).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["10.0.0.1-a-0-verify.state", "10.0.0.1-...b-1-verify.state"]);
        for file in &files {
            assert!(bench::verify::StateFile::decode(&file.bytes).is_ok(), "{}", file.name);
        }
    }

    #[test]
    fn what_is_not_known_or_not_whole_is_refused() {
        let one = states(&[state_of("a", 0, 4)]);
        assert_eq!(files(&one, "h", ProtocolVersion::NEWEST), Err(StatesError::Layout));
        for length in 0..one.states.len() {
            let cut = VerifyStates { jobs: 1, states: one.states[..length].to_vec() };
            assert_eq!(files(&cut, "h", ProtocolVersion::OLDEST), Err(StatesError::Damaged));
        }
        let mut huge = state_of("a", 0, 1);
        huge[DEPTH_AT..][..8].fill(0xff);
        assert_eq!(files(&states(&[huge]), "h", ProtocolVersion::OLDEST), Err(StatesError::Damaged));
        assert_eq!(
            files(&VerifyStates { jobs: u64::MAX, states: Vec::new() }, "h", ProtocolVersion::OLDEST),
            Err(StatesError::Damaged)
        );
    }
}
