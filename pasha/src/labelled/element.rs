//! What the elements of a file are, and how they become those that were asked for.

use std::fmt;

use bytemuck::{NoUninit, Pod, Zeroable};
use half::f16;

use crate::error::SourceError;

/// What can be read from and written to labelled files: integers of 8 to 64 bits, `half::f16`,
/// `f32`, `f64` and `bool`.
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

        /// As the number of the largest range.
        fn to_f64(self) -> f64;

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

/// How the stored numbers stand for values, in the terms of the CF conventions: missing ones
/// have one of the fill values, others are multiplied and added to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Packing {
    pub(super) fill_values: Vec<Exact>,
    /// A fill value that means what is missing only where integers become floats: the 0 that
    /// zarr-python gives arrays of format 2 when nobody asks for a fill value.
    pub(super) default_fill: Option<Exact>,
    pub(super) scale_factor: Option<f64>,
    pub(super) add_offset: Option<f64>,
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fills = self.fill_values.iter().map(|fill| format!("a fill value of {fill}"));
        let scale = self.scale_factor.iter().map(|scale| format!("a scale_factor of {scale}"));
        let offset = self.add_offset.iter().map(|offset| format!("an add_offset of {offset}"));
        let all: Vec<String> = fills.chain(scale).chain(offset).collect();
        f.write_str(&all.join(" and "))
    }
}

/// How to get elements `A` from the stored ones.
pub(super) struct Decoding<A> {
    stored: ElementType,
    /// `None` if the stored bytes are the elements.
    decode: Option<Decode<A>>,
}

/// Converts the bytes of stored elements; or says at which index which byte is none.
type Decode<A> = Box<dyn Fn(&[u8], &mut [A]) -> Result<(), (usize, u8)> + Send + Sync>;

/// A block of a variable: where it begins and its shape, one number per dimension.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'b> {
    pub(super) start: &'b [usize],
    pub(super) shape: &'b [usize],
}

impl Block<'_> {
    /// The indices in the variable of an element of the block, which are counted in C order.
    fn place(self, mut index: usize) -> Vec<usize> {
        let mut place = self.start.to_vec();
        for (place, &len) in place.iter_mut().zip(self.shape).rev() {
            *place += index % len.max(1);
            index /= len.max(1);
        }
        place
    }
}

impl<A: StoredElement> Decoding<A> {
    /// Finds the way from the stored elements to `A`, or says what to ask for instead.
    pub(super) fn new(stored: ElementType, packing: &Packing) -> Result<Self, String> {
        let asked = A::TYPE;
        let scaled = packing.scale_factor.is_some() || packing.add_offset.is_some();
        let mut packing = packing.clone();
        if scaled || asked.is_float() && !stored.is_float() {
            packing.fill_values.extend(packing.default_fill);
        }
        if stored == ElementType::Bool {
            packing = Packing::default();
        }
        let packing = &packing;
        // NaN is NaN without being looked for.
        let fills = |fill: &Exact| !matches!(fill, Exact::Float(fill) if fill.is_nan());
        let masked = packing.fill_values.iter().any(fills);
        let widened = match stored {
            ElementType::F16 => asked.is_float(),
            ElementType::Bool => asked == ElementType::U8,
            _ => false,
        };
        if !scaled && (!masked || stored.is_float()) && stored != asked && !widened {
            return Err(format!(
                "its elements are {stored}, but {asked} was asked for; open it as \
                 DataArray::<{stored}, _>"
            ));
        }
        if (scaled || masked) && !asked.is_float() {
            return Err(format!(
                "its elements are {stored} with {packing}, but {asked} was asked for; open it as \
                 DataArray::<f64, _> (or f32), with NaN for what is missing, as xarray does; or as \
                 the file has them, as DataArray::<{stored}, _> with from_netcdf_raw or from_zarr_raw"
            ));
        }
        let is_same = !scaled && !masked && stored == asked;
        let decode = (!is_same || stored == ElementType::Bool).then(|| match stored {
            ElementType::U8 => decode::<u8, A>(packing),
            ElementType::U16 => decode::<u16, A>(packing),
            ElementType::U32 => decode::<u32, A>(packing),
            ElementType::U64 => decode::<u64, A>(packing),
            ElementType::I8 => decode::<i8, A>(packing),
            ElementType::I16 => decode::<i16, A>(packing),
            ElementType::I32 => decode::<i32, A>(packing),
            ElementType::I64 => decode::<i64, A>(packing),
            ElementType::F16 => decode::<f16, A>(packing),
            ElementType::F32 => decode::<f32, A>(packing),
            ElementType::F64 => decode::<f64, A>(packing),
            ElementType::Bool => booleans(),
        });
        Ok(Decoding { stored, decode })
    }

    /// Has `read` write the stored elements of a block, and gives `out` what they stand for.
    pub(super) fn read(
        &self,
        out: &mut [A],
        scratch: &mut Vec<u64>,
        block: Block<'_>,
        read: impl FnOnce(&mut [u8]) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let Some(decode) = &self.decode else {
            return match A::bytes_mut(out) {
                Some(bytes) => read(bytes),
                None => Err("elements that not all bytes can be are read without a check".into()),
            };
        };
        let bytes = out.len() * self.stored.size();
        // Of u64, so that all stored elements are aligned in it.
        scratch.resize(bytes.div_ceil(8), 0);
        let stored = &mut bytemuck::cast_slice_mut::<u64, u8>(scratch)[..bytes];
        read(stored)?;
        decode(stored, out).map_err(|(index, byte)| {
            let place = block.place(index);
            format!(
                "the byte {byte} at {place:?} is no boolean, which are 0 and 1; read the bytes as \
                 they are, as u8 with from_zarr_raw or as i8 with from_netcdf_raw"
            )
            .into()
        })
    }
}

fn decode<S: StoredElement + Pod, A: StoredElement>(packing: &Packing) -> Decode<A> {
    let fills: Vec<S> = packing.fill_values.iter().filter_map(|&fill| S::exactly(fill)).collect();
    let scale = packing.scale_factor.unwrap_or(1.0);
    let offset = packing.add_offset.unwrap_or(0.0);
    // `A` is a float here, which `Decoding::new` has seen to.
    let to = |value: f64| A::from_f64(value).unwrap_or_else(A::zeroed);
    Box::new(move |stored, out| {
        for (out, &stored) in out.iter_mut().zip(bytemuck::cast_slice::<u8, S>(stored)) {
            let missing = fills.contains(&stored);
            *out = to(if missing { f64::NAN } else { stored.to_f64() * scale + offset });
        }
        Ok(())
    })
}

/// Checks each byte. `A` is `bool` or `u8` here, which `Decoding::new` has seen to.
fn booleans<A: StoredElement>() -> Decode<A> {
    Box::new(|stored, out| {
        if let Some(index) = stored.iter().position(|&byte| byte > 1) {
            return Err((index, stored[index]));
        }
        match A::bytes_mut(out) {
            Some(bytes) => bytes.copy_from_slice(stored),
            None => {
                for (out, &byte) in out.iter_mut().zip(stored) {
                    *out = A::from_bool(byte == 1);
                }
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded<A: StoredElement>(stored: &[i16], packing: &Packing) -> Vec<A> {
        let decoding = Decoding::<A>::new(ElementType::I16, packing).unwrap();
        let mut out = vec![A::zeroed(); stored.len()];
        let copy = |bytes: &mut [u8]| {
            bytes.copy_from_slice(bytemuck::cast_slice(stored));
            Ok(())
        };
        let block = Block { start: &[0], shape: &[stored.len()] };
        decoding.read(&mut out, &mut Vec::new(), block, copy).unwrap();
        out
    }

    #[test]
    fn packed_values_are_scaled_and_missing_ones_are_nan() {
        let plain = Packing::default();
        assert_eq!(decoded::<i16>(&[1, -2], &plain), [1, -2]);
        let fill_values = vec![Exact::Integer(-2), Exact::Float(7.0)];
        let packing = Packing {
            fill_values,
            scale_factor: Some(0.5),
            add_offset: Some(10.0),
            ..Packing::default()
        };
        let values = decoded::<f32>(&[4, -2, 7], &packing);
        assert_eq!(values[0], 12.0);
        assert!(values[1].is_nan() && values[2].is_nan());
    }

    #[test]
    fn other_elements_are_refused_by_name() {
        let refused = |stored, packing: &Packing| Decoding::<i16>::new(stored, packing).err();
        let plain = Packing::default();
        assert!(refused(ElementType::I16, &plain).is_none());
        let message = refused(ElementType::F32, &plain).unwrap();
        assert!(message.contains("f32, but i16 was asked for"), "{message}");
        let packing = Packing { scale_factor: Some(0.1), ..plain };
        let message = refused(ElementType::I16, &packing).unwrap();
        assert!(message.contains("scale_factor of 0.1"), "{message}");
    }

    #[test]
    fn bytes_that_are_no_booleans_are_told_with_their_place() {
        let decoding = Decoding::<bool>::new(ElementType::Bool, &Packing::default()).unwrap();
        let block = Block { start: &[4, 0], shape: &[2, 3] };
        let read = |bytes: [u8; 6]| {
            let mut out = [false; 6];
            let copy = |into: &mut [u8]| {
                into.copy_from_slice(&bytes);
                Ok(())
            };
            decoding.read(&mut out, &mut Vec::new(), block, copy).map(|()| out)
        };
        assert_eq!(read([0, 1, 1, 0, 0, 1]).unwrap(), [false, true, true, false, false, true]);
        let message = read([0, 1, 1, 0, 2, 255]).unwrap_err().to_string();
        assert!(message.contains("byte 2 at [5, 1]"), "{message}");
    }
}
