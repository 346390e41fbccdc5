//! `.npy` files of all kinds: read as NumPy reads them, or refused with what to do.

use half::f16;
use ndarray::{Array, Axis, Dimension, Ix1, Ix2, Ix3, IxDyn, array};
use num_complex::Complex;
use pasha::prelude::*;
use pasha::{Error, NpyElement, NpyFile};
use pasha_tests::{numpy, reference_data};
use tempfile::TempDir;

/// Has NumPy run some lines in a folder of its own.
fn written(lines: &str) -> Option<TempDir> {
    let folder = TempDir::new().unwrap();
    let program = format!("import numpy as np, os\nos.chdir({:?})\n{lines}", folder.path());
    numpy(&program)?;
    Some(folder)
}

fn refusal<A: NpyElement, D: Dimension>(path: impl AsRef<std::path::Path>) -> String {
    match NpyFile::<A, D>::open(&path) {
        Err(error @ Error::Npy(_)) => {
            let told = error.to_string();
            assert!(told.contains(&path.as_ref().display().to_string()), "{told}");
            told
        }
        other => {
            panic!("{}: {:?}", path.as_ref().display(), other.map(|file| file.shape().to_vec()))
        }
    }
}

#[test]
fn headers_of_all_times_are_read_as_numpy_reads_them() {
    let Some(folder) = reference_data("field/05-npy-headers") else { return };
    let open = |name: &str| NpyFile::<f64, Ix2>::open(folder.join(format!("{name}.npy"))).unwrap();
    let expected = array![[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]];
    for name in ["py2long", "v2_old", "unpadded", "v1", "v2", "v3", "be", "f"] {
        assert_eq!(open(name).view(), expected, "{name}");
        let sums = pasha::map(&open(name), |_, _, row| row.sum()).unwrap();
        assert_eq!(sums, array![3.0, 12.0], "{name}");
        let sums = pasha::map(pasha::axis(&open(name), Axis(1)), |_, _, row| row.sum()).unwrap();
        assert_eq!(sums, array![3.0, 5.0, 7.0], "{name}");
    }
    assert_eq!(open("empty").shape(), [0, 3]);
    assert_eq!(open("empty2").view().sum(), 0.0);
    assert_eq!(open("one_row_f").view(), array![[0.0], [1.0], [2.0]]);
    let half = NpyFile::<f16, Ix2>::open(folder.join("f2.npy")).unwrap();
    assert_eq!(half.view().mapv(f64::from), expected);
    let complex = NpyFile::<Complex<f64>, Ix2>::open(folder.join("c16.npy")).unwrap();
    assert_eq!(complex.view(), expected.mapv(|real| Complex::new(real, 1.0)));
    let small = NpyFile::<i8, Ix1>::open(folder.join("i1be.npy")).unwrap();
    assert_eq!(small.view(), array![0, 1, 2]);
    let bools = NpyFile::<bool, Ix2>::open(folder.join("bool.npy")).unwrap();
    assert_eq!(bools.view(), array![[true, false, true]]);
    let vector = NpyFile::<f64, Ix1>::open(folder.join("fvec.npy")).unwrap();
    assert_eq!(vector.view(), array![0.0, 1.0, 2.0]);
    let scalar = NpyFile::<f64, IxDyn>::open(folder.join("zerod.npy")).unwrap();
    assert_eq!(scalar.view().sum(), 3.0);
}

#[test]
fn what_is_no_array_of_numbers_is_refused_with_what_to_do() {
    let Some(folder) = reference_data("field/05-npy-headers") else { return };
    let place = |name: &str| folder.join(name);
    let told = refusal::<bool, Ix2>(place("bool2.npy"));
    assert!(told.contains("[0, 2] is the byte 2") && told.contains("view('u1') != 0"), "{told}");
    // What the message says to do is done.
    assert!(told.contains("open it with u8"), "{told}");
    assert_eq!(NpyFile::<u8, Ix2>::open(place("bool2.npy")).unwrap().view()[[0, 2]], 2);
    assert!(refusal::<f64, Ix2>(place("zero_bytes.npy")).contains("the file is empty"));
    let told = refusal::<f64, Ix2>(place("z.npz"));
    assert!(told.contains("np.load(archive)[name]"), "{told}");
    assert!(refusal::<f64, Ix2>(place("npint.npy")).contains("np.int64(2)"));
    assert!(refusal::<i64, Ix1>(place("dt.npy")).contains("view('i8')"));
    assert!(refusal::<f64, Ix1>(place("struct.npy")).contains("array['x']"));
}

#[test]
fn a_shape_that_overflows_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bad.npy");
    for shape in
        ["(0, 18446744073709551615)", "(4294967296, 4294967296)", "(0, 18446744073709551616)"]
    {
        let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        header += &" ".repeat(117 - header.len());
        header += "\n";
        let bytes = [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes()].concat();
        std::fs::write(&path, bytes).unwrap();
        let told = refusal::<f64, Ix2>(&path);
        assert!(told.contains("address"), "{told}");
    }
}

/// Every type in either byte order and memory order, at every alignment.
#[test]
fn every_element_is_read_in_both_orders() {
    const CODES: [&str; 13] =
        ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"];
    let Some(folder) = written(&format!(
        "for code in {CODES:?}:
    for end in '<>':
        for order in 'CF':
            a = (np.arange(24) + 100).reshape(2, 3, 4).astype(end + code, order=order)
            if code[0] == 'c': a = a + 2j * a
            np.save(code + end + order, np.asarray(a, dtype=end + code, order=order))
            whole = open(code + end + order + '.npy', 'rb').read()
            text = whole[10:128].rstrip() + b'\\n'
            open(code + end + order + '-odd.npy', 'wb').write(
                whole[:8] + len(text).to_bytes(2, 'little') + text + whole[128:])"
    )) else {
        return;
    };
    fn check<A: NpyElement + PartialEq + std::fmt::Debug>(
        folder: &TempDir,
        code: &str,
        of: fn(f32) -> A,
    ) {
        let ramp = Array::from_iter((0..24).map(|n| (n + 100) as f32));
        let expected = ramp.into_shape_with_order((2, 3, 4)).unwrap().mapv(of);
        for end in ["<", ">"] {
            for order in ["C", "F", "C-odd", "F-odd"] {
                let path = folder.path().join(format!("{code}{end}{order}.npy"));
                let file = NpyFile::<A, Ix3>::open(&path).unwrap();
                assert_eq!(file.view(), expected, "{}", path.display());
            }
        }
    }
    let complex = |value: f32| Complex::new(value, 2.0 * value);
    check::<u8>(&folder, "u1", |v| v as u8);
    check::<u16>(&folder, "u2", |v| v as u16);
    check::<u32>(&folder, "u4", |v| v as u32);
    check::<u64>(&folder, "u8", |v| v as u64);
    check::<i8>(&folder, "i1", |v| v as i8);
    check::<i16>(&folder, "i2", |v| v as i16);
    check::<i32>(&folder, "i4", |v| v as i32);
    check::<i64>(&folder, "i8", |v| v as i64);
    check::<f16>(&folder, "f2", f16::from_f32);
    check::<f32>(&folder, "f4", |v| v);
    check::<f64>(&folder, "f8", f64::from);
    check::<Complex<f32>>(&folder, "c8", complex);
    check::<Complex<f64>>(&folder, "c16", |v| Complex::new(v.into(), 2.0 * f64::from(v)));
}

#[test]
fn numpy_reads_outputs_of_every_kind_those_of_a_job_too() {
    let folder = TempDir::new().unwrap();
    let plain = SerialContext::new();
    let resumed = SerialContext::new().resume(folder.path().join("job"));
    let path = |name: &str| folder.path().join(name);
    for (context, name) in [(&plain, "plain"), (&resumed, "job")] {
        let half =
            context.alloc::<f16>((2, 1)).fill(f16::ONE).file(path(&format!("{name}-f2.npy")));
        drop(half.build().unwrap());
        let flags = context.alloc::<bool>(3).fill(true).file(path(&format!("{name}-b1.npy")));
        drop(flags.build().unwrap());
        let wide = context.alloc::<u64>(()).fill(u64::MAX).file(path(&format!("{name}-u8.npy")));
        drop(wide.build().unwrap());
    }
    let program = format!(
        "import numpy as np, os
os.chdir({:?})
for name in ('plain', 'job'):
    for code in ('f2', 'b1', 'u8'):
        a = np.load(name + '-' + code + '.npy'); print(a.dtype, a.shape, a.tolist(), end='; ')",
        folder.path()
    );
    let Some(said) = numpy(&program) else { return };
    let once = "float16 (2, 1) [[1.0], [1.0]]; bool (3,) [True, True, True]; uint64 () 18446744073709551615; ";
    assert_eq!(said, format!("{once}{once}").trim());
}

#[test]
fn a_file_stays_open_when_the_program_changes_its_folder() {
    let Some(folder) = reference_data("field/28-chdir") else { return };
    let here = std::env::current_dir().unwrap();
    // A path that is relative to this folder.
    let up: std::path::PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(folder.canonicalize().unwrap().strip_prefix("/").unwrap()).join("a.npy");
    let file = NpyFile::<f32, Ix2>::open(&relative).unwrap();
    let context = SerialContext::new().resume("pasha-relative-job");
    std::env::set_current_dir("/proc").unwrap();
    let sums = pasha::map(&file, |_, _, row| row.sum());
    // The job's file would lie where it was meant to.
    let outside = context.alloc::<f64>(1).file("/proc/no.npy").build();
    std::env::set_current_dir(&here).unwrap();
    assert_eq!(sums.unwrap().sum(), 20.0);
    let told = outside.unwrap_err().to_string();
    assert!(told.contains("/proc/no.npy"), "{told}");
    assert!(!here.join("pasha-relative-job").exists());
}

/// Each way of mapping over a file tells that it was truncated or written since it was opened, in
/// each context, instead of dying or reading something else.
#[test]
fn a_file_that_changed_since_it_was_opened_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.npy");
    let open = || {
        ndarray_npy::write_npy(&path, &ndarray::Array2::<f64>::ones((400, 100))).unwrap();
        NpyFile::<f64, Ix2>::open(&path).unwrap()
    };
    let size = 128 + 8 * 400 * 100;
    for (len, what) in [(5000, "truncated"), (size, "written")] {
        let file = open();
        let change = std::fs::File::options().write(true).open(&path).unwrap();
        change.set_len(len).unwrap();
        change
            .set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(9))
            .unwrap();
        for context in ["serial", "threads:2", "processes:2"] {
            let context: pasha::AnyContext = context.parse().unwrap();
            let context = &*context;
            let indices = [3_usize, 1];
            let errors = [
                pasha::map_in(context, &file, |_, _, row| row.sum()).unwrap_err(),
                pasha::map_in(context, pasha::axis(&file, ndarray::Axis(1)), |_, _, it| it.sum())
                    .unwrap_err(),
                pasha::map_in(context, pasha::chunks(&file, 7), |_, _, it| it.sum()).unwrap_err(),
                pasha::map_in(context, pasha::windows(&file, 7), |_, _, it| it.sum()).unwrap_err(),
                pasha::map_in(context, pasha::select(&file, &indices), |_, _, it| it.sum())
                    .unwrap_err(),
            ];
            for error in errors {
                let error = error.to_string();
                for part in [
                    format!("frames.npy was {what} since it was opened"),
                    format!("had {size} bytes, last changed at"),
                    format!("has {len} bytes, last changed at"),
                ] {
                    assert!(error.contains(&part), "{part}: {error}");
                }
            }
        }
    }
}
