//! How far a job got, for the answer to a trigger.

use bench::verify::{GeneratorState, StateFile};
use bench_wire::FixedText;
use bench_wire::message::{CompletedWrite, VerifyGenerator, VerifyState};

/// The state that a job has left.
#[must_use]
pub fn state(left: &StateFile) -> VerifyState {
    VerifyState {
        name: FixedText::new(&left.name),
        index: left.index,
        depth: left.depth,
        files: left.file_count,
        writes: left.writes,
        generator: match left.generator {
            GeneratorState::Narrow(words) => VerifyGenerator::Narrow(words),
            GeneratorState::Wide(words) => VerifyGenerator::Wide(words),
        },
        completed: left
            .completed
            .iter()
            .map(|write| CompletedWrite { file: write.file, offset: write.offset })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use bench::verify::CompletedWrite;
    use bench_wire::ProtocolVersion;
    use bench_wire::message::VerifyStates;

    use super::*;

    /// Bytes of a file before the state in it.
    const FILE_HEADER_BYTES: usize = 24;

    /// The file that a job writes itself has the state of fio 3.33, as its front end gets it.
    #[test]
    fn what_the_oldest_version_is_sent_is_what_the_file_has() {
        for generator in [GeneratorState::Narrow([1, 2, 3]), GeneratorState::Wide([4, 5, 6, 7, 1 << 60])] {
            let left = StateFile {
                completed: vec![CompletedWrite { file: 1, offset: 8192 }, CompletedWrite { file: 0, offset: 1 << 40 }],
                depth: 4,
                file_count: 2,
                writes: 77,
                index: 3,
                generator,
                name: "job/x".to_owned(),
            };
            let sent = VerifyStates::of([&state(&left)], ProtocolVersion::OLDEST);
            assert_eq!(sent.states, left.encode()[FILE_HEADER_BYTES..]);
            assert_eq!(sent.jobs, 1);
        }
    }
}
