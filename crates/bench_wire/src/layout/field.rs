//! How one field is carried between the wire and a neutral value.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fault::Problem;
use crate::fixed_text::FixedText;
use crate::float;
use crate::message::Histogram;

/// A type on the wire that carries a `Value`.
pub(crate) trait Field<Value> {
    /// What is on the wire.
    fn load(&self) -> Value;
    /// Puts it onto the wire.
    fn store(&mut self, value: &Value);
}

macro_rules! integers {
    ($($wire:ty = $value:ty),*) => { $(
        impl Field<$value> for $wire {
            fn load(&self) -> $value {
                self.get()
            }

            fn store(&mut self, value: &$value) {
                self.set(*value);
            }
        }

        /// What a version has and another lacks.
        impl Field<Option<$value>> for $wire {
            fn load(&self) -> Option<$value> {
                Some(self.get())
            }

            fn store(&mut self, value: &Option<$value>) {
                self.set(value.unwrap_or_default());
            }
        }
    )* };
}

integers!(U16 = u16, U32 = u32, U64 = u64);

impl Field<Self> for u8 {
    fn load(&self) -> Self {
        *self
    }

    fn store(&mut self, value: &Self) {
        *self = *value;
    }
}

impl Field<bool> for U32 {
    fn load(&self) -> bool {
        self.get() != 0
    }

    fn store(&mut self, value: &bool) {
        self.set(u32::from(*value));
    }
}

impl Field<bool> for u8 {
    fn load(&self) -> bool {
        *self != 0
    }

    fn store(&mut self, value: &bool) {
        *self = Self::from(*value);
    }
}

impl Field<bool> for U16 {
    fn load(&self) -> bool {
        self.get() != 0
    }

    fn store(&mut self, value: &bool) {
        self.set(u16::from(*value));
    }
}

impl<const N: usize> Field<Self> for FixedText<N> {
    fn load(&self) -> Self {
        *self
    }

    fn store(&mut self, value: &Self) {
        *self = *value;
    }
}

impl<Value, Wire: Field<Value>, const N: usize> Field<[Value; N]> for [Wire; N] {
    fn load(&self) -> [Value; N] {
        self.each_ref().map(Field::load)
    }

    fn store(&mut self, value: &[Value; N]) {
        for (wire, value) in self.iter_mut().zip(value) {
            wire.store(value);
        }
    }
}

/// A floating point number in its slot of 16 bytes; the latter eight mean nothing.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Float64 {
    bits: U64,
    filler: [u8; 8],
}

impl Field<f64> for Float64 {
    fn load(&self) -> f64 {
        float::from_wire(self.bits.get())
    }

    fn store(&mut self, value: &f64) {
        self.bits.set(float::to_wire(*value));
    }
}

impl Field<Histogram> for [U64; Histogram::BUCKETS] {
    fn load(&self) -> Histogram {
        Histogram::from_buckets(self.iter().map(|count| count.get()))
    }

    fn store(&mut self, value: &Histogram) {
        for (wire, count) in self.iter_mut().zip(value.buckets()) {
            wire.set(*count);
        }
    }
}

/// The payload as this structure, when it has exactly its size.
pub(crate) fn exactly<Wire: FromBytes + KnownLayout + Immutable + Unaligned>(payload: &[u8]) -> Result<&Wire, Problem> {
    Wire::ref_from_bytes(payload).map_err(|_| Problem::Size { expected: size_of::<Wire>(), found: payload.len() })
}

/// The beginning of the payload as this structure, and what follows it.
pub(crate) fn beginning<Wire: FromBytes + KnownLayout + Immutable + Unaligned>(
    payload: &[u8],
) -> Result<(&Wire, &[u8]), Problem> {
    Wire::ref_from_prefix(payload).map_err(|_| Problem::Short { needed: size_of::<Wire>(), found: payload.len() })
}
