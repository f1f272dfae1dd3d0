//! Why a scenario failed.

use std::fmt;

/// One sentence for a person: what was expected, and what happened instead.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this explanation.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Says what was being done when it happened.
    #[must_use]
    pub fn during(self, activity: impl fmt::Display) -> Self {
        Self(format!("{activity}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Any error fails the scenario, so scenarios use `?`. (That is why `Failure` itself is no [`std::error::Error`].)
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What a scenario returns.
pub type Verdict = Result<(), Failure>;

/// Fails the scenario unless the condition holds: `ensure!(condition, "message {}", argument)`.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::failure::Failure::new(format!($($message)+)));
        }
    };
}

/// Fails the scenario unless both are equal; says what was being looked at.
#[macro_export]
macro_rules! ensure_eq {
    ($actual:expr, $expected:expr, $($what:tt)+) => {
        match (&$actual, &$expected) {
            (actual, expected) => {
                if actual != expected {
                    return Err($crate::failure::Failure::new(format!(
                        "{}: {actual:?}, expected {expected:?}", format_args!($($what)+)
                    )));
                }
            }
        }
    };
}
