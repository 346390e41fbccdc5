//! The main job: azimuthal integration of detector frames.

mod bins;
mod cake;
mod corrected;
mod count;
mod edf;
mod frames;
mod help;
mod images;
mod live_page;
mod master;
mod options;
mod pictures;
mod pixels;
mod plan;
mod preview;
mod report;
mod resumable;
mod sums;

pub use bins::CorrectedBins;
pub use cake::Cake;
pub use corrected::{
    CorrectedSums, integrate_corrected, integrate_corrected_block, integrate_corrected_frame,
    integrate_corrected_one_by_one,
};
pub use count::Count;
pub use frames::{Frames, both_masks};
pub use help::HELP;
pub use images::{read_image, read_mask};
pub use live_page::{Live, LivePage};
pub use master::Master;
pub use options::{GivenGeometry, Options};
pub use pictures::Presentation;
pub use pixels::{Corrections, Pixels};
pub use plan::{Blank, CorrectedPlan};
pub use preview::Preview;
pub use report::Report;
pub use resumable::{integrate_into, integrate_profile, stopped_by_signals};

use std::ops::SubAssign;

use anyhow::Context as _;
use ndarray::{
    Array1, Array2, ArrayView2, ArrayView3, ArrayViewMut1, ArrayViewMut2, Axis, Ix1, Ix2, Ix3,
};
use pasha::lanes::{LANES, Summand};
use pasha::{AsView, Context, Functor, SharedArray, SubView};

use crate::detector::QBins;
use preview::{Outputs, refused};
use sums::{BinSum, BinSums, Signal};

/// Integrates eight detector frames azimuthally; the last block may have fewer.
///
/// Frames are `(n, y, x)` in counts. A profile is the mean count of the pixels of each bin, NaN for
/// bins without pixels. Sums of whole counts are exact: with integer frames the results are the
/// same to the last bit in every context. Returned is the sum of each frame.
///
/// It takes eight at a time because most of the work is the same for all of them, see
/// `src/saxs/sums.rs`.
#[pasha::kernel]
pub fn integrate_block<T: Summand>(
    frames: ArrayView3<T>,
    #[shared] bins: &QBins,
    #[scratch(BinSums::new(bins.len()))] sums: &mut BinSums<Signal<T>>,
    #[output(shape = (LANES, bins.len()), fill = f64::NAN)] mut profiles: ArrayViewMut2<f64>,
    #[reduce(sum, shape = bins.of_pixel.dim())] mut total: ArrayViewMut2<f64>,
) -> [f64; LANES] {
    let num_frames = frames.len_of(Axis(0));
    sums.of_block(frames, bins.plan(), &mut total, &mut ());
    for (frame, profile) in profiles.outer_iter_mut().enumerate().take(num_frames) {
        write_means(sums.sums(), frame, bins, profile);
    }
    sum_of_each_frame(sums.sums())
}

/// Integrates one detector frame `(y, x)` azimuthally, as [`integrate_block()`] does eight: where
/// frames have to be decompressed one by one, and a block of them would not fit the caches.
#[pasha::kernel]
pub fn integrate_frame<T: Summand>(
    frame: ArrayView2<T>,
    #[shared] bins: &QBins,
    #[scratch(BinSums::new(bins.len()))] sums: &mut BinSums<Signal<T>>,
    #[output(shape = bins.len(), fill = f64::NAN)] profile: ArrayViewMut1<f64>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
) -> f64 {
    sums.of_block(frame.insert_axis(Axis(0)), bins.plan(), &mut total, &mut ());
    write_means(sums.sums(), 0, bins, profile);
    sum_of_each_frame(sums.sums())[0]
}

/// Writes the mean of each bin that has pixels.
fn write_means(sums: &[BinSum], frame: usize, bins: &QBins, profile: ArrayViewMut1<f64>) {
    for ((mean, sum), &num_pixels) in profile.into_iter().zip(sums).zip(&bins.num_pixels) {
        if num_pixels > 0 {
            *mean = sum.signal[frame] / num_pixels as f64;
        }
    }
}

/// The sums over all pixels, also those that have no bin.
fn sum_of_each_frame(sums: &[BinSum]) -> [f64; LANES] {
    std::array::from_fn(|frame| sums.iter().map(|sum| sum.signal[frame]).sum())
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

/// Integrates all frames `(n, y, x)` azimuthally, after subtracting the blank if one is given. With
/// `live` what is finished is shown meanwhile.
///
/// # Errors
/// If there are no frames, the bins or the blank do not fit the frames, the map fails, or the
/// context can't show what is finished.
///
/// # Examples
/// ```
/// use ndarray::Array3;
/// use pasha_examples::detector::{Geometry, QBins};
/// use pasha_examples::saxs;
///
/// let frames = Array3::<u16>::from_elem((5, 20, 30), 7);
/// let bins = QBins::new(&Geometry::PILATUS_WAXS, (20, 30), 10, QBins::ALL, None)?;
/// let result = saxs::integrate(&pasha::ThreadContext::new(2)?, &frames, &bins, None, None)?;
/// assert_eq!(result.profiles.shape(), [5, 10]);
/// assert!(result.mean_image.iter().all(|&mean| mean == 7.0));
/// # Ok::<(), anyhow::Error>(())
/// ```
pub fn integrate<T, V>(
    context: &dyn Context,
    frames: &V,
    bins: &QBins,
    blank: Option<&Array2<f64>>,
    live: Option<&mut Live<'_>>,
) -> anyhow::Result<Integration>
where
    T: Summand,
    V: AsView<Elem = T, Dim = Ix3>,
{
    let frames = frames.as_view();
    let num_frames = check_shapes(&frames, bins.of_pixel.dim(), blank.map(Array2::dim))?;
    let blank = blank.map(|blank| IntegratedBlank::new(blank, bins)).transpose()?;
    let blocks = pasha::chunks(&frames, LANES);
    let out = match live {
        None => integrate_block::run_in(context, blocks, bins)?,
        Some(live) => {
            integrate_block::run_live_in(context, blocks, bins, live.every(), |snapshot| {
                let out = snapshot.out();
                let outputs = Outputs {
                    num_frames,
                    frames_per_item: LANES,
                    profiles: rows_of_blocks(out.profiles.view()),
                    sigma: None,
                    total: out.total.view(),
                };
                live.show(&Preview::new(snapshot, outputs, &bins.q).without(blank.as_ref()))
            })
            .map_err(refused)?
        }
    };
    let integration = Integration {
        profiles: out.profiles.unchunk(num_frames),
        sigma: None,
        mean_image: out.total.mapv(|total| total / num_frames as f64),
        sums: out.result.unchunk(num_frames),
        q: bins.q.clone(),
    };
    Ok(integration.without(blank.as_ref()))
}

/// Integrates frames `(n, y, x)` one by one, from whatever source, as [`integrate`] does.
///
/// # Errors
/// As [`integrate`].
pub fn integrate_one_by_one<T, F>(
    context: &dyn Context,
    frames: &F,
    bins: &QBins,
    blank: Option<&Array2<f64>>,
    live: Option<&mut Live<'_>>,
) -> anyhow::Result<Integration>
where
    T: Summand,
    F: Functor<SubView<T, Ix2>>,
{
    let num_frames = check_shapes(frames, bins.of_pixel.dim(), blank.map(Array2::dim))?;
    let blank = blank.map(|blank| IntegratedBlank::new(blank, bins)).transpose()?;
    let out = match live {
        None => integrate_frame::run_in(context, frames, bins)?,
        Some(live) => {
            integrate_frame::run_live_in(context, frames, bins, live.every(), |snapshot| {
                let out = snapshot.out();
                let outputs = Outputs {
                    num_frames,
                    frames_per_item: 1,
                    profiles: out.profile.view(),
                    sigma: None,
                    total: out.total.view(),
                };
                live.show(&Preview::new(snapshot, outputs, &bins.q).without(blank.as_ref()))
            })
            .map_err(refused)?
        }
    };
    let integration = Integration {
        profiles: out.profile,
        sigma: None,
        mean_image: out.total.mapv(|total| total / num_frames as f64),
        sums: out.result,
        q: bins.q.clone(),
    };
    Ok(integration.without(blank.as_ref()))
}

impl Integration {
    /// Subtracts the blank, if there is one.
    fn without(mut self, blank: Option<&IntegratedBlank<'_>>) -> Self {
        if let Some(blank) = blank {
            self.profiles.view_mut().sub_assign(&blank.profile);
            self.sums.view_mut().sub_assign(blank.sum);
            self.mean_image -= blank.image;
        }
        self
    }
}

impl Preview<'_> {
    /// Subtracts the blank, if there is one.
    fn without(mut self, blank: Option<&IntegratedBlank<'_>>) -> Self {
        if let Some(blank) = blank {
            self.profiles -= &blank.profile;
            self.mean_image -= blank.image;
        }
        self
    }
}

/// What a blank takes from every frame: the same, so that it need not be subtracted from each of
/// their pixels.
struct IntegratedBlank<'a> {
    image: &'a Array2<f64>,
    profile: Array1<f64>,
    sum: f64,
}

impl<'a> IntegratedBlank<'a> {
    fn new(image: &'a Array2<f64>, bins: &QBins) -> anyhow::Result<Self> {
        let frame = image.view().insert_axis(Axis(0));
        let out = integrate_frame::run_serial(frame, bins).context("can't integrate the blank")?;
        let profile = out.profile.row(0).to_owned();
        Ok(IntegratedBlank { image, profile, sum: out.result[0] })
    }
}

/// The rows of blocks `(block, frame, bin)`, one after another.
fn rows_of_blocks(blocks: ArrayView3<'_, f64>) -> ArrayView2<'_, f64> {
    let (num_blocks, len, num_bins) = blocks.dim();
    let rows = blocks.into_shape_with_order((num_blocks * len, num_bins));
    rows.expect("outputs are in C order")
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
