//! Chosen items: lists of indices and masks, over every functor in memory, against plain loops.

use ndarray::{
    Array1, Array3, ArrayView1, ArrayView2, ArrayView3, ArrayViewMut1, Axis, Ix1, Ix3, arr1, array,
    s,
};
use pasha::{
    Context, DataArray, Error, Labelled, NpyFile, OnFailure, Ragged, SerialContext, SharedArray,
    ThreadContext,
};
use pasha_tests::{at_item, for_each_context};

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[pasha::kernel]
fn by_reference(value: &f64) -> f64 {
    *value
}

#[pasha::kernel]
fn length(text: &str) -> usize {
    text.len()
}

#[pasha::kernel]
fn total(line: ArrayView1<i64>) -> i64 {
    line.sum()
}

#[pasha::kernel]
fn corner(frame: ArrayView2<i64>) -> i64 {
    frame[[1, 2]]
}

#[pasha::kernel]
fn first_of(block: ArrayView3<i64>) -> [i64; 2] {
    [block[[0, 0, 0]], block.len_of(Axis(0)) as i64]
}

#[pasha::kernel]
fn same(value: u64) -> u64 {
    value
}

const CHOSEN: [usize; 6] = [7, 0, 7, 9, 8, 3];

/// What the items at these indices give, by a plain loop.
fn gathered<T: Clone>(all: &[T], chosen: &[usize]) -> Array1<T> {
    chosen.iter().map(|&index| all[index].clone()).collect()
}

fn frames() -> Array3<i64> {
    Array3::from_shape_fn((10, 4, 5), |(i, y, x)| (100 * i + 10 * y + x) as i64)
}

for_each_context! {
    fn select_takes_every_source(context: &dyn Context) {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        let doubled: Vec<f64> = values.iter().map(|value| 2.0 * value).collect();
        let expected = gathered(&doubled, &CHOSEN);
        let chosen = &CHOSEN;
        let double = |out: pasha::Result<SharedArray<f64, Ix1>>| assert_eq!(out.unwrap(), expected);
        let array = Array1::from(values.clone());
        let strided = Array1::from_shape_fn(20, |i| if i % 2 == 0 { i as f64 / 2.0 } else { -1.0 });
        let shared = SharedArray::from_array(&array).unwrap();
        double(double::run_in(context, pasha::select(&values, chosen)));
        double(double::run_in(context, pasha::select(&values[..], chosen)));
        double(double::run_in(context, pasha::select(&array, chosen)));
        double(double::run_in(context, pasha::select(array.view(), chosen)));
        double(double::run_in(context, pasha::select(strided.slice(s![..;2]), chosen)));
        double(double::run_in(context, pasha::select(&shared, chosen)));
        let selected = pasha::select(&values, chosen);
        double(double::run_in(context, &selected));
        let out = by_reference::run_in(context, pasha::select(&values, chosen)).unwrap();
        assert_eq!(out, gathered(&values, chosen));
        let texts: Vec<String> = (0..10).map(|i| "x".repeat(i)).collect();
        let out = length::run_in(context, pasha::select(&texts, chosen)).unwrap();
        assert_eq!(out.to_vec(), CHOSEN);
        let out = same::run_in(context, pasha::select(10..20_u64, chosen)).unwrap();
        assert_eq!(out, array![17, 10, 17, 19, 18, 13]);

        let frames = frames();
        let corners = gathered(&(0..10).map(|i| 100 * i + 12).collect::<Vec<i64>>(), chosen);
        let out = corner::run_in(context, pasha::select(&frames, chosen)).unwrap();
        assert_eq!(out, corners);
        let last = frames.view().permuted_axes([1, 2, 0]);
        let along = pasha::axis(&last, Axis(2));
        assert_eq!(corner::run_in(context, pasha::select(&along, chosen)).unwrap(), corners);
        assert_eq!(corner::run_in(context, pasha::select(along, chosen)).unwrap(), corners);
        let blocks = pasha::chunks(&frames, 3);
        let out = first_of::run_in(context, pasha::select(&blocks, &[3, 1])).unwrap();
        assert_eq!(out, array![[900, 1], [300, 3]]);
        let windows = pasha::windows(&frames, 2);
        let out = first_of::run_in(context, pasha::select(&windows, &[8, 8, 0])).unwrap();
        assert_eq!(out, array![[800, 2], [800, 2], [0, 2]]);
        // A selection of a selection, and of what a mask leaves.
        let twice = pasha::select(pasha::select(&frames, chosen), &[5, 0]);
        assert_eq!(corner::run_in(context, twice).unwrap(), array![312, 712]);
        let mask = arr1(&[false, true, false, true, false, true, false, true, false, true]);
        let odd = pasha::masked(&frames, &mask);
        let (out, report) = corner::run_report_in(context, pasha::select(&odd, chosen)).unwrap();
        assert_eq!(out, array![712, 0, 712, 912, 0, 312]);
        assert_eq!(report.absent, 2);
    }

    fn select_takes_files_and_outputs(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let (path, list) = (folder.path().join("frames.npy"), folder.path().join("chosen.npy"));
        ndarray_npy::write_npy(&path, &frames()).unwrap();
        ndarray_npy::write_npy(&list, &arr1(&[9_i64, 0])).unwrap();
        let file = NpyFile::<i64, Ix3>::open(&path).unwrap();
        let list = NpyFile::<i64, Ix1>::open(&list).unwrap();
        assert_eq!(corner::run_in(context, pasha::select(&file, &list)).unwrap(), array![912, 12]);

        #[pasha::kernel]
        fn ramp(n: usize, #[output(ragged)] values: &mut Ragged<i64>) {
            (0..n as i64).for_each(|value| values.push(value));
        }
        let ragged = ramp::run_in(context, pasha::select(0..10_usize, &[3, 0, 4])).unwrap();
        assert_eq!((ragged.len(), ragged.slot(2).len()), (3, 4));
        let sums = total::run_in(context, pasha::select(&ragged, &[2, 2, 0])).unwrap();
        assert_eq!(sums, array![6, 6, 3]);
    }

    fn indices_are_integers_of_any_type_in_any_container(context: &dyn Context) {
        let values: Vec<f64> = (0..300).map(f64::from).collect();
        let expected = array![200.0, 0.0, 8.0];
        let check = |chosen: pasha::Selected<'_, &Vec<f64>>| {
            assert_eq!(double::run_in(context, chosen).unwrap(), expected);
        };
        check(pasha::select(&values, &[100_u8, 0, 4]));
        check(pasha::select(&values, &[100_u32, 0, 4]));
        check(pasha::select(&values, &vec![100_u64, 0, 4]));
        check(pasha::select(&values, &[100_i32, 0, 4][..]));
        check(pasha::select(&values, &arr1(&[100_i64, 0, 4])));
        check(pasha::select(&values, &arr1(&[100_usize, 1, 0, 1, 4]).slice(s![..;2])));
        let list: &[usize] = &[100, 0, 4];
        check(pasha::select(&values, list));
        check(pasha::select(&values, &list));
        let none = pasha::select(&values, &[0_usize; 0]);
        assert_eq!(double::run_in(context, none).unwrap().len(), 0);
        let (first, all) = (Vec::<f64>::new(), Vec::<u32>::new());
        assert_eq!(double::run_in(context, pasha::select(&first, &all)).unwrap().len(), 0);
    }

    fn what_is_no_index_is_refused_before_anything_runs(context: &dyn Context) {
        let told = |error: Error, texts: &[&str]| {
            let message = error.to_string();
            assert!(matches!(&error, Error::Functor { item, .. } if item == "value"), "{message}");
            assert!(texts.iter().all(|text| message.contains(text)), "{message}");
        };
        #[pasha::kernel]
        fn never(value: f64) -> Result<f64, String> { Err(format!("called with {value}")) }
        let values = [1.0, 2.0, 3.0];
        let error = never::run_in(context, pasha::select(&values, &[0, 3, 4])).unwrap_err();
        told(error, &["number 1 is 3", "3 items"]);
        let error = never::run_in(context, pasha::select(&values, &[0_i64, 1, -1])).unwrap_err();
        told(error, &["number 2 is -1", "3 items"]);
        let error = never::run_in(context, pasha::select(&values, &[u64::MAX])).unwrap_err();
        told(error, &["18446744073709551615", "3 items"]);
        let error = never::run_in(context, pasha::select(&[0.0; 0], &[usize::MAX])).unwrap_err();
        told(error, &["18446744073709551615", "0 items"]);
        for mask in [&[true; 2][..], &[true; 4]] {
            let error = never::run_in(context, pasha::masked(&values, mask)).unwrap_err();
            told(error, &["3 items", &format!("{} values", mask.len())]);
        }
        // What the source has to say comes first.
        let frames = frames();
        let missing = pasha::axis(&frames, Axis(3));
        let error = corner::run_in(context, pasha::select(&missing, &[0])).unwrap_err();
        assert!(error.to_string().contains("it has 3 axes"), "{error}");
        let error = corner::run_in(context, pasha::masked(&missing, &[true; 0])).unwrap_err();
        assert!(error.to_string().contains("it has 3 axes"), "{error}");
    }

    fn masked_slots_keep_their_place_and_fill_value(context: &dyn Context) {
        #[pasha::kernel]
        fn statistics(
            frame: ArrayView2<i64>,
            #[index] index: usize,
            #[output(fill = -1)] first: &mut i64,
            #[output(shape = 3, fill = f32::NAN)] mut row: ArrayViewMut1<f32>,
            #[output(ragged = 2)] mut pair: ArrayViewMut1<i64>,
            #[reduce(sum)] calls: &mut u64,
        ) -> i64 {
            *first = frame[[0, 0]];
            row.fill(index as f32);
            pair.fill(index as i64);
            *calls += 1;
            1
        }
        let frames = frames();
        let mask: Vec<bool> = (0..10).map(|i| i % 3 == 1).collect();
        let source = pasha::masked(&frames, &mask);
        let (mut out, report) = statistics::run_report_in(context, &source).unwrap();
        assert_eq!((report.len, report.finished, report.absent), (10, 10, 7));
        let check = |out: &StatisticsOutput| {
            for (index, &is_chosen) in mask.iter().enumerate() {
                assert_eq!(out.result[index], i64::from(is_chosen));
                let first = if is_chosen { 100 * index as i64 } else { -1 };
                assert_eq!(out.first[index], first);
                let is_as_it_was = out.row.row(index).iter().all(|value| value.is_nan());
                assert_eq!(is_as_it_was, !is_chosen);
                let pair = if is_chosen { vec![index as i64; 2] } else { vec![] };
                assert_eq!(out.pair.slot(index).to_vec(), pair);
            }
            assert_eq!(out.calls, 3);
        };
        check(&out);
        // What an earlier map has left is gone.
        out.first.fill(77);
        out.result.fill(77);
        out.row.fill(77.0);
        statistics::run_into(context, &source, &mut out).unwrap();
        check(&out);
    }

    fn masked_takes_every_source(context: &dyn Context) {
        let mask = arr1(&[true, false, false, true, true, false, false, false, true, true]);
        let wanted = |all: &[i64]| -> Array1<i64> {
            all.iter().zip(&mask).map(|(&value, &is_chosen)| if is_chosen { value } else { 0 }).collect()
        };
        let frames = frames();
        let corners: Vec<i64> = (0..10).map(|i| 100 * i + 12).collect();
        assert_eq!(corner::run_in(context, pasha::masked(&frames, &mask)).unwrap(), wanted(&corners));
        let out = corner::run_in(context, pasha::masked(frames.view(), &mask.to_vec())).unwrap();
        assert_eq!(out, wanted(&corners));
        let last = frames.view().permuted_axes([1, 2, 0]);
        let along = pasha::axis(&last, Axis(2));
        let out = corner::run_in(context, pasha::masked(&along, mask.as_slice().unwrap())).unwrap();
        assert_eq!(out, wanted(&corners));
        let twice = [1, 1, 0, 0, 0, 0, 1, 1, 1, 1].map(|value| value == 1);
        let out = same::run_in(context, pasha::masked(pasha::masked(0..10_u64, &mask), &twice));
        assert_eq!(out.unwrap(), array![0, 0, 0, 0, 0, 0, 0, 0, 8, 9]);
        let out = pasha::map_in(context, pasha::masked(&corners, &mask), |_, _, value| *value);
        assert_eq!(out.unwrap(), wanted(&corners));
        let all = pasha::masked(&corners, &[true; 10]);
        assert_eq!(pasha::map_in(context, all, |_, _, value| *value).unwrap().to_vec(), corners);
        let (out, report) =
            pasha::map_report_in(context, pasha::masked(&corners, &[false; 10]), |_, _, v| *v).unwrap();
        assert_eq!((out.sum(), report.absent), (0, 10));
    }

    fn closures_get_what_is_natural_to_the_source(context: &dyn Context) {
        let frames = frames();
        let sums = pasha::map_in(context, pasha::select(&frames, &[1]), |_, _, f| f[[0, 0]]).unwrap();
        assert_eq!(sums, array![100]);
        let along = pasha::axis(&frames, Axis(1));
        let sums = pasha::map_in(context, pasha::select(&along, &[3]), |_, index, f| f[[index, 0]]);
        assert_eq!(sums.unwrap(), array![30]);
        let blocks = pasha::chunks(&frames, 4);
        let lens = pasha::map_in(context, pasha::select(&blocks, &[2, 0]), |_, _, b| b.shape()[0]);
        assert_eq!(lens.unwrap(), array![2, 4]);
        let squares = pasha::map_in(context, pasha::select(&(0..9_u64), &[2, 8]), |_, _, n| n * n);
        assert_eq!(squares.unwrap(), array![4, 64]);
    }

    fn labels_follow(context: &dyn Context) {
        #[pasha::kernel]
        fn time_of(shot: Labelled<'_, i64, ndarray::Ix2>) -> [f64; 2] {
            [shot.coord_f64(), shot.data[[1, 2]] as f64]
        }
        let times: Vec<f64> = (0..10).map(|i| 0.5 * f64::from(i)).collect();
        let shots = DataArray::new(frames(), ["time", "y", "x"]).unwrap()
            .with_coord("time", times).unwrap()
            .with_coord("y", [0, 1, 2, 3]).unwrap();
        let along = shots.along("time").unwrap();
        let chosen = pasha::select(&along, &[9, 0, 4]);
        let out = time_of::run_in(context, &chosen).unwrap();
        assert_eq!(out, array![[4.5, 912.0], [0.0, 12.0], [2.0, 412.0]]);
        let out = out.into_labelled(&chosen).unwrap();
        assert_eq!(out.dims(), ["time", "dim_1"]);
        let time = &out.coords()["time"];
        assert_eq!(*time.values(), pasha::labelled::Values::from([4.5, 0.0, 2.0]));
        let twice = pasha::select(&chosen, &[2_u32, 2]);
        let out = pasha::map_in(context, &twice, |_, _, shot| shot.index).unwrap();
        assert_eq!(out, array![4, 4]);
        let out = out.into_labelled(&twice).unwrap();
        assert_eq!(*out.coords()["time"].values(), pasha::labelled::Values::from([2.0, 2.0]));

        let mask: Vec<bool> = (0..10).map(|i| i == 3).collect();
        let masked = pasha::masked(&along, &mask);
        let out = time_of::run_in(context, &masked).unwrap();
        assert_eq!((out.row(3).to_vec(), out.sum()), (vec![1.5, 312.0], 313.5));
        let out = out.into_labelled(&masked).unwrap();
        assert_eq!(out.coords()["time"], shots.coords()["time"]);
        let error = pasha::map_in(context, 0..3, |_, index, _| index).unwrap().into_labelled(&masked);
        assert!(error.unwrap_err().to_string().contains("10 indices"));
    }

    fn failures_tell_the_place_in_the_list(context: &dyn Context) {
        #[pasha::kernel]
        fn fit(value: f64) -> Result<f64, String> {
            if value == 2.0 { Err("it is 2".to_owned()) } else { Ok(value) }
        }
        let values = [0.0, 1.0, 2.0, 3.0];
        let error = fit::run_in(context, pasha::select(&values, &[3, 1, 2])).unwrap_err();
        assert_eq!(at_item(&error).0, 2);
    }
}

#[test]
fn selections_go_on_after_failures() {
    #[pasha::kernel]
    fn fit(value: f64, #[reduce(sum)] sum: &mut f64) -> Result<f64, String> {
        if value == 2.0 {
            return Err("it is 2".to_owned());
        }
        *sum += value;
        Ok(value)
    }
    let values = [0.0, 1.0, 2.0, 3.0];
    let context = ThreadContext::new(2).unwrap().on_failure(OnFailure::Skip { at_most: 3 });
    let chosen = pasha::select(&values, &[3, 2, 1, 2, 3]);
    let (out, report) = fit::run_report_in(&context, &chosen).unwrap();
    assert_eq!(out.result, array![3.0, 0.0, 1.0, 0.0, 3.0]);
    assert_eq!(out.sum, 7.0);
    let failed: Vec<usize> = report.failed.iter().map(|failed| failed.index).collect();
    assert_eq!(failed, [1, 3]);
    let masked = pasha::masked(&values, &[true, false, true, true]);
    let (out, report) = fit::run_report_in(&context, &masked).unwrap();
    assert_eq!((out.sum, report.absent, report.failed.len()), (3.0, 1, 1));
}

#[test]
fn streamed_outputs_of_masked_items_keep_their_fill_value() {
    #[pasha::kernel(stream_stores)]
    fn streamed(value: u16, #[output(shape = 64, fill = 3)] mut row: ArrayViewMut1<u16>) -> u16 {
        row.fill(value);
        1
    }
    let values: Vec<u16> = (0..1000).collect();
    let mask: Vec<bool> = values.iter().map(|value| value % 7 == 1).collect();
    for context in [&SerialContext::new() as &dyn Context, &ThreadContext::new(2).unwrap()] {
        let out = streamed::run_in(context, pasha::masked(&values, &mask)).unwrap();
        for (index, &is_chosen) in mask.iter().enumerate() {
            let value = if is_chosen { index as u16 } else { 3 };
            assert!(out.row.row(index).iter().all(|&found| found == value), "{index}");
            assert_eq!(out.result[index], u16::from(is_chosen));
        }
    }
}
