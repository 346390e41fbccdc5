//! Arguments that are data sets of HDF5 files: `("run.h5", "entry/data")`, or as h5py opens them.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;

use super::argument::{Argument, CallError};

/// Where a data set is.
#[derive(Debug)]
pub struct DatasetPlace {
    path: PathBuf,
    name: String,
}

impl DatasetPlace {
    /// The data set that an argument stands for, if it is one.
    ///
    /// # Errors
    /// If h5py has its file open for writing, so that its elements may not be there yet.
    pub(crate) fn of(argument: Argument<'_, '_>) -> Result<Option<Self>, CallError> {
        if let Ok((path, name)) = argument.value.extract::<(PathBuf, String)>() {
            return Ok(Some(DatasetPlace { path, name }));
        }
        if argument.type_name() != "h5py._hl.dataset.Dataset" {
            return Ok(None);
        }
        let file = argument.value.getattr("file").map_err(|_| {
            argument.wrong_value("it is a data set of h5py's whose file is closed: open it again")
        })?;
        let driver: String = file.getattr("driver")?.extract()?;
        if driver != "sec2" {
            return Err(argument.wrong_value(&format!(
                "its file is opened by the driver {driver:?} of h5py and can't be opened by another: \
                 give an array, `{}[...]`",
                argument.name
            )));
        }
        let mode: String = file.getattr("mode")?.extract()?;
        let (path, name) = (file.getattr("filename")?, argument.value.getattr("name")?);
        let place = DatasetPlace { path: path.extract()?, name: name.extract()? };
        if !is_file_at(&file, &place.path)? {
            return Err(argument.wrong_value(&format!(
                "{} is not the file that h5py has open: it was replaced or moved, or the program has \
                 changed its folder; open it again",
                place.path.display()
            )));
        }
        if mode != "r" {
            return Err(argument.wrong_value(&format!(
                "its file {} is open for writing, and what was written may not be there yet: open \
                 it with the mode 'r', or close it and give `({:?}, {:?})`",
                place.path.display(),
                place.path,
                place.name
            )));
        }
        Ok(Some(place))
    }
}

/// Whether the file that h5py has open is the one at a path.
fn is_file_at(file: &Bound<'_, PyAny>, path: &Path) -> PyResult<bool> {
    let os = file.py().import("os")?;
    let handle = file.getattr("id")?.call_method0("get_vfd_handle")?;
    let Ok(there) = os.call_method1("stat", (path,)) else { return Ok(false) };
    let opened = os.call_method1("fstat", (handle,))?;
    for number in ["st_dev", "st_ino"] {
        if !opened.getattr(number)?.eq(there.getattr(number)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(not(feature = "hdf5"))]
impl DatasetPlace {
    /// Says that data sets are not read.
    pub(crate) fn refused(&self, argument: Argument<'_, '_>) -> CallError {
        argument.wrong_type(&format!(
            "it is the data set {:?} of {}, which this module can't read: build it with the feature \
             `hdf5` of pasha, or give an array",
            self.name,
            self.path.display()
        ))
    }
}

#[cfg(feature = "hdf5")]
mod opened {
    use ndarray::Dimension;

    use super::{Argument, CallError, DatasetPlace};
    use crate::hdf5::any::AnyDataset;
    use crate::hdf5::{Hdf5Dataset, Hdf5Element};
    use crate::python::errors;

    impl DatasetPlace {
        /// Opens it; `wanted` is what NumPy calls the elements that the kernel takes.
        ///
        /// # Errors
        /// [`CallError::Dtype`] if its elements are others; else what is wrong with it.
        pub(crate) fn open<A: Hdf5Element, D: Dimension>(
            &self,
            argument: Argument<'_, '_>,
            wanted: &'static str,
        ) -> Result<Hdf5Dataset<A, D>, CallError> {
            let py = argument.value.py();
            let found = AnyDataset::open(&self.path, self.name.trim_start_matches('/'))
                .map_err(|error| errors::of_argument(py, argument.name, error))?;
            let (shape, element) = (found.shape().to_vec(), numpy_name(found.element()));
            if element != wanted {
                let advice = format!("give an array, `dataset.astype('{wanted}')[...]` of h5py's");
                return Err(argument.wrong_elements(element.to_owned(), wanted, advice));
            }
            found.of().ok_or_else(|| argument.wrong_axes(&shape, D::NDIM))
        }
    }

    /// What NumPy calls an element.
    fn numpy_name(element: &'static str) -> &'static str {
        match element {
            "u8" => "uint8",
            "u16" => "uint16",
            "u32" => "uint32",
            "u64" => "uint64",
            "i8" => "int8",
            "i16" => "int16",
            "i32" => "int32",
            "i64" => "int64",
            "f16" => "float16",
            "f32" => "float32",
            "f64" => "float64",
            "Complex<f32>" => "complex64",
            "Complex<f64>" => "complex128",
            other => other,
        }
    }
}

#[cfg(feature = "hdf5")]
mod rows {
    use std::ops::Range;

    use ndarray::{ArrayView, RemoveAxis};

    use crate::error::SourceError;
    use crate::functor::{Functor, Read};
    use crate::hdf5::{Hdf5Dataset, Hdf5Element};
    use crate::param::{ItemShape, SubView};
    use crate::python::stored_rows::{StoredRows, StoredRowsReader};

    impl<A: Hdf5Element, D: RemoveAxis<Smaller: 'static> + 'static> StoredRows<A, D>
        for Hdf5Dataset<A, D>
    {
        fn num_elements(&self) -> usize {
            self.shape().iter().product()
        }

        fn num_items(&self) -> usize {
            Functor::<SubView<A, D::Smaller>>::num_items(self)
        }

        fn reader(&self) -> Result<Box<dyn StoredRowsReader<A, D> + '_>, SourceError> {
            let reader = Functor::<SubView<A, D::Smaller>>::reader(self)?;
            Ok(Box::new(ReaderOf(reader)))
        }

        fn item_shape(&self) -> Option<ItemShape<D::Smaller>> {
            Functor::<SubView<A, D::Smaller>>::item_shape(self)
        }

        fn items_together(&self) -> usize {
            Functor::<SubView<A, D::Smaller>>::items_together(self)
        }

        fn announce(&self) {
            Functor::<SubView<A, D::Smaller>>::announce(self);
        }
    }

    /// A reader of a data set's items.
    struct ReaderOf<R>(R);

    impl<A: 'static, D: RemoveAxis<Smaller: 'static>, R> StoredRowsReader<A, D> for ReaderOf<R>
    where
        R: Read<SubView<A, D::Smaller>, Error = SourceError>,
    {
        fn begin(&mut self, share: Range<usize>) {
            self.0.begin(share);
        }

        fn read(&mut self, index: usize) -> Result<ArrayView<'_, A, D::Smaller>, SourceError> {
            self.0.read(index)
        }
    }
}
