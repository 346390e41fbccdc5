//! Files that are written, truncated or replaced after they were opened.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ndarray::{Array3, Ix0, Ix3};
use pasha::{Context, Hdf5Dataset, ProcessContext, SerialContext, ThreadContext};

use crate::support;

fn frames() -> Array3<u16> {
    Array3::from_shape_fn((6, 64, 32), |(i, y, x)| (i * 1000 + y + x) as u16)
}

/// A file with contiguous, chunked and big-endian elements.
fn write(path: &Path) {
    support::write(path, |file| {
        let frames = frames();
        file.new_dataset_builder().with_data(&frames).create("contiguous").unwrap();
        file.new_dataset_builder().with_data(&frames).chunk((1, 64, 32)).create("chunks").unwrap();
        file.new_dataset::<f64>().create("value").unwrap().write_scalar(&2.5).unwrap();
        for part in 1..=2 {
            let name = format!("series/data_{part:06}");
            let group = file.group("series").or_else(|_| file.create_group("series")).unwrap();
            let builder = group.new_dataset_builder().with_data(&frames);
            builder.create(name.rsplit('/').next().unwrap()).unwrap();
        }
    });
}

/// Sets the time of a file's last change some seconds ahead.
fn touch(path: &Path) {
    let later = SystemTime::now() + Duration::from_secs(9);
    File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
}

/// What each context tells of maps over a data set, by items and as other elements.
fn told(dataset: &Hdf5Dataset<u16, Ix3>, wider: &Hdf5Dataset<u32, Ix3>, parts: &[&str]) {
    let contexts: [&dyn Context; 3] =
        [&SerialContext::new(), &ThreadContext::new(2).unwrap(), &ProcessContext::new(2).unwrap()];
    let is_told = |error: pasha::Error| {
        let error = error.to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    };
    for context in contexts {
        is_told(pasha::map_in(context, dataset, |_, _, frame| frame.len()).unwrap_err());
        is_told(pasha::map_in(context, wider, |_, _, frame| frame.len()).unwrap_err());
        let pairs = pasha::axes(dataset, [ndarray::Axis(0), ndarray::Axis(1)]);
        is_told(pasha::map_in(context, &pairs, |_, _, line| line.len()).unwrap_err());
    }
    let error = dataset.load().unwrap_err();
    let named = format!("data set {:?} of", dataset.name());
    assert_eq!(error.to_string().matches(&named).count(), 1, "{error}");
    is_told(error);
}

#[test]
fn a_file_that_was_truncated_or_written_is_told_and_never_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    for name in ["contiguous", "chunks", "series"] {
        write(&path);
        let open = || Hdf5Dataset::<u16, Ix3>::open(&path, name).unwrap();
        let wider = || Hdf5Dataset::<u32, Ix3>::open(&path, name).unwrap();
        let value = Hdf5Dataset::<f64, Ix0>::open(&path, "value").unwrap();
        let size = std::fs::metadata(&path).unwrap().len();
        let (same, same_wider) = (open(), wider());
        touch(&path);
        let had = format!("had {size} bytes, last changed at 20");
        let has = format!("has {size} bytes, last changed at 20");
        told(&same, &same_wider, &["run.h5 was written", &had, &has, "open it again"]);
        let error = value.value().unwrap_err().to_string();
        assert!(error.contains(&had) && error.contains("\"value\""), "{error}");

        let (cut, cut_wider) = (open(), wider());
        File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
        told(&cut, &cut_wider, &["run.h5 was truncated", &had, "has 100 bytes", "open it again"]);
    }
}

/// Elements that are mapped stay those of the file that was opened when another takes its place.
#[test]
fn mapped_elements_outlive_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write(&path);
    let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, "contiguous").unwrap();
    let other = folder.path().join("other.h5");
    std::fs::write(&other, "another").unwrap();
    std::fs::rename(&other, &path).unwrap();
    for remove in [false, true] {
        if remove {
            std::fs::remove_file(&path).unwrap();
        }
        for context in ["serial", "processes:2"] {
            let context: pasha::AnyContext = context.parse().unwrap();
            assert_eq!(support::frames(&*context, &dataset), frames());
        }
    }
}

#[test]
fn empty_files_and_folders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.h5");
    std::fs::write(&empty, "").unwrap();
    let refused = |path: &Path, name: &str| {
        Hdf5Dataset::<u16, Ix3>::open(path, name).unwrap_err().to_string()
    };
    let told = refused(&empty, "data");
    assert!(told.contains("empty.h5") && told.contains("empty (0 bytes)"), "{told}");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("link.h5")).unwrap();
    let told = refused(&folder.path().join("link.h5"), "data");
    assert!(told.contains("link.h5") && told.contains("a directory"), "{told}");

    let path = folder.path().join("master.h5");
    let program = "
with h5py.File('master.h5', 'w') as f:
    f['empty'] = h5py.ExternalLink('empty.h5', '/data')
    f['folder'] = h5py.ExternalLink('link.h5', '/data')
    f['gone'] = h5py.ExternalLink('gone.h5', '/data')
";
    if support::h5py(folder.path(), program).is_none() {
        return;
    }
    let told = refused(&path, "empty");
    assert!(told.contains("empty.h5: it is empty (0 bytes)"), "{told}");
    let told = refused(&path, "folder");
    assert!(told.contains("link.h5 is a directory, not a file"), "{told}");
    assert!(!told.contains("does not exist"), "{told}");
    let told = refused(&path, "gone");
    assert!(told.contains("gone.h5 does not exist"), "{told}");
}
