//! Kernels that pytest calls: one for each thing that arguments, outputs and failures may be.

mod failing;

use half::f16;
use num_complex::{Complex32, Complex64};
use pasha::Ragged;
use pasha::ndarray::{
    Array2, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2,
};

use failing::{fail, wait};

/// Multiplies each value with 3.
///
/// The first program of the original.
#[pasha::kernel(python)]
fn triple_it(value: f64) -> f64 {
    3.0 * value
}

/// The item as it is, of any type.
#[pasha::kernel(python)]
fn same<T: Copy>(value: T) -> T {
    value
}

/// Multiplies.
#[pasha::kernel(python)]
fn scale<T: Copy + std::ops::Mul<Output = T>>(value: T, #[shared] factor: T) -> T {
    factor * value
}

/// Takes numbers of two types.
#[pasha::kernel(python)]
fn combine<T: Copy + Into<f64>, U: Copy + Into<f64>>(a: T, b: &U) -> f64 {
    a.into() - (*b).into()
}

/// The sum of a frame.
#[pasha::kernel(python)]
fn frame_sum(frame: ArrayView2<f64>) -> f64 {
    frame.sum()
}

/// How many elements of a row are true.
#[pasha::kernel(python)]
fn count_true(row: ArrayView1<bool>) -> u64 {
    row.iter().map(|&is_true| u64::from(is_true)).sum()
}

/// Whether each value is large.
#[pasha::kernel(python)]
fn is_large(value: f64, #[shared] border: f64) -> bool {
    value > border
}

/// Corrects a frame and reduces it.
#[pasha::kernel(python)]
fn reduce_frame(
    frame: ArrayView2<u16>,
    monitor: f64,
    #[shared] dark: &ArrayRef2<f32>,
    #[shared] gain: &Array2<f32>,
    #[shared] bins: ArrayView2<u16>,
    #[shared] n_bins: usize,
    #[output(like = frame)] mut corrected: ArrayViewMut2<f32>,
    #[output(shape = n_bins, fill = f32::NAN)] mut profile: ArrayViewMut1<f32>,
    #[scratch(Vec::new())] sums: &mut Vec<f64>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
    #[reduce(max)] brightest: &mut u16,
) -> f64 {
    sums.clear();
    sums.resize(2 * n_bins, 0.0);
    for (place, &count) in frame.indexed_iter() {
        let value = (f32::from(count) - dark[place]) * gain[place];
        corrected[place] = value;
        total[place] += f64::from(value);
        *brightest = (*brightest).max(count);
        let bin = usize::from(bins[place]);
        sums[bin] += f64::from(value);
        sums[n_bins + bin] += 1.0;
    }
    for bin in 0..n_bins {
        if sums[n_bins + bin] > 0.0 {
            profile[bin] = (sums[bin] / sums[n_bins + bin]) as f32;
        }
    }
    sums[..n_bins].iter().sum::<f64>() / monitor
}

/// A number and its square.
#[pasha::kernel(python)]
fn powers(value: i64) -> (i64, f64) {
    (value, (value * value) as f64)
}

/// A number, its square and its cube.
#[pasha::kernel(python)]
fn row_of_powers(value: f64) -> [f64; 3] {
    [value, value * value, value * value * value]
}

/// An array and a returned tuple.
#[pasha::kernel(python)]
fn array_and_tuple(value: f64, #[output(shape = 2)] mut pair: ArrayViewMut1<f64>) -> (f64, i32) {
    pair.fill(value);
    (2.0 * value, 1)
}

/// Numbers below the item.
#[pasha::kernel(python)]
fn below(limit: u32, #[output(ragged)] numbers: &mut Ragged<u32>) {
    (0..limit).for_each(|number| numbers.push(number));
}

/// The item as often as it says.
#[pasha::kernel(python)]
fn repeated(count: u16, #[output(ragged = count)] mut copies: ArrayViewMut1<u16>) {
    copies.fill(count);
}

/// The sum of all.
#[pasha::kernel(python)]
fn total(value: f64, #[reduce(sum)] sum: &mut f64) {
    *sum += value;
}

/// What each worker has summed up.
#[pasha::kernel(python)]
fn by_worker(value: f64, #[per_worker] sums: &mut f64) {
    *sums += value;
}

/// Nothing at all.
#[pasha::kernel(python)]
fn nothing(value: f64) {
    let _ = value;
}

/// The index, a text's length, and numbers that may be missing.
#[pasha::kernel(python)]
fn parameters(
    value: i32,
    #[index] index: usize,
    #[worker_id] _worker: usize,
    #[shared] text: &str,
    #[shared] weights: &[f32],
    #[shared] offsets: &Vec<i32>,
    #[shared] table: &ArrayRef1<f64>,
    #[shared] sometimes: Option<f64>,
    #[shared] is_wanted: bool,
    #[shared] phase: Complex64,
) -> [f64; 7] {
    [
        f64::from(value) + index as f64,
        text.len() as f64,
        f64::from(weights[index]),
        f64::from(offsets[index]),
        table[index],
        sometimes.unwrap_or(-1.0),
        if is_wanted { phase.re } else { phase.im },
    ]
}

pasha::python_module!(kernels {
    triple_it,
    same: [u8, u16, u32, u64, i8, i16, i32, i64, f16, f32, f64, Complex32, Complex64, bool],
    scale: [f32, f64, i64],
    combine: [(f32, u16), (f64, u32)],
    frame_sum,
    count_true,
    is_large,
    reduce_frame,
    powers,
    row_of_powers,
    array_and_tuple,
    below,
    repeated,
    total,
    by_worker,
    nothing,
    parameters,
    fail,
    wait,
});
