//! Running xarray, where there is one.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// Runs a Python program with xarray and an argument, and returns what it prints, or `None` (with
/// a printed word) where there is no xarray.
pub(crate) fn xarray(program: &str, argument: &Path) -> Option<String> {
    static HAS_XARRAY: LazyLock<bool> = LazyLock::new(|| {
        let mut python = Command::new("python3");
        python.args(["-c", "import xarray, netCDF4, zarr"]);
        run(&mut python).is_ok_and(|output| output.status.success())
    });
    if !*HAS_XARRAY {
        println!("skipped: there is no Python with xarray, netCDF4 and zarr here");
        return None;
    }
    let mut python = Command::new("python3");
    python.args(["-W", "ignore", "-c", program]).arg(argument);
    let output = run(&mut python).expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("Python prints UTF-8").trim().to_owned())
}

/// Runs a program that inherits no file which another test is writing: HDF5 opens its files such
/// that children have them too, and they would stay locked.
fn run(command: &mut Command) -> std::io::Result<Output> {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    hdf5_metno::sync::sync(|| command.spawn())?.wait_with_output()
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
