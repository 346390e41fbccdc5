//! Element types, and how stored numbers become them.

use half::f16;
use num_complex::Complex;

use super::fit::{FromStored, Raw};
use super::misfit::Misfit;
use super::number::Number;
use super::types::{Nature, StoredType, advice};
use crate::element::Element;

/// An element type that a stored data set can be opened as.
///
/// The integers `i8` to `i64` and `u8` to `u64`, `f16`, `f32`, `f64`, `Complex<f32>`,
/// `Complex<f64>`, `bool`, and structs of your own for compounds, see
/// [`Hdf5Record`](super::Hdf5Record). It is sealed: numbers of any width and byte order in a file
/// are converted to these.
///
/// # Examples
/// ```no_run
/// use ndarray::Ix1;
/// use pasha::{Hdf5Dataset, Hdf5Element};
///
/// /// Reads a column of any such elements.
/// fn column<A: Hdf5Element>(path: &str, name: &str) -> pasha::Result<Vec<A>> {
///     Ok(Hdf5Dataset::<A, Ix1>::open(path, name)?.load()?.to_vec())
/// }
///
/// let energies: Vec<f64> = column("scan.h5", "entry/energy")?; // stored as `f32`, say
/// # Ok::<(), pasha::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a data set can't be opened with elements of type `{Self}`",
    label = "not a type of stored numbers",
    note = "open it as `i8` to `i64`, `u8` to `u64`, `f16`, `f32`, `f64`, `Complex<f32>`, `Complex<f64>`, or `bool` (as h5py writes it)",
    note = "for a compound give a `#[repr(C)]` struct with `#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]` and the line `pasha::hdf5_record!({Self} {{ field: type, … }});`"
)]
pub trait Hdf5Element: Element + sealed::InFile {}

pub(super) mod sealed {
    use super::{Misfit, Number, StoredType};

    /// What the readers need of an element type.
    pub trait InFile: Sized {
        /// The stored type that needs no conversion.
        const NUMBER: Number;

        /// The name of the type in Rust.
        fn name() -> &'static str {
            Self::NUMBER.name()
        }

        /// The stored type as it is read as this one; some values may not fit.
        ///
        /// # Errors
        /// If it can't be converted at all, and what to do.
        fn read_from(stored: StoredType) -> Result<StoredType, String>;

        /// Converts stored values, as many as fit into both sides.
        fn decode(stored: &StoredType, bytes: &[u8], out: &mut [Self]) -> Result<(), Misfit>;

        /// The bytes as elements, where no conversion is needed and they are aligned.
        fn view(bytes: &[u8]) -> Option<&[Self]>;

        /// The elements as bytes to be written, where any bytes are valid.
        fn bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]>;
    }
}

impl StoredType {
    /// The type as it is read as elements `A`.
    ///
    /// # Errors
    /// If it can't be converted to `A`, and what to open it as.
    pub(super) fn read_as<A: Hdf5Element>(self) -> Result<StoredType, String> {
        A::read_from(self)
    }

    /// Whether the bytes in the file are those of elements `A` in memory.
    pub(super) fn is_native<A: Hdf5Element>(&self) -> bool {
        self.number == A::NUMBER
            && !self.is_swapped
            && self.record.as_ref().is_none_or(|plan| plan.is_as_stored)
    }

    /// Says that it is not converted to the elements that were asked for.
    pub(super) fn refuse<A: Hdf5Element>(&self) -> String {
        let way_out = match &self.nature {
            Nature::Compound(members)
                if !matches!(self.number, Number::ComplexF32 | Number::ComplexF64) =>
            {
                advice(members)
            }
            _ => format!("open it with elements {}", self.number.name()),
        };
        format!("its elements are {self}, which are not converted to {}; {way_out}", A::name())
    }
}

/// Converts values of one stored type.
fn convert<S: Raw, A: FromStored<S>>(
    is_swapped: bool,
    bytes: &[u8],
    out: &mut [A],
) -> Result<(), Misfit> {
    let read = |bytes: &[u8]| {
        let value = bytemuck::pod_read_unaligned::<S>(bytes);
        if is_swapped { value.swapped() } else { value }
    };
    let mut all_fit = true;
    for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(size_of::<S>())) {
        match A::fit(read(bytes)) {
            Some(value) => *out = value,
            None => all_fit = false,
        }
    }
    if all_fit {
        return Ok(());
    }
    let mut values = bytes.chunks_exact(size_of::<S>()).map(read).enumerate();
    let misfit = values.find(|&(_, value)| A::fit(value).is_none());
    let (at, value) = misfit.map_or((0, String::new()), |(at, value)| (at, format!("{value:?}")));
    Err(Misfit { at, value, member: None })
}

/// Refuses values of a type that is not converted; data sets of it are refused when opened.
fn refuse(number: Number) -> Result<(), Misfit> {
    Err(Misfit { at: 0, value: format!("of type {}", number.name()), member: None })
}

/// Bytes of bits are bools where bools are asked for: so PyTables writes them.
fn bits_as_bools(stored: StoredType) -> StoredType {
    let is_byte = stored.number == Number::U8;
    match stored.nature {
        Nature::BitField if is_byte => StoredType { number: Number::Bool, ..stored },
        _ => stored,
    }
}

macro_rules! elements {
    ($($t:ty, $number:ident, [$($from:ident $from_type:ty),+];)+) => {$(
        impl Hdf5Element for $t {}

        impl sealed::InFile for $t {
            const NUMBER: Number = Number::$number;

            fn read_from(stored: StoredType) -> Result<StoredType, String> {
                let is_bool = Self::NUMBER == Number::Bool;
                let stored = if is_bool { bits_as_bools(stored) } else { stored };
                match stored.number {
                    $(Number::$from)|+ => Ok(stored),
                    #[allow(unreachable_patterns)]
                    _ => Err(stored.refuse::<Self>()),
                }
            }

            fn decode(stored: &StoredType, bytes: &[u8], out: &mut [Self]) -> Result<(), Misfit> {
                let StoredType { number, is_swapped, .. } = *stored;
                if number == Self::NUMBER && !is_swapped
                    && let Some(out) = Self::bytes_mut(out)
                    && let Some(bytes) = bytes.get(..out.len())
                {
                    out.copy_from_slice(bytes);
                    return Ok(());
                }
                match number {
                    $(Number::$from => convert::<$from_type, $t>(is_swapped, bytes, out),)+
                    #[allow(unreachable_patterns)]
                    other => refuse(other),
                }
            }

            elements!(@bytes $t, $number);
        }
    )+};
    (@bytes $t:ty, Bool) => {
        fn view(_: &[u8]) -> Option<&[Self]> {
            None
        }

        fn bytes_mut(_: &mut [Self]) -> Option<&mut [u8]> {
            None
        }
    };
    (@bytes $t:ty, $number:ident) => {
        fn view(bytes: &[u8]) -> Option<&[Self]> {
            bytemuck::try_cast_slice(bytes).ok()
        }

        fn bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]> {
            Some(bytemuck::cast_slice_mut(elements))
        }
    };
}

macro_rules! number_elements {
    ($($t:ty, $number:ident, [$($float:ident $float_type:ty),*];)+) => {
        elements! {$(
            $t, $number, [
                I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, Bool u8
                $(, $float $float_type)*
            ];
        )+}
    };
}
number_elements! {
    i8, I8, [];
    i16, I16, [];
    i32, I32, [];
    i64, I64, [];
    u8, U8, [];
    u16, U16, [];
    u32, U32, [];
    u64, U64, [];
    f32, F32, [F16 f16, F32 f32, F64 f64];
    f64, F64, [F16 f16, F32 f32, F64 f64];
}
elements! {
    bool, Bool, [Bool u8];
    f16, F16, [F16 f16, F32 f32, F64 f64];
    Complex<f32>, ComplexF32, [
        ComplexF32 ComplexF32, ComplexF64 ComplexF64
    ];
    Complex<f64>, ComplexF64, [
        ComplexF32 ComplexF32, ComplexF64 ComplexF64
    ];
}
type ComplexF32 = Complex<f32>;
type ComplexF64 = Complex<f64>;

#[cfg(test)]
mod tests {
    use super::sealed::InFile;
    use super::*;

    fn decode<A: Hdf5Element>(number: Number, swapped: bool, bytes: &[u8]) -> Result<A, String> {
        let mut out = [A::zeroed()];
        A::decode(&StoredType::plain(number, swapped), bytes, &mut out)
            .map_err(|misfit| misfit.value)?;
        Ok(out[0])
    }

    #[test]
    fn values_fit_or_are_told() {
        assert_eq!(
            decode::<u16>(Number::I32, false, &70_000_i32.to_ne_bytes()),
            Err("70000".into())
        );
        assert_eq!(decode::<u16>(Number::I8, false, &[255]), Err("-1".into()));
        let swapped = 258_u16.swap_bytes().to_ne_bytes();
        assert_eq!(decode::<u64>(Number::U16, true, &swapped), Ok(258));
        let large = (1_i64 << 24) + 1;
        assert!(decode::<f32>(Number::I64, false, &large.to_ne_bytes()).is_err());
        assert_eq!(decode::<f64>(Number::I64, false, &large.to_ne_bytes()), Ok(large as f64));
        assert!(decode::<f64>(Number::I64, false, &i64::MAX.to_ne_bytes()).is_err());
        assert!(decode::<f64>(Number::U64, false, &u64::MAX.to_ne_bytes()).is_err());
        assert!(decode::<f32>(Number::F64, false, &1e300_f64.to_ne_bytes()).is_err());
        assert_eq!(
            decode::<f32>(Number::F64, false, &f64::INFINITY.to_ne_bytes()),
            Ok(f32::INFINITY)
        );
        assert_eq!(decode::<bool>(Number::Bool, false, &[1]), Ok(true));
        assert_eq!(decode::<bool>(Number::Bool, false, &[2]), Err("2".into()));
    }

    #[test]
    fn floats_are_no_integers() {
        let plain = |number| StoredType::plain(number, false);
        assert!(i32::read_from(plain(Number::F32)).is_err());
        assert!(bool::read_from(plain(Number::U8)).is_err());
        assert!(u8::read_from(plain(Number::Bool)).is_ok());
        assert!(f32::read_from(plain(Number::U64)).is_ok());
        assert!(decode::<i32>(Number::F32, false, &[0; 4]).is_err());
    }
}
