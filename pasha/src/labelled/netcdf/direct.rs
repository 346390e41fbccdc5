//! NetCDF-4 variables as what they are in the file: data sets of HDF5, read and decompressed by
//! each worker without a lock.

use std::path::{Path, PathBuf};

use bytemuck::Pod;

use crate::error::SourceError;
use crate::hdf5::Hdf5Element;
use crate::hdf5::blocks::{DecompressedBlocks, DecompressedReader};
use crate::labelled::element::ElementType;
use crate::labelled::variable::{OpenVariable, StoredFile};

/// What netCDF puts before the name of a variable that is called as a dimension is, but is not its
/// coordinate (`NON_COORD_PREPEND` in its sources).
const NO_COORDINATE: &str = "_nc4_non_coord_";

/// A variable's elements in the file.
struct Direct<A> {
    path: PathBuf,
    blocks: DecompressedBlocks<A>,
}

impl<A: Hdf5Element + Pod> StoredFile for Direct<A> {
    fn open(&self) -> Result<Box<dyn OpenVariable + '_>, SourceError> {
        Ok(Box::new(self.blocks.reader()))
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl<A: Hdf5Element + Pod> OpenVariable for DecompressedReader<'_, A> {
    fn read(
        &mut self,
        start: &[usize],
        count: &[usize],
        into: &mut [u8],
    ) -> Result<(), SourceError> {
        DecompressedReader::read(self, start, count, into)
    }
}

/// Why a variable is not read without the netCDF library.
pub(super) enum NotDirect {
    /// The library is to read it; with why HDF5 itself can't, where it says so.
    ByLibrary(Option<String>),
    /// The library would read it wrongly.
    Refused(String),
}

/// The elements of a variable, if they can be read without the netCDF library.
pub(super) fn find(
    path: &Path,
    variable: &str,
    element: ElementType,
    shape: &[usize],
    num_growing: usize,
) -> Result<Box<dyn StoredFile>, NotDirect> {
    // No other thread is to open the file by way of netCDF meanwhile.
    hdf5_metno::sync::sync(|| match element {
        ElementType::U8 => find_as::<u8>(path, variable, shape, num_growing),
        ElementType::U16 => find_as::<u16>(path, variable, shape, num_growing),
        ElementType::U32 => find_as::<u32>(path, variable, shape, num_growing),
        ElementType::U64 => find_as::<u64>(path, variable, shape, num_growing),
        ElementType::I8 => find_as::<i8>(path, variable, shape, num_growing),
        ElementType::I16 => find_as::<i16>(path, variable, shape, num_growing),
        ElementType::I32 => find_as::<i32>(path, variable, shape, num_growing),
        ElementType::I64 => find_as::<i64>(path, variable, shape, num_growing),
        ElementType::F32 => find_as::<f32>(path, variable, shape, num_growing),
        ElementType::F64 => find_as::<f64>(path, variable, shape, num_growing),
        // NetCDF has no such elements.
        ElementType::F16 | ElementType::Bool => Err(NotDirect::ByLibrary(None)),
    })
}

fn find_as<A: Hdf5Element + Pod>(
    path: &Path,
    variable: &str,
    shape: &[usize],
    num_growing: usize,
) -> Result<Box<dyn StoredFile>, NotDirect> {
    // A single value is not read by blocks.
    if shape.is_empty() {
        return Err(NotDirect::ByLibrary(None));
    }
    let (group, name) = variable.rsplit_once('/').unwrap_or(("", variable));
    let other_name = format!("{group}/{NO_COORDINATE}{name}");
    let open = |name: &str| DecompressedBlocks::<A>::open(path, name);
    let blocks = match open(&other_name) {
        Ok(Some(blocks)) => blocks,
        _ => open(variable)
            .map_err(|error| NotDirect::ByLibrary(Some(error.to_string())))?
            .ok_or(NotDirect::ByLibrary(None))?,
    };
    // Another variable has more along a dimension that can grow. The library fills what is missing
    // where there is one such dimension; where there are several it gives zeros, and elements from
    // other places.
    if blocks.shape() != shape && num_growing > 1 {
        return Err(NotDirect::Refused(format!(
            "its elements have the shape {:?}, and its dimensions, of which {num_growing} can grow, \
             {shape:?}, which the netCDF library would fill with elements from other places; write \
             it with all its elements, as \
             xarray.open_dataset(path, engine=\"h5netcdf\").to_netcdf(another) does",
            blocks.shape()
        )));
    }
    let path = path.to_owned();
    let same = (blocks.shape() == shape)
        .then(|| -> Box<dyn StoredFile> { Box::new(Direct { path, blocks }) });
    same.ok_or(NotDirect::ByLibrary(None))
}
