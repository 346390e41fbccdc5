//! Labels of every kind, in files of every engine, are those that xarray shows; and those that are
//! written are those that were read.

use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut2, Ix1, Ix3, IxDyn};
use pasha::labelled::{Attribute, Coordinate, CoordinateValue, StoredElement, Values};
use pasha::{Context, DataArray, Labelled, StoredArray};
use pasha_tests::for_each_context_of_files;
use serde_json::{Map, Value, json};

use super::python::{folder, xarray};

/// A function that describes the coordinates of a variable as JSON: dimensions, shape, values.
const SHOW: &str = r"
import json, os, sys, warnings, numpy as np, xarray as xr
warnings.simplefilter('ignore')
def opened(path):
    return xr.open_zarr(path, consolidated=False) if path.endswith('.zarr') else xr.open_dataset(path)
def plain(v):
    a = np.asarray(v.values)
    if a.dtype.kind == 'M': a = a.astype('M8[ns]').astype('i8')
    if a.dtype.kind == 'm': return None
    a = a.ravel().tolist()
    return [x.decode() if isinstance(x, bytes) else 'nan' if x != x else x for x in a]
def coords(v):
    return {str(c): [list(w.dims), list(w.shape), plain(w)] for c, w in v.coords.items()}
";

/// Writes a data set with labels of every kind with every engine, and shows what xarray finds.
const ENGINES: &str = r"
out = sys.argv[1]
y, x = np.meshgrid(np.arange(3.), np.arange(4.), indexing='ij')
time = np.array(['2023-11-14T22:13:20.123456789', 'NaT'], 'M8[ns]')
def labels(wide, nat=time):
    return {
        'lat': (('y', 'x'), 40 + y + .1 * x, {'units': 'degrees_north'}), 'lon': (('y', 'x'), (5 + x).astype('f4')),
        'time': [0, 1], 'valid_time': ('time', nat), 'stamp': (('time', 'y'), np.full((2, 3), np.datetime64('2020-01-01T00:00:00.000000001'))),
        'forecast_reference_time': 7.0, 'start': np.datetime64('2024-02-29T12:00:00', 'ns'), 'run': 17, 'name': 'a scalar',
        'station': ('x', ['a', 'bcd', '', 'é']), 'box': (('y', 'x'), [[f'{i}{j}' for j in range(4)] for i in range(3)]),
        'good': ('x', [True, False, True, True]), 'shot': ('time', wide),
        'foreign': ('z', [1, 2]),
    }
v = {'v': (('time', 'y', 'x'), np.arange(24.).reshape(2, 3, 4)), 'other': (('z', 'y'), np.zeros((2, 3)))}
wide = {'valid_time': {'units': 'nanoseconds since 1970-01-01', 'dtype': 'i8', '_FillValue': np.int64(-2**63)}}
big = {'big': ('y', np.array([2**64 - 1, 2**63, 2**53 + 1], 'u8'))}
ds = xr.Dataset(v, coords={**labels(np.array([2**53 + 1, -2**63])), **big})
ds.to_netcdf(f'{out}/netcdf4.nc', engine='netcdf4', encoding=wide)
ds.to_netcdf(f'{out}/h5netcdf.nc', engine='h5netcdf', encoding=wide)
classic = xr.Dataset(v, coords=labels(np.array([7, 8], 'i4'), np.array(['2023-11-14', '2023-11-15'], 'M8[ns]')))
small = classic.assign_coords(stamp=('time', [1., np.nan]))
for f in ('NETCDF3_CLASSIC', 'NETCDF3_64BIT', 'NETCDF4_CLASSIC'):
    small.to_netcdf(f'{out}/{f}.nc', engine='netcdf4', format=f)
for z in (2, 3):
    ds.to_zarr(f'{out}/v{z}.zarr', zarr_format=z, consolidated=False, encoding=wide)
import netCDF4
d = netCDF4.Dataset(f'{out}/strings.nc', 'w')
for n, l in (('time', 2), ('y', 3), ('x', 4), ('letters', 5)): d.createDimension(n, l)
w = d.createVariable('v', 'f8', ('time', 'y', 'x')); w[:] = 1; w.setncattr_string('coordinates', 'rows lines  letter')
w.setncattr_string('units', 'counts'); w.setncattr_string('both', ['a', 'b'])
r = d.createVariable('rows', 'S1', ('y', 'letters')); r[:] = netCDF4.stringtochar(np.array(['one', 'two', 'three'], 'S5'))
r = d.createVariable('lines', str, ('y', 'x')); r[:] = np.array([[f'{i}-{j}' for j in range(4)] for i in range(3)], object)
r = d.createVariable('letter', 'S1', ('x',)); r[:] = np.array(list('wxyz'), 'S1')
t = d.createVariable('time', 'i8', ('time',)); t.setncattr_string('units', 'nanoseconds since 1970-01-01'); t.setncattr_string('calendar', 'proleptic_gregorian'); t[:] = [2**60 + 1, 2**60 + 3]
d.close()
print(json.dumps({n: coords(opened(f'{out}/{n}').v) for n in sorted(os.listdir(out))}))
";

fn open<A: StoredElement>(path: &Path, variable: &str) -> StoredArray<A, IxDyn> {
    let opened = if path.extension().is_some_and(|extension| extension == "nc") {
        DataArray::<A, IxDyn>::from_netcdf(path, variable)
    } else {
        DataArray::<A, IxDyn>::from_zarr(path, variable)
    };
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// The coordinates as the Python function above describes them, to the last digit.
fn shown(labels: &pasha::labelled::Labels) -> Value {
    let value = |value| match value {
        CoordinateValue::Float(value) if value.is_nan() => json!("nan"),
        CoordinateValue::Float(value) => json!(value),
        CoordinateValue::Integer(value) => json!(value),
        CoordinateValue::Unsigned(value) => json!(value),
        CoordinateValue::Time(time) => json!(time.nanoseconds()),
        CoordinateValue::Text(text) => json!(text),
        CoordinateValue::Bool(value) => json!(value),
        other => panic!("{other:?}"),
    };
    let coords = labels.coords().iter().map(|(name, coordinate)| {
        let values: Vec<Value> =
            (0..coordinate.values().len()).map(|at| value(coordinate.get(at).unwrap())).collect();
        (name.clone(), json!([coordinate.dims(), coordinate.shape(), values]))
    });
    Value::Object(coords.collect::<Map<_, _>>())
}

/// Compares coordinate by coordinate, so that a failure names one.
fn agree(seen: &Value, expected: &Value, file: &str) {
    let names = |of: &Value| {
        of.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(seen), names(expected), "{file}");
    for (name, expected) in expected.as_object().unwrap() {
        assert_eq!(&seen[name], expected, "{name} of {file}");
    }
}

fn saved<A: StoredElement, D: ndarray::Dimension>(array: &DataArray<A, D>, path: &Path) {
    let is_netcdf = path.extension().is_some_and(|extension| extension == "nc");
    if is_netcdf { array.to_netcdf(path) } else { array.to_zarr(path) }.unwrap();
}

#[test]
fn coordinates_are_those_that_xarray_shows_whatever_wrote_the_file() {
    let folder = folder();
    let Some(found) = xarray(&format!("{SHOW}{ENGINES}"), folder.path()) else { return };
    let found: Value = serde_json::from_str(&found).unwrap();
    let files = found.as_object().unwrap();
    assert_eq!(files.len(), 8);
    for (name, mut expected) in files.clone() {
        if name == "strings.nc" {
            // Without its fill value, xarray shows characters of a dimension that others use, too,
            // as bytes; they are the same.
            assert_eq!(expected["letter"], json!([["x"], [4], ["w", "x", "y", "z"]]));
            assert_eq!(expected["rows"][2], json!(["one", "two", "three"]));
            expected["time"][2] = json!([(1_i64 << 60) + 1, (1_i64 << 60) + 3]);
        }
        let array = open::<f64>(&folder.path().join(&name), "v");
        agree(&shown(array.labels()), &expected, &name);
        assert!(array.skipped_coordinates().is_empty(), "{:?}", array.skipped_coordinates());
    }
    let strings = open::<f64>(&folder.path().join("strings.nc"), "v");
    assert_eq!(strings.attrs()["units"].as_text(), Some("counts"));
    assert_eq!(strings.attrs()["both"], Attribute::Texts(vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn what_was_read_from_any_engine_is_written_for_xarray_with_all_labels() {
    let folder = folder();
    let Some(found) = xarray(&format!("{SHOW}{ENGINES}"), folder.path()) else { return };
    let found: Value = serde_json::from_str(&found).unwrap();
    let written = self::folder();
    for (name, _) in found.as_object().unwrap() {
        let array = open::<f64>(&folder.path().join(name), "v").load().unwrap();
        for ending in ["nc", "zarr"] {
            saved(&array, &written.path().join(format!("{name}.{ending}")));
        }
    }
    let show = "print(json.dumps({n: coords(opened(f'{sys.argv[1]}/{n}').v) for n in sorted(os.listdir(sys.argv[1]))}))";
    let again = xarray(&format!("{SHOW}{show}"), written.path()).unwrap();
    let again: Value = serde_json::from_str(&again).unwrap();
    for (name, expected) in found.as_object().unwrap() {
        for ending in ["nc", "zarr"] {
            let name = format!("{name}.{ending}");
            agree(&again[&name], expected, &name);
            // And for pasha.
            agree(&shown(open::<f64>(&written.path().join(&name), "v").labels()), expected, &name);
        }
    }
}

/// Copies a frame, if it has the right labels.
#[pasha::kernel]
fn copy(
    frame: Labelled<'_, f64, ndarray::Ix2>,
    #[index] index: usize,
    #[output(like = frame)] mut out: ArrayViewMut2<f64>,
) -> Result<[f64; 3], String> {
    out.assign(&frame.data);
    let moved = frame.coordinate("moved").ok_or("it has no moved")?;
    let lat = frame.coordinate("lat").ok_or("it has no lat")?;
    if moved.dims() != ["y"] || lat.dims() != ["y", "x"] || frame.coord_of("lat").is_some() {
        return Err(format!("{moved:?} at {index}"));
    }
    let [moved, lat] = [moved.at(&[2]), lat.at(&[1, 3])].map(|it| it.map_or(0.0, |it| it.to_f64()));
    Ok([moved, lat, frame.coord_of("run").map_or(0.0, |it| it.to_f64())])
}

for_each_context_of_files! {
    fn items_and_outputs_have_the_labels_that_belong_to_them(context: &dyn Context) {
        let lat = Array2::from_shape_fn((3, 4), |(y, x)| (y * 10 + x) as f64);
        let moved = Array2::from_shape_fn((2, 3), |(time, y)| (time * 100 + y) as i64);
        let array = Array3::from_shape_fn((2, 3, 4), |(t, y, x)| (t * 12 + y * 4 + x) as f64);
        let array = DataArray::new(array, ["time", "y", "x"])
            .and_then(|it| it.with_coordinate("lat", Coordinate::from_array(["y", "x"], lat.view())))
            .and_then(|it| it.with_coordinate("moved", Coordinate::from_array(["time", "y"], moved.view())))
            .and_then(|it| it.with_coordinate("run", Coordinate::scalar(17)))
            .unwrap();
        let folder = folder();
        for name in ["array.nc", "array.zarr"] {
            let path = folder.path().join(name);
            saved(&array, &path);
            let stored = if name.ends_with("nc") {
                DataArray::<f64, Ix3>::from_netcdf(&path, "data").unwrap()
            } else {
                DataArray::<f64, Ix3>::from_zarr(&path, "data").unwrap()
            };
            assert_eq!(stored.coords(), array.coords());
            let along = stored.along("time").unwrap();
            let out = copy::run_in(context, &along).unwrap();
            assert_eq!(out.result, ndarray::array![[2.0, 13.0, 17.0], [102.0, 13.0, 17.0]]);
            let result = out.result.into_labelled(&along).unwrap();
            assert_eq!(result.coords().keys().collect::<Vec<_>>(), ["run"]);
            let copied = out.out.into_labelled(&along).unwrap();
            assert_eq!(copied.coords(), array.coords());
            // In memory, and along another dimension.
            let loaded = stored.load().unwrap();
            let sums = pasha::map_in(context, loaded.along("x").unwrap(), |_, _, item| {
                let lat = item.coordinate("lat").map_or(0.0, |it| it.at(&[2]).map_or(0.0, |it| it.to_f64()));
                lat + item.data.sum()
            });
            let sums = sums.unwrap().into_labelled(&loaded.along("x").unwrap()).unwrap();
            let expected: Vec<f64> = (0..4).map(|x| 20.0 + x as f64 + array.view().index_axis(ndarray::Axis(2), x).sum()).collect();
            assert_eq!(sums.view().to_vec(), expected);
            assert_eq!(sums.coords().keys().collect::<Vec<_>>(), ["run"]);
        }
    }
}

/// The plain copy of a frame.
#[pasha::kernel]
fn plain_copy(frame: ArrayView2<f64>, #[output(like = frame)] mut out: ArrayViewMut2<f64>) {
    out.assign(&frame);
}

fn field(path: &str) -> Option<PathBuf> {
    pasha_tests::reference_data("field").map(|folder| folder.join(path))
}

#[test]
fn a_curved_grid_keeps_its_latitude_scalar_and_stations() {
    let folder = folder();
    for name in ["24-curvilinear/c.nc", "24-curvilinear/c.zarr"] {
        let Some(path) = field(name) else { return };
        let array = if name.ends_with("nc") {
            DataArray::<f64, Ix3>::from_netcdf(&path, "sst").unwrap()
        } else {
            DataArray::<f64, Ix3>::from_zarr(&path, "sst").unwrap()
        };
        let expected = ["forecast_reference_time", "lat", "lon", "station", "time"];
        assert_eq!(array.coords().keys().collect::<Vec<_>>(), expected);
        assert_eq!(array.coords()["lat"].dims(), ["y", "x"]);
        let along = array.along("time").unwrap();
        let out = plain_copy::run_serial(&along).unwrap().into_labelled(&along).unwrap();
        for ending in ["nc", "zarr"] {
            let path = folder.path().join(format!("out.{ending}"));
            saved(&out, &path);
            assert_eq!(open::<f64>(&path, "data").coords(), array.coords());
        }
    }
}

#[test]
fn text_coordinates_are_read_in_every_store_and_file() {
    let Some(folder) = field("25-zarr-strings") else { return };
    for kind in ["U", "O", "T", "S"] {
        for ending in ["2.zarr", "3.zarr", ".nc"] {
            let path = folder.join(format!("{kind}{ending}"));
            let array = open::<f64>(&path, "v");
            let texts = Values::from(["a", "bcd"]);
            assert_eq!(array.coords().get("x").map(Coordinate::values), Some(&texts), "{path:?}");
            assert_eq!(
                array.load().unwrap().view().iter().copied().collect::<Vec<_>>(),
                [1.0, 2.0]
            );
        }
    }
    for ending in ["2.zarr", "3.zarr", ".nc"] {
        let array = open::<f64>(&folder.join(format!("bool{ending}")), "v");
        assert_eq!(array.coords()["x"].values(), &Values::Bool(vec![true, false]), "{ending}");
        assert!(array.coords()["x"].attrs().is_empty());
    }
    for ending in ["22.zarr", "23.zarr"] {
        let array = open::<f64>(&folder.join(format!("f{ending}")), "v");
        assert_eq!(array.coords()["x"].values(), &Values::Float(vec![1.0, 2.0]), "{ending}");
    }
}

#[test]
fn a_coordinate_that_cannot_be_read_is_listed_with_the_reason() {
    let Some(path) = field("30-netcdf-odd/types.nc") else { return };
    let array = open::<f64>(&path, "v");
    assert_eq!(array.load().unwrap().view().iter().copied().collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
    assert!(array.coords().is_empty());
    let [skipped] = array.skipped_coordinates() else {
        panic!("{:?}", array.skipped_coordinates())
    };
    assert_eq!(skipped.name, "x");
    assert!(
        skipped.reason.contains("no numbers") && skipped.reason.contains("complex_t"),
        "{skipped}"
    );

    let folder = folder();
    const WRITE: &str = r"
import netCDF4, numpy as np, sys
with netCDF4.Dataset(f'{sys.argv[1]}/bad.nc', 'w') as d:
    d.createDimension('x', 3); d.createDimension('z', 2)
    v = d.createVariable('v', 'f8', ('x',)); v[:] = [1, 2, 3]; v.coordinates = 'lat gone z mixed unsigned list far ../v'
    w = d.createVariable('lat', 'f4', ('x',)); w[:] = [5, 6, 7]
    w = d.createVariable('z', 'i4', ('z',)); w[:] = [5, 6]
    w = d.createVariable('mixed', 'i8', ('x',), fill_value=-1); w.set_auto_mask(False); w[:] = [1, -1, 2**53 + 1]
    w = d.createVariable('unsigned', 'i1', ('x',)); w._Unsigned = 'true'; w.set_auto_maskandscale(False); w[:] = [1, -1, 2]
    w = d.createVariable('list', 'i2', ('x',)); w.missing_value = np.array([-1, -2], 'i2'); w.set_auto_mask(False); w[:] = [5, -1, -2]
    w = d.createVariable('far', 'u8', ('x',)); w[:] = [2**64 - 1, 0, 1]
";
    if xarray(WRITE, folder.path()).is_none() {
        return;
    }
    let array = open::<f64>(&folder.path().join("bad.nc"), "v");
    assert_eq!(array.coords().keys().collect::<Vec<_>>(), ["far", "lat", "list", "unsigned"]);
    assert_eq!(array.coords()["unsigned"].values(), &Values::Integer(vec![1, 255, 2]));
    assert_eq!(array.coords()["far"].values(), &Values::Unsigned(vec![u64::MAX, 0, 1]));
    let Values::Float(list) = array.coords()["list"].values() else { panic!() };
    assert!(list[0] == 5.0 && list[1].is_nan() && list[2].is_nan());
    let reason = |name: &str| {
        let skipped = array.skipped_coordinates().iter().find(|skipped| skipped.name == name);
        &skipped.unwrap_or_else(|| panic!("{name} is not listed")).reason
    };
    assert_eq!(array.skipped_coordinates().len(), 4);
    assert!(reason("gone").contains("no such variable"));
    assert!(reason("../v").contains("no such variable"));
    assert!(reason("z").contains("\"z\"") && reason("z").contains("no dimension"));
    assert!(reason("mixed").contains("9007199254740993") && reason("mixed").contains("number 2"));
}

#[test]
fn names_that_would_lose_a_label_are_refused() {
    let folder = folder();
    let array = || DataArray::new(ndarray::array![1.0, 2.0], ["x"]).unwrap();
    let spaced = array().with_coordinate("my lat", Coordinate::new("x", [1, 2])).unwrap();
    let twice = array().with_coordinate("run", Coordinate::scalar(1)).unwrap().with_name("run");
    for name in ["a.nc", "a.zarr"] {
        let path = folder.path().join(name);
        let write = |array: &DataArray<f64, Ix1>| {
            if name.ends_with("nc") { array.to_netcdf(&path) } else { array.to_zarr(&path) }
        };
        let error = write(&spaced).unwrap_err().to_string();
        assert!(error.contains("\"my lat\"") && error.contains("space"), "{error}");
        let error = write(&twice).unwrap_err().to_string();
        assert!(error.contains("both called \"run\"") && error.contains("with_name"), "{error}");
        // A coordinate's own array is no conflict.
        let own = array().with_coord("x", [1.0, 2.0]).unwrap().with_name("x");
        write(&own).unwrap();
        assert_eq!(open::<f64>(&path, "x").coords(), own.coords());
    }
    let error = array().with_coordinate("lat", Coordinate::new("x", [1, 2])).unwrap();
    let error = error.rename("x", "lat").unwrap_err().to_string();
    assert!(error.contains("\"lat\"") && error.contains("lost"), "{error}");
    let wrong = Coordinate::from_array(["x", "x"], ndarray::Array2::<f64>::zeros((2, 2)).view());
    let error = array().with_coordinate("lat", wrong).unwrap_err().to_string();
    assert!(error.contains("both be called"), "{error}");
    let wrong = Coordinate::from_array(["x"], ndarray::Array2::<f64>::zeros((2, 2)).view());
    assert!(array().with_coordinate("lat", wrong).unwrap_err().to_string().contains("2 axes"));
    let error = array().with_coordinate("x", Coordinate::scalar(1)).unwrap_err().to_string();
    assert!(error.contains("named like a dimension"), "{error}");
}

#[test]
fn strings_that_were_never_written_are_empty() {
    let folder = folder();
    let path = folder.path().join("nulls.nc");
    const WRITE: &str = r"
import h5py, numpy as np, sys
with h5py.File(sys.argv[1], 'w') as f:
    f['v'] = np.arange(3.); f['x'] = np.arange(3); f['x'].make_scale('x'); f['v'].dims[0].attach_scale(f['x'])
    d = f.create_dataset('name', shape=(3,), dtype=h5py.string_dtype()); d.dims[0].attach_scale(f['x'])
    f['v'].attrs['coordinates'] = 'name'
";
    if xarray(WRITE, &path).is_none() {
        return;
    }
    let array = open::<f64>(&path, "v");
    assert_eq!(array.coords()["name"].values(), &Values::from(["", "", ""]));
}

#[test]
fn coordinates_are_found_by_their_paths() {
    let folder = folder();
    const WRITE: &str = r"
import netCDF4, sys, zarr, numpy as np
with netCDF4.Dataset(f'{sys.argv[1]}/paths.nc', 'w') as f:
    f.createDimension('t', 3); f.createDimension('p', 2)
    f.createVariable('lat', 'f8', ('p',))[:] = [1, 2]
    g = f.createGroup('g'); h = f.createGroup('h')
    g.createVariable('clock', 'f8', ('t',))[:] = [7, 8, 9]
    h.createDimension('t', 4); h.createVariable('other', 'f8', ('t',))[:] = 0
    for name, listed in dict(root='/lat', both='/g/clock ../lat', mixed='clock ./clock /h/other /h/gone').items():
        v = g.createVariable(name, 'f4', ('t', 'p')); v[:] = 1; v.coordinates = listed
root = zarr.open_group(f'{sys.argv[1]}/paths.zarr', mode='w', zarr_format=3)
def array(group, name, shape, dims, **attrs):
    group.create_array(name, shape=shape, dtype='f4', dimension_names=dims, attributes=attrs)[:] = 1
array(root, 'lat', (2,), ['p'])
g = root.create_group('g')
array(g, 'clock', (3,), ['t']); array(root, 'h/other', (4,), ['t'])
array(g, 'both', (3, 2), ['t', 'p'], coordinates='/g/clock ../lat')
array(g, 'mixed', (3, 2), ['t', 'p'], coordinates='clock ./clock /h/other /h/gone')
";
    if xarray(WRITE, folder.path()).is_none() {
        return;
    }
    let [netcdf, zarr] = ["paths.nc", "paths.zarr"].map(|name| folder.path().join(name));
    for (path, names) in [(&netcdf, &["root", "both", "mixed"][..]), (&zarr, &["both", "mixed"])] {
        for name in names {
            let array = open::<f32>(path, &format!("/g/{name}"));
            let found: Vec<&String> = array.coords().keys().collect();
            let skipped = array.skipped_coordinates();
            if *name == "mixed" {
                assert!(found.contains(&&"clock".to_owned()), "{found:?}");
                let names: Vec<&str> = skipped.iter().map(|it| &*it.name).collect();
                assert_eq!(names, ["/h/other", "/h/gone"]);
            } else {
                // What one variable lists is another's as well, where it lies along its dimensions.
                assert_eq!(found, ["clock", "lat"], "{name}");
                assert_eq!(array.coords()["lat"].dims(), ["p"]);
            }
        }
    }
}
