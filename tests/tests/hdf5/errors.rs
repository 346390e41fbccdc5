//! What can't be opened, and what is said of it.

use ndarray::{Array2, Array3, Ix1, Ix2, Ix3};
use pasha::{Cause, Error, Hdf5Dataset};
use pasha_tests::at_item;

use crate::support::{self, h5py};

/// A file with `entry/data/frames` `(4, 3, 2)` of u16, in one chunk each, and a few more.
fn write(path: &std::path::Path) {
    support::write(path, fill);
}

fn fill(file: &hdf5_metno::File) {
    let frames = Array3::from_shape_fn((4, 3, 2), |(i, y, x)| (i * 100 + y * 10 + x) as u16);
    let entry = file.create_group("entry").unwrap();
    let data = entry.create_group("data").unwrap();
    data.new_dataset_builder().with_data(&frames).create("frames").unwrap();
    let blank = Array2::<f64>::zeros((3, 2));
    data.new_dataset_builder().with_data(&blank).create("blank").unwrap();
    data.new_dataset_builder()
        .with_data(&frames)
        .chunk((1, 3, 2))
        .deflate(4)
        .create("gzip")
        .unwrap();
    entry.new_dataset::<f64>().create("energy").unwrap();
}

fn refused<D: ndarray::Dimension>(path: &std::path::Path, name: &str, told: &[&str]) {
    let error = Hdf5Dataset::<u16, D>::open(path, name).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Hdf5(_)), "{message}");
    let file = path.file_name().unwrap().to_str().unwrap();
    for text in told.iter().chain(&[name, file]) {
        assert!(message.contains(text), "{text:?} is not in: {message}");
    }
}

#[test]
fn mistakes_are_told_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let error = Hdf5Dataset::<u16, Ix3>::open(&path, "x").unwrap_err();
    assert!(matches!(error, Error::File { action: "open", .. }), "{error}");
    write(&path);

    refused::<Ix3>(&path, "entry/data/frame", &["no such data set", "\"entry/data/frames\""]);
    refused::<Ix3>(&path, "/frames", &["\"entry/data/frames\""]);
    refused::<Ix3>(&path, "entry/data", &["a group", "\"entry/data/frames\""]);
    refused::<Ix3>(&path, "", &["a group"]);
    refused::<Ix2>(&path, "entry/data/blank", &["f64", "u16"]);
    refused::<Ix2>(&path, "entry/data/frames", &["[4, 3, 2]", "3 axes", "2 axes", "Ix3"]);
    refused::<Ix1>(&path, "entry/data/gzip", &["[4, 3, 2]", "1 axis"]);
    let error = Hdf5Dataset::<f64, Ix1>::open(&path, "entry/energy").unwrap_err().to_string();
    assert!(error.contains("single value"), "{error}");
}

#[test]
fn an_axis_or_a_selection_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write(&path);
    let open = || Hdf5Dataset::<u16, Ix3>::open(&path, "entry/data/frames").unwrap();
    for (dataset, told) in [
        (open().axis(3), ["3 axes", "axis 3"]),
        (open().select(2..5), ["2..5", "axis 0 has 4"]),
        (open().axis(2).select(3..), ["3..2", "axis 2 has 2"]),
    ] {
        let error = pasha::map(&dataset, |_, _, frame| frame.len()).unwrap_err();
        assert!(matches!(error, Error::Functor { .. }), "{error}");
        assert!(told.iter().all(|told| error.to_string().contains(told)), "{error}");
    }
    let none = pasha::map(&open().select(4..), |_, _, frame| frame.len()).unwrap();
    assert_eq!(none.len(), 0);
}

#[test]
fn files_that_are_damaged_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write(&path);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, "not an HDF5 file").unwrap();
    refused::<Ix3>(&path, "entry/data/frames", &["no HDF5 file"]);
    std::fs::write(&path, "").unwrap();
    refused::<Ix3>(&path, "entry/data/frames", &["no HDF5 file"]);
    for len in [whole.len() - 1, whole.len() / 2, 100] {
        std::fs::write(&path, &whole[..len]).unwrap();
        refused::<Ix3>(&path, "entry/data/frames", &["truncated"]);
    }
}

/// Formats that came after the library that is here.
#[test]
fn newer_files_than_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
with h5py.File('new.h5', 'w', libver='latest') as f:
    f.create_dataset('a', data=np.zeros((3, 3), 'u2'), chunks=(1, 3))
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    match Hdf5Dataset::<u16, Ix2>::open(folder.path().join("new.h5"), "a") {
        // A newer libhdf5 than Debian's.
        Ok(dataset) => assert_eq!(dataset.shape(), [3, 3]),
        Err(error) => assert!(error.to_string().contains("libhdf5"), "{error}"),
    }
}

/// A file that was written since it was opened is not read with what was known of it.
#[test]
fn a_file_that_was_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write(&path);
    let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, "entry/data/gzip").unwrap();
    let other = folder.path().join("other.h5");
    write(&other);
    std::fs::rename(&other, &path).unwrap();
    let error = pasha::map(&dataset, |_, _, frame| frame.len()).unwrap_err().to_string();
    assert!(error.contains("open it again"), "{error}");
}

/// A chunk that is damaged is an error of its items, and of no others.
#[test]
fn a_damaged_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write(&path);
    let chunk = {
        let file = hdf5_metno::File::open(&path).unwrap();
        file.dataset("entry/data/gzip").unwrap().chunk_info(2).unwrap()
    };
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[chunk.addr as usize + 4] ^= 4;
    std::fs::write(&path, bytes).unwrap();
    let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, "entry/data/gzip").unwrap();
    let context = pasha::SerialContext::new();
    let error = pasha::map_in(&context, &dataset, |_, _, frame| frame.sum()).unwrap_err();
    let message = error.to_string();
    assert!(matches!(at_item(&error), (2, Cause::Source(_))), "{message}");
    assert!(message.contains("[2, 0, 0]") && message.contains("run.h5"), "{message}");
    let context = context.on_failure(pasha::OnFailure::Skip { at_most: 1 });
    let sums = pasha::map_in(&context, &dataset, |_, _, frame| u64::from(frame.sum())).unwrap();
    assert_eq!(sums, ndarray::array![63, 663, 0, 1863]);
}
