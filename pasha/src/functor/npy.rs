//! NumPy files as functors: memory-mapped, nothing is copied.

use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use ndarray::{ArrayView, Dimension, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn, RemoveAxis};
use ndarray_npy::{ViewElement, ViewNpyError, ViewNpyExt};

use super::axis::{AsView, SubViewReader};
use super::slice::ElementReader;
use super::{Functor, NaturalItem};
use crate::error::{Error, Result, SourceError};
use crate::memory::mapped;
use crate::param::{ByRef, ByValue, ItemShape, SubView};

/// A `.npy` file of elements `A` with dimension `D`, mapped into memory.
///
/// Mapped over, its items are those of an array along axis 0: for `(n, y, x)` the sub-views
/// `(y, x)`. Pages are read when they are touched, by the worker that touches them, and shared
/// with all processes; nothing is copied.
///
/// While it is open, nobody may shorten or overwrite the file: reading beyond a new end would
/// kill the reader (SIGBUS), and values would change under a running kernel.
///
/// # Examples
/// ```
/// use ndarray::{Array3, ArrayView2, Ix3};
/// use pasha::NpyFile;
///
/// /// Adds up a frame.
/// #[pasha::kernel]
/// fn total(frame: ArrayView2<u16>) -> u64 {
///     frame.iter().map(|&count| u64::from(count)).sum()
/// }
///
/// # let path = std::env::temp_dir().join(format!("pasha-npy-doc-{}.npy", std::process::id()));
/// ndarray_npy::write_npy(&path, &Array3::<u16>::ones((5, 4, 3)))?;
/// let frames = NpyFile::<u16, Ix3>::open(&path)?;
/// assert_eq!(total::run_parallel(&frames)?, ndarray::array![12, 12, 12, 12, 12]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NpyFile<A, D> {
    path: PathBuf,
    map: Mmap,
    /// Bytes before the first element.
    offset: usize,
    dim: D,
    element: PhantomData<A>,
}

impl<A: ViewElement, D: Dimension> NpyFile<A, D> {
    /// Opens and checks a file.
    ///
    /// # Errors
    /// [`Error::File`] if it can't be opened or mapped; [`Error::Npy`] if it is no `.npy` file,
    /// holds elements of another type or byte order, has another number of axes, lies in Fortran order, or is
    /// shorter or longer than its header says. The message names the file, both values and what
    /// to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let failed = |action| {
            let path = path.clone();
            move |source: io::Error| Error::File { action, path, source }
        };
        let file = File::open(&path).map_err(failed("open"))?;
        // SAFETY: the file is mapped read-only. That nobody changes it meanwhile is what the
        // documentation of the type asks of the user, as every memory map does.
        let map = unsafe { Mmap::map(&file) }.map_err(failed("map"))?;
        let refused = |reason| Error::Npy { path: path.clone(), reason };
        let view =
            ArrayView::<A, D>::view_npy(&map).map_err(|error| refused(explain::<A, D>(&error)))?;
        if !view.is_standard_layout() {
            return Err(refused(
                "it is stored in Fortran order, which scatters each item of axis 0 over the whole \
                 file; save it with np.save(path, np.ascontiguousarray(array))"
                    .to_owned(),
            ));
        }
        let dim = view.raw_dim();
        let offset = map.len() - view.len() * size_of::<A>();
        Ok(NpyFile { path, map, offset, dim, element: PhantomData })
    }

    /// A view of the whole file.
    pub fn view(&self) -> ArrayView<'_, A, D> {
        let elements = self.map[self.offset..].as_ptr().cast::<A>();
        // SAFETY: `open` had ndarray-npy check that valid, aligned elements of this type and
        // shape lie here in C order, and the map lives and stays unchanged as long as `self`.
        unsafe { ArrayView::from_shape_ptr(self.dim.clone(), elements) }
    }

    /// The shape of the array in the file, one length per axis.
    pub fn shape(&self) -> &[usize] {
        self.dim.slice()
    }
}

impl<A, D> NpyFile<A, D> {
    /// The file's path, as it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn announce_all(&self) {
        let part = self.offset..self.map.len();
        let used = part.len();
        mapped::announce(&self.map, part, used);
    }
}

/// Says what is wrong with a file in terms of what the caller asked for.
fn explain<A, D: Dimension>(error: &ViewNpyError) -> String {
    let element = std::any::type_name::<A>();
    match error {
        ViewNpyError::ParseHeader(error) => format!(
            "it is not a .npy file, or of a kind that is not known ({error}); make one with np.save(path, array)"
        ),
        ViewNpyError::WrongNdim(_, found) => {
            let axes = |n: usize| format!("{n} ax{}", if n == 1 { "is" } else { "es" });
            let asked = D::NDIM.map_or("another number of axes".to_owned(), axes);
            format!(
                "it has {}, but {asked} were asked for; open it as NpyFile::<{element}, Ix{found}>",
                axes(*found)
            )
        }
        ViewNpyError::WrongDescriptor(found) => format!(
            "its elements are of NumPy type {found}, but {element} was asked for; open it with the matching type, or save array.astype(…)"
        ),
        ViewNpyError::NonNativeEndian => "its bytes are in the other order than this machine's; \
             save array.astype(array.dtype.newbyteorder('='))"
            .to_owned(),
        ViewNpyError::MissingBytes(bytes) => {
            format!("it is truncated: {bytes} bytes of those that its header announces are missing")
        }
        ViewNpyError::ExtraBytes(bytes) => {
            format!("it has {bytes} bytes more than its header announces")
        }
        other => other.to_string(),
    }
}

impl<A, D: std::fmt::Debug> std::fmt::Debug for NpyFile<A, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NpyFile")
            .field("path", &self.path)
            .field("dim", &self.dim)
            .field("element", &std::any::type_name::<A>())
            .finish()
    }
}

impl<A: ViewElement + 'static, D: Dimension> AsView for NpyFile<A, D> {
    type Elem = A;
    type Dim = D;

    fn as_view(&self) -> ArrayView<'_, A, D> {
        self.view()
    }
}

impl<A: ViewElement + Sync + 'static, D: RemoveAxis<Smaller: 'static>>
    Functor<SubView<A, D::Smaller>> for NpyFile<A, D>
{
    type Reader<'f>
        = SubViewReader<'f, A, D>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        Ok(SubViewReader::along_first_axis(self.view()))
    }

    fn item_shape(&self) -> Option<ItemShape<D::Smaller>> {
        self.view().item_shape()
    }

    fn check(&self) -> Result<(), SourceError> {
        Functor::<SubView<A, D::Smaller>>::check(&self.view())
    }

    fn announce(&self) {
        self.announce_all();
    }
}

macro_rules! npy_elements {
    ($($kind:ident)+) => {$(
        impl<A: ViewElement + Copy + Sync + 'static> Functor<$kind<A>> for NpyFile<A, Ix1> {
            type Reader<'f> = ElementReader<'f, A>;

            fn num_items(&self) -> usize {
                self.dim[0]
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                Ok(ElementReader::of_view(self.view()))
            }

            fn announce(&self) {
                self.announce_all();
            }
        }
    )+};
}
npy_elements!(ByValue ByRef);

impl<A: ViewElement + Copy + Sync + 'static> NaturalItem for &NpyFile<A, Ix1> {
    type Param = ByRef<A>;
}

macro_rules! natural_sub_view {
    ($($dim:ident)+) => {$(
        impl<A: ViewElement + Sync + 'static> NaturalItem for &NpyFile<A, $dim> {
            type Param = SubView<A, <$dim as Dimension>::Smaller>;
        }
    )+};
}
natural_sub_view!(Ix2 Ix3 Ix4 Ix5 Ix6 IxDyn);
