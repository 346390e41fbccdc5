//! Reading frames, blanks and masks from files of any usual type of numbers.

use std::path::Path;

use anyhow::Context as _;
use ndarray::{Array2, Ix2, Ix3};
#[cfg(feature = "hdf5")]
use pasha::Hdf5Dataset;
use pasha::{Context, Functor, NpyElement, NpyFile, SubView};

use super::{Integration, integrate};
use crate::detector::QBins;

/// Detector frames `(n, y, x)` in a file.
#[derive(Debug)]
pub enum Frames {
    /// Of NumPy type `uint16`.
    U16(NpyFile<u16, Ix3>),
    /// Of NumPy type `uint32`.
    U32(NpyFile<u32, Ix3>),
    /// Of NumPy type `int32`.
    I32(NpyFile<i32, Ix3>),
    /// Of NumPy type `float32`.
    F32(NpyFile<f32, Ix3>),
    /// Of any type of numbers in an HDF5 file, each of which a `f64` holds.
    #[cfg(feature = "hdf5")]
    Hdf5(Hdf5Dataset<f64, Ix3>),
}

/// Does the same with frames of any type.
macro_rules! with_frames {
    ($file:expr, $frames:ident => $body:expr) => {
        match $file {
            Frames::U16($frames) => $body,
            Frames::U32($frames) => $body,
            Frames::I32($frames) => $body,
            Frames::F32($frames) => $body,
            #[cfg(feature = "hdf5")]
            Frames::Hdf5($frames) => $body,
        }
    };
}

impl Frames {
    /// Opens a file of frames: a `.npy` file, or with the path of a data set an HDF5 file.
    ///
    /// # Errors
    /// If it can't be read or does not hold such frames.
    pub fn open(path: &Path, dataset: Option<&str>) -> anyhow::Result<Self> {
        if let Some(dataset) = dataset {
            return Frames::open_hdf5(path, dataset);
        }
        anyhow::ensure!(
            !path.extension().is_some_and(|end| end == "h5" || end == "hdf5" || end == "nxs"),
            "which data set of {} holds the frames? Give --dataset PATH",
            path.display()
        );
        NpyFile::open(path)
            .map(Frames::U16)
            .or_else(|_| NpyFile::open(path).map(Frames::U32))
            .or_else(|_| NpyFile::open(path).map(Frames::F32))
            // The last one tried tells what is wrong.
            .or_else(|_| NpyFile::open(path).map(Frames::I32))
            .context("can't read frames, an array (n, y, x) of uint16, uint32, int32 or float32")
    }

    #[cfg(feature = "hdf5")]
    fn open_hdf5(path: &Path, dataset: &str) -> anyhow::Result<Self> {
        let frames = Hdf5Dataset::open(path, dataset);
        frames.map(Frames::Hdf5).context("can't read frames, a data set (n, y, x) of numbers")
    }

    #[cfg(not(feature = "hdf5"))]
    fn open_hdf5(path: &Path, _: &str) -> anyhow::Result<Self> {
        anyhow::bail!(
            "{} can't be read by this program: build it with --features hdf5",
            path.display()
        )
    }

    /// The number of frames and the shape of one, `(y, x)`.
    pub fn dim(&self) -> (usize, (usize, usize)) {
        let shape = with_frames!(self, frames => frames.shape());
        (shape[0], (shape[1], shape[2]))
    }

    /// The number of bytes that all frames take in memory.
    pub fn num_bytes(&self) -> usize {
        fn bytes_of<T: 'static>(_: &impl Functor<SubView<T, Ix2>>) -> usize {
            size_of::<T>()
        }
        let (num_frames, (rows, columns)) = self.dim();
        num_frames * rows * columns * with_frames!(self, frames => bytes_of(frames))
    }

    /// Integrates all frames, see [`integrate`].
    ///
    /// # Errors
    /// As [`integrate`].
    pub fn integrate(
        &self,
        context: &dyn Context,
        bins: &QBins,
        blank: Option<&Array2<f64>>,
    ) -> anyhow::Result<Integration> {
        with_frames!(self, frames => integrate(context, frames, bins, blank))
    }
}

/// Reads one image `(y, x)` of any usual type of numbers.
///
/// # Errors
/// If it can't be read or does not hold an image.
pub fn read_image(path: &Path) -> anyhow::Result<Array2<f64>> {
    read_image_of::<u16>(path)
        .or_else(|_| read_image_of::<u32>(path))
        .or_else(|_| read_image_of::<f32>(path))
        .or_else(|_| read_image_of::<f64>(path))
        .or_else(|_| read_image_of::<i32>(path))
        .context("can't read an image (y, x) of uint16, uint32, int32, float32 or float64")
}

fn read_image_of<T: NpyElement + Into<f64>>(path: &Path) -> pasha::Result<Array2<f64>> {
    Ok(NpyFile::<T, Ix2>::open(path)?.view().mapv(Into::into))
}

/// Reads a mask `(y, x)`, which is `true` at pixels that are not valid.
///
/// # Errors
/// If it can't be read or does not hold a mask.
pub fn read_mask(path: &Path) -> anyhow::Result<Array2<bool>> {
    let of_numbers = NpyFile::<u8, Ix2>::open(path).map(|mask| mask.view().mapv(|mask| mask != 0));
    of_numbers
        .or_else(|_| NpyFile::<bool, Ix2>::open(path).map(|mask| mask.view().to_owned()))
        .context("can't read a mask, an array (y, x) of bool or uint8")
}

/// The pixels `(y, x)` that either mask leaves out.
///
/// # Errors
/// If the masks have different shapes.
pub fn both_masks(
    one: Option<Array2<bool>>,
    other: Option<Array2<bool>>,
) -> anyhow::Result<Option<Array2<bool>>> {
    let (one, other) = match (one, other) {
        (Some(one), Some(other)) => (one, other),
        (one, other) => return Ok(one.or(other)),
    };
    anyhow::ensure!(
        one.dim() == other.dim(),
        "the masks have different shapes, {:?} and {:?}",
        one.dim(),
        other.dim()
    );
    Ok(Some(one | other))
}
