//! What an array of a Zarr store is, with its coordinates.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::array::{LIBRARY, OpenZarr, chunk_shape, dims, open, shape_of};
use super::attributes::{attribute, fill_value, meaning, own};
use super::coordinates;
use super::element_type::element_type;
use super::folders::{arrays, document, is_array};
use crate::error::{Error, Result, SourceError};
use crate::files::OpenedFile;
use crate::labelled::element::Access;
use crate::labelled::found::guarded;
use crate::labelled::labels::Labels;
use crate::labelled::stored::{OpenedVariable, absolute, refusal};
use crate::labelled::variable::{OpenVariable, StoredFile};
use crate::nearest::nearest;

/// An array of a store that each worker opens.
struct ZarrArray {
    path: PathBuf,
    variable: String,
    /// The document with its metadata.
    metadata: OpenedFile,
}

impl StoredFile for ZarrArray {
    fn open(&self) -> Result<Box<dyn OpenVariable + '_>, SourceError> {
        // Another array may lie in its place, whose chunks would be taken for those of this one.
        let _document = self.metadata.reopen()?;
        let array = guarded(LIBRARY, || Ok(open(&self.path, &self.variable)?))?;
        Ok(Box::new(OpenZarr::new(array)))
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// Opens a store and finds out what an array is.
pub(super) fn find(path: &Path, name: &str, access: Access) -> Result<OpenedVariable> {
    let path = &absolute(path)?;
    let failed = |source| Error::File { action: "open", path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    guarded(LIBRARY, || describe(path, name, access))
        .map_err(|error| refusal(path, name, error.to_string()))
}

fn describe(path: &Path, name: &str, access: Access) -> Result<OpenedVariable, SourceError> {
    let place = name.trim_matches('/');
    let is_place = !place.split('/').any(|part| matches!(part, "." | ".."));
    if !is_place || !is_array(&path.join(place)) {
        let names = arrays(path);
        let names = nearest(name, names.iter().map(String::as_str));
        return Err(format!("there is no such array, {names}").into());
    }
    let document = document(&path.join(place));
    let metadata = OpenedFile::new(&document, &fs::metadata(&document)?);
    let array = open(path, place)?;
    let stored = element_type(&array)?;
    let shape = shape_of(&array)?;
    let dims = dims(&array)?;
    let last = place.rsplit('/').next().filter(|last| !last.is_empty());
    let mut attrs = own(array.attributes(), access);
    let (element, packing) = meaning(stored, &array, &mut attrs, access)?;
    if access == Access::Raw
        && let Some((fill, _)) = fill_value(array.metadata()).and_then(attribute)
    {
        attrs.entry("_FillValue".to_owned()).or_insert(fill);
    }
    let mut labels = Labels { name: last.map(str::to_owned), attrs, ..Labels::default() };
    labels.name_stored_dims(dims, access)?;
    let chunk = chunk_shape(&array)?;
    let skipped = coordinates::add(path, &array, place, access, &mut labels, &shape)?;
    let file = ZarrArray { path: path.to_owned(), variable: place.to_owned(), metadata };
    let (file, variable) = (Box::new(file), name.to_owned());
    Ok(OpenedVariable { file, variable, shape, chunk, element, packing, labels, skipped })
}
