//! Kernels that `table.py` times beside numba's, pyFAI's and NumPy's, on the same arrays.

use std::array::from_fn;

use pasha::ndarray::{ArrayRef2, ArrayView2, ArrayViewMut1, ArrayViewMut2};

/// Lanes of sums, so that the compiler may use vectors: it does not reorder sums of floats, which
/// numba does with `fastmath=True`.
const LANES: usize = 32;

/// Triples a value.
#[pasha::kernel(python)]
fn triple(value: f64) -> f64 {
    3.0 * value
}

/// Corrects a frame for dark and gain; gives its sum, and adds it to the image of all.
///
/// Frames have a multiple of 32 pixels that lie back to back.
#[pasha::kernel(python)]
fn correct(
    frame: ArrayView2<u16>,
    #[shared] dark: &ArrayRef2<f32>,
    #[shared] gain: &ArrayRef2<f32>,
    #[output(like = frame)] mut corrected: ArrayViewMut2<f32>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
) -> pasha::Result<f64, &'static str> {
    let (Some(counts), Some(dark), Some(gain), Some(corrected), Some(total)) = (
        frame.as_slice(),
        dark.as_slice(),
        gain.as_slice(),
        corrected.as_slice_mut(),
        total.as_slice_mut(),
    ) else {
        return Err("the pixels do not lie back to back");
    };
    let mut sums = [0.0_f64; LANES];
    let counts = counts.as_chunks::<LANES>().0;
    let (dark, gain) = (dark.as_chunks::<LANES>().0, gain.as_chunks::<LANES>().0);
    let corrected = corrected.as_chunks_mut::<LANES>().0;
    let total = total.as_chunks_mut::<LANES>().0;
    for ((((counts, dark), gain), corrected), total) in
        counts.iter().zip(dark).zip(gain).zip(corrected).zip(total)
    {
        let values: [f32; LANES] = from_fn(|i| (f32::from(counts[i]) - dark[i]) * gain[i]);
        *corrected = values;
        *total = from_fn(|i| total[i] + f64::from(values[i]));
        sums = from_fn(|i| sums[i] + f64::from(values[i]));
    }
    Ok(sums.iter().sum())
}

/// Integrates a frame azimuthally: the mean of the counts in each bin, of which `pixels` has the
/// number of pixels. Bins of a larger number are left out.
#[pasha::kernel(python)]
fn integrate(
    frame: ArrayView2<u16>,
    #[shared] bins: &ArrayRef2<u16>,
    #[shared] pixels: &[f32],
    #[scratch([vec![0_u64; pixels.len() + 1], vec![0; pixels.len() + 1]])] sums: &mut [Vec<u64>; 2],
    #[output(shape = pixels.len())] mut profile: ArrayViewMut1<f32>,
) {
    sums.iter_mut().for_each(|sums| sums.fill(0));
    let last = pixels.len();
    let [even, odd] = sums;
    for (counts, bins) in frame.outer_iter().zip(bins.outer_iter()) {
        let (Some(counts), Some(bins)) = (counts.as_slice(), bins.as_slice()) else { continue };
        // Two sums for each bin: neighbours are mostly in the same, and would wait for each other.
        let (counts, bins) = (counts.as_chunks::<2>().0, bins.as_chunks::<2>().0);
        for (counts, bins) in counts.iter().zip(bins) {
            even[usize::from(bins[0]).min(last)] += u64::from(counts[0]);
            odd[usize::from(bins[1]).min(last)] += u64::from(counts[1]);
        }
    }
    for (bin, mean) in profile.iter_mut().enumerate() {
        *mean = (even[bin] + odd[bin]) as f32 / pixels[bin];
    }
}

pasha::python_module!(speed { triple, correct, integrate });
