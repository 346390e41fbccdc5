//! Damaged files end in errors: never in a crash, a hang, or other elements without a word.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array3, Ix3};
use pasha::{DataArray, Result};

use super::python::folder;

/// How many damaged files of each format.
const MUTATIONS: usize = 200;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end.max(1)
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(5) {
            0 => bytes.truncate(at),
            1 | 2 => bytes[at] ^= 1 << self.below(8),
            3 => {
                let end = (at + 16).min(bytes.len());
                bytes[at..end].iter_mut().for_each(|byte| *byte = 0xff);
            }
            _ => drop(bytes.drain(at..(at + 1 + self.below(64)).min(bytes.len()))),
        }
    }
}

fn array() -> DataArray<i32, Ix3> {
    let array = Array3::from_shape_fn((4, 6, 8), |(t, y, x)| (t * 1000 + y * 100 + x + 1) as i32);
    DataArray::new(array, ["time", "y", "x"])
        .unwrap()
        .with_coord("time", [0.5, 1.5, 2.5, 3.5])
        .unwrap()
        .with_coord("y", [0, 1, 2, 3, 4, 5])
        .unwrap()
        .with_coord("x", ["a", "b", "c", "d", "e", "f", "g", "h"])
        .unwrap()
        .with_attr("units", "counts")
        .with_name("counts")
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut all: Vec<PathBuf> =
        fs::read_dir(path).unwrap().flat_map(|entry| files(&entry.unwrap().path())).collect();
    all.sort();
    all
}

/// Damages one file at a time, and counts how often that was noticed.
fn campaign(path: &Path, seed: u64, read: impl Fn() -> Result<DataArray<i32, Ix3>>) -> usize {
    let whole = array();
    let files = files(path);
    let mut random = Random(seed);
    let mut noticed = 0;
    for number in 0..MUTATIONS {
        let file = &files[random.below(files.len())];
        let intact = fs::read(file).unwrap();
        let mut bytes = intact.clone();
        random.damage(&mut bytes);
        fs::write(file, &bytes).unwrap();
        match read() {
            Err(error) => {
                noticed += 1;
                assert!(error.to_string().contains(&path.display().to_string()), "{error}");
            }
            Ok(array) => assert_eq!(array.view(), whole.view(), "{number}: {}", file.display()),
        }
        fs::write(file, intact).unwrap();
    }
    assert!(noticed > MUTATIONS / 3, "{noticed}");
    println!("{noticed} of {MUTATIONS} were noticed, the others left the elements alone");
    noticed
}

// Other seeds have HDF5 go round in circles, which takes 30 seconds to notice.
#[test]
fn netcdf() {
    let folder = folder();
    let path = folder.path().join("array.nc");
    array().to_netcdf(&path).unwrap();
    campaign(&path, 5, || DataArray::from_netcdf(&path, "counts")?.load());
}

#[test]
fn zarr() {
    let folder = folder();
    let path = folder.path().join("array.zarr");
    array().to_zarr(&path).unwrap();
    campaign(&path, 2, || DataArray::from_zarr(&path, "counts")?.load());
}
