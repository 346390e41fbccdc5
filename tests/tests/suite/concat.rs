//! Several sources of one type, one after another, against ndarray's `concatenate`.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array1, Array3, ArrayView2, ArrayViewMut2, Axis, Ix3, array, concatenate, s};
use pasha::{
    ByValue, Context, DataArray, Error, Functor, NpyFile, Read, SerialContext, SourceError,
};
use pasha_tests::for_each_context;

#[pasha::kernel]
fn copy(frame: ArrayView2<i64>, #[output(like = frame)] mut same: ArrayViewMut2<i64>) {
    same.assign(&frame);
}

#[pasha::kernel]
fn same(value: u64) -> u64 {
    value
}

fn frames(first: i64, len: usize) -> Array3<i64> {
    Array3::from_shape_fn((len, 2, 3), |(i, y, x)| first + (100 * i + 10 * y + x) as i64)
}

for_each_context! {
    fn arrays_one_after_another(context: &dyn Context) {
        let parts = [frames(1000, 4), frames(0, 0), frames(2000, 1), frames(3000, 7)];
        let all = concatenate(Axis(0), &parts.each_ref().map(|part| part.view())).unwrap();
        assert_eq!(copy::run_in(context, pasha::concat(&parts)).unwrap(), all);
        let [a, b, c, d] = &parts;
        assert_eq!(copy::run_in(context, pasha::concat([a, b, c, d])).unwrap(), all);
        assert_eq!(copy::run_in(context, pasha::concat(parts.iter().map(|part| part.view()))).unwrap(), all);
        let along = parts.iter().map(|part| pasha::axis(part, Axis(0)));
        assert_eq!(copy::run_in(context, pasha::concat(along)).unwrap(), all);
        let chosen = [11, 0, 4, 5, 3];
        let out = copy::run_in(context, pasha::select(pasha::concat(&parts), &chosen)).unwrap();
        assert_eq!(out, all.select(Axis(0), &chosen));
        let mask: Vec<bool> = (0..12).map(|i| i % 4 == 0).collect();
        let (out, report) =
            copy::run_report_in(context, pasha::masked(pasha::concat(&parts), &mask)).unwrap();
        assert_eq!(report.absent, 9);
        for (index, &is_chosen) in mask.iter().enumerate() {
            let frame = all.index_axis(Axis(0), index);
            let expected = if is_chosen { frame.to_owned() } else { ndarray::Array2::zeros((2, 3)) };
            assert_eq!(out.slice(s![index, .., ..]), expected);
        }
        let sums = pasha::map_in(context, pasha::concat(&parts), |_, _, frame| frame[[1, 2]]);
        assert_eq!(sums.unwrap(), all.slice(s![.., 1, 2]));
    }

    fn numbers_and_ranges(context: &dyn Context) {
        let out = same::run_in(context, pasha::concat([3..5_u64, 10..11, 7..8])).unwrap();
        assert_eq!(out, array![3, 4, 10, 7]);
        let out = same::run_in(context, pasha::concat([&[1_u64, 2][..], &[3]])).unwrap();
        assert_eq!(out, array![1, 2, 3]);
        let none = pasha::concat(Vec::<&Vec<u64>>::new());
        assert_eq!(same::run_in(context, none).unwrap().len(), 0);
        // More parts than a worker keeps open.
        let many: Vec<Array1<u64>> = (0..100).map(|i| Array1::from_elem(7, i)).collect();
        let out = same::run_in(context, pasha::concat(&many)).unwrap();
        assert_eq!(out, Array1::from_shape_fn(700, |i| i as u64 / 7));
        let scattered: Vec<usize> = (0..700).map(|i| 131 * i % 700).collect();
        let out = same::run_in(context, pasha::select(pasha::concat(&many), &scattered)).unwrap();
        assert_eq!(out, Array1::from_shape_fn(700, |i| (131 * i % 700) as u64 / 7));
    }

    fn files_of_a_series(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let open = |number: i64, len| {
            let path = folder.path().join(format!("scan_{number}.npy"));
            ndarray_npy::write_npy(&path, &frames(1000 * number, len)).unwrap();
            NpyFile::<i64, Ix3>::open(path).unwrap()
        };
        let files = vec![open(1, 5), open(2, 3)];
        let expected = concatenate![Axis(0), frames(1000, 5), frames(2000, 3)];
        assert_eq!(copy::run_in(context, pasha::concat(&files)).unwrap(), expected);
        assert_eq!(copy::run_in(context, pasha::concat(files)).unwrap(), expected);
    }

    fn parts_that_do_not_agree_are_refused_with_both_shapes(context: &dyn Context) {
        let parts = [frames(0, 2), Array3::zeros((2, 2, 3)), Array3::zeros((2, 2, 4))];
        let error = copy::run_in(context, pasha::concat(&parts)).unwrap_err();
        let message = error.to_string();
        assert!(matches!(&error, Error::Functor { item, .. } if item == "frame"), "{message}");
        let told = ["part 0", "[2, 3]", "part 2", "[2, 4]"];
        assert!(told.iter().all(|text| message.contains(text)), "{message}");
        let parts = [pasha::axis(&parts[0], Axis(0)), pasha::axis(&parts[0], Axis(3))];
        let error = copy::run_in(context, pasha::concat(parts)).unwrap_err();
        assert!(error.to_string().contains("part 1: it has 3 axes"), "{error}");
        let endless = [0..usize::MAX as u64, 0..2];
        let error = same::run_in(context, pasha::concat(endless)).unwrap_err();
        assert!(error.to_string().contains("more items than can be counted"), "{error}");
    }

    fn labels_are_joined(context: &dyn Context) {
        let part = |first: i64, times: Vec<f64>| {
            DataArray::new(frames(first, times.len()), ["time", "y", "x"]).unwrap()
                .with_coord("time", times).unwrap()
                .with_coord("y", [10, 20]).unwrap()
                .with_coord("x", [first, 1, 2]).unwrap()
        };
        let (a, b) = (part(0, vec![0.0, 0.5]), part(1000, vec![7.0]));
        let both = pasha::concat([a.along("time").unwrap(), b.along("time").unwrap()]);
        let out = copy::run_in(context, &both).unwrap().into_labelled(&both).unwrap();
        assert_eq!(out.dims(), ["time", "y", "x"]);
        let values = |name: &str| out.coords().get(name).map(|it| it.values().clone());
        assert_eq!(values("time"), Some([0.0, 0.5, 7.0].into()));
        assert_eq!(values("y"), Some([10, 20].into()));
        // Where the parts have others, there is none for both.
        assert_eq!(values("x"), None);
        let chosen = pasha::select(&both, &[2, 0]);
        let out = copy::run_in(context, &chosen).unwrap().into_labelled(&chosen).unwrap();
        assert_eq!(*out.coords()["time"].values(), [7.0, 0.0].into());
        let mixed = pasha::concat([a.along("time").unwrap(), b.along("y").unwrap()]);
        let error = pasha::map_in(context, 0..4, |_, i, _| i).unwrap().into_labelled(&mixed);
        assert!(error.unwrap_err().to_string().contains("different dimensions"));
    }
}

/// A functor that is as long as it is asked often.
struct Growing(AtomicUsize);

impl Functor<ByValue<u64>> for Growing {
    type Reader<'f> = Strict;

    fn num_items(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed) + 3
    }

    fn reader(&self) -> Result<Strict, SourceError> {
        Ok(Strict(0..0))
    }
}

/// A reader that reads of its share alone.
struct Strict(Range<usize>);

impl Read<ByValue<u64>> for Strict {
    type Error = Infallible;

    fn begin(&mut self, share: Range<usize>) {
        self.0 = share;
    }

    fn read(&mut self, index: usize) -> Result<u64, Infallible> {
        assert!(self.0.contains(&index), "{index} of {:?}", self.0);
        Ok(index as u64)
    }
}

#[test]
fn parts_are_asked_their_length_once_and_begun_with_their_share() {
    let parts = [Growing(AtomicUsize::new(0)), Growing(AtomicUsize::new(2))];
    let both = pasha::concat(&parts);
    for _ in 0..2 {
        let out = same::run_in(&SerialContext::new(), &both).unwrap();
        assert_eq!(out, array![0, 1, 2, 0, 1, 2, 3, 4]);
    }
    let chosen = pasha::select(&both, &[7, 0, 1, 2, 3, 3]);
    assert_eq!(same::run_serial(&chosen).unwrap(), array![4, 0, 1, 2, 0, 0]);
    assert_eq!(parts[0].0.load(Ordering::Relaxed), 1);
}
