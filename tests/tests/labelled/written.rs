//! What is written is opened by xarray, with the same labels and values, and read back.

use std::os::unix::fs::PermissionsExt;

use ndarray::{Array2, Array3, ArrayView2, Ix1, Ix2, Ix3};
use pasha::labelled::{Attribute, Coordinate, Time};
use pasha::{Context, DataArray};
use pasha_tests::for_each_context_of_files;
use serde_json::{Value, json};

use super::expected::open;
use super::python::{folder, references, xarray};

/// Prints what xarray finds in a file as JSON.
const DESCRIBE: &str = r"
import json, sys, numpy as np, xarray as xr
path = sys.argv[1]
ds = xr.open_dataset(path) if path.endswith('.nc') else xr.open_zarr(path, consolidated=False)
def plain(values):
    values = np.asarray(values)
    if values.dtype.kind == 'M':
        return [str(v)[:23] for v in values.astype('M8[ms]')]
    return values.tolist()
def attrs(it):
    return {k: v.tolist() if hasattr(v, 'tolist') else v for k, v in it.attrs.items()}
print(json.dumps({name: {
    'dims': list(a.dims), 'dtype': str(a.dtype), 'values': plain(a.values), 'attrs': attrs(a),
    'coords': {c: {'dims': list(v.dims), 'values': plain(v.values), 'attrs': attrs(v)} for c, v in a.coords.items()},
} for name, a in ds.data_vars.items()}))
";

/// The sums of the rows of a frame.
#[pasha::kernel]
fn profile(
    frame: ArrayView2<i32>,
    #[output(shape = frame.nrows())] mut sums: ndarray::ArrayViewMut1<f64>,
    #[output(like = frame)] mut half: ndarray::ArrayViewMut2<f32>,
) -> i64 {
    for (row, (sum, half)) in frame.rows().into_iter().zip(sums.iter_mut().zip(half.rows_mut())) {
        *sum = row.iter().map(|&count| f64::from(count)).sum();
        for (half, &count) in half.into_iter().zip(row) {
            *half = count as f32 / 2.0;
        }
    }
    frame.iter().map(|&count| i64::from(count)).sum()
}

for_each_context_of_files! {
    fn outputs_keep_the_labels(context: &dyn Context) {
        for path in references() {
            let counts = open::<i32>(&path, "counts");
            let along = counts.along("time").unwrap();
            let out = profile::run_in(context, &along).unwrap();
            let sums = out.sums.into_labelled(&along).unwrap().rename("dim_1", "row").unwrap();
            assert_eq!(sums.dims(), ["time", "row"]);
            assert_eq!(sums.coords().keys().collect::<Vec<_>>(), ["time"]);
            let half = out.half.into_labelled(&along).unwrap();
            assert_eq!(half.dims(), ["time", "y", "x"]);
            assert_eq!(half.coords(), counts.coords());
            let folder = folder();
            let total = out.result.into_labelled(&along).unwrap().with_name("total").with_attr("units", "1");
            for name in ["total.nc", "total.zarr"] {
                let path = folder.path().join(name);
                if name.ends_with(".nc") { total.to_netcdf(&path) } else { total.to_zarr(&path) }.unwrap();
                let Some(seen) = xarray(DESCRIBE, &path) else { continue };
                let seen: Value = serde_json::from_str(&seen).unwrap();
                let seen = &seen["total"];
                assert_eq!(seen["dims"], json!(["time"]));
                assert_eq!(seen["dtype"], json!("int64"));
                assert_eq!(seen["attrs"], json!({"units": "1"}));
                assert_eq!(seen["values"], json!(total.view().to_vec()));
                let minutes = json!([3.0, 30.0, 58.0, 86.0, 112.0, 140.0, 168.0, 196.0, 223.0, 240.0]);
                let time = json!({"dims": ["time"], "values": minutes, "attrs": {"units": "min"}});
                assert_eq!(seen["coords"], json!({"time": time}));
            }
        }
    }
}

/// An array with coordinates of all kinds.
fn of_all_kinds() -> DataArray<f32, Ix2> {
    let array =
        Array2::from_shape_fn(
            (3, 4),
            |(y, x)| if x == 2 { f32::NAN } else { (y * 4 + x) as f32 / 8.0 },
        );
    let times = [0, 1_500_000_000, 86_400_000_000_000]
        .map(|it| Time::from_nanoseconds(1_700_000_000_000_000_000 + it));
    DataArray::new(array, ["time", "channel"])
        .unwrap()
        .with_name("signal")
        .with_attr("units", "V")
        .with_attr("gain", 2.5)
        .with_attr("run", 17)
        .with_attr("limits", vec![0.0, 1.0])
        .with_coord("time", times)
        .unwrap()
        .with_coord("channel", ["a", "b", "long name", "ü"])
        .unwrap()
        .with_coordinate(
            "shot",
            Coordinate::new("time", [7_i64, 8, i64::MAX]).with_attr("long_name", "number"),
        )
        .unwrap()
}

#[test]
fn all_kinds_of_labels_arrive_in_xarray() {
    let (array, folder) = (of_all_kinds(), folder());
    for name in ["all.nc", "all.zarr"] {
        let path = folder.path().join(name);
        if name.ends_with(".nc") { array.to_netcdf(&path) } else { array.to_zarr(&path) }.unwrap();
        let program = DESCRIBE.replace("a.values)", "np.nan_to_num(a.values, nan=-1.0))");
        let Some(seen) = xarray(&program, &path) else { continue };
        let seen: Value = serde_json::from_str(&seen).unwrap();
        let expected = json!({"signal": {
            "dims": ["time", "channel"],
            "dtype": "float32",
            "values": [[0.0, 0.125, -1.0, 0.375], [0.5, 0.625, -1.0, 0.875], [1.0, 1.125, -1.0, 1.375]],
            "attrs": {"units": "V", "gain": 2.5, "run": 17, "limits": [0.0, 1.0]},
            "coords": {
                "time": {"dims": ["time"], "attrs": {},
                    "values": ["2023-11-14T22:13:20.000", "2023-11-14T22:13:21.500", "2023-11-15T22:13:20.000"]},
                "channel": {"dims": ["channel"], "attrs": {}, "values": ["a", "b", "long name", "ü"]},
                "shot": {"dims": ["time"], "attrs": {"long_name": "number"}, "values": [7, 8, i64::MAX]},
            },
        }});
        assert_eq!(seen, expected, "{name}");
    }
}

#[test]
fn what_was_written_is_read_back() {
    let (array, folder) = (of_all_kinds(), folder());
    let path = folder.path().join("all.nc");
    array.to_netcdf(&path).unwrap();
    let back = DataArray::<f32, Ix2>::from_netcdf(&path, "signal").unwrap().load().unwrap();
    assert_eq!(back.labels(), array.labels());
    let path = folder.path().join("all.zarr");
    array.to_zarr(&path).unwrap();
    let again = DataArray::<f32, Ix2>::from_zarr(&path, "signal").unwrap().load().unwrap();
    assert_eq!(again.labels(), array.labels());
    for back in [back, again] {
        for (one, other) in back.view().iter().zip(array.view()) {
            assert!(one == other || one.is_nan() && other.is_nan());
        }
    }
}

#[test]
fn large_arrays_are_written_in_chunks() {
    let folder = folder();
    // No multiple of a chunk, in an order other than that of the file.
    let array = Array3::from_shape_fn((700, 13, 301), |(z, y, x)| (z * 5 + y * 3 + x) as u16);
    let array = DataArray::new(array.reversed_axes(), ["x", "y", "z"]).unwrap();
    let netcdf = folder.path().join("large.nc");
    let zarr = folder.path().join("large.zarr");
    array.to_netcdf(&netcdf).unwrap();
    array.to_zarr(&zarr).unwrap();
    for path in [netcdf, zarr] {
        let back = open::<u16>(&path, "data");
        assert_eq!(back.chunk_shape(), Some(&[57, 13, 700][..]));
        assert_eq!(back.load().unwrap().view(), array.view());
        // Across the chunks.
        let along = back.along("z").unwrap();
        let sums =
            pasha::map(&along, |_, _, item| item.data.iter().map(|&it| u64::from(it)).sum::<u64>())
                .unwrap();
        let expected: Vec<u64> = array
            .view()
            .axis_iter(ndarray::Axis(2))
            .map(|it| it.iter().map(|&it| u64::from(it)).sum())
            .collect();
        assert_eq!(sums.to_vec(), expected);
    }
}

#[test]
fn files_are_replaced_and_folders_of_others_are_not() {
    let folder = folder();
    let array = DataArray::new(ndarray::array![1, 2, 3], ["x"]).unwrap();
    let shorter = DataArray::new(ndarray::array![4, 5], ["x"]).unwrap();
    let file = folder.path().join("array.nc");
    let store = folder.path().join("array.zarr");
    std::fs::create_dir(&store).unwrap();
    for array in [&array, &shorter] {
        array.to_netcdf(&file).unwrap();
        array.to_zarr(&store).unwrap();
    }
    let back = DataArray::<i32, Ix1>::from_netcdf(&file, "data").unwrap().load().unwrap();
    assert_eq!(back.view(), shorter.view());
    let back = DataArray::<i32, Ix1>::from_zarr(&store, "data").unwrap().load().unwrap();
    assert_eq!(back.view(), shorter.view());
    std::fs::write(folder.path().join("precious"), "").unwrap();
    let error = array.to_zarr(folder.path()).unwrap_err().to_string();
    assert!(error.contains("zarr.json") && error.contains("would be deleted"), "{error}");
    assert!(array.to_netcdf(folder.path()).is_err());
    assert!(folder.path().join("precious").exists());
    // Nothing half-written is left beside them.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    assert_eq!(array.attrs().get("x"), None::<&Attribute>);
    let _ = DataArray::<f64, Ix3>::from_netcdf(&file, "data").unwrap_err();
}

#[test]
fn whoever_writes_one_store_or_reads_it_meanwhile_finds_it_whole() {
    let folder = folder();
    let store = folder.path().join("array.zarr");
    two_values().to_zarr(&store).unwrap();
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o750)).unwrap();
    std::thread::scope(|scope| {
        let write = || (0..20).for_each(|_| two_values().to_zarr(&store).unwrap());
        let writers = [scope.spawn(write), scope.spawn(write)];
        while writers.iter().any(|writer| !writer.is_finished()) {
            assert!(store.join("zarr.json").is_file());
        }
    });
    let read = DataArray::<f64, Ix1>::from_zarr(&store, "v").unwrap().load().unwrap();
    assert_eq!(read.view(), ndarray::arr1(&[1.0, 2.0]));
    assert_eq!(std::fs::metadata(&store).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn dangling_links_are_written_through() {
    let folder = folder();
    for (link, target) in [("a.nc", "b.nc"), ("a.zarr", "b.zarr")] {
        let (link, target) = (folder.path().join(link), folder.path().join(target));
        // Relative to the link's folder.
        std::os::unix::fs::symlink(target.file_name().unwrap(), &link).unwrap();
        let is_netcdf = link.extension().is_some_and(|end| end == "nc");
        if is_netcdf { two_values().to_netcdf(&link) } else { two_values().to_zarr(&link) }
            .unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink() && target.exists());
    }
}

#[test]
fn attributes_that_a_file_has_no_words_for_are_kept_or_refused() {
    let folder = folder();
    let numbers = vec![1.0, f64::NAN, f64::INFINITY];
    let array = two_values().with_attr("a", Attribute::Floats(numbers.clone()));
    let store = folder.path().join("array.zarr");
    array.to_zarr(&store).unwrap();
    let read = DataArray::<f64, Ix1>::from_zarr(&store, "v").unwrap();
    let Attribute::Floats(read) = &read.attrs()["a"] else { panic!("{:?}", read.attrs()) };
    assert!(read.len() == 3 && read[1].is_nan() && (read[0], read[2]) == (1.0, f64::INFINITY));
    let file = folder.path().join("array.nc");
    let error = two_values().with_attr("a", "b\0c").to_netcdf(&file).unwrap_err().to_string();
    assert!(error.contains("its attribute \"a\" has a '\\0'") && !file.exists(), "{error}");
    let error = two_values().to_zarr("").unwrap_err().to_string();
    assert!(error.contains("there is no name at the end of the path"), "{error}");
    let reserved = two_values().with_coordinate("__c", Coordinate::scalar(1.0)).unwrap();
    let error = reserved.to_zarr(folder.path().join("c.zarr")).unwrap_err().to_string();
    assert!(error.contains("\"__c\"") && error.contains("another name"), "{error}");
    let long = folder.path().join("n".repeat(250));
    two_values().to_netcdf(&long).unwrap();
    let reserved = DataArray::new(ndarray::arr1(&[1.0]), ["+"]).unwrap();
    let error = reserved.to_netcdf(folder.path().join("d.nc")).unwrap_err().to_string();
    assert!(error.contains("the dimension \"+\" is refused"), "{error}");
}

fn two_values() -> DataArray<f64, Ix1> {
    DataArray::new(ndarray::arr1(&[1.0, 2.0]), ["t"]).unwrap().with_name("v")
}

#[test]
fn devices_fifos_and_sockets_are_not_replaced_and_links_stay() {
    let folder = folder();
    let fifo = folder.path().join("fifo");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for (path, what) in [(&fifo, "a FIFO"), (&socket, "a socket")] {
        let before = std::fs::symlink_metadata(path).unwrap().file_type();
        let error = two_values().to_netcdf(path).unwrap_err().to_string();
        assert!(error.contains(what) && error.contains("not a regular file"), "{error}");
        let error = two_values().to_zarr(path).unwrap_err().to_string();
        assert!(error.contains(what) && error.contains("where a directory is to be"), "{error}");
        assert_eq!(std::fs::symlink_metadata(path).unwrap().file_type(), before);
        // Nor does reading wait for somebody who writes into it.
        let error = DataArray::<f64, Ix1>::from_netcdf(path, "v").unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    let file = folder.path().join("precious");
    std::fs::write(&file, "precious").unwrap();
    let error = two_values().to_zarr(&file).unwrap_err().to_string();
    assert!(error.contains("a file, where a directory is to be"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    let (link, target) = (folder.path().join("link.nc"), folder.path().join("target.nc"));
    std::fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    two_values().to_netcdf(&link).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let read = DataArray::<f64, Ix1>::from_netcdf(&target, "v").unwrap().load().unwrap();
    assert_eq!(read.view(), ndarray::arr1(&[1.0, 2.0]));
    let (link, target) = (folder.path().join("link.zarr"), folder.path().join("target.zarr"));
    two_values().to_zarr(&target).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    two_values().with_name("w").to_zarr(&link).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let read = DataArray::<f64, Ix1>::from_zarr(&target, "w").unwrap().load().unwrap();
    assert_eq!(read.view(), ndarray::arr1(&[1.0, 2.0]));
}

#[test]
fn a_single_value_goes_there_and_back() {
    let folder = folder();
    let path = folder.path().join("single.nc");
    let single = DataArray::new(ndarray::arr0(4.5), [""; 0]).unwrap().with_name("v");
    single.to_netcdf(&path).unwrap();
    let read = DataArray::<f64, ndarray::Ix0>::from_netcdf(&path, "v").unwrap().load().unwrap();
    assert_eq!(read.view().into_scalar(), &4.5);
    let raw =
        DataArray::<f64, ndarray::IxDyn>::from_netcdf_raw(&path, "v").unwrap().load().unwrap();
    assert_eq!(raw.view().iter().collect::<Vec<_>>(), [&4.5]);
}

/// Writes attributes that Python's JSON has, and no other.
const NAMED_NUMBERS: &str = r"
import sys, numpy as np, xarray as xr
attrs = {'one': np.nan, 'list': [1.0, np.inf], 'all': [np.nan, np.nan], 'quoted': 'no NaN, Infinity'}
for f in (2, 3):
    xr.Dataset({'v': ('x', [1.0, 2.0], attrs)}).to_zarr(f'{sys.argv[1]}/{f}.zarr', zarr_format=f)
";

#[test]
fn attributes_that_are_no_number_in_json_are_read_from_stores_of_xarray() {
    let folder = folder();
    if xarray(NAMED_NUMBERS, folder.path()).is_none() {
        return;
    }
    for format in [2, 3] {
        let path = folder.path().join(format!("{format}.zarr"));
        let array = DataArray::<f64, Ix1>::from_zarr(&path, "v").unwrap().load().unwrap();
        assert_eq!(array.view(), ndarray::arr1(&[1.0, 2.0]));
        assert!(matches!(array.attrs()["one"], Attribute::Float(one) if one.is_nan()));
        assert_eq!(array.attrs()["list"], Attribute::Floats(vec![1.0, f64::INFINITY]));
        let Attribute::Floats(all) = &array.attrs()["all"] else { panic!("{:?}", array.attrs()) };
        assert!(all.len() == 2 && all.iter().all(|it| it.is_nan()));
        assert_eq!(array.attrs()["quoted"].as_text(), Some("no NaN, Infinity"));
        // The same from what is written here.
        let again = folder.path().join("again.zarr");
        array.to_zarr(&again).unwrap();
        let again = DataArray::<f64, Ix1>::from_zarr(&again, "v").unwrap();
        assert_eq!(format!("{:?}", again.attrs()), format!("{:?}", array.attrs()));
    }
}

#[test]
fn names_that_a_file_can_not_have_are_told() {
    let folder = folder();
    let path = folder.path().join("names.nc");
    let named = |dim: &str| DataArray::new(ndarray::arr1(&[1.0, 2.0]), [dim]).unwrap();
    let cases = [
        (named("t").with_name("a\0b"), "name \"a\\0b\" of its array has a '\\0'"),
        (named("t").with_name("a/b"), "name \"a/b\" of its array has a '/'"),
        (named("t\0"), "of its dimension has a '\\0'"),
        (named("t/x"), "of its dimension has a '/'"),
        (named("t").with_attr("a\0", 1), "of its attribute has a '\\0'"),
        // The library takes this away when it reads.
        (named("t").with_name("_nc4_non_coord_v"), "of its array begins with \"_nc4_non_coord_\""),
        (named("t").with_name("v".repeat(256)), "of its array has 256 bytes"),
        (named(&"t".repeat(256)), "of its dimension has 256 bytes"),
    ];
    for (array, told) in cases {
        let error = array.to_netcdf(&path).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains(": give it a"), "{error}");
        assert!(!path.exists());
    }
    let store = folder.path().join("names.zarr");
    let cases = [
        (named("t").with_name("a/b"), "name \"a/b\" of its array has a '/'"),
        (named("t").with_name(".."), "name \"..\" of its array can't be that of a file's array"),
        (named("t").with_name("zarr.json"), "can't be that of a file's array"),
        (named("").with_name("a"), "its dimension has no name"),
        (named("t").with_name(""), "its array has no name"),
    ];
    for (array, told) in cases {
        for (path, error) in [(&path, array.to_netcdf(&path)), (&store, array.to_zarr(&store))] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(told) && !path.exists(), "{error}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let longest = named(&"t".repeat(255)).with_name("v".repeat(255)).with_attr("a".repeat(255), 1);
    longest.to_netcdf(&path).unwrap();
    let read = DataArray::<f64, Ix1>::from_netcdf(&path, &"v".repeat(255)).unwrap();
    assert_eq!((read.dims(), read.attrs()), (longest.dims(), longest.attrs()));
    two_values().to_netcdf(&path).unwrap();
    for name in ["v\0w".to_owned(), "v".repeat(300)] {
        let error = DataArray::<f64, Ix1>::from_netcdf(&path, &name).unwrap_err().to_string();
        assert!(error.contains("there is no such variable, there is \"v\""), "{error}");
    }
}

#[test]
fn attributes_that_say_how_a_file_is_to_be_read_are_refused_where_they_can_not() {
    let folder = folder();
    let (netcdf, zarr) = (folder.path().join("attrs.nc"), folder.path().join("attrs.zarr"));
    let cases = [
        ("scale_factor", "is not one finite number, but Text(\"2\"), and readers scale with it"),
        ("add_offset", "is not one finite number"),
        ("coordinates", "is where a file lists the coordinates: give these by `with_coordinate`"),
        ("_ARRAY_DIMENSIONS", "is where a file lists the dimensions"),
    ];
    for (name, told) in cases {
        let of_coordinate = two_values()
            .with_coordinate("t", Coordinate::new("t", [1, 2]).with_attr(name, "2"))
            .unwrap();
        for (array, of) in
            [(two_values().with_attr(name, "2"), ""), (of_coordinate, "of its coordinate \"t\" ")]
        {
            for error in [array.to_netcdf(&netcdf), array.to_zarr(&zarr)] {
                let error = error.unwrap_err().to_string();
                assert!(error.contains(&format!("{name:?} {of}{told}")), "{error}");
            }
        }
    }
    for name in ["DIMENSION_LIST", "CLASS", "NAME", "_NCProperties"] {
        let error = two_values().with_attr(name, 1).to_netcdf(&netcdf).unwrap_err().to_string();
        assert!(error.contains(&format!("{name:?} has a name that the netCDF library")), "{error}");
    }
    assert!(!netcdf.exists() && !zarr.exists());
    // Packed numbers, as the raw access reads them, stand for the same in the new file.
    let packed = DataArray::new(ndarray::arr1(&[1_i16, 2, -1]), ["t"])
        .unwrap()
        .with_name("v")
        .with_attr("scale_factor", 2)
        .with_attr("add_offset", vec![10.5])
        .with_attr("_FillValue", -1);
    packed.to_netcdf(&netcdf).unwrap();
    packed.to_zarr(&zarr).unwrap();
    for path in [netcdf, zarr] {
        let read = match path.extension().is_some_and(|end| end == "nc") {
            true => DataArray::<f64, Ix1>::from_netcdf(&path, "v"),
            false => DataArray::<f64, Ix1>::from_zarr(&path, "v"),
        };
        let read = read.unwrap().load().unwrap();
        assert_eq!(read.view().slice(ndarray::s![..2]), ndarray::arr1(&[12.5, 14.5]));
        assert!(read.view()[2].is_nan());
    }
    let program = "
import sys, xarray
for d in xarray.open_dataset(sys.argv[1] + '/attrs.nc'), xarray.open_zarr(sys.argv[1] + '/attrs.zarr'):
    print(d.v.values.tolist())
";
    if let Some(seen) = xarray(program, folder.path()) {
        assert_eq!(seen, "[12.5, 14.5, nan]\n[12.5, 14.5, nan]");
    }
}

#[test]
fn fill_values_of_arrays_and_coordinates_are_those_of_their_elements() {
    let folder = folder();
    let (netcdf, zarr) = (folder.path().join("fill.nc"), folder.path().join("fill.zarr"));
    let with = |fill: Attribute| {
        let coordinate = Coordinate::new("t", [0.5, 7.0]).with_attr("_FillValue", fill.clone());
        let array = DataArray::new(ndarray::arr1(&[1.0, 7.0]), ["t"]).unwrap().with_name("v");
        array.with_attr("_FillValue", fill).with_coordinate("c", coordinate).unwrap()
    };
    with(7.into()).to_zarr(&zarr).unwrap();
    let program = "
import sys, xarray
d = xarray.open_zarr(sys.argv[1] + '/fill.zarr')
print(d.v.values.tolist(), d.c.values.tolist())
";
    if let Some(seen) = xarray(program, folder.path()) {
        assert_eq!(seen, "[1.0, nan] [0.5, nan]");
    }
    // Read raw, either file can be written in either format.
    let raw = DataArray::<f64, Ix1>::from_zarr_raw(&zarr, "v").unwrap().load().unwrap();
    assert_eq!(raw.attrs()["_FillValue"], Attribute::Float(7.0));
    raw.to_netcdf(&netcdf).unwrap();
    let raw = DataArray::<f64, Ix1>::from_netcdf_raw(&netcdf, "v").unwrap().load().unwrap();
    raw.to_zarr(&zarr).unwrap();
    let read = DataArray::<f64, Ix1>::from_zarr(&zarr, "v").unwrap().load().unwrap();
    assert!(read.view()[0] == 1.0 && read.view()[1].is_nan());
    for fill in [Attribute::from("none"), Vec::<f64>::new().into(), vec![1.0, 2.0].into()] {
        let error = with(fill).to_zarr(&zarr).unwrap_err().to_string();
        assert!(error.contains("\"_FillValue\"") && error.contains("no value of"), "{error}");
    }
    let texts = Coordinate::new("t", ["a", "b"]).with_attr("_FillValue", "x");
    let error = two_values().with_coordinate("c", texts).unwrap().to_zarr(&zarr).unwrap_err();
    assert!(error.to_string().contains("its coordinate \"c\" has an attribute"), "{error}");
}

#[test]
fn dimensions_without_length_are_written_and_read() {
    let folder = folder();
    let empty = DataArray::new(ndarray::Array2::<f32>::zeros((0, 3)), ["train", "x"])
        .and_then(|array| array.with_coord("train", Vec::<f64>::new()))
        .and_then(|array| array.with_coord("x", [1.0, 2.0, 3.0]))
        .unwrap()
        .with_name("v");
    let (netcdf, zarr) = (folder.path().join("empty.nc"), folder.path().join("empty.zarr"));
    empty.to_netcdf(&netcdf).unwrap();
    empty.to_zarr(&zarr).unwrap();
    for array in [
        DataArray::<f32, ndarray::Ix2>::from_netcdf(&netcdf, "v").unwrap(),
        DataArray::<f32, ndarray::Ix2>::from_zarr(&zarr, "v").unwrap(),
    ] {
        let read = array.load().unwrap();
        assert_eq!(read.view().shape(), [0, 3]);
        assert_eq!(read.coords(), empty.coords());
        assert_eq!(
            pasha::map(array.along("train").unwrap(), |_, _, row| row.data.sum()).unwrap().len(),
            0
        );
    }
    let program = "
import sys, xarray
n, z = xarray.open_dataset(sys.argv[1] + '/empty.nc'), xarray.open_zarr(sys.argv[1] + '/empty.zarr')
print(n.v.shape, z.v.shape, n.train.shape, n.x.values.tolist(), n.v.dtype)
";
    if let Some(seen) = xarray(program, folder.path()) {
        assert_eq!(seen, "(0, 3) (0, 3) (0,) [1.0, 2.0, 3.0] float32");
    }
}

/// Sums a row into five bins.
#[pasha::kernel]
fn five_bins(rows: ArrayView2<f64>) -> [f64; 5] {
    [rows.sum(); 5]
}

#[test]
fn new_dimensions_have_no_name_and_no_labels_of_the_sources() {
    // As xarray calls dimensions without names.
    let frames = DataArray::new(Array3::<f64>::ones((4, 5, 7)), ["dim_0", "dim_1", "dim_2"])
        .and_then(|frames| frames.with_coord("dim_1", [10.0, 20.0, 30.0, 40.0, 50.0]))
        .and_then(|frames| frames.with_coordinate("dim_4", Coordinate::scalar(3.0)))
        .unwrap();
    let along = frames.along("dim_0").unwrap();
    let bins = five_bins::run_serial(&along).unwrap().into_labelled(&along).unwrap();
    assert_eq!(bins.dims(), ["dim_0", "dim_3"]);
    assert_eq!(bins.coords().keys().collect::<Vec<_>>(), ["dim_4"]);
}
