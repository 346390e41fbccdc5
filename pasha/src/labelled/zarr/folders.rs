//! The folders of a store, without the `zarrs` crate: which are arrays, and what their documents
//! say.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::attributes::DIMS;
use super::json::read as json;
use crate::error::SourceError;

/// Whether a folder is an array, as far as can be seen from outside; one whose document can't be
/// read, or is damaged, is, so that its error tells of that.
pub(super) fn is_array(folder: &Path) -> bool {
    let third = folder.join("zarr.json");
    let is_group = || {
        let node_type = json(&third).and_then(|mut document| document.remove("node_type"));
        node_type.is_some_and(|it| it == "group")
    };
    is_there(&folder.join(".zarray"))
        || (is_there(&third) && !is_there(&folder.join(".zgroup")) && !is_group())
}

/// Whether something has this path, be it no file, or a link that leads nowhere.
pub(super) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The document of an array's metadata.
pub(super) fn document(folder: &Path) -> PathBuf {
    let third = folder.join("zarr.json");
    if third.is_file() { third } else { folder.join(".zarray") }
}

/// The names of the arrays in a group.
pub(super) fn arrays(group: &Path) -> Vec<String> {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    let arrays = entries.filter(|entry| is_array(&entry.path()));
    let mut names: Vec<String> =
        arrays.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The type of an array's elements, as its document has it.
pub(super) fn data_type_in_file(folder: &Path) -> Value {
    let document = json(&document(folder)).unwrap_or_default();
    let found = document.get("data_type").or_else(|| document.get("dtype"));
    found.cloned().unwrap_or_default()
}

/// The attributes of an array or a group.
pub(super) fn attributes_in_file(folder: &Path) -> Map<String, Value> {
    let Some(mut metadata) = json(&folder.join("zarr.json")) else {
        return json(&folder.join(".zattrs")).unwrap_or_default();
    };
    match metadata.remove("attributes") {
        Some(Value::Object(attributes)) => attributes,
        _ => Map::new(),
    }
}

/// The names of an array's dimensions, whatever its elements are, as [`dims`](super::array::dims)
/// has them.
pub(super) fn dims_in_file(folder: &Path) -> Result<Vec<String>, SourceError> {
    let metadata = json(&folder.join("zarr.json")).or_else(|| json(&folder.join(".zarray")));
    let metadata = metadata.ok_or("its metadata are damaged")?;
    let ndim = metadata.get("shape").and_then(Value::as_array).map_or(0, Vec::len);
    let attributes = attributes_in_file(folder);
    let names = metadata.get("dimension_names").filter(|names| names.is_array());
    let names = names.or_else(|| attributes.get(DIMS)).and_then(Value::as_array);
    let name = |place: usize| {
        let name = names.and_then(|names| names.get(place)?.as_str());
        name.filter(|name| !name.is_empty()).map_or(format!("dim_{place}"), str::to_owned)
    };
    Ok((0..ndim).map(name).collect())
}
