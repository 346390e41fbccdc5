//! Attributes of NetCDF variables, and what they say about the elements.

use std::collections::BTreeMap;

use netcdf::{AttributeValue, Variable};

use crate::labelled::attribute::{Attribute, BOOL};
use crate::labelled::element::sealed::Number;
use crate::labelled::element::{Access, ElementType, Exact, StoredElement};
use crate::labelled::found::STORAGE;
use crate::labelled::packing::{Packing, Typed};

/// The attributes that are a variable's own, as far as they are numbers or text; of one that is
/// read raw also those that say how it is stored.
pub(super) fn own(variable: &Variable<'_>, access: Access) -> BTreeMap<String, Attribute> {
    let is_own = |name: &str| match access {
        Access::Decoded => !STORAGE.contains(&name),
        Access::Raw => name != "coordinates",
    };
    let attributes = variable.attributes().map(|attribute| {
        let name = attribute.name().to_owned();
        (name, attribute.value())
    });
    attributes
        .filter(|(name, _)| is_own(name))
        .filter_map(|(name, value)| Some((name, convert(value.ok()?).0)))
        .collect()
}

/// Which elements the stored ones stand for, and how they are to be read.
fn packing(stored: ElementType, variable: &Variable<'_>) -> Result<(ElementType, Packing), String> {
    const NAMES: [&str; 5] =
        ["_FillValue", "missing_value", "scale_factor", "add_offset", "_Unsigned"];
    let mut values: BTreeMap<&str, Typed> = BTreeMap::new();
    for name in NAMES {
        if let Some(value) = variable.attribute_value(name) {
            let value = value.map_err(|error| {
                let why = match error {
                    // The crate knows the types of numbers and texts alone.
                    netcdf::Error::TypeUnknown(_) => {
                        "it is of a type that the file defines, such as an enumeration, which is \
                         not read"
                            .to_owned()
                    }
                    error => error.to_string(),
                };
                format!(
                    "its attribute {name}: {why}; open the variable with `from_netcdf_raw`, which \
                     reads the elements, {stored}, as they are and without it"
                )
            })?;
            values.insert(name, convert(value));
        }
    }
    Packing::new(stored, |name| values.get(name).cloned())
}

/// What the stored elements of a variable stand for, and how they are to be read.
pub(super) fn meaning(
    stored: ElementType,
    variable: &Variable<'_>,
    attrs: &mut BTreeMap<String, Attribute>,
    access: Access,
) -> Result<(ElementType, Packing), String> {
    match access {
        Access::Raw => Ok((stored, Packing::default())),
        Access::Decoded if stored.size() == 1 && is_bool(variable) => {
            attrs.remove(BOOL.0);
            Ok((ElementType::Bool, Packing::default()))
        }
        Access::Decoded => packing(stored, variable),
    }
}

/// Whether its bytes are booleans, as xarray marks those that it writes.
fn is_bool(variable: &Variable<'_>) -> bool {
    let value = variable.attribute_value(BOOL.0).and_then(|value| text(value.ok()?));
    value.as_deref() == Some(BOOL.1)
}

/// The text of an attribute, which some libraries write as a list of strings.
pub(super) fn text(value: AttributeValue) -> Option<String> {
    match value {
        AttributeValue::Str(text) => Some(text),
        AttributeValue::Strs(texts) => Some(texts.join(" ")),
        _ => None,
    }
}

/// The attribute, and its type where it is a float.
fn convert(value: AttributeValue) -> Typed {
    use AttributeValue as V;
    fn list<T: Into<i64>>(values: Vec<T>) -> Attribute {
        Attribute::Integers(values.into_iter().map(Into::into).collect())
    }
    let attribute = match value {
        V::Float(value) => return (value.into(), Some(ElementType::F32)),
        V::Floats(values) => {
            let values = values.into_iter().map(Into::into).collect();
            return (Attribute::Floats(values), Some(ElementType::F32));
        }
        V::Double(value) => return (value.into(), Some(ElementType::F64)),
        V::Doubles(values) => return (values.into(), Some(ElementType::F64)),
        V::Uchar(value) => value.into(),
        V::Schar(value) => value.into(),
        V::Ushort(value) => value.into(),
        V::Short(value) => value.into(),
        V::Uint(value) => value.into(),
        V::Int(value) => value.into(),
        V::Longlong(value) => value.into(),
        V::Ulonglong(value) => value.into(),
        V::Uchars(values) => list(values),
        V::Schars(values) => list(values),
        V::Ushorts(values) => list(values),
        V::Shorts(values) => list(values),
        V::Uints(values) => list(values),
        V::Ints(values) => list(values),
        V::Longlongs(values) => list(values),
        V::Ulonglongs(values) => values.into(),
        V::Str(text) => text.into(),
        V::Strs(texts) => match <[String; 1]>::try_from(texts) {
            Ok([text]) => text.into(),
            Err(texts) => texts.into(),
        },
    };
    (attribute, None)
}

/// An attribute as the library writes it.
pub(super) fn to_library(attribute: &Attribute) -> AttributeValue {
    match attribute.clone() {
        Attribute::Text(text) => AttributeValue::Str(text),
        Attribute::Texts(texts) => AttributeValue::Strs(texts),
        Attribute::Float(value) => AttributeValue::Double(value),
        Attribute::Integer(value) => AttributeValue::Longlong(value),
        Attribute::Unsigned(value) => AttributeValue::Ulonglong(value),
        Attribute::Floats(values) => AttributeValue::Doubles(values),
        Attribute::Integers(values) => AttributeValue::Longlongs(values),
        Attribute::Unsigneds(values) => AttributeValue::Ulonglongs(values),
    }
}

/// An attribute that is a value of the variable, which must have the type of its elements.
pub(super) fn fill_of<A: StoredElement>(name: &str, value: &Attribute) -> Option<AttributeValue> {
    use AttributeValue as V;
    if !["_FillValue", "missing_value"].contains(&name) {
        return None;
    }
    let value = match value {
        Attribute::Integer(value) => Exact::Integer((*value).into()),
        Attribute::Unsigned(value) => Exact::Integer((*value).into()),
        Attribute::Float(value) => Exact::Float(*value),
        _ => return None,
    };
    Some(match A::TYPE {
        ElementType::U8 => V::Uchar(u8::exactly(value)?),
        ElementType::U16 => V::Ushort(u16::exactly(value)?),
        ElementType::U32 => V::Uint(u32::exactly(value)?),
        ElementType::U64 => V::Ulonglong(u64::exactly(value)?),
        ElementType::I8 => V::Schar(i8::exactly(value)?),
        ElementType::I16 => V::Short(i16::exactly(value)?),
        ElementType::I32 => V::Int(i32::exactly(value)?),
        ElementType::I64 => V::Longlong(i64::exactly(value)?),
        ElementType::F32 => V::Float(f32::exactly(value)?),
        ElementType::F64 => V::Double(f64::exactly(value)?),
        ElementType::F16 | ElementType::Bool => return None,
    })
}
