//! NetCDF-4 variables in filters that the netCDF library has from plugins, and Zarr arrays in
//! codecs of the numcodecs library.

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

/// Writes arrays of format 3 with the codecs of numcodecs, as it writes them.
const NUMCODECS: &str = r"
import sys, numpy as np, zarr, zarr.codecs.numcodecs as n
group = zarr.open_group(sys.argv[1] + '/numcodecs.zarr', mode='w')
codecs = dict(zlib=n.Zlib(), zlib5=n.Zlib(level=5), bz2=n.BZ2(), gzip=n.GZip(), gzip3=n.GZip(level=3), zstd=n.Zstd(), zstd9=n.Zstd(level=9),
    blosc=n.Blosc(), blosc_zstd=n.Blosc(cname='zstd', clevel=3, shuffle=2), lz4=n.LZ4())
for name, codec in codecs.items():
    group.create_array(name, data=np.repeat(np.arange(6.), 1000).reshape(6, 1000), chunks=(4, 300), compressors=[codec])
    print(name)
group.create_array('sharded', data=np.repeat(np.arange(6.), 1000).reshape(6, 1000), shards=(4, 600), chunks=(2, 300), compressors=[n.Zstd()])
print('sharded')
";

#[test]
fn zarr_arrays_in_the_codecs_of_numcodecs_are_read() {
    let folder = folder();
    let Some(names) = xarray(NUMCODECS, folder.path()) else { return };
    assert_eq!(names.lines().count(), 11);
    for name in names.lines() {
        let store = folder.path().join("numcodecs.zarr");
        let opened: pasha::Result<StoredArray<f64, Ix2>> = DataArray::from_zarr(&store, name);
        let array = opened.unwrap_or_else(|error| panic!("{name}: {error}")).load().unwrap();
        let expected = ndarray::Array2::from_shape_fn((6, 1000), |(row, _)| row as f64);
        assert_eq!(array.view(), expected, "{name}");
    }
}
