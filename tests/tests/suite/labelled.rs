//! Labelled arrays in memory. Those in files are tested in `tests/labelled`.

use ndarray::{Array3, ArrayView2, ArrayViewMut2, Ix1, Ix2, Ix3, array};
use pasha::labelled::{Coordinate, CoordinateValue, Time};
use pasha::{Context, DataArray, Labelled};
use pasha_tests::for_each_context;

fn frames() -> DataArray<i64, Ix3> {
    let array = Array3::from_shape_fn((2, 3, 4), |(y, time, x)| (100 * time + 10 * y + x) as i64);
    DataArray::new(array, ["y", "time", "x"])
        .unwrap()
        .with_coord("time", [0.5, 1.5, 2.5])
        .unwrap()
        .with_coordinate("shot", Coordinate::new("time", [7, 8, 9]))
        .unwrap()
        .with_coord("x", ["a", "b", "c", "d"])
        .unwrap()
        .with_attr("units", "counts")
}

/// What the kernel sees at an index, as far as it is numbers.
#[pasha::kernel]
fn seen(frame: Labelled<'_, i64, Ix2>, #[index] index: usize) -> Result<[f64; 5], String> {
    if frame.dims() != ["y", "x"] || frame.dim() != "time" || frame.index != index {
        return Err(format!("{frame:?}"));
    }
    let Some(CoordinateValue::Integer(shot)) = frame.coord_of("shot") else {
        return Err("there is no shot".to_owned());
    };
    let [rows, columns] = [frame.data.nrows(), frame.data.ncols()];
    Ok([frame.coord_f64(), shot as f64, rows as f64, columns as f64, frame.data[[1, 3]] as f64])
}

/// Doubles a frame, and sums it.
#[pasha::kernel]
fn double(
    frame: Labelled<'_, i64, Ix2>,
    #[output(like = frame)] mut doubled: ArrayViewMut2<i64>,
) -> i64 {
    doubled.assign(&(&frame.data * 2));
    frame.data.sum()
}

#[pasha::kernel]
fn total(frame: ArrayView2<i64>) -> i64 {
    frame.sum()
}

for_each_context! {
    /// The dimension lies in the middle; the order of the others is kept.
    fn the_originals_labelled_functor(context: &dyn Context) {
        let frames = frames();
        let along = frames.along("time").unwrap();
        let expected = array![
            [0.5, 7.0, 2.0, 4.0, 13.0],
            [1.5, 8.0, 2.0, 4.0, 113.0],
            [2.5, 9.0, 2.0, 4.0, 213.0],
        ];
        assert_eq!(seen::run_in(context, &along).unwrap(), expected);
        assert_eq!(seen::run_in(context, frames.along("time").unwrap()).unwrap(), expected);
        assert_eq!(total::run_in(context, &along).unwrap(), array![52, 852, 1652]);
        assert_eq!(total::run_in(context, frames.along("y").unwrap()).unwrap(), array![1218, 1338]);
    }

    fn outputs_are_labelled(context: &dyn Context) {
        let frames = frames();
        let along = frames.along("time").unwrap();
        let out = double::run_in(context, &along).unwrap();
        let sums = out.result.into_labelled(&along).unwrap();
        assert_eq!(sums.dims(), ["time"]);
        assert_eq!(sums.coords().keys().collect::<Vec<_>>(), ["shot", "time"]);
        let doubled = out.doubled.into_labelled(&along).unwrap();
        assert_eq!(doubled.dims(), ["time", "y", "x"]);
        assert_eq!(doubled.coords(), frames.coords());
        assert_eq!(doubled.view()[[2, 1, 3]], 426);
        // It is an input like any other.
        assert_eq!(total::run_in(context, doubled.along("time").unwrap()).unwrap(), array![104, 1704, 3304]);
    }
}

#[test]
fn closures_get_labels_without_being_asked() {
    let frames = frames();
    let context = pasha::SerialContext::new();
    let along = frames.along("x").unwrap();
    let lengths = pasha::map_in(&context, &along, |_, _, item| match item.coord {
        Some(CoordinateValue::Text(name)) => (name.as_bytes()[0], item.data.len() as u8).0,
        _ => 0,
    });
    assert_eq!(lengths.unwrap(), array![b'a', b'b', b'c', b'd']);
}

#[test]
fn a_dimension_needs_no_coordinate() {
    let times = [0, 1_000_000_000].map(Time::from_nanoseconds);
    let line = DataArray::new(array![1.5, 2.5], ["time"]).unwrap();
    let seen = |line: &DataArray<f64, Ix1>| {
        pasha::map_in(&pasha::SerialContext::new(), line.along("time").unwrap(), |_, _, item| {
            [item.coord_f64(), item.data[()]]
        })
        .unwrap()
    };
    assert!(seen(&line)[0][0].is_nan());
    let line = line.with_coord("time", times).unwrap();
    assert_eq!(seen(&line)[1], [1e9, 2.5]);
    let mut line = line.rename("time", "t").unwrap();
    assert_eq!(
        (line.dims(), line.coords()["t"].dims()),
        (&["t".to_owned()][..], &["t".to_owned()][..])
    );
    line.view_mut()[0] = 3.5;
    assert_eq!(line.view(), array![3.5, 2.5]);
}
