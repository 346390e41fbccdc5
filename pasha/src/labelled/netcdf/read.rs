//! Reading NetCDF: what a variable is, and blocks of it.

use std::fs;
use std::path::{Path, PathBuf};

use netcdf::types::{EnumTypeValues, FloatType, IntType, NcVariableType};
use netcdf::{Extent, Variable};

use super::attributes::{meaning, own};
use super::quiet::keep_quiet;
use super::{coordinates, direct};
use crate::error::{Error, Result, SourceError};
use crate::hdf5::probe::probe;
use crate::labelled::element::{Access, ElementType};
use crate::labelled::found::guarded;
use crate::labelled::labels::Labels;
use crate::labelled::stored::{Found, absolute, refusal};
use crate::labelled::variable::{OpenVariable, StoredFile};
use crate::nearest::nearest;

pub(super) const LIBRARY: &str = "netCDF";

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
pub(super) struct Open {
    file: netcdf::File,
    variable: String,
    hindrance: Option<String>,
}

/// What the library says of a filter that it does not have (`NC_ENOFILTER` in netcdf.h).
const NO_FILTER: i32 = -136;

impl Open {
    pub(super) fn new(
        path: &Path,
        variable: &str,
        hindrance: Option<String>,
    ) -> Result<Open, SourceError> {
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
    let (element, packing) = meaning(stored, &variable, &mut labels.attrs, access)?;
    let chunk = variable.chunking().ok().flatten();
    let skipped = coordinates::add(path, &file, &variable, name, access, &mut labels, &shape)?;
    // HDF5 does not open a file that netCDF has open.
    drop(file);
    let file = direct::find(path, name, stored, &shape).unwrap_or_else(|hindrance| {
        let (path, variable) = (path.to_owned(), name.to_owned());
        Box::new(NetcdfFile { path, variable, hindrance })
    });
    Ok(Found { file, variable: name.to_owned(), shape, chunk, element, packing, labels, skipped })
}

/// The type of a variable's elements; of an enumeration that of its numbers.
pub(super) fn element_type(variable: &Variable<'_>) -> Result<ElementType, String> {
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
        NcVariableType::Enum(found) => match found.fieldvalues {
            EnumTypeValues::U8(_) => ElementType::U8,
            EnumTypeValues::U16(_) => ElementType::U16,
            EnumTypeValues::U32(_) => ElementType::U32,
            EnumTypeValues::U64(_) => ElementType::U64,
            EnumTypeValues::I8(_) => ElementType::I8,
            EnumTypeValues::I16(_) => ElementType::I16,
            EnumTypeValues::I32(_) => ElementType::I32,
            EnumTypeValues::I64(_) => ElementType::I64,
        },
        other => return Err(format!("its elements are no numbers, but {other:?}")),
    })
}
