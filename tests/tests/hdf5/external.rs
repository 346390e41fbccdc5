//! External raw files: where they are found, and what is told of those that are not as they should
//! be.

use std::path::Path;
use std::process::Command;

use ndarray::{Array3, Ix0, Ix1, Ix3, s};
use pasha::{Hdf5Dataset, ProcessContext, SerialContext, ThreadContext};

use crate::support::{axis_first, frames, h5py, npy, read_frames};

/// Which part of a test runs in a process of its own, and in which folder.
const PART: &str = "PASHA_TEST_EXTERNAL_PART";

/// Data sets whose elements lie in `raw/…`, named with and without a folder.
const FILES: &str = "
import os
os.makedirs('raw'); os.makedirs('work')
x = np.arange(6 * 4 * 5).reshape(6, 4, 5).astype('u2')
np.save('x.npy', x)
with open('raw/one.bin', 'wb') as f: f.write(b'head' + x[:1].tobytes() + b'tail')
x[1:].tofile('raw/rest.bin')
x.astype('>u2').tofile('raw/big.bin')
np.array(2.5).tofile('raw/value.bin')
(x + 1000).tofile('work/all.bin')
x.tofile('raw/all.bin')
np.array([1, 2], 'i4').tofile('raw/enum.bin')
parts = [('one.bin', 4, 40), ('rest.bin', 0, h5py.h5f.UNLIMITED)]
with h5py.File('raw.h5', 'w') as f:
    f.create_dataset('named', (6, 4, 5), 'u2', external=parts)
    f.create_dataset('in folder', (6, 4, 5), 'u2', external=[('raw/' + name, *rest) for name, *rest in parts])
    f.create_dataset('absolute', (6, 4, 5), 'u2', external=[(os.path.abspath('raw/' + name), *rest) for name, *rest in parts])
    f.create_dataset('big', (6, 4, 5), '>u2', external=[('raw/big.bin', 0, 240)])
    f.create_dataset('all', (6, 4, 5), 'u2', external=[('all.bin', 0, 240)])
    f.create_dataset('value', (1,), 'f8', external=[('raw/value.bin', 0, 8)])
    f.create_dataset('none', (0, 4), 'u2', external=[('nowhere.bin', 0, 240)], maxshape=(10, 4))
    f.create_dataset('gone', (6, 4, 5), 'u2', external=[('raw/all.bin', 0, 40), ('raw/gone.bin', 0, 200)])
    f.create_dataset('folder', (6, 4, 5), 'u2', external=[('raw', 0, 240)])
";

/// Runs a part of a test, by the test's name, in a process of its own.
fn in_own_process(test: &str, part: &str, folder: &Path, variable: Option<&str>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(PART, part).current_dir(folder);
    command.env_remove("HDF5_EXTFILE_PREFIX");
    if let Some(value) = variable {
        command.env("HDF5_EXTFILE_PREFIX", value);
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{part}: {told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("1 passed"), "{told}");
}

fn open(path: &Path, name: &str) -> Hdf5Dataset<u16, Ix3> {
    Hdf5Dataset::open(path, name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What is told of a data set that can't be opened.
fn refused(path: &Path, name: &str) -> String {
    Hdf5Dataset::<u16, Ix3>::open(path, name).unwrap_err().to_string()
}

#[test]
fn raw_files_are_found_where_hdf5_finds_them() {
    let Ok(part) = std::env::var(PART) else {
        let folder = tempfile::tempdir().unwrap();
        if h5py(folder.path(), FILES).is_none() {
            return;
        }
        let of = |folder: &Path, part: &str, variable: Option<&str>| {
            in_own_process(
                "external::raw_files_are_found_where_hdf5_finds_them",
                part,
                folder,
                variable,
            );
        };
        let (top, work) = (folder.path(), folder.path().join("work"));
        of(top, "top", None);
        of(&work, "work", None);
        // The variable is no list, and a dot is as nothing.
        of(&work, "work", Some("."));
        of(&work, "work", Some(""));
        let absolute = top.join("raw").display().to_string();
        for variable in ["${ORIGIN}/raw", "${ORIGIN}raw", "../raw", &absolute] {
            of(&work, "prefix", Some(variable));
        }
        of(&work, "list", Some("/nowhere:../raw"));
        return;
    };
    let here = std::env::current_dir().unwrap();
    let path = here.join("raw.h5");
    let path = if part == "top" { path } else { here.join("../raw.h5") };
    let expected = npy::<u16, Ix3>(&path.with_file_name("x.npy"));
    let absolute = open(&path, "absolute");
    let mut opened = vec![(absolute, expected.clone())];
    match &part[..] {
        "top" => {
            opened.push((open(&path, "in folder"), expected.clone()));
            opened.push((open(&path, "big"), expected.clone()));
            let value = Hdf5Dataset::<f64, Ix0>::open(&path, "value").unwrap();
            let none = Hdf5Dataset::<u16, ndarray::Ix2>::open(&path, "none").unwrap();
            std::env::set_current_dir("/").unwrap();
            assert_eq!(value.value().unwrap(), 2.5);
            assert_eq!(pasha::map(&none, |_, _, row| row.len()).unwrap().len(), 0);
        }
        "work" => {
            opened.push((open(&path, "all"), expected.mapv(|value| value + 1000)));
            let told = refused(&path, "named");
            let looked = here.join("one.bin").display().to_string();
            for part in ["\"named\"", "raw.h5", "\"one.bin\"", &looked, "HDF5_EXTFILE_PREFIX"] {
                assert!(told.contains(part), "{part}: {told}");
            }
        }
        "prefix" => {
            opened.push((open(&path, "named"), expected.clone()));
            opened.push((open(&path, "all"), expected.clone()));
        }
        _ => {
            let told = refused(&path, "all");
            assert!(told.contains("HDF5_EXTFILE_PREFIX=/nowhere:../raw says"), "{told}");
        }
    }
    // What was found stays found when the program changes its folder.
    std::env::set_current_dir("/").unwrap();
    for (dataset, expected) in opened {
        for context in ["serial", "threads:2", "processes:2"] {
            let context: pasha::AnyContext = context.parse().unwrap();
            assert_eq!(frames(&*context, &dataset), expected, "{dataset:?}");
        }
        for axis in [1, 2] {
            let seen = frames(&SerialContext::new(), &dataset.clone().axis(axis));
            assert_eq!(seen, axis_first(&expected, axis), "axis {axis}");
        }
        assert_eq!(dataset.clone().select(1..3).load().unwrap(), expected.slice(s![1..3, .., ..]));
    }
}

#[test]
fn a_raw_file_that_is_missing_or_none_is_told_when_it_is_opened() {
    let Ok(_) = std::env::var(PART) else {
        let folder = tempfile::tempdir().unwrap();
        if h5py(folder.path(), FILES).is_some() {
            in_own_process(
                "external::a_raw_file_that_is_missing_or_none_is_told_when_it_is_opened",
                "here",
                folder.path(),
                None,
            );
        }
        return;
    };
    let here = std::env::current_dir().unwrap();
    let path = here.join("raw.h5");
    let told = refused(&path, "gone");
    let file = here.join("raw/gone.bin").display().to_string();
    let folder = format!("looked for in the folder {}", here.join("raw").display());
    for part in ["\"gone\"", "raw.h5", "\"raw/gone.bin\" is not there", &file, &folder, "copy it"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = refused(&path, "folder");
    assert!(told.contains("\"raw\" can't be opened") && told.contains("a directory"), "{told}");
}

/// Each change of a file after it was opened is told by every context, with the file and both
/// states; what is still right is read.
#[test]
fn a_raw_file_that_changes_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
import os
x = np.arange(6 * 4 * 5).reshape(6, 4, 5).astype('u2')
np.save('x.npy', x)
x.tofile('all.bin')
with h5py.File('raw.h5', 'w') as f:
    f.create_dataset('all', (6, 4, 5), 'u2', external=[(os.path.abspath('all.bin'), 0, 240)])
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let (path, raw) = (folder.path().join("raw.h5"), folder.path().join("all.bin"));
    let expected: Array3<u16> = npy(&folder.path().join("x.npy"));
    let bytes = std::fs::read(&raw).unwrap();
    let rewrite = |len: usize| {
        std::fs::write(&raw, &bytes[..len]).unwrap();
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        std::fs::File::options().write(true).open(&raw).unwrap().set_modified(later).unwrap();
    };
    let told = |dataset: &Hdf5Dataset<u16, Ix3>, parts: &[&str]| {
        let contexts: [&dyn pasha::Context; 3] = [
            &SerialContext::new(),
            &ThreadContext::new(2).unwrap(),
            &ProcessContext::new(2).unwrap(),
        ];
        for context in contexts {
            let error = pasha::map_in(context, dataset, |_, _, frame| frame.sum()).unwrap_err();
            let error = error.to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    };
    let dataset = open(&path, "all");
    rewrite(100);
    told(&dataset, &["all.bin was truncated", "had 240 bytes", "has 100 bytes", "open it again"]);
    let dataset = open(&path, "all");
    rewrite(100);
    told(&dataset, &["all.bin was written since", "had 100 bytes, last", "has 100 bytes, last"]);
    std::fs::remove_file(&raw).unwrap();
    told(&dataset, &["all.bin", "100 bytes", "No such file"]);

    // A file that is short when it is opened: two frames of it are there.
    rewrite(100);
    let dataset = open(&path, "all");
    let serial = SerialContext::new();
    assert_eq!(frames(&serial, &dataset.clone().select(..2)), expected.slice(s![..2, .., ..]));
    told(&dataset, &["all.bin has 100 bytes", "to byte 240", "40 at byte 80", "truncate -s 240"]);
    let skip = SerialContext::new().on_failure(pasha::OnFailure::Skip { at_most: 4 });
    let sums = pasha::map_in(&skip, &dataset, |_, _, frame| u64::from(frame.sum())).unwrap();
    assert_eq!(sums, ndarray::array![190, 590, 0, 0, 0, 0]);
    let load = dataset.load().unwrap_err().to_string();
    assert!(load.contains("all.bin has 100 bytes"), "{load}");
    // As the message says.
    std::fs::File::options().write(true).open(&raw).unwrap().set_len(240).unwrap();
    let seen = read_frames::<u16>(&path, "all");
    assert_eq!(seen.slice(s![..2, .., ..]), expected.slice(s![..2, .., ..]));
    assert!(seen.slice(s![3.., .., ..]).iter().all(|&value| value == 0));
}

/// Types that libhdf5 converts are read by it, with the same care.
#[test]
fn raw_files_of_types_that_only_libhdf5_reads() {
    let Ok(_) = std::env::var(PART) else {
        let folder = tempfile::tempdir().unwrap();
        let program = "
kind = h5py.h5t.STD_I32LE.copy(); kind.set_precision(20)
np.array([1, -2, 3], 'i4').tofile('odd.bin')
with h5py.File('raw.h5', 'w') as f:
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE); p.set_external(b'odd.bin', 0, 12)
    h5py.h5d.create(f.id, b'odd', kind, h5py.h5s.create_simple((3,)), p)
x = np.array([1, -2, 3], 'i4') & 0xfffff
x.astype('i4').tofile('odd.bin')
";
        if h5py(folder.path(), program).is_some() {
            in_own_process(
                "external::raw_files_of_types_that_only_libhdf5_reads",
                "here",
                folder.path(),
                None,
            );
        }
        return;
    };
    let (path, raw) = (std::path::absolute("raw.h5").unwrap(), std::path::absolute("odd.bin"));
    let raw = raw.unwrap();
    let here = std::env::current_dir().unwrap();
    let open = || Hdf5Dataset::<i32, Ix1>::open(&path, "odd");
    let odd = open().unwrap();
    let values = || pasha::map_in(&SerialContext::new(), &odd, |_, _, &value| value);
    assert_eq!(values().unwrap(), ndarray::array![1, -2, 3]);
    std::env::set_current_dir("/").unwrap();
    let told = values().unwrap_err().to_string();
    assert!(told.contains("HDF5_EXTFILE_PREFIX") && told.contains("has left"), "{told}");
    std::env::set_current_dir(&here).unwrap();
    std::fs::write(&raw, [0; 8]).unwrap();
    let told = values().unwrap_err().to_string();
    assert!(told.contains("odd.bin was truncated") && told.contains("12 bytes"), "{told}");
    let told = open().unwrap_err().to_string();
    assert!(told.contains("odd.bin has 8 bytes") && told.contains("byte 12"), "{told}");
    std::fs::remove_file(&raw).unwrap();
    let told = open().unwrap_err().to_string();
    assert!(told.contains("\"odd.bin\" is not there"), "{told}");
}
