//! How far jobs were when a trigger ended them, as the files that a later run asks for (`verify_state_load`).
//!
//! A file is what a worker of the same release writes and reads: the state as it came, behind a header of the version that the release
//! has. Every release from 3.33 on is known.

use bench::verify::state_checksum;
use bench_wire::ProtocolVersion;
use bench_wire::message::{ReceivedState, VerifyStates};

/// States that are not what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its states of verification are damaged, and are not kept")]
pub struct StatesDamaged;

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
/// [`StatesDamaged`].
pub fn files(states: &VerifyStates, worker: &str, version: ProtocolVersion) -> Result<Vec<StateFile>, StatesDamaged> {
    let states = states.split(version).ok_or(StatesDamaged)?;
    Ok(states.iter().map(|state| file(state, worker)).collect())
}

fn file(state: &ReceivedState<'_>, worker: &str) -> StateFile {
    // A name is no path, here as in fio.
    let name = state.name.to_text().replace('/', ".");
    let worker = worker.replace('/', ".");
    let bytes = state.bytes;
    let header = [state.file_version, bytes.len() as u64, u64::from(state_checksum(bytes))].map(u64::to_le_bytes);
    StateFile {
        name: format!("{worker}-{name}-{}-verify.state", state.index),
        bytes: [header.as_flattened(), bytes].concat(),
    }
}

#[cfg(test)]
mod tests {
    use bench_wire::FixedText;
    use bench_wire::message::VerifyState;

    use super::*;

    fn states(names: &[&str], version: ProtocolVersion) -> VerifyStates {
        let state = |(index, name): (u64, &&str)| VerifyState {
            name: FixedText::new(name),
            index,
            depth: 4,
            files: 1,
            ..VerifyState::default()
        };
        let states: Vec<_> = (0..).zip(names).map(state).collect();
        VerifyStates::of(&states, version)
    }

    #[test]
    fn each_job_has_a_file_that_can_be_read() {
        for version in ProtocolVersion::all() {
            let files = files(&states(&["a", "../b"], version), "10.0.0.1", version).unwrap();
            let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
            assert_eq!(names, ["10.0.0.1-a-0-verify.state", "10.0.0.1-...b-1-verify.state"]);
            for file in &files {
                let read = bench::verify::EarlierState::decode(&file.bytes).unwrap();
                assert!(
                    file.name.contains(read.name().trim_start_matches("../")),
                    "{} of version {version}",
                    file.name
                );
            }
        }
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let one = states(&["a"], ProtocolVersion::OLDEST);
        for length in 0..one.states.len() {
            let cut = VerifyStates { jobs: 1, states: one.states[..length].to_vec() };
            assert_eq!(files(&cut, "h", ProtocolVersion::OLDEST), Err(StatesDamaged));
        }
    }
}
