//! The macros that the wire types are written with.

/// Declares a newtype for a code set that specifications and vendors extend: named constants, and every other value stays
/// representable, so that an unknown code from a peer is data to answer and never undefined behaviour.
///
/// A set that is a field of a wire structure adds zerocopy's derives to its attributes.
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident($integer:ident) {
            $( $(#[$constant_attribute:meta])* $constant:ident = $value:literal, $text:literal; )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        $visibility struct $name(
            /// The code as it is on the wire.
            $visibility $integer,
        );

        impl $name {
            $(
                #[doc = concat!($text, ".")]
                $(#[$constant_attribute])*
                pub const $constant: Self = Self($value);
            )*

            /// Every value that has a name, in order of declaration.
            pub const NAMED: &'static [Self] = &[$(Self::$constant),*];

            /// The specification's name of this value; `None` for a value without one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($text), )*
                    _ => None,
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.0 {
                    $( $value => formatter.write_str(concat!(stringify!($name), "::", stringify!($constant))), )*
                    unknown => write!(formatter, concat!(stringify!($name), "({:02X}h)"), unknown),
                }
            }
        }

        /// The name, or the code in hexadecimal for one that has none.
        impl core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => formatter.pad(name),
                    None => write!(formatter, "{:02X}h", self.0),
                }
            }
        }
    };
}

/// Declares the fields of a newtype around an integer, by lowest bit and width: a getter and a `with_` setter each.
macro_rules! bit_fields {
    ($integer:ty; $( $(#[$attribute:meta])* $name:ident, $with:ident : $low:literal, $width:literal; )*) => {
        $(
            $(#[$attribute])*
            #[inline]
            #[must_use]
            pub const fn $name(self) -> $integer {
                (self.0 >> $low) & ((1 << $width) - 1)
            }

            #[doc = concat!("The same with [`Self::", stringify!($name), "`] replaced; bits beyond its width are dropped.")]
            #[inline]
            #[must_use]
            pub const fn $with(self, value: $integer) -> Self {
                let mask: $integer = ((1 << $width) - 1) << $low;
                Self((self.0 & !mask) | ((value << $low) & mask))
            }
        )*
    };
}

/// Asserts of each field, by its mask: no other bit is touched, too large a value is cut, and the getter gives back what is there.
#[cfg(test)]
macro_rules! assert_bit_fields {
    ($integer:ty; $( $newtype:ident { $( $get:ident, $with:ident = $mask:literal; )* } )*) => {
        $( $(
            let name = stringify!($newtype::$get);
            let highest: $integer = $mask >> <$integer>::trailing_zeros($mask);
            assert_eq!($newtype(0).$with(<$integer>::MAX).0, $mask, "{name}");
            assert_eq!($newtype(<$integer>::MAX).$with(0).0, !$mask, "{name}");
            assert_eq!($newtype($mask).$get(), highest, "{name}");
            assert_eq!($newtype(!$mask).$get(), 0, "{name}");
        )* )*
    };
}

/// Declares a field of a wire structure whose bits are independent flags: a constant for each flag, sets of them, and their names.
/// Bits without a name stay as they are.
macro_rules! flag_set {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident($integer:ident) {
            $( $(#[$constant_attribute:meta])* $constant:ident = $bit:literal, $text:literal; )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::KnownLayout, zerocopy::Immutable, zerocopy::Unaligned,
            Clone, Copy, Default, PartialEq, Eq, Hash,
        )]
        #[repr(transparent)]
        pub struct $name([u8; size_of::<$integer>()]);

        impl $name {
            /// No flag.
            pub const EMPTY: Self = Self::from_bits(0);
            $(
                #[doc = concat!("Bit ", stringify!($bit), ": ", $text, ".")]
                $(#[$constant_attribute])*
                pub const $constant: Self = Self::from_bits(1 << $bit);
            )*
            /// Every flag that has a constant, with its name, from the lowest bit up.
            pub const NAMED: &'static [(Self, &'static str)] = &[$((Self::$constant, $text)),*];

            /// The set with these bits.
            #[inline]
            #[must_use]
            pub const fn from_bits(bits: $integer) -> Self {
                Self(bits.to_le_bytes())
            }

            /// The bits, those without a name too.
            #[inline]
            #[must_use]
            pub const fn bits(self) -> $integer {
                <$integer>::from_le_bytes(self.0)
            }

            /// The flags of both.
            #[inline]
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self::from_bits(self.bits() | other.bits())
            }

            /// The flags that both have.
            #[inline]
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self::from_bits(self.bits() & other.bits())
            }

            /// Whether all flags of `other` are set.
            #[inline]
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.bits() & other.bits() == other.bits()
            }

            /// Whether no flag is set.
            #[inline]
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.bits() == 0
            }
        }

        /// Names with commas between, bits without a name in hexadecimal, `none` when no bit is set.
        impl core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let mut rest = self.bits();
                let mut separator = "";
                for &(flag, text) in Self::NAMED {
                    if self.contains(flag) {
                        write!(formatter, "{separator}{text}")?;
                        separator = ", ";
                        rest &= !flag.bits();
                    }
                }
                if rest != 0 {
                    write!(formatter, "{separator}{rest:X}h")
                } else if separator.is_empty() {
                    formatter.write_str("none")
                } else {
                    Ok(())
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

/// Asserts at compile time that a wire structure has the given size and each named field the given offset, in bytes.
macro_rules! assert_layout {
    ($structure:ty, $size:literal $(, $field:ident @ $offset:literal)* $(,)?) => {
        const _: () = {
            assert!(size_of::<$structure>() == $size, concat!("size of ", stringify!($structure)));
            assert!(align_of::<$structure>() == 1, concat!("alignment of ", stringify!($structure)));
            $(
                assert!(
                    core::mem::offset_of!($structure, $field) == $offset,
                    concat!("offset of ", stringify!($structure), "::", stringify!($field))
                );
            )*
        };
    };
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use zerocopy::IntoBytes;

    use crate::base::identify::{ControllerType as Code, OptionalAdminCommands as Flags};

    #[test]
    fn a_code_without_a_name_is_shown_as_it_is() {
        assert_eq!((Code::IO.name(), Code(4).name()), (Some("I/O controller"), None));
        assert_eq!(
            format!("{} {:?} {:>15}|", Code::IO, Code::IO, Code::IO),
            "I/O controller ControllerType::IO  I/O controller|"
        );
        assert_eq!(format!("{} {:?}", Code(0x0a), Code(0x0a)), "0Ah ControllerType(0Ah)");
        assert_eq!(Code::NAMED, [Code::NOT_REPORTED, Code::IO, Code::DISCOVERY, Code::ADMINISTRATIVE]);
    }

    #[test]
    fn flags_are_little_endian_and_keep_bits_without_a_name() {
        let flags = Flags::SECURITY.with(Flags::LOCKDOWN).with(Flags::from_bits(0x8000));
        assert_eq!(flags.as_bytes(), [0x01, 0x84]);
        assert_eq!(flags.bits(), 0x8401);
        assert!(flags.contains(Flags::SECURITY.with(Flags::LOCKDOWN)) && !Flags::SECURITY.contains(flags));
        assert_eq!(flags.intersection(Flags::LOCKDOWN), Flags::LOCKDOWN);
        assert!(Flags::EMPTY.is_empty() && !flags.is_empty());
        assert_eq!(flags.to_string(), "Security Send and Receive, Command and Feature Lockdown, 8000h");
        assert_eq!(format!("{:?} {}", Flags::FORMAT_NVM, Flags::EMPTY), "OptionalAdminCommands(Format NVM) none");
    }
}
