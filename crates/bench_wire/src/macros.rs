//! The macros that wire structures are written with.

/// Asserts at compile time that a structure has this size, alignment 1, and its fields at these offsets.
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

/// Declares a wire structure as a table: each field with its offset and type, and after `=` the field of the neutral value that it
/// carries. A field without one is padding, or is carried by hand. Makes `load` and `store` between the two; a structure that is
/// `for` no value has neither.
macro_rules! wire_structure {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $wire:ident, $size:literal bytes {
            $( $offset:literal $field:ident: $type:ty; )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::KnownLayout, zerocopy::Immutable, zerocopy::Unaligned,
        )]
        #[repr(C)]
        $visibility struct $wire {
            $( pub(crate) $field: $type, )*
        }

        assert_layout!($wire, $size $(, $field @ $offset)*);
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $wire:ident for $value:ty, $size:literal bytes {
            $( $offset:literal $field:ident: $type:ty $(= $carried:ident)?; )*
        }
    ) => {
        wire_structure! {
            $(#[$attribute])*
            $visibility struct $wire, $size bytes {
                $( $offset $field: $type; )*
            }
        }

        impl $wire {
            /// Puts what is on the wire into the value.
            pub(crate) fn load(&self, value: &mut $value) {
                $( $( value.$carried = $crate::layout::field::Field::load(&self.$field); )? )*
            }

            /// Puts the value onto the wire.
            pub(crate) fn store(&mut self, value: &$value) {
                $( $( $crate::layout::field::Field::store(&mut self.$field, &value.$carried); )? )*
            }
        }
    };
}

/// Reads and writes a value whose payload is exactly one wire structure.
macro_rules! fixed_payload {
    ($value:ident, $wire:ident, $opcode:expr) => {
        impl $value {
            pub(crate) fn decode(payload: &[u8]) -> Result<Self, $crate::Fault> {
                let wire: &$wire = $crate::layout::field::exactly(payload).map_err(|problem| problem.of($opcode))?;
                let mut value = Self::default();
                wire.load(&mut value);
                Ok(value)
            }

            pub(crate) fn encode(&self, output: &mut Vec<u8>) {
                let mut wire: $wire = zerocopy::FromZeros::new_zeroed();
                wire.store(self);
                output.extend_from_slice(zerocopy::IntoBytes::as_bytes(&wire));
            }
        }
    };
}
