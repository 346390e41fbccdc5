//! Azimuthal integration as pyFAI does it: corrected for solid angle and polarisation, in any unit,
//! with the errors of counting.

use std::ops::RangeInclusive;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, ArrayViewMut2, Ix2, Zip};
use pasha::{Context, Functor, SubView};

use super::pixels::{EqualBins, Pixels};
use super::{Integration, check_shapes};

/// Integrates one detector frame azimuthally, with corrections and errors.
///
/// Frames are `(y, x)` in counts. In each bin the profile is the sum of the counts (less those of
/// the blank) over the sum of the pixels' normalisation, and sigma the square root of the sum of
/// the variances over the same; NaN in bins without valid pixels. A count is its own variance, but
/// at least 1, as in pyFAI. Invalid counts are left out; they make the pixel's total NaN. Returned
/// is the sum of the frame.
#[pasha::kernel]
pub fn integrate_corrected_frame<T: Copy + Into<f64> + Sync + 'static>(
    frame: ArrayView2<T>,
    #[shared] bins: &CorrectedBins,
    #[shared] blank: Option<&Blank>,
    #[scratch(vec![Sums::default(); bins.len() + 1])] sums: &mut Vec<Sums>,
    #[output(shape = bins.len(), fill = f64::NAN)] mut profile: ArrayViewMut1<f64>,
    #[output(shape = bins.len(), fill = f64::NAN)] mut sigma: ArrayViewMut1<f64>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
) -> f64 {
    sums.fill(Sums::default());
    let mut add = |total: &mut f64, count: T, bin: u16, normalisation: f64, blank: (f64, f64)| {
        let count = count.into();
        if !count.is_finite() || bins.invalid.as_ref().is_some_and(|range| range.contains(&count)) {
            *total = f64::NAN;
            return;
        }
        let signal = count - blank.0;
        *total += signal;
        let sums = &mut sums[usize::from(bin)];
        sums.signal += signal;
        sums.variance += count.max(1.0) + blank.1;
        sums.normalisation += normalisation;
    };
    let pixels = Zip::from(&mut total).and(&frame).and(&bins.of_pixel).and(&bins.normalisation);
    match blank {
        None => pixels.for_each(|total, &count, &bin, &normalisation| {
            add(total, count, bin, normalisation, (0.0, 0.0));
        }),
        Some(Blank { counts, transmission }) => {
            pixels.and(counts).for_each(|total, &count, &bin, &normalisation, &blank| {
                let blank = (transmission * blank, transmission * transmission * blank);
                add(total, count, bin, normalisation, blank);
            });
        }
    }
    Zip::from(&mut profile).and(&mut sigma).and(&sums[..bins.len()]).for_each(
        |profile, sigma, sums| {
            if sums.normalisation > 0.0 {
                *profile = sums.signal / sums.normalisation;
                *sigma = sums.variance.sqrt() / sums.normalisation;
            }
        },
    );
    // With those of pixels that have no bin, which lie behind the last.
    sums.iter().map(|sums| sums.signal).sum()
}

/// What is summed over the pixels of a bin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    signal: f64,
    variance: f64,
    normalisation: f64,
}

/// The image without a sample, to be subtracted from each frame.
#[derive(Clone, Debug)]
pub struct Blank {
    /// As measured, `(y, x)`, in counts.
    pub counts: Array2<f64>,
    /// The sample's transmission, with which the counts are multiplied.
    pub transmission: f64,
}

/// The bin of each pixel and how much it sees: the plan of an integration.
#[derive(Clone, Debug)]
pub struct CorrectedBins {
    /// The bin of each pixel, `(y, x)`; pixels that have none have the number beyond the last bin.
    of_pixel: Array2<u16>,
    /// How much each pixel sees because of solid angle and polarisation, `(y, x)`.
    normalisation: Array2<f64>,
    /// The centre of each bin, `(n,)`, in the unit of the pixels.
    centres: Array1<f64>,
    /// Counts that are no counts.
    invalid: Option<RangeInclusive<f64>>,
}

impl CorrectedBins {
    /// Divides the range of the pixels into `num_bins` equal bins. Without a range it reaches from
    /// the smallest to the largest value of all pixels, the masked ones among them, as in pyFAI.
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

    /// The number of bins.
    pub fn len(&self) -> usize {
        self.centres.len()
    }

    /// Whether there are no bins, which [`new`](Self::new) does not allow.
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }
}

/// Integrates all frames `(n, y, x)` azimuthally, with corrections and errors.
///
/// # Errors
/// If there are no frames, the bins or the blank do not fit the frames, or the map fails.
pub fn integrate_corrected<T, F>(
    context: &dyn Context,
    frames: &F,
    bins: &CorrectedBins,
    blank: Option<&Blank>,
) -> anyhow::Result<Integration>
where
    T: Copy + Into<f64> + Sync + 'static,
    F: Functor<SubView<T, Ix2>>,
{
    let blank_shape = blank.map(|blank| blank.counts.dim());
    let num_frames = check_shapes(frames, bins.of_pixel.dim(), blank_shape)?;
    let out = integrate_corrected_frame::run_in(context, frames, bins, blank)?;
    Ok(Integration {
        profiles: out.profile,
        sigma: Some(out.sigma),
        mean_image: out.total.mapv(|total| total / num_frames as f64),
        sums: out.result,
        q: bins.centres.clone(),
    })
}
