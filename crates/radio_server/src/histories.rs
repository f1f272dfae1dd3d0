//! What each user has typed into the shell: kept for as long as the process runs, so that the next shell knows it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::limits::HISTORY_LINES_MAXIMUM;

/// The histories of all users.
#[derive(Debug, Default)]
pub(crate) struct Histories(Mutex<HashMap<Arc<str>, Vec<String>>>);

impl Histories {
    /// What this user has typed, oldest first.
    pub(crate) fn of(&self, user: &str) -> Vec<String> {
        let histories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        histories.get(user).cloned().unwrap_or_default()
    }

    /// This is what the user has typed by now.
    pub(crate) fn keep(&self, user: &Arc<str>, lines: &[String]) {
        let newest = &lines[lines.len().saturating_sub(HISTORY_LINES_MAXIMUM)..];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(user), newest.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_newest_lines_are_kept() {
        let histories = Histories::default();
        let lines: Vec<String> = (0..HISTORY_LINES_MAXIMUM + 5).map(|number| number.to_string()).collect();
        histories.keep(&"anna".into(), &lines);
        let kept = histories.of("anna");
        assert_eq!((kept.len(), kept[0].as_str()), (HISTORY_LINES_MAXIMUM, "5"));
        assert!(histories.of("bert").is_empty());
    }
}
