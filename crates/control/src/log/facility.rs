//! Which part of a system a syslog message comes from (RFC 5424, section 6.2.1).

/// A syslog facility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facility(u8);

/// The names and their codes. 10 has no name here.
const TABLE: [(&str, u8); 23] = [
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("clock", 9),
    ("ftp", 11),
    ("ntp", 12),
    ("audit", 13),
    ("alert", 14),
    ("clock2", 15),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

impl Facility {
    /// What local messages have unless told otherwise.
    pub const DAEMON: Self = Self(3);
    /// What a file's or a console's `%B` has unless told otherwise.
    pub const LOCAL0: Self = Self(16);

    /// The facility of that name; case does not matter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, code)| Self(code))
    }

    /// The priority value of a message of `severity`, 0 to 7.
    #[must_use]
    pub fn priority(self, severity: u8) -> u8 {
        self.0 << 3 | severity & 7
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Level;

    #[test]
    fn f04_priorities_are_facility_and_severity() {
        assert_eq!(Facility::LOCAL0.priority(Level::Information.syslog_severity()), 133);
        assert_eq!(Facility::DAEMON.priority(Level::Information.syslog_severity()), 29);
        assert_eq!(Facility::from_name("LOCAL7").unwrap().priority(Level::Debug.syslog_severity()), 191);
    }

    #[test]
    fn f03_there_are_23_names_each_with_its_own_code() {
        for (index, (name, code)) in TABLE.iter().enumerate() {
            assert_eq!(Facility::from_name(name), Some(Facility(*code)));
            assert!(TABLE[..index].iter().all(|(_, other)| other < code));
        }
        assert_eq!(Facility::from_name("local8"), None);
    }
}
