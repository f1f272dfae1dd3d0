//! Variables that are meant for this process alone.

use std::ffi::OsString;

/// Variables could not be taken out of the environment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// A fault of the caller.
    #[error("the init system's variables must be read before the first thread starts; there are {threads}")]
    Threads {
        /// How many there are.
        threads: u32,
    },
    /// `/proc` is missing or says something else.
    #[error("cannot tell whether this process has one thread: {0}")]
    Unknown(#[source] std::io::Error),
    /// A value that is no text.
    #[error("{name} is not UTF-8: {value:?}")]
    NotText {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: OsString,
    },
}

/// The values of these variables, which are then no longer set. Touches nothing, and asks for nothing, when none is set.
pub(super) fn take<const N: usize>(names: [&'static str; N]) -> Result<[Option<String>; N], EnvironmentError> {
    if names.iter().all(|name| std::env::var_os(name).is_none()) {
        return Ok([const { None }; N]);
    }
    let threads = thread_count().map_err(EnvironmentError::Unknown)?;
    if threads != 1 {
        return Err(EnvironmentError::Threads { threads });
    }
    let mut values = [const { None }; N];
    let mut problem = None;
    for (name, place) in names.into_iter().zip(&mut values) {
        match std::env::var_os(name).map(OsString::into_string).transpose() {
            Ok(value) => *place = value,
            Err(value) => problem = Some(EnvironmentError::NotText { name, value }),
        }
        #[expect(unsafe_code, reason = "the environment belongs to the whole process")]
        // SAFETY: nobody reads the environment at the same time: this is the only thread, as was just counted.
        unsafe {
            std::env::remove_var(name);
        }
    }
    problem.map_or(Ok(values), Err)
}

fn thread_count() -> std::io::Result<u32> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:")?.trim().parse().ok());
    threads.ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_variables_are_not_touched_beside_other_threads() {
        assert_eq!(take(["TIDEGATE_ABSENT"]).unwrap(), [None]);
        // The test runs in a thread beside the main one.
        let refused = take(["TIDEGATE_ABSENT", "PATH"]).unwrap_err();
        assert!(matches!(refused, EnvironmentError::Threads { threads } if threads >= 2), "{refused}");
        assert!(std::env::var_os("PATH").is_some());
    }
}
