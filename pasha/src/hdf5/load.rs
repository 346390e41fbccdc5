//! What of a data set is read into memory at once: what all workers share, such as a mask.

use ndarray::{Array, ArrayD, ArrayViewD, Axis, Dimension, Ix0, Slice};

use super::dataset::Hdf5Dataset;
use super::element::Hdf5Element;
use super::reader::BandElementReader;
use crate::error::{Error, Hdf5Error, Result, SourceError};
use crate::memory::buffer::zeroed;

impl<A: Hdf5Element> Hdf5Dataset<A, Ix0> {
    /// Reads the one value of a data set without axes, or with axes of length 1.
    ///
    /// # Errors
    /// [`Error::Hdf5`] if it can't be read or does not fit into `A`.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix0;
    /// use pasha::Hdf5Dataset;
    ///
    /// # let name = format!("pasha-hdf5-value-{}.h5", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let file = hdf5_metno::File::create(&path)?;
    /// # file.new_dataset::<f32>().create("wavelength")?.write_scalar(&0.5)?;
    /// # file.close()?;
    /// let wavelength = Hdf5Dataset::<f64, Ix0>::open(&path, "wavelength")?.value()?;
    /// assert_eq!(wavelength, 0.5);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn value(&self) -> Result<A> {
        Ok(self.load()?.into_scalar())
    }
}

impl<A: Hdf5Element, D: Dimension> Hdf5Dataset<A, D> {
    /// Reads the indices that are selected, all by default, into memory: `(n, y, x)` for a data set
    /// `(n, y, x)`.
    ///
    /// It is for what all workers share, such as a pixel mask, and works in this thread alone.
    ///
    /// # Errors
    /// [`Error::Hdf5`] if the axis or an index is not there, elements can't be read or do not fit
    /// into `A`, or the memory can't be had.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix2;
    /// use pasha::Hdf5Dataset;
    ///
    /// # let name = format!("pasha-hdf5-load-{}.h5", std::process::id());
    /// # let path = std::env::temp_dir().join(name);
    /// # let file = hdf5_metno::File::create(&path)?;
    /// # let mask = ndarray::Array2::<u8>::ones((4, 3));
    /// # file.new_dataset_builder().with_data(&mask).create("pixel_mask")?;
    /// # file.close()?;
    /// let mask = Hdf5Dataset::<u32, Ix2>::open(&path, "pixel_mask")?.load()?; // (y, x)
    /// assert_eq!(mask.sum(), 12);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(&self) -> Result<Array<A, D>> {
        self.read_all().map_err(|reason| {
            // What readers say names the data set, as the error does.
            let (reason, named) = (reason.to_string(), self.stored.describe_failure(""));
            let reason = reason.strip_prefix(&named).unwrap_or(&reason).to_owned();
            let (path, dataset) = (self.path().to_owned(), self.name().to_owned());
            Error::Hdf5(Hdf5Error { path, dataset, reason })
        })
    }

    fn read_all(&self) -> Result<Array<A, D>, SourceError> {
        if self.shape().is_empty() {
            let value = vec![self.stored.value::<A>()?];
            return Ok(Array::from_shape_vec(self.dim.clone(), value)?);
        }
        let range = self.checked_range()?;
        let mut shape = self.shape().to_owned();
        shape[self.axis] = range.len();
        let elements = zeroed(shape.iter().product())?;
        let mut all = ArrayD::from_shape_vec(shape.clone(), elements)?;
        let mut bands = BandElementReader::<A>::new(&self.stored, self.axis)?;
        let axis = Axis(self.axis);
        let mut next = range.start;
        while next < range.end {
            let (band, held) = bands.band(next)?;
            let end = held.end.min(range.end);
            shape[self.axis] = held.len();
            let band = ArrayViewD::from_shape(&shape[..], band)?;
            let cut = |first: usize| Slice::from(next - first..end - first);
            all.slice_axis_mut(axis, cut(range.start))
                .assign(&band.slice_axis(axis, cut(held.start)));
            next = end;
        }
        let (elements, _) = all.into_raw_vec_and_offset();
        let mut dim = self.dim.clone();
        if dim.ndim() > 0 {
            dim[self.axis] = range.len();
        }
        Ok(Array::from_shape_vec(dim, elements)?)
    }
}
