//! The main job: azimuthal integration of detector frames.

mod cake;
mod corrected;
mod edf;
mod frames;
mod help;
mod images;
mod master;
mod options;
mod pixels;
mod report;

pub use cake::Cake;
pub use corrected::{Blank, CorrectedBins, integrate_corrected, integrate_corrected_frame};
pub use frames::{Frames, both_masks};
pub use help::HELP;
pub use images::{read_image, read_mask};
pub use master::Master;
pub use options::{GivenGeometry, Options};
pub use pixels::{Corrections, Pixels};
pub use report::Report;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, ArrayViewMut2, Ix1, Ix2, Zip};
use pasha::{Context, Functor, SharedArray, SubView};

use crate::detector::QBins;

/// Subtracts the blank from one detector frame, and integrates it azimuthally.
///
/// Frames and blank are `(y, x)` in counts. The profile is the mean count of the pixels of each
/// bin, NaN for bins without pixels. Sums of whole counts are exact: with integer frames the
/// results are the same to the last bit in every context. Returned is the sum of the frame.
#[pasha::kernel]
pub fn integrate_frame<T: Copy + Into<f64> + Sync + 'static>(
    frame: ArrayView2<T>,
    #[shared] bins: &QBins,
    #[shared] blank: Option<&Array2<f64>>,
    #[scratch(vec![0.0; bins.len() + 1])] sums: &mut Vec<f64>,
    #[output(shape = bins.len(), fill = f64::NAN)] mut profile: ArrayViewMut1<f64>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
) -> f64 {
    sums.fill(0.0);
    let mut add = |bin: u16, value: f64, total: &mut f64| {
        sums[usize::from(bin)] += value;
        *total += value;
    };
    let pixels = Zip::from(&mut total).and(&frame).and(&bins.of_pixel);
    match blank {
        None => pixels.for_each(|total, &count, &bin| add(bin, count.into(), total)),
        Some(blank) => pixels
            .and(blank)
            .for_each(|total, &count, &bin, &blank| add(bin, count.into() - blank, total)),
    }
    Zip::from(&mut profile).and(&sums[..bins.len()]).and(&bins.num_pixels).for_each(
        |mean, &sum, &num_pixels| {
            if num_pixels > 0 {
                *mean = sum / num_pixels as f64;
            }
        },
    );
    // With those of pixels that have no bin, which lie behind the last.
    sums.iter().sum()
}

/// The result of [`integrate`].
#[derive(Debug)]
pub struct Integration {
    /// The mean count in each bin of each frame, `(n, bins)`; NaN for bins without pixels.
    pub profiles: SharedArray<f64, Ix2>,
    /// The standard error of each value of the profiles, `(n, bins)`, if it was asked for.
    pub sigma: Option<SharedArray<f64, Ix2>>,
    /// The mean over all frames, `(y, x)`, in counts.
    pub mean_image: Array2<f64>,
    /// The sum over all pixels of each frame, `(n,)`, in counts.
    pub sums: SharedArray<f64, Ix1>,
    /// Momentum transfer at the centres of the bins, `(bins,)`, in 1/Å; of an integration with
    /// corrections whatever its unit says.
    pub q: Array1<f64>,
}

/// Integrates all frames `(n, y, x)` azimuthally, after subtracting the blank if one is given.
///
/// # Errors
/// If there are no frames, the bins or the blank do not fit the frames, or the map fails.
///
/// # Examples
/// ```
/// use ndarray::Array3;
/// use pasha_examples::detector::{Geometry, QBins};
/// use pasha_examples::saxs;
///
/// let frames = Array3::<u16>::from_elem((5, 20, 30), 7);
/// let bins = QBins::new(&Geometry::PILATUS_WAXS, (20, 30), 10, QBins::ALL, None)?;
/// let result = saxs::integrate(&pasha::ThreadContext::new(2)?, &frames, &bins, None)?;
/// assert_eq!(result.profiles.shape(), [5, 10]);
/// assert!(result.mean_image.iter().all(|&mean| mean == 7.0));
/// # Ok::<(), anyhow::Error>(())
/// ```
pub fn integrate<T, F>(
    context: &dyn Context,
    frames: &F,
    bins: &QBins,
    blank: Option<&Array2<f64>>,
) -> anyhow::Result<Integration>
where
    T: Copy + Into<f64> + Sync + 'static,
    F: Functor<SubView<T, Ix2>>,
{
    let num_frames = check_shapes(frames, bins.of_pixel.dim(), blank.map(Array2::dim))?;
    let out = integrate_frame::run_in(context, frames, bins, blank)?;
    let mean_image = out.total.mapv(|total| total / num_frames as f64);
    Ok(Integration {
        profiles: out.profile,
        sigma: None,
        mean_image,
        sums: out.result,
        q: bins.q.clone(),
    })
}

/// The number of frames, after a look at whether they have the shape of the detector and the blank.
fn check_shapes<T: 'static>(
    frames: &impl Functor<SubView<T, Ix2>>,
    detector: (usize, usize),
    blank: Option<(usize, usize)>,
) -> anyhow::Result<usize> {
    let num_frames = frames.num_items();
    anyhow::ensure!(num_frames > 0, "there are no frames to integrate");
    let shape = frames.item_shape().map(|shape| shape.dim());
    for (what, other) in [("detector", Some(detector)), ("blank", blank)] {
        if let (Some(shape), Some(other)) = (shape, other) {
            anyhow::ensure!(
                shape == other,
                "the frames are {shape:?} pixels, the {what} is {other:?}"
            );
        }
    }
    Ok(num_frames)
}
