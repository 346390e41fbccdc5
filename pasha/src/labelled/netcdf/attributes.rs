//! Attributes of NetCDF variables, and what they say about the elements.

use std::collections::BTreeMap;

use netcdf::{AttributeValue, Variable};

use crate::labelled::element::sealed::Number;
use crate::labelled::element::{Access, ElementType, Exact, Packing, StoredElement};
use crate::labelled::found::STORAGE;
use crate::labelled::labels::Attribute;

/// The attributes that are a variable's own, as far as they are numbers or text; of one that is read
/// raw also those that say how it is stored.
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
        .filter_map(|(name, value)| Some((name, convert(value.ok()?)?)))
        .collect()
}

/// How the elements are to be read.
pub(super) fn packing(variable: &Variable<'_>) -> Result<Packing, String> {
    let number = |name: &str| -> Result<Option<Exact>, String> {
        let Some(value) = variable.attribute_value(name) else { return Ok(None) };
        let value = value.map_err(|error| format!("its attribute {name}: {error}"))?;
        exact(value).map(Some).ok_or_else(|| format!("its attribute {name} is not one number"))
    };
    let float = |name| {
        Ok::<_, String>(number(name)?.map(|value| match value {
            Exact::Integer(value) => value as f64,
            Exact::Float(value) => value,
        }))
    };
    if variable.attribute("_Unsigned").is_some() {
        return Err("it has an attribute _Unsigned, which turns its integers into others: write \
                    it with an unsigned type"
            .to_owned());
    }
    let fills = [number("_FillValue")?, number("missing_value")?];
    Ok(Packing {
        fill_values: fills.into_iter().flatten().collect(),
        default_fill: None,
        scale_factor: float("scale_factor")?,
        add_offset: float("add_offset")?,
    })
}

/// Whether its bytes are booleans, as xarray marks those that it writes.
pub(super) fn is_bool(variable: &Variable<'_>) -> bool {
    matches!(variable.attribute_value(BOOL.0), Some(Ok(AttributeValue::Str(it))) if it == BOOL.1)
}

/// The attribute by which xarray knows booleans, which NetCDF does not have.
pub(super) const BOOL: (&str, &str) = ("dtype", "bool");

fn exact(value: AttributeValue) -> Option<Exact> {
    Some(match convert(value.clone())? {
        Attribute::Integer(value) => Exact::Integer(value.into()),
        Attribute::Float(value) => Exact::Float(value),
        Attribute::Integers(values) if values.len() == 1 => Exact::Integer(values[0].into()),
        Attribute::Floats(values) if values.len() == 1 => match value {
            AttributeValue::Ulonglong(value) => Exact::Integer(value.into()),
            _ => Exact::Float(values[0]),
        },
        _ => return None,
    })
}

fn convert(value: AttributeValue) -> Option<Attribute> {
    use AttributeValue as V;
    let integers = |values: Vec<i64>| Some(Attribute::Integers(values));
    match value {
        V::Uchar(value) => Some(value.into()),
        V::Schar(value) => Some(value.into()),
        V::Ushort(value) => Some(value.into()),
        V::Short(value) => Some(value.into()),
        V::Uint(value) => Some(value.into()),
        V::Int(value) => Some(value.into()),
        V::Longlong(value) => Some(value.into()),
        V::Ulonglong(value) => match i64::try_from(value) {
            Ok(value) => Some(value.into()),
            Err(_) => Some(Attribute::Floats(vec![value as f64])),
        },
        V::Float(value) => Some(value.into()),
        V::Double(value) => Some(value.into()),
        V::Uchars(values) => integers(values.into_iter().map(Into::into).collect()),
        V::Schars(values) => integers(values.into_iter().map(Into::into).collect()),
        V::Ushorts(values) => integers(values.into_iter().map(Into::into).collect()),
        V::Shorts(values) => integers(values.into_iter().map(Into::into).collect()),
        V::Uints(values) => integers(values.into_iter().map(Into::into).collect()),
        V::Ints(values) => integers(values.into_iter().map(Into::into).collect()),
        V::Longlongs(values) => integers(values),
        V::Ulonglongs(values) => {
            integers(values.into_iter().map(|value| value.try_into().ok()).collect::<Option<_>>()?)
        }
        V::Floats(values) => Some(Attribute::Floats(values.into_iter().map(Into::into).collect())),
        V::Doubles(values) => Some(Attribute::Floats(values)),
        V::Str(text) => Some(text.into()),
        V::Strs(texts) => <[String; 1]>::try_from(texts).ok().map(|[text]| text.into()),
    }
}

/// An attribute as the library writes it.
pub(super) fn to_library(attribute: &Attribute) -> AttributeValue {
    match attribute.clone() {
        Attribute::Text(text) => AttributeValue::Str(text),
        Attribute::Float(value) => AttributeValue::Double(value),
        Attribute::Integer(value) => AttributeValue::Longlong(value),
        Attribute::Floats(values) => AttributeValue::Doubles(values),
        Attribute::Integers(values) => AttributeValue::Longlongs(values),
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
