//! What the elements of a file are, and how they become those that were asked for.

use std::fmt;

use bytemuck::Pod;

/// A number that can be read from and written to labelled files: integers of 8 to 64 bits, `f32`
/// and `f64`.
pub trait StoredElement: Pod + Send + Sync + sealed::Number {}

impl<T: Pod + Send + Sync + sealed::Number> StoredElement for T {}

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
    F32,
    F64,
}

impl ElementType {
    /// Bytes of one element.
    pub(super) fn size(self) -> usize {
        match self {
            ElementType::U8 | ElementType::I8 => 1,
            ElementType::U16 | ElementType::I16 => 2,
            ElementType::U32 | ElementType::I32 | ElementType::F32 => 4,
            ElementType::U64 | ElementType::I64 | ElementType::F64 => 8,
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, ElementType::F32 | ElementType::F64)
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
    pub trait Number: Copy + PartialEq + 'static {
        /// Which it is.
        const TYPE: ElementType;

        /// As the number of the largest range.
        fn to_f64(self) -> f64;

        /// From a converted number; `None` for integers, which are never converted.
        fn from_f64(value: f64) -> Option<Self>;

        /// The same value in this type, if there is one.
        fn exactly(value: super::Exact) -> Option<Self>;
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
        }
    )+};
}
floats! { f32 => F32, f64 => F64, }

/// How the stored numbers stand for values, in the terms of the CF conventions: missing ones
/// have one of the fill values, others are multiplied and added to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Packing {
    pub(super) fill_values: Vec<Exact>,
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

/// Converts the bytes of stored elements.
type Decode<A> = Box<dyn Fn(&[u8], &mut [A]) + Send + Sync>;

impl<A: StoredElement> Decoding<A> {
    /// Finds the way from the stored elements to `A`, or says what to ask for instead.
    pub(super) fn new(stored: ElementType, packing: &Packing) -> Result<Self, String> {
        let asked = A::TYPE;
        let scaled = packing.scale_factor.is_some() || packing.add_offset.is_some();
        // NaN is NaN without being looked for.
        let fills = |fill: &Exact| !matches!(fill, Exact::Float(fill) if fill.is_nan());
        let masked = packing.fill_values.iter().any(fills);
        if !scaled && (!masked || stored.is_float()) && stored != asked {
            return Err(format!(
                "its elements are {stored}, but {asked} was asked for; open it as \
                 DataArray::<{stored}, _>"
            ));
        }
        if (scaled || masked) && !asked.is_float() {
            return Err(format!(
                "its elements are {stored} with {packing}, but {asked} was asked for; open it as \
                 DataArray::<f64, _> (or f32), with NaN for what is missing, as xarray does"
            ));
        }
        let decode = (scaled || masked).then(|| match stored {
            ElementType::U8 => decode::<u8, A>(packing),
            ElementType::U16 => decode::<u16, A>(packing),
            ElementType::U32 => decode::<u32, A>(packing),
            ElementType::U64 => decode::<u64, A>(packing),
            ElementType::I8 => decode::<i8, A>(packing),
            ElementType::I16 => decode::<i16, A>(packing),
            ElementType::I32 => decode::<i32, A>(packing),
            ElementType::I64 => decode::<i64, A>(packing),
            ElementType::F32 => decode::<f32, A>(packing),
            ElementType::F64 => decode::<f64, A>(packing),
        });
        Ok(Decoding { stored, decode })
    }

    /// Has `read` write the stored elements, and gives `out` what they stand for.
    pub(super) fn read<E>(
        &self,
        out: &mut [A],
        scratch: &mut Vec<u64>,
        read: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(decode) = &self.decode else {
            return read(bytemuck::cast_slice_mut(out));
        };
        let bytes = out.len() * self.stored.size();
        // Of u64, so that all stored elements are aligned in it.
        scratch.resize(bytes.div_ceil(8), 0);
        let stored = &mut bytemuck::cast_slice_mut::<u64, u8>(scratch)[..bytes];
        read(stored)?;
        decode(stored, out);
        Ok(())
    }
}

fn decode<S: StoredElement, A: StoredElement>(packing: &Packing) -> Decode<A> {
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
            Ok::<(), ()>(())
        };
        decoding.read(&mut out, &mut Vec::new(), copy).unwrap();
        out
    }

    #[test]
    fn packed_values_are_scaled_and_missing_ones_are_nan() {
        let plain = Packing::default();
        assert_eq!(decoded::<i16>(&[1, -2], &plain), [1, -2]);
        let fill_values = vec![Exact::Integer(-2), Exact::Float(7.0)];
        let packing = Packing { fill_values, scale_factor: Some(0.5), add_offset: Some(10.0) };
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
}
