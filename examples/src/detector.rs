//! A flat area detector: where its pixels lie in reciprocal space, and bins over them.

use std::f64::consts::PI;
use std::fmt;
use std::ops::RangeInclusive;

use ndarray::{Array1, Array2};

/// Where a flat detector stands, perpendicular to the beam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// The side of a square pixel, in mm.
    pub pixel_size_mm: f64,
    /// Where the beam meets the detector's plane, in pixels along a row. The first pixel of
    /// a row reaches from 0 to 1.
    pub centre_x: f64,
    /// Where the beam meets the detector's plane, in pixels along a column.
    pub centre_y: f64,
    /// From the sample to the detector's plane, in mm.
    pub distance_mm: f64,
    /// Of the X-rays, in Å.
    pub wavelength: f64,
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Geometry { pixel_size_mm, centre_x, centre_y, distance_mm, wavelength } = self;
        write!(
            f,
            "distance {distance_mm:.3} mm, beam at x = {centre_x:.2}, y = {centre_y:.2} pixels, pixels \
             of {pixel_size_mm:.4} mm, wavelength {wavelength:.5} Å"
        )
    }
}

impl Geometry {
    /// The detector of a small-angle scattering (USAXS/SAXS/WAXS) instrument, beamline 9-ID-C of
    /// the Advanced Photon Source, on 2016-06-23: frames of 195 x 487 pixels.
    pub const PILATUS_WAXS: Geometry = Geometry {
        pixel_size_mm: 0.172,
        centre_x: 99.95,
        centre_y: -5.65,
        distance_mm: 540.8,
        wavelength: 0.59040224,
    };

    /// The distance of a pixel's centre from the beam in the detector's plane, in pixels.
    pub fn radius(&self, row: usize, column: usize) -> f64 {
        let dy = row as f64 + 0.5 - self.centre_y;
        let dx = column as f64 + 0.5 - self.centre_x;
        dy.hypot(dx)
    }

    /// The momentum transfer at a distance (in pixels) from the beam, in 1/Å.
    pub fn q_at_radius(&self, radius: f64) -> f64 {
        let two_theta = (radius * self.pixel_size_mm / self.distance_mm).atan();
        4.0 * PI / self.wavelength * (two_theta / 2.0).sin()
    }

    /// The momentum transfer at the centre of a pixel, in 1/Å.
    pub fn q(&self, row: usize, column: usize) -> f64 {
        self.q_at_radius(self.radius(row, column))
    }
}

/// Equal bins over the momentum transfer, and the bin of each pixel: the plan of an azimuthal
/// integration.
#[derive(Clone, Debug)]
pub struct QBins {
    /// The bin of each pixel, `(y, x)`; masked pixels have the number beyond the last bin.
    pub of_pixel: Array2<u16>,
    /// The centre of each bin, `(n,)`, in 1/Å.
    pub q: Array1<f64>,
    /// The number of pixels in each bin, `(n,)`.
    pub num_pixels: Array1<u64>,
}

impl QBins {
    /// The range of all momentum transfers, for [`new`](Self::new).
    pub const ALL: RangeInclusive<f64> = 0.0..=f64::INFINITY;

    /// Divides the range from the smallest to the largest momentum transfer of the valid pixels
    /// into `n_bins` equal bins. A pixel is valid if its momentum transfer lies within `q_range`
    /// (in 1/Å) and the mask, if there is one, does not say `true` at its place.
    ///
    /// As in pyFAI the upper end of the range is raised by a hair (the precision of `f32`), so
    /// that the outermost pixel lies within the last bin and not on its edge.
    ///
    /// # Errors
    /// If there are no bins or too many, no valid pixels, or the mask has another shape.
    pub fn new(
        geometry: &Geometry,
        shape: (usize, usize),
        n_bins: usize,
        q_range: RangeInclusive<f64>,
        mask: Option<&Array2<bool>>,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(
            (1..usize::from(u16::MAX)).contains(&n_bins),
            "{n_bins} bins were asked for: there may be 1 to {}",
            u16::MAX - 1
        );
        if let Some(mask) = mask {
            anyhow::ensure!(
                mask.dim() == shape,
                "the mask has shape {:?}, the frames have {shape:?}",
                mask.dim()
            );
        }
        let q = Array2::from_shape_fn(shape, |(row, column)| {
            let q = geometry.q(row, column);
            let valid = q_range.contains(&q) && !mask.is_some_and(|mask| mask[[row, column]]);
            if valid { q } else { f64::NAN }
        });
        let (low, high) = q
            .iter()
            .filter(|q| q.is_finite())
            .fold((f64::INFINITY, 0.0_f64), |(low, high), &q| (low.min(q), high.max(q)));
        anyhow::ensure!(low <= high, "no pixel is valid: all are masked or out of the range of q");

        let high = high * (1.0 + f64::from(f32::EPSILON));
        let width = (high - low) / n_bins as f64;
        let of_pixel = q.mapv(|q| {
            if q.is_nan() {
                n_bins as u16
            } else {
                (((q - low) / width) as usize).min(n_bins - 1) as u16
            }
        });
        let mut num_pixels = Array1::zeros(n_bins + 1);
        for &bin in &of_pixel {
            num_pixels[usize::from(bin)] += 1;
        }
        Ok(QBins {
            of_pixel,
            q: Array1::from_shape_fn(n_bins, |bin| low + (bin as f64 + 0.5) * width),
            num_pixels: num_pixels.slice_move(ndarray::s![..n_bins]),
        })
    }

    /// The bin of one pixel after the other.
    ///
    /// # Panics
    /// Panics if `of_pixel` was replaced by an array that is not in C order.
    pub fn plan(&self) -> &[u16] {
        self.of_pixel.as_slice().expect("the bins of the pixels are in C order")
    }

    /// The number of bins.
    pub fn len(&self) -> usize {
        self.q.len()
    }

    /// Whether there are no bins, which [`new`](Self::new) does not allow.
    pub fn is_empty(&self) -> bool {
        self.q.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Geometry = Geometry {
        pixel_size_mm: 1.0,
        centre_x: 0.5,
        centre_y: 0.5,
        distance_mm: 100.0,
        wavelength: 1.0,
    };

    #[test]
    fn the_momentum_transfer_follows_braggs_law() {
        // At 45 degrees q = 4 pi / wavelength * sin(22.5 degrees).
        let q = SMALL.q_at_radius(100.0);
        assert!((q - 4.0 * PI * (PI / 8.0).sin()).abs() < 1e-12);
        assert_eq!(SMALL.q(0, 0), 0.0);
        assert_eq!(SMALL.q(3, 4), SMALL.q_at_radius(5.0));
    }

    #[test]
    fn every_pixel_has_a_bin_and_the_ends_have_the_end_bins() {
        let bins = QBins::new(&SMALL, (30, 40), 10, QBins::ALL, None).unwrap();
        assert_eq!(bins.num_pixels.sum(), 1200);
        assert_eq!(bins.of_pixel[[0, 0]], 0);
        assert_eq!(bins.of_pixel[[29, 39]], 9);
        let step = bins.q[1] - bins.q[0];
        assert!((bins.q[0] - step / 2.0).abs() < 1e-12);
    }

    #[test]
    fn masked_pixels_have_no_bin_and_do_not_stretch_the_range() {
        let mut mask = Array2::from_elem((30, 40), false);
        mask[[29, 39]] = true;
        let bins = QBins::new(&SMALL, (30, 40), 10, QBins::ALL, Some(&mask)).unwrap();
        assert_eq!(bins.of_pixel[[29, 39]], 10);
        assert_eq!(bins.num_pixels.sum(), 1199);
        let unmasked = QBins::new(&SMALL, (30, 40), 10, QBins::ALL, None).unwrap();
        assert!(bins.q[9] < unmasked.q[9]);
    }

    #[test]
    fn pixels_out_of_range_have_no_bin() {
        let bins = QBins::new(&SMALL, (30, 40), 10, 0.5..=1.0, None).unwrap();
        for ((row, column), &bin) in bins.of_pixel.indexed_iter() {
            assert_eq!(bin < 10, (0.5..=1.0).contains(&SMALL.q(row, column)));
        }
        assert!(bins.q.iter().all(|q| (0.5..=1.0).contains(q)));
    }

    #[test]
    fn impossible_bins_are_refused() {
        let refused = |shape, n, mask| {
            QBins::new(&SMALL, shape, n, QBins::ALL, mask).unwrap_err().to_string()
        };
        assert!(refused((3, 4), 0, None).contains("1 to 65534"));
        assert!(refused((3, 4), 65535, None).contains("65535 bins"));
        let mask = Array2::from_elem((3, 5), true);
        assert!(refused((3, 4), 5, Some(&mask)).contains("(3, 5)"));
        assert!(refused((3, 5), 5, Some(&mask)).contains("no pixel"));
    }
}
