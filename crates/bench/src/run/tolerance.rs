//! Which errors end a job, and which are passed over (`continue_on_error`, `ignore_error`, `error_dump`, `fill_device`).

use rustix::io::Errno;

use crate::direction::Direction;
use crate::options::error_handling::ErrorHandling;
use crate::statistics::ContinuedErrors;

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

    /// Whether the error does not count at all.
    fn ignores(&self, number: Errno, direction: Option<Direction>) -> bool {
        let ignored = &self.handling.ignore_error;
        let list = match direction {
            Some(Direction::Read) => &ignored.read,
            Some(Direction::Write | Direction::Trim) => &ignored.write,
            None => &ignored.verify,
        };
        list.contains(&number.raw_os_error())
    }

    /// Whether the error is told. One that ends the job always is, as its end.
    pub(super) fn tells(&self, number: Errno, direction: Option<Direction>) -> bool {
        if self.ignores(number, direction) { self.handling.error_dump } else { self.continues(direction) }
    }

    /// Counts the error, and says whether the job goes on.
    pub(super) fn goes_on(&mut self, number: Errno, direction: Option<Direction>) -> bool {
        if self.ignores(number, direction) {
            return true;
        }
        if self.continues(direction) {
            self.count(number.raw_os_error());
            return true;
        }
        false
    }

    fn continues(&self, direction: Option<Direction>) -> bool {
        let continued = &self.handling.continue_on_error;
        match direction {
            Some(Direction::Read) => continued.read,
            Some(Direction::Write | Direction::Trim) => continued.write,
            None => continued.verify,
        }
    }

    /// Counts an error that was passed over.
    pub(super) fn count(&mut self, number: i32) {
        if self.counted.total == 0 {
            self.counted.first = number;
        }
        self.counted.total += 1;
    }

    /// The errors that were passed over.
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
        handling.ignore_error.read = vec![Errno::AGAIN.raw_os_error()];
        let mut tolerance = Tolerance::new(handling, true);
        let (read, write) = (Some(Direction::Read), Some(Direction::Write));
        assert!(!tolerance.goes_on(Errno::IO, read) && !tolerance.tells(Errno::IO, read));
        assert!(tolerance.goes_on(Errno::AGAIN, read) && !tolerance.tells(Errno::AGAIN, read));
        assert_eq!(tolerance.counted().total, 0);
        assert!(tolerance.goes_on(Errno::IO, write) && tolerance.tells(Errno::IO, write));
        assert!(tolerance.goes_on(Errno::NOMEM, write));
        assert_eq!((tolerance.counted().total, tolerance.counted().first), (2, Errno::IO.raw_os_error()));
        assert!(!tolerance.goes_on(Errno::IO, None));
        assert!(tolerance.ends_quietly(Errno::NOSPC, write) && !tolerance.ends_quietly(Errno::NOSPC, read));
    }
}
