//! Attributes of Zarr arrays, and what they say about the elements.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use zarrs::array::ArrayMetadata;

use super::files::StoreArray;
use super::json::{named, number};
use crate::labelled::attribute::{Attribute, BOOL};
use crate::labelled::element::{Access, ElementType, Exact, StoredElement};
use crate::labelled::found::STORAGE;
use crate::labelled::packing::{Packing, Typed};
use crate::labelled::written::as_written;

/// Where format 2 has the dimensions' names.
pub(super) const DIMS: &str = "_ARRAY_DIMENSIONS";

/// The attributes that are an array's own, as far as they are numbers or text; of one that is read
/// raw also those that say how it is stored.
pub(super) fn own(attributes: &Map<String, Value>, access: Access) -> BTreeMap<String, Attribute> {
    let is_own = |name: &str| match access {
        Access::Decoded => !STORAGE.contains(&name),
        Access::Raw => name != "coordinates",
    };
    attributes
        .iter()
        .filter(|(name, _)| is_own(name) && *name != DIMS)
        .filter_map(|(name, value)| {
            let number = || exact(value).and_then(attribute).map(|(number, _)| number);
            let number = if name == "_FillValue" { number() } else { None };
            Some((name.clone(), number.or_else(|| convert(value))?))
        })
        .collect()
}

/// What the stored elements of an array stand for, and how they are to be read.
pub(super) fn meaning(
    stored: ElementType,
    array: &StoreArray,
    attrs: &mut BTreeMap<String, Attribute>,
    access: Access,
) -> Result<(ElementType, Packing), String> {
    let is_bool = || array.attributes().get(BOOL.0).and_then(Value::as_str) == Some(BOOL.1);
    match access {
        Access::Raw => Ok((stored, Packing::default())),
        Access::Decoded if stored.size() == 1 && is_bool() => {
            attrs.remove(BOOL.0);
            Ok((ElementType::Bool, Packing::default()))
        }
        Access::Decoded => packing(stored, array.metadata(), array.attributes()),
    }
}

/// Which elements packed ones stand for.
fn packing(
    stored: ElementType,
    metadata: &ArrayMetadata,
    attributes: &Map<String, Value>,
) -> Result<(ElementType, Packing), String> {
    let is_default = |fill: &Exact| fill.to_f64() == 0.0;
    let fill_value = fill_value(metadata);
    let (element, mut packing) = Packing::new(stored, |name| {
        let is_fill_value = name == "_FillValue";
        let value = attributes.get(name);
        let number = match fill_value.filter(|fill| !is_default(fill)) {
            Some(fill) if is_fill_value => Some(fill),
            // Texts of other attributes are no numbers.
            _ => value.filter(|it| is_fill_value || it.is_number()).and_then(exact),
        };
        Some(match number {
            Some(number) => attribute(number)?,
            None => (convert(value?)?, None),
        })
    })?;
    packing.default_fill = fill_value.filter(is_default);
    Ok((element, packing))
}

/// A number as an attribute, and its type if it is a float.
pub(super) fn attribute(number: Exact) -> Option<Typed> {
    Some(match number {
        Exact::Float(value) => (value.into(), Some(ElementType::F64)),
        Exact::Integer(value) => match i64::try_from(value) {
            Ok(value) => (value.into(), None),
            Err(_) => (u64::try_from(value).ok()?.into(), None),
        },
    })
}

/// The fill value of an array of format 2 with names of dimensions, where it means what is missing;
/// in format 3, and for other programs than xarray, it means only what is not stored.
pub(super) fn fill_value(metadata: &ArrayMetadata) -> Option<Exact> {
    match metadata {
        ArrayMetadata::V2(metadata) if metadata.attributes.contains_key(DIMS) => {
            exact(&serde_json::to_value(&metadata.fill_value).ok()?)
        }
        _ => None,
    }
}

fn exact(value: &Value) -> Option<Exact> {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => Some(Exact::Integer(value.into())),
            (_, Some(value), _) => Some(Exact::Integer(value.into())),
            (_, _, value) => value.map(Exact::Float),
        },
        Value::String(text) => Some(Exact::Float(match named(text) {
            Some(value) => value,
            // This is how xarray writes a float here: the bytes in base 64.
            None => f64::from_le_bytes(from_base64(text)?),
        })),
        _ => None,
    }
}

/// Eight bytes that are written in base 64.
fn from_base64(text: &str) -> Option<[u8; 8]> {
    let digits = text.strip_suffix('=').filter(|digits| digits.len() == 11)?;
    let bits = digits.bytes().try_fold(0_u128, |bits, digit| {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        Some(bits << 6 | u128::from(value))
    })?;
    // The last digit has two bits too many.
    u64::try_from(bits >> 2).ok().map(u64::to_be_bytes)
}

fn convert(value: &Value) -> Option<Attribute> {
    Some(match value {
        Value::String(text) => match named(text) {
            Some(value) => value.into(),
            None => text.clone().into(),
        },
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => value.into(),
            (_, Some(value)) => value.into(),
            _ => number.as_f64()?.into(),
        },
        Value::Array(values) => {
            if let Some(values) = values.iter().map(Value::as_i64).collect::<Option<Vec<_>>>() {
                return Some(values.into());
            }
            if let Some(values) = values.iter().map(Value::as_u64).collect::<Option<Vec<_>>>() {
                return Some(values.into());
            }
            let is_named = |value: &Value| value.as_str().is_some_and(|it| named(it).is_some());
            if let Some(texts) = values.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
                && (values.is_empty() || !values.iter().all(is_named))
            {
                return Some(Attribute::Texts(texts.into_iter().map(str::to_owned).collect()));
            }
            // Whole numbers among others, as far as they are floats to the last digit.
            let is_number = |value: &Value| value.is_number() || is_named(value);
            let float = |value: &Value| match exact(value).filter(|_| is_number(value))? {
                Exact::Float(value) => Some(value),
                Exact::Integer(value) => Some(value as f64).filter(|&float| float as i128 == value),
            };
            values.iter().map(float).collect::<Option<Vec<f64>>>()?.into()
        }
        _ => return None,
    })
}

/// Attributes as the store has them.
pub(super) fn to_json(attributes: &BTreeMap<String, Attribute>) -> Map<String, Value> {
    let value = |attribute: &Attribute| match attribute {
        Attribute::Text(text) => text.clone().into(),
        Attribute::Float(value) => number(*value),
        Attribute::Integer(value) => (*value).into(),
        Attribute::Unsigned(value) => (*value).into(),
        Attribute::Texts(texts) => texts.clone().into(),
        Attribute::Unsigneds(values) => values.clone().into(),
        Attribute::Floats(values) => values.iter().map(|&value| number(value)).collect(),
        Attribute::Integers(values) => values.clone().into(),
    };
    let as_written = |name: &str, attribute| value(&as_written(name, attribute));
    attributes.iter().map(|(name, it)| (name.clone(), as_written(name, it))).collect()
}

/// A fill value of an array with these elements as xarray writes it in format 3, of floats the
/// bytes in base 64; none if it is no value of the elements.
pub(super) fn fill_to_json<A: StoredElement>(fill: &Value) -> Option<Value> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let fill = match fill {
        Value::Array(values) => values.first().filter(|_| values.len() == 1)?,
        fill => fill,
    };
    let value = exact(fill)?;
    A::exactly(value)?;
    if !A::TYPE.is_float() {
        return matches!(value, Exact::Integer(_)).then(|| fill.clone());
    }
    let value = value.to_f64();
    // Eight bytes are ten digits, and four bits with two zeros after them.
    let bits = u128::from(u64::from_be_bytes(value.to_le_bytes())) << 2;
    let digits = (0..11).rev().map(|place| DIGITS[(bits >> (6 * place)) as usize & 63]);
    Some(digits.map(char::from).chain(['=']).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_values_are_read_as_xarray_writes_them() {
        // base64.b64encode(struct.pack('<d', x)) in Python, for NaN, -9999 and 1e20.
        assert!(matches!(exact(&"AAAAAAAA+H8=".into()), Some(Exact::Float(x)) if x.is_nan()));
        assert_eq!(exact(&"AAAAAICHw8A=".into()), Some(Exact::Float(-9999.0)));
        assert_eq!(exact(&"QIy1eB2vFUQ=".into()), Some(Exact::Float(1e20)));
        assert_eq!(exact(&(-1).into()), Some(Exact::Integer(-1)));
        for (value, text) in [(-9999.0, "AAAAAICHw8A="), (1e20, "QIy1eB2vFUQ=")] {
            assert_eq!(fill_to_json::<f32>(&value.into()), Some(text.into()));
            assert_eq!(fill_to_json::<f64>(&text.into()), Some(text.into()));
        }
        assert_eq!(fill_to_json::<u8>(&serde_json::json!([7])), Some(7.into()));
        for no_value in [serde_json::json!(256), 0.5.into(), "NaN".into(), "x".into()] {
            assert_eq!(fill_to_json::<u8>(&no_value), None);
        }
        assert_eq!(fill_to_json::<f64>(&serde_json::json!([])), None);
        assert_eq!(fill_to_json::<bool>(&true.into()), None);
        assert_eq!(exact(&"AAAA".into()), None);
        assert_eq!(exact(&u64::MAX.into()), Some(Exact::Integer(u64::MAX.into())));
    }
}
