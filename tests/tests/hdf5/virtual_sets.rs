//! Virtual data sets, whose sources the workers read themselves.

use ndarray::{Ix1, Ix2, Ix3};
use pasha::{AnyContext, Hdf5Dataset, Hdf5Element, SerialContext};

use crate::support::{axis_first, frames, h5py, npy, read_frames};

/// Each data set in `v.h5`, with its values as h5py reads them in a file of its name.
const WRITE: &str = "
rng = np.random.default_rng(5)
x = rng.integers(0, 1000, (24, 4, 6)).astype('u2')
kinds = dict(gzip=dict(chunks=(1, 4, 6), compression='gzip'), eight=dict(chunks=(8, 4, 6), compression='gzip', shuffle=True),
             tiles=dict(chunks=(3, 2, 4)), plain={}, swapped={})
for part in range(3):
    with h5py.File(f'part{part}.h5', 'w') as f:
        for kind, options in kinds.items():
            y = x[8 * part:8 * part + 8]
            f.create_dataset(kind, data=y.astype('>u2') if kind == 'swapped' else y, **options)
        f['frame'] = x[part]
        f.create_dataset('packed', data=x[part], chunks=(4, 6), compression='gzip')
        f.create_dataset('pieces', data=x[part], chunks=(2, 3), compression='gzip')
        f['signed'] = x[8 * part:8 * part + 8].astype('i4')
        f['pair'] = x[16:].reshape(8, 2, 2, 6)
        f.create_dataset('row', data=x[:, 0, 0], chunks=(5,))
def source(part, name, shape): return h5py.VirtualSource(f'part{part}.h5', name, shape)
layouts = {}
for kind in kinds:
    l = layouts[kind] = h5py.VirtualLayout((24, 4, 6), 'u2')
    for part in range(3): l[8 * part:8 * part + 8] = source(part, kind, (8, 4, 6))
    l = layouts[kind + '_mixed'] = h5py.VirtualLayout((24, 4, 6), 'u2')
    for part in range(3): l[part::3] = source(part, kind, (8, 4, 6))
    l = layouts[kind + '_cut'] = h5py.VirtualLayout((9, 6, 8), 'u2')
    for part in range(2): l[4 * part + 1:4 * part + 4, 3 * part:3 * part + 3, 1:5] = source(part, kind, (8, 4, 6))[2:8:2, 1:, 2:]
    l = layouts[kind + '_beside'] = h5py.VirtualLayout((8, 4, 12), 'u2')
    for part in range(2): l[:, :, 6 * part:6 * part + 6] = source(part, kind, (8, 4, 6))
    l = layouts[kind + '_over'] = h5py.VirtualLayout((10, 4, 6), 'u2')
    l[:8] = source(0, kind, (8, 4, 6)); l[5:10] = source(1, kind, (8, 4, 6))[:5]
for kind in ['frame', 'packed', 'pieces']:
    l = layouts[kind] = h5py.VirtualLayout((4, 4, 6), 'u2')
    for part in range(3): l[part] = source(part, kind, (4, 6))
layouts['modules'] = l = h5py.VirtualLayout((3, 5, 2), 'u2')
for part in range(3): l[part, :, 1] = source(part, 'row', (24,))[3:8]
layouts['slices'] = l = h5py.VirtualLayout((8, 2, 6), 'u2')
l[:] = source(0, 'pair', (8, 2, 2, 6))[:, 1]
layouts['converted'] = l = h5py.VirtualLayout((24, 4, 6), 'u2')
for part in range(3): l[8 * part:8 * part + 8] = source(part, 'signed', (8, 4, 6))
layouts['reshaped'] = l = h5py.VirtualLayout((2, 4, 6), 'u2')
l[:] = source(0, 'row', (24,))[:]  if False else source(0, 'gzip', (8, 4, 6))[:2]
layouts['gone'] = l = h5py.VirtualLayout((24, 4, 6), 'u2')
for part in range(3): l[8 * part:8 * part + 8] = h5py.VirtualSource(f'part{2 * part}.h5', 'gzip', (8, 4, 6))
layouts['no_set'] = l = h5py.VirtualLayout((16, 4, 6), 'u2')
l[:8] = source(0, 'nothing', (8, 4, 6)); l[8:] = source(1, 'plain', (8, 4, 6))
layouts['shorter'] = l = h5py.VirtualLayout((10, 4, 6), 'u2')
l[:8] = source(0, 'plain', (8, 4, 6))
layouts['empty'] = h5py.VirtualLayout((2, 4, 6), 'u2')
with h5py.File('v.h5', 'w', libver=('earliest', 'v110')) as f:
    for name, l in layouts.items(): f.create_virtual_dataset(name, l, fillvalue=7)
with h5py.File('w.h5', 'w', libver=('earliest', 'v110')) as f:
    l = h5py.VirtualLayout((16, 4, 6), 'u2')
    l[:] = h5py.VirtualSource('v.h5', 'gzip_mixed', (24, 4, 6))[4:20]
    f.create_virtual_dataset('nested', l)
    l = h5py.VirtualLayout((16, 4, 6), 'u2')
    l[:] = h5py.VirtualSource('.', 'nested', (16, 4, 6))
    f.create_virtual_dataset('own', l)
    l = h5py.VirtualLayout((16, 4, 6), 'u2')
    l[:] = h5py.VirtualSource('.', 'circle', (16, 4, 6))
    f.create_virtual_dataset('circle', l)
for file in ['v.h5', 'w.h5']:
    with h5py.File(file) as f:
        for name in f:
            if name != 'circle': np.save(name + '.npy', f[name][:])
print(*layouts)
";

fn check<A: Hdf5Element + PartialEq + From<u16>>(folder: &std::path::Path, file: &str, name: &str) {
    let expected = npy::<u16, Ix3>(&folder.join(format!("{name}.npy"))).mapv(A::from);
    let open = || {
        Hdf5Dataset::<A, Ix3>::open(folder.join(file), name)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = context.parse().unwrap();
        for axis in 0..3 {
            let seen = frames(&*context, &open().axis(axis));
            assert!(seen == axis_first(&expected, axis), "{name}, {context:?}, axis {axis}");
        }
    }
    assert!(open().load().unwrap() == expected, "{name}");
    let some = open().select(1..2).load().unwrap();
    assert!(some == expected.slice(ndarray::s![1..2, .., ..]), "{name}");
}

/// Parts one after the other, mixed, side by side, cut out, on top of each other; of fewer axes and
/// of more; of another type; of files and data sets that are not there; within each other.
#[test]
fn every_mapping_is_what_h5py_reads() {
    let folder = tempfile::tempdir().unwrap();
    let Some(names) = h5py(folder.path(), WRITE) else { return };
    for name in names.split_whitespace() {
        check::<u16>(folder.path(), "v.h5", name);
        check::<f32>(folder.path(), "v.h5", name);
    }
    for name in ["nested", "own"] {
        check::<u16>(folder.path(), "w.h5", name);
    }
    let path = folder.path().join("w.h5");
    let error = Hdf5Dataset::<u16, Ix3>::open(path, "circle").unwrap_err().to_string();
    assert!(error.contains("in a circle"), "{error}");
    assert_eq!(error.matches("w.h5").count(), 1, "{error}");
}

/// Neither opening waits for somebody at the other end, nor are values made up.
#[test]
fn a_source_that_is_no_regular_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
whole = h5py.VirtualLayout((5,), 'i4')
whole[:] = h5py.VirtualSource('other', 'data', (5,))
growing = h5py.VirtualLayout((5,), 'i4', maxshape=(None,))
growing[:h5py.h5s.UNLIMITED] = h5py.VirtualSource('other', 'data', (5,), maxshape=(None,))[:h5py.h5s.UNLIMITED]
with h5py.File('v.h5', 'w', libver='v110') as f:
    f.create_virtual_dataset('whole', whole)
    f.create_virtual_dataset('growing', growing)
    f['link'] = h5py.ExternalLink('other', 'data')
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let other = folder.path().join("other");
    let refused = |what: &str| {
        for name in ["whole", "growing", "link"] {
            let opened = Hdf5Dataset::<i32, Ix1>::open(folder.path().join("v.h5"), name);
            let error = opened.unwrap_err().to_string();
            assert!(error.contains(what) && error.contains(other.to_str().unwrap()), "{error}");
        }
    };
    rustix::fs::mkfifoat(rustix::fs::CWD, &other, 0o600.into()).unwrap();
    refused("is a FIFO");
    std::fs::remove_file(&other).unwrap();
    std::fs::create_dir(&other).unwrap();
    refused("is a directory");
}

/// Axes without an end are as long as their sources are.
#[test]
fn axes_without_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
for n in range(3):
    with h5py.File(f'{n}.h5', 'w', libver='v110') as f: f.create_dataset('data', data=np.arange(5 + n, dtype='i4') + 10 * n, maxshape=(None,), chunks=(2,))
l = h5py.VirtualLayout(shape=(3, 5), dtype='i4', maxshape=(3, None))
for n in range(3): l[n, :h5py.h5s.UNLIMITED] = h5py.VirtualSource(f'{n}.h5', 'data', shape=(5,), maxshape=(None,))[:h5py.h5s.UNLIMITED]
with h5py.File('v.h5', 'w', libver='v110') as f: f.create_virtual_dataset('data', l, fillvalue=-5)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let dataset = Hdf5Dataset::<i32, Ix2>::open(folder.path().join("v.h5"), "data").unwrap();
    assert_eq!(dataset.shape(), [3, 7]);
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = context.parse().unwrap();
        let sums = pasha::map_in(&*context, &dataset, |_, _, row| row.sum()).unwrap();
        assert_eq!(sums, ndarray::array![0, 70, 161]);
    }
}

/// A virtual data set that names its own file by its old name shows the fill value, and one that
/// says `.` the data.
#[test]
fn a_source_of_another_type_is_named_and_not_only_the_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
import hdf5plugin
l = h5py.VirtualLayout((6, 4, 6), 'u2')
for part in range(3):
    with h5py.File(f'bs{part}.h5', 'w') as f:
        kind = 'i4' if part == 1 else 'u2'
        f.create_dataset('a', data=np.ones((2, 4, 6), kind), chunks=(1, 4, 6), **hdf5plugin.Bitshuffle())
    l[2 * part:2 * part + 2] = h5py.VirtualSource(f'bs{part}.h5', 'a', (2, 4, 6))
with h5py.File('bs.h5', 'w') as f: f.create_virtual_dataset('v', l)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let opened = Hdf5Dataset::<u16, Ix3>::open(folder.path().join("bs.h5"), "v");
    let message = opened.map(drop).unwrap_err().to_string();
    for told in ["bs.h5", "bs1.h5", "\"a\"", "i32", "u16", "32008"] {
        assert!(message.contains(told), "{told:?} is not in: {message}");
    }
}

#[test]
fn a_renamed_file_shows_the_fill_value() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
import os
x = np.arange(1, 25, dtype='f4').reshape(2, 3, 4)
os.makedirs('sub')
with h5py.File('sub/a.h5', 'w') as f:
    f['base'] = x
    for name, file in ('virtual', 'a.h5'), ('virtual_dot', '.'):
        l = h5py.VirtualLayout((2, 3, 4), 'f4'); l[:] = h5py.VirtualSource(file, 'base', shape=(2, 3, 4)); f.create_virtual_dataset(name, l)
os.rename('sub/a.h5', 'sub/b.h5')
with h5py.File('sub/b.h5') as f: print(f['virtual'][:].sum(), f['virtual_dot'][:].sum())
";
    let Some(sums) = h5py(folder.path(), program) else { return };
    assert_eq!(sums, "0.0 300.0");
    let path = folder.path().join("sub/b.h5");
    assert!(read_frames::<f32>(&path, "virtual").iter().all(|&value| value == 0.0));
    assert_eq!(read_frames::<f32>(&path, "virtual_dot").sum(), 300.0);
}

/// Each chunk of a source is decompressed once, however many frames it holds and virtual data sets
/// lie above it.
#[test]
fn chunks_of_sources_are_decompressed_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
x = np.random.default_rng(0).poisson(2, (96, 256, 256)).astype('u2')
l = h5py.VirtualLayout((96, 256, 256), 'u2')
for k in range(3):
    with h5py.File(f'part{k}.h5', 'w') as f: f.create_dataset('data', data=x[32 * k:32 * k + 32], chunks=(32, 256, 256), compression='gzip', compression_opts=1, shuffle=True)
    l[32 * k:32 * k + 32] = h5py.VirtualSource(f'part{k}.h5', 'data', (32, 256, 256))
with h5py.File('v.h5', 'w') as f:
    f.create_virtual_dataset('data', l)
    f.create_dataset('all', data=x, chunks=(32, 256, 256), compression='gzip', compression_opts=1, shuffle=True)
np.save('sums.npy', x.sum((1, 2), dtype='u8'))
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let path = folder.path().join("v.h5");
    let expected = npy::<u64, ndarray::Ix1>(&folder.path().join("sums.npy"));
    let sum = |name: &str| {
        let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, name).unwrap();
        let sum = |_, _, frame: ndarray::ArrayView2<u16>| {
            // One frame of each chunk is as much work as all of them.
            frame.iter().map(|&count| u64::from(count)).sum::<u64>()
        };
        let before = thread_time();
        let sums = pasha::map_in(&SerialContext::new(), &dataset, sum).unwrap();
        assert_eq!(sums, expected);
        thread_time() - before
    };
    // Decompressed for each frame it would be 32 times.
    let (whole, of_sources) = (sum("all"), sum("data"));
    assert!(of_sources < 4.0 * whole + 0.1, "{of_sources} s of processor time, {whole} s without");
}

/// Seconds of processor time that this thread took.
fn thread_time() -> f64 {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + 1e-6 * time.tv_usec() as f64;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// As aborted measurements leave them: what is there is read, and nothing beyond it.
#[test]
fn sources_that_are_shorter_or_longer_than_the_set_says() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
values = np.arange(6 * 4 * 5, dtype='u2').reshape(6, 4, 5) + 1
with h5py.File('source.h5', 'w', libver='v110') as f:
    f.create_dataset('before', data=np.full(1000, 7, 'u2'))
    f.create_dataset('contiguous', data=values)
    f.create_dataset('behind', data=np.full(1000, 9, 'u2'))
    f.create_dataset('chunked', data=values, chunks=(2, 4, 5))
    f.create_dataset('zipped', data=values, chunks=(4, 2, 5), compression='gzip')
    f.create_dataset('signed', data=values.astype('i4'), chunks=(2, 4, 5))
with h5py.File('v.h5', 'w', libver='v110') as f:
    for name in 'contiguous', 'chunked', 'zipped', 'signed':
        for len in 3, 6, 7, 12, 100:
            l = h5py.VirtualLayout((len + 1, 4, 5), 'u2')
            l[1:] = h5py.VirtualSource('source.h5', name, (len, 4, 5))[:]
            f.create_virtual_dataset(f'{name}{len}', l, fillvalue=3)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let path = folder.path().join("v.h5");
    let values = ndarray::Array::from_iter(1..121_u16).into_shape_with_order((6, 4, 5)).unwrap();
    for name in ["contiguous", "chunked", "zipped"] {
        for len in [3, 6, 7, 12, 100] {
            let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, &format!("{name}{len}")).unwrap();
            let mut expected = ndarray::Array3::from_elem((len + 1, 4, 5), 3);
            let there = len.min(6);
            expected.slice_mut(ndarray::s![1..=there, .., ..]).assign(&values.slice(ndarray::s![
                ..there,
                ..,
                ..
            ]));
            assert!(dataset.load().unwrap() == expected, "{name}{len}");
            for context in ["serial", "threads:2", "processes:2"] {
                let context: AnyContext = context.parse().unwrap();
                assert!(frames(&*context, &dataset) == expected, "{name}{len} {context:?}");
            }
        }
    }
    // Those that libhdf5 would have to convert are read by nobody beyond their end.
    for (len, is_there) in [(6, true), (7, false), (100, false)] {
        let opened = Hdf5Dataset::<u16, Ix3>::open(&path, &format!("signed{len}"));
        assert_eq!(opened.is_ok(), is_there, "{opened:?}");
        if let Err(error) = opened {
            let error = error.to_string();
            let told = format!("[{len}, 4, 5]");
            assert!(error.contains("[6, 4, 5]") && error.contains(&told), "{error}");
        }
    }
}
