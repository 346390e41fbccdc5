//! Two axes at once, against plain loops.

use ndarray::{Array2, Array3, Array4, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Ix4, array, s};
use pasha::{Context, Error, NpyFile, SharedArray};
use pasha_tests::for_each_context;

#[pasha::kernel]
fn total(frame: ArrayView2<i64>) -> i64 {
    frame.sum()
}

#[pasha::kernel]
fn copy(
    frame: ArrayView2<i64>,
    #[output(like = frame)] mut same: ArrayViewMut2<i64>,
    #[output(like = frame, order = F)] mut turned: ArrayViewMut2<i64>,
) {
    same.assign(&frame);
    turned.assign(&frame);
}

#[pasha::kernel]
fn history(pixel: ArrayView1<i64>) -> [i64; 2] {
    [pixel.sum(), pixel.len() as i64]
}

#[pasha::kernel]
fn square(value: i64) -> i64 {
    value * value
}

#[pasha::kernel]
fn by_reference(value: &i64) -> i64 {
    -*value
}

fn data() -> Array4<i64> {
    Array4::from_shape_fn((3, 4, 5, 2), |(t, m, y, x)| (1000 * t + 100 * m + 10 * y + x) as i64)
}

for_each_context! {
    fn all_pairs_of_axes(context: &dyn Context) {
        let data = data();
        for first in 0..4 {
            for second in (0..4).filter(|&second| second != first) {
                let axes = [Axis(first), Axis(second)];
                let pairs = pasha::axes(&data, axes);
                let [n, m] = [data.len_of(axes[0]), data.len_of(axes[1])];
                assert_eq!(pairs.lengths(), [n, m]);
                let out = copy::run_in(context, &pairs).unwrap();
                let same = out.same.into_axes(&pairs).unwrap();
                let turned = out.turned.into_axes(&pairs).unwrap();
                let totals = total::run_in(context, &pairs).unwrap().into_axes(&pairs).unwrap();
                assert_eq!((&same.shape()[..2], totals.shape()), (&[n, m][..], &[n, m][..]));
                for i in 0..n {
                    for j in 0..m {
                        let outer = data.index_axis(axes[0], i);
                        let inner = Axis(second - usize::from(second > first));
                        let expected = outer.index_axis(inner, j);
                        assert_eq!(same.slice(s![i, j, .., ..]), expected, "{axes:?}");
                        assert_eq!(turned.slice(s![i, j, .., ..]), expected, "{axes:?}");
                        assert_eq!(totals[[i, j]], expected.sum());
                    }
                }
            }
        }
    }

    fn arrays_of_other_ranks(context: &dyn Context) {
        let image = Array2::from_shape_fn((3, 4), |(y, x)| (10 * y + x) as i64);
        let pairs = pasha::axes(&image, [Axis(1), Axis(0)]);
        let out = square::run_in(context, &pairs).unwrap().into_axes(&pairs).unwrap();
        assert_eq!(out, image.t().mapv(|value| value * value));
        let out = by_reference::run_in(context, &pairs).unwrap().into_axes(&pairs).unwrap();
        assert_eq!(out, image.t().mapv(|value| -value));
        let out = pasha::map_in(context, &pairs, |_, index, value| *value + index as i64).unwrap();
        assert_eq!(out[5], 21 + 5);
        let frames = Array3::from_shape_fn((10, 2, 3), |(i, y, x)| (100 * i + 10 * y + x) as i64);
        let pixels = pasha::axes(&frames, [Axis(1), Axis(2)]);
        let out = history::run_in(context, pixels.clone()).unwrap().into_axes(&pixels).unwrap();
        assert_eq!(out.shape(), [2, 3, 2]);
        assert_eq!(out.slice(s![1, 2, ..]), array![4500 + 10 * 12, 10]);
        let dynamic = frames.clone().into_dyn();
        let pairs = pasha::axes(&dynamic, [Axis(0), Axis(2)]);
        let out = pasha::map_in(context, &pairs, |_, _, line| line.sum()).unwrap();
        assert_eq!(out.into_axes(&pairs).unwrap()[[9, 1]], 1812);
        let empty = Array3::<i64>::zeros((3, 0, 2));
        let pairs = pasha::axes(&empty, [Axis(0), Axis(1)]);
        let out = history::run_in(context, &pairs).unwrap().into_axes(&pairs).unwrap();
        assert_eq!(out.shape(), [3, 0, 2]);
    }

    fn other_sources_and_selections(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.npy");
        ndarray_npy::write_npy(&path, &data()).unwrap();
        let file = NpyFile::<i64, Ix4>::open(&path).unwrap();
        let pairs = pasha::axes(&file, [Axis(0), Axis(1)]);
        let expected = data().sum_axis(Axis(3)).sum_axis(Axis(2));
        let out = total::run_in(context, &pairs).unwrap().into_axes(&pairs).unwrap();
        assert_eq!(out, expected);
        let shared = SharedArray::from_array(&data()).unwrap();
        let pairs = pasha::axes(&shared, [Axis(0), Axis(1)]);
        let out = total::run_in(context, pasha::select(&pairs, &[11, 0])).unwrap();
        assert_eq!(out, array![expected[[2, 3]], expected[[0, 0]]]);
        let mask: Vec<bool> = (0..12).map(|pair| pair % 4 == 1).collect();
        let out = total::run_in(context, pasha::masked(&pairs, &mask)).unwrap();
        let out = out.into_axes(&pairs).unwrap();
        assert_eq!((out.column(1), out.sum()), (expected.column(1), expected.column(1).sum()));
    }

    fn axes_that_are_not_there_are_refused(context: &dyn Context) {
        let data = data();
        for (axes, told) in [
            ([Axis(0), Axis(4)], "4 axes, counted from Axis(0), so there is no Axis(4)"),
            ([Axis(7), Axis(0)], "4 axes, counted from Axis(0), so there is no Axis(7)"),
            ([Axis(2), Axis(2)], "both are Axis(2)"),
        ] {
            let error = total::run_in(context, pasha::axes(&data, axes)).unwrap_err();
            assert!(matches!(&error, Error::Functor { item, .. } if item == "frame"), "{error}");
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}

#[test]
fn outputs_of_other_maps_do_not_get_both_axes() {
    let data = data();
    let pairs = pasha::axes(&data, [Axis(0), Axis(1)]);
    let out = row::run_serial(0..6_i64).unwrap();
    let error = out.into_axes(&pairs).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("[6, 2]") && message.contains("12 pairs"), "{message}");
    // Nor do arrays of which the axes were changed.
    let mut out = total::run_serial(&pairs).unwrap();
    out.invert_axis(Axis(0));
    let error = out.into_axes(&pairs).unwrap_err();
    assert!(error.to_string().contains("axes were changed"), "{error}");
}

#[pasha::kernel]
fn row(value: i64) -> [i64; 2] {
    [value, value]
}
