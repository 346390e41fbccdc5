//! Every layout of data sets, of every type of numbers and in every byte order, along every axis.

use ndarray::{Array1, Ix1, Ix3, s};
use pasha::{Hdf5Dataset, Hdf5Element, SerialContext, ThreadContext};

use crate::support::{axis_first, copy_value, frames, h5py, npy, read_frames};

/// Writes the arrays `(11, 5, 7)` of all types in all layouts, and their values for NumPy.
const WRITE: &str = "
rng = np.random.default_rng(1)
layouts = {
    'contiguous': {},
    'chunked': dict(chunks=(1, 5, 7)),
    'gzip': dict(chunks=(1, 5, 7), compression='gzip'),
    'all': dict(chunks=(3, 5, 7), compression='gzip', shuffle=True, fletcher32=True),
    'shuffled': dict(chunks=(2, 5, 7), shuffle=True),
    'checked': dict(chunks=(2, 5, 7), fletcher32=True),
    'split': dict(chunks=(2, 2, 3), compression='gzip', shuffle=True),
    'columns': dict(chunks=(11, 5, 1), compression='gzip', fletcher32=True),
    'large': dict(chunks=(20, 9, 8), maxshape=(None, None, None), compression='gzip'),
    'lzf': dict(chunks=(2, 5, 7), compression='lzf') if LZF else {},
    'scaled': dict(chunks=(2, 5, 7), scaleoffset=0),
}
with h5py.File('all.h5', 'w') as f, h5py.File('user.h5', 'w', userblock_size=512) as u:
    for t in ['i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f4', 'f8', '?']:
        if t[0] == 'f':
            x = rng.normal(size=(11, 5, 7)).astype(t)
        elif t == '?':
            x = rng.integers(0, 2, (11, 5, 7)).astype(bool)
        else:
            i = np.iinfo(t)
            x = rng.integers(i.min, i.max, (11, 5, 7), dtype=t, endpoint=True)
            x[0, 0, :2] = i.min, i.max
        name = 'bool' if t == '?' else t
        np.save(name + '.npy', x)
        for order in '<>':
            for layout, options in layouts.items():
                if layout == 'scaled' and t[0] in 'f?':
                    continue
                stored = x if t == '?' else x.astype(order + t)
                for file in f, u:
                    file.create_dataset(f'{name}/{order}/{layout}', data=stored, **options)
";

/// The layouts of [`WRITE`], with the length of a chunk.
const LAYOUTS: [&str; 10] = [
    "contiguous",
    "chunked",
    "gzip",
    "all",
    "shuffled",
    "checked",
    "split",
    "columns",
    "large",
    "scaled",
];

fn check<A: Hdf5Element + PartialEq + ndarray_npy::ReadableElement>(
    folder: &std::path::Path,
    name: &str,
    has_scaled: bool,
) {
    let expected = npy::<A, Ix3>(&folder.join(format!("{name}.npy")));
    let serial = SerialContext::new();
    let threads = ThreadContext::new(2).unwrap();
    for file in ["all.h5", "user.h5"] {
        for order in ["<", ">"] {
            for layout in LAYOUTS.into_iter().filter(|&layout| has_scaled || layout != "scaled") {
                let what = format!("{file}: {name}/{order}/{layout}");
                let path = folder.join(file);
                let dataset = format!("{name}/{order}/{layout}");
                let open = || Hdf5Dataset::<A, Ix3>::open(&path, &dataset).unwrap();
                assert_eq!(open().shape(), [11, 5, 7], "{what}");
                for axis in 0..3 {
                    let expected = axis_first(&expected, axis);
                    let mapped = open().axis(axis);
                    assert!(frames(&serial, &mapped) == expected, "{what}, axis {axis}");
                    assert!(frames(&threads, &mapped) == expected, "{what}, axis {axis}, threads");
                    let selected = mapped.select(2..5);
                    let expected = expected.slice(s![2..5, .., ..]);
                    assert!(
                        frames(&serial, &selected) == expected,
                        "{what}, axis {axis}, selected"
                    );
                }
            }
        }
    }
}

#[test]
fn every_layout_and_type() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if h5py(folder, &WRITE.replace("LZF", "False")).is_none() {
        return;
    }
    check::<i8>(folder, "i1", true);
    check::<i16>(folder, "i2", true);
    check::<i32>(folder, "i4", true);
    check::<i64>(folder, "i8", true);
    check::<u8>(folder, "u1", true);
    check::<u16>(folder, "u2", true);
    check::<u32>(folder, "u4", true);
    check::<u64>(folder, "u8", true);
    check::<f32>(folder, "f4", false);
    check::<f64>(folder, "f8", false);
    check::<bool>(folder, "bool", false);
}

/// Data sets of one dimension give values, references and views, and closures get references.
#[test]
fn one_dimension() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
x = np.arange(1000) * 3
with h5py.File('a.h5', 'w') as f:
    f['contiguous'] = x
    f.create_dataset('chunked', data=x, chunks=(64,), compression='gzip')
    f.create_dataset('swapped', data=x.astype('>i8'))
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let expected = Array1::from_iter((0..1000_i64).map(|n| 3 * n));
    for name in ["contiguous", "chunked", "swapped"] {
        let values = Hdf5Dataset::<i64, Ix1>::open(folder.path().join("a.h5"), name).unwrap();
        assert_eq!(copy_value::run_parallel(&values).unwrap(), expected, "{name}");
        let doubled = pasha::map(&values, |_, _, value: &i64| 2 * value).unwrap();
        assert_eq!(doubled, 2 * &expected, "{name}");
        let selected = values.select(990..);
        assert_eq!(
            copy_value::run_parallel(&selected).unwrap(),
            expected.slice(s![990..]),
            "{name}"
        );
    }
}

/// Chunks that were never written hold the fill value, also where none was written at all.
#[test]
fn missing_chunks_hold_the_fill_value() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
with h5py.File('a.h5', 'w') as f:
    for name, options in dict(
        chunked=dict(chunks=(2, 3, 2)), gzip=dict(chunks=(2, 3, 2), compression='gzip'),
        contiguous={}, big=dict(chunks=(2, 3, 2)),
    ).items():
        t = '>i4' if name == 'big' else '<i4'
        a = f.create_dataset(name, (9, 4, 5), t, fillvalue=-7, **options)
        f.create_dataset(name + '_empty', (9, 4, 5), t, fillvalue=-7, **options)
        f.create_dataset(name + '_zero', (9, 4, 5), t, **options)
        a[3, 1:3, 2:] = 5
    np.save('a.npy', f['chunked'][:])
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let path = folder.path().join("a.h5");
    let expected = npy::<i32, Ix3>(&folder.path().join("a.npy"));
    assert!(expected.iter().any(|&value| value == 5) && expected.iter().any(|&value| value == -7));
    for name in ["chunked", "gzip", "contiguous", "big"] {
        assert_eq!(read_frames::<i32>(&path, name), expected, "{name}");
        assert!(read_frames::<i32>(&path, &format!("{name}_empty")).iter().all(|&v| v == -7));
        assert!(read_frames::<i64>(&path, &format!("{name}_zero")).iter().all(|&v| v == 0));
    }
    // The fill value itself may not fit.
    let dataset = Hdf5Dataset::<u32, Ix3>::open(&path, "chunked_empty").unwrap();
    let error = pasha::map(&dataset, |_, _, frame| frame.len()).unwrap_err().to_string();
    assert!(error.contains("fill value -7") && error.contains("u32"), "{error}");
}

/// More chunks than are listed at opening.
#[test]
fn many_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
x = np.arange(5000 * 6).reshape(5000, 2, 3).astype('u2')
with h5py.File('a.h5', 'w') as f:
    a = f.create_dataset('a', data=x, chunks=(1, 2, 3), compression='gzip', shuffle=True)
    b = f.create_dataset('b', (5000, 2, 3), 'u2', chunks=(1, 2, 2), fillvalue=9)
    b[::2] = x[::2]
    np.save('b.npy', b[:])
np.save('a.npy', x)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let path = folder.path().join("a.h5");
    for name in ["a", "b"] {
        let expected = npy::<u16, Ix3>(&folder.path().join(format!("{name}.npy")));
        let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, name).unwrap();
        assert_eq!(frames(&SerialContext::new(), &dataset), expected);
        assert_eq!(frames(&ThreadContext::new(3).unwrap(), &dataset), expected);
        assert_eq!(frames(&pasha::ProcessContext::new(2).unwrap(), &dataset), expected);
    }
}

/// Virtual and external data sets, compact ones, links into other files, filters of other
/// libraries.
#[test]
fn what_only_libhdf5_reads() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
import os
x = np.arange(6 * 4 * 5).reshape(6, 4, 5).astype('u2')
np.save('x.npy', x)
for part in range(3):
    with h5py.File(f'part{part}.h5', 'w') as f:
        f.create_dataset('data', data=x[2 * part:2 * part + 2], chunks=(1, 4, 5), compression='gzip')
layout = h5py.VirtualLayout((6, 4, 5), 'u2')
for part in range(3):
    layout[2 * part:2 * part + 2] = h5py.VirtualSource(f'part{part}.h5', 'data', (2, 4, 5))
x[1:].tofile('raw.bin')
x[:1].tofile('first.bin')
with h5py.File('a.h5', 'w', libver='v108') as f:
    f.create_dataset('external', (6, 4, 5), 'u2', external=[(os.path.abspath('first.bin'), 0, 40), (os.path.abspath('raw.bin'), 0, 200)])
    f['a/soft'] = h5py.SoftLink('/external')
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(f.id, b'compact', h5py.h5t.STD_U16LE, h5py.h5s.create_simple((6, 4, 5)), properties)
    f['compact'][:] = x
    f['linked'] = h5py.ExternalLink('other.h5', '/deep/data')
with h5py.File('other.h5', 'w') as f:
    f['padding'] = np.zeros(1000)
    f['deep/data'] = x
    f.create_dataset('deep/gzip', data=x, chunks=(2, 4, 5), compression='gzip')
with h5py.File('v.h5', 'w', libver=('earliest', 'v110')) as f:
    f.create_virtual_dataset('virtual', layout, fillvalue=3)
with h5py.File('grows.h5', 'w') as f:
    f.create_dataset('data', data=x, chunks=(2, 4, 5), maxshape=(None, 4, 5), compression='gzip')
wide = h5py.VirtualLayout((6, 4, 5), 'u4', maxshape=(None, 4, 5))
source = h5py.VirtualSource('grows.h5', 'data', (6, 4, 5), maxshape=(None, 4, 5))
wide[0:h5py.h5s.UNLIMITED] = source[0:h5py.h5s.UNLIMITED]
with h5py.File('wide.h5', 'w') as f:
    f.create_virtual_dataset('virtual', wide)
with h5py.File('n.h5', 'w', libver=('v110', 'v110')) as f:
    f['contiguous'] = x
    f.create_dataset('gzip', data=x, chunks=(2, 4, 5), compression='gzip')
    f.create_dataset('implicit', data=x, chunks=(2, 3, 5))
    f.create_dataset('extensible', data=x, chunks=(2, 4, 5), maxshape=(None, 4, 5), shuffle=True)
    f.create_dataset('tree', data=x, chunks=(2, 4, 5), maxshape=(None, None, 5), compression='gzip')
    f.create_dataset('one', data=x, chunks=(6, 4, 5), compression='gzip')
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let expected = npy::<u16, Ix3>(&folder.path().join("x.npy"));
    for (file, names) in [
        ("a.h5", &["external", "a/soft", "compact", "linked"][..]),
        ("v.h5", &["virtual"]),
        ("n.h5", &["contiguous", "gzip", "implicit", "extensible", "tree", "one"]),
    ] {
        for name in names {
            let path = folder.path().join(file);
            let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, name)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            for context in ["serial", "threads:3", "processes:3"] {
                let context: pasha::AnyContext = context.parse().unwrap();
                assert_eq!(frames(&*context, &dataset), expected, "{name}, {context:?}");
            }
            let last = frames(&SerialContext::new(), &dataset.axis(2));
            assert_eq!(last, axis_first(&expected, 2), "{name}, axis 2");
        }
    }
    // Of another type than its source, of which it takes whatever there is.
    let wide = folder.path().join("wide.h5");
    let wide = Hdf5Dataset::<u32, Ix3>::open(wide, "virtual").unwrap();
    let sums = pasha::map_in(&SerialContext::new(), &wide, |_, _, frame| frame.sum()).unwrap();
    assert_eq!(
        sums,
        expected.mapv(u32::from).sum_axis(ndarray::Axis(2)).sum_axis(ndarray::Axis(1))
    );
    // The part of a virtual data set whose file is gone holds the fill value, as in HDF5.
    std::fs::remove_file(folder.path().join("part1.h5")).unwrap();
    let seen = read_frames::<u16>(&folder.path().join("v.h5"), "virtual");
    assert!(seen.slice(s![2..4, .., ..]).iter().all(|&value| value == 3));
    assert_eq!(seen.slice(s![4.., .., ..]), expected.slice(s![4.., .., ..]));
    // An external file that is gone is an error at once.
    std::fs::remove_file(folder.path().join("first.bin")).unwrap();
    let error = Hdf5Dataset::<u16, Ix3>::open(folder.path().join("a.h5"), "external").unwrap_err();
    assert!(error.to_string().contains("external"), "{error}");
}
