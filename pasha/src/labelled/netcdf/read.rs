//! Reading NetCDF: what a variable is, and blocks of it.

use std::fs;
use std::path::{Path, PathBuf};

use netcdf::types::{FloatType, IntType, NcVariableType};
use netcdf::{Extent, Variable};

use super::attributes::{BOOL, is_bool, own, packing};
use super::direct;
use super::quiet::keep_quiet;
use crate::error::{Error, Result, SourceError};
use crate::hdf5::probe::probe;
use crate::labelled::coordinate::{Coordinate, Values};
use crate::labelled::element::{Access, ElementType, Packing};
use crate::labelled::found::{self, Numbers, guarded};
use crate::labelled::labels::Labels;
use crate::labelled::stored::{Found, OpenVariable, StoredFile, absolute, refusal};
use crate::nearest::nearest;

const LIBRARY: &str = "netCDF";

/// A variable of a file that each worker opens.
struct NetcdfFile {
    path: PathBuf,
    variable: String,
    /// Why it is not read as the HDF5 that it is, where HDF5 says so.
    hindrance: Option<String>,
}

impl StoredFile for NetcdfFile {
    fn open(&self) -> Result<Box<dyn OpenVariable + '_>, SourceError> {
        let open =
            guarded(LIBRARY, || Open::new(&self.path, &self.variable, self.hindrance.clone()))?;
        Ok(Box::new(open))
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// An open file, and which of its variables is read.
struct Open {
    file: netcdf::File,
    variable: String,
    hindrance: Option<String>,
}

/// What the library says of a filter that it does not have (`NC_ENOFILTER` in netcdf.h).
const NO_FILTER: i32 = -136;

impl Open {
    fn new(path: &Path, variable: &str, hindrance: Option<String>) -> Result<Open, SourceError> {
        keep_quiet();
        let file = netcdf::open(path).map_err(|error| error.to_string())?;
        Ok(Open { file, variable: variable.to_owned(), hindrance })
    }

    fn variable(&self) -> Result<Variable<'_>, SourceError> {
        let variable = self.file.variable(&self.variable);
        variable.ok_or_else(|| format!("the variable {:?} is gone", self.variable).into())
    }
}

impl OpenVariable for Open {
    fn read(
        &mut self,
        start: &[usize],
        count: &[usize],
        into: &mut [u8],
    ) -> Result<(), SourceError> {
        guarded(LIBRARY, || {
            let block = start.iter().zip(count);
            let block: Vec<Extent> = block
                .map(|(&start, &count)| Extent::SliceCount { start, count, stride: 1 })
                .collect();
            let read = self.variable()?.get_raw_values_into(into, block);
            read.map_err(|error| {
                let why = match (&error, &self.hindrance) {
                    (netcdf::Error::Netcdf(NO_FILTER), hindrance) => format!(
                        "its elements are compressed with a filter that is not installed here{}; \
                         install the filter as a plugin of HDF5 (the environment variable \
                         HDF5_PLUGIN_PATH says where it lies), or write the variable with gzip",
                        hindrance.iter().map(|it| format!(" ({it})")).collect::<String>(),
                    ),
                    (_, Some(hindrance)) => hindrance.clone(),
                    (_, None) => "the file is damaged or truncated".to_owned(),
                };
                format!("{error}, at {start:?}: {why}").into()
            })
        })
    }
}

/// Opens a file and finds out what a variable is.
pub(super) fn find(path: &Path, name: &str, access: Access) -> Result<Found> {
    let path = &absolute(path)?;
    let opened = fs::File::open(path).and_then(|file| file.metadata());
    match opened {
        Ok(data) if data.is_file() => {}
        Ok(_) => {
            let source = std::io::ErrorKind::IsADirectory.into();
            return Err(Error::File { action: "open", path: path.to_owned(), source });
        }
        Err(source) => return Err(Error::File { action: "open", path: path.to_owned(), source }),
    }
    probe(LIBRARY, || describe(path, name, access))
        .and_then(|()| guarded(LIBRARY, || describe(path, name, access)))
        .map_err(|error| refusal(path, name, error.to_string()))
}

fn describe(path: &Path, name: &str, access: Access) -> Result<Found, SourceError> {
    keep_quiet();
    let file = netcdf::open(path)
        .map_err(|error| format!("it is no NetCDF file, or damaged or truncated ({error})"))?;
    // The library calls other names errors, where the crate panics.
    let is_name = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let Some(variable) = is_name.then(|| file.variable(name)).flatten() else {
        let names: Vec<String> = file.variables().map(|variable| variable.name()).collect();
        return Err(
            format!("there is none, {}", nearest(name, names.iter().map(String::as_str))).into()
        );
    };
    let stored = element_type(&variable)?;
    let dims: Vec<String> = variable.dimensions().iter().map(netcdf::Dimension::name).collect();
    let shape: Vec<usize> = variable.dimensions().iter().map(netcdf::Dimension::len).collect();
    let mut labels =
        Labels { name: Some(variable.name()), attrs: own(&variable, access), ..Labels::default() };
    labels.name_dims(dims.clone(), shape.len())?;
    let (element, packing) = match access {
        Access::Raw => (stored, Packing::default()),
        Access::Decoded if stored.size() == 1 && is_bool(&variable) => {
            labels.attrs.remove(BOOL.0);
            (ElementType::Bool, Packing::default())
        }
        Access::Decoded => (stored, packing(&variable)?),
    };
    let listed = variable.attribute_value("coordinates").and_then(|listed| listed.ok());
    let listed = listed.and_then(|listed| String::try_from(listed).ok()).unwrap_or_default();
    let chunk = variable.chunking().ok().flatten();
    for coordinate in dims.iter().map(String::as_str).chain(listed.split_whitespace()) {
        add_coordinate(path, &file, name, coordinate, access, &mut labels, &shape)
            .map_err(|reason| format!("its coordinate {coordinate:?}: {reason}"))?;
    }
    // HDF5 does not open a file that netCDF has open.
    drop(file);
    let file = direct::find(path, name, stored, &shape).unwrap_or_else(|hindrance| {
        let (path, variable) = (path.to_owned(), name.to_owned());
        Box::new(NetcdfFile { path, variable, hindrance })
    });
    Ok(Found { file, variable: name.to_owned(), shape, chunk, element, packing, labels })
}

/// Adds the coordinate of this name, if there is one that has one dimension.
fn add_coordinate(
    path: &Path,
    file: &netcdf::File,
    beside: &str,
    name: &str,
    access: Access,
    labels: &mut Labels,
    shape: &[usize],
) -> Result<(), SourceError> {
    let Some((place, variable)) = nearby(file, beside, name) else { return Ok(()) };
    let [dimension] = variable.dimensions() else { return Ok(()) };
    let (dim, len) = (dimension.name(), dimension.len());
    if !labels.dims().contains(&dim) || labels.coords().contains_key(name) {
        return Ok(());
    }
    let attrs = own(&variable, access);
    let coordinate = if variable.vartype() == NcVariableType::String {
        let texts: Result<Vec<String>, _> =
            (0..len).map(|index| variable.get_string([index])).collect();
        let values = Values::Text(texts.map_err(|error| error.to_string())?);
        Some(Coordinate { dim, values, attrs, undecoded: None })
    } else if let Ok(element) = element_type(&variable) {
        let packing = match access {
            Access::Decoded => packing(&variable)?,
            Access::Raw => Packing::default(),
        };
        let mut open = Open::new(path, &place, None)?;
        Numbers { variable: &mut open, len, element, packing, access }.coordinate(&dim, attrs)?
    } else {
        None
    };
    if let Some(coordinate) = coordinate {
        found::add(labels, name, coordinate, shape)?;
    }
    Ok(())
}

/// The variable of this name in the group of another, or in one of those around it.
fn nearby<'f>(file: &'f netcdf::File, beside: &str, name: &str) -> Option<(String, Variable<'f>)> {
    let mut group = beside;
    loop {
        group = group.rsplit_once('/').map_or("", |(group, _)| group);
        let place = if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") };
        if let Some(variable) = file.variable(&place) {
            return Some((place, variable));
        }
        if group.is_empty() {
            return None;
        }
    }
}

fn element_type(variable: &Variable<'_>) -> Result<ElementType, String> {
    Ok(match variable.vartype() {
        NcVariableType::Int(IntType::U8) => ElementType::U8,
        NcVariableType::Int(IntType::U16) => ElementType::U16,
        NcVariableType::Int(IntType::U32) => ElementType::U32,
        NcVariableType::Int(IntType::U64) => ElementType::U64,
        NcVariableType::Int(IntType::I8) => ElementType::I8,
        NcVariableType::Int(IntType::I16) => ElementType::I16,
        NcVariableType::Int(IntType::I32) => ElementType::I32,
        NcVariableType::Int(IntType::I64) => ElementType::I64,
        NcVariableType::Float(FloatType::F32) => ElementType::F32,
        NcVariableType::Float(FloatType::F64) => ElementType::F64,
        other => return Err(format!("its elements are no numbers, but {other:?}")),
    })
}
