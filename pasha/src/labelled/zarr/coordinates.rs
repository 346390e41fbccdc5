//! The coordinates of Zarr arrays.

use std::path::Path;

use serde_json::Value;

use super::array::{LIBRARY, OpenZarr, chunk_shape, dims, open, shape_of};
use super::attributes::{meaning, own};
use super::element_type::element_type;
use super::files::StoreArray;
use super::folders::{arrays, attributes_in_file, dims_in_file, is_array};
use super::metadata::check;
use super::texts;
use crate::error::SourceError;
use crate::labelled::coordinate::Coordinate;
use crate::labelled::element::Access;
use crate::labelled::found::{
    NumbersVariable, SkippedCoordinate, Surroundings, add_coordinates, group_of, places_nearby,
};
use crate::labelled::labels::Labels;
use crate::labelled::values::Values;

/// Adds the coordinates of an array, and returns those that can't be used; or says what is damaged.
pub(super) fn add(
    path: &Path,
    array: &StoreArray,
    place: &str,
    access: Access,
    labels: &mut Labels,
    shape: &[usize],
) -> Result<Vec<SkippedCoordinate>, SourceError> {
    let listed = array.attributes().get("coordinates").and_then(Value::as_str);
    let group = ZarrSurroundings { path, beside: place, access };
    add_coordinates(labels, shape, listed.unwrap_or_default(), LIBRARY, &group)
}

/// Where an array lies.
struct ZarrSurroundings<'p> {
    path: &'p Path,
    beside: &'p str,
    access: Access,
}

impl ZarrSurroundings<'_> {
    /// The array of this name in the group, or in one of those around it.
    fn nearby(&self, name: &str) -> Option<String> {
        places_nearby(self.beside, name).into_iter().find(|place| is_array(&self.path.join(place)))
    }
}

impl Surroundings for ZarrSurroundings<'_> {
    fn dims(&self, name: &str) -> Option<Result<Vec<String>, SourceError>> {
        let place = self.nearby(name)?;
        let folder = self.path.join(place);
        let why = |error| check(&folder).map_or_else(SourceError::from, |()| error);
        Some(dims_in_file(&folder).map_err(why))
    }

    fn is_in_this_group(&self, name: &str) -> bool {
        self.nearby(name).is_some_and(|place| group_of(&place) == group_of(self.beside))
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
        let (dims, shape, mut attrs) =
            (dims(&array)?, shape_of(&array)?, own(array.attributes(), self.access));
        let stored = element_type(&array)?;
        let access = self.access;
        let (element, packing) = meaning(stored, &array, &mut attrs, access)?;
        let variable = &mut OpenZarr::new(array);
        NumbersVariable { variable, dims, shape, element, packing, access, attrs }.coordinate()
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
