//! Files of a series, and the groups of Eiger detectors' master files, as one data set.

use std::path::Path;

use ndarray::{Array3, Axis, Ix1, Ix2, Ix3, concatenate, s};
use pasha::{AnyContext, Context, Hdf5Dataset, SerialContext};
use pasha_tests::for_each_context_of_files;

use crate::support::{self, axis_first, copy_value, frames, h5py, npy};

/// Writes 12 frames `(4, 6)` into three files, the last shorter, and a master file of an Eiger
/// detector; in chunks of one frame and of three, and contiguous.
const WRITE: &str = "
rng = np.random.default_rng(3)
x = rng.poisson(4, (12, 4, 6)).astype('u4')
np.save('x.npy', x)
np.save('t.npy', np.arange(12) * 0.5)
for layout, options in dict(gzip=dict(chunks=(1, 4, 6), compression='gzip', shuffle=True), three=dict(chunks=(3, 4, 6), maxshape=(None, 4, 6), compression='gzip'),
                            tiles=dict(chunks=(2, 3, 4)), plain={}, big={}).items():
    with h5py.File(f'{layout}_master.h5', 'w') as m:
        for k in range(3):
            name = f'{layout}_data_{k + 1:06d}.h5'
            part = x[5 * k:5 * k + 5]
            with h5py.File(name, 'w') as f:
                f.create_dataset('entry/data/data', data=part.astype('>u4') if layout == 'big' else part, **options)
                f['entry/time'] = np.arange(5 * k, 5 * k + len(part)) * 0.5
            m[f'entry/data/data_{k + 1:06d}'] = h5py.ExternalLink(name, '/entry/data/data')
        m['entry/other'] = m['entry/data']
        m['entry/soft'] = h5py.SoftLink('/entry/other')
        m['entry/data/note'] = 3
";

fn written(folder: &Path) -> Option<Array3<u32>> {
    h5py(folder, WRITE)?;
    Some(npy(&folder.join("x.npy")))
}

fn open(folder: &Path, layout: &str) -> [Hdf5Dataset<u32, Ix3>; 4] {
    let master = folder.join(format!("{layout}_master.h5"));
    let files = [1, 2, 3].map(|k| folder.join(format!("{layout}_data_{k:06}.h5")));
    let pattern = folder.join(format!("{layout}_data_*.h5"));
    let data = "/entry/data/data";
    [
        Hdf5Dataset::open(&master, "entry/data").unwrap(),
        Hdf5Dataset::open(&master, "/entry/soft/").unwrap(),
        Hdf5Dataset::open_series(pattern, data).unwrap(),
        Hdf5Dataset::open_series(&files, data).unwrap(),
    ]
}

for_each_context_of_files! {
    fn the_parts_are_one_data_set(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let Some(expected) = written(folder.path()) else { return };
        for layout in ["gzip", "three", "tiles", "plain", "big"] {
            for dataset in open(folder.path(), layout) {
                assert_eq!(dataset.shape(), [12, 4, 6]);
                assert_eq!(frames(context, &dataset), expected, "{layout}");
                let selected = dataset.clone().select(3..11);
                assert_eq!(frames(context, &selected), expected.slice(s![3..11, .., ..]), "{layout}");
                assert_eq!(selected.load().unwrap(), expected.slice(s![3..11, .., ..]));
                for axis in [1, 2] {
                    let along = dataset.clone().axis(axis);
                    assert_eq!(frames(context, &along), axis_first(&expected, axis), "{layout}, {axis}");
                    let some = along.select(1..3).load().unwrap();
                    assert_eq!(some, expected.slice_axis(Axis(axis), (1..3).into()));
                }
            }
        }
    }

    fn parts_of_values(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        if written(folder.path()).is_none() { return }
        let expected = npy::<f64, Ix1>(&folder.path().join("t.npy"));
        let pattern = folder.path().join("three_data_*.h5");
        let times = Hdf5Dataset::<f64, Ix1>::open_series(&pattern, "entry/time").unwrap();
        assert_eq!(copy_value::run_in(context, &times).unwrap(), expected);
        let doubled = pasha::map_in(context, &times, |_, _, value: &f64| 2.0 * value).unwrap();
        assert_eq!(doubled, 2.0 * &expected);
        assert_eq!(copy_value::run_in(context, &times.select(4..)).unwrap(), expected.slice(s![4..]));
    }
}

/// The order is that of the numbers, and paths given one by one keep theirs.
#[test]
fn parts_are_in_the_order_of_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
for k in [1, 2, 3, 10, 11]:
    with h5py.File(f'run_{k}.h5', 'w') as f: f['a'] = np.full((2,), k)
with h5py.File('master.h5', 'w') as f:
    for k in [10, 9, 11, 8]: f[f'entry/data_{k}'] = np.full((1,), k)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let values = |dataset: Hdf5Dataset<i64, Ix1>| dataset.load().unwrap().to_vec();
    let pattern = folder.path().join("run_*.h5");
    let by_pattern = Hdf5Dataset::open_series(&pattern, "a").unwrap();
    assert_eq!(values(by_pattern), [1, 1, 2, 2, 3, 3, 10, 10, 11, 11]);
    let two = [10, 2].map(|k| folder.path().join(format!("run_{k}.h5")));
    let listed = Hdf5Dataset::open_series(two.to_vec(), "a").unwrap();
    assert_eq!(values(listed), [10, 10, 2, 2]);
    let members = Hdf5Dataset::open(folder.path().join("master.h5"), "entry").unwrap();
    assert_eq!(values(members), [8, 9, 10, 11]);
}

fn refused<D: ndarray::Dimension>(opened: pasha::Result<Hdf5Dataset<u16, D>>, told: &[&str]) {
    let message = opened.map(|_| ()).unwrap_err().to_string();
    for text in told {
        assert!(message.contains(text), "{text:?} is not in: {message}");
    }
}

#[test]
fn parts_that_do_not_agree_are_refused_with_both_values() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
with h5py.File('a_1.h5', 'w') as f: f['a'] = np.zeros((2, 3, 4), 'u2'); f['s'] = 5
with h5py.File('a_2.h5', 'w') as f:
    f['a'] = np.zeros((2, 3, 5), 'u2'); f['t'] = np.zeros((2, 3, 4), 'i4'); f['r'] = np.zeros((2, 3), 'u2'); f['s'] = 5
for name in 'atr':
    with h5py.File(f'{name}_master.h5', 'w') as m:
        m['data/data_1'] = h5py.ExternalLink('a_1.h5', 'a'); m['data/data_2'] = h5py.ExternalLink('a_2.h5', name)
l = h5py.VirtualLayout((2, 3, 4), 'u2'); l[:] = h5py.VirtualSource('a_1.h5', 'a', (2, 3, 4))
with h5py.File('a_0.h5', 'w') as f: f.create_virtual_dataset('a', l)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let path = |name: &str| folder.path().join(name);
    let series = |pattern: &str| Hdf5Dataset::<u16, Ix3>::open_series(path(pattern), "a");
    refused(series("a_[12].h5"), &["a_2.h5", "[2, 3, 5]", "[2, 3, 4]", "a_1.h5"]);
    refused(series("a_[01].h5"), &["a_0.h5", "a_1.h5", "leave one of them out"]);
    refused(series("b_*.h5"), &["b_*.h5", "no file matches"]);
    refused(series("a_[1.h5"), &["a_[1.h5", "no pattern"]);
    refused(series("a_[9].h5"), &["no file matches this pattern", "write [[]"]);
    refused(Hdf5Dataset::<u16, Ix3>::open_series(Vec::<String>::new(), "a"), &["an empty list"]);
    let scalars = Hdf5Dataset::<u16, Ix1>::open_series(path("a_[12].h5"), "s");
    refused(scalars, &["a_1.h5", "single value"]);
    let gone = [path("a_1.h5"), path("a_9.h5")];
    refused(Hdf5Dataset::<u16, Ix3>::open_series(gone, "a"), &["a_9.h5"]);
    let master = |name: &str| Hdf5Dataset::<u16, Ix3>::open(path(name), "data");
    refused(master("a_master.h5"), &["data_2", "[2, 3, 5]", "data_1", "[2, 3, 4]"]);
    refused(master("t_master.h5"), &["data_2", "i32", "data_1", "u16"]);
    refused(master("r_master.h5"), &["data_2", "[2, 3]", "[2, 3, 4]"]);
    refused(Hdf5Dataset::<u16, Ix2>::open_series(path("a_1.h5"), "a"), &["3 axes", "Ix3"]);
    let other = Hdf5Dataset::<u16, Ix3>::open_series(path("a_1.h5"), "b");
    refused(other, &["no such data set", "\"a\""]);
}

#[test]
fn a_missing_number_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    if written(folder.path()).is_none() {
        return;
    }
    let path = |name: &str| folder.path().join(name);
    std::fs::remove_file(path("gzip_data_000002.h5")).unwrap();
    let program = "
with h5py.File('gzip_master.h5', 'r+') as m: del m['entry/data/data_000002']
";
    h5py(folder.path(), program);
    let told = ["data_000002 is missing", "data_000001", "data_000003", "one by one"];
    let data = "entry/data/data";
    refused(Hdf5Dataset::<u16, Ix3>::open_series(path("gzip_data_*.h5"), data), &told);
    refused(Hdf5Dataset::<u16, Ix3>::open(path("gzip_master.h5"), "entry/data"), &told);
    let there = ["gzip_data_000001.h5", "gzip_data_000003.h5"].map(path);
    let without = Hdf5Dataset::<u32, Ix3>::open_series(&there, data).unwrap();
    let frames = npy::<u32, Ix3>(&path("x.npy"));
    let expected = frames.select(Axis(0), &[0, 1, 2, 3, 4, 10, 11]);
    assert_eq!(without.load().unwrap(), expected);
}

/// Only a few files are open at a time, however many there are.
#[test]
fn more_parts_than_files_that_may_be_open() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
for k in range(200):
    with h5py.File(f'run_{k}.h5', 'w') as f: f.create_dataset('a', data=np.full((2, 3, 3), k), chunks=(1, 3, 3), compression='gzip')
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let dataset =
        Hdf5Dataset::<i32, Ix3>::open_series(folder.path().join("run_*.h5"), "a").unwrap();
    let expected = Array3::from_shape_fn((400, 3, 3), |(i, _, _)| i as i32 / 2);
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = context.parse().unwrap();
        assert_eq!(frames(&*context, &dataset), expected);
    }
    let along = frames(&SerialContext::new(), &dataset.axis(1));
    assert_eq!(along, axis_first(&expected, 1));
}

/// Contiguous parts are lent where they lie in the mapped files.
#[test]
fn contiguous_parts_are_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let data = Array3::from_shape_fn((6, 64, 64), |(i, y, x)| (i * 4096 + y * 64 + x) as u16);
    for (number, part) in [(1, s![..4, .., ..]), (2, s![4.., .., ..])] {
        support::write(&folder.path().join(format!("run_{number}.h5")), |file| {
            file.new_dataset_builder().with_data(&data.slice(part)).create("a").unwrap();
        });
    }
    let dataset =
        Hdf5Dataset::<u16, Ix3>::open_series(folder.path().join("run_*.h5"), "a").unwrap();
    let context = SerialContext::new();
    let places = pasha::map_in(&context, &dataset, |_, _, frame| frame.as_ptr() as usize).unwrap();
    let steps: Vec<usize> =
        places.as_slice().unwrap().windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    // Frame after frame within each of the two files.
    assert_eq!([&steps[..3], &steps[4..]].concat(), [2 * 64 * 64; 4]);
    assert_eq!(frames(&context, &dataset), data);
    let halves = concatenate![Axis(0), data.slice(s![..4, .., ..]), data.slice(s![4.., .., ..])];
    assert_eq!(dataset.load().unwrap(), halves);
}
