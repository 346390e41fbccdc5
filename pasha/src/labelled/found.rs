//! Coordinates as files hold them.

use std::collections::BTreeMap;
use std::fmt;

use half::f16;

use super::attribute::Attribute;
use super::coordinate::Coordinate;
use super::decoding::Decoding;
use super::element::{Access, ElementType, StoredElement, VariableBlock};
use super::labels::Labels;
use super::packing::Packing;
use super::values::Values;
use super::variable::OpenVariable;
use crate::error::SourceError;
use crate::job::panic;

/// The most bytes that a coordinate may have: more is a damaged file.
const MOST_COORDINATE_BYTES: usize = 1 << 30;

/// Attributes that say how a variable is stored, and are none of its own.
pub(super) const STORAGE: [&str; 7] = [
    "_FillValue",
    "missing_value",
    "scale_factor",
    "add_offset",
    "coordinates",
    "_Unsigned",
    "_Encoding",
];

/// A coordinate of a file that was left out, and why.
///
/// # Examples
/// ```no_run
/// use ndarray::Ix3;
/// use pasha::DataArray;
///
/// # #[cfg(feature = "netcdf")] {
/// let temperature = DataArray::<f32, Ix3>::from_netcdf("era5.nc", "t2m")?;
/// for skipped in temperature.skipped_coordinates() {
///     eprintln!("the coordinate {} was left out: {}", skipped.name, skipped.reason);
/// }
/// # }
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedCoordinate {
    /// Its name in the file.
    pub name: String,
    /// Why it can't be used.
    pub reason: String,
}

impl fmt::Display for SkippedCoordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// The group of a file in which a variable lies, where its coordinates are looked for.
pub(super) trait Surroundings {
    /// The dimensions of the variable of this name, nearby; `None` if there is none.
    fn dims(&self, name: &str) -> Option<Result<Vec<String>, SourceError>>;

    /// Reads that variable as a coordinate.
    fn read(&self, name: &str) -> Result<Coordinate, SourceError>;

    /// Whether that variable lies in this group, and not in one around it.
    fn is_in_this_group(&self, name: &str) -> bool;

    /// The names that attributes `coordinates` of the group and its other variables list.
    fn listed_by_others(&self) -> Vec<String>;

    /// Says more of a reason why a coordinate can't be used, where there is more to say.
    fn explained(&self, reason: String) -> String {
        reason
    }
}

/// Where a variable of this name is looked for, in this order: in the group in which the variable
/// `beside` lies, and in those around it. A name with `/` is a path from that group, or from the
/// root of the file, as in CF 1.12, section 2.7. Nowhere, if the name is that of no variable.
pub(super) fn places_nearby(beside: &str, name: &str) -> Vec<String> {
    if name.contains('/') {
        return place_at(beside, name).into_iter().collect();
    }
    if matches!(name, "" | "." | "..") {
        return Vec::new();
    }
    let groups = std::iter::successors(Some(group_of(beside)), |group| {
        (!group.is_empty()).then(|| group_of(group))
    });
    groups.map(|group| in_group(group, name)).collect()
}

/// What a path leads to from the group of the variable `beside`.
fn place_at(beside: &str, path: &str) -> Option<String> {
    let start = if path.starts_with('/') { "" } else { group_of(beside) };
    let mut place: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(place.pop()?),
            part => place.push(part),
        }
    }
    (!place.is_empty()).then(|| place.join("/"))
}

/// The group that a variable lies in; that of the root is "".
pub(super) fn group_of(place: &str) -> &str {
    place.rsplit_once('/').map_or("", |(group, _)| group)
}

fn in_group(group: &str, name: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") }
}

/// Adds the coordinates of a variable to its labels: those with the names of its dimensions, those
/// that its attribute `coordinates` lists (`listed`), and, as xarray does, those that others list,
/// as far as they lie along its dimensions. Returns those that can't be used.
///
/// # Errors
/// If one is longer or shorter than a dimension: of the two shapes one is damaged.
pub(super) fn add_coordinates(
    labels: &mut Labels,
    shape: &[usize],
    listed: &str,
    library: &str,
    group: &dyn Surroundings,
) -> Result<Vec<SkippedCoordinate>, SourceError> {
    let dims = labels.dims().to_vec();
    let listed: Vec<String> = listed.split_whitespace().map(str::to_owned).collect();
    let others = guarded(library, || Ok(group.listed_by_others())).unwrap_or_default();
    let mut skipped: Vec<SkippedCoordinate> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut damaged = None;
    for name in dims.iter().chain(&listed).chain(&others) {
        // What is listed by its path has a name, too.
        let label = name.rsplit('/').next().unwrap_or_default();
        if seen.contains(&name.as_str()) || labels.coords().contains_key(label) {
            continue;
        }
        seen.push(name);
        let is_listed = listed.contains(name);
        let mut add = || {
            let Some(found) = group.dims(name) else {
                let missing = "the attribute coordinates lists it, but there is no such variable";
                return if is_listed { Err(missing.into()) } else { Ok(()) };
            };
            let found = found?;
            if let Some(foreign) = found.iter().find(|dim| !dims.contains(dim)) {
                let missing = format!(
                    "it lies along {foreign:?}, which is no dimension of the variable's: {dims:?}"
                );
                let applies = is_listed || dims.contains(name);
                return if applies { Err(missing.into()) } else { Ok(()) };
            }
            let coordinate = group.read(name)?;
            let fits = |(dim, len): (&String, &usize)| {
                dims.iter().position(|name| name == dim).is_none_or(|axis| shape[axis] == *len)
            };
            if !group.is_in_this_group(name)
                && !coordinate.dims.iter().zip(&coordinate.shape).all(fits)
            {
                // A dimension of this group hides another of its name in the groups around it.
                let other =
                    "it lies in a group around this one, along other dimensions of these names";
                return if is_listed { Err(other.into()) } else { Ok(()) };
            }
            for (dim, found) in coordinate.dims.iter().zip(&coordinate.shape) {
                let len = dims.iter().position(|name| name == dim).map(|axis| shape[axis]);
                if len.is_some_and(|len| len != *found) {
                    damaged = Some(format!(
                        "its coordinate {name:?} has {found} values along {dim:?}, which has length \
                         {}: one of the two is damaged",
                        len.unwrap_or_default()
                    ));
                }
            }
            labels
                .add_coord(label.to_owned(), coordinate, shape)
                .map_err(|error| error.to_string().into())
        };
        if let Err(error) = guarded(library, &mut add) {
            let reason = group.explained(error.to_string());
            skipped.push(SkippedCoordinate { name: name.clone(), reason });
        }
    }
    damaged.map_or(Ok(skipped), |reason| Err(reason.into()))
}

/// A variable of numbers that is read for a coordinate.
pub(super) struct NumbersVariable<'v> {
    pub(super) variable: &'v mut dyn OpenVariable,
    pub(super) dims: Vec<String>,
    pub(super) shape: Vec<usize>,
    pub(super) element: ElementType,
    pub(super) packing: Packing,
    pub(super) access: Access,
    pub(super) attrs: BTreeMap<String, Attribute>,
}

impl NumbersVariable<'_> {
    /// Reads it, with times decoded.
    pub(super) fn coordinate(mut self) -> Result<Coordinate, SourceError> {
        if self.packing.is_scaled() {
            let values = self.read::<f64>(&self.packing.clone())?.into();
            return Ok(self.labelled(values, &[]));
        }
        match self.element {
            ElementType::Bool => self.plain::<bool>(),
            ElementType::F16 => self.plain::<f16>(),
            ElementType::F32 => self.plain::<f32>(),
            ElementType::F64 => self.plain::<f64>(),
            ElementType::U8 => self.integers::<u8>(),
            ElementType::U16 => self.integers::<u16>(),
            ElementType::U32 => self.integers::<u32>(),
            ElementType::U64 => self.integers::<u64>(),
            ElementType::I8 => self.integers::<i8>(),
            ElementType::I16 => self.integers::<i16>(),
            ElementType::I32 => self.integers::<i32>(),
            ElementType::I64 => self.integers::<i64>(),
        }
    }

    fn plain<T: StoredElement>(mut self) -> Result<Coordinate, SourceError>
    where
        Vec<T>: Into<Values>,
    {
        let values = self.read::<T>(&self.packing.clone())?.into();
        Ok(self.labelled(values, &[]))
    }

    /// Whole numbers stay such, and times are exact, whatever is missing; other numbers of which
    /// some are missing become floats, with NaN for those.
    fn integers<T: StoredElement + Default>(mut self) -> Result<Coordinate, SourceError>
    where
        Vec<T>: Into<Values>,
    {
        let fills = self.packing.fill_values.iter();
        let fills: Vec<T> = fills.filter_map(|&fill| T::exactly(fill)).collect();
        let stored = self.read::<T>(&Packing::default())?;
        let missing: Vec<bool> = stored.iter().map(|value| fills.contains(value)).collect();
        if !missing.contains(&true) {
            return Ok(self.labelled(stored.into(), &[]));
        }
        // What stands for a missing one is of no account, but shall be as good a time as the
        // others.
        let mut present = stored.clone();
        let some = stored.iter().zip(&missing).find(|(_, missing)| !**missing);
        let some = some.map_or(T::default(), |(value, _)| *value);
        for (value, _) in present.iter_mut().zip(&missing).filter(|(_, missing)| **missing) {
            *value = some;
        }
        let lost = stored
            .iter()
            .zip(&missing)
            .position(|(value, &missing)| !missing && !value.fits(ElementType::F64));
        let shape = self.shape.clone();
        let mut coordinate = self.labelled(present.into(), &missing);
        if matches!(coordinate.values, Values::Time(_) | Values::CalendarTime(_)) {
            return Ok(coordinate);
        }
        if let Some(place) = lost {
            return Err(format!(
                "some values are missing, for which {} have no value, and {} (number {place} in \
                 shape {shape:?}) can't be kept as f64: open \
                 it as an array of its own, with from_netcdf_raw or from_zarr_raw",
                T::TYPE,
                stored[place].to_exact(),
            )
            .into());
        }
        let number = |(value, missing): (&T, &bool)| {
            if *missing { f64::NAN } else { value.to_f64() }
        };
        coordinate.values = Values::Float(stored.iter().zip(&missing).map(number).collect());
        Ok(coordinate)
    }

    /// The coordinate of these values.
    fn labelled(self, values: Values, missing: &[bool]) -> Coordinate {
        let NumbersVariable { dims, shape, attrs, access, .. } = self;
        let found = Coordinate { dims, shape, values, attrs, undecoded: None };
        if access == Access::Raw { found } else { found.decode_times(missing) }
    }

    fn read<A: StoredElement>(&mut self, packing: &Packing) -> Result<Vec<A>, SourceError> {
        let len = number_of_values(&self.shape, size_of::<A>())?;
        let mut values = vec![A::zeroed(); len];
        if len > 0 {
            let (start, shape) = (vec![0; self.shape.len()], &self.shape[..]);
            let decoding = Decoding::<A>::new(self.element, packing)?;
            let block = VariableBlock { start: &start, shape };
            let variable = &mut *self.variable;
            decoding.read(&mut values, &mut Vec::new(), block, |bytes| {
                variable.read(&start, shape, bytes)
            })?;
        }
        Ok(values)
    }
}

/// The number of values in a shape, if they are not too large for a coordinate.
pub(super) fn number_of_values(shape: &[usize], size: usize) -> Result<usize, SourceError> {
    let len = shape.iter().try_fold(1_usize, |len, &axis| len.checked_mul(axis));
    let is_good =
        |len: &usize| len.checked_mul(size).is_some_and(|bytes| bytes <= MOST_COORDINATE_BYTES);
    len.filter(is_good).ok_or_else(|| {
        format!(
            "its shape is {shape:?}, of {size} bytes each: a coordinate is read whole, and may have \
             1 GiB at most"
        )
        .into()
    })
}

/// Calls into a library, which may panic where a damaged file has it get an unexpected answer.
pub(super) fn guarded<T>(
    library: &str,
    call: impl FnOnce() -> Result<T, SourceError>,
) -> Result<T, SourceError> {
    panic::silently(call).unwrap_or_else(|message| {
        Err(format!("the {library} library met something unexpected ({message}): it is damaged")
            .into())
    })
}
