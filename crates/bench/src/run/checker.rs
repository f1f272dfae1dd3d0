//! Whether a block that was read is what was written, on whichever thread: nothing here belongs to the loop.

use std::fs;
use std::path::{Path, PathBuf};

use crate::verify::{DumpKind, Expected, Failure, Reaction, Verifier, WriteIdentity, check_trimmed};

/// What a read is expected to bring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expectation {
    pub(super) expected: Expected,
    /// The block was trimmed, and reads as zeros.
    pub(super) trimmed: bool,
}

/// A block that is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// What is to be told.
    pub(super) lines: Vec<String>,
    /// What follows for the job.
    pub(super) reaction: Reaction,
}

/// Checks the blocks of a job.
#[derive(Debug)]
pub(super) struct Checker {
    pub(super) verifier: Verifier,
    /// `verify_fatal`.
    pub(super) fatal: bool,
    /// `continue_on_error` has `verify`.
    pub(super) goes_on: bool,
    /// `verify_dump`.
    pub(super) dumps: bool,
    pub(super) aux_path: Option<PathBuf>,
}

impl Checker {
    /// Checks a block; `None`: it is right. The block is the same afterwards.
    pub(super) fn check(&self, expectation: &Expectation, file: &Path, block: &mut [u8]) -> Option<Wrong> {
        let Expectation { expected, trimmed } = expectation;
        let failures: Vec<Failure> = if *trimmed {
            check_trimmed(self.verifier.settings().method, block, expected.offset).into_iter().collect()
        } else {
            self.verifier.check(block, expected, self.fatal)
        };
        if failures.is_empty() {
            return None;
        }
        let (file, mut lines) = (&*file.to_string_lossy(), Vec::new());
        for failure in &failures {
            lines.push(failure.report(file, 0).to_string().trim_end().to_owned());
            if self.dumps {
                self.dump(failure, file, block, expected, &mut lines);
            }
        }
        Some(Wrong { lines, reaction: Reaction::to(self.fatal, self.goes_on) })
    }

    fn dump(&self, failure: &Failure, file: &str, block: &[u8], expected: &Expected, lines: &mut Vec<String>) {
        let unit = &block[failure.place.unit_start..][..failure.place.unit_length];
        let aux_path = self.aux_path.as_ref().map(|path| path.to_string_lossy());
        for &kind in failure.dumps() {
            let content = match kind {
                DumpKind::Received | DumpKind::HeaderFailure => unit.to_vec(),
                DumpKind::Expected => {
                    let header = crate::verify::Header::read(unit);
                    let write = header.map_or_else(|| unknown_write(expected), |header| header.write());
                    self.verifier.expected_unit(failure, &write)
                }
            };
            let name = failure.dump_name(kind, aux_path.as_deref(), file);
            lines.push(match fs::write(&name, content) {
                Ok(()) => kind.message(&name).trim_end().to_owned(),
                Err(error) => format!("verify_dump: cannot write {name}: {error}"),
            });
        }
    }
}

fn unknown_write(expected: &Expected) -> WriteIdentity {
    WriteIdentity {
        offset: expected.offset,
        seed: expected.seed.unwrap_or(0),
        seconds: 0,
        nanoseconds: 0,
        thread: 0,
        number: expected.number.unwrap_or(0),
    }
}
