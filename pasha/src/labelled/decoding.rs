//! How stored elements become those that were asked for.

use bytemuck::Pod;
use half::f16;

use super::element::{ElementType, Exact, StoredElement, VariableBlock};
use super::packing::Packing;
use crate::error::SourceError;
use crate::memory::buffer::resize;

/// How to get elements `A` from the stored ones.
pub(super) struct Decoding<A> {
    stored: ElementType,
    /// What a raw read gives: of `_Unsigned` elements those of the other sign.
    in_file: ElementType,
    /// Whether some elements stand for what is missing.
    is_masked: bool,
    /// `None` if the stored bytes are the elements.
    decode: Option<Decode<A>>,
}

/// Converts the bytes of stored elements.
type Decode<A> = Box<dyn Fn(&[u8], &mut [A]) -> Result<(), Unconvertible> + Send + Sync>;

/// An element that can't be converted, and its place.
struct Unconvertible {
    place: usize,
    element: UnconvertibleElement,
}

enum UnconvertibleElement {
    /// A whole number with more digits than a float has.
    Long(Exact),
    /// A byte that is no boolean.
    NoBoolean(u8),
}

impl<A: StoredElement> Decoding<A> {
    /// Finds the way from the stored elements to `A`, or says what to ask for instead.
    pub(super) fn new(stored: ElementType, packing: &Packing) -> Result<Self, String> {
        let asked = A::TYPE;
        let scaled = packing.is_scaled();
        let mut packing = packing.clone();
        if scaled || asked.is_float() && !stored.is_float() {
            packing.fill_values.extend(packing.default_fill);
        }
        if stored == ElementType::Bool {
            packing = Packing::default();
        }
        let packing = &packing;
        let masked = packing.is_masked();
        let is_signed = stored == stored.with_sign(true);
        let in_file = match packing.is_of_other_sign {
            true => stored.with_sign(!is_signed),
            false => stored,
        };
        let widened = match stored {
            ElementType::F16 => asked.is_float(),
            ElementType::Bool => asked == ElementType::U8,
            _ => packing.is_of_other_sign && asked.is_float(),
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
                 the file has them, as DataArray::<{in_file}, _> with from_netcdf_raw or \
                 from_zarr_raw"
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
        Ok(Decoding { stored, in_file, is_masked: masked, decode })
    }

    /// Has `read` write the stored elements of a block, and gives `out` what they stand for.
    pub(super) fn read(
        &self,
        out: &mut [A],
        scratch: &mut Vec<u64>,
        block: VariableBlock<'_>,
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
        resize(scratch, bytes.div_ceil(8))?;
        let stored = &mut bytemuck::cast_slice_mut::<u64, u8>(scratch)[..bytes];
        read(stored)?;
        decode(stored, out).map_err(|lost| self.loss(&lost, block))
    }

    fn loss(&self, lost: &Unconvertible, block: VariableBlock<'_>) -> SourceError {
        let place = block.place(lost.place);
        let (asked, stored, in_file) = (A::TYPE, self.stored, self.in_file);
        let value = match lost.element {
            UnconvertibleElement::Long(value) => value,
            UnconvertibleElement::NoBoolean(byte) => {
                return format!(
                    "the byte {byte} at {place:?} is no boolean, which are 0 and 1; read the bytes \
                     as they are, as u8 with from_zarr_raw, or with from_netcdf_raw as i8 or u8, whichever the file has"
                )
                .into();
            }
        };
        let advice = match asked {
            ElementType::F16 | ElementType::F32 if stored.size() <= 4 => {
                "open it as DataArray::<f64, _>".to_owned()
            }
            _ if !self.is_masked => format!("open it as DataArray::<{stored}, _>"),
            _ => format!(
                "{stored} has no value for what is missing, so read the file's own numbers, as \
                 DataArray::<{in_file}, _> with from_netcdf_raw or from_zarr_raw"
            ),
        };
        format!("{value} at {place:?} is no {asked}, which has fewer digits; {advice}").into()
    }
}

fn decode<S: StoredElement + Pod, A: StoredElement>(packing: &Packing) -> Decode<A> {
    let fills: Vec<S> = packing.fill_values.iter().filter_map(|&fill| S::exactly(fill)).collect();
    // `A` is a float here, which `Decoding::new` has seen to.
    let to = |value: f64| A::from_f64(value).unwrap_or_else(A::zeroed);
    if !packing.is_scaled() {
        return Box::new(move |stored, out| {
            let stored = bytemuck::cast_slice::<u8, S>(stored);
            let mut all_fit = true;
            for (out, &stored) in out.iter_mut().zip(stored) {
                let missing = fills.contains(&stored);
                all_fit &= missing || stored.fits(A::TYPE);
                *out = to(if missing { f64::NAN } else { stored.to_f64() });
            }
            let is_lost = |stored: &S| !stored.fits(A::TYPE) && !fills.contains(stored);
            match stored.iter().position(is_lost).filter(|_| !all_fit) {
                Some(place) => Err(Unconvertible {
                    place,
                    element: UnconvertibleElement::Long(stored[place].to_exact()),
                }),
                None => Ok(()),
            }
        });
    }
    let scale = packing.scale_factor.map_or(1.0, |scale| scale.value);
    // Adding this changes nothing, not even the sign of a zero.
    let offset = packing.add_offset.map_or(-0.0, |offset| offset.value);
    // An f32's product and sum, rounded, are those that f32 arithmetic gives.
    let round: fn(f64) -> f64 = match packing.scaled_type(S::TYPE) {
        ElementType::F32 => |value| f64::from(value as f32),
        _ => |value| value,
    };
    Box::new(move |stored, out| {
        for (out, &stored) in out.iter_mut().zip(bytemuck::cast_slice::<u8, S>(stored)) {
            let missing = fills.contains(&stored);
            let value = round(round(round(stored.to_f64()) * scale) + offset);
            *out = to(if missing { f64::NAN } else { value });
        }
        Ok(())
    })
}

/// Checks each byte. `A` is `bool` or `u8` here, which `Decoding::new` has seen to.
fn booleans<A: StoredElement>() -> Decode<A> {
    Box::new(|stored, out| {
        if let Some(place) = stored.iter().position(|&byte| byte > 1) {
            return Err(Unconvertible {
                place,
                element: UnconvertibleElement::NoBoolean(stored[place]),
            });
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
    use crate::labelled::packing::Factor;

    fn decoded<S: StoredElement, A: StoredElement>(
        stored: &[S],
        packing: &Packing,
    ) -> Result<Vec<A>, String> {
        let decoding = Decoding::<A>::new(S::TYPE, packing)?;
        let mut out = vec![A::zeroed(); stored.len()];
        let copy = |bytes: &mut [u8]| {
            bytes.copy_from_slice(bytemuck::cast_slice(stored));
            Ok(())
        };
        let block = VariableBlock { start: &[7, 0], shape: &[1, stored.len()] };
        let read = decoding.read(&mut out, &mut Vec::new(), block, copy);
        read.map(|()| out).map_err(|error| error.to_string())
    }

    fn masked(fill: i128) -> Packing {
        Packing { fill_values: vec![Exact::Integer(fill)], ..Packing::default() }
    }

    fn factor(value: f64) -> Option<Factor> {
        Some(Factor { value, float: Some(ElementType::F64) })
    }

    #[test]
    fn packed_values_are_scaled_and_missing_ones_are_nan() {
        let plain = Packing::default();
        assert_eq!(decoded::<i16, i16>(&[1, -2], &plain).unwrap(), [1, -2]);
        let packing = Packing {
            fill_values: vec![Exact::Integer(-2), Exact::Float(7.0)],
            scale_factor: factor(0.5),
            add_offset: factor(10.0),
            ..plain
        };
        let values = decoded::<i16, f32>(&[4, -2, 7], &packing).unwrap();
        assert_eq!(values[0], 12.0);
        assert!(values[1].is_nan() && values[2].is_nan());
    }

    #[test]
    fn integers_are_kept_to_the_last_digit_or_refused_with_value_and_place() {
        let most = 1_i64 << 53;
        let values = decoded::<i64, f64>(&[most, -most, 9], &masked(9)).unwrap();
        assert_eq!(values[..2], [most as f64, -most as f64]);
        for (value, next) in [(most + 1, 3), (i64::MAX, 3), (-most - 1, 3)] {
            let error = decoded::<i64, f64>(&[next, value], &masked(9)).unwrap_err();
            let place = format!("{value} at [7, 1]");
            assert!(error.contains(&place) && error.contains("from_zarr_raw"), "{error}");
            // What is missing is not looked at.
            assert!(decoded::<i64, f64>(&[next, value], &masked(value.into())).is_ok());
        }
        assert!(decoded::<u64, f64>(&[u64::MAX], &masked(9)).is_err());
        assert!(decoded::<u64, f64>(&[1 << 63], &masked(9)).is_ok());
        let error = decoded::<i32, f32>(&[16_777_217], &masked(9)).unwrap_err();
        assert!(error.contains("DataArray::<f64, _>"), "{error}");
        assert!(decoded::<i32, f64>(&[i32::MAX], &masked(9)).is_ok());
        // A scale makes floats of them, whatever is lost.
        let packing = Packing { scale_factor: factor(1.0), ..masked(9) };
        assert_eq!(decoded::<i64, f64>(&[most + 1], &packing).unwrap(), [most as f64]);
    }

    #[test]
    fn other_elements_are_refused_by_name() {
        let refused = |stored, packing: &Packing| Decoding::<i16>::new(stored, packing).err();
        let plain = Packing::default();
        assert!(refused(ElementType::I16, &plain).is_none());
        let message = refused(ElementType::F32, &plain).unwrap();
        assert!(message.contains("f32, but i16 was asked for"), "{message}");
        let packing = Packing { scale_factor: factor(0.1), ..plain };
        let message = refused(ElementType::I16, &packing).unwrap();
        assert!(message.contains("scale_factor of 0.1"), "{message}");
    }

    #[test]
    fn bytes_that_are_no_booleans_are_told_with_their_place() {
        let decoding = Decoding::<bool>::new(ElementType::Bool, &Packing::default()).unwrap();
        let block = VariableBlock { start: &[4, 0], shape: &[2, 3] };
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
