//! NetCDF files: described by the netCDF library, read without it where that can be (`direct`).
//!
//! The library is not made for threads, so the crate has one lock for all calls, the same as that
//! of HDF5. A process is forked with it held (see `context/process/libraries.rs`).

mod attributes;
pub(crate) mod classic;
mod coordinates;
mod direct;
mod names;
mod quiet;
mod read;
mod strings;
mod texts;
mod variable;
mod write;

use std::path::Path;

use ndarray::Dimension;

use super::element::{Access, StoredElement};
use super::memory::DataArray;
use super::stored::StoredArray;
use crate::error::Result;

impl<A: StoredElement, D: Dimension> DataArray<A, D> {
    /// Opens a variable of a NetCDF file (NetCDF-4 or classic), without reading its elements.
    ///
    /// `variable` is a name, or a path through groups such as `detector/counts`. Its coordinates
    /// are the variables with its dimensions' names, and those that attributes `coordinates` list,
    /// as far as they lie along its dimensions.
    ///
    /// Attributes are kept that are numbers, texts, or lists of either; those of other types are
    /// left out.
    ///
    /// Bytes with an attribute `dtype: bool`, as xarray writes booleans, are read as `bool` or
    /// `u8`.
    ///
    /// The elements of a NetCDF-4 file are read, and decompressed, by all workers at the same time.
    /// Classic files, and variables with other filters than gzip, shuffle and fletcher32 or with
    /// more than about two thousand chunks, are read by the netCDF library, which can't be used by
    /// two threads at once: for those forked processes are faster.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file can't be opened;
    /// [`Error::Variable`](crate::Error::Variable) if there is no such variable (with the nearest
    /// names that there are), if it has elements of another type or another number of dimensions,
    /// or is damaged.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array3, ArrayView2, Ix3};
    /// use pasha::DataArray;
    ///
    /// /// Adds up a frame.
    /// #[pasha::kernel]
    /// fn total(frame: ArrayView2<u16>) -> u64 {
    ///     frame.iter().map(|&count| u64::from(count)).sum()
    /// }
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-doc-{}.nc", std::process::id()));
    /// DataArray::new(Array3::<u16>::ones((5, 4, 3)), ["time", "y", "x"])?
    ///     .with_coord("time", [0.0, 0.5, 1.0, 1.5, 2.0])?
    ///     .with_name("counts")
    ///     .to_netcdf(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_netcdf(&path, "counts")?;
    /// let along_x = frames.along("x")?;
    /// let totals = total::run_parallel(&along_x)?.into_labelled(&along_x)?;
    /// assert_eq!(totals.view(), ndarray::array![20, 20, 20]);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_netcdf(path: impl AsRef<Path>, variable: &str) -> Result<StoredArray<A, D>> {
        StoredArray::new(read::find(path.as_ref(), variable, Access::Decoded)?)
    }

    /// Opens a variable of a NetCDF file as the file has it: xarray's `mask_and_scale=False` and
    /// `decode_times=False`.
    ///
    /// The elements are those that are stored. All attributes are kept, `_FillValue`,
    /// `scale_factor` and `units` too, and coordinates are numbers as well. Everything else is as
    /// with [`from_netcdf`](DataArray::from_netcdf).
    ///
    /// # Errors
    /// As [`from_netcdf`](DataArray::from_netcdf).
    ///
    /// # Examples
    /// ```no_run
    /// use ndarray::Ix3;
    /// use pasha::DataArray;
    ///
    /// // Packed in 16 bits: two times faster to read than the numbers that they stand for.
    /// let packed = DataArray::<i16, Ix3>::from_netcdf_raw("era5.nc", "t2m")?;
    /// println!("{:?} {:?}", packed.attrs()["scale_factor"], packed.attrs()["_FillValue"]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn from_netcdf_raw(path: impl AsRef<Path>, variable: &str) -> Result<StoredArray<A, D>> {
        StoredArray::new(read::find(path.as_ref(), variable, Access::Raw)?)
    }

    /// Writes a NetCDF-4 file with the array, its coordinates and attributes, as xarray does.
    ///
    /// The variable has the array's [name](DataArray::with_name), or is called `data`. It lies in
    /// compressed chunks of about a megabyte. A file that exists is replaced when all is written.
    ///
    /// The attributes `_FillValue`, `missing_value`, `scale_factor`, `add_offset` and `_Unsigned`
    /// say what the elements stand for, also to who reads the file: they are written for elements
    /// that are packed, as [`from_netcdf_raw`](DataArray::from_netcdf_raw) reads them.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file can't be created;
    /// [`Error::Variable`](crate::Error::Variable) if the library refuses a name, an
    /// attribute or the elements.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix1;
    /// use pasha::DataArray;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-to-nc-{}.nc", std::process::id()));
    /// DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?
    ///     .with_coord("energy", [7000.0, 7000.5])?
    ///     .with_name("counts")
    ///     .to_netcdf(&path)?; // `xarray.open_dataset(path).counts`
    /// assert_eq!(DataArray::<f64, Ix1>::from_netcdf(&path, "counts")?.shape(), [2]);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn to_netcdf(&self, path: impl AsRef<Path>) -> Result<()> {
        write::write(self, path.as_ref())
    }
}
