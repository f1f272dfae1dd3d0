//! What happens after an error.

use super::JobOptions;
use super::kind::{ValueError, boolean, choice, custom, flag, word};
use super::limits::IGNORED_ERRORS_MAX;
use super::option::{Section, option};

/// After which errors a job goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContinueOnError {
    /// After errors of reads.
    pub read: bool,
    /// After errors of writes.
    pub write: bool,
    /// After wrong data.
    pub verify: bool,
}

/// Error numbers that do not end the job, by what they come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IgnoredErrors {
    /// Of reads.
    pub read: Vec<i32>,
    /// Of writes.
    pub write: Vec<i32>,
    /// Of verification.
    pub verify: Vec<i32>,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorHandling {
    /// An error of this job ends all jobs.
    pub exitall_on_error: bool,
    /// After which errors the job goes on.
    pub continue_on_error: ContinueOnError,
    /// Error numbers that do not end the job.
    pub ignore_error: IgnoredErrors,
    /// Each error is told.
    pub error_dump: bool,
}

const NONE: ContinueOnError = ContinueOnError { read: false, write: false, verify: false };
const ALL: ContinueOnError = ContinueOnError { read: true, write: true, verify: true };

/// Names of the errors 1 to 34 of Linux; the others go by number.
const ERROR_NAMES: [&str; 34] = [
    "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EAGAIN", "ENOMEM",
    "EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE",
    "EMFILE", "ENOTTY", "ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM", "ERANGE",
];

pub(super) const SECTION: Section = Section {
    title: "Error handling",
    options: &[
        option(
            "exitall_on_error",
            &flag(|options| &mut options.error_handling.exitall_on_error),
            "End all jobs when this one has an error",
        ),
        option(
            "continue_on_error",
            &choice(
                |options| &mut options.error_handling.continue_on_error,
                &[
                    word("none", NONE, "every error ends the job"),
                    word("read", ContinueOnError { read: true, ..NONE }, "go on after EIO of reads"),
                    word("write", ContinueOnError { write: true, ..NONE }, "go on after EIO of writes"),
                    word("io", ContinueOnError { verify: false, ..ALL }, "go on after EIO of reads and writes"),
                    word("verify", ContinueOnError { verify: true, ..NONE }, "go on after wrong data"),
                    word("all", ALL, "go on after all of these"),
                    word("0", NONE, "the same as none"),
                    word("1", ALL, "the same as all"),
                ],
            ),
            "After which errors to go on; ignore_error names others than EIO",
        )
        .default("none"),
        option(
            "ignore_error",
            &custom(
                "READ[,WRITE[,VERIFY]], each numbers or names of errors (ENOSPC) with colons between",
                ignore_error,
            ),
            "Errors that do not end the job, in the place of EIO and wrong data; implies continue_on_error",
        )
        .below("rw"),
        option(
            "error_dump",
            &boolean(|options| &mut options.error_handling.error_dump, false),
            "Tell each error that ignore_error names",
        )
        .default("0"),
    ],
};

fn ignore_error(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let lists = text.split(',').map(error_numbers).collect::<Result<Vec<_>, _>>()?;
    if lists.len() > 3 {
        return Err(ValueError::TooMany { limit: 3, what: "lists" });
    }
    let group = &mut options.error_handling;
    let places = [&mut group.ignore_error.read, &mut group.ignore_error.write, &mut group.ignore_error.verify];
    let goes_on = &mut group.continue_on_error;
    let goes_on = [&mut goes_on.read, &mut goes_on.write, &mut goes_on.verify];
    for ((list, place), goes_on) in lists.into_iter().zip(places).zip(goes_on) {
        if !list.is_empty() {
            *goes_on = true;
            *place = list;
        }
    }
    Ok(())
}

fn error_numbers(text: &str) -> Result<Vec<i32>, ValueError> {
    let names: Vec<_> = text.split(':').map(str::trim).take_while(|name| !name.is_empty()).collect();
    if names.len() > IGNORED_ERRORS_MAX {
        return Err(ValueError::TooMany { limit: IGNORED_ERRORS_MAX, what: "errors" });
    }
    names.into_iter().map(error_number).collect()
}

fn error_number(name: &str) -> Result<i32, ValueError> {
    let number = match (1..).zip(ERROR_NAMES).find(|(_, known)| *known == name) {
        Some((number, _)) => Some(number),
        None => name.parse::<i32>().ok().and_then(i32::checked_abs).filter(|number| *number > 0),
    };
    number.ok_or_else(|| ValueError::malformed(name, "the number of an error, or one of the names EPERM to ERANGE"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::find;

    #[test]
    fn ignored_errors_are_numbers_and_names_and_let_the_job_go_on() {
        let mut options = JobOptions::default();
        options.set(find("ignore_error").unwrap(), Some("EAGAIN:ENOSPC:75,,-84")).unwrap();
        let group = &options.error_handling;
        assert_eq!(group.ignore_error.read, [11, 28, 75]);
        assert!(group.ignore_error.write.is_empty());
        assert_eq!(group.ignore_error.verify, [84]);
        assert_eq!(group.continue_on_error, ContinueOnError { read: true, write: false, verify: true });
        for text in ["EWHAT", "0", "x", "1,2,3,4", "-2147483648"] {
            assert!(options.set(find("ignore_error").unwrap(), Some(text)).is_err(), "{text}");
        }
    }
}
