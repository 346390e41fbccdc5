//! The elements that pasha and NumPy both know.

use bytemuck::CheckedBitPattern;
use half::f16;
use num_complex::Complex;

use crate::element::Element;

/// A value that may be an element of a `.npy` file: integers of 8 to 64 bits, `f16`, `f32`, `f64`,
/// `Complex<f32>`, `Complex<f64>` and `bool`.
///
/// It is implemented for these types alone.
///
/// # Examples
/// ```
/// use ndarray::Ix1;
/// use pasha::{NpyElement, NpyFile};
///
/// /// How long a file of any such elements is.
/// fn len<A: NpyElement>(path: &std::path::Path) -> pasha::Result<usize> {
///     Ok(NpyFile::<A, Ix1>::open(path)?.shape()[0])
/// }
/// # let path = std::env::temp_dir().join(format!("pasha-npy-elem-{}.npy", std::process::id()));
/// # use pasha::prelude::*;
/// # drop(SerialContext::new().alloc::<f64>(3).file(&path).build()?);
/// assert_eq!(len::<f64>(&path)?, 3);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), pasha::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an element of a `.npy` file",
    label = "not a number of NumPy's",
    note = "files of NumPy hold integers of 8 to 64 bits, `f16`, `f32`, `f64`, `Complex<f32>`, `Complex<f64>` and `bool`; give the fields of a struct a file each"
)]
pub trait NpyElement: Element + CheckedBitPattern + sealed::Described {
    /// The first byte that is no element, where not all bytes are.
    #[doc(hidden)]
    fn first_invalid(elements: &[u8]) -> Option<usize> {
        // Others are as long as their bytes say.
        let is_checked = Self::IS_CHECKED && size_of::<Self>() == 1;
        is_checked.then(|| {
            elements.iter().position(|byte| {
                bytemuck::checked::try_from_bytes::<Self>(std::slice::from_ref(byte)).is_err()
            })
        })?
    }
}

mod sealed {
    /// How NumPy calls a type.
    pub trait Described {
        /// Kind and bytes: `f8`.
        const CODE: &'static str;
        /// The bytes that lie the other way round in the other byte order.
        const UNIT: usize;
        /// Whether not all bytes are valid.
        const IS_CHECKED: bool = false;
    }
}

macro_rules! npy_elements {
    ($($element:ty, $name:literal, $code:literal, $unit:literal $(, $checked:literal)?;)+) => {
        $(
            impl sealed::Described for $element {
                const CODE: &'static str = $code;
                const UNIT: usize = $unit;
                $(const IS_CHECKED: bool = $checked;)?
            }

            impl NpyElement for $element {}
        )+

        /// The Rust type of each code.
        const NAMES: &[(&str, &str)] = &[$(($code, $name)),+];
    };
}
npy_elements! {
    u8, "u8", "u1", 1;
    u16, "u16", "u2", 2;
    u32, "u32", "u4", 4;
    u64, "u64", "u8", 8;
    i8, "i8", "i1", 1;
    i16, "i16", "i2", 2;
    i32, "i32", "i4", 4;
    i64, "i64", "i8", 8;
    f16, "half::f16", "f2", 2;
    f32, "f32", "f4", 4;
    f64, "f64", "f8", 8;
    Complex<f32>, "Complex<f32>", "c8", 4;
    Complex<f64>, "Complex<f64>", "c16", 8;
    bool, "bool", "b1", 1, true;
}

const NATIVE: char = if cfg!(target_endian = "little") { '<' } else { '>' };

/// The type of elements as NumPy writes it: `<f8`.
pub(crate) fn descr_of<A: NpyElement>() -> String {
    let order = if A::UNIT == 1 { '|' } else { NATIVE };
    format!("{order}{}", A::CODE)
}

/// How the elements of a file fit those that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementFit {
    /// They are the same.
    Same,
    /// They are the same but for the order of the bytes, which is the other in each so many.
    Swapped(usize),
}

/// Compares the type that a file names with the one that was asked for.
///
/// # Errors
/// What the file holds instead, and what to do.
pub(crate) fn fit<A: NpyElement>(descr: &str, axes: &str) -> Result<ElementFit, String> {
    let (order, code) = match descr.chars().next() {
        Some(order @ ('<' | '>' | '=' | '|')) => (order, &descr[1..]),
        _ => ('=', descr),
    };
    let code = if code == "?" { "b1" } else { code };
    // The bytes of booleans, of which some may be neither 0 nor 1.
    let code = if code == "b1" && A::CODE == "u1" { "u1" } else { code };
    if code == A::CODE {
        let is_native = A::UNIT == 1 || order == '=' || order == NATIVE;
        return match order {
            _ if is_native => Ok(ElementFit::Same),
            '<' | '>' => Ok(ElementFit::Swapped(A::UNIT)),
            _ => Err(format!(
                "its type {descr:?} does not say in which order the bytes are; save it with NumPy, \
                 np.save(path, array.astype('{}'))",
                A::CODE
            )),
        };
    }
    let asked = std::any::type_name::<A>();
    let advice = match NAMES.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => {
            format!("open it as NpyFile::<{name}, {axes}>, or save array.astype('{}')", A::CODE)
        }
        None => other_kind(code),
    };
    Err(format!("its elements are of NumPy type {descr}, but {asked} was asked for; {advice}"))
}

/// What to do with elements of a kind that pasha does not know.
fn other_kind(code: &str) -> String {
    match code.as_bytes() {
        [b'M' | b'm', ..] => {
            "these are times; save array.view('i8'), the number of their units, and open it with i64"
        }
        [b'O', ..] => "these are Python objects; save an array of numbers, array.astype(float)",
        [b'S' | b'a' | b'U', ..] => "these are texts, which pasha does not read from .npy files",
        b"f12" | b"f16" => "these are long doubles; save array.astype('f8')",
        b"c24" | b"c32" => "these are complex long doubles; save array.astype('c16')",
        [b'V', ..] => "these are bytes without a type; save array.view('u1')",
        _ => "save an array of numbers, array.astype(float)",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compared_as_numpy_names_them() {
        assert_eq!(descr_of::<f64>(), "<f8");
        assert_eq!(descr_of::<bool>(), "|b1");
        assert_eq!(fit::<f64>("<f8", "Ix1"), Ok(ElementFit::Same));
        assert_eq!(fit::<f64>("f8", "Ix1"), Ok(ElementFit::Same));
        assert_eq!(fit::<Complex<f64>>(">c16", "Ix1"), Ok(ElementFit::Swapped(8)));
        assert_eq!(fit::<i8>(">i1", "Ix1"), Ok(ElementFit::Same));
        assert_eq!(fit::<bool>("?", "Ix1"), Ok(ElementFit::Same));
        assert!(fit::<f64>("|f8", "Ix1").is_err());
        for (descr, told) in [
            ("<u2", "NpyFile::<u16, Ix1>"),
            ("<M8[ns]", "view('i8')"),
            ("<f16", "long doubles"),
            ("|O", "Python objects"),
            ("<U3", "texts"),
            ("é", "astype"),
            ("", "astype"),
        ] {
            let reason = fit::<f32>(descr, "Ix1").unwrap_err();
            assert!(reason.contains(told) && reason.contains(descr), "{reason}");
        }
    }
}
