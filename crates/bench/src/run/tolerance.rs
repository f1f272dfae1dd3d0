//! Which errors end a job, and which are passed over (`continue_on_error`, `ignore_error`, `error_dump`, `fill_device`).

use rustix::io::Errno;

use crate::direction::Direction;
use crate::options::error_handling::ErrorHandling;
use crate::statistics::ContinuedErrors;

/// The errors that `continue_on_error` passes over: of a block, not of the whole device (no space, no memory, no such device).
const NOT_FATAL: [Errno; 2] = [Errno::IO, Errno::ILSEQ];

/// What a job does about errors.
#[derive(Debug)]
pub(super) struct Tolerance {
    handling: ErrorHandling,
    /// No more space is the end of the job, not an error.
    fills_device: bool,
    counted: ContinuedErrors,
}

impl Tolerance {
    pub(super) fn new(handling: ErrorHandling, fills_device: bool) -> Self {
        Self { handling, fills_device, counted: ContinuedErrors::default() }
    }

    /// Whether the error is the end that the job looks for. `direction` is `None` for reads that verify.
    pub(super) fn ends_quietly(&self, number: Errno, direction: Option<Direction>) -> bool {
        self.fills_device && direction == Some(Direction::Write) && matches!(number, Errno::NOSPC | Errno::DQUOT)
    }

    /// Whether the error is one of those that the job names as ignored.
    fn ignores(&self, number: Errno, direction: Option<Direction>) -> bool {
        self.ignored(direction).contains(&number.raw_os_error())
    }

    fn ignored(&self, direction: Option<Direction>) -> &[i32] {
        let ignored = &self.handling.ignore_error;
        match direction {
            Some(Direction::Read) => &ignored.read,
            Some(Direction::Write | Direction::Trim) => &ignored.write,
            None => &ignored.verify,
        }
    }

    /// Whether the error is told. One that ends the job always is, as its end.
    pub(super) fn tells(&self, number: Errno, direction: Option<Direction>) -> bool {
        if self.ignores(number, direction) { self.handling.error_dump } else { self.passes(number, direction) }
    }

    /// Says whether the job goes on, and counts the error if it might have. Parity: fio counts the one that ends the job all the same.
    pub(super) fn goes_on(&mut self, number: Errno, direction: Option<Direction>) -> bool {
        if self.continues(direction) {
            self.count(number.raw_os_error());
        }
        self.passes(number, direction)
    }

    /// Whether the error does not end the job. Parity: those that `ignore_error` names take the place of [`NOT_FATAL`].
    fn passes(&self, number: Errno, direction: Option<Direction>) -> bool {
        let ignored = self.ignored(direction);
        let listed = if ignored.is_empty() { NOT_FATAL.contains(&number) } else { self.ignores(number, direction) };
        listed && self.continues(direction)
    }

    fn continues(&self, direction: Option<Direction>) -> bool {
        let continued = &self.handling.continue_on_error;
        match direction {
            Some(Direction::Read) => continued.read,
            Some(Direction::Write | Direction::Trim) => continued.write,
            None => continued.verify,
        }
    }

    /// Counts an error.
    pub(super) fn count(&mut self, number: i32) {
        if self.counted.total == 0 {
            self.counted.first = number;
        }
        self.counted.total += 1;
    }

    /// The errors that were passed over, and the one that was not.
    pub(super) fn counted(&self) -> ContinuedErrors {
        self.counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_end_unless_they_are_ignored_or_continued() {
        let mut handling = ErrorHandling::default();
        handling.continue_on_error.write = true;
        handling.continue_on_error.read = true;
        handling.ignore_error.read = vec![Errno::AGAIN.raw_os_error()];
        let mut tolerance = Tolerance::new(handling, true);
        let (read, write) = (Some(Direction::Read), Some(Direction::Write));
        assert!(!tolerance.goes_on(Errno::IO, read) && !tolerance.tells(Errno::IO, read));
        assert_eq!((tolerance.counted().total, tolerance.counted().first), (1, Errno::IO.raw_os_error()));
        assert!(tolerance.goes_on(Errno::AGAIN, read) && !tolerance.tells(Errno::AGAIN, read));
        assert!(tolerance.goes_on(Errno::IO, write) && tolerance.tells(Errno::IO, write));
        assert!(!tolerance.goes_on(Errno::NOMEM, write) && !tolerance.goes_on(Errno::NOSPC, write));
        assert_eq!((tolerance.counted().total, tolerance.counted().first), (5, Errno::IO.raw_os_error()));
        assert!(!tolerance.goes_on(Errno::IO, None));
        assert_eq!(tolerance.counted().total, 5, "errors of verification end this job");
        assert!(tolerance.ends_quietly(Errno::NOSPC, write) && !tolerance.ends_quietly(Errno::NOSPC, read));
    }
}
