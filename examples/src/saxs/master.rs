//! What an Eiger detector writes into its master file: where the frames are, the mask and the
//! geometry.

use std::path::Path;

#[cfg(feature = "hdf5")]
use anyhow::Context as _;
use ndarray::Array2;

use super::Frames;
use super::options::GivenGeometry;
use crate::detector::Geometry;

/// A measurement, as the detector's master file tells of it.
#[derive(Debug)]
pub struct Master {
    /// The frames `(n, y, x)` of all data files, in counts.
    pub frames: Frames,
    /// Pixels `(y, x)` that the detector marks as not valid; none if the file has no mask.
    pub mask: Option<Array2<bool>>,
    /// Where the detector stood.
    pub geometry: Geometry,
}

/// The group whose members are links to the data files.
#[cfg(feature = "hdf5")]
const FRAMES: &str = "entry/data";

/// Where older firmware has the mask, and where NeXus has it. Not 0 is not valid.
#[cfg(feature = "hdf5")]
const MASKS: [&str; 2] = [
    "entry/instrument/detector/detectorSpecific/pixel_mask",
    "entry/instrument/detector/pixel_mask",
];

impl Master {
    /// Opens a master file; its frames are those of `dataset`, or those that the group `entry/data`
    /// links to.
    ///
    /// What is given of the geometry counts, and is not asked of the file. Of the file, lengths are
    /// in m, the wavelength in Å and the beam's centre in pixels, as DECTRIS documents its
    /// detectors' files.
    ///
    /// # Errors
    /// If a file or value that is needed can't be read, or the pixels are no squares.
    #[cfg(feature = "hdf5")]
    pub fn open(path: &Path, dataset: Option<&str>, given: &GivenGeometry) -> anyhow::Result<Self> {
        let value = |name: &str, option: &str| {
            let value = pasha::Hdf5Dataset::<f64, ndarray::Ix0>::open(path, name)
                .and_then(|dataset| dataset.value());
            value.with_context(|| format!("the master file does not say it: give --{option}"))
        };
        let or = |given: Option<f64>, name: &str, option: &str, factor: f64| match given {
            Some(given) => Ok(given),
            None => value(name, option).map(|value| factor * value),
        };
        let detector = |name: &str| format!("entry/instrument/detector/{name}");
        let mm = 1000.0;
        let geometry = Geometry {
            pixel_size_mm: or(given.pixel_size_mm, &detector("x_pixel_size"), "pixel-size-mm", mm)?,
            centre_x: or(given.centre_x, &detector("beam_center_x"), "centre-x", 1.0)?,
            centre_y: or(given.centre_y, &detector("beam_center_y"), "centre-y", 1.0)?,
            distance_mm: or(given.distance_mm, &detector("detector_distance"), "distance-mm", mm)?,
            wavelength: or(
                given.wavelength,
                "entry/instrument/beam/incident_wavelength",
                "wavelength",
                1.0,
            )?,
        };
        if given.pixel_size_mm.is_none() {
            let height = mm * value(&detector("y_pixel_size"), "pixel-size-mm")?;
            anyhow::ensure!(
                (height - geometry.pixel_size_mm).abs() <= 1e-6 * height,
                "the pixels are {} mm x {height} mm, but this program knows square ones alone",
                geometry.pixel_size_mm
            );
        }
        let (frames, mask) = Master::frames_and_mask(path, dataset)?;
        Ok(Master { frames, mask, geometry })
    }

    /// Opens a master file of which only the frames and the mask are wanted.
    ///
    /// # Errors
    /// If a file can't be read.
    #[cfg(feature = "hdf5")]
    pub fn frames_and_mask(
        path: &Path,
        dataset: Option<&str>,
    ) -> anyhow::Result<(Frames, Option<Array2<bool>>)> {
        let frames = Frames::open(path, Some(dataset.unwrap_or(FRAMES)))?;
        Ok((frames, read_mask(path)?))
    }

    /// Says that this program can't.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(feature = "hdf5"))]
    pub fn open(path: &Path, _: Option<&str>, _: &GivenGeometry) -> anyhow::Result<Self> {
        Err(needs_hdf5(path))
    }

    /// Says that this program can't.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(feature = "hdf5"))]
    pub fn frames_and_mask(
        path: &Path,
        _: Option<&str>,
    ) -> anyhow::Result<(Frames, Option<Array2<bool>>)> {
        Err(needs_hdf5(path))
    }
}

#[cfg(not(feature = "hdf5"))]
fn needs_hdf5(path: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{} can't be read by this program: build it with --features hdf5",
        path.display()
    )
}

/// Reads the mask, if there is one.
#[cfg(feature = "hdf5")]
fn read_mask(path: &Path) -> anyhow::Result<Option<Array2<bool>>> {
    for name in MASKS {
        match pasha::Hdf5Dataset::<u32, ndarray::Ix2>::open(path, name) {
            Ok(mask) => {
                let mask = mask.load().context("can't read the pixel mask")?;
                return Ok(Some(mask.mapv(|value| value != 0)));
            }
            Err(error) if error.to_string().contains("no such data set") => {}
            Err(error) => return Err(error).context("can't read the pixel mask"),
        }
    }
    Ok(None)
}
