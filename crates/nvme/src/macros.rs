//! The macros that the wire types are written with.

/// Declares a newtype for a code set that specifications and vendors extend: named constants, and every other value stays
/// representable, so that an unknown code from a peer is data to answer and never undefined behaviour.
///
/// A set that is a field of a wire structure adds zerocopy's derives to its attributes.
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident($integer:ident) {
            $( $(#[$constant_attribute:meta])* $constant:ident = $value:literal, $text:literal; )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(
            /// The code as it is on the wire.
            pub $integer,
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
