//! Files as they are: without masks and scales, without names of dimensions, of booleans and of
//! half-precision numbers.

use std::path::Path;

use half::f16;
use ndarray::{Ix1, Ix2};
use pasha::labelled::{Attribute, StoredElement, Values};
use pasha::{Context, DataArray, StoredArray};
use pasha_tests::{for_each_context_of_files, reference_data};
use serde_json::Value;

use super::python::{folder, xarray};

/// Writes stores of both formats with zarr-python alone, and prints the elements that it reads.
const WRITE: &str = r"
import sys, json, zarr, numpy as np, numcodecs
out = sys.argv[1]
a = (np.arange(35).reshape(5, 7) * 7919) % 251
found = {}
def write(name, data, dims=True, fill=0, **k):
    zarr_format = 2 if name.startswith('v2') else 3
    names = dict(dimension_names=['y', 'x']) if dims and zarr_format == 3 else {}
    x = zarr.create_array(f'{out}/{name}', shape=data.shape, chunks=(2, 4), dtype=data.dtype, zarr_format=zarr_format, fill_value=fill, **names, **k)
    x[:] = data
    if dims and zarr_format == 2: x.attrs['_ARRAY_DIMENSIONS'] = ['y', 'x']
    found[name] = zarr.open_array(f'{out}/{name}')[:].astype('f8').tolist()
for v in 'v2', 'v3':
    for t in 'u1', '<u2', '>u2', '<i4', '>i8', '<f4', '>f4', '>f8', '<f2', '>f2', 'bool':
        if v == 'v3' and t.startswith('>'): continue
        write(f'{v}_{t}', (a % 2 if t == 'bool' else a).astype(t))
    write(f'{v}_plain', a.astype('u2'), dims=False)
    write(f'{v}_plain_f4', a.astype('f4'), dims=False)
for t in '<u2', '>f4', '>f2':
    write(f'v2_fortran_{t}', a.astype(t), order='F')
for c in 'lz4', 'lz4hc', 'zstd', 'zlib', 'blosclz':
    for s in (0, 1, 2):
        write(f'v2_blosc_{c}{s}', a.astype('i4'), compressors=numcodecs.Blosc(c, 5, s))
for name, c in dict(lz4=numcodecs.LZ4(), zlib=numcodecs.Zlib(3), gzip=numcodecs.GZip(3), bz2=numcodecs.BZ2(3), zstd=numcodecs.Zstd(3), none=None).items():
    for t in '<i4', '>f8':
        write(f'v2_{name}_{t}', a.astype(t), compressors=c)
for t in 'u1', 'i1', '<u2', '>u2', '<i4', '<i8', '<u8', '<f4', '>f8':
    write(f'v2_delta_{t}', (a - 100 if 'i' in t else a).clip(-128, 255).astype('i2').clip(-128 if 'i1' not in t else -100, 120).astype(t), filters=[numcodecs.Delta(dtype=t)])
write('v2_delta_as', a.astype('<u4'), filters=[numcodecs.Delta(dtype='<u4', astype='<i2')])
write('v2_delta_fortran', a.astype('<u4'), filters=[numcodecs.Delta(dtype='<u4')], compressors=numcodecs.LZ4(), order='F')
for order in 'CF':
    write(f'v2_delta_partly{order}', a.astype('<i4'), fill=7, filters=[numcodecs.Delta(dtype='<i4')], order=order)
    x = zarr.open_array(f'{out}/v2_delta_partly{order}'); x.store_path; import os; os.remove(f'{out}/v2_delta_partly{order}/1.0'); del x.attrs['_ARRAY_DIMENSIONS']
    found[f'v2_delta_partly{order}_plain'] = zarr.open_array(f'{out}/v2_delta_partly{order}')[:].astype('f8').tolist()
    del found[f'v2_delta_partly{order}']; os.rename(f'{out}/v2_delta_partly{order}', f'{out}/v2_delta_partly{order}_plain')
write('v2_shuffle', a.astype('<u4'), filters=[numcodecs.Shuffle(4)], compressors=numcodecs.LZ4())
from zarr.codecs import numcodecs as n3
write('v3_lz4', a.astype('u2'), compressors=n3.LZ4())
write('v3_delta', a.astype('u2'), filters=[n3.Delta(dtype='<u2')])
print(json.dumps(found))
";

fn elements<A: StoredElement + Numeric>(path: &Path) -> pasha::Result<Vec<f64>> {
    let array = DataArray::<A, Ix2>::from_zarr(path, "")?;
    let named = path.file_name().unwrap().to_str().unwrap().contains("plain");
    let expected = if named { ["dim_0", "dim_1"] } else { ["y", "x"] };
    assert_eq!(array.dims(), expected, "{}", path.display());
    Ok(array.load()?.view().iter().map(|&it| it.number()).collect())
}

trait Numeric: Copy {
    fn number(self) -> f64;
}

macro_rules! numeric {
    ($($type:ty)+) => {$(impl Numeric for $type { fn number(self) -> f64 { self as f64 } })+};
}
numeric!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

impl Numeric for f16 {
    fn number(self) -> f64 {
        self.to_f64()
    }
}

impl Numeric for bool {
    fn number(self) -> f64 {
        u8::from(self).into()
    }
}

#[test]
fn stores_of_zarr_python_are_read_whatever_their_elements_order_and_codec() {
    let folder = folder();
    let Some(found) = xarray(WRITE, folder.path()) else { return };
    let found: serde_json::Map<String, Value> = serde_json::from_str(&found).unwrap();
    assert!(found.len() > 60, "{}", found.len());
    for (name, expected) in found {
        let rows: Vec<Vec<f64>> = serde_json::from_value(expected).unwrap();
        let path = folder.path().join(&name);
        // One of these types is that of the elements, the others are refused.
        let mut read = 0;
        let error = DataArray::<u32, Ix2>::from_zarr(&path, "").and_then(|it| it.load()).err();
        let seen = [
            elements::<u8>(&path),
            elements::<i8>(&path),
            elements::<u16>(&path),
            elements::<u32>(&path),
            elements::<i32>(&path),
            elements::<i64>(&path),
            elements::<u64>(&path),
            elements::<bool>(&path),
        ];
        for seen in seen.into_iter().flatten() {
            assert_eq!(seen, rows.concat(), "{name}");
            read += 1;
        }
        if name.contains("f4") {
            assert_eq!(elements::<f32>(&path).unwrap(), rows.concat(), "{name}");
            read += 1;
        }
        if name.contains("f8") {
            assert_eq!(elements::<f64>(&path).unwrap(), rows.concat(), "{name}");
            read += 1;
        }
        if name.contains("f2") {
            assert_eq!(elements::<f16>(&path).unwrap(), rows.concat(), "{name}");
            read += 1;
            assert_eq!(elements::<f32>(&path).unwrap(), rows.concat(), "{name}");
            assert_eq!(elements::<f64>(&path).unwrap(), rows.concat(), "{name}");
        }
        // Booleans are bytes, too.
        assert_eq!(read, if name.ends_with("bool") { 2 } else { 1 }, "{name}: {error:?}");
    }
}

/// Adds up a row.
#[pasha::kernel]
fn sum(row: ndarray::ArrayView1<u16>) -> u64 {
    row.iter().map(|&count| u64::from(count)).sum()
}

for_each_context_of_files! {
    fn stores_without_names_of_dimensions_are_mapped_over(context: &dyn Context) {
        let Some(folder) = reference_data("field/08-zarr-plain") else { return };
        for (store, name) in [("plain3.zarr", "frames"), ("plain2.zarr", "frames"), ("root.zarr", "")] {
            let frames = DataArray::<u16, Ix2>::from_zarr(folder.join(store), name).unwrap();
            assert_eq!(frames.dims(), ["dim_0", "dim_1"]);
            let sums = sum::run_in(context, frames.along("dim_0").unwrap()).unwrap();
            assert_eq!(sums, ndarray::array![15, 51, 87, 123]);
        }
        let partly = DataArray::<u16, Ix2>::from_zarr(folder.join("v3.zarr"), "partnames").unwrap();
        assert_eq!(partly.dims(), ["dim_0", "x"]);
    }
}

#[test]
fn stores_of_the_field_hold_what_zarr_python_finds() {
    let Some(folder) = reference_data("field/08-zarr-plain") else { return };
    let v2 = folder.join("v2.zarr");
    let integers = |name: &str| {
        let array = DataArray::<u16, Ix2>::from_zarr(&v2, name).and_then(|array| array.load());
        array.unwrap_or_else(|error| panic!("{error}")).view().iter().copied().collect::<Vec<_>>()
    };
    let floats = |name: &str| {
        let array = DataArray::<f32, Ix2>::from_zarr(&v2, name).and_then(|array| array.load());
        array.unwrap_or_else(|error| panic!("{error}")).view().iter().copied().collect::<Vec<_>>()
    };
    let zerofill: Vec<u16> = (1..7).chain([0; 18]).collect();
    assert_eq!(integers("zerofill"), zerofill);
    for name in ["lz4", "delta", "shuf", "blosc_lz4"] {
        assert_eq!(integers(name), (0..24).collect::<Vec<u16>>(), "{name}");
    }
    for name in ["half", "be", "zerofill_f", "forder", "slash", "fso"] {
        assert_eq!(floats(name), (0..24_u8).map(f32::from).collect::<Vec<_>>(), "{name}");
    }
    for store in ["v2.zarr", "v3.zarr"] {
        let mask = DataArray::<bool, Ix2>::from_zarr(folder.join(store), "mask").unwrap();
        let expected: Vec<bool> = (0..24).map(|it| it > 5).collect();
        assert_eq!(mask.load().unwrap().view().iter().copied().collect::<Vec<_>>(), expected);
        assert!(DataArray::<u8, Ix2>::from_zarr(folder.join(store), "mask").is_ok());
    }
}

for_each_context_of_files! {
    fn a_byte_that_is_no_boolean_is_told_with_its_place(context: &dyn Context) {
        let folder = folder();
        let path = folder.path().join("mask.zarr");
        let script = "import sys, zarr; zarr.create_array(sys.argv[1], shape=(3, 4), chunks=(1, 4), dtype=bool, compressors=None, dimension_names=['y', 'x'])[:] = True";
        if xarray(script, &path).is_none() { return }
        std::fs::write(path.join("c/2/0"), [1, 0, 7, 1]).unwrap();
        let mask = DataArray::<bool, Ix2>::from_zarr(&path, "").unwrap();
        let along = mask.along("y").unwrap();
        let count = |row: pasha::Labelled<'_, bool, Ix1>| row.data.iter().filter(|it| **it).count() as u64;
        let error = pasha::map_in(context, &along, |_, _, row| count(row)).unwrap_err();
        let text = format!("{error} {:?}", std::error::Error::source(&error));
        assert!(text.contains("the byte 7 at [2, 2] is no boolean"), "{text}");
        let error = mask.load().unwrap_err().to_string();
        assert!(error.contains("the byte 7 at [2, 2]") && error.contains("from_zarr_raw"), "{error}");
        let error = DataArray::<u8, Ix2>::from_zarr(&path, "").unwrap().load().unwrap_err();
        assert!(error.to_string().contains("the byte 7 at [2, 2]"), "{error}");
        let bytes = DataArray::<u8, Ix2>::from_zarr_raw(&path, "").unwrap().load().unwrap();
        assert_eq!(bytes.view().row(2).to_vec(), [1, 0, 7, 1]);
        let error = DataArray::<bool, Ix2>::from_zarr_raw(&path, "").unwrap().load().unwrap_err();
        assert!(error.to_string().contains("the byte 7 at [2, 2]"), "{error}");
    }
}

#[test]
fn booleans_go_there_and_back() {
    let folder = folder();
    let values = ndarray::array![true, false, true];
    let mask = DataArray::new(values.clone(), ["x"]).unwrap().with_name("mask");
    let script = "import sys, xarray as xr; p = sys.argv[1]; d = xr.open_dataset(p) if p.endswith('.nc') else xr.open_zarr(p, consolidated=False); print(d.mask.dtype, d.mask.values.tolist())";
    for name in ["mask.nc", "mask.zarr"] {
        let path = folder.path().join(name);
        let is_netcdf = name.ends_with(".nc");
        if is_netcdf { mask.to_netcdf(&path) } else { mask.to_zarr(&path) }.unwrap();
        let back: StoredArray<bool, Ix1> = match is_netcdf {
            true => DataArray::from_netcdf(&path, "mask").unwrap(),
            false => DataArray::from_zarr(&path, "mask").unwrap(),
        };
        assert_eq!(back.load().unwrap().view(), values);
        assert!(back.attrs().is_empty());
        if let Some(seen) = xarray(script, &path) {
            assert_eq!(seen, "bool [True, False, True]");
        }
    }
    let bytes =
        DataArray::<i8, Ix1>::from_netcdf_raw(folder.path().join("mask.nc"), "mask").unwrap();
    assert_eq!(bytes.load().unwrap().view(), ndarray::array![1, 0, 1]);
    assert_eq!(bytes.attrs()["dtype"].as_text(), Some("bool"));

    // Bytes that an attribute says to be booleans, as xarray reads them.
    let path = folder.path().join("marked.zarr");
    let script = "import sys, zarr; g = zarr.create_group(sys.argv[1]); a = g.create_array('mask', shape=(3,), chunks=(2,), dtype='i1', dimension_names=['x'], attributes={'dtype': 'bool'}); a[:] = [1, 0, 1]; print('written')";
    if xarray(script, &path).is_some() {
        let marked = DataArray::<bool, Ix1>::from_zarr(&path, "mask").unwrap();
        assert_eq!(marked.load().unwrap().view(), values);
        assert!(marked.attrs().is_empty());
    }
}

/// Writes packed variables, and prints what xarray finds without masks, scales and times.
const PACKED: &str = r"
import sys, json, numpy as np, xarray as xr
out = sys.argv[1]
ds = xr.Dataset({'v': ('time', np.array([20.5, np.nan, 10.25]))}, {'time': np.array(['2024-02-28', '2024-02-29', '2024-03-01'], 'M8[ns]')})
pack = {'v': {'dtype': 'i2', 'scale_factor': .25, 'add_offset': 10., '_FillValue': -9999}, 'time': {'units': 'hours since 2024-02-28', 'dtype': 'i4'}}
ds.to_netcdf(f'{out}/packed.nc', encoding=pack)
for z in (2, 3): ds.to_zarr(f'{out}/packed{z}.zarr', zarr_format=z, encoding=pack, consolidated=False)
";

#[test]
fn raw_elements_and_attributes_are_those_of_the_file_and_are_written_back() {
    let folder = folder();
    if xarray(PACKED, folder.path()).is_none() {
        return;
    }
    for name in ["packed.nc", "packed2.zarr", "packed3.zarr"] {
        let path = folder.path().join(name);
        let is_netcdf = name.ends_with(".nc");
        let raw: StoredArray<i16, Ix1> = match is_netcdf {
            true => DataArray::from_netcdf_raw(&path, "v").unwrap(),
            false => DataArray::from_zarr_raw(&path, "v").unwrap(),
        };
        let loaded = raw.load().unwrap();
        assert_eq!(loaded.view(), ndarray::array![42, -9999, 1], "{name}");
        assert_eq!(raw.attrs()["scale_factor"], Attribute::Float(0.25));
        assert_eq!(raw.attrs()["add_offset"], Attribute::Float(10.0));
        assert_eq!(raw.attrs()["_FillValue"], Attribute::Integer(-9999), "{name}");
        let time = &raw.coords()["time"];
        assert_eq!(time.values(), &Values::Integer(vec![0, 24, 48]));
        assert_eq!(time.attrs()["units"].as_text(), Some("hours since 2024-02-28"));
        // Written again it is the same packed variable.
        let again = folder.path().join(format!("again_{name}"));
        if is_netcdf { loaded.to_netcdf(&again) } else { loaded.to_zarr(&again) }.unwrap();
        let back: StoredArray<f64, Ix1> = match is_netcdf {
            true => DataArray::from_netcdf(&again, "v").unwrap(),
            false => DataArray::from_zarr(&again, "v").unwrap(),
        };
        let values = back.load().unwrap();
        assert_eq!((values.view()[0], values.view()[2]), (20.5, 10.25), "{name}");
        assert!(values.view()[1].is_nan());
        assert!(matches!(back.coords()["time"].values(), Values::Time(_)));
        // As what it stands for, a type that can't hold it is refused, with the way out.
        let error = match is_netcdf {
            true => DataArray::<i16, Ix1>::from_netcdf(&path, "v").unwrap_err(),
            false => DataArray::<i16, Ix1>::from_zarr(&path, "v").unwrap_err(),
        };
        assert!(error.to_string().contains("from_netcdf_raw"), "{error}");
    }
    let script = "import sys, json, xarray as xr; o = sys.argv[1]; d = [xr.open_dataset(f'{o}/again_packed.nc'), xr.open_zarr(f'{o}/again_packed2.zarr', consolidated=False), xr.open_zarr(f'{o}/again_packed3.zarr', consolidated=False)]; print(json.dumps([[float(i.v[0]), bool(i.v.isnull()[1]), float(i.v[2]), str(i.time.values[1])] for i in d]))";
    let seen: Value = serde_json::from_str(&xarray(script, folder.path()).unwrap()).unwrap();
    for seen in seen.as_array().unwrap() {
        let expected = serde_json::json!([20.5, true, 10.25, "2024-02-29T00:00:00.000000000"]);
        assert_eq!(seen, &expected);
    }
}

#[test]
fn raw_floats_of_netcdf_are_written_to_zarr_with_their_fill_value() {
    let folder = folder();
    let array = DataArray::new(ndarray::array![1.5_f32, -1e20, 2.5], ["x"]).unwrap();
    let path = folder.path().join("raw.nc");
    array.with_attr("_FillValue", -1e20_f32).to_netcdf(&path).unwrap();
    let raw = DataArray::<f32, Ix1>::from_netcdf_raw(&path, "data").unwrap().load().unwrap();
    assert_eq!(raw.view(), ndarray::array![1.5, -1e20, 2.5]);
    let store = folder.path().join("raw.zarr");
    raw.to_zarr(&store).unwrap();
    let back = DataArray::<f32, Ix1>::from_zarr(&store, "data").unwrap().load().unwrap();
    assert!(back.view()[1].is_nan() && back.view()[2] == 2.5);
    let script = "import sys, xarray as xr; print(xr.open_zarr(sys.argv[1], consolidated=False).data.values.tolist())";
    if let Some(seen) = xarray(script, &store) {
        assert_eq!(seen, "[1.5, nan, 2.5]");
    }
}

#[test]
fn a_codec_that_is_missing_is_named_and_is_no_damage() {
    let folder = folder();
    let script = "import sys, zarr, numcodecs, numpy as np
for name, k in dict(lzma=dict(compressors=numcodecs.LZMA()), quantize=dict(filters=[numcodecs.Quantize(3, 'f4')]), fixedscaleoffset=dict(filters=[numcodecs.FixedScaleOffset(0, 10, 'f8', 'i4')])).items():
    x = zarr.create_array(f'{sys.argv[1]}/{name}', shape=(4,), chunks=(4,), dtype='f8' if name[0] == 'f' else 'f4', zarr_format=2, **k)
    x[:] = np.arange(4)
from zarr.codecs import numcodecs as n3
zarr.create_array(f'{sys.argv[1]}/numcodecs.lzma', shape=(4,), chunks=(4,), shards=(4,), dtype='f4', compressors=n3.LZMA())[:] = 1";
    if xarray(script, folder.path()).is_none() {
        return;
    }
    for name in ["lzma", "quantize", "fixedscaleoffset", "numcodecs.lzma"] {
        let path = folder.path().join(name);
        let error = DataArray::<f32, Ix1>::from_zarr(&path, "").unwrap_err().to_string();
        assert!(error.contains(&format!("codec {name} ")), "{error}");
        assert!(error.contains("write it with") && !error.contains("damaged"), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}

/// Runs in a process of its own, which changes its working directory.
#[test]
fn a_relative_path_is_found_from_another_working_directory() {
    const FOLDER: &str = "PASHA_TEST_WORKING_DIRECTORY";
    if let Some(folder) = std::env::var_os(FOLDER) {
        std::env::set_current_dir(&folder).unwrap();
        let netcdf = DataArray::<f64, Ix2>::from_netcdf("a.nc", "data").unwrap();
        let zarr = DataArray::<f64, Ix2>::from_zarr("a.zarr", "data").unwrap();
        std::env::set_current_dir("/").unwrap();
        for array in [netcdf, zarr] {
            assert!(array.path().is_absolute());
            let along = array.along("y").unwrap();
            let context = pasha::ProcessContext::new(2).unwrap();
            let sums = pasha::map_in(&context, &along, |_, _, row| row.data.sum()).unwrap();
            assert_eq!(sums, ndarray::array![3.0, 3.0]);
            let path = array.path().to_owned();
            if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            }
            .unwrap();
        }
        let error = DataArray::<f64, Ix2>::from_netcdf("a.nc", "data").unwrap_err().to_string();
        assert!(error.contains("/a.nc"), "{error}");
        return;
    }
    let folder = folder();
    let array = DataArray::new(ndarray::Array2::<f64>::ones((2, 3)), ["y", "x"]).unwrap();
    array.to_netcdf(folder.path().join("a.nc")).unwrap();
    array.to_zarr(folder.path().join("a.zarr")).unwrap();
    let name = "raw::a_relative_path_is_found_from_another_working_directory";
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
    assert!(!folder.path().join("a.nc").exists());
}

/// A covariance matrix lies along one dimension twice.
#[test]
fn a_dimension_that_two_axes_share_is_refused_with_the_way_and_numbered_in_raw_access() {
    let Some(field) = reference_data("field/24-curvilinear/cov.nc") else { return };
    let store = folder();
    let zarr = store.path().join("cov.zarr");
    std::fs::create_dir(&zarr).unwrap();
    let array = r#"{"zarr_format": 2, "shape": [3, 3], "chunks": [3, 3], "dtype": "<f8",
        "compressor": null, "fill_value": 0.0, "order": "C", "filters": null}"#;
    std::fs::create_dir(zarr.join("cov")).unwrap();
    std::fs::write(zarr.join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    std::fs::write(zarr.join("cov/.zarray"), array).unwrap();
    std::fs::write(zarr.join("cov/.zattrs"), r#"{"_ARRAY_DIMENSIONS": ["x", "x"]}"#).unwrap();
    let unit: Vec<u8> =
        ndarray::Array2::<f64>::eye(3).iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(zarr.join("cov/0.0"), unit).unwrap();
    let refused = [
        DataArray::<f64, Ix2>::from_netcdf(&field, "cov").err(),
        DataArray::<f64, Ix2>::from_zarr(&zarr, "cov").err(),
    ];
    for error in refused {
        let text = error.unwrap().to_string();
        assert!(text.contains("[\"x\", \"x\"]") && text.contains("_raw"), "{text}");
    }
    let raw = [
        DataArray::<f64, Ix2>::from_netcdf_raw(&field, "cov"),
        DataArray::<f64, Ix2>::from_zarr_raw(&zarr, "cov"),
    ];
    for array in raw {
        let array = array.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(array.dims(), ["x", "x_1"]);
        assert_eq!(array.load().unwrap().view(), ndarray::Array2::<f64>::eye(3));
    }
}
