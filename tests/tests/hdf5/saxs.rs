//! The saxs example on an HDF5 file: the same numbers as from the NumPy file of the same frames.

use pasha::AnyContext;
use pasha_examples::detector::{Geometry, QBins};
use pasha_examples::saxs::Frames;
use pasha_tests::reference_data;

#[test]
fn the_same_numbers_as_from_the_numpy_file() {
    let Some(folder) = reference_data("saxs") else { return };
    let from_numpy = Frames::open(&folder.join("frames.npy"), None).unwrap();
    let from_hdf5 =
        Frames::open(&folder.join("pilatus_saxs.h5"), Some("entry/data/frames")).unwrap();
    assert_eq!(from_hdf5.dim(), from_numpy.dim());
    let bins = QBins::new(&Geometry::PILATUS_WAXS, (195, 487), 100, QBins::ALL, None).unwrap();
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = context.parse().unwrap();
        let [expected, found] = [&from_numpy, &from_hdf5]
            .map(|frames| frames.integrate(&*context, &bins, None).unwrap());
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let all = |result: &pasha_examples::saxs::Integration| {
            [
                bits(result.profiles.as_slice().unwrap()),
                bits(result.sums.as_slice().unwrap()),
                bits(result.mean_image.as_slice().unwrap()),
            ]
        };
        assert!(all(&expected) == all(&found), "{context:?}");
    }
}

#[test]
fn a_data_set_is_asked_for() {
    let error = Frames::open("run.h5".as_ref(), None).unwrap_err().to_string();
    assert!(error.contains("--dataset"), "{error}");
}
