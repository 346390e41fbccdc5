//! Damaged files end in errors: never in a crash, a hang, or other elements without a word.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array3, Ix3};
use pasha::{DataArray, Result};

use pasha_tests::damage::Random;

use super::python::{folder, references};

/// How many damaged files of each format.
const MUTATIONS: usize = 500;

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
fn campaign(
    path: &Path,
    seed: u64,
    damage: impl Fn(&mut Random, &Path, &mut Vec<u8>),
    read: impl Fn() -> Result<DataArray<i32, Ix3>>,
) {
    let whole = read().unwrap();
    let files = files(path);
    let mut random = Random::new(seed);
    let mut noticed = 0;
    for number in 0..MUTATIONS {
        let file = &files[random.below(files.len())];
        let intact = fs::read(file).unwrap();
        let mut bytes = intact.clone();
        damage(&mut random, file, &mut bytes);
        fs::write(file, &bytes).unwrap();
        match read() {
            Err(error) => {
                noticed += 1;
                assert!(error.to_string().contains(&path.display().to_string()), "{error}");
            }
            Ok(array) => {
                assert_eq!(array.view(), whole.view(), "{number}: {}", file.display());
                // Damaged coordinates are left out, and listed.
                noticed += usize::from(array.coords().len() < whole.coords().len());
            }
        }
        fs::write(file, intact).unwrap();
    }
    assert!(noticed > MUTATIONS / 4, "{noticed}");
    println!("{noticed} of {MUTATIONS} were noticed, the others left the elements alone");
}

fn in_any_way(random: &mut Random, _file: &Path, bytes: &mut Vec<u8>) {
    random.damage(bytes);
}

#[test]
fn netcdf() {
    let folder = folder();
    let path = folder.path().join("array.nc");
    array().to_netcdf(&path).unwrap();
    // Of other seeds some have HDF5 go round in circles, which takes 15 seconds to notice.
    campaign(&path, 5, in_any_way, || DataArray::from_netcdf(&path, "counts")?.load());
}

#[test]
fn zarr() {
    let folder = folder();
    let path = folder.path().join("array.zarr");
    array().to_zarr(&path).unwrap();
    campaign(&path, 2, in_any_way, || DataArray::from_zarr(&path, "counts")?.load());
}

#[test]
fn zarr_of_format_2() {
    let Some(original) = references().into_iter().find(|path| path.ends_with("saxs_v2.zarr"))
    else {
        return;
    };
    let folder = folder();
    let path = folder.path().join("saxs.zarr");
    for file in files(&original) {
        let copy = path.join(file.strip_prefix(&original).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::write(copy, fs::read(file).unwrap()).unwrap();
    }
    // Its chunks have no checksums: other bytes are other elements.
    let damage = |random: &mut Random, file: &Path, bytes: &mut Vec<u8>| {
        let is_chunk = !file.file_name().unwrap().to_string_lossy().starts_with('.');
        match is_chunk {
            true => bytes.truncate(random.below(bytes.len())),
            false => random.damage(bytes),
        }
    };
    campaign(&path, 3, damage, || DataArray::from_zarr(&path, "counts")?.load());
}
