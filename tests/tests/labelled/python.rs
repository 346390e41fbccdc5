//! Running xarray, where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a Python program with xarray and an argument, and returns what it prints, or `None` (with
/// a printed word) where there is no xarray.
pub(crate) fn xarray(program: &str, argument: &Path) -> Option<String> {
    let has_xarray = Command::new("python3")
        .args(["-c", "import xarray, netCDF4, zarr"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_xarray {
        println!("skipped: there is no Python with xarray, netCDF4 and zarr here");
        return None;
    }
    let output = Command::new("python3")
        .args(["-W", "ignore", "-c", program])
        .arg(argument)
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("Python prints UTF-8").trim().to_owned())
}

/// A folder that is removed with all in it.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// The files of the reference data that hold the same arrays.
pub(crate) fn references() -> Vec<PathBuf> {
    let Some(folder) = pasha_tests::reference_data("labelled") else { return Vec::new() };
    ["saxs.nc", "saxs_v2.zarr", "saxs_v3.zarr"].map(|name| folder.join(name)).into()
}
