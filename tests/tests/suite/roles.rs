//! Every role of a parameter, in every context.

use ndarray::{
    Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, array,
};
use pasha::{Context, SharedArray};
use pasha_tests::for_each_context;

/// Item, index and worker.
#[pasha::kernel]
fn who_and_where(value: i32, #[index] index: usize, #[worker_id] worker: usize) -> [usize; 3] {
    [index, worker, value as usize]
}

/// A shared value, a shared reference, a shared closure.
#[pasha::kernel]
fn with_shared(
    value: f64,
    #[shared] factor: f64,
    #[shared] table: &[f64],
    #[shared] f: impl Fn(f64) -> f64,
    #[index] index: usize,
) -> f64 {
    f(factor * value + table[index % table.len()])
}

/// Shaped after the item, after a shared array, by an expression, and scalar slots.
#[pasha::kernel]
fn shaped(
    frame: ArrayView2<u8>,
    #[shared] model: &Array1<f32>,
    #[shared] n: usize,
    #[output(like = frame)] mut same: ArrayViewMut2<i64>,
    #[output(like = model, fill = -1.0)] mut as_model: ArrayViewMut1<f64>,
    #[output(shape = (n, frame.nrows()), order = F)] mut by_expression: ArrayViewMut2<u16>,
    #[output] scalar: &mut u32,
    #[output(fill = 7)] filled: &mut u8,
) {
    same.assign(&frame.mapv(i64::from));
    as_model[0] = f64::from(model[0]);
    assert!(by_expression.t().is_standard_layout(), "a slot in Fortran order is contiguous");
    by_expression[[0, 1]] = 5;
    *scalar = frame.iter().map(|&x| u32::from(x)).sum();
    *filled += 1;
}

/// A slot of its own length for each item.
#[pasha::kernel]
fn ragged(
    values: ArrayView1<u32>,
    #[shared] above: u32,
    #[output(ragged = values.iter().filter(|&&v| v > above).count(), fill = 99)]
    mut found: ArrayViewMut1<u32>,
    #[output(ragged = values[0])] mut other: ArrayViewMut1<f32>,
) -> u32 {
    for (slot, value) in found.iter_mut().zip(values.iter().filter(|&&v| v > above)) {
        *slot = *value;
    }
    other.fill(0.5);
    found.len() as u32
}

/// Accumulators that stay apart.
#[pasha::kernel]
fn per_worker(
    value: f64,
    #[worker_id] worker: usize,
    #[per_worker(shape = 3, fill = 1.0)] mut histogram: ArrayViewMut1<f64>,
    #[per_worker] count: &mut u64,
    #[per_worker(fill = usize::MAX)] who: &mut usize,
) {
    histogram[value as usize % 3] += 1.0;
    *count += 1;
    *who = worker;
}

/// The geometric mean's logarithm, as an example of a merge of one's own.
fn larger_magnitude(a: f64, b: f64) -> f64 {
    if b.abs() > a.abs() { b } else { a }
}

/// Every merge.
#[pasha::kernel]
fn reduced(
    value: i64,
    #[index] index: usize,
    #[reduce(sum)] sum: &mut i64,
    #[reduce(product)] product: &mut f64,
    #[reduce(min)] min: &mut i64,
    #[reduce(max)] max: &mut f32,
    #[reduce(any)] any: &mut bool,
    #[reduce(all)] all: &mut bool,
    #[reduce(larger_magnitude, init = 0.0)] extreme: &mut f64,
    #[reduce(sum, shape = (2, 2), init = 100)] mut table: ArrayViewMut2<u32>,
    #[reduce(max, shape = 4)] mut peaks: ArrayViewMut1<i64>,
) {
    *sum += value;
    *product *= if value == 3 { 2.0 } else { 1.0 };
    *min = (*min).min(value);
    *max = max.max(value as f32);
    *any |= value == 500;
    *all &= value > -1000;
    *extreme = larger_magnitude(*extreme, -(value as f64));
    table[[index % 2, index / 2 % 2]] += 1;
    peaks[index % 4] = peaks[index % 4].max(value);
}

/// Scratch is made once per worker and keeps what the worker put in.
#[pasha::kernel]
fn with_scratch(
    _value: usize,
    #[shared] capacity: usize,
    #[scratch(Vec::<usize>::with_capacity(capacity))] seen: &mut Vec<usize>,
    #[scratch(String::from("made once"))] text: &mut String,
    #[index] index: usize,
) -> usize {
    assert_eq!(seen.capacity(), capacity);
    assert_eq!(text, "made once");
    assert!(seen.iter().all(|&earlier| earlier < index), "indices rise within a worker");
    if seen.len() < capacity {
        seen.push(index);
    }
    seen.len()
}

for_each_context! {
    fn index_and_worker(context: &dyn Context) {
        let out = who_and_where::run_in(context, &[10, 20, 30, 40, 50]).unwrap();
        assert_eq!(out.column(0), array![0, 1, 2, 3, 4]);
        assert_eq!(out.column(2), array![10, 20, 30, 40, 50]);
        assert!(out.column(1).iter().all(|&worker| worker < context.num_workers()));
    }

    fn shared(context: &dyn Context) {
        let inp = Array1::from_iter((0..1000).map(f64::from));
        let by = 0.5;
        let out = with_shared::run_in(context, &inp, 2.0, &[1.0, 2.0], |x| x - by).unwrap();
        let expected = Array1::from_shape_fn(1000, |i| 2.0 * i as f64 + (1 + i % 2) as f64 - 0.5);
        assert_eq!(out, expected);
    }

    fn outputs(context: &dyn Context) {
        let frames = Array3::from_shape_fn((11, 2, 3), |(i, y, x)| (i + 2 * y + x) as u8);
        let model = array![2.5_f32, 0.0];
        let out = shaped::run_in(context, &frames, &model, 4).unwrap();
        assert_eq!(out.same, frames.mapv(i64::from));
        assert_eq!(out.as_model.shape(), [11, 2]);
        assert_eq!(out.as_model.column(0), Array1::from_elem(11, 2.5));
        assert_eq!(out.as_model.column(1), Array1::from_elem(11, -1.0));
        assert_eq!(out.by_expression.shape(), [11, 4, 2]);
        assert_eq!(out.by_expression.sum(), 55);
        assert_eq!(out.by_expression[[10, 0, 1]], 5);
        let sums = frames.mapv(u32::from).sum_axis(Axis(2)).sum_axis(Axis(1));
        assert_eq!(out.scalar, sums);
        assert_eq!(out.filled, Array1::from_elem(11, 8));
    }

    fn ragged_outputs(context: &dyn Context) {
        let values = Array2::from_shape_fn((23, 9), |(i, j)| ((i * 7 + j * 5) % 11) as u32);
        let out = ragged::run_in(context, &values, 4).unwrap();
        let expected: Vec<Vec<u32>> = values
            .outer_iter()
            .map(|row| row.iter().copied().filter(|&v| v > 4).collect())
            .collect();
        assert_eq!(out.found.len(), 23);
        for (slot, expected) in out.found.iter().zip(&expected) {
            assert_eq!(slot.to_vec(), *expected);
        }
        assert_eq!(out.found.values().to_vec(), expected.concat());
        assert_eq!(out.other.values().len() as u32, values.column(0).sum());
        assert!(out.other.values().iter().all(|&value| value == 0.5));
        // It can be mapped over again, slot by slot.
        let sums = pasha::map_in(context, &out.found, |_, _, slot| slot.sum()).unwrap();
        assert_eq!(sums.to_vec(), expected.iter().map(|slot| slot.iter().sum()).collect::<Vec<u32>>());
        let lengths: Vec<u32> = expected.iter().map(|slot| slot.len() as u32).collect();
        assert_eq!(out.result, Array1::from(lengths));
    }

    fn per_worker_arrays(context: &dyn Context) {
        let inp: Vec<f64> = (0..300).map(f64::from).collect();
        let out = per_worker::run_in(context, &inp).unwrap();
        let workers = context.num_workers();
        assert_eq!(out.histogram.shape(), [workers, 3]);
        let histogram: &SharedArray<f64, ndarray::Ix2> = &out.histogram;
        assert_eq!(histogram.sum_axis(Axis(0)), Array1::from_elem(3, 100.0 + workers as f64));
        assert_eq!(out.count.shape(), [workers]);
        assert_eq!(out.count.sum(), 300);
        for (worker, (&who, &count)) in out.who.iter().zip(&out.count).enumerate() {
            assert_eq!(who, if count > 0 { worker } else { usize::MAX });
        }
    }

    fn reductions(context: &dyn Context) {
        let inp: Vec<i64> = (-300..701).collect();
        let out = reduced::run_in(context, &inp).unwrap();
        assert_eq!(out.sum, inp.iter().sum::<i64>());
        assert_eq!(out.product, 2.0);
        assert_eq!(out.min, -300);
        assert_eq!(out.max, 700.0);
        assert!(out.any);
        assert!(out.all);
        assert_eq!(out.extreme, -700.0);
        // What a built-in merge starts from enters once, however many workers there are.
        assert_eq!(out.table.sum(), 400 + 1001);
        assert_eq!(out.peaks, array![700, 697, 698, 699]);
    }

    fn scratch(context: &dyn Context) {
        let out = with_scratch::run_in(context, 0..500_usize, 1000).unwrap();
        assert!(out.iter().all(|&len| (1..=500).contains(&len)));
        assert_eq!(out.iter().filter(|&&len| len == 1).count(), out_workers(&out));
    }
}

/// The number of workers that ran something: each began with an empty scratch.
fn out_workers(out: &SharedArray<usize, ndarray::Ix1>) -> usize {
    let starts = out.iter().filter(|&&len| len == 1).count();
    assert!(starts >= 1);
    starts
}
