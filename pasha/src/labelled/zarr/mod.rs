//! Zarr stores in folders, through the `zarrs` crate.
//!
//! Nothing of the crate is held open between reads, and each worker has a store object of its own,
//! so no lock is shared across a fork. All reading is done on the calling thread: the map is what
//! is parallel.

mod array;
mod attributes;
mod codecs;
mod coordinates;
mod element_type;
mod files;
mod folders;
mod json;
mod metadata;
mod read;
mod texts;
mod whole_chunks;
mod write;

use std::path::Path;

use ndarray::Dimension;

use super::element::{Access, ElementType, StoredElement};
use super::memory::DataArray;
use super::stored::StoredArray;
use crate::error::Result;

impl<A: StoredElement, D: Dimension> DataArray<A, D> {
    /// Opens an array of a Zarr store (format 2 or 3, sharded too), without reading its elements.
    ///
    /// `path` is the folder of a group as xarray writes it, and `variable` the name of an array in
    /// it, or a path through groups. Its coordinates are the arrays with its dimensions' names, and
    /// those that attributes `coordinates` list, as far as they lie along its dimensions.
    ///
    /// Arrays of any program that writes Zarr are read: those whose dimensions have no names call
    /// them `dim_0`, `dim_1`, … as of an array at the root of a store, whose `variable` is `""`.
    /// Chunks may be compressed with blosc, zstd, gzip, zlib, bz2 and LZ4, and filtered with
    /// shuffle and delta; elements may be big-endian and in Fortran order. Half-precision numbers
    /// are read as `half::f16`, `f32` or `f64`; booleans as `bool` or `u8`.
    ///
    /// As with xarray, the fill value of an array of format 2 means what is missing, if its
    /// dimensions have names. Not so a fill value of 0, which zarr-python writes when nobody asks
    /// for one, unless integers are scaled or read as floats.
    ///
    /// Attributes are kept that are numbers, texts, or lists of either; others, such as `true` and
    /// nested lists, are left out. Those that are one of the texts `NaN`, `Infinity` and
    /// `-Infinity` are read as numbers, as the fill values of the format are; so are those that
    /// Python writes without quotes.
    ///
    /// A chunk that is not there holds the fill value throughout, so the loss of a chunk's file
    /// can't be noticed.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the folder can't be opened;
    /// [`Error::Variable`](crate::Error::Variable) if there is no such array (with the nearest
    /// names that there are), if it has elements of another type, another number of dimensions or a
    /// codec that is not known, or is damaged.
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
    /// # let path = std::env::temp_dir().join(format!("pasha-doc-{}.zarr", std::process::id()));
    /// DataArray::new(Array3::<u16>::ones((5, 4, 3)), ["time", "y", "x"])?
    ///     .with_coord("time", [0.0, 0.5, 1.0, 1.5, 2.0])?
    ///     .with_name("counts")
    ///     .to_zarr(&path)?;
    /// let frames = DataArray::<u16, Ix3>::from_zarr(&path, "counts")?;
    /// let along_time = frames.along("time")?;
    /// let totals = total::run_parallel(&along_time)?.into_labelled(&along_time)?;
    /// assert_eq!(totals.view(), ndarray::array![12, 12, 12, 12, 12]);
    /// # std::fs::remove_dir_all(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_zarr(path: impl AsRef<Path>, variable: &str) -> Result<StoredArray<A, D>> {
        StoredArray::new(read::find(path.as_ref(), variable, Access::Decoded)?)
    }

    /// Opens an array of a Zarr store as the store has it: xarray's `mask_and_scale=False` and
    /// `decode_times=False`.
    ///
    /// The elements are those that are stored, and the bytes of booleans may be read as `u8`,
    /// whatever they are. All attributes are kept, `_FillValue`, `scale_factor` and `units` too,
    /// and coordinates are numbers as well. Everything else is as with
    /// [`from_zarr`](DataArray::from_zarr).
    ///
    /// # Errors
    /// As [`from_zarr`](DataArray::from_zarr).
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix1;
    /// use pasha::DataArray;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-raw-{}.zarr", std::process::id()));
    /// # DataArray::new(ndarray::array![100_i16, 200], ["time"])?
    /// #     .with_attr("note", "packed")
    /// #     .with_name("t2m")
    /// #     .to_zarr(&path)?;
    /// // The integers that are stored, not the temperatures that they stand for.
    /// let packed = DataArray::<i16, Ix1>::from_zarr_raw(&path, "t2m")?;
    /// assert_eq!(packed.load()?.view(), ndarray::array![100, 200]);
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn from_zarr_raw(path: impl AsRef<Path>, variable: &str) -> Result<StoredArray<A, D>> {
        let mut found = read::find(path.as_ref(), variable, Access::Raw)?;
        // The bytes of booleans, whatever they are.
        if (found.element, A::TYPE) == (ElementType::Bool, ElementType::U8) {
            found.element = ElementType::U8;
        }
        StoredArray::new(found)
    }

    /// Writes a Zarr store (format 3) with the array, its coordinates and attributes, as xarray
    /// does.
    ///
    /// The variable has the array's [name](DataArray::with_name), or is called `data`. It lies in
    /// chunks of about a megabyte, compressed with zstd and with checksums. A store that exists is
    /// replaced when all is written; a folder that is no Zarr store is not touched.
    ///
    /// The attributes `_FillValue`, `missing_value`, `scale_factor`, `add_offset` and `_Unsigned`
    /// say what the elements stand for, also to who reads the file: they are written for elements
    /// that are packed, as [`from_zarr_raw`](DataArray::from_zarr_raw) reads them.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the folder can't be created;
    /// [`Error::Variable`](crate::Error::Variable) if a name can't be that of an array,
    /// or an attribute can't say what it says in a file.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix1;
    /// use pasha::DataArray;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-to-{}.zarr", std::process::id()));
    /// DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?
    ///     .with_coord("energy", [7000.0, 7000.5])?
    ///     .with_name("counts")
    ///     .to_zarr(&path)?; // `xarray.open_zarr(path).counts`
    /// assert_eq!(DataArray::<f64, Ix1>::from_zarr(&path, "counts")?.shape(), [2]);
    /// # std::fs::remove_dir_all(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn to_zarr(&self, path: impl AsRef<Path>) -> Result<()> {
        write::write(self, path.as_ref())
    }
}
