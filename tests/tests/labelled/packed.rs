//! Files with packed values, times, shards and other byte orders, written by xarray and zarr.

use std::path::Path;

use ndarray::Ix2;
use pasha::labelled::CoordinateValue;
use pasha::{DataArray, Result, StoredArray};
use serde_json::Value;

use super::python::{folder, xarray};

/// Writes files into a folder, and prints what xarray finds in them: values and coordinates of
/// `v` in each.
const WRITE: &str = r"
import json, os, sys, numpy as np, pandas as pd, xarray as xr, zarr
out = sys.argv[1]
v = np.round(np.random.default_rng(1).normal(20, 5, (6, 5)), 2)
v[2, 3] = np.nan
time = pd.date_range('2024-02-28T12:00', periods=6, freq='7h')
ds = xr.Dataset({'v': (('time', 'x'), v)}, {'time': time, 'x': np.arange(5, dtype='i2'), 'late': ('time', time + pd.Timedelta('90s'))})
ints = xr.Dataset({'v': (('time', 'x'), np.arange(30, dtype='i4').reshape(6, 5))}, {'time': time, 'x': list('abcde')})
pack = {'dtype': 'i2', 'scale_factor': .01, 'add_offset': 10., '_FillValue': -9999}
units = [{'units': u} for u in ('days since 2024-01-01', 'seconds since 1970-01-01', 'hours since 1900-01-01 06:30:00')]
ds.to_netcdf(f'{out}/packed.nc', encoding={'v': pack, 'time': units[0], 'late': units[1]})
ds.to_netcdf(f'{out}/float.nc', encoding={'v': {'_FillValue': -1e20}, 'time': {**units[2], 'dtype': 'f8'}})
ds.to_netcdf(f'{out}/classic.nc', engine='netcdf4', format='NETCDF3_CLASSIC', encoding={'v': {'dtype': '>f8'}})
ints.to_netcdf(f'{out}/plain_integers.nc')
ints.to_netcdf(f'{out}/big_endian.nc', encoding={'v': {'dtype': '>i4'}, 'time': units[1]})
for z in (2, 3):
    ds.to_zarr(f'{out}/packed_v{z}.zarr', zarr_format=z, encoding={'v': {**pack, 'chunks': (4, 2)}, 'time': units[2]}, consolidated=False)
    ds.to_zarr(f'{out}/float_v{z}.zarr', zarr_format=z, encoding={'v': {'_FillValue': -1e20}}, consolidated=False)
ints.drop_vars('x').to_zarr(f'{out}/shards_v3.zarr', zarr_format=3, encoding={'v': {'shards': (4, 6), 'chunks': (2, 3)}}, consolidated=False)
ints.to_zarr(f'{out}/names_v3.zarr', zarr_format=3, consolidated=False)
import numcodecs
ints.drop_vars('x').to_zarr(f'{out}/zlib_v2.zarr', zarr_format=2, encoding={'v': {'compressors': [numcodecs.Zlib(3)], 'chunks': (4, 3)}}, consolidated=False)
found = {}
for name in sorted(os.listdir(out)):
    path = f'{out}/{name}'
    d = xr.open_dataset(path) if name.endswith('.nc') else xr.open_zarr(path, consolidated=False)
    a = d.v.astype('f8')
    found[name] = {'values': np.nan_to_num(a.values, nan=-1.).tolist(), 'integers': d.v.dtype.kind == 'i',
        'coords': {c: (w.values.astype('M8[ns]').astype('i8') if w.dtype.kind == 'M' else w.values).tolist() for c, w in d.v.coords.items()}}
print(json.dumps(found))
";

fn open<A: pasha::labelled::StoredElement>(path: &Path) -> Result<StoredArray<A, Ix2>> {
    if path.extension().is_some_and(|extension| extension == "nc") {
        DataArray::<A, Ix2>::from_netcdf(path, "v")
    } else {
        DataArray::<A, Ix2>::from_zarr(path, "v")
    }
}

fn agrees<A: pasha::labelled::StoredElement + Into<f64>>(path: &Path, found: &Value) {
    let array = open::<A>(path).unwrap();
    let file = path.display();
    for (axis, dim) in ["time", "x"].into_iter().enumerate() {
        let along = array.along(dim).unwrap();
        let context = pasha::ProcessContext::new(2).unwrap();
        let lines = pasha::map_in(&context, &along, |_, _, item| {
            let line: Vec<f64> = item.data.iter().map(|&value| value.into()).collect();
            std::array::from_fn::<f64, 6, _>(|at| {
                line.get(at).map_or(0.0, |it| if it.is_nan() { -1.0 } else { *it })
            })
        })
        .unwrap();
        for (index, line) in lines.iter().enumerate() {
            let values = found["values"].as_array().unwrap();
            let expected = |at: usize| {
                let [time, x] = if axis == 0 { [index, at] } else { [at, index] };
                values[time][x].as_f64().unwrap()
            };
            for (at, &value) in line[..if axis == 0 { 5 } else { 6 }].iter().enumerate() {
                // xarray scales in the type of the factor, f64, as we do.
                assert!((value - expected(at)).abs() < 1e-12, "{file} {index} {at}: {value}");
            }
        }
    }
    for (name, expected) in found["coords"].as_object().unwrap() {
        let coordinate = array.coords().get(name).unwrap_or_else(|| panic!("{name} of {file}"));
        for (index, expected) in expected.as_array().unwrap().iter().enumerate() {
            match coordinate.get(index).unwrap() {
                CoordinateValue::Time(time) => {
                    assert_eq!(Some(time.nanoseconds()), expected.as_i64(), "{name} of {file}")
                }
                CoordinateValue::Text(text) => assert_eq!(Some(text), expected.as_str()),
                other => assert_eq!(Some(other.to_f64()), expected.as_f64(), "{name} of {file}"),
            }
        }
    }
}

#[test]
fn values_are_those_that_xarray_shows() {
    let folder = folder();
    let Some(found) = xarray(WRITE, folder.path()) else { return };
    let found: Value = serde_json::from_str(&found).unwrap();
    let files = found.as_object().unwrap();
    assert_eq!(files.len(), 12);
    for (name, found) in files {
        let path = folder.path().join(name);
        if found["integers"] == true {
            agrees::<i32>(&path, found);
            let error = open::<f64>(&path).unwrap_err().to_string();
            assert!(error.contains("i32, but f64 was asked for"), "{error}");
        } else {
            agrees::<f64>(&path, found);
        }
        if name.starts_with("packed") {
            let error = open::<i16>(&path).unwrap_err().to_string();
            let parts = ["i16", "a fill value of -9999", "a scale_factor of 0.01", "f64"];
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
    let shards = open::<i32>(&folder.path().join("shards_v3.zarr")).unwrap();
    assert_eq!(shards.chunk_shape(), Some(&[2, 3][..]));
}
