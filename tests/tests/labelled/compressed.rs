//! NetCDF-4 variables in filters that the netCDF library has from plugins.

use ndarray::Ix2;
use pasha::{DataArray, SerialContext, StoredArray};

use super::python::{folder, xarray};

/// Writes a variable with each of the filters that netCDF4-python can write.
const WRITE: &str = r"
import sys, numpy as np, xarray as xr
out = sys.argv[1]
v = np.repeat(np.arange(6.), 1000).reshape(6, 1000)
ds = xr.Dataset({'v': (('time', 'x'), v)}, {'time': np.arange(6) * 2, 'x': np.arange(1000)})
for name in ['zstd', 'blosc_lz4', 'blosc_zlib']:
    e = {'v': {'compression': name, 'chunksizes': (2, 400), '_FillValue': None}}
    ds.to_netcdf(f'{out}/{name}.nc', engine='netcdf4', encoding=e)
    print(name)
";

#[test]
fn what_xarray_compresses_with_zstd_and_blosc_is_read_without_plugins() {
    let folder = folder();
    let Some(names) = xarray(WRITE, folder.path()) else { return };
    for name in names.lines() {
        let path = folder.path().join(format!("{name}.nc"));
        let opened: pasha::Result<StoredArray<f64, Ix2>> = DataArray::from_netcdf(&path, "v");
        let array = opened.unwrap();
        let along = array.along("time").unwrap();
        let sums = pasha::map_in(&SerialContext::new(), &along, |_, _, row| row.data.sum());
        let expected: Vec<f64> = (0..6).map(|row| f64::from(1000 * row)).collect();
        assert_eq!(sums.unwrap().to_vec(), expected, "{name}");
    }
}
