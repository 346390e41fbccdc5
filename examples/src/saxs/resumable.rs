//! The job as a batch system runs it: it can be ended at any time, and goes on where it was.

use std::path::Path;

use anyhow::Context as _;
use ndarray::{Array2, ArrayView2, ArrayViewMut1, Axis};
use pasha::lanes::Summand;
use pasha::{Allocate as _, CancelToken, Context, ContextOptions as _, Functor, SubView};

use super::sums::{BinSums, Signal};
use super::{Options, check_shapes, sum_of_each_frame, write_means};
use crate::detector::QBins;

/// Has the job stopped by the signals that ask a program to end, and gone on with by the next one
/// that has the same folder for its results.
///
/// # Errors
/// If the program handles signals already.
pub fn stopped_by_signals(options: Options) -> anyhow::Result<Options> {
    let token = CancelToken::new();
    let job = options.out.join("job.pasha");
    let context = options.context.cancel_token(&token).resume(job);
    ctrlc::set_handler(move || token.cancel())?;
    Ok(Options { context, ..options })
}

/// Integrates one detector frame `(y, x)` azimuthally, as
/// [`integrate_frame()`](super::integrate_frame()) does, without the image of all frames: what
/// workers add up is lost when a program is ended.
#[pasha::kernel]
pub fn integrate_profile<T: Summand>(
    frame: ArrayView2<T>,
    #[shared] bins: &QBins,
    #[scratch(BinSums::new(bins.len()))] sums: &mut BinSums<Signal<T>>,
    #[scratch(Array2::zeros(bins.of_pixel.dim()))] unused: &mut Array2<f64>,
    #[output(shape = bins.len(), fill = f64::NAN)] profile: ArrayViewMut1<f64>,
) -> f64 {
    sums.of_block(frame.insert_axis(Axis(0)), bins.plan(), &mut unused.view_mut(), &mut ());
    write_means(sums.sums(), 0, bins, profile);
    sum_of_each_frame(sums.sums())[0]
}

/// Integrates those frames that an earlier job has not, into `profiles.npy` `(n, bins)` and
/// `sums.npy` `(n,)` in a folder.
///
/// # Errors
/// If the bins do not fit the frames, or the map fails or is cancelled.
pub fn integrate_into<T, F>(
    context: &dyn Context,
    frames: &F,
    bins: &QBins,
    folder: &Path,
) -> anyhow::Result<pasha::Report>
where
    T: Summand,
    F: Functor<SubView<T, ndarray::Ix2>>,
{
    let num_frames = check_shapes(frames, bins.of_pixel.dim(), None)?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
    let profiles = context.alloc::<f64>((num_frames, bins.len())).fill(f64::NAN);
    let mut out = IntegrateProfileOutput {
        profile: profiles.file(folder.join("profiles.npy")).build()?,
        result: context.alloc::<f64>(num_frames).file(folder.join("sums.npy")).build()?,
    };
    Ok(integrate_profile::run_report_into(context, frames, bins, &mut out)?)
}
