//! Chosen items of data sets: what they are, and that nothing else is read.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use ndarray::{Array2, Array3, Axis, Ix1, Ix3, Ix4, concatenate};
use pasha::{Context, Error, Hdf5Dataset, SerialContext, ThreadContext};
use pasha_tests::for_each_context_of_files;

use crate::support::{axis_first, copy_frame, copy_value, h5py, npy};

/// Writes 12 frames `(4, 6)` in all layouts.
const WRITE: &str = "
rng = np.random.default_rng(5)
x = rng.poisson(4, (12, 4, 6)).astype('u4')
np.save('x.npy', x)
np.save('t.npy', np.arange(12) * 0.5)
for layout, options in dict(gzip=dict(chunks=(1, 4, 6), compression='gzip'), three=dict(chunks=(3, 4, 6), compression='gzip'),
                            tiles=dict(chunks=(5, 3, 4), compression='lzf'), plain={}, big={}).items():
    data = x.astype('>u4') if layout == 'big' else x
    with h5py.File(f'{layout}.h5', 'w') as f:
        f.create_dataset('x', data=data, **options)
        f.create_dataset('t', data=np.arange(12) * 0.5, chunks=(5,), compression='gzip')
    for part in range(2):
        with h5py.File(f'{layout}_part_{part}.h5', 'w') as f:
            f.create_dataset('x', data=data[7 * part:7 * part + 7], **options)
";

const LAYOUTS: [&str; 5] = ["gzip", "three", "tiles", "plain", "big"];

fn written(folder: &Path) -> Option<Array3<u32>> {
    h5py(folder, WRITE)?;
    Some(npy(&folder.join("x.npy")))
}

for_each_context_of_files! {
    fn chosen_items_of_all_layouts(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let Some(all) = written(folder.path()) else { return };
        let chosen = [11_u32, 0, 4, 5, 5, 3, 9];
        let places = chosen.map(|index| index as usize);
        let mask: Vec<bool> = (0..12).map(|index| index % 5 == 2 || index > 9).collect();
        for layout in LAYOUTS {
            let one = Hdf5Dataset::<u32, Ix3>::open(folder.path().join(format!("{layout}.h5")), "x");
            let pattern = folder.path().join(format!("{layout}_part_*.h5"));
            let series = Hdf5Dataset::open_series(pattern, "x");
            for dataset in [one.unwrap(), series.unwrap()] {
                let out = copy_frame::run_in(context, pasha::select(&dataset, &chosen)).unwrap();
                assert_eq!(out, all.select(Axis(0), &places), "{layout}");
                let masked = pasha::masked(&dataset, &mask);
                let (out, report) = copy_frame::run_report_in(context, masked).unwrap();
                assert_eq!(report.absent, 8);
                for (index, &is_chosen) in mask.iter().enumerate() {
                    let frame = all.index_axis(Axis(0), index).to_owned();
                    let expected = if is_chosen { frame } else { Array2::zeros((4, 6)) };
                    assert_eq!(out.index_axis(Axis(0), index), expected, "{layout}, {index}");
                }
                let part = dataset.clone().select(3..);
                let out = copy_frame::run_in(context, pasha::select(&part, &[8, 0])).unwrap();
                assert_eq!(out, all.select(Axis(0), &[11, 3]), "{layout}");
                for axis in [1, 2] {
                    let along = dataset.clone().axis(axis);
                    let out = copy_frame::run_in(context, pasha::select(&along, &[3, 0, 2])).unwrap();
                    let expected = axis_first(&all.select(Axis(axis), &[3, 0, 2]), axis);
                    assert_eq!(out, expected, "{layout}, {axis}");
                }
            }
        }
    }

    fn chosen_values(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        if written(folder.path()).is_none() { return }
        let all = npy::<f64, Ix1>(&folder.path().join("t.npy"));
        let times = Hdf5Dataset::<f64, Ix1>::open(folder.path().join("gzip.h5"), "t").unwrap();
        let out = copy_value::run_in(context, pasha::select(&times, &[11, 2, 2, 7])).unwrap();
        assert_eq!(out, all.select(Axis(0), &[11, 2, 2, 7]));
        let doubled = pasha::map_in(context, pasha::select(&times, &[4]), |_, _, t: &f64| 2.0 * t);
        assert_eq!(doubled.unwrap()[0], 2.0 * all[4]);
        let error = copy_value::run_in(context, pasha::select(&times, &[4, 12])).unwrap_err();
        assert!(matches!(error, Error::Functor { .. }), "{error}");
        assert!(error.to_string().contains("number 1 is 12, but it has 12 items"), "{error}");
    }

    fn parts_and_two_axes(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let Some(all) = written(folder.path()) else { return };
        for layout in LAYOUTS {
            let open = |part: &str| {
                Hdf5Dataset::<u32, Ix3>::open(folder.path().join(format!("{layout}_part_{part}.h5")), "x")
            };
            let parts = [open("1").unwrap(), open("0").unwrap()];
            let (first, second) = all.view().split_at(Axis(0), 7);
            let expected = concatenate![Axis(0), second, first];
            assert_eq!(copy_frame::run_in(context, pasha::concat(&parts)).unwrap(), expected);
            let both = pasha::concat(&parts);
            let out = copy_frame::run_in(context, pasha::select(&both, &[11, 4, 5, 0])).unwrap();
            assert_eq!(out, expected.select(Axis(0), &[11, 4, 5, 0]));

            let dataset =
                Hdf5Dataset::<u32, Ix3>::open(folder.path().join(format!("{layout}.h5")), "x").unwrap();
            for (axes, left) in [([0, 1], 2), ([1, 0], 2), ([2, 0], 1), ([1, 2], 0)] {
                let pairs = pasha::axes(&dataset, axes.map(Axis));
                let sums = pasha::map_in(context, &pairs, |_, _, line| line.sum()).unwrap();
                let mut expected = all.sum_axis(Axis(left));
                if axes[0] > axes[1] {
                    expected.swap_axes(0, 1);
                }
                assert_eq!(sums.into_axes(&pairs).unwrap(), expected, "{layout}, {axes:?}");
            }
            let selected = dataset.select(4..9);
            let pairs = pasha::axes(&selected, [Axis(0), Axis(2)]);
            assert_eq!(pairs.lengths(), [5, 6]);
            let sums = pasha::map_in(context, &pairs, |_, _, line| line.sum()).unwrap();
            let expected = all.slice(ndarray::s![4..9, .., ..]).sum_axis(Axis(1));
            assert_eq!(sums.into_axes(&pairs).unwrap(), expected);
        }
    }
}

/// Writes 1000 frames `(32, 32)` that do not compress, in chunks of 10, and prints where each chunk
/// lies and how long it is.
const WRITE_NOISE: &str = "
rng = np.random.default_rng(7)
x = rng.integers(0, 65536, (1000, 32, 32), dtype='u2')
np.save('x.npy', x)
with h5py.File('noise.h5', 'w') as f:
    d = f.create_dataset('x', data=x, chunks=(10, 32, 32), compression='gzip')
    chunks = [d.id.get_chunk_info(k) for k in range(100)]
    chunks = {c.chunk_offset[0]: (c.byte_offset, c.size) for c in chunks}
for k in range(100): print(*chunks[10 * k])
";

/// Bytes that this thread has read, and those that reading this takes.
fn bytes_read() -> (u64, u64) {
    let text = fs::read_to_string("/proc/thread-self/io").unwrap();
    let count = text.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap();
    (count.parse().unwrap(), text.len() as u64)
}

#[test]
fn only_chunks_with_chosen_items_are_read_and_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(places) = h5py(folder.path(), WRITE_NOISE) else { return };
    let chunks: Vec<(u64, u64)> = places
        .lines()
        .map(|line| {
            let (offset, size) = line.split_once(' ').unwrap();
            (offset.parse().unwrap(), size.parse().unwrap())
        })
        .collect();
    let all = npy::<u16, Ix3>(&folder.path().join("x.npy"));
    // One in a hundred, in eight chunks.
    let chosen = [3_usize, 7, 210, 219, 455, 500, 601, 777, 850, 999];
    let touched = [0, 21, 45, 50, 60, 77, 85, 99];
    let mut mask = vec![false; 1000];
    chosen.iter().for_each(|&index| mask[index] = true);
    // What is in the others can't be decompressed.
    let path = folder.path().join("noise.h5");
    let file = fs::File::options().write(true).open(&path).unwrap();
    for (number, &(offset, size)) in chunks.iter().enumerate() {
        if !touched.contains(&number) {
            file.write_all_at(&vec![0xff; size as usize], offset).unwrap();
        }
    }
    drop(file);
    let wanted: u64 = touched.iter().map(|&number| chunks[number].1).sum();
    let frames = Hdf5Dataset::<u16, Ix3>::open(&path, "x").unwrap();
    let context = SerialContext::new();
    let counted = |map: &dyn Fn()| {
        let (before, own) = bytes_read();
        map();
        let (after, _) = bytes_read();
        after - before - own
    };
    let read = counted(&|| {
        let (out, report) =
            copy_frame::run_report_in(&context, pasha::masked(&frames, &mask)).unwrap();
        assert_eq!(report.absent, 990);
        for &index in &chosen {
            assert_eq!(out.index_axis(Axis(0), index), all.index_axis(Axis(0), index));
        }
    });
    assert!(wanted > 8 * 19_000 && read.abs_diff(wanted) < 4096, "{read} instead of {wanted}");
    let read = counted(&|| {
        let out = copy_frame::run_in(&context, pasha::select(&frames, &chosen)).unwrap();
        assert_eq!(out, all.select(Axis(0), &chosen));
    });
    assert!(read.abs_diff(wanted) < 4096, "{read} instead of {wanted}");
    // Several workers read of no other chunks either.
    let threads = ThreadContext::new(3).unwrap();
    let out = copy_frame::run_in(&threads, pasha::select(&frames, &chosen)).unwrap();
    assert_eq!(out, all.select(Axis(0), &chosen));
    copy_frame::run_in(&threads, pasha::masked(&frames, &mask)).unwrap();
    // Read whole it is damaged indeed.
    copy_frame::run_in(&context, &frames).unwrap_err();
}

#[test]
fn a_chunk_is_read_once_for_two_axes() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
rng = np.random.default_rng(7)
x = rng.integers(0, 65536, (6, 4, 16, 32), dtype='u2')
np.save('x.npy', x)
with h5py.File('modules.h5', 'w') as f:
    d = f.create_dataset('x', data=x, chunks=(2, 2, 16, 32), compression='gzip')
    print(sum(d.id.get_chunk_info(k).size for k in range(6)))
";
    let Some(size) = h5py(folder.path(), program) else { return };
    let wanted: u64 = size.parse().unwrap();
    let all = npy::<u16, Ix4>(&folder.path().join("x.npy"));
    let path = folder.path().join("modules.h5");
    let modules = Hdf5Dataset::<u16, Ix4>::open(path, "x").unwrap(); // (train, module, y, x)
    let pairs = pasha::axes(&modules, [Axis(0), Axis(1)]);
    let (before, own) = bytes_read();
    let out = copy_frame::run_in(&SerialContext::new(), &pairs).unwrap();
    let (after, _) = bytes_read();
    let read = after - before - own;
    assert!(read.abs_diff(wanted) < 4096, "{read} instead of {wanted}");
    assert_eq!(out.into_axes(&pairs).unwrap(), all);
}
