//! Element types other than the machine's integers and floats, against what h5py reads.

use half::f16;
use ndarray::{Array1, Array2, Axis, Ix1, Ix2, Ix3, IxDyn, array};
use num_complex::Complex;
use pasha::{Cause, Context, Error, Hdf5Dataset, Hdf5Element, SerialContext};
use pasha_tests::{at_item, for_each_context_of_files};

use crate::support::{copy_value, h5py, npy};

/// Writes the same numbers in one piece (`name`), in compressed chunks (`namez`), in parts of a
/// virtual data set (`namev`), and in another byte order (`nameb`).
const IN_ALL_LAYOUTS: &str = "
def layouts(f, name, x, chunks):
    f[name] = x
    f.create_dataset(name + 'z', data=x, chunks=chunks, compression='gzip', shuffle=True, fletcher32=True)
    f.create_dataset(name + 'b', data=x.astype(x.dtype.newbyteorder()), chunks=chunks, compression='gzip')
    with h5py.File('part.h5', 'a') as part:
        part[name] = x
    layout = h5py.VirtualLayout(shape=x.shape, dtype=x.dtype)
    layout[...] = h5py.VirtualSource('part.h5', name, shape=x.shape)
    f.create_virtual_dataset(name + 'v', layout)
";

const LAYOUTS: [&str; 4] = ["", "z", "b", "v"];

/// The sums of the rows of a data set of numbers.
fn row_sums(context: &dyn Context, path: &std::path::Path, name: &str) -> Array1<f64> {
    let dataset = Hdf5Dataset::<f64, Ix2>::open(path, name).unwrap();
    pasha::map_in(context, &dataset, |_, _, row| row.sum()).unwrap().to_owned()
}

for_each_context_of_files! {
    /// Bit fields, floats of 2 and 16 bytes, of few bits, and of Google's: as h5py sums them.
    fn unusual_numbers(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let program = format!("{IN_ALL_LAYOUTS}
from h5py import h5t, h5d, h5s, h5p
with h5py.File('a.h5', 'w') as f:
    two_by_three = h5s.create_simple((2, 3))
    mask = np.array([[True, False, True], [False, False, True]])
    d = h5d.create(f.id, b'bools', h5t.NATIVE_B8, two_by_three)
    d.write(h5s.ALL, h5s.ALL, mask.view('u1'), mtype=h5t.NATIVE_B8)
    bits = np.array([[1, 2, 0x8001], [0, 0xffff, 7]], '>u2')
    d = h5d.create(f.id, b'bits', h5t.STD_B16BE, two_by_three)
    d.write(h5s.ALL, h5s.ALL, bits, mtype=h5t.STD_B16BE)
    half = np.array([[1, -2.5, .5], [65504, 2.0**-14, 2.0**-24]], 'f2')
    layouts(f, 'half', half, (1, 3))
    np.save('half.npy', half.astype('f8').sum(1))
    np.save('bits.npy', bits.astype('f8').sum(1))
    long = np.array([[1, 2.5], [-0.5, np.inf]], np.longdouble)
    f['long'] = long
    f.create_dataset('longz', data=long, chunks=(1, 2), compression='gzip')
    np.save('long.npy', long.astype('f8').sum(1))
    t = h5t.IEEE_F32LE.copy(); t.set_fields(15, 7, 8, 0, 7); t.set_size(2); t.set_ebias(127)
    numbers = np.array([[1, -2.5, 1.1640625], [0, 3e30, -1e-30]], 'f4')
    d = h5d.create(f.id, b'bfloat16', t, two_by_three); d.write(h5s.ALL, h5s.ALL, numbers)
    np.save('bfloat16.npy', f['bfloat16'][:].astype('f8').sum(1))
    t = h5t.IEEE_F32BE.copy(); t.set_fields(15, 9, 6, 0, 9); t.set_size(2); t.set_ebias(31)
    p = h5p.create(h5p.DATASET_CREATE); p.set_chunk((1, 3)); p.set_filter(h5py.h5z.FILTER_NBIT, 0, ())
    numbers = np.array([[1, -2.5, 1.25], [0, 1000, -.125]], 'f4')
    d = h5d.create(f.id, b'few', t, two_by_three, p); d.write(h5s.ALL, h5s.ALL, numbers)
    out = np.zeros((2, 3), 'f4'); d.read(h5s.ALL, h5s.ALL, out)
    np.save('few.npy', out.astype('f8').sum(1))
");
        if h5py(folder, &program).is_none() {
            return;
        }
        let path = folder.join("a.h5");
        assert_eq!(row_sums(context, &path, "bools"), array![2.0, 1.0]);
        let as_bools = Hdf5Dataset::<bool, Ix2>::open(&path, "bools").unwrap();
        let counted = pasha::map_in(context, &as_bools, |_, _, row| row.iter().filter(|&&set| set).count());
        assert_eq!(counted.unwrap(), array![2, 1]);
        for name in ["bits", "half", "long", "bfloat16", "few"] {
            let expected = npy::<f64, Ix1>(&folder.join(format!("{name}.npy")));
            assert_eq!(row_sums(context, &path, name), expected, "{name}");
        }
        let expected = npy::<f64, Ix1>(&folder.join("half.npy"));
        for layout in LAYOUTS {
            assert_eq!(row_sums(context, &path, &format!("half{layout}")), expected, "{layout}");
            let halves = Hdf5Dataset::<f16, Ix2>::open(&path, &format!("half{layout}")).unwrap();
            let last = pasha::map_in(context, &halves, |_, _, row| row[2]).unwrap();
            assert_eq!(last, array![f16::from_f32(0.5), f16::from_f32(2.0_f32.powi(-24))], "{layout}");
        }
        assert_eq!(row_sums(context, &path, "longz"), npy::<f64, Ix1>(&folder.join("long.npy")));
    }

    fn complex_numbers(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let program = format!("{IN_ALL_LAYOUTS}
z = (np.arange(15) / 4 - 1j * np.arange(15) ** 2).astype('c8').reshape(5, 3)
np.save('z.npy', z.astype('c16'))
with h5py.File('a.h5', 'w') as f:
    layouts(f, 'single', z, (2, 3))
    layouts(f, 'double', z.astype('c16'), (2, 2))
    f['matlab'] = z[0].view(np.dtype([('real', 'f4'), ('imag', 'f4')]))
    f['large'] = np.array([1 + 1j, 1e300j])
");
        if h5py(folder, &program).is_none() {
            return;
        }
        let path = folder.join("a.h5");
        let expected: Array2<Complex<f64>> = npy(&folder.join("z.npy"));
        for name in ["single", "double"].iter().flat_map(|name| LAYOUTS.map(|layout| format!("{name}{layout}"))) {
            let as_double = Hdf5Dataset::<Complex<f64>, Ix2>::open(&path, &name).unwrap();
            let sums = pasha::map_in(context, &as_double, |_, _, row| row.sum()).unwrap();
            assert_eq!(sums, expected.sum_axis(Axis(1)), "{name}");
            let as_single = Hdf5Dataset::<Complex<f32>, Ix2>::open(&path, &name).unwrap().axis(1);
            let last = pasha::map_in(context, &as_single, |_, _, column| column[4]).unwrap();
            let last = last.mapv(|z| Complex::new(f64::from(z.re), f64::from(z.im)));
            assert_eq!(last, expected.row(4), "{name}");
        }
        let named = Hdf5Dataset::<Complex<f32>, Ix1>::open(&path, "matlab").unwrap();
        let named = copy_value::run_in(context, &named).unwrap();
        assert_eq!(named.mapv(|z| f64::from(z.im)), expected.row(0).mapv(|z| z.im));
        let large = Hdf5Dataset::<Complex<f32>, Ix1>::open(&path, "large").unwrap();
        let error = copy_value::run_in(context, &large).unwrap_err().to_string();
        assert!(error.contains("[1]") && error.contains("Complex<f32>"), "{error}");
    }

    /// Elements that are arrays: their axes follow those of the data set.
    fn array_elements(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let program = "
x = np.arange(7 * 4 * 3, dtype='i4').reshape(7, 4, 3)
np.save('x.npy', x)
t = np.dtype(('i4', (4, 3)))
with h5py.File('part.h5', 'w') as f:
    f.create_dataset('a', (7,), dtype=t)[...] = x
with h5py.File('a.h5', 'w') as f:
    f.create_dataset('one', (7,), dtype=t)[...] = x
    f.create_dataset('chunked', (7,), dtype=t, chunks=(3,), compression='gzip', shuffle=True)[...] = x
    f.create_dataset('swapped', (7,), dtype=np.dtype(('>i4', (4, 3))), chunks=(2,))[...] = x
    layout = h5py.VirtualLayout(shape=(7,), dtype=t)
    layout[...] = h5py.VirtualSource('part.h5', 'a', shape=(7,))
    f.create_virtual_dataset('virtual', layout)
    f.create_dataset('unwritten', (7,), dtype=t, chunks=(3,))
";
        if h5py(folder, program).is_none() {
            return;
        }
        let path = folder.join("a.h5");
        let expected = npy::<i32, Ix3>(&folder.join("x.npy"));
        for name in ["one", "chunked", "swapped", "virtual"] {
            for axis in 0..3 {
                let dataset = Hdf5Dataset::<i32, Ix3>::open(&path, name).unwrap().axis(axis);
                assert_eq!(dataset.shape(), [7, 4, 3]);
                let sums = pasha::map_in(context, &dataset, |_, _, view| {
                    view.iter().zip(1..).map(|(&number, place)| i64::from(number) * place).sum::<i64>()
                })
                .unwrap();
                let of_numpy: Array1<i64> = expected
                    .axis_iter(Axis(axis))
                    .map(|view| view.iter().zip(1..).map(|(&number, place)| i64::from(number) * place).sum())
                    .collect();
                assert_eq!(sums, of_numpy, "{name} along {axis}");
            }
        }
        let unwritten = Hdf5Dataset::<i64, Ix3>::open(&path, "unwritten").unwrap();
        let sums = pasha::map_in(context, &unwritten, |_, _, view| view.sum()).unwrap();
        assert_eq!(sums, Array1::<i64>::zeros(7));
    }

    /// Bytes other than 0 and 1 are no bools, wherever they lie; those beside them are read.
    fn bytes_that_are_no_bools(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let program = "
from h5py import h5t, h5d, h5s
enum = h5py.enum_dtype({'FALSE': 0, 'TRUE': 1}, 'i1')
x = np.array([[1, 0, 1], [0, 2, 0], [1, 1, 0], [0, -1, 1]], 'i1')
with h5py.File('part.h5', 'w') as f:
    f.create_dataset('a', data=x, dtype=enum)
with h5py.File('a.h5', 'w') as f:
    f.create_dataset('whole', data=x, dtype=enum)
    f.create_dataset('chunks', data=x, dtype=enum, chunks=(1, 3))
    f.create_dataset('zipped', data=x, dtype=enum, chunks=(2, 3), compression='gzip', shuffle=True)
    f.create_dataset('filled', (4, 3), dtype=enum, chunks=(1, 3), fillvalue=2)[2] = [True, True, False]
    layout = h5py.VirtualLayout(shape=x.shape, dtype=enum)
    layout[...] = h5py.VirtualSource('part.h5', 'a', shape=x.shape)
    f.create_virtual_dataset('virtual', layout)
    d = h5d.create(f.id, b'bits', h5t.NATIVE_B8, h5s.create_simple((4, 3)))
    d.write(h5s.ALL, h5s.ALL, x.view('u1'), mtype=h5t.NATIVE_B8)
";
        if h5py(folder, program).is_none() {
            return;
        }
        let path = folder.join("a.h5");
        for name in ["whole", "chunks", "zipped", "virtual", "bits", "filled"] {
            let bools = Hdf5Dataset::<bool, Ix2>::open(&path, name).unwrap();
            let count = |bools: &Hdf5Dataset<bool, Ix2>| {
                pasha::map_in(context, bools, |_, _, row| row.iter().filter(|&&set| set).count())
            };
            let error = count(&bools).unwrap_err();
            let message = error.to_string();
            assert!(matches!(at_item(&error), (_, Cause::Source(_))), "{message}");
            // Of a virtual data set the source is named that holds the byte.
            let (dataset, file) = if name == "virtual" { ("\"a\"", "part.h5") } else { (name, "a.h5") };
            let told = ["is no bool", "elements u8", dataset, file];
            assert!(told.iter().all(|told| message.contains(told)), "{message}");
            // Which of the two is met first depends on the context.
            let place = ["2 at [1, 1]", "255 at [3, 1]", "fill value 2 is no bool"];
            assert!(place.iter().any(|place| message.contains(place)), "{message}");
            assert_eq!(count(&bools.select(2..3)).unwrap(), array![2], "{name}");
        }
        let bytes = Hdf5Dataset::<u8, Ix2>::open(&path, "bits").unwrap();
        assert_eq!(pasha::map_in(context, &bytes, |_, _, row| row[1]).unwrap(), array![0, 2, 1, 255]);
    }
}

/// Floats that no f64 holds are told, and infinities are read.
#[test]
fn long_floats_that_are_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
with h5py.File('a.h5', 'w') as f:
    f['long'] = np.array([1.5, np.inf, np.nan, np.longdouble(10) ** 4000], np.longdouble)
print(np.finfo(np.longdouble).maxexp)
";
    let Some(largest) = h5py(folder.path(), program) else { return };
    if largest == "1024" {
        println!("skipped: long doubles are doubles on this machine");
        return;
    }
    let long = Hdf5Dataset::<f64, Ix1>::open(folder.path().join("a.h5"), "long").unwrap();
    let error = copy_value::run_in(&SerialContext::new(), &long).unwrap_err().to_string();
    assert!(error.contains("too large for f64") && error.contains("item 3"), "{error}");
    let read = copy_value::run_in(&SerialContext::new(), &long.select(..3)).unwrap();
    assert!(read[0] == 1.5 && read[1] == f64::INFINITY && read[2].is_nan());
}

fn refused<A: Hdf5Element>(path: &std::path::Path, name: &str, told: &[&str]) {
    let error = Hdf5Dataset::<A, IxDyn>::open(path, name).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Hdf5(_)), "{message}");
    for told in told.iter().chain(&[name]) {
        assert!(message.contains(told), "{name}: {told:?} is not in: {message}");
    }
}

/// What is no number is refused with what it is, and what to do.
#[test]
fn elements_that_are_no_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
with h5py.File('a.h5', 'w') as f:
    f['empty'] = h5py.Empty('f4')
    f['words'] = ['ab', 'c']
    f['letters'] = np.array([b'ab', b'c'])
    f.create_dataset('lists', (3,), dtype=h5py.vlen_dtype('f4'))
    times = np.array([1, 2], 'M8[ns]')
    f['times'] = times.astype(h5py.opaque_dtype(times.dtype))
    f['blobs'] = np.zeros(2, 'V5')
    f['links'] = np.array([f['words'].ref], h5py.ref_dtype)
    f.create_dataset('states', data=np.array([0, 7], 'u1'), dtype=h5py.enum_dtype({'OFF': 0, 'ON': 1, 'ERR': 7}, 'u1'))
    f['pairs'] = np.zeros(3, [('a', 'i4'), ('b', 'f4', 3), ('on', '?'), ('y pos', 'f8')])
    f['complex'] = np.zeros(3, 'c8')
    f['half'] = np.zeros(3, 'f2')
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let path = folder.path().join("a.h5");
    refused::<f32>(&path, "empty", &["it holds no elements (null dataspace)"]);
    refused::<bool>(&path, "empty", &["it holds no elements (null dataspace)"]);
    refused::<f32>(&path, "words", &["texts of any length", "VarLenUnicode"]);
    refused::<f32>(&path, "letters", &["texts of 2 bytes"]);
    refused::<f32>(&path, "lists", &["lists of f32", "their lengths in another"]);
    refused::<i64>(&path, "times", &["opaque", "NUMPY:<M8[ns]", "times.view('i8')"]);
    refused::<u8>(&path, "blobs", &["opaque elements of 5 bytes"]);
    refused::<u64>(&path, "links", &["references", "path"]);
    refused::<bool>(&path, "states", &["OFF = 0, ON = 1, ERR = 7", "elements u8"]);
    refused::<f64>(&path, "complex", &["Complex<f32>", "open it with elements Complex<f32>"]);
    refused::<i32>(&path, "half", &["f16", "open it with elements f16"]);
    let line =
        "`pasha::hdf5_record!(Record { a: i32, b: [f32; 3], on: u8, y_pos: f64 = \"y pos\" });`";
    let listed = "{ a: i32 at byte 0, b: [f32; 3] at byte 4, on: u8 at byte 16, y pos: f64 at byte 17 } of 25 bytes";
    refused::<f64>(&path, "pairs", &[listed, "#[repr(C, packed)]", line]);
}
