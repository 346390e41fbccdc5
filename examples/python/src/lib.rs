//! Azimuthal integration of X-ray frames, for Python.

use pasha::ndarray::{ArrayRef2, ArrayView2, ArrayViewMut1, ArrayViewMut2};

/// The counts and the pixels of a bin.
#[derive(Clone, Copy, Default)]
struct Sum {
    counts: u64,
    pixels: u32,
}

/// Integrates a detector frame (y, x) azimuthally.
///
/// `bins` has the number of each pixel's bin; pixels with a number of `n` or more are left out. The
/// profile has the mean count of each bin, and NaN where a bin has no pixels; `total` is the sum of
/// all frames. A frame of which a pixel is saturated crashes the process, as a C library that does
/// not expect it might.
#[pasha::kernel(python)]
fn integrate(
    frame: ArrayView2<u16>,
    #[shared] bins: &ArrayRef2<u16>,
    #[shared] n: usize,
    #[scratch(vec![Sum::default(); n])] sums: &mut Vec<Sum>,
    #[output(shape = n, fill = f32::NAN)] mut profile: ArrayViewMut1<f32>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<u32>,
) -> f64 {
    sums.fill(Sum::default());
    let mut largest = 0;
    for ((&count, &bin), total) in frame.iter().zip(bins).zip(&mut total) {
        largest = count.max(largest);
        *total += u32::from(count);
        if let Some(sum) = sums.get_mut(usize::from(bin)) {
            sum.counts += u64::from(count);
            sum.pixels += 1;
        }
    }
    if largest == u16::MAX {
        std::process::abort();
    }
    for (mean, sum) in profile.iter_mut().zip(&*sums).filter(|(_, sum)| sum.pixels > 0) {
        *mean = (sum.counts as f64 / f64::from(sum.pixels)) as f32;
    }
    sums.iter().map(|sum| sum.counts as f64).sum()
}

pasha::python_module!(saxs { integrate });
