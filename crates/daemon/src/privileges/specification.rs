//! What follows `--user`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A user, a group or both, as typed. Whether they exist is another question:
/// [`UserSpecification::look_up`](Self::look_up).
///
/// | typed | user | group |
/// |---|---|---|
/// | `USER`, `USER:` | USER | USER's own |
/// | `USER:GROUP` | USER | GROUP, which has to be USER's own or to list USER |
/// | `:GROUP` | the present one | GROUP, likewise |
/// | the empty text, `:` | the present one | the present one |
///
/// USER and GROUP are names or numbers. A name that looks like a number is a name if it exists, as in chown(1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserSpecification {
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
}

/// What no user or group can be called.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("Invalid --user option {0:?} (expected USER, USER:GROUP or :GROUP, each a name or a number)")]
pub struct SpecificationError(String);

impl FromStr for UserSpecification {
    type Err = SpecificationError;

    fn from_str(text: &str) -> Result<Self, SpecificationError> {
        let (user, group) = text.split_once(':').unwrap_or((text, ""));
        // The user database separates its fields by colons and its entries by newlines; a NUL ends a name in C.
        if group.contains(':') || text.contains(['\n', '\0']) {
            return Err(SpecificationError(text.to_owned()));
        }
        let part = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        Ok(Self { user: part(user), group: part(group) })
    }
}

impl fmt::Display for UserSpecification {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.user.as_deref().unwrap_or_default())?;
        self.group.as_ref().map_or(Ok(()), |group| write!(formatter, ":{group}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d01_the_forms_of_a_specification() {
        for (text, user, group) in [
            ("", None, None),
            (":", None, None),
            ("nobody", Some("nobody"), None),
            ("nobody:", Some("nobody"), None),
            ("nobody:kvm", Some("nobody"), Some("kvm")),
            (":kvm", None, Some("kvm")),
            ("65534:1", Some("65534"), Some("1")),
        ] {
            let expected = UserSpecification { user: user.map(Into::into), group: group.map(Into::into) };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!("a:b".parse::<UserSpecification>().unwrap().to_string(), "a:b");
        for text in ["a:b:c", "a\nb", "a\0"] {
            assert!(text.parse::<UserSpecification>().is_err(), "{text:?}");
        }
    }
}
