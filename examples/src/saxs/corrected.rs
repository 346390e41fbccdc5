//! Azimuthal integration as pyFAI does it: corrected for solid angle and polarisation, in any unit,
//! with the errors of counting.

use ndarray::{Array2, ArrayView2, ArrayView3, ArrayViewMut1, ArrayViewMut2, Axis, Ix2, Ix3};
use pasha::lanes::LANES;
use pasha::{AsView, Context, Functor, SharedArray, SubView};

use super::bins::CorrectedBins;
use super::count::Count;
use super::plan::{Blank, CorrectedPlan, LeftOut};
use super::preview::{Outputs, refused};
use super::sums::{BinSums, SignalAndVariance};
use super::{Integration, Live, Preview, check_shapes, rows_of_blocks};

/// Integrates eight detector frames azimuthally, with corrections and errors; the last block may
/// have fewer.
///
/// Frames are `(n, y, x)` in counts. In each bin the profile is the sum of the counts (less those
/// of the blank) over the sum of the pixels' normalisation, and sigma the square root of the sum of
/// the variances over the same; NaN in bins without valid pixels. A count is its own variance, but
/// at least 1, as in pyFAI. Invalid counts are left out; they make the pixel's total NaN. Returned
/// is the sum of each frame.
#[pasha::kernel]
pub fn integrate_corrected_block<T: Count>(
    frames: ArrayView3<T>,
    #[shared] plan: &CorrectedPlan<'_>,
    #[scratch(CorrectedSums::new(plan))] sums: &mut CorrectedSums<T>,
    #[output(shape = (LANES, plan.bins.len()), fill = f64::NAN)] mut profiles: ArrayViewMut2<f64>,
    #[output(shape = (LANES, plan.bins.len()), fill = f64::NAN)] mut sigmas: ArrayViewMut2<f64>,
    #[reduce(sum, shape = plan.bins.shape())] mut total: ArrayViewMut2<f64>,
) -> [f64; LANES] {
    let num_frames = frames.len_of(Axis(0));
    sums.add_block(frames, plan, &mut total);
    let mut frame_sums = [0.0; LANES];
    for (frame, sum) in frame_sums.iter_mut().enumerate().take(num_frames) {
        let outputs = (profiles.row_mut(frame), sigmas.row_mut(frame));
        *sum = sums.write(frame, plan, outputs);
    }
    frame_sums
}

/// Integrates one detector frame `(y, x)`, as [`integrate_corrected_block()`] does eight.
#[pasha::kernel]
pub fn integrate_corrected_frame<T: Count>(
    frame: ArrayView2<T>,
    #[shared] plan: &CorrectedPlan<'_>,
    #[scratch(CorrectedSums::new(plan))] sums: &mut CorrectedSums<T>,
    #[output(shape = plan.bins.len(), fill = f64::NAN)] profile: ArrayViewMut1<f64>,
    #[output(shape = plan.bins.len(), fill = f64::NAN)] sigma: ArrayViewMut1<f64>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
) -> f64 {
    sums.add_block(frame.insert_axis(Axis(0)), plan, &mut total);
    sums.write(0, plan, (profile, sigma))
}

/// One worker's sums.
#[derive(Debug)]
pub struct CorrectedSums<T: Count> {
    sums: BinSums<SignalAndVariance<T>>,
    left_out: LeftOut<T>,
}

impl<T: Count> CorrectedSums<T> {
    fn new(plan: &CorrectedPlan<'_>) -> Self {
        CorrectedSums { sums: BinSums::new(plan.bins.len()), left_out: LeftOut::new(plan) }
    }

    fn add_block(
        &mut self,
        frames: ArrayView3<T>,
        plan: &CorrectedPlan<'_>,
        image: &mut ArrayViewMut2<f64>,
    ) {
        let mut leave_out = self.left_out.of_block(plan);
        self.sums.of_block(frames, plan.bins.plan(), image, &mut leave_out);
    }

    /// Writes the profile and the errors of a frame of the block; gives the sum of the frame.
    fn write(
        &self,
        frame: usize,
        plan: &CorrectedPlan<'_>,
        (profile, sigma): (ArrayViewMut1<f64>, ArrayViewMut1<f64>),
    ) -> f64 {
        let sums = self.sums.sums();
        let mut outputs = profile.into_iter().zip(sigma);
        let mut sum_of_frame = 0.0;
        let known = plan.of_bin.iter().zip(self.left_out.of_frame(frame));
        for (sum, (all, left_out)) in sums.iter().zip(known) {
            let valid = all.without(left_out);
            let signal = sum.signal[frame] - valid.blank;
            sum_of_frame += signal;
            // Behind the last bin are the pixels that have none.
            let Some((profile, sigma)) = outputs.next() else { break };
            if valid.pixels > 0 && valid.normalisation > 0.0 {
                // Counts that are left out were added as zeros, whose variance is 1.
                let of_zeros = left_out.pixels as f64;
                let variance = sum.variance[frame] - of_zeros + valid.blank_variance;
                *profile = signal / valid.normalisation;
                *sigma = variance.sqrt() / valid.normalisation;
            }
        }
        sum_of_frame
    }
}

/// Integrates all frames `(n, y, x)` azimuthally, with corrections and errors. With `live` what
/// is finished is shown meanwhile.
///
/// # Errors
/// If there are no frames, the bins or the blank do not fit the frames, the map fails, or the
/// context can't show what is finished.
pub fn integrate_corrected<T, V>(
    context: &dyn Context,
    frames: &V,
    bins: &CorrectedBins,
    blank: Option<&Blank>,
    live: Option<&mut Live<'_>>,
) -> anyhow::Result<Integration>
where
    T: Count,
    V: AsView<Elem = T, Dim = Ix3>,
{
    let frames = frames.as_view();
    let blank_shape = blank.map(|blank| blank.counts.dim());
    let num_frames = check_shapes(&frames, bins.shape(), blank_shape)?;
    let plan = CorrectedPlan::new(bins, blank);
    let blocks = pasha::chunks(&frames, LANES);
    let out = match live {
        None => integrate_corrected_block::run_in(context, blocks, &plan)?,
        Some(live) => {
            let every = live.every();
            integrate_corrected_block::run_live_in(context, blocks, &plan, every, |snapshot| {
                let out = snapshot.out();
                let outputs = Outputs {
                    num_frames,
                    frames_per_item: LANES,
                    profiles: rows_of_blocks(out.profiles.view()),
                    sigma: Some(rows_of_blocks(out.sigmas.view())),
                    total: out.total.view(),
                };
                let mut preview = Preview::new(snapshot, outputs, &bins.centres);
                preview.mean_image = mean_image(&out.total, preview.finished, blank);
                live.show(&preview)
            })
            .map_err(refused)?
        }
    };
    Ok(Integration {
        profiles: out.profiles.unchunk(num_frames),
        sigma: Some(out.sigmas.unchunk(num_frames)),
        mean_image: mean_image(&out.total, num_frames, blank),
        sums: out.result.unchunk(num_frames),
        q: bins.centres.clone(),
    })
}

/// Integrates frames `(n, y, x)` one by one, from whatever source, as [`integrate_corrected`] does.
///
/// # Errors
/// As [`integrate_corrected`].
pub fn integrate_corrected_one_by_one<T, F>(
    context: &dyn Context,
    frames: &F,
    bins: &CorrectedBins,
    blank: Option<&Blank>,
    live: Option<&mut Live<'_>>,
) -> anyhow::Result<Integration>
where
    T: Count,
    F: Functor<SubView<T, Ix2>>,
{
    let blank_shape = blank.map(|blank| blank.counts.dim());
    let num_frames = check_shapes(frames, bins.shape(), blank_shape)?;
    let plan = CorrectedPlan::new(bins, blank);
    let out = match live {
        None => integrate_corrected_frame::run_in(context, frames, &plan)?,
        Some(live) => {
            let every = live.every();
            integrate_corrected_frame::run_live_in(context, frames, &plan, every, |snapshot| {
                let out = snapshot.out();
                let outputs = Outputs {
                    num_frames,
                    frames_per_item: 1,
                    profiles: out.profile.view(),
                    sigma: Some(out.sigma.view()),
                    total: out.total.view(),
                };
                let mut preview = Preview::new(snapshot, outputs, &bins.centres);
                preview.mean_image = mean_image(&out.total, preview.finished, blank);
                live.show(&preview)
            })
            .map_err(refused)?
        }
    };
    Ok(Integration {
        profiles: out.profile,
        sigma: Some(out.sigma),
        mean_image: mean_image(&out.total, num_frames, blank),
        sums: out.result,
        q: bins.centres.clone(),
    })
}

/// The mean of all frames, less the blank.
fn mean_image(
    total: &SharedArray<f64, Ix2>,
    num_frames: usize,
    blank: Option<&Blank>,
) -> Array2<f64> {
    let mean = total.mapv(|total| total / num_frames as f64);
    match blank {
        None => mean,
        Some(Blank { counts, transmission }) => mean - counts * *transmission,
    }
}
