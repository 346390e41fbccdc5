//! Functors: the sources of the design, and the original's functor tests.

use ndarray::{
    Array, Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, Ix1, Ix2, Ix3, arr1, array, s,
};
use pasha::{Context, Error, Functor, NpyFile, Read, SubView};
use pasha_tests::{for_each_context, reference_data};

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[pasha::kernel]
fn total(line: ArrayView1<i64>) -> i64 {
    line.sum()
}

#[pasha::kernel]
fn shape_of(frame: ArrayView2<u8>) -> [usize; 2] {
    [frame.nrows(), frame.ncols()]
}

#[pasha::kernel]
fn first_of(frame: ArrayView2<i64>) -> [i64; 2] {
    [frame[[0, 0]], frame[[frame.nrows() - 1, frame.ncols() - 1]]]
}

for_each_context! {
    fn sequences(context: &dyn Context) {
        let expected = array![2.0, 4.0, 6.0, 8.0];
        let vec = vec![1.0, 2.0, 3.0, 4.0];
        let owned = Array1::from(vec.clone());
        let strided = array![1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 4.0];
        let reversed = array![4.0, 3.0, 2.0, 1.0];
        assert_eq!(double::run_in(context, &vec).unwrap(), expected);
        assert_eq!(double::run_in(context, &vec[..]).unwrap(), expected);
        assert_eq!(double::run_in(context, &[1.0, 2.0, 3.0, 4.0]).unwrap(), expected);
        assert_eq!(double::run_in(context, &owned).unwrap(), expected);
        assert_eq!(double::run_in(context, owned.view()).unwrap(), expected);
        assert_eq!(double::run_in(context, strided.slice(s![..;2])).unwrap(), expected);
        assert_eq!(double::run_in(context, reversed.slice(s![..;-1])).unwrap(), expected);
    }

    fn ranges(context: &dyn Context) {
        let out = pasha::map_in(context, -3..4_i32, |_, _, n| n * n).unwrap();
        assert_eq!(out, array![9, 4, 1, 0, 1, 4, 9]);
        let out = pasha::map_in(context, 250..=255_u8, |_, index, n| (index, n).1).unwrap();
        assert_eq!(out, array![250, 251, 252, 253, 254, 255]);
    }

    fn other_axes(context: &dyn Context) {
        let a = array![[0_i64, 1, 2], [3, 4, 5], [6, 7, 8]];
        assert_eq!(total::run_in(context, &a).unwrap(), array![3, 12, 21]);
        assert_eq!(total::run_in(context, pasha::axis(&a, Axis(1))).unwrap(), array![9, 12, 15]);
        assert_eq!(total::run_in(context, a.t()).unwrap(), array![9, 12, 15]);
        // The order of the other axes is kept: the original swaps them.
        let b = Array3::<u8>::zeros((2, 3, 4));
        let shapes = |axis| shape_of::run_in(context, pasha::axis(&b, Axis(axis))).unwrap();
        assert_eq!(shapes(0).row(0), arr1(&[3, 4]));
        assert_eq!(shapes(1).row(0), arr1(&[2, 4]));
        assert_eq!(shapes(2).row(0), arr1(&[2, 3]));
        assert_eq!(shapes(2).nrows(), 4);
    }

    fn an_axis_that_is_not_there(context: &dyn Context) {
        let a = Array2::<i64>::zeros((2, 3));
        let error = total::run_in(context, pasha::axis(&a, Axis(2))).unwrap_err();
        let message = error.to_string();
        assert!(matches!(&error, Error::Functor { item, .. } if item == "line"), "{message}");
        assert!(message.contains("2 axes") && message.contains("Axis(2)"), "{message}");
    }

    fn chunks_and_windows(context: &dyn Context) {
        let a = Array1::from_iter(0..10_i64);
        assert_eq!(total::run_in(context, pasha::chunks(&a, 4)).unwrap(), array![6, 22, 17]);
        assert_eq!(total::run_in(context, pasha::chunks(&a, 100)).unwrap(), array![45]);
        assert_eq!(total::run_in(context, pasha::windows(&a, 9)).unwrap(), array![36, 45]);
        assert_eq!(total::run_in(context, pasha::windows(&a, 11)).unwrap().len(), 0);
        let frames = Array::from_iter(0..24_i64).into_shape_with_order((4, 6)).unwrap();
        let out = first_of::run_in(context, pasha::chunks(&frames, 3)).unwrap();
        assert_eq!(out, array![[0, 17], [18, 23]]);
        for blocks in [pasha::chunks(&a, 0), pasha::windows(&a, 0)] {
            let error = total::run_in(context, blocks).unwrap_err();
            assert!(matches!(error, Error::Functor { .. }), "{error}");
        }
    }

    fn views_of_pasha_arrays(context: &dyn Context) {
        let squares = pasha::map_in(context, 0..6_i64, |_, _, n| [n, n * n]).unwrap();
        let out = pasha::map_in(context, &squares, |_, _, pair| pair[0] + pair[1]).unwrap();
        assert_eq!(out, array![0, 2, 6, 12, 20, 30]);
        #[pasha::kernel]
        fn row(value: i64) -> [i64; 2] {
            [value, -value]
        }
        let rows = row::run_in(context, &out).unwrap();
        assert_eq!(total::run_in(context, &rows).unwrap(), Array1::<i64>::zeros(6));
        assert_eq!(
            total::run_in(context, pasha::axis(&rows, Axis(1))).unwrap(),
            array![70, -70]
        );
    }

    fn closures_get_what_is_natural(context: &dyn Context) {
        let frames = Array3::from_shape_fn((5, 2, 2), |(i, y, x)| i + y + x);
        let sums = pasha::map_in(context, &frames, |_, _, frame| frame.sum()).unwrap();
        assert_eq!(sums, array![4, 8, 12, 16, 20]);
        let texts = ["a", "bcd"];
        let lens = pasha::map_in(context, &texts, |_, _, text: &&str| text.len()).unwrap();
        assert_eq!(lens, array![1, 3]);
        let lens = pasha::map_in(context, pasha::chunks(&frames, 2), |_, _, block| block.len());
        assert_eq!(lens.unwrap(), array![8, 8, 4]);
        let by_column = pasha::map_in(context, pasha::axis(&frames, Axis(2)), |_, _, a| a.sum());
        assert_eq!(by_column.unwrap(), array![25, 35]);
    }

    fn numpy_files(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames.npy");
        let frames = Array3::from_shape_fn((7, 3, 2), |(i, y, x)| (i * 100 + y * 10 + x) as u8);
        ndarray_npy::write_npy(&path, &frames).unwrap();
        let file = NpyFile::<u8, Ix3>::open(&path).unwrap();
        assert_eq!((file.shape(), file.path()), ([7, 3, 2].as_slice(), path.as_path()));
        assert_eq!(file.view(), frames);
        #[pasha::kernel]
        fn copy(
            frame: ArrayView2<u8>,
            #[output(like = frame)] mut same: ndarray::ArrayViewMut2<u8>,
        ) {
            same.assign(&frame);
        }
        assert_eq!(copy::run_in(context, &file).unwrap(), frames);
        assert_eq!(shape_of::run_in(context, pasha::axis(&file, Axis(2))).unwrap().nrows(), 2);

        let path = folder.path().join("line.npy");
        ndarray_npy::write_npy(&path, &array![1.0, 2.0]).unwrap();
        let line = NpyFile::<f64, Ix1>::open(&path).unwrap();
        assert_eq!(double::run_in(context, &line).unwrap(), array![2.0, 4.0]);
        assert_eq!(pasha::map_in(context, &line, |_, _, v| v + 1.0).unwrap(), array![2.0, 3.0]);
    }
}

#[test]
fn the_originals_axis_functor() {
    // test_NdarrayFunctor_axis of the original: split in three, and the first value of each axis.
    let a = Array::from_iter(0..9_i64).into_shape_with_order((3, 3)).unwrap();
    let shares: Vec<_> = pasha::split(3, 3).collect();
    assert_eq!(shares, [0..1, 1..2, 2..3]);
    let mut reader = Functor::<SubView<i64, Ix1>>::reader(&a).unwrap();
    assert_eq!(reader.read(0).unwrap(), array![0, 1, 2]);
    let along = pasha::axis(&a, Axis(1));
    assert_eq!(Functor::<SubView<i64, Ix1>>::num_items(&along), 3);
    let mut reader = along.reader().unwrap();
    assert_eq!(reader.read(0).unwrap(), array![0, 3, 6]);
}

#[test]
fn the_originals_sequence_functor() {
    // test_sequence_like_functor of the original: split in two, and the entries of share 1..3.
    let sequence = [1, 2, 3, 4];
    assert_eq!(pasha::split(4, 2).collect::<Vec<_>>(), [0..2, 2..4]);
    let mut reader = Functor::<pasha::ByValue<i32>>::reader(&sequence).unwrap();
    let entries: Vec<(usize, i32)> = (1..3)
        .map(|index| (index, Read::<pasha::ByValue<i32>>::read(&mut reader, index).unwrap()))
        .collect();
    assert_eq!(entries, [(1, 2), (2, 3)]);
}

#[test]
fn an_array_without_axes_is_refused() {
    let zero = ndarray::arr0(5_u8).into_dyn();
    let error = pasha::map(&zero, |_, _, item| item.len()).unwrap_err();
    assert!(matches!(error, Error::Functor { .. }), "{error}");
}

#[test]
fn bad_numpy_files_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array.npy");
    let refused = |what: &str, told: &[&str]| {
        let error = NpyFile::<u16, Ix3>::open(&path).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::Npy(_)), "{what}: {message}");
        assert!(message.contains("array.npy"), "{what}: {message}");
        for text in told {
            assert!(message.contains(text), "{what}: {message}");
        }
    };

    let error = NpyFile::<u16, Ix3>::open(&path).unwrap_err();
    assert!(matches!(error, Error::File { action: "open", .. }), "{error}");

    std::fs::write(&path, "not an array at all").unwrap();
    refused("bad magic", &["not a .npy file", "np.save"]);
    std::fs::write(&path, "").unwrap();
    refused("empty", &["the file is empty"]);

    ndarray_npy::write_npy(&path, &Array3::<f32>::zeros((2, 2, 2))).unwrap();
    refused("wrong element type", &["<f4", "u16", "astype"]);

    ndarray_npy::write_npy(&path, &Array2::<u16>::zeros((2, 2))).unwrap();
    refused("wrong rank", &["2 axes", "3 axes", "Ix2"]);

    ndarray_npy::write_npy(&path, &Array3::<u16>::zeros((2, 3, 4))).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    refused("truncated", &["truncated", "5 bytes"]);
    std::fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    refused("too long", &["4 bytes more"]);
    std::fs::write(&path, &whole[..20]).unwrap();
    refused("cut within the header", &["truncated within its header"]);
}

#[test]
fn real_frames_have_their_sums() {
    // Sums and maxima of the frames as NumPy found them.
    let Some(folder) = reference_data("saxs") else { return };
    let frames = NpyFile::<i32, Ix3>::open(folder.join("frames.npy")).unwrap();
    assert_eq!(frames.shape(), [10, 195, 487]);
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let out =
        pasha::map(&frames, |_, _, frame| frame.iter().map(|&count| i64::from(count)).sum::<i64>())
            .unwrap();
    for sum in &out {
        assert!(expected.contains(&sum.to_string()), "{sum} is not in {expected}");
    }
    let _: Option<Ix2> = None;
}
