//! The coordinates of NetCDF variables.

use std::path::Path;

use netcdf::types::NcVariableType;
use netcdf::{AttributeValue, Dimension, Variable};

use super::attributes::{meaning, own, text};
use super::classic::ClassicHeader;
use super::texts::{TextsOf, texts};
use super::variable::{LIBRARY, OpenNetcdf, element_type, explained, readable};
use crate::error::SourceError;
use crate::labelled::coordinate::Coordinate;
use crate::labelled::element::Access;
use crate::labelled::found::{
    NumbersVariable, SkippedCoordinate, Surroundings, add_coordinates, group_of, guarded,
    places_nearby,
};
use crate::labelled::labels::Labels;
use crate::labelled::values::Values;

/// Adds the coordinates of a variable, and returns those that can't be used; or says what is
/// damaged.
pub(super) fn add(
    path: &Path,
    file: &netcdf::File,
    variable: &Variable<'_>,
    place: &str,
    access: Access,
    labels: &mut Labels,
    shape: &[usize],
) -> Result<Vec<SkippedCoordinate>, SourceError> {
    let listed = variable.attribute_value("coordinates").and_then(|it| text(it.ok()?));
    let classic = ClassicHeader::read(path)?;
    let group = NetcdfSurroundings { path, file, beside: place, access, classic };
    add_coordinates(labels, shape, &listed.unwrap_or_default(), LIBRARY, &group)
}

/// Where a variable lies.
struct NetcdfSurroundings<'f> {
    path: &'f Path,
    file: &'f netcdf::File,
    beside: &'f str,
    access: Access,
    /// Of a file of a classic format.
    classic: Option<ClassicHeader>,
}

impl NetcdfSurroundings<'_> {
    /// The variable of this name in the group, or in one of those around it.
    fn nearby(&self, name: &str) -> Option<(String, Variable<'_>)> {
        places_nearby(self.beside, name)
            .into_iter()
            .find_map(|place| self.file.variable(&place).map(|variable| (place, variable)))
    }

    /// The variables of the group in which a variable lies.
    fn beside(&self, place: &str) -> Vec<Variable<'_>> {
        let Some((group, _)) = place.rsplit_once('/') else {
            return readable(self.file.variables());
        };
        let Some(found) = self.file.group(group).ok().flatten() else { return Vec::new() };
        let names: Vec<String> = readable(found.variables()).iter().map(Variable::name).collect();
        names.iter().filter_map(|name| self.file.variable(&format!("{group}/{name}"))).collect()
    }

    /// Of what a text variable consists. The letters of a text lie along the last dimension of its
    /// characters, as far as nothing but characters lies along that: so does xarray see it.
    fn texts_of(&self, place: &str, variable: &Variable<'_>) -> TextsOf {
        if variable.vartype() == NcVariableType::String {
            return TextsOf::Strings;
        }
        let Some(last) = variable.dimensions().last() else { return TextsOf::Letters };
        let others = self.beside(place);
        let is_for_letters = others.iter().all(|other| {
            let dims = other.dimensions();
            let uses = dims.iter().filter(|dim| dim.name() == last.name()).count();
            let ends = dims.last().is_some_and(|dim| dim.name() == last.name());
            uses == 0 || (uses == 1 && ends && other.vartype() == NcVariableType::Char)
        });
        if is_for_letters { TextsOf::Rows } else { TextsOf::Letters }
    }
}

/// The value of an attribute; `None` also where the library panics, as it does if another one is of
/// a kind that it does not have.
fn attribute_of(
    read: impl FnOnce() -> Option<netcdf::Result<AttributeValue>>,
) -> Option<netcdf::Result<AttributeValue>> {
    guarded(LIBRARY, || Ok(read())).ok().flatten()
}

impl Surroundings for NetcdfSurroundings<'_> {
    fn explained(&self, reason: String) -> String {
        explained(reason)
    }

    fn dims(&self, name: &str) -> Option<Result<Vec<String>, SourceError>> {
        let (place, variable) = self.nearby(name)?;
        let mut dims: Vec<String> = variable.dimensions().iter().map(Dimension::name).collect();
        if variable.vartype() == NcVariableType::Char
            && self.texts_of(&place, &variable) == TextsOf::Rows
        {
            dims.pop();
        }
        Some(Ok(dims))
    }

    fn is_in_this_group(&self, name: &str) -> bool {
        self.nearby(name).is_some_and(|(place, _)| group_of(&place) == group_of(self.beside))
    }

    fn read(&self, name: &str) -> Result<Coordinate, SourceError> {
        let (place, variable) = self.nearby(name).ok_or("it is gone")?;
        if let Some(header) = &self.classic {
            header.check(&place)?;
        }
        let mut dims: Vec<String> = variable.dimensions().iter().map(Dimension::name).collect();
        let mut shape: Vec<usize> = variable.dimensions().iter().map(Dimension::len).collect();
        let mut attrs = own(&variable, self.access);
        if matches!(variable.vartype(), NcVariableType::String | NcVariableType::Char) {
            let kind = self.texts_of(&place, &variable);
            let values = Values::Text(texts(&variable, kind, &shape)?);
            if let TextsOf::Rows = kind {
                dims.pop();
                shape.pop();
            }
            return Ok(Coordinate { dims, shape, values, attrs, undecoded: None });
        }
        let (access, stored) = (self.access, element_type(&variable)?);
        let (element, packing) = meaning(stored, &variable, &mut attrs, access)?;
        let variable = &mut OpenNetcdf::new(self.path, &place, None)?;
        NumbersVariable { variable, dims, shape, element, packing, access, attrs }.coordinate()
    }

    fn listed_by_others(&self) -> Vec<String> {
        let group = self.beside.rsplit_once('/').map(|(group, _)| group);
        let of_group = match group {
            None => attribute_of(|| Some(self.file.attribute("coordinates")?.value())),
            Some(group) => {
                let group = self.file.group(group).ok().flatten();
                group.and_then(|group| attribute_of(|| group.attribute_value("coordinates")))
            }
        };
        let others = self.beside(self.beside);
        let value = |other: &Variable<'_>| attribute_of(|| other.attribute_value("coordinates"));
        let others = others.iter().filter_map(value);
        let listed = others.chain(of_group).filter_map(|value| text(value.ok()?));
        listed.flat_map(|it| it.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}
