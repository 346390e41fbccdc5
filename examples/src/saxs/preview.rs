//! What an integration has of its frames while it runs.

use std::time::Duration;

use anyhow::Context as _;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use pasha::Snapshot;

/// At most this many profiles are drawn while the integration runs, so that drawing takes little
/// of the time of the workers.
const MAX_PROFILES: usize = 60;

/// The finished frames of an integration, and no others.
#[derive(Clone, Debug)]
pub struct Preview<'a> {
    /// The number of all frames.
    pub num_frames: usize,
    /// How many are finished.
    pub finished: usize,
    /// How many failed, which the integration goes on without.
    pub failed: usize,
    /// The time since the integration began.
    pub elapsed: Duration,
    /// The numbers of some of the finished frames, evenly spread, `(n,)`.
    pub frames: Vec<usize>,
    /// The profiles of those, `(n, bins)`.
    pub profiles: Array2<f64>,
    /// The standard errors of the profiles, `(n, bins)`, if they are computed.
    pub sigma: Option<Array2<f64>>,
    /// The mean over all finished frames, `(y, x)`; NaN before the first.
    pub mean_image: Array2<f64>,
    /// The centres of the bins, `(bins,)`.
    pub q: &'a Array1<f64>,
}

/// The outputs of a kernel, as far as items are finished.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outputs<'a> {
    /// How many frames there are.
    pub(super) num_frames: usize,
    /// How many frames an item has.
    pub(super) frames_per_item: usize,
    /// A row for each frame, and perhaps some for frames that the last block lacks.
    pub(super) profiles: ArrayView2<'a, f64>,
    /// As the profiles.
    pub(super) sigma: Option<ArrayView2<'a, f64>>,
    /// The sum of the finished frames, `(y, x)`.
    pub(super) total: ArrayView2<'a, f64>,
}

impl<'a> Preview<'a> {
    /// Picks what is finished.
    pub(super) fn new<T>(
        snapshot: &Snapshot<'_, T>,
        outputs: Outputs<'_>,
        q: &'a Array1<f64>,
    ) -> Self {
        let Outputs { num_frames, frames_per_item, profiles, sigma, total } = outputs;
        let finished: Vec<usize> =
            (0..num_frames).filter(|frame| snapshot.is_finished(frame / frames_per_item)).collect();
        let of_item =
            |item: usize| (num_frames.saturating_sub(item * frames_per_item)).min(frames_per_item);
        let failed = snapshot.failed().iter().map(|failed| of_item(failed.index)).sum();
        let frames = evenly_spread(&finished);
        Preview {
            num_frames,
            finished: finished.len(),
            failed,
            elapsed: snapshot.progress().elapsed,
            profiles: profiles.select(Axis(0), &frames),
            sigma: sigma.map(|sigma| sigma.select(Axis(0), &frames)),
            frames,
            mean_image: total.mapv(|total| total / finished.len() as f64),
            q,
        }
    }
}

/// Some of the frames, with the first and the last.
fn evenly_spread(frames: &[usize]) -> Vec<usize> {
    let shown = frames.len().min(MAX_PROFILES);
    (0..shown).map(|place| frames[place * (frames.len() - 1) / (shown - 1).max(1)]).collect()
}

/// Says of what the runtime refuses that `--live` asked for it.
pub(super) fn refused(error: pasha::Error) -> anyhow::Error {
    match error {
        pasha::Error::Argument { .. } => {
            let refused = Err::<(), _>(error).context("--live can't show this integration");
            refused.unwrap_err()
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

    use ndarray::Array3;
    use pasha::ThreadContext;
    use pasha::lanes::LANES;

    use super::*;
    use crate::detector::{Geometry, QBins};
    use crate::saxs::{integrate_block, rows_of_blocks};

    /// Of equal frames the mean is the frame, however many of them are finished.
    #[test]
    fn the_mean_is_that_of_the_finished_frames() {
        let frames = Array3::<u16>::from_elem((21, 10, 12), 7);
        let bins = QBins::new(&Geometry::PILATUS_WAXS, (10, 12), 5, QBins::ALL, None).unwrap();
        // The second worker begins when finished frames were seen, so that there is such a look.
        let seen = Arc::new(AtomicBool::new(false));
        let (is_seen, begun) = (Arc::clone(&seen), Instant::now());
        let context =
            ThreadContext::new(2).unwrap().static_split().on_worker_start(move |worker| {
                while worker == 1 && !is_seen.load(Ordering::Relaxed) {
                    assert!(begun.elapsed() < Duration::from_secs(60), "nothing was seen");
                    std::thread::yield_now();
                }
            });
        let blocks = pasha::chunks(&frames, LANES);
        let every = Duration::from_millis(1);
        integrate_block::run_live_in(&context, blocks, &bins, every, |snapshot| {
            let out = snapshot.out();
            let outputs = Outputs {
                num_frames: 21,
                frames_per_item: LANES,
                profiles: rows_of_blocks(out.profiles.view()),
                sigma: None,
                total: out.total.view(),
            };
            let preview = Preview::new(snapshot, outputs, &bins.q);
            assert_eq!((preview.num_frames, preview.failed), (21, 0));
            assert_eq!(preview.frames.len(), preview.finished);
            assert_eq!(preview.profiles.nrows(), preview.finished);
            assert!(preview.profiles.iter().all(|&value| value == 7.0 || value.is_nan()));
            if preview.finished > 0 {
                assert!(preview.mean_image.iter().all(|&mean| mean == 7.0));
                let partial = preview.finished < 21;
                seen.fetch_or(partial, Ordering::Relaxed);
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    }

    #[test]
    fn frames_are_spread_from_the_first_to_the_last() {
        assert!(evenly_spread(&[]).is_empty());
        assert_eq!(evenly_spread(&[7]), [7]);
        let frames: Vec<usize> = (100..1100).collect();
        let shown = evenly_spread(&frames);
        assert_eq!((shown.len(), shown[0], shown[MAX_PROFILES - 1]), (MAX_PROFILES, 100, 1099));
        assert_eq!(evenly_spread(&frames[..MAX_PROFILES]), frames[..MAX_PROFILES]);
    }
}
