//! What the elements of a file are, and how they become those that were asked for.

use std::fmt;

use bytemuck::{NoUninit, Zeroable};
use half::f16;

/// What can be read from and written to labelled files: integers of 8 to 64 bits, `half::f16`,
/// `f32`, `f64` and `bool`.
///
/// # Examples
/// ```no_run
/// use ndarray::Ix3;
/// use pasha::DataArray;
/// use pasha::labelled::{StoredArray, StoredElement};
///
/// /// Opens the temperature of a file `(time, y, x)` with elements of any such type.
/// # #[cfg(feature = "netcdf")]
/// fn temperature<A: StoredElement>(path: &str) -> pasha::Result<StoredArray<A, Ix3>> {
///     DataArray::<A, Ix3>::from_netcdf(path, "t2m")
/// }
/// ```
pub trait StoredElement: NoUninit + Zeroable + Send + Sync + sealed::Number {}

impl<T: NoUninit + Zeroable + Send + Sync + sealed::Number> StoredElement for T {}

/// The type of a file's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the types are")]
pub enum ElementType {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F16,
    F32,
    F64,
    Bool,
}

impl ElementType {
    /// Bytes of one element.
    pub(super) fn size(self) -> usize {
        match self {
            ElementType::U8 | ElementType::I8 | ElementType::Bool => 1,
            ElementType::U16 | ElementType::I16 | ElementType::F16 => 2,
            ElementType::U32 | ElementType::I32 | ElementType::F32 => 4,
            ElementType::U64 | ElementType::I64 | ElementType::F64 => 8,
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, ElementType::F16 | ElementType::F32 | ElementType::F64)
    }

    /// The integer of the same size with a sign or without; floats are left alone.
    pub(super) fn with_sign(self, is_signed: bool) -> ElementType {
        use ElementType as T;
        match (self, is_signed) {
            (T::U8, true) => T::I8,
            (T::U16, true) => T::I16,
            (T::U32, true) => T::I32,
            (T::U64, true) => T::I64,
            (T::I8, false) => T::U8,
            (T::I16, false) => T::U16,
            (T::I32, false) => T::U32,
            (T::I64, false) => T::U64,
            (other, _) => other,
        }
    }

    /// The integer of this type that has the same bits.
    pub(super) fn wrap(self, value: i128) -> i128 {
        match self {
            ElementType::U8 => (value as u8).into(),
            ElementType::U16 => (value as u16).into(),
            ElementType::U32 => (value as u32).into(),
            ElementType::U64 => (value as u64).into(),
            ElementType::I8 => (value as i8).into(),
            ElementType::I16 => (value as i16).into(),
            ElementType::I32 => (value as i32).into(),
            ElementType::I64 => (value as i64).into(),
            ElementType::F16 | ElementType::F32 | ElementType::F64 | ElementType::Bool => value,
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

pub(super) mod sealed {
    use super::ElementType;

    /// What must be known of a number to convert it.
    pub trait Number: Copy + PartialEq + bytemuck::Zeroable + 'static {
        /// Which it is.
        const TYPE: ElementType;

        /// As the number of the largest range, rounded if it has more than 53 bits.
        fn to_f64(self) -> f64;

        /// Whether a float of this type can have the value, to the last digit.
        fn fits(self, float: ElementType) -> bool {
            let _ = float;
            true
        }

        /// The number, not rounded.
        fn to_exact(self) -> super::Exact {
            super::Exact::Float(self.to_f64())
        }

        /// From a converted number; `None` for integers, which are never converted.
        fn from_f64(value: f64) -> Option<Self>;

        /// The same value in this type, if there is one.
        fn exactly(value: super::Exact) -> Option<Self>;

        /// From a boolean; not asked of others.
        fn from_bool(value: bool) -> Self {
            let _ = value;
            bytemuck::Zeroable::zeroed()
        }

        /// The bytes of elements, if any bytes are elements.
        fn bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]>;
    }
}

use sealed::Number;

/// A value of an attribute, exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exact {
    /// Whole.
    Integer(i128),
    /// With a fraction.
    Float(f64),
}

impl Exact {
    /// As a float, rounded if it has more than 53 bits.
    pub(super) fn to_f64(self) -> f64 {
        match self {
            Exact::Integer(value) => value as f64,
            Exact::Float(value) => value,
        }
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exact::Integer(value) => value.fmt(f),
            Exact::Float(value) => value.fmt(f),
        }
    }
}

macro_rules! integers {
    ($($element:ty => $variant:ident,)+) => {$(
        impl Number for $element {
            const TYPE: ElementType = ElementType::$variant;

            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline]
            fn fits(self, float: ElementType) -> bool {
                match (float, size_of::<$element>()) {
                    (ElementType::F16, _) => {
                        f16::from_f64(self as f64).to_f64() as i128 == self as i128
                    }
                    (_, 1 | 2) | (ElementType::F64, 4) => true,
                    (ElementType::F32, _) => (self as f32) as i128 == self as i128,
                    _ => (self as f64) as i128 == self as i128,
                }
            }

            fn to_exact(self) -> Exact {
                Exact::Integer(self.into())
            }

            fn from_f64(_value: f64) -> Option<Self> {
                None
            }

            fn exactly(value: Exact) -> Option<Self> {
                match value {
                    Exact::Integer(value) => value.try_into().ok(),
                    // Of a float only a whole number can be meant, and a cast keeps those.
                    Exact::Float(value) if value.fract() == 0.0 => (value as i128).try_into().ok(),
                    Exact::Float(_) => None,
                }
            }

            fn bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]> {
                Some(bytemuck::cast_slice_mut(elements))
            }
        }
    )+};
}
integers! {
    u8 => U8, u16 => U16, u32 => U32, u64 => U64, i8 => I8, i16 => I16, i32 => I32, i64 => I64,
}

macro_rules! floats {
    ($($element:ty => $variant:ident,)+) => {$(
        impl Number for $element {
            const TYPE: ElementType = ElementType::$variant;

            fn to_f64(self) -> f64 {
                self.into()
            }

            fn from_f64(value: f64) -> Option<Self> {
                Some(value as $element)
            }

            fn exactly(value: Exact) -> Option<Self> {
                Some(match value {
                    Exact::Integer(value) => value as $element,
                    Exact::Float(value) => value as $element,
                })
            }

            fn bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]> {
                Some(bytemuck::cast_slice_mut(elements))
            }
        }
    )+};
}
floats! { f32 => F32, f64 => F64, }

impl Number for f16 {
    const TYPE: ElementType = ElementType::F16;

    fn to_f64(self) -> f64 {
        f16::to_f64(self)
    }

    fn from_f64(value: f64) -> Option<Self> {
        Some(f16::from_f64(value))
    }

    fn exactly(value: Exact) -> Option<Self> {
        Some(match value {
            Exact::Integer(value) => f16::from_f64(value as f64),
            Exact::Float(value) => f16::from_f64(value),
        })
    }

    fn bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]> {
        Some(bytemuck::cast_slice_mut(elements))
    }
}

impl Number for bool {
    const TYPE: ElementType = ElementType::Bool;

    fn to_f64(self) -> f64 {
        u8::from(self).into()
    }

    fn from_f64(_value: f64) -> Option<Self> {
        None
    }

    fn exactly(_value: Exact) -> Option<Self> {
        None
    }

    fn from_bool(value: bool) -> Self {
        value
    }

    // Of the bytes only 0 and 1 are booleans.
    fn bytes_mut(_elements: &mut [Self]) -> Option<&mut [u8]> {
        None
    }
}

/// Whether a variable is read as what it stands for, as xarray shows it, or as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Scaled, with NaN for what is missing, and times as times.
    Decoded,
    /// The stored elements, with all attributes.
    Raw,
}

/// A block of a variable: where it begins and its shape, one number per dimension.
#[derive(Clone, Copy, Debug)]
pub(super) struct VariableBlock<'b> {
    pub(super) start: &'b [usize],
    pub(super) shape: &'b [usize],
}

impl VariableBlock<'_> {
    /// The indices in the variable of an element of the block, which are counted in C order.
    pub(super) fn place(self, mut index: usize) -> Vec<usize> {
        let mut place = self.start.to_vec();
        for (place, &len) in place.iter_mut().zip(self.shape).rev() {
            *place += index % len.max(1);
            index /= len.max(1);
        }
        place
    }
}
