//! The saxs example on an HDF5 file: the same numbers as from the NumPy file of the same frames.

use ndarray::Array2;
use pasha::AnyContext;
use pasha_examples::detector::{Geometry, QBins};
use pasha_examples::saxs::{Frames, GivenGeometry, Master};
use pasha_tests::reference_data;

use crate::support::h5py;

#[test]
fn the_same_numbers_as_from_the_numpy_file() {
    let Some(folder) = reference_data("saxs") else { return };
    let from_numpy = Frames::open(&folder.join("frames.npy"), None).unwrap();
    let from_hdf5 =
        Frames::open(&folder.join("pilatus_saxs.h5"), Some("entry/data/frames")).unwrap();
    assert_eq!(from_hdf5.dim(), from_numpy.dim());
    assert_eq!(from_hdf5.invalid_counts().unwrap(), -3.5..=-0.5);
    let bins = QBins::new(&Geometry::PILATUS_WAXS, (195, 487), 100, QBins::ALL, None).unwrap();
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = context.parse().unwrap();
        let [expected, found] = [&from_numpy, &from_hdf5]
            .map(|frames| frames.integrate(&*context, &bins, None, None).unwrap());
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

/// Writes a master file of an Eiger detector, its data files, and the frames, mask and geometry for
/// NumPy.
const WRITE_MASTER: &str = "
rng = np.random.default_rng(8)
x = rng.poisson(3, (7, 40, 50)).astype('u4')
mask = np.zeros((40, 50), 'u4'); mask[3, 4] = 1; mask[20:22] = 2; mask[39, 49] = 32
x[:, mask != 0] = 2 ** 32 - 1
np.save('x.npy', x); np.save('mask.npy', mask != 0)
with h5py.File('s_master.h5', 'w') as m:
    for k in range(3):
        name = f's_data_{k + 1:06d}.h5'
        with h5py.File(name, 'w') as f: f.create_dataset('entry/data/data', data=x[3 * k:3 * k + 3], chunks=(1, 40, 50), compression='gzip', shuffle=True)
        m[f'entry/data/data_{k + 1:06d}'] = h5py.ExternalLink(name, '/entry/data/data')
    d = m.create_group('entry/instrument/detector')
    for name, value in dict(beam_center_x=12.5, beam_center_y=-3.25, detector_distance=0.5, x_pixel_size=75e-6, y_pixel_size=75e-6).items(): d[name] = np.float64(value)
    m['entry/instrument/beam/incident_wavelength'] = np.array([1.25], 'f4')
    d.create_dataset('detectorSpecific/pixel_mask', data=mask, chunks=(40, 50), compression='gzip')
";

/// A master file alone gives the same numbers as its frames, mask and geometry given one by one.
#[test]
fn a_master_file_says_everything() {
    let folder = tempfile::tempdir().unwrap();
    if h5py(folder.path(), WRITE_MASTER).is_none() {
        return;
    }
    let path = folder.path().join("s_master.h5");
    let master = Master::open(&path, None, &GivenGeometry::default()).unwrap();
    let geometry = Geometry {
        pixel_size_mm: 0.075,
        centre_x: 12.5,
        centre_y: -3.25,
        distance_mm: 500.0,
        wavelength: 1.25,
    };
    assert!((master.geometry.pixel_size_mm - geometry.pixel_size_mm).abs() < 1e-12);
    assert_eq!(Geometry { pixel_size_mm: 0.075, ..master.geometry }, geometry);
    let mask: Array2<bool> = ndarray_npy::read_npy(folder.path().join("mask.npy")).unwrap();
    assert_eq!(master.mask.as_ref(), Some(&mask));
    assert_eq!(master.frames.dim(), (7, (40, 50)));
    assert_eq!(master.frames.invalid_counts().unwrap(), 4_294_967_292.5..=4_294_967_295.5);
    let (frames, mask_alone) = Master::frames_and_mask(&path, None).unwrap();
    assert_eq!((frames.dim(), &mask_alone), (master.frames.dim(), &master.mask));

    let bins = QBins::new(&geometry, (40, 50), 20, QBins::ALL, Some(&mask)).unwrap();
    let from_numpy = Frames::open(&folder.path().join("x.npy"), None).unwrap();
    let context: AnyContext = "processes:2".parse().unwrap();
    let [expected, found] = [&from_numpy, &master.frames]
        .map(|frames| frames.integrate(&*context, &bins, None, None).unwrap().profiles);
    assert_eq!(found, expected);

    let given = GivenGeometry { wavelength: Some(2.0), ..GivenGeometry::default() };
    let other = Master::open(&path, Some("entry/data/data_000002"), &given).unwrap();
    assert_eq!((other.geometry.wavelength, other.frames.dim().0), (2.0, 3));

    std::fs::remove_file(folder.path().join("s_data_000002.h5")).unwrap();
    let error = Master::open(&path, None, &given).map(|_| ()).unwrap_err();
    assert!(format!("{error:#}").contains("s_data_000002.h5, which is not there"), "{error:#}");
}
