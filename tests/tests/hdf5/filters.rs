//! Chunks that have passed the field's filters, compared with what h5py reads of them with
//! hdf5plugin.

use std::path::Path;
use std::process::Command;

use ndarray::{Ix1, Ix3};
use ndarray_npy::ReadableElement;
use pasha::{Hdf5Dataset, Hdf5Element, ProcessContext, SerialContext, ThreadContext};

use crate::support::{copy_value, frames, npy, with_hdf5plugin};

/// Python that writes data sets and checks that h5py reads what was written.
const WRITER: &str = "
rng = np.random.default_rng(1)
def counts(t, shape):
    # Mostly small numbers, some of any size, and the largest and the smallest.
    x = rng.poisson(3, shape)
    if t[0] == 'f':
        x = (x * 0.37).astype(t)
    else:
        i = np.iinfo(t)
        x = x.astype(t)
        some = rng.random(shape) < 0.02
        x[some] = rng.integers(i.min, i.max, some.sum(), dtype=t, endpoint=True)
        x.flat[:2] = i.min, i.max
    return x
def save(name, x):
    np.save(name + '.npy', x.astype('f4') if x.dtype == 'f2' else x)
def lossless(d, x):
    assert np.array_equal(d[...], x), d.name
TYPES = ['i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8']
FILTERS = {
    'bitshuffle': hp.Bitshuffle(cname='none'),
    'bitshuffle-lz4': hp.Bitshuffle(cname='lz4'),
    'bitshuffle-zstd': hp.Bitshuffle(cname='zstd'),
    'lz4': hp.LZ4(),
    'zstd': hp.Zstd(),
    'blosc': hp.Blosc(),
    'blosc2': hp.Blosc2(),
    'lzf': dict(compression='lzf'),
    'shuffle-lzf': dict(compression='lzf', shuffle=True),
    'shuffle-lz4': dict(shuffle=True, **hp.LZ4()),
    'shuffle-zstd-checked': dict(shuffle=True, fletcher32=True, **hp.Zstd()),
    'bitshuffle-lz4-checked': dict(fletcher32=True, **hp.Bitshuffle()),
}
";

/// All types in either byte order, whole and in tiles that do not fit at the edges.
const WRITE_TYPES: &str = "
names = []
with h5py.File('types.h5', 'w') as f:
    for t in TYPES:
        x = counts(t, (11, 19, 37))
        save(t, x)
        for order in '<>':
            for c in [(11, 19, 37), (1, 19, 37), (3, 8, 16)]:
                for filter, options in FILTERS.items():
                    name = f'{t}/{order}/{c[0]}/{filter}'
                    lossless(f.create_dataset(name, data=x.astype(order + t), chunks=c, **options), x)
                    names.append(name)
print('\\n'.join(names))
";

/// All that the filters can be asked for.
const WRITE_OPTIONS: &str = "
OPTIONS = {}
for n in [0, 8, 1000, 4096]:
    for c in ['none', 'lz4', 'zstd']:
        OPTIONS[f'bitshuffle-{c}-{n}'] = hp.Bitshuffle(nelems=n, cname=c)
for n in [0, 8, 1000, 65536]:
    OPTIONS[f'lz4-{n}'] = hp.LZ4(nbytes=n)
for n in [1, 12]:
    OPTIONS[f'zstd-{n}'] = hp.Zstd(clevel=n)
for c in ['blosclz', 'lz4', 'lz4hc', 'snappy', 'zlib', 'zstd']:
    for s in [hp.Blosc.NOSHUFFLE, hp.Blosc.SHUFFLE, hp.Blosc.BITSHUFFLE]:
        n = 9 if c == 'lz4' else 5
        OPTIONS[f'blosc-{c}-{s}-{n}'] = hp.Blosc(cname=c, clevel=n, shuffle=s)
OPTIONS['blosc-stored'] = hp.Blosc(clevel=0)
B = hp.Blosc2
for c in ['blosclz', 'lz4', 'lz4hc', 'zlib', 'zstd']:
    for s in [B.NOFILTER, B.SHUFFLE, B.BITSHUFFLE, B.DELTA, B.TRUNC_PREC]:
        n = 9 if c == 'lz4' else 5
        OPTIONS[f'blosc2-{c}-{s}-{n}'] = B(cname=c, clevel=n, filters=s)
OPTIONS['blosc2-stored'] = B(clevel=0)
for n in [64, 1000, 4096, 100000]:
    OPTIONS[f'blosc2-block-{n}'] = dict(compression=32026, compression_opts=(0, n, 0, 0, 5, 1, 1))
names = []
with h5py.File('options.h5', 'w') as f:
    for t in ['u1', '>u2', 'u4', 'f8']:
        x = counts(t[-2:], (3, 120, 131)).astype(t)
        x[1, :60] = 7
        x[2] = 0
        for c in [(1, 120, 131), (2, 64, 100)]:
            for option, options in OPTIONS.items():
                name = f'{t[-2:]}/{c[0]}/{option}'
                d = f.create_dataset(name, data=x, chunks=c, **options)
                if 'blosc2' in name and '-4-' in name:
                    # Rounded: what is to be read is what h5py reads.
                    save(name.replace('/', '-'), d[...].astype(t[-2:]))
                else:
                    lossless(d, x)
                names.append(name)
        save(t[-2:], x.astype(t[-2:]))
print('\\n'.join(names))
";

/// Filters in orders that h5py does not set, left out in some chunks, and data of one dimension.
const WRITE_PIPELINES: &str = "
names = []
def create(f, name, x, chunk, *filters):
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    p.set_chunk(chunk)
    for number, *parameters in filters:
        if number == 2: p.set_shuffle()
        elif number == 3: p.set_fletcher32()
        else: p.set_filter(number, h5py.h5z.FLAG_OPTIONAL, tuple(parameters))
    s = h5py.h5s.create_simple(x.shape)
    d = h5py.Dataset(h5py.h5d.create(f.id, name.encode(), h5py.h5t.py_create(x.dtype), s, p))
    d[...] = x
    lossless(d, x)
    names.append(name)
    return d
x = counts('u4', (5, 40, 50))
save('x', x)
n = 40 * 50 * 4
with h5py.File('pipelines.h5', 'w') as f:
    c = (1, 40, 50)
    create(f, 'checked-blosc2', x, c, (3,), (32026, 0, 0, 0, 0, 5, 1, 1))
    create(f, 'checked-blosc', x, c, (3,), (32001, 0, 0, 0, 0, 5, 1, 1))
    create(f, 'checked-lz4-checked', x, c, (3,), (32004, 100), (3,))
    create(f, 'bitshuffle-deflate', x, c, (32008, 0, 0, 0, 64), (1, 6))
    create(f, 'shuffle-bitshuffle-lz4', x, c, (2,), (32008, 0, 0, 0, 0, 2))
    create(f, 'bitshuffle-lz4-shuffle', x, c, (32008, 0, 0, 0, 0, 2), (3,))
    create(f, 'lzf-checked', x, c, (32000,), (3,))
    create(f, 'shuffle-zstd', x, c, (2,), (32015, 5))
    for filter, options in FILTERS.items():
        # Some chunks were written without their filters, and one was not written.
        d = f.create_dataset('left-out-' + filter, x.shape, x.dtype, chunks=c, **options)
        d[0], d[2] = x[0], x[2]
        p = d.id.get_create_plist()
        all_filters = (1 << p.get_nfilters()) - 1
        d.id.write_direct_chunk((1, 0, 0), x[1].tobytes(), all_filters)
        d.id.write_direct_chunk((4, 0, 0), x[4].tobytes(), all_filters)
        y = x.copy(); y[3] = 0
        lossless(d, y)
        names.append('left-out-' + filter)
    save('y', y)
    # What can't be made smaller is stored, or left out, by the filters themselves.
    noise = rng.integers(0, 2**32, (5, 40, 50), dtype='u4')
    save('noise', noise)
    for filter, options in FILTERS.items():
        lossless(f.create_dataset('noise-' + filter, data=noise, chunks=c, **options), noise)
        names.append('noise-' + filter)
    line = counts('i4', 10007)
    save('line', line)
    for filter, options in FILTERS.items():
        lossless(f.create_dataset('line-' + filter, data=line, chunks=(999,), **options), line)
        names.append('line-' + filter)
print('\\n'.join(names))
";

fn write(folder: &Path, program: &str) -> Option<Vec<String>> {
    let names = with_hdf5plugin(folder, &format!("{WRITER}{program}"))?;
    Some(names.lines().map(str::to_owned).collect())
}

/// Reads data sets in all contexts and compares them with what NumPy saved for each.
fn compare<A: Hdf5Element + ReadableElement + PartialEq>(
    folder: &Path,
    file: &str,
    names: &[&String],
    saved: impl Fn(&str) -> String,
) {
    let threads = ThreadContext::new(2).unwrap();
    for name in names {
        let expected = npy::<A, Ix3>(&folder.join(saved(name) + ".npy"));
        let dataset = Hdf5Dataset::<A, Ix3>::open(folder.join(file), name)
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(frames(&SerialContext::new(), &dataset) == expected, "{file}: {name}");
        assert!(frames(&threads, &dataset) == expected, "{file}: {name}, threads");
        // Chunks are read in part where they are not those of the mapped axis.
        let expected = crate::support::axis_first(&expected, 2);
        let along = dataset.axis(2);
        assert!(frames(&SerialContext::new(), &along) == expected, "{file}: {name}, axis 2");
    }
}

#[test]
fn every_filter_and_type_in_either_byte_order_and_any_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(names) = write(folder, WRITE_TYPES) else { return };
    assert_eq!(names.len(), 11 * 2 * 3 * 12);
    let of = |kind: &str| -> Vec<&String> {
        names.iter().filter(|name| name.starts_with(kind)).collect()
    };
    macro_rules! check {
        ($($kind:literal $element:ty),+) => {
            $( compare::<$element>(folder, "types.h5", &of($kind), |_| $kind.to_owned()); )+
        };
    }
    check!("i1" i8, "i2" i16, "i4" i32, "i8" i64, "u1" u8, "u2" u16, "u4" u32, "u8" u64, "f2" f32, "f4" f32, "f8" f64);
}

#[test]
fn all_that_the_filters_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(names) = write(folder, WRITE_OPTIONS) else { return };
    let of = |kind: &str| -> Vec<&String> {
        names.iter().filter(|name| name.starts_with(kind)).collect()
    };
    let saved = |name: &str| {
        let own = name.replace('/', "-");
        if folder.join(format!("{own}.npy")).exists() { own } else { name[..2].to_owned() }
    };
    compare::<u8>(folder, "options.h5", &of("u1"), saved);
    compare::<u16>(folder, "options.h5", &of("u2"), saved);
    compare::<u32>(folder, "options.h5", &of("u4"), saved);
    compare::<f64>(folder, "options.h5", &of("f8"), saved);
}

#[test]
fn filters_in_any_order_left_out_or_of_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(names) = write(folder, WRITE_PIPELINES) else { return };
    let (lines, names): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.starts_with("line"));
    compare::<u32>(folder, "pipelines.h5", &names, |name| {
        let saved = match name {
            _ if name.starts_with("left-out") => "y",
            _ if name.starts_with("noise") => "noise",
            _ => "x",
        };
        saved.to_owned()
    });
    let expected = npy::<i32, Ix1>(&folder.join("line.npy"));
    for name in lines {
        let line = Hdf5Dataset::<i32, Ix1>::open(folder.join("pipelines.h5"), name).unwrap();
        assert_eq!(copy_value::run_serial(&line).unwrap(), expected, "{name}");
    }
}

/// Forked workers read as threads do, and each frame's sum is NumPy's.
#[test]
fn processes_read_frames_of_a_detector() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
x = counts('u4', (40, 130, 150))
with h5py.File('eiger.h5', 'w') as f:
    f.create_dataset('entry/data/data', data=x, chunks=(1, 130, 150), **hp.Bitshuffle())
print(' '.join(str(n) for n in x.sum((1, 2), dtype='u8')))
";
    let Some(sums) = write(folder.path(), program) else { return };
    let expected: Vec<u64> = sums[0].split(' ').map(|sum| sum.parse().unwrap()).collect();
    let path = folder.path().join("eiger.h5");
    let dataset = Hdf5Dataset::<u32, Ix3>::open(&path, "entry/data/data").unwrap();
    let context = ProcessContext::new(2).unwrap();
    let sums = pasha::map_in(&context, &dataset, |_, _, frame| {
        frame.iter().map(|&count| u64::from(count)).sum::<u64>()
    });
    assert_eq!(sums.unwrap().to_vec(), expected);
}

/// h5py's bools are bytes, of which a chunk can have any.
#[test]
fn decoded_bytes_that_are_no_bools_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
x = rng.integers(0, 2, (4, 8, 8)).astype(bool)
np.save('bools.npy', x)
with h5py.File('bools.h5', 'w') as f:
    for filter, options in FILTERS.items():
        d = f.create_dataset(filter, data=x, chunks=(1, 8, 8), **options)
        e = f.create_dataset('bytes', data=np.full((1, 8, 8), 2, 'u1'), chunks=(1, 8, 8), **options)
        mask, chunk = e.id.read_direct_chunk((0, 0, 0))
        d.id.write_direct_chunk((2, 0, 0), chunk, mask)
        del f['bytes']
        print(filter)
";
    let Some(names) = write(folder.path(), program) else { return };
    let expected = npy::<bool, Ix3>(&folder.path().join("bools.npy"));
    for name in names {
        let open = || {
            Hdf5Dataset::<bool, Ix3>::open(folder.path().join("bools.h5"), &name)
                .unwrap_or_else(|error| panic!("{error}"))
        };
        let sound = frames(&SerialContext::new(), &open().select(..2));
        assert!(sound == expected.slice(ndarray::s![..2, .., ..]), "{name}");
        let error = pasha::map(&open(), |_, _, frame| frame.len()).unwrap_err().to_string();
        assert!(error.contains("the value 2 at [2, 0, 0] is no bool"), "{error}");
    }
}

/// A filter that is not undone here needs its plugin: the error says which, and with the plugin it
/// is read.
#[test]
fn a_filter_without_its_plugin_is_named_and_read_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
x = np.fromfunction(lambda i, y, x: i * i * 100 + y * 10 + x, (12, 6, 5)).astype('u2')
for name, options in [('bzip2', hp.BZip2()), ('bitshuffle', hp.Bitshuffle())]:
    with h5py.File(name + '.h5', 'w') as f:
        f.create_dataset('data', data=x, chunks=(2, 6, 5), **options)
        # Of 12 bits, which only libhdf5 converts.
        t = h5py.h5t.STD_U16LE.copy(); t.set_precision(12)
        p = h5py.h5p.create(h5py.h5p.DATASET_CREATE); p.set_chunk((2, 6, 5)); p.set_filter(32008)
        d = h5py.h5d.create(f.id, b'strange', t, h5py.h5s.create_simple((12, 6, 5)), p)
print(hp.PLUGIN_PATH)
";
    let Some(plugins) = write(folder.path(), program) else { return };
    let path = folder.path().join("bzip2.h5");
    let error = Hdf5Dataset::<u16, Ix3>::open(&path, "data").unwrap_err().to_string();
    for told in ["filter 307 (bzip2)", "hdf5plugin", "HDF5_PLUGIN_PATH", "bzip2.h5"] {
        assert!(error.contains(told), "{told}: {error}");
    }
    assert!(!error.contains("damaged"), "{error}");
    let error = Hdf5Dataset::<u64, Ix3>::open(&path, "strange").unwrap_err().to_string();
    assert!(error.contains("filter 32008 (bitshuffle)"), "{error}");
    for (name, plugin) in [("bzip2", Some(&plugins[0])), ("bitshuffle", None)] {
        let mut reader = Command::new(env!("CARGO_BIN_EXE_hdf5_reader"));
        reader.arg("pasha").arg(folder.path().join(format!("{name}.h5")));
        if let Some(plugin) = plugin {
            reader.env("HDF5_PLUGIN_PATH", plugin);
        }
        let said = pasha_tests::stdout_of(&reader.output().unwrap());
        assert!(said.ends_with("right\n"), "{name}: {said}");
    }
}

/// libhdf5 reads virtual data sets: the error says which part has which filter, and never that it
/// is damaged.
#[test]
fn a_virtual_data_set_whose_parts_lack_a_plugin_names_the_filter_and_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
x = np.arange(60, dtype='u4').reshape(4, 3, 5)
for name, options in [('bzip2', hp.BZip2()), ('bitshuffle', hp.Bitshuffle())]:
    layout = h5py.VirtualLayout(x.shape, x.dtype)
    for k in range(2):
        part = f'{name}_{k}.h5'
        with h5py.File(part, 'w') as f:
            f.create_dataset('entry/data', data=x[2 * k:2 * k + 2], chunks=(1, 3, 5), **options)
        layout[2 * k:2 * k + 2] = h5py.VirtualSource(part, 'entry/data', (2, 3, 5))
    with h5py.File(name + '.h5', 'w') as f:
        f.create_virtual_dataset('data', layout)
";
    if with_hdf5plugin(folder.path(), program).is_none() {
        return;
    }
    let open = |name| Hdf5Dataset::<u32, Ix3>::open(folder.path().join(name), "data");
    let error = open("bzip2.h5").unwrap_err().to_string();
    for told in ["filter 307 (bzip2)", "bzip2_0.h5", "hdf5plugin", "HDF5_PLUGIN_PATH"] {
        assert!(error.contains(told), "{told}: {error}");
    }
    assert!(!error.contains("damaged"), "{error}");
    // What pasha undoes itself it may read part by part, too; what it can't, it says.
    match open("bitshuffle.h5") {
        Ok(dataset) => {
            let expected =
                ndarray::Array3::from_shape_fn((4, 3, 5), |(i, y, x)| (i * 15 + y * 5 + x) as u32);
            assert!(frames(&SerialContext::new(), &dataset) == expected);
        }
        Err(error) => {
            let error = error.to_string();
            for told in ["filter 32008 (bitshuffle)", "bitshuffle_0.h5", "open the parts"] {
                assert!(error.contains(told), "{told}: {error}");
            }
        }
    }
}

/// The frames of an Eiger detector as it writes them, and the sums that `expected.txt` has.
#[test]
fn an_eiger_file_of_the_field() {
    let Some(field) = pasha_tests::reference_data("field/01-eiger-bslz4") else { return };
    let dataset =
        Hdf5Dataset::<u32, Ix3>::open(field.join("series_1_master.h5"), "entry/data/data_000001")
            .unwrap();
    let sums = pasha::map(&dataset, |_, _, frame| {
        frame.iter().map(|&count| u64::from(count)).sum::<u64>()
    });
    assert_eq!(
        sums.unwrap().to_vec(),
        [4_294_982_619, 4_294_982_662, 4_294_982_662, 4_294_982_700, 4_294_982_666]
    );
}
