//! The programs of the design document and of the README, as a user writes them.

use ndarray::{
    Array1, Array2, Array3, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, Ix1, Ix2, Ix3,
};
use pasha::{Context, SharedArray, ThreadContext};
use pasha_tests::for_each_context;

/// Multiplies each value with 3.
#[pasha::kernel]
fn triple_it(value: f64) -> f64 {
    3.0 * value
}

#[test]
fn the_quick_guide() -> pasha::Result<()> {
    let inp = Array1::linspace(0.0, 1.0, 100);
    let outp = triple_it::run_parallel(&inp)?;
    assert_eq!(outp.view(), (&inp * 3.0).view());

    let outp = triple_it::run_in(&ThreadContext::new(4)?, &inp)?;
    assert_eq!(outp, &inp * 3.0);
    assert_eq!(triple_it(2.0), 6.0);
    Ok(())
}

/// Corrects one detector frame and reduces it to what the analysis needs.
///
/// Frames are `(y, x)` in counts; `dark` in counts.
#[pasha::kernel]
fn reduce_frame(
    frame: ArrayView2<u16>,
    monitor: f64,
    #[index] index: usize,
    #[worker_id] worker: usize,
    #[shared] dark: &Array2<f32>,
    #[shared] bins: &Array2<u16>,
    #[shared] n_bins: usize,
    #[output(like = frame)] mut corrected: ArrayViewMut2<f32>,
    #[output(shape = (n_bins,), fill = f32::NAN)] mut profile: ArrayViewMut1<f32>,
    #[scratch(Vec::with_capacity(n_bins))] counts: &mut Vec<u32>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
) -> f64 {
    assert!(worker < 16);
    counts.clear();
    counts.resize(n_bins, 0);
    let mut sums = vec![0.0; n_bins];
    for ((place, &count), &bin) in frame.indexed_iter().zip(bins) {
        let value = (f32::from(count) - dark[place]) / monitor as f32;
        corrected[place] = value;
        total[place] += f64::from(value);
        sums[usize::from(bin)] += value;
        counts[usize::from(bin)] += 1;
    }
    for (bin, &count) in counts.iter().enumerate() {
        if count > 0 {
            profile[bin] = sums[bin] / count as f32;
        }
    }
    index as f64 + monitor
}

fn frames() -> (Array3<u16>, Array1<f64>, Array2<f32>, Array2<u16>) {
    let frames = Array3::from_shape_fn((37, 6, 8), |(i, y, x)| (100 + 7 * i + 3 * y + x) as u16);
    let monitor = Array1::from_shape_fn(37, |i| 1.0 + i as f64);
    let dark = Array2::from_shape_fn((6, 8), |(y, x)| (y + x) as f32);
    let bins = Array2::from_shape_fn((6, 8), |(y, _)| (y / 2) as u16);
    (frames, monitor, dark, bins)
}

for_each_context! {
    fn the_detector_kernel(context: &dyn Context) {
        let (frames, monitor, dark, bins) = frames();
        let out = reduce_frame::run_in(context, &frames, &monitor, &dark, &bins, 5).unwrap();
        let corrected: &SharedArray<f32, Ix3> = &out.corrected;
        let profile: &SharedArray<f32, Ix2> = &out.profile;
        let total: &SharedArray<f64, Ix2> = &out.total;
        let result: &SharedArray<f64, Ix1> = &out.result;
        for (i, frame) in frames.outer_iter().enumerate() {
            let expected = (frame.mapv(f32::from) - &dark) / monitor[i] as f32;
            assert_eq!(corrected.index_axis(Axis(0), i), expected);
            for bin in 0..3 {
                let rows = expected.slice(ndarray::s![2 * bin..2 * bin + 2, ..]);
                let mean = rows.sum() / 16.0;
                assert!((profile[[i, bin]] - mean).abs() <= 1e-4 * mean.abs());
            }
            // Bins without pixels keep the fill value.
            assert!(profile[[i, 3]].is_nan() && profile[[i, 4]].is_nan());
            assert_eq!(result[i], i as f64 + monitor[i]);
        }
        let sum = corrected.mapv(f64::from).sum_axis(Axis(0));
        assert!((&sum - &total.view()).iter().all(|difference| difference.abs() < 1e-9));
    }
}

#[test]
fn the_outputs_are_a_struct_named_after_the_kernel() {
    let (frames, monitor, dark, bins) = frames();
    let out: ReduceFrameOutput =
        reduce_frame::run_serial(&frames, &monitor, &dark, &bins, 3).unwrap();
    let ReduceFrameOutput { corrected, profile, total, result } = out;
    assert_eq!(corrected.shape(), [37, 6, 8]);
    assert_eq!(profile.shape(), [37, 3]);
    assert_eq!(total.shape(), [6, 8]);
    assert_eq!(result.shape(), [37]);
}
