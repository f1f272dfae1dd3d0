//! What the tests came to.

use std::fmt;

use crate::task::TaskError;

/// The sum of all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Names of those that failed.
    pub(crate) failed: Vec<String>,
    /// Names of those that were not run, each with what was missing.
    pub(crate) skipped: Vec<String>,
}

impl Report {
    /// Whether this is a success.
    ///
    /// # Errors
    /// When something failed, nothing ran, or something was skipped and that is not allowed.
    pub(crate) fn verdict(&self, allow_skip: bool) -> Result<(), TaskError> {
        if !self.failed.is_empty() {
            return Err(TaskError::new("tests failed"));
        }
        if !allow_skip && !self.skipped.is_empty() {
            return Err(TaskError::new("tests were skipped, which --no-skip forbids"));
        }
        if self.passed == 0 && self.skipped.is_empty() {
            return Err(TaskError::new("no test has such a name"));
        }
        Ok(())
    }
}

/// The last line: `N passed, N failed, N skipped`.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(passed: usize, failed: &[&str], skipped: &[&str]) -> Report {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect();
        Report { passed, failed: names(failed), skipped: names(skipped) }
    }

    #[test]
    fn skips_fail_only_where_they_are_forbidden() {
        assert!(report(1, &[], &[]).verdict(false).is_ok());
        assert!(report(1, &[], &["x"]).verdict(true).is_ok());
        assert!(report(1, &[], &["x"]).verdict(false).is_err());
        assert!(report(1, &["x"], &[]).verdict(true).is_err());
        assert!(report(0, &[], &[]).verdict(true).is_err(), "a filter that fits nothing is a mistake");
    }

    #[test]
    fn the_last_line_counts() {
        assert_eq!(report(12, &["a"], &["b", "c"]).to_string(), "12 passed, 1 failed, 2 skipped");
    }
}
