//! NVMe qualified names: how hosts and subsystems are called.
//!
//! A name is `nqn.` and a date `yyyy-mm`, then the reversed domain of whoever owned it then, then optionally `:` and whatever that
//! owner chose; or `nqn.2014-08.org.nvmexpress:uuid:` and a UUID.
//!
//! Spec: NVMe Base 2.0 §4.5.

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

use super::NQN_FIELD_BYTES;

/// Name of every discovery subsystem that has no name of its own.
///
/// Spec: NVMe Base 2.0 §3.1.2.3.
pub const DISCOVERY_NQN: &str = "nqn.2014-08.org.nvmexpress.discovery";

const PREFIX: &str = "nqn.";
const UUID_PREFIX: &str = "nqn.2014-08.org.nvmexpress:uuid:";
/// `yyyy-mm`.
const DATE_BYTES: usize = 7;
const DOMAIN_LABEL_MAXIMUM_BYTES: usize = 63;

/// A valid NVMe qualified name. Two names are equal when their bytes are.
///
/// ```
/// use nvme::fabrics::Nqn;
/// let name = Nqn::parse("nqn.2024-11.com.example:disk-0")?;
/// let field: [u8; 256] = name.to_field();
/// assert_eq!(Nqn::from_field(&field)?, name);
/// # Ok::<(), nvme::fabrics::NqnError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nqn(Box<str>);

/// Why a text is not an NVMe qualified name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NqnError {
    /// Longer than [`Nqn::MAXIMUM_BYTES`].
    #[error("an NQN has at most {} bytes", Nqn::MAXIMUM_BYTES)]
    TooLong,
    /// No NUL byte within the field.
    #[error("an NQN field ends with a NUL byte")]
    NotTerminated,
    /// Not UTF-8.
    #[error("an NQN is UTF-8")]
    NotUtf8,
    /// Holds a control character, at this byte.
    #[error("an NQN has no control character (byte {0})")]
    ControlCharacter(usize),
    /// Does not begin with `nqn.`.
    #[error("an NQN begins with \"nqn.\"")]
    Prefix,
    /// No `yyyy-mm.` after the prefix.
    #[error("an NQN has a date \"yyyy-mm.\" after \"nqn.\"")]
    Date,
    /// No reversed domain name after the date.
    #[error("an NQN has a reversed domain name after the date, such as \"com.example\"")]
    Domain,
    /// Nothing after the colon.
    #[error("an NQN has a name after the colon")]
    EmptyName,
    /// No UUID after `nqn.2014-08.org.nvmexpress:uuid:`.
    #[error("an NQN that begins with \"{UUID_PREFIX}\" ends with a UUID")]
    Uuid,
}

impl Nqn {
    /// Longest name, in bytes, without the terminating NUL.
    pub const MAXIMUM_BYTES: usize = 223;

    /// Checks `text` and keeps a copy.
    ///
    /// # Errors
    /// Which rule `text` breaks; the first one, in the order of [`NqnError`].
    pub fn parse(text: &str) -> Result<Self, NqnError> {
        check(text)?;
        Ok(Self(text.into()))
    }

    /// Reads a NUL-terminated field. What follows the first NUL is ignored.
    ///
    /// # Errors
    /// [`NqnError::NotTerminated`], [`NqnError::NotUtf8`], or what [`Self::parse`] says.
    pub fn from_field(field: &[u8; NQN_FIELD_BYTES]) -> Result<Self, NqnError> {
        let (bytes, _) = field
            .iter()
            .position(|&byte| byte == 0)
            .and_then(|end| field.split_at_checked(end))
            .ok_or(NqnError::NotTerminated)?;
        Self::parse(core::str::from_utf8(bytes).map_err(|_| NqnError::NotUtf8)?)
    }

    /// The name of the host or subsystem with this UUID.
    #[must_use]
    pub fn from_uuid(uuid: [u8; 16]) -> Self {
        let [a, b, c, d] = [&uuid[..4], &uuid[4..6], &uuid[6..8], &uuid[8..10]].map(big_endian);
        let e = big_endian(&uuid[10..]);
        Self(alloc::format!("{UUID_PREFIX}{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}").into())
    }

    /// The well-known name of a discovery subsystem.
    #[must_use]
    pub fn discovery() -> Self {
        Self(DISCOVERY_NQN.into())
    }

    /// Whether this is the well-known name of a discovery subsystem.
    #[must_use]
    pub fn is_discovery(&self) -> bool {
        &*self.0 == DISCOVERY_NQN
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name padded with NUL bytes, as wire structures hold it.
    #[must_use]
    pub fn to_field(&self) -> [u8; NQN_FIELD_BYTES] {
        let mut field = [0; NQN_FIELD_BYTES];
        for (byte, &name) in field.iter_mut().zip(self.0.as_bytes()) {
            *byte = name;
        }
        field
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

fn check(text: &str) -> Result<(), NqnError> {
    if text.len() > Nqn::MAXIMUM_BYTES {
        return Err(NqnError::TooLong);
    }
    // A name goes into logs and terminals of the other side.
    if let Some((index, _)) = text.char_indices().find(|(_, character)| character.is_control()) {
        return Err(NqnError::ControlCharacter(index));
    }
    let dated = text.strip_prefix(PREFIX).ok_or(NqnError::Prefix)?;
    let (date, rest) = dated.split_at_checked(DATE_BYTES).ok_or(NqnError::Date)?;
    if !is_date(date.as_bytes()) {
        return Err(NqnError::Date);
    }
    let rest = rest.strip_prefix('.').ok_or(NqnError::Date)?;
    if let Some(uuid) = text.strip_prefix(UUID_PREFIX) {
        return if is_uuid(uuid.as_bytes()) { Ok(()) } else { Err(NqnError::Uuid) };
    }
    // The part after the domain is optional: the well-known discovery name has none.
    let (domain, name) = rest.split_once(':').map_or((rest, None), |(domain, name)| (domain, Some(name)));
    if !domain.split('.').all(is_domain_label) {
        return Err(NqnError::Domain);
    }
    if name.is_some_and(str::is_empty) { Err(NqnError::EmptyName) } else { Ok(()) }
}

fn is_date(date: &[u8]) -> bool {
    let &[y0, y1, y2, y3, b'-', m0, m1] = date else {
        return false;
    };
    [y0, y1, y2, y3].iter().all(u8::is_ascii_digit) && matches!((m0, m1), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2'))
}

fn is_uuid(uuid: &[u8]) -> bool {
    uuid.len() == 36
        && uuid.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Underscores are not allowed in a domain name but are common in the names that people make up.
fn is_domain_label(label: &str) -> bool {
    (1..=DOMAIN_LABEL_MAXIMUM_BYTES).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl FromStr for Nqn {
    type Err = NqnError;

    fn from_str(text: &str) -> Result<Self, NqnError> {
        Self::parse(text)
    }
}

impl AsRef<str> for Nqn {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Nqn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{Nqn, NqnError};

    const UUID_NAME: &str = "nqn.2014-08.org.nvmexpress:uuid:01234567-89ab-cdef-0123-456789abcdef";

    #[test]
    fn names_that_are_accepted() {
        let longest = "nqn.2024-11.com.example:".to_string() + &"x".repeat(Nqn::MAXIMUM_BYTES - 24);
        for text in [
            "nqn.2014-08.org.nvmexpress.discovery",
            UUID_NAME,
            "nqn.2024-11.com.example:a",
            "nqn.2024-01.com.example",
            "nqn.2024-12.com.my_company-2:disk:1 with spaces, \u{e4} and \u{1f4be}",
            &longest,
        ] {
            let name = Nqn::parse(text).unwrap();
            assert_eq!(name.as_str(), text);
            assert_eq!(text.parse(), Ok(name.clone()));
            assert_eq!(Nqn::from_field(&name.to_field()), Ok(name));
        }
        assert_eq!(longest.len(), 223);
    }

    #[test]
    fn names_that_are_refused() {
        let too_long = "nqn.2024-11.com.example:".to_string() + &"x".repeat(Nqn::MAXIMUM_BYTES - 23);
        for (text, error) in [
            (too_long.as_str(), NqnError::TooLong),
            ("", NqnError::Prefix),
            ("NQN.2024-11.com.example:a", NqnError::Prefix),
            ("iqn.2024-11.com.example:a", NqnError::Prefix),
            ("nqn.", NqnError::Date),
            ("nqn.2024-1", NqnError::Date),
            ("nqn.2024-11", NqnError::Date),
            ("nqn.2024-13.com.example:a", NqnError::Date),
            ("nqn.2024-00.com.example:a", NqnError::Date),
            ("nqn.202x-11.com.example:a", NqnError::Date),
            ("nqn.2024_11.com.example:a", NqnError::Date),
            ("nqn.2024-1\u{e4}.com.example:a", NqnError::Date),
            ("nqn.2024-11:com.example", NqnError::Date),
            ("nqn.2024-11.", NqnError::Domain),
            ("nqn.2024-11.:a", NqnError::Domain),
            ("nqn.2024-11.com..example:a", NqnError::Domain),
            ("nqn.2024-11.com.exam ple:a", NqnError::Domain),
            ("nqn.2024-11.com.example:", NqnError::EmptyName),
            ("nqn.2024-11.com.example:a\nb", NqnError::ControlCharacter(25)),
            ("nqn.2024-11.com.example:a\0", NqnError::ControlCharacter(25)),
            ("nqn.2014-08.org.nvmexpress:uuid:0123", NqnError::Uuid),
            ("nqn.2014-08.org.nvmexpress:uuid:01234567-89ab-cdef-0123-456789abcdeg", NqnError::Uuid),
            ("nqn.2014-08.org.nvmexpress:uuid:0123456789ab-cdef-0123-456789abcdef-", NqnError::Uuid),
        ] {
            assert_eq!(Nqn::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn every_truncation_of_a_uuid_name_is_refused_but_those_that_are_names_themselves() {
        for length in 0..UUID_NAME.len() {
            let text = &UUID_NAME[..length];
            let whole = text.len() > "nqn.2014-08.".len() && !text.ends_with([':', '.']) && !text.contains(":uuid:");
            assert_eq!(Nqn::parse(text).is_ok(), whole, "{text:?}");
        }
    }

    #[test]
    fn fields_that_hold_no_name() {
        let mut field = Nqn::discovery().to_field();
        for byte in &mut field {
            if *byte == 0 {
                *byte = b'x';
            }
        }
        assert_eq!(Nqn::from_field(&field), Err(NqnError::NotTerminated));
        assert_eq!(Nqn::from_field(&[0; 256]), Err(NqnError::Prefix));
        field[30..].copy_from_slice(&[0xff; 226]);
        field[200] = 0;
        assert_eq!(Nqn::from_field(&field), Err(NqnError::NotUtf8));
        let mut field = Nqn::discovery().to_field();
        field[100..].fill(0xff);
        assert_eq!(Nqn::from_field(&field), Ok(Nqn::discovery()), "what is behind the NUL byte does not matter");
    }

    #[test]
    fn well_known_and_uuid_names() {
        assert!(Nqn::discovery().is_discovery());
        let uuid = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
        let name = Nqn::from_uuid(uuid);
        assert_eq!(name.as_str(), UUID_NAME);
        assert!(!name.is_discovery());
        assert_eq!(Nqn::parse(name.as_str()), Ok(name));
    }
}
