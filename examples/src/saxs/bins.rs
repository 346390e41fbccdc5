//! The bins of an integration with corrections.

use std::ops::RangeInclusive;

use ndarray::{Array1, Array2, Zip};

use super::pixels::{EqualBins, Pixels};

/// The bins of each pixel and how much it sees: the plan of an integration.
#[derive(Clone, Debug)]
pub struct CorrectedBins {
    /// The bin of each pixel, `(y, x)`; pixels that have none have the number beyond the last bin.
    of_pixel: Array2<u16>,
    /// How much each pixel sees because of solid angle and polarisation, `(y, x)`.
    pub(super) normalisation: Array2<f64>,
    /// The centre of each bin, `(n,)`, in the unit of the pixels.
    pub(super) centres: Array1<f64>,
    /// Counts that are no counts.
    pub(super) invalid: Option<RangeInclusive<f64>>,
}

impl CorrectedBins {
    /// Divides the range of the pixels into `num_bins` equal bins; each pixel has that of its
    /// centre. Without a range it reaches from the smallest to the largest value of all pixels, the
    /// masked ones among them, as in pyFAI.
    ///
    /// Counts within `invalid` are left out, as are those that are not finite.
    ///
    /// # Errors
    /// If there are no bins or too many, or no pixel lies in one.
    pub fn new(
        pixels: &Pixels,
        num_bins: usize,
        invalid: Option<RangeInclusive<f64>>,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(
            (1..usize::from(u16::MAX)).contains(&num_bins),
            "{num_bins} bins were asked for: there may be 1 to {}",
            u16::MAX - 1
        );
        let bins = EqualBins::new(num_bins, pixels.radial_range(), pixels.radial.iter().copied())?;
        let mut of_pixel = Array2::from_elem(pixels.radial.dim(), num_bins as u16);
        Zip::from(&mut of_pixel).and(&pixels.radial).and(&pixels.mask).for_each(
            |bin, &value, &masked| {
                if let (Some(found), false) = (bins.of(value), masked) {
                    *bin = found as u16;
                }
            },
        );
        anyhow::ensure!(
            of_pixel.iter().any(|&bin| usize::from(bin) < num_bins),
            "no pixel is valid: all are masked or out of the range of {} ({:?}) or of the azimuth in \
             degrees ({:?})",
            pixels.unit,
            pixels.radial_range(),
            pixels.azimuth_range()
        );
        let normalisation = pixels.normalisation.clone();
        Ok(CorrectedBins { of_pixel, normalisation, centres: bins.centres(), invalid })
    }

    /// The bin of one pixel after the other.
    pub(super) fn plan(&self) -> &[u16] {
        self.of_pixel.as_slice().expect("the bins of the pixels are in C order")
    }

    /// The number of bins.
    pub fn len(&self) -> usize {
        self.centres.len()
    }

    /// Whether there are no bins, which [`new`](Self::new) does not allow.
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }

    /// The shape of a frame, `(y, x)`.
    pub fn shape(&self) -> (usize, usize) {
        self.normalisation.dim()
    }
}
