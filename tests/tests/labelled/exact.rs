//! Integers keep all their digits, and packed values are those that xarray shows, to the last bit.

use std::path::Path;

use ndarray::{Ix1, IxDyn};
use pasha::labelled::{Attribute, StoredElement, Values};
use pasha::{Cause, Context, DataArray, StoredArray};
use pasha_tests::{at_item, for_each_context_of_files};
use serde_json::Value;

use super::python::{folder, xarray};

fn open<A: StoredElement>(path: &Path, variable: &str) -> StoredArray<A, Ix1> {
    let opened = if path.extension().is_some_and(|extension| extension == "nc") {
        DataArray::<A, Ix1>::from_netcdf(path, variable)
    } else {
        DataArray::<A, Ix1>::from_zarr(path, variable)
    };
    opened.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn times_with_a_missing_one_are_exact() {
    let Some(folder) = pasha_tests::reference_data("field") else { return };
    for name in ["t.nc", "t.zarr"] {
        let array = open::<f64>(&folder.join("16-time-nat").join(name), "x");
        let Values::Time(times) = array.coords()["time"].values() else { panic!("{array:?}") };
        let times: Vec<i64> = times.iter().map(|time| time.nanoseconds()).collect();
        let expected = [
            1_700_000_000_123_456_789,
            i64::MIN,
            1_700_000_000_123_456_790,
            1_700_000_001_000_000_001,
        ];
        assert_eq!(times, expected, "{name}");
    }
}

for_each_context_of_files! {
    fn an_integer_that_no_float_has_is_an_error_that_names_it(context: &dyn Context) {
        let Some(folder) = pasha_tests::reference_data("field") else { return };
        for name in ["t.nc", "t.zarr"] {
            let array = open::<f64>(&folder.join("16-time-nat").join(name), "stamp");
            let stamps = ["9007199254740993 at [0]", "9007199254740995 at [1]"];
            let error = array.load().unwrap_err().to_string();
            assert!(error.contains(stamps[0]) && error.contains("i64"), "{error}");
            let along = array.along("time").unwrap();
            let error = pasha::map_in(context, &along, |_, _, item| item.data[()]).unwrap_err();
            // Two items fail, and either may be the first where there are several workers.
            let (index, cause) = at_item(&error);
            assert!(matches!(cause, Cause::Source(_)) && index < 2, "{error}");
            let mut whole = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                whole.push_str(&cause.to_string());
                source = cause.source();
            }
            assert!(whole.contains(stamps[index]) && whole.contains("i64"), "{whole}");
        }
    }
}

/// Writes packed variables of many types, a file for each, and prints what xarray finds, as f64.
/// With whole numbers as the only scale, xarray converts NaN to integers, which fails.
const PACKED: &str = r"
import itertools, json, sys, numpy as np, netCDF4, xarray as xr
out = sys.argv[1]
rng = np.random.default_rng(3)
types = ('i1', 'u1', 'i2', 'u2', 'i4', 'f4', 'f8')
files = {t: netCDF4.Dataset(f'{out}/{t}.nc', 'w') for t in types}
for d in files.values(): d.createDimension('x', 200)
scales = [None, np.float32(.01), np.float64(.01), np.int16(3)]
offsets = [None, np.float32(273.15), np.float64(-1.7), np.int32(2)]
for t, s, o, u in itertools.product(types, scales, offsets, (None, 'true', 'false')):
    if s is None and o is None or t[0] == 'f' and u or isinstance(s, np.int16) and o is None: continue
    name = f'{t}_{scales.index(s)}_{offsets.index(o)}_{u}'
    v = files[t].createVariable(name, t, ('x',), fill_value=np.array(7).astype(t)); v.set_auto_maskandscale(False)
    if s is not None: v.scale_factor = s
    if o is not None: v.add_offset = o
    if u: v._Unsigned = u
    v[:] = rng.integers(np.iinfo(t).min, np.iinfo(t).max, 200).astype(t) if t[0] != 'f' else rng.normal(0, 1e3, 200).astype(t)
    v[3] = np.array(7).astype(t)
found = {}
for t, d in files.items():
    d.close()
    ds = xr.open_dataset(f'{out}/{t}.nc')
    for n in ds: found[n] = [str(ds[n].dtype), np.where(np.isnan(ds[n].values), -12345., ds[n].values).astype('f8').tolist()]
print(json.dumps(found))
";

#[test]
fn packed_values_equal_those_of_xarray_to_the_last_bit() {
    let folder = folder();
    let Some(found) = xarray(PACKED, folder.path()) else { return };
    let found: Value = serde_json::from_str(&found).unwrap();
    let found = found.as_object().unwrap();
    assert!(found.len() > 150, "{}", found.len());
    for (name, found) in found {
        let element = name.split('_').next().unwrap();
        let path = folder.path().join(format!("{element}.nc"));
        let array = open::<f64>(&path, name).load().unwrap();
        let singles = open::<f32>(&path, name).load().unwrap();
        let values = found[1].as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
        for ((value, &seen), &single) in values.zip(array.view()).zip(singles.view()) {
            let seen = if seen.is_nan() { -12345.0 } else { seen };
            let single = if single.is_nan() { -12345.0 } else { single };
            assert_eq!(seen, value, "{name}, which xarray has as {}", found[0]);
            assert_eq!(single, value as f32, "{name}, which xarray has as {}", found[0]);
        }
    }
}

#[test]
fn attributes_of_odd_kinds_decode_as_in_xarray() {
    let Some(folder) = pasha_tests::reference_data("field") else { return };
    let path = folder.join("07-netcdf-unsigned/u.nc");
    let nan = f32::NAN;
    for (name, expected) in [
        ("cloud", vec![-62.5, 1.0, 64.5, nan]),
        ("ub", vec![0.0, 255.0, 1.0, 254.0]),
        ("sm", vec![0.0, 655.34, 71.58, nan]),
        ("one", vec![0.0, 1.0, 2.0, 3.0]),
        ("mv", vec![5.0, nan, nan, 6.0]),
        ("mvs", vec![5.0, -999.0, 1.0, 6.0]),
        ("sst", vec![270.15, 318.15, 273.15, nan]),
        ("measurements/counts", vec![0.0, 1.0, 2.0, 3.0]),
        ("trefht", vec![1.0, 2.0, 3.0]),
        ("valid", vec![1.0, 2.0, 3.0, -5.0]),
    ] {
        let seen = open::<f32>(&path, name).load().unwrap();
        let is_same = |(a, b): (&f32, &f32)| a == b || a.is_nan() && b.is_nan();
        assert!(seen.view().iter().zip(&expected).all(is_same), "{name}: {:?}", seen.view());
        assert_eq!(seen.view().len(), expected.len());
    }
    assert_eq!(open::<u8>(&path, "ub").load().unwrap().view(), ndarray::array![0, 255, 1, 254]);
}

#[test]
fn what_is_advised_for_unsigned_numbers_reads_them() {
    let folder = folder();
    let program = r"
import sys, numpy as np, netCDF4
with netCDF4.Dataset(f'{sys.argv[1]}/u.nc', 'w') as d:
    d.createDimension('x', 3)
    v = d.createVariable('long', 'i8', ('x',)); v[:] = [-1, -2, 3]; v.setncattr('_Unsigned', 'true')
    v = d.createVariable('masked', 'i1', ('x',), fill_value=-1); v.set_auto_maskandscale(False)
    v[:] = [-1, -2, 3]; v.setncattr('_Unsigned', 'true')
";
    if xarray(program, folder.path()).is_none() {
        return;
    }
    let path = folder.path().join("u.nc");
    let error = open::<f64>(&path, "long").load().unwrap_err().to_string();
    assert!(error.contains("open it as DataArray::<u64, _>"), "{error}");
    let whole = open::<u64>(&path, "long").load().unwrap();
    assert_eq!(whole.view(), ndarray::array![u64::MAX, u64::MAX - 1, 3]);
    let error = DataArray::<u8, Ix1>::from_netcdf(&path, "masked").map(drop).unwrap_err();
    let raw = "as DataArray::<i8, _> with from_netcdf_raw";
    assert!(error.to_string().contains(raw), "{error}");
    let raw = DataArray::<i8, Ix1>::from_netcdf_raw(&path, "masked").unwrap().load().unwrap();
    assert_eq!(raw.view(), ndarray::array![-1, -2, 3]);
}

/// Prints an integer attribute and two coordinates exactly.
const WHOLE: &str = r"
import json, sys, numpy as np, xarray as xr
path = sys.argv[1]
ds = xr.open_dataset(path) if path.endswith('.nc') else xr.open_zarr(path, consolidated=False)
a = ds['data'].attrs
print(json.dumps([int(a['big']), [int(v) for v in a['bigs']], [int(v) for v in a['range']], [str(v) for v in a['names']],
    [int(v) for v in ds['id'].values], [int(v) for v in ds['data'].values]]))
";

#[test]
fn large_integers_arrive_in_xarray_and_come_back_exactly() {
    let folder = folder();
    let most = (1_i64 << 53) + 1;
    let array = DataArray::new(ndarray::array![u64::MAX, (1 << 63) + 1, 3], ["x"])
        .unwrap()
        .with_coordinate("id", pasha::labelled::Coordinate::new("x", vec![u64::MAX, 5, 1 << 63]))
        .unwrap()
        .with_attr("big", u64::MAX - 1)
        .with_attr("bigs", vec![u64::MAX, 1])
        .with_attr("range", vec![-most, most])
        .with_attr("names", vec!["a".to_owned(), "b c".to_owned()]);
    for name in ["whole.nc", "whole.zarr"] {
        let path = folder.path().join(name);
        if name.ends_with("nc") { array.to_netcdf(&path) } else { array.to_zarr(&path) }.unwrap();
        let back = open::<u64>(&path, "data");
        assert_eq!(back.labels().coords(), array.labels().coords());
        assert_eq!(back.attrs(), array.attrs());
        assert_eq!(back.attrs()["big"], Attribute::Unsigned(u64::MAX - 1));
        assert_eq!(back.load().unwrap().view(), array.view());
        let Some(seen) = xarray(WHOLE, &path) else { continue };
        let expected = serde_json::json!([
            u64::MAX - 1,
            [u64::MAX, 1],
            [-most, most],
            ["a", "b c"],
            [u64::MAX, 5, 1_u64 << 63],
            [u64::MAX, (1_u64 << 63) + 1, 3]
        ]);
        assert_eq!(serde_json::from_str::<Value>(&seen).unwrap(), expected, "{name}");
    }
}

#[test]
fn odd_files_open_as_xarray_opens_them() {
    let Some(folder) = pasha_tests::reference_data("field") else { return };
    let folder = folder.join("30-netcdf-odd");
    let array = open::<f64>(&folder.join("attrs.nc"), "v");
    assert_eq!(array.coords().keys().collect::<Vec<_>>(), ["lat"]);
    let attrs = array.attrs();
    assert_eq!(attrs["big"], Attribute::Unsigned((1 << 63) + 5));
    assert_eq!(attrs["i64"], Attribute::Integer(-5));
    assert_eq!(attrs["none"], Attribute::Floats(Vec::new()));
    assert_eq!(attrs["texts"], Attribute::Texts(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(attrs["empty"].as_text(), Some(""));
    let unlimited = open::<f32>(&folder.join("unlim.nc"), "b").load().unwrap();
    assert_eq!(unlimited.view().to_vec()[..5], [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(unlimited.view().to_vec()[5..], [9.969_21e36; 5]);
    for kind in ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4_CLASSIC"]
    {
        let path = folder.join(format!("{kind}.nc"));
        let array = DataArray::<i16, IxDyn>::from_netcdf(&path, "v").unwrap().load().unwrap();
        assert_eq!(array.view().iter().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5], "{kind}");
    }
    let plain =
        DataArray::<f64, IxDyn>::from_netcdf(folder.join("plain.h5"), "entry/data").unwrap();
    assert_eq!(plain.shape(), [2, 3]);
}
