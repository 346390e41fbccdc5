//! Conversions of numbers, and values that do not fit.

use ndarray::{Ix1, array};
use pasha::{Cause, Hdf5Dataset, Hdf5Element, SerialContext};
use pasha_tests::at_item;

use crate::support::{copy_value, h5py, npy};

/// Integers of each width in both byte orders as each wider type, and as narrower ones where they
/// fit.
#[test]
fn integers_are_converted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let program = "
small = np.arange(100) % 128
np.save('small.npy', small.astype('i8'))
with h5py.File('a.h5', 'w') as f:
    for t in ['i1', '<i2', '>i2', '<i4', '>i4', '<i8', '>i8', 'u1', '<u2', '>u2', '<u4', '>u4', '<u8', '>u8']:
        f[t] = small.astype(t)
        f.create_dataset(t + 'z', data=small.astype(t), chunks=(30,), compression='gzip', shuffle=True)
";
    if h5py(folder, program).is_none() {
        return;
    }
    let small = npy::<i64, Ix1>(&folder.join("small.npy"));
    let names = [
        "i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "u1", "<u2", ">u2", "<u4", ">u4", "<u8",
        ">u8",
    ];
    for name in names.into_iter().flat_map(|name| [name.to_owned(), format!("{name}z")]) {
        let path = folder.join("a.h5");
        macro_rules! check {
            ($($t:ty)+) => {$(
                let dataset = Hdf5Dataset::<$t, Ix1>::open(&path, &name).unwrap();
                let seen = copy_value::run_in(&SerialContext::new(), &dataset).unwrap();
                assert_eq!(seen, small.mapv(|value| value as $t), "{name} as {}", stringify!($t));
            )+};
        }
        check!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);
    }
}

fn refused<A: Hdf5Element>(folder: &std::path::Path, name: &str, told: &[&str]) {
    let dataset = Hdf5Dataset::<A, Ix1>::open(folder.join("a.h5"), name).unwrap();
    let out = copy_value::run_in(&SerialContext::new(), &dataset);
    let error = out.err().unwrap_or_else(|| panic!("{name} was read"));
    let message = error.to_string();
    assert!(matches!(at_item(&error), (_, Cause::Source(_))), "{message}");
    for text in told.iter().chain(&["a.h5", name]) {
        assert!(message.contains(text), "{name}: {text} is not in: {message}");
    }
}

/// Values that do not fit are told, with their place; those beside them are as they are.
#[test]
fn values_that_do_not_fit_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let program = "
def both(name, x):
    f[name] = x
    f.create_dataset(name + 'z', data=x, chunks=(2,), compression='gzip')
with h5py.File('a.h5', 'w') as f:
    both('negative', np.array([1, 2, 3, -4, 5], '>i2'))
    both('large', np.array([1, 2, 3, 70000, 5], '<u4'))
    both('exact', np.array([1, 2**24, 2**24 + 1, 2**53 + 1], '<i8'))
    both('most', np.array([1, 2**64 - 1], '<u8'))
    both('double', np.array([1.5, 0.1, 1e300, np.inf, np.nan], '<f8'))
    both('byte', np.array([1, 0, 2], 'u1'))
    enum = h5py.enum_dtype({'FALSE': 0, 'TRUE': 1}, 'i1')
    f.create_dataset('odd', data=np.array([0, 1, 2], 'i1'), dtype=enum)
";
    if h5py(folder, program).is_none() {
        return;
    }
    for end in ["", "z"] {
        let name = |name: &str| format!("{name}{end}");
        refused::<u16>(folder, &name("negative"), &["-4", "[3]", "u16", "i16"]);
        refused::<u64>(folder, &name("negative"), &["-4", "u64"]);
        refused::<u16>(folder, &name("large"), &["70000", "[3]", "u16", "u32"]);
        refused::<i16>(folder, &name("large"), &["70000"]);
        refused::<f32>(folder, &name("exact"), &["16777217", "[2]", "f32"]);
        refused::<f64>(folder, &name("exact"), &["9007199254740993", "[3]", "f64"]);
        refused::<i64>(folder, &name("most"), &["18446744073709551615", "i64"]);
        refused::<f64>(folder, &name("most"), &["18446744073709551615", "f64"]);
        refused::<f32>(folder, &name("double"), &["1e300", "f32", "f64", "[2]"]);
    }
    refused::<bool>(folder, "odd", &["2", "bool", "[2]"]);
    let open = |name| Hdf5Dataset::<f32, Ix1>::open(folder.join("a.h5"), name).unwrap();
    let read = |dataset: Hdf5Dataset<f32, Ix1>| {
        copy_value::run_in(&SerialContext::new(), &dataset).unwrap()
    };
    // f64 is rounded to f32, and infinities stay.
    assert_eq!(read(open("double").select(..2)), array![1.5, 0.1]);
    assert_eq!(read(open("double").select(3..4)), array![f32::INFINITY]);
    assert_eq!(read(open("doublez").select(3..4)), array![f32::INFINITY]);
}

/// Types that are converted by libhdf5, and h5py's bools and enumerations.
#[test]
fn unusual_types() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let program = "
with h5py.File('a.h5', 'w') as f:
    f['half'] = np.array([0.5, -1, 65504], '<f2')
    t = h5py.h5t.STD_U32LE.copy(); t.set_size(3); t.set_precision(24)
    f['three'] = np.zeros(0)
    s = h5py.h5s.create_simple((3,))
    d = h5py.h5d.create(f.id, b'narrow', t, s)
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 70000, 2**24 - 1], '<u4'))
    t = h5py.h5t.STD_I16BE.copy(); t.set_precision(12)
    d = h5py.h5d.create(f.id, b'twelve', t, s)
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([-3, 2047, -2048], '<i2'))
    f['bools'] = np.array([True, False, True])
    f['numbers'] = np.array([1, 0, 1], 'u1')
    f.create_dataset('states', data=np.array([3, 500, 3], '>i2'), dtype=h5py.enum_dtype({'on': 3, 'off': 500}, '>i2'))
    f['text'] = np.array([b'ab', b'c', b'd'])
    f['pairs'] = np.zeros(3, [('a', 'i4'), ('b', 'f4')])
";
    if h5py(folder, program).is_none() {
        return;
    }
    let path = folder.join("a.h5");
    macro_rules! read {
        ($t:ty, $name:expr) => {
            copy_value::run_parallel(&Hdf5Dataset::<$t, Ix1>::open(&path, $name).unwrap()).unwrap()
        };
    }
    assert_eq!(read!(f32, "half"), array![0.5, -1.0, 65504.0]);
    assert_eq!(read!(u32, "narrow"), array![1, 70000, (1 << 24) - 1]);
    assert_eq!(read!(i16, "twelve"), array![-3, 2047, -2048]);
    assert_eq!(read!(bool, "bools"), array![true, false, true]);
    assert_eq!(read!(u8, "bools"), array![1, 0, 1]);
    assert_eq!(read!(i32, "states"), array![3, 500, 3]);
    for (name, told) in
        [("text", "pasha reads"), ("pairs", "hdf5_record!(Record { a: i32, b: f32 })")]
    {
        let error = Hdf5Dataset::<f64, Ix1>::open(&path, name).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains(name), "{error}");
    }
    let error = Hdf5Dataset::<bool, Ix1>::open(&path, "numbers").unwrap_err().to_string();
    assert!(error.contains("u8") && error.contains("bool"), "{error}");
    let error = Hdf5Dataset::<i32, Ix1>::open(&path, "half").unwrap_err().to_string();
    assert!(error.contains("f16") && error.contains("i32"), "{error}");
}
