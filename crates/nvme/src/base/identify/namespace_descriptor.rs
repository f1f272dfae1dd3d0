//! Namespace Identification Descriptors: by which names a namespace is known.
//!
//! Spec: NVMe Base 2.0 §5.17.2.3.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::IDENTIFY_DATA_BYTES;
use crate::base::command::CommandSetIdentifier;

open_enum! {
    /// Type of a namespace identifier (NIDT); 0 ends the list.
    ///
    /// Spec: NVMe Base 2.0 §5.17.2.3.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct NamespaceIdentifierType(u8) {
        EUI64 = 1, "EUI64";
        NGUID = 2, "NGUID";
        UUID = 3, "UUID";
        COMMAND_SET = 4, "I/O command set";
    }
}

/// Head of a descriptor, 4 bytes; the identifier follows.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct NamespaceDescriptorHeader {
    /// Type (NIDT).
    pub identifier_type: NamespaceIdentifierType,
    /// Length of the identifier in bytes (NIDL).
    pub length: u8,
    /// Reserved.
    pub reserved2: [u8; 2],
}

assert_layout!(NamespaceDescriptorHeader, 4, identifier_type @ 0, length @ 1, reserved2 @ 2);

/// One identifier of a namespace. Bytes are as on the wire, most significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceIdentifier<'a> {
    /// IEEE extended unique identifier.
    Eui64([u8; 8]),
    /// Globally unique identifier.
    Nguid([u8; 16]),
    /// UUID.
    Uuid([u8; 16]),
    /// Command set of the namespace.
    CommandSet(CommandSetIdentifier),
    /// Of a type that is not known here.
    Other(NamespaceIdentifierType, &'a [u8]),
}

/// Why a descriptor list cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// The descriptor at this byte does not fit the structure.
    #[error("the namespace descriptor at byte {offset} ends beyond the structure")]
    Truncated {
        /// Where the descriptor begins.
        offset: usize,
    },
    /// The descriptor at this byte has a length that its type does not have.
    #[error("the namespace descriptor at byte {offset} has {length} bytes, which {identifier_type} does not")]
    Length {
        /// Where the descriptor begins.
        offset: usize,
        /// Its type.
        identifier_type: NamespaceIdentifierType,
        /// Its length in bytes.
        length: u8,
    },
}

impl<'a> NamespaceIdentifier<'a> {
    /// Type of the identifier.
    #[must_use]
    pub const fn identifier_type(&self) -> NamespaceIdentifierType {
        match self {
            Self::Eui64(_) => NamespaceIdentifierType::EUI64,
            Self::Nguid(_) => NamespaceIdentifierType::NGUID,
            Self::Uuid(_) => NamespaceIdentifierType::UUID,
            Self::CommandSet(_) => NamespaceIdentifierType::COMMAND_SET,
            Self::Other(identifier_type, _) => *identifier_type,
        }
    }

    /// The identifier's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Eui64(bytes) => bytes,
            Self::Nguid(bytes) | Self::Uuid(bytes) => bytes,
            Self::CommandSet(set) => set.as_bytes(),
            Self::Other(_, bytes) => bytes,
        }
    }

    /// The identifier; `None` when the type is known and has another length.
    fn from_parts(identifier_type: NamespaceIdentifierType, bytes: &'a [u8]) -> Option<Self> {
        match identifier_type {
            NamespaceIdentifierType::EUI64 => bytes.try_into().ok().map(Self::Eui64),
            NamespaceIdentifierType::NGUID => bytes.try_into().ok().map(Self::Nguid),
            NamespaceIdentifierType::UUID => bytes.try_into().ok().map(Self::Uuid),
            NamespaceIdentifierType::COMMAND_SET => match bytes {
                &[set] => Some(Self::CommandSet(CommandSetIdentifier(set))),
                _ => None,
            },
            other => Some(Self::Other(other, bytes)),
        }
    }
}

/// The structure that lists these identifiers.
///
/// # Panics
/// When they do not fit: the four types known here take 57 bytes together.
#[must_use]
pub fn namespace_descriptors(identifiers: &[NamespaceIdentifier<'_>]) -> [u8; IDENTIFY_DATA_BYTES] {
    let mut structure = [0; IDENTIFY_DATA_BYTES];
    let mut rest = structure.as_mut_slice();
    for identifier in identifiers {
        let bytes = identifier.as_bytes();
        let header = NamespaceDescriptorHeader {
            identifier_type: identifier.identifier_type(),
            length: u8::try_from(bytes.len()).expect("a namespace identifier has at most 255 bytes"),
            reserved2: [0; 2],
        };
        let (head, tail) =
            rest.split_at_mut_checked(size_of_val(&header)).expect("namespace identifiers fit 4096 bytes");
        let (value, tail) = tail.split_at_mut_checked(bytes.len()).expect("namespace identifiers fit 4096 bytes");
        head.copy_from_slice(header.as_bytes());
        value.copy_from_slice(bytes);
        rest = tail;
    }
    structure
}

/// The identifiers that a structure lists, up to its end or the first type 0. Nothing follows an error.
pub fn namespace_identifiers(
    structure: &[u8],
) -> impl Iterator<Item = Result<NamespaceIdentifier<'_>, DescriptorError>> {
    let mut offset = Some(0);
    core::iter::from_fn(move || {
        let start = offset.take()?;
        let rest = structure.get(start..)?;
        if let [] | [0, ..] = rest {
            return None;
        }
        let parsed = parse_descriptor(rest, start);
        if let Ok((_, length)) = parsed {
            offset = Some(start + length);
        }
        Some(parsed.map(|(identifier, _)| identifier))
    })
}

/// The first descriptor of `bytes`, and how many bytes it takes.
fn parse_descriptor(bytes: &[u8], offset: usize) -> Result<(NamespaceIdentifier<'_>, usize), DescriptorError> {
    let truncated = DescriptorError::Truncated { offset };
    let (header, rest) = NamespaceDescriptorHeader::ref_from_prefix(bytes).map_err(|_| truncated)?;
    let value = rest.get(..usize::from(header.length)).ok_or(truncated)?;
    let &NamespaceDescriptorHeader { identifier_type, length, .. } = header;
    let identifier = NamespaceIdentifier::from_parts(identifier_type, value).ok_or(DescriptorError::Length {
        offset,
        identifier_type,
        length,
    })?;
    Ok((identifier, size_of_val(header) + value.len()))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{
        CommandSetIdentifier, DescriptorError, NamespaceIdentifier, NamespaceIdentifierType, namespace_descriptors,
        namespace_identifiers,
    };

    const UUID: [u8; 16] = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";

    fn all() -> [NamespaceIdentifier<'static>; 5] {
        [
            NamespaceIdentifier::Eui64(*b"\x02\0\0\0\0\0\0\x01"),
            NamespaceIdentifier::Nguid([0xaa; 16]),
            NamespaceIdentifier::Uuid(UUID),
            NamespaceIdentifier::CommandSet(CommandSetIdentifier::NVM),
            NamespaceIdentifier::Other(NamespaceIdentifierType(0x77), b"abc"),
        ]
    }

    #[test]
    fn bytes() {
        let structure = namespace_descriptors(&[
            NamespaceIdentifier::Uuid(UUID),
            NamespaceIdentifier::CommandSet(CommandSetIdentifier::ZONED_NAMESPACE),
        ]);
        let (used, unused) = structure.split_at(25);
        assert_eq!(used[..4], [3, 16, 0, 0]);
        assert_eq!(used[4..20], UUID);
        assert_eq!(used[20..], [4, 1, 0, 0, 2]);
        assert!(unused.iter().all(|&byte| byte == 0));
    }

    #[test]
    fn every_kind_comes_back() {
        let structure = namespace_descriptors(&all());
        let read: Result<Vec<_>, _> = namespace_identifiers(&structure).collect();
        assert_eq!(read.unwrap(), all());
        assert_eq!(namespace_identifiers(&namespace_descriptors(&[])).count(), 0);
        assert_eq!(namespace_identifiers(&[]).count(), 0);
    }

    #[test]
    fn every_truncation_is_an_error_or_the_end() {
        let structure = namespace_descriptors(&all());
        let mut ends = Vec::new();
        let mut end = 0;
        for identifier in all() {
            ends.push(end);
            end += 4 + identifier.as_bytes().len();
        }
        for length in 0..end {
            let read: Vec<_> = namespace_identifiers(&structure[..length]).collect();
            let whole = ends.iter().filter(|&&start| start < length).count();
            let start = *ends.iter().rfind(|&&start| start <= length).unwrap();
            assert_eq!(read.iter().all(Result::is_ok), start == length, "{length}");
            if start < length {
                assert_eq!(read.len(), whole, "{length}");
                assert_eq!(read.last(), Some(&Err(DescriptorError::Truncated { offset: start })), "{length}");
            }
        }
    }

    #[test]
    fn a_known_type_has_its_length_only() {
        for (identifier_type, right) in [(1, 8), (2, 16), (3, 16), (4, 1)] {
            for length in (0..=u8::MAX).filter(|&length| length != right) {
                let mut structure = [0; 4096];
                structure[..2].copy_from_slice(&[identifier_type, length]);
                structure[4 + usize::from(length)] = 3;
                let identifier_type = NamespaceIdentifierType(identifier_type);
                let read: Vec<_> = namespace_identifiers(&structure).collect();
                assert_eq!(read, [Err(DescriptorError::Length { offset: 0, identifier_type, length })]);
            }
        }
    }
}
