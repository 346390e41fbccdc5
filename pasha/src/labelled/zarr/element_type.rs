//! Which types of elements are read.

use serde_json::Value;
use zarrs::array::{ArrayMetadata, DataType, data_type};

use super::files::StoreArray;
use crate::labelled::element::ElementType;

/// The type of an array's elements.
///
/// # Errors
/// What they are, and what to do, if no element here is of that type.
pub(super) fn element_type(array: &StoreArray) -> Result<ElementType, String> {
    known_type(array.data_type()).ok_or_else(|| {
        let found = match array.metadata() {
            ArrayMetadata::V2(metadata) => serde_json::to_value(&metadata.dtype),
            ArrayMetadata::V3(metadata) => serde_json::to_value(&metadata.data_type),
        };
        refused_elements(&found.unwrap_or_default())
    })
}

/// Why elements of this type, as the metadata have it, are not read, and what to do.
pub(super) fn refused_elements(found: &Value) -> String {
    let is_record = found.is_array();
    let found = found.to_string();
    let has = |names: &[&str]| names.iter().any(|name| found.contains(name));
    let advice = if is_record {
        "write each field of a record as an array of its own"
    } else if has(&["M8", "m8", "datetime64", "timedelta64"]) {
        "write times as xarray does, as integers with an attribute `units` such as \
         \"nanoseconds since 1970-01-01\""
    } else if has(&["<U", ">U", "|S", "|O", "string", "utf", "null_terminated", "bytes"]) {
        "texts are read where they are a coordinate of another array"
    } else if has(&["complex", "c8", "c16"]) {
        "write the real and the imaginary parts as two arrays"
    } else {
        "write them as one of these, each field of a record as an array of its own"
    };
    format!("its elements are neither numbers of 8 to 64 bits nor booleans, but {found}: {advice}")
}

fn known_type(found: &DataType) -> Option<ElementType> {
    let known = [
        (data_type::uint8(), ElementType::U8),
        (data_type::uint16(), ElementType::U16),
        (data_type::uint32(), ElementType::U32),
        (data_type::uint64(), ElementType::U64),
        (data_type::int8(), ElementType::I8),
        (data_type::int16(), ElementType::I16),
        (data_type::int32(), ElementType::I32),
        (data_type::int64(), ElementType::I64),
        (data_type::float16(), ElementType::F16),
        (data_type::float32(), ElementType::F32),
        (data_type::float64(), ElementType::F64),
        (data_type::bool(), ElementType::Bool),
    ];
    known.into_iter().find(|(name, _)| name == found).map(|(_, element)| element)
}
