//! The coordinates of Zarr arrays.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use zarrs::array::Array;
use zarrs::filesystem::FilesystemStore;

use super::attributes::{DIMS, own, packing};
use super::read::{LIBRARY, Open, arrays, chunk_shape, dims, element_type, is_array, open};
use super::texts;
use crate::error::SourceError;
use crate::labelled::coordinate::Coordinate;
use crate::labelled::element::Access;
use crate::labelled::found::{Numbers, SkippedCoordinate, Surroundings, add_coordinates};
use crate::labelled::labels::Labels;
use crate::labelled::packing::Packing;
use crate::labelled::values::Values;

/// Adds the coordinates of an array, and returns those that can't be used; or says what is damaged.
pub(super) fn add(
    path: &Path,
    array: &Array<FilesystemStore>,
    place: &str,
    access: Access,
    labels: &mut Labels,
    shape: &[usize],
) -> Result<Vec<SkippedCoordinate>, SourceError> {
    let listed = array.attributes().get("coordinates").and_then(Value::as_str);
    let group = Group { path, beside: place.trim_matches('/'), access };
    add_coordinates(labels, shape, listed.unwrap_or_default(), LIBRARY, &group)
}

/// Where an array lies.
struct Group<'p> {
    path: &'p Path,
    beside: &'p str,
    access: Access,
}

impl Group<'_> {
    /// The array of this name in the group, or in one of those around it.
    fn nearby(&self, name: &str) -> Option<String> {
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return None;
        }
        let mut group = self.beside;
        loop {
            group = group.rsplit_once('/').map_or("", |(group, _)| group);
            let place = if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") };
            if is_array(&self.path.join(&place)) {
                return Some(place);
            }
            if group.is_empty() {
                return None;
            }
        }
    }
}

impl Surroundings for Group<'_> {
    fn dims(&self, name: &str) -> Option<Result<Vec<String>, SourceError>> {
        let place = self.nearby(name)?;
        Some(dims_in_file(&self.path.join(place)))
    }

    fn read(&self, name: &str) -> Result<Coordinate, SourceError> {
        let place = self.nearby(name).ok_or("it is gone")?;
        if let Some(texts) = texts::open(self.path, &place)? {
            let array = &texts.array;
            let (shape, attrs) = (shape_of(array)?, own(array.attributes(), self.access));
            let (dims, values) = (dims(array)?, Values::Text(texts.read()?));
            return Ok(Coordinate { dims, shape, values, attrs, undecoded: None });
        }
        let array = open(self.path, &place)?;
        chunk_shape(&array)?;
        let (dims, shape, attrs) =
            (dims(&array)?, shape_of(&array)?, own(array.attributes(), self.access));
        let Some(stored) = element_type(array.data_type()) else {
            let found = format!("{:?}", array.data_type());
            return Err(format!(
                "its elements are neither numbers, texts nor truth values, but {found}"
            )
            .into());
        };
        let access = self.access;
        let (element, packing) = match access {
            Access::Decoded => packing(stored, array.metadata(), array.attributes())?,
            Access::Raw => (stored, Packing::default()),
        };
        let variable = &mut Open(array);
        Numbers { variable, dims, shape, element, packing, access, attrs }.coordinate()
    }

    fn listed_by_others(&self) -> Vec<String> {
        let group = self.beside.rsplit_once('/').map_or("", |(group, _)| group);
        let group = self.path.join(group);
        let others = arrays(&group).into_iter().map(|name| group.join(name));
        let listed = others.chain([group.clone()]).filter_map(|folder| {
            attributes_in_file(&folder).get("coordinates")?.as_str().map(str::to_owned)
        });
        listed.flat_map(|it| it.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

pub(super) fn shape_of(array: &Array<FilesystemStore>) -> Result<Vec<usize>, SourceError> {
    let shape = array.shape().iter().map(|&len| usize::try_from(len));
    Ok(shape.collect::<Result<_, _>>()?)
}

/// A document of JSON, if there is one that is an object.
pub(super) fn json(path: &Path) -> Option<Map<String, Value>> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The attributes of an array or a group.
fn attributes_in_file(folder: &Path) -> Map<String, Value> {
    let Some(mut metadata) = json(&folder.join("zarr.json")) else {
        return json(&folder.join(".zattrs")).unwrap_or_default();
    };
    match metadata.remove("attributes") {
        Some(Value::Object(attributes)) => attributes,
        _ => Map::new(),
    }
}

/// The names of an array's dimensions, whatever its elements are, as `dims` has them.
fn dims_in_file(folder: &Path) -> Result<Vec<String>, SourceError> {
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
