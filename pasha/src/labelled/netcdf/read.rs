//! What a variable of a NetCDF file is, and who reads its elements.

use std::fs;
use std::path::Path;

use netcdf::Variable;

use super::attributes::{meaning, own};
use super::classic::ClassicHeader;
use super::direct::NotDirect;
use super::names::is_name;
use super::quiet::keep_quiet;
use super::variable::{LIBRARY, OpenNetcdf, element_type, explained, readable};
use super::{coordinates, direct};
use crate::error::{Error, Result, SourceError};
use crate::files::{OpenedFile, open_regular};
use crate::hdf5::guards::check_all_links;
use crate::hdf5::probe::probe;
use crate::labelled::element::Access;
use crate::labelled::found::guarded;
use crate::labelled::labels::Labels;
use crate::labelled::stored::{OpenedVariable, absolute, refusal};
use crate::labelled::variable::{OpenVariable, StoredFile};
use crate::nearest::nearest;

/// A variable of a file that each worker opens.
struct NetcdfFile {
    opened: OpenedFile,
    variable: String,
    /// Why it is not read as the HDF5 that it is, where HDF5 says so.
    hindrance: Option<String>,
}

impl StoredFile for NetcdfFile {
    fn open(&self) -> Result<Box<dyn OpenVariable + '_>, SourceError> {
        // Holds the file while the library opens it.
        let _file = self.opened.reopen()?;
        let path = self.opened.path();
        let open =
            guarded(LIBRARY, || OpenNetcdf::new(path, &self.variable, self.hindrance.clone()))?;
        Ok(Box::new(open))
    }

    fn path(&self) -> &Path {
        self.opened.path()
    }
}

/// Opens a file and finds out what a variable is.
pub(super) fn find(path: &Path, name: &str, access: Access) -> Result<OpenedVariable> {
    let path = &absolute(path)?;
    // A path from the root.
    let name = name.trim_start_matches('/');
    let opened = open_regular(path, fs::File::options().read(true));
    match opened.and_then(|file| file.metadata()) {
        Ok(data) if data.len() == 0 => {
            let reason = "the file is empty (0 bytes), and so no NetCDF file: what should have written it has not begun, or \
                          was stopped; write or copy it again";
            return Err(refusal(path, name, reason.to_owned()));
        }
        Ok(_) => {}
        Err(source) => return Err(Error::File { action: "open", path: path.to_owned(), source }),
    }
    let whole = || -> Result<(), SourceError> {
        ClassicHeader::read(path)?.map_or(Ok(()), |header| header.check(name))
    };
    whole().map_err(|error| refusal(path, name, error.to_string()))?;
    // Twice: what the first leaves behind of a damaged file may crash the second.
    let twice = || {
        let first = describe(path, name, access).map(drop);
        first.and(describe(path, name, access).map(drop))
    };
    probe(LIBRARY, twice)
        .and_then(|()| guarded(LIBRARY, || describe(path, name, access)))
        .map_err(|error| refusal(path, name, explained(error.to_string())))
}

/// The names of all variables, those in groups as paths.
fn names(file: &netcdf::File) -> Vec<String> {
    let mut names: Vec<String> = readable(file.variables()).iter().map(Variable::name).collect();
    for group in file.groups().into_iter().flatten() {
        add_names(&group, "", &mut names);
    }
    names
}

fn add_names(group: &netcdf::Group<'_>, around: &str, names: &mut Vec<String>) {
    let path = format!("{around}{}/", group.name());
    let variables = readable(group.variables());
    names.extend(variables.iter().map(|variable| format!("{path}{}", variable.name())));
    for inner in group.groups() {
        add_names(&inner, &path, names);
    }
}

fn describe(path: &Path, name: &str, access: Access) -> Result<OpenedVariable, SourceError> {
    keep_quiet();
    let opened = OpenedFile::new(path, &fs::metadata(path)?);
    check_all_links(path)?;
    let file = netcdf::open(path)
        .map_err(|error| format!("it is no NetCDF file, or damaged or truncated ({error})"))?;
    let Some(variable) = is_name(name).then(|| file.variable(name)).flatten() else {
        let names = names(&file);
        let names = names.iter().map(String::as_str);
        return Err(format!("there is no such variable, {}", nearest(name, names)).into());
    };
    let stored = element_type(&variable)?;
    let dims: Vec<String> = variable.dimensions().iter().map(netcdf::Dimension::name).collect();
    let shape: Vec<usize> = variable.dimensions().iter().map(netcdf::Dimension::len).collect();
    let mut labels =
        Labels { name: Some(variable.name()), attrs: own(&variable, access), ..Labels::default() };
    labels.name_stored_dims(dims, access)?;
    let (element, packing) = meaning(stored, &variable, &mut labels.attrs, access)?;
    let chunk = variable.chunking().ok().flatten();
    let skipped = coordinates::add(path, &file, &variable, name, access, &mut labels, &shape)?;
    let num_growing = variable.dimensions().iter().filter(|dim| dim.is_unlimited()).count();
    // HDF5 does not open a file that netCDF has open.
    drop(file);
    let file = match direct::find(path, name, stored, &shape, num_growing) {
        Ok(file) => file,
        Err(NotDirect::ByLibrary(hindrance)) => {
            Box::new(NetcdfFile { opened, variable: name.to_owned(), hindrance })
        }
        Err(NotDirect::Refused(reason)) => return Err(reason.into()),
    };
    Ok(OpenedVariable {
        file,
        variable: name.to_owned(),
        shape,
        chunk,
        element,
        packing,
        labels,
        skipped,
    })
}
