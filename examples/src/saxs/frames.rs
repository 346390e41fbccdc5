//! Reading frames from files of any usual type of numbers.

use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::Context as _;
use ndarray::{Array2, Ix2, Ix3};
#[cfg(feature = "hdf5")]
use pasha::Hdf5Dataset;
use pasha::{Context, Functor, NpyFile, SharedArray, SubView};

use super::{
    Blank, CorrectedBins, Integration, Live, integrate, integrate_corrected, integrate_into,
};
#[cfg(feature = "hdf5")]
use super::{integrate_corrected_one_by_one, integrate_one_by_one};
use crate::detector::QBins;

/// Detector frames `(n, y, x)` in a file, or simulated.
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
    /// In memory.
    Simulated(SharedArray<u16, Ix3>),
    /// Of any type of numbers in an HDF5 file, each of which a `f64` holds.
    #[cfg(feature = "hdf5")]
    Hdf5(Hdf5Dataset<f64, Ix3>),
}

/// Does the same with frames of any type; with those of an HDF5 file something else.
macro_rules! with_frames {
    ($file:expr, $frames:ident => $body:expr, $of_hdf5:expr) => {
        match $file {
            Frames::U16($frames) => $body,
            Frames::U32($frames) => $body,
            Frames::I32($frames) => $body,
            Frames::F32($frames) => $body,
            Frames::Simulated($frames) => $body,
            #[cfg(feature = "hdf5")]
            Frames::Hdf5($frames) => $of_hdf5,
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
        let shape = with_frames!(self, frames => frames.shape(), frames.shape());
        (shape[0], (shape[1], shape[2]))
    }

    /// The number of bytes that all frames take in memory.
    pub fn num_bytes(&self) -> usize {
        fn bytes_of<T: 'static>(_: &impl Functor<SubView<T, Ix2>>) -> usize {
            size_of::<T>()
        }
        let (num_frames, (rows, columns)) = self.dim();
        num_frames
            * rows
            * columns
            * with_frames!(self, frames => bytes_of(frames), bytes_of(frames))
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
        live: Option<&mut Live<'_>>,
    ) -> anyhow::Result<Integration> {
        with_frames!(
            self,
            frames => integrate(context, frames, bins, blank, live),
            integrate_one_by_one(context, frames, bins, blank, live)
        )
    }

    /// Integrates into files those frames that an earlier job has not, see [`integrate_into`].
    ///
    /// # Errors
    /// As [`integrate_into`].
    pub fn integrate_into(
        &self,
        context: &dyn Context,
        bins: &QBins,
        folder: &Path,
    ) -> anyhow::Result<pasha::Report> {
        with_frames!(
            self,
            frames => integrate_into(context, frames, bins, folder),
            integrate_into(context, frames, bins, folder)
        )
    }

    /// Integrates all frames with corrections and errors, see [`integrate_corrected`].
    ///
    /// # Errors
    /// As [`integrate_corrected`].
    pub fn integrate_corrected(
        &self,
        context: &dyn Context,
        bins: &CorrectedBins,
        blank: Option<&Blank>,
        live: Option<&mut Live<'_>>,
    ) -> anyhow::Result<Integration> {
        with_frames!(
            self,
            frames => integrate_corrected(context, frames, bins, blank, live),
            integrate_corrected_one_by_one(context, frames, bins, blank, live)
        )
    }

    /// The counts that detectors of DECTRIS write at pixels that are not valid: -1 to -3, which are
    /// the largest numbers where numbers have no sign. It is the range that pyFAI leaves out.
    ///
    /// # Errors
    /// If a file does not say what type its numbers have.
    pub fn invalid_counts(&self) -> anyhow::Result<RangeInclusive<f64>> {
        let beyond_largest = match self {
            Frames::U16(_) | Frames::Simulated(_) => f64::from(u16::MAX) + 1.0,
            Frames::U32(_) => f64::from(u32::MAX) + 1.0,
            Frames::I32(_) | Frames::F32(_) => 0.0,
            #[cfg(feature = "hdf5")]
            Frames::Hdf5(frames) => beyond_largest_unsigned(frames)?,
        };
        Ok(beyond_largest - 3.5..=beyond_largest - 0.5)
    }
}

/// One more than the largest number that a data set can hold if its numbers have no sign, else 0.
#[cfg(feature = "hdf5")]
fn beyond_largest_unsigned(frames: &Hdf5Dataset<f64, Ix3>) -> anyhow::Result<f64> {
    use hdf5_metno::types::{IntSize, TypeDescriptor};
    use hdf5_metno::{File, OpenMode};

    let (path, name) = (frames.path(), frames.name());
    let stored_type = || {
        // A file that is being written opens in the second way alone.
        let file = File::open(path).or_else(|_| File::open_as(path, OpenMode::ReadSWMR))?;
        let dataset = file.dataset(name).or_else(|_| {
            // A series: its parts have one type.
            let first = file.group(name)?.member_names()?.into_iter().min().unwrap_or_default();
            file.dataset(&format!("{name}/{first}"))
        });
        dataset?.dtype()?.to_descriptor()
    };
    let stored_type = stored_type().with_context(|| {
        format!("can't tell the type of the numbers of {name} in {}", path.display())
    })?;
    Ok(match stored_type {
        TypeDescriptor::Unsigned(IntSize::U1) => f64::from(u8::MAX) + 1.0,
        TypeDescriptor::Unsigned(IntSize::U2) => f64::from(u16::MAX) + 1.0,
        TypeDescriptor::Unsigned(IntSize::U4) => f64::from(u32::MAX) + 1.0,
        _ => 0.0,
    })
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
