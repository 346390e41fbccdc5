//! Variables as the netCDF library opens and reads them.

use std::path::Path;

use netcdf::types::{EnumTypeValues, FloatType, IntType, NcVariableType};
use netcdf::{Extent, Variable};

use super::quiet::keep_quiet;
use crate::error::SourceError;
use crate::labelled::element::ElementType;
use crate::labelled::found::guarded;
use crate::labelled::variable::OpenVariable;

/// The library's name, for messages.
pub(super) const LIBRARY: &str = "netCDF";

/// An open file, and which of its variables is read.
pub(super) struct OpenNetcdf {
    file: netcdf::File,
    variable: String,
    hindrance: Option<String>,
}

/// What the library says of a filter that it does not have (`NC_ENOFILTER` in netcdf.h).
const NO_FILTER: i32 = -136;

impl OpenNetcdf {
    pub(super) fn new(
        path: &Path,
        variable: &str,
        hindrance: Option<String>,
    ) -> Result<OpenNetcdf, SourceError> {
        keep_quiet();
        let file = netcdf::open(path).map_err(|error| error.to_string())?;
        Ok(OpenNetcdf { file, variable: variable.to_owned(), hindrance })
    }

    fn variable(&self) -> Result<Variable<'_>, SourceError> {
        let variable = self.file.variable(&self.variable);
        variable.ok_or_else(|| format!("the variable {:?} is gone", self.variable).into())
    }
}

impl OpenVariable for OpenNetcdf {
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
        other => {
            let (what, advice) = match other {
                NcVariableType::String | NcVariableType::Char => {
                    ("texts".to_owned(), "they are read where they are a coordinate of another")
                }
                NcVariableType::Compound(found) => (
                    format!("records, {:?}", found.name),
                    "write each field as a variable of its own",
                ),
                NcVariableType::Vlen(_) => (
                    "lists of any length".to_owned(),
                    "write all values as one variable, and the lengths as another",
                ),
                _ => ("bytes without a type".to_owned(), "write them as u8"),
            };
            return Err(format!("its elements are no numbers, but {what}: {advice}"));
        }
    })
}

/// Says what it is about where the library reads none of a variable's attributes.
pub(super) fn explained(reason: String) -> String {
    // NC_EATTMETA, with which the crate panics.
    if !reason.contains("Netcdf(-107)") {
        return reason;
    }
    "one of its attributes, or of the file's, is of a kind that netCDF does not have, such as one \
     of several dimensions, and then the netCDF library reads none of them; write the file anew, as \
     xarray.open_dataset(path, engine=\"h5netcdf\").to_netcdf(another) does, without such attributes"
        .to_owned()
}

/// Of these variables those that the library can open: it panics at one with an attribute of a kind
/// that it does not have.
pub(super) fn readable<T>(mut variables: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::new();
    loop {
        let left = variables.size_hint();
        match guarded(LIBRARY, || Ok(variables.next())) {
            Ok(Some(variable)) => all.push(variable),
            Ok(None) => return all,
            // So that it ends whatever a panic leaves behind.
            Err(_) if variables.size_hint() == left => return all,
            Err(_) => {}
        }
    }
}
