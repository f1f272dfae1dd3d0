//! What `--debug` tells: a line an event, laid out as fio's are: the subject, the thread, the words.
//!
//! Without it an I/O costs nothing more: what is told of I/Os hangs on the bits that logs and priorities hang on.

use super::journal::Journal;

/// What lines are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Jobs that begin and end.
    Process,
    /// Files that are opened and closed.
    File,
    /// Each I/O that is issued, is over or fails.
    Io,
    /// Reading back what was written.
    Verify,
    /// When a job begins to run and to count.
    Time,
}

/// All of them, by their names.
const SUBJECTS: [(&str, Subject); 5] = [
    ("process", Subject::Process),
    ("file", Subject::File),
    ("io", Subject::Io),
    ("verify", Subject::Verify),
    ("time", Subject::Time),
];

/// A set of subjects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subjects(u8);

impl Subjects {
    /// Those that words of `--debug` name, `all` for all of them, and whether the words name any that nothing is told of.
    #[must_use]
    pub fn of(words: &[String]) -> (Self, Vec<&str>) {
        let (mut subjects, mut silent) = (Self::default(), Vec::new());
        for word in words.iter().map(String::as_str) {
            match SUBJECTS.iter().find(|(name, _)| *name == word) {
                Some((_, subject)) => subjects.0 |= 1 << *subject as u8,
                None if word == "all" => subjects = Self(u8::MAX),
                None => silent.push(word),
            }
        }
        (subjects, silent)
    }

    /// The names of all subjects that something is told of, with commas between.
    #[must_use]
    pub fn names() -> String {
        SUBJECTS.map(|(name, _)| name).join(", ")
    }

    /// Whether the subject is among them.
    #[must_use]
    pub const fn has(self, subject: Subject) -> bool {
        self.0 & (1 << subject as u8) != 0
    }

    /// Tells of an event if its subject is among them.
    pub(super) fn tell(self, journal: &dyn Journal, subject: Subject, words: impl FnOnce() -> String) {
        if self.has(subject) {
            let name = SUBJECTS[subject as usize].0;
            let thread = rustix::thread::gettid().as_raw_nonzero();
            journal.complain(&format!("{name:<8} {thread:<5} {}", words()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_subjects_and_some_say_nothing() {
        for (index, (name, subject)) in SUBJECTS.into_iter().enumerate() {
            assert_eq!(subject as usize, index, "{name}");
        }
        let words = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let asked = words("io,mutex,file");
        let (subjects, silent) = Subjects::of(&asked);
        let told = SUBJECTS.map(|(_, subject)| subjects.has(subject));
        assert_eq!((told, silent), ([false, true, true, false, false], vec!["mutex"]));
        let (all, silent) = (Subjects::of(&words("all")).0, Subjects::of(&words("all")).1.len());
        assert!(SUBJECTS.iter().all(|(_, subject)| all.has(*subject)) && silent == 0);
    }
}
