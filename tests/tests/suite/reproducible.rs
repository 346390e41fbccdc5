//! Reductions whose bits do not depend on who computes what.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};
use pasha::prelude::*;
use pasha::{AnyContext, ContextOptions, Error};

/// Sums and products of floats, whose bits depend on the order.
#[pasha::kernel]
fn floats(
    value: f64,
    #[reduce(sum)] total: &mut f64,
    #[reduce(product)] product: &mut f32,
    #[reduce(sum, shape = (7,))] mut by_size: ArrayViewMut1<f64>,
    #[per_worker] calls: &mut u64,
) -> f64 {
    *total += value.sin();
    *product *= 1.0 + 1e-3 * value.cos() as f32;
    by_size[value as usize % 7] += value.sqrt();
    *calls += 1;
    value
}

/// The bits of what `floats` reduces.
fn bits(out: &FloatsOutput) -> Vec<u64> {
    let single = [out.total.to_bits(), u64::from(out.product.to_bits())];
    single.into_iter().chain(out.by_size.iter().map(|sum| sum.to_bits())).collect()
}

/// Contexts with so many workers, split in all ways.
fn contexts(numbers_of_workers: &[usize]) -> Vec<AnyContext> {
    let mut contexts: Vec<AnyContext> = Vec::new();
    contexts.push(Box::new(SerialContext::new().reproducible(true)));
    for &workers in numbers_of_workers {
        let share = NonZeroUsize::new(workers).unwrap();
        let threads = ThreadContext::new(workers).unwrap().reproducible(true);
        let processes = ProcessContext::new(workers).unwrap().reproducible(true);
        contexts.push(Box::new(threads.clone().static_split()));
        contexts.push(Box::new(threads.clone().share(share)));
        contexts.push(Box::new(threads));
        contexts.push(Box::new(processes.clone().on_failure(OnFailure::Skip { at_most: 3 })));
        contexts.push(Box::new(processes.clone().static_split()));
        contexts.push(Box::new(processes));
    }
    contexts
}

fn values(len: usize) -> Array1<f64> {
    Array1::from_shape_fn(len, |index| ((index * 7919) % 10_007) as f64 / 3.0)
}

#[test]
fn the_bits_are_the_same_whoever_computes_what() {
    for len in [0, 1, 2, 3, 511, 513, 1021, 20_011] {
        let values = values(len);
        let serial = floats::run_in(&SerialContext::new().reproducible(true), &values).unwrap();
        let most = if len == 1021 { 64 } else { 7 };
        for context in contexts(&[1, 2, most]) {
            let out = floats::run_in(&context, &values).unwrap();
            assert_eq!(bits(&out), bits(&serial), "{len} items, {context:?}");
            assert_eq!(out.calls.sum(), len as u64);
        }
    }
}

#[test]
fn without_the_option_the_bits_differ_now_and_then() {
    // Otherwise the test above could not fail.
    let values = values(20_011);
    let of = |workers: usize| {
        bits(
            &floats::run_in(&ThreadContext::new(workers).unwrap().static_split(), &values).unwrap(),
        )
    };
    assert!((2..8).any(|workers| of(workers) != of(1)));
}

/// The product of two matrices, modulo a prime below 2^31: exact, and another in another order.
fn multiply(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    const PRIME: u64 = 2_147_483_629;
    let entry = |row: usize, column: usize| {
        (a[2 * row] * b[column] + a[2 * row + 1] * b[2 + column]) % PRIME
    };
    [entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)]
}

const ONE: [u64; 4] = [1, 0, 0, 1];

/// No two of these can be exchanged.
fn matrix(number: u64) -> [u64; 4] {
    [number + 1, 2 * number + 1, 3, number]
}

/// Matrices multiplied in the order of the items.
#[pasha::kernel]
fn multiplied(number: u64, #[reduce(multiply, init = ONE)] all: &mut [u64; 4]) {
    *all = multiply(*all, matrix(number));
}

fn by_hand(numbers: impl Iterator<Item = u64>) -> [u64; 4] {
    numbers.fold(ONE, |all, number| multiply(all, matrix(number)))
}

#[test]
fn a_merge_that_is_not_commutative_gets_neighbours_in_order() {
    for len in [0, 1, 2, 5, 512, 700, 5000] {
        for context in contexts(&[1, 2, 7]) {
            let all = multiplied::run_in(&context, 0..len).unwrap();
            assert_eq!(all, by_hand(0..len), "{len} items, {context:?}");
        }
    }
}

/// Matrices, some of which fail: for ever, or at the first attempt.
#[pasha::kernel]
fn failing(
    number: u64,
    #[shared] folder: &Path,
    #[reduce(multiply, init = ONE)] all: &mut [u64; 4],
) -> Result<(), String> {
    *all = multiply(*all, matrix(7 * number));
    match number % 97 {
        5 if number.is_multiple_of(2) => Err("never".to_owned()),
        50 if std::fs::File::create_new(folder.join(number.to_string())).is_ok() => {
            panic!("at the first attempt")
        }
        _ => {
            *all = multiply(*all, matrix(number));
            Ok(())
        }
    }
}

#[test]
fn failures_and_retries_leave_nothing_behind() {
    const LEN: u64 = 1500;
    let fails = |number: &u64| number % 97 == 5 && number.is_multiple_of(2);
    let expected = (0..LEN)
        .filter(|number| !fails(number))
        .fold(ONE, |all, number| multiply(multiply(all, matrix(7 * number)), matrix(number)));
    let policy = OnFailure::Retry { times: 1, then: AfterRetries::Skip { at_most: 20 } };
    let contexts: [AnyContext; 4] = [
        Box::new(SerialContext::new().on_failure(policy).reproducible(true)),
        Box::new(ThreadContext::new(3).unwrap().on_failure(policy).reproducible(true)),
        Box::new(ProcessContext::new(3).unwrap().on_failure(policy).reproducible(true)),
        Box::new(
            ProcessContext::new(2).unwrap().on_failure(policy).reproducible(true).static_split(),
        ),
    ];
    for context in contexts {
        let folder = tempfile::tempdir().unwrap();
        let (out, report) = failing::run_report_in(&context, 0..LEN, folder.path()).unwrap();
        assert_eq!(out, expected, "{context:?}");
        assert_eq!(report.failed.len(), (0..LEN).filter(fails).count());
    }
}

#[test]
fn a_retry_runs_its_own_block_again_and_no_block_before() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    static FAILED: [AtomicBool; 200] = [const { AtomicBool::new(false) }; 200];

    /// Fails once at each hundredth number.
    #[pasha::kernel]
    fn now_and_then(number: u64, #[reduce(sum)] total: &mut u64) -> Result<(), &'static str> {
        CALLS.fetch_add(1, Ordering::Relaxed);
        *total += number;
        let is_first =
            number % 100 == 99 && !FAILED[number as usize / 100].swap(true, Ordering::Relaxed);
        if is_first { Err("at the first attempt") } else { Ok(()) }
    }

    const LEN: u64 = 20_000;
    let retry = OnFailure::Retry { times: 1, then: AfterRetries::Abort };
    let context = ThreadContext::new(2).unwrap().static_split().on_failure(retry);
    let total = now_and_then::run_in(&context.reproducible(true), 0..LEN).unwrap();
    assert_eq!(total, LEN * (LEN - 1) / 2);
    // Blocks have less than a hundred items.
    let again = CALLS.load(Ordering::Relaxed) - LEN as usize;
    assert!(again <= 200 * 100, "{again} items were run again for 200 failures");
}

/// As `failing`, with workers that die at some items, once.
#[pasha::kernel]
fn deadly(
    number: u64,
    #[shared] folder: &Path,
    #[reduce(multiply, init = ONE)] all: &mut [u64; 4],
    #[reduce(sum, shape = (20_000,))] mut large: ArrayViewMut1<f64>,
) {
    *all = multiply(*all, matrix(number));
    large[number as usize * 13 % 20_000] += (number as f64).sin();
    large += 1e-9;
    if number % 41 == 40 && std::fs::File::create_new(folder.join(number.to_string())).is_ok() {
        std::process::abort();
    }
}

#[test]
fn workers_that_die_change_no_bit() {
    const LEN: u64 = 600;
    let calm = tempfile::tempdir().unwrap();
    for number in 0..LEN {
        std::fs::File::create(calm.path().join(number.to_string())).unwrap();
    }
    let serial = SerialContext::new().reproducible(true);
    let expected = deadly::run_in(&serial, 0..LEN, calm.path()).unwrap();
    assert_eq!(expected.all, by_hand(0..LEN));
    let retry = OnFailure::Retry { times: 2, then: AfterRetries::Abort };
    for workers in [1, 2, 5] {
        let folder = tempfile::tempdir().unwrap();
        let context = ProcessContext::new(workers).unwrap().on_failure(retry).reproducible(true);
        let (out, report) = deadly::run_report_in(&context, 0..LEN, folder.path()).unwrap();
        assert_eq!(out.all, expected.all, "{workers} workers");
        assert!(out.large == expected.large, "{workers} workers");
        assert_eq!(report.replaced, 14);
    }
}

/// An image, large enough for blocks of another size.
#[pasha::kernel]
fn image(frame: ArrayView2<f32>, #[reduce(sum, like = frame)] mut sum: ArrayViewMut2<f32>) {
    sum += &frame;
}

#[test]
fn large_accumulators_are_summed_by_blocks_that_follow_from_the_length() {
    let frames = Array3::from_shape_fn((300, 120, 160), |(n, y, x)| {
        ((n * 31 + y * 17 + x * 7) % 1009) as f32 / 7.0
    });
    // 300 frames of 76,800 bytes: 30 blocks of ten, merged in pairs.
    let mut sums: Vec<Array2<f32>> = frames
        .axis_chunks_iter(Axis(0), 10)
        .map(|block| {
            let zeros = Array2::zeros((120, 160));
            block.outer_iter().fold(zeros, |sum: Array2<f32>, frame| sum + frame)
        })
        .collect();
    while sums.len() > 1 {
        sums = sums
            .chunks(2)
            .map(|pair| match pair {
                [first, second] => first + second,
                single => single[0].clone(),
            })
            .collect();
    }
    for context in contexts(&[1, 2, 7]) {
        let sum = image::run_in(&context, &frames).unwrap();
        assert!(sum == sums[0], "{context:?}");
    }
}

#[test]
fn a_sum_by_blocks_is_more_accurate_than_one_in_order() {
    /// Adds in single precision.
    #[pasha::kernel]
    fn add(value: f32, #[reduce(sum)] total: &mut f32) {
        *total += value;
    }
    let differ = |index: usize| 0.1 + (index % 10) as f32 * 1e-3;
    for values in [Array1::from_shape_fn(4_000_000, differ), Array1::from_elem(4_000_000, 0.1)] {
        let exact: f64 = values.iter().map(|&value| f64::from(value)).sum();
        let error = |total: f32| (f64::from(total) - exact).abs() / exact;
        let plain = error(add::run_serial(&values).unwrap());
        let blocks = error(add::run_in(&SerialContext::new().reproducible(true), &values).unwrap());
        // What the rounding of a block's items and of the tree's levels can add up to.
        let most = (4e6 / 256.0 + 8.0) * f64::from(f32::EPSILON) / 2.0;
        assert!(blocks < most && blocks < plain / 100.0, "{blocks:.1e}, in order {plain:.1e}");
    }
}

#[test]
fn a_map_within_a_worker_has_the_same_bits() {
    #[pasha::kernel]
    fn outer(row: ArrayView1<f64>, #[shared] context: &ThreadContext) -> f64 {
        floats::run_in(context, row).unwrap().total
    }
    let rows = values(6000).into_shape_with_order((2, 3000)).unwrap();
    let context = ThreadContext::new(2).unwrap().reproducible(true);
    let inside = outer::run_in(&ThreadContext::new(2).unwrap(), &rows, &context).unwrap();
    for (row, inside) in rows.outer_iter().zip(inside.iter()) {
        let outside = floats::run_in(&context, row).unwrap().total;
        assert_eq!(inside.to_bits(), outside.to_bits());
    }
}

#[test]
fn a_merge_that_panics_in_a_worker_is_told() {
    fn refuse(_: u64, _: u64) -> u64 {
        panic!("no two can be merged")
    }
    #[pasha::kernel]
    fn merged(value: u64, #[reduce(refuse, init = 0)] total: &mut u64) {
        *total += value;
    }
    for context in contexts(&[1, 2, 7]) {
        let error = merged::run_in(&context, 0..1000_u64).unwrap_err();
        assert!(matches!(error, Error::MergePanicked { .. }), "{error}");
        assert!(error.to_string().contains("no two can be merged"), "{error}");
    }
}

#[test]
fn the_option_can_be_said_in_a_word() {
    let values = values(3000);
    let mut threads = ThreadContext::new(2).unwrap();
    *threads.options_mut() = "reproducible".parse().unwrap();
    let out = floats::run_in(&threads, &values).unwrap();
    let serial = floats::run_in(&SerialContext::new().reproducible(true), &values).unwrap();
    assert_eq!(bits(&out), bits(&serial));
}

/// Adds up into an accumulator of two megabytes.
#[pasha::kernel]
fn large(
    value: f64,
    #[index] index: usize,
    #[reduce(sum, shape = 262_144)] mut image: ArrayViewMut1<f64>,
) {
    if index == 0 {
        // Whoever has the first block is the last to lay it down.
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    image[index % 5] += value;
}

#[test]
fn blocks_of_masked_items_are_claimed_one_by_one() {
    let values = values(10_000);
    let mask: Vec<bool> = (0_usize..10_000).map(|index| index.is_multiple_of(7)).collect();
    let masked = pasha::masked(&values, &mask);
    let serial = large::run_in(&SerialContext::new().reproducible(true), &masked).unwrap();
    for context in [
        Box::new(ThreadContext::new(8).unwrap().reproducible(true)) as AnyContext,
        Box::new(ProcessContext::new(2).unwrap().reproducible(true)),
    ] {
        let image = large::run_in(&context, &masked).unwrap();
        assert_eq!(image, serial, "{context:?}");
    }
}
