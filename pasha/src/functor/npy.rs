//! NumPy files as functors: memory-mapped, nothing is copied.

use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use memmap2::Mmap;
use ndarray::{
    ArrayView, Dimension, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn, RemoveAxis, ShapeBuilder,
};

use super::axis::{AsView, MappedFile, SubViewReader};
use super::slice::ElementReader;
use super::{Functor, NaturalItem};
use crate::array::bytes_of_shape;
use crate::error::{Error, NpyError, Result, SourceError, describe};
use crate::files::{ClaimError, OpenedFile, ReadLock, open_regular};
use crate::memory::{Mapping, Memory, Pages, mapped};
use crate::npy::{self, ElementFit, Header, NpyElement};
use crate::param::{ByRef, ByValue, ItemShape, SubView};

/// A `.npy` file of elements `A` with dimension `D`, mapped into memory.
///
/// Mapped over, its items are those of an array along axis 0: for `(n, y, x)` the sub-views
/// `(y, x)`. Pages are read when they are touched, by the worker that touches them, and shared
/// with all processes; nothing is copied.
///
/// Files in Fortran order are mapped as well, but the items of axis 0 are scattered over all of
/// such a file: map along the last axis, [`pasha::axis`](crate::axis), or save it with
/// `np.save(path, np.ascontiguousarray(array))`. Files whose elements can't be used where they lie
/// are read into memory when they are opened: those in the other byte order, and those of NumPy
/// before 1.14 in which they lie at odd addresses. For files larger than the memory let NumPy
/// convert them, `np.save(path, array.astype(array.dtype.newbyteorder('=')))`.
///
/// A worker that begins to read refuses a file that was written or truncated since it was opened,
/// with both sizes and times; one that was removed or replaced stays readable as it was. While a
/// map runs or a [`view`](NpyFile::view) is in use, nobody may shorten or overwrite the file:
/// reading beyond a new end would kill the reader (SIGBUS), and values would change under a running
/// kernel. A file that is the memory of a [`SharedArray`](crate::SharedArray) can't be opened
/// before that is dropped.
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
    bytes: FileElements,
    dim: D,
    is_fortran: bool,
    element: PhantomData<A>,
}

/// Where the elements lie.
enum FileElements {
    /// In the file, behind so many bytes.
    Mapped { map: Mmap, offset: usize, opened: OpenedFile, _reading: ReadLock },
    /// In memory, where they were read.
    Read(Mapping),
}

impl FileElements {
    fn start(&self) -> *const u8 {
        match self {
            FileElements::Mapped { map, offset, .. } => map[*offset..].as_ptr(),
            FileElements::Read(mapping) => mapping.start().as_ptr(),
        }
    }
}

impl<A: NpyElement, D: Dimension> NpyFile<A, D> {
    /// Opens and checks a file.
    ///
    /// # Errors
    /// [`Error::File`] if it is no regular file, or can't be opened, mapped or read; [`Error::Npy`]
    /// if it is no `.npy` file, holds elements of another type, has another number of axes, is
    /// shorter or longer than its header says, or holds a byte that is no `bool`; [`Error::InUse`]
    /// if it is the memory of an array, here or in another program; [`Error::Alloc`] if it has to
    /// be read and is larger than the memory. The message names the file, both values and what to
    /// do.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-open-{}.npy", std::process::id()));
    /// # SerialContext::new().alloc::<u16>((10, 64, 128)).file(&path).build()?;
    /// let frames = NpyFile::<u16, Ix3>::open(&path)?; // (n, y, x), in counts
    /// assert_eq!(frames.shape(), [10, 64, 128]);
    /// let error = NpyFile::<f32, Ix3>::open(&path).unwrap_err();
    /// assert!(matches!(error, pasha::Error::Npy(_)));
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let failed = |action| {
            let path = path.clone();
            move |source: io::Error| Error::File { action, path, source }
        };
        let refused = |reason| Error::Npy(NpyError { path: path.clone(), reason });
        let file = open_regular(&path, File::options().read(true)).map_err(failed("open"))?;
        let reading = ReadLock::begin(&file, &path).map_err(|taken| match taken {
            ClaimError::Failed(source) => failed("look at")(source),
            taken => Error::InUse { path: path.clone(), reason: taken.reason(false) },
        })?;
        let metadata = file.metadata().map_err(failed("look at"))?;
        let opened = OpenedFile::new(&path, &metadata);
        if metadata.len() == 0 {
            // There is nothing to map.
            return Err(refused(npy::parse(&[]).err().unwrap_or_default()));
        }
        // SAFETY: the file is mapped read-only, and `reading` keeps arrays of this process from
        // writing it. That nobody else changes it meanwhile is what the documentation of the
        // type asks of the user, as every memory map does.
        let map = unsafe { Mmap::map(&file) }.map_err(failed("map"))?;
        let header = npy::parse(&map).map_err(refused)?;
        let (dim, fit, len) = check::<A, D>(&header, map.len()).map_err(refused)?;
        let is_aligned = map[header.offset..].as_ptr().cast::<A>().is_aligned();
        let bytes = if fit == ElementFit::Same && is_aligned {
            FileElements::Mapped { map, offset: header.offset, opened, _reading: reading }
        } else {
            let read = read::<A>(&file, header.offset, len, fit);
            FileElements::Read(read.map_err(|error| match error {
                ReadError::Alloc(error) => error,
                ReadError::Io(error) => failed("read")(error),
            })?)
        };
        // SAFETY: `check` found that the file has this many bytes behind the header, and they live
        // as long as `bytes`.
        let elements = unsafe { std::slice::from_raw_parts(bytes.start(), len) };
        if let Some(number) = A::first_invalid(elements) {
            let reason = invalid::<A>(&header, number, elements[number]);
            return Err(refused(reason));
        }
        Ok(NpyFile { path, bytes, dim, is_fortran: header.is_fortran, element: PhantomData })
    }
}

impl<A: 'static, D: Dimension> NpyFile<A, D> {
    /// A view of the whole file.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix2;
    /// use pasha::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-view-{}.npy", std::process::id()));
    /// # SerialContext::new().alloc::<f32>((64, 128)).fill(2.0).file(&path).build()?;
    /// let dark = NpyFile::<f32, Ix2>::open(&path)?; // (y, x), in counts
    /// assert_eq!(dark.view().mean(), Some(2.0));
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn view(&self) -> ArrayView<'_, A, D> {
        let elements = match self.dim.size() {
            0 => NonNull::<A>::dangling().as_ptr().cast_const(),
            _ => self.bytes.start().cast::<A>(),
        };
        let shape = self.dim.clone().set_f(self.is_fortran);
        // SAFETY: `open`, the one place that makes such a value, checked that valid, aligned
        // elements of this type and shape lie here in this order, and the bytes live and stay
        // unchanged as long as `self`.
        unsafe { ArrayView::from_shape_ptr(shape, elements) }
    }

    /// The shape of the array in the file, one length per axis.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix3;
    /// use pasha::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-shape-{}.npy", std::process::id()));
    /// # SerialContext::new().alloc::<u16>((10, 64, 128)).file(&path).build()?;
    /// assert_eq!(NpyFile::<u16, Ix3>::open(&path)?.shape(), [10, 64, 128]);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn shape(&self) -> &[usize] {
        self.dim.slice()
    }
}

impl<A, D> NpyFile<A, D> {
    /// The file's path, as it was opened.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Ix1;
    /// use pasha::prelude::*;
    ///
    /// # let path = std::env::temp_dir().join(format!("pasha-path-{}.npy", std::process::id()));
    /// # SerialContext::new().alloc::<f64>(3).file(&path).build()?;
    /// assert_eq!(NpyFile::<f64, Ix1>::open(&path)?.path(), path);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, if it is mapped.
    fn mapped(&self) -> MappedFile<'_> {
        match &self.bytes {
            FileElements::Mapped { opened, .. } => MappedFile::of(opened),
            FileElements::Read(_) => MappedFile::default(),
        }
    }

    fn announce_all(&self) {
        if let FileElements::Mapped { map, offset, .. } = &self.bytes {
            let part = *offset..map.len();
            let used = part.len();
            mapped::announce(map, part, used);
        }
    }
}

/// Checks that a file of so many bytes holds what is asked for; gives its dimension, how its
/// elements fit, and how many bytes they have.
pub(crate) fn check<A: NpyElement, D: Dimension>(
    header: &Header,
    file_len: usize,
) -> Result<(D, ElementFit, usize), String> {
    let Header { descr, shape, offset, .. } = header;
    let found = shape.len();
    let axes = if found <= 6 { format!("Ix{found}") } else { "IxDyn".to_owned() };
    let fit = npy::fit::<A>(descr, &axes)?;
    let len = bytes_of_shape::<A>(shape).map_err(|_| describe::too_large_to_address(shape))?;
    let dim = D::from_dimension(&IxDyn(shape)).ok_or_else(|| {
        let count = |n: usize| format!("{n} ax{}", if n == 1 { "is" } else { "es" });
        let asked = D::NDIM.map_or("another number of axes".to_owned(), count);
        format!(
            "it has {}, but {asked} were asked for; open it as NpyFile::<{}, {axes}>",
            count(found),
            std::any::type_name::<A>(),
        )
    })?;
    let present = file_len.saturating_sub(*offset);
    let told = format!("its header announces {len} bytes of elements, and {present} follow");
    match present.cmp(&len) {
        std::cmp::Ordering::Less => Err(format!(
            "it is truncated: {told}, {} bytes are missing; copy or write it again",
            len - present
        )),
        std::cmp::Ordering::Greater => Err(format!(
            "it has {} bytes more than its header announces: {told}; write it again, \
                 np.save(path, array), each array into a file of its own",
            present - len
        )),
        std::cmp::Ordering::Equal => Ok((dim, fit, len)),
    }
}

enum ReadError {
    Alloc(Error),
    Io(io::Error),
}

/// Reads elements into memory that forked workers share, in the byte order of this machine.
fn read<A>(file: &File, offset: usize, len: usize, fit: ElementFit) -> Result<Mapping, ReadError> {
    let mut mapping =
        Mapping::anonymous(len, Memory::Shared, Pages::Huge).map_err(ReadError::Alloc)?;
    mapping.make_huge_pages();
    // SAFETY: the mapping is new and so long, and nobody else knows of it yet.
    let bytes = unsafe { std::slice::from_raw_parts_mut(mapping.start().as_ptr(), len) };
    file.read_exact_at(bytes, offset as u64).map_err(ReadError::Io)?;
    if let ElementFit::Swapped(unit) = fit {
        bytes.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
    }
    debug_assert_eq!(len % size_of::<A>(), 0);
    Ok(mapping)
}

/// Says which element is none.
fn invalid<A>(header: &Header, number: usize, byte: u8) -> String {
    let mut index = vec![0; header.shape.len()];
    let mut left = number;
    let axes: &mut dyn Iterator<Item = usize> = match header.is_fortran {
        true => &mut (0..index.len()),
        false => &mut (0..index.len()).rev(),
    };
    for axis in axes {
        let len = header.shape[axis].max(1);
        index[axis] = left % len;
        left /= len;
    }
    format!(
        "its element {index:?} is the byte {byte}, but a {} is 0 or 1; open it with u8, or save \
         array.view('u1') != 0",
        std::any::type_name::<A>()
    )
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

impl<A: NpyElement, D: Dimension> AsView for NpyFile<A, D> {
    type Elem = A;
    type Dim = D;

    fn as_view(&self) -> ArrayView<'_, A, D> {
        self.view()
    }

    fn mapped_file(&self) -> MappedFile<'_> {
        self.mapped()
    }
}

#[diagnostic::do_not_recommend]
impl<A: NpyElement, D: RemoveAxis<Smaller: 'static>> Functor<SubView<A, D::Smaller>>
    for NpyFile<A, D>
{
    type Reader<'f>
        = SubViewReader<'f, A, D>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        self.mapped().check()?;
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
        #[diagnostic::do_not_recommend]
        impl<A: NpyElement> Functor<$kind<A>> for NpyFile<A, Ix1> {
            type Reader<'f> = ElementReader<'f, A>;

            fn num_items(&self) -> usize {
                self.dim[0]
            }

            fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
                self.mapped().check()?;
                Ok(ElementReader::of_view(self.view()))
            }

            fn announce(&self) {
                self.announce_all();
            }
        }
    )+};
}
npy_elements!(ByValue ByRef);

#[diagnostic::do_not_recommend]
impl<A: NpyElement> NaturalItem for &NpyFile<A, Ix1> {
    type Param = ByRef<A>;
}

macro_rules! natural_sub_view {
    ($($dim:ident)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<A: NpyElement> NaturalItem for &NpyFile<A, $dim> {
            type Param = SubView<A, <$dim as Dimension>::Smaller>;
        }
    )+};
}
natural_sub_view!(Ix2 Ix3 Ix4 Ix5 Ix6 IxDyn);
