//! Mistakes end in errors that name the file, the variable, both values and the way out.

use std::path::Path;

use ndarray::{Array3, Ix1, Ix2, Ix3, IxDyn};
use pasha::{Cause, Context, DataArray, Error, Result, StoredArray};
use pasha_tests::{at_item, for_each_context_of_files};

use super::expected::open;
use super::python::{folder, references, xarray};

type Opened<A, D> = Result<StoredArray<A, D>>;

fn refused<A, D>(opened: Opened<A, D>, path: &Path, parts: &[&str]) {
    let error = opened.err().expect("it is refused");
    let message = error.to_string();
    let path = path.display().to_string();
    for part in parts.iter().copied().chain([path.as_str()]) {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

fn both(path: &Path) -> (bool, &Path) {
    (path.extension().is_some_and(|extension| extension == "nc"), path)
}

#[test]
fn wrong_names_types_and_ranks() {
    for path in references() {
        let (is_netcdf, path) = both(&path);
        let three = |variable| {
            if is_netcdf {
                DataArray::<f64, Ix3>::from_netcdf(path, variable)
            } else {
                DataArray::<f64, Ix3>::from_zarr(path, variable)
            }
        };
        let two = |variable| {
            if is_netcdf {
                DataArray::<i32, Ix2>::from_netcdf(path, variable)
            } else {
                DataArray::<i32, Ix2>::from_zarr(path, variable)
            }
        };
        refused(three("count"), path, &["\"count\"", "nearest of 6", "\"counts\""]);
        refused(three(""), path, &[]);
        refused(three("../counts"), path, &[]);
        refused(three("counts"), path, &["i32, but f64 was asked for", "DataArray::<i32"]);
        refused(two("counts"), path, &["3 dimensions (time, y, x)", "2 were asked", "Ix3"]);
        let error = open::<i32>(path, "counts").along("tiem").unwrap_err().to_string();
        assert!(error.contains("\"tiem\"") && error.contains("\"time\", \"y\", \"x\""), "{error}");
    }
}

#[test]
fn what_is_no_such_file() {
    let folder = folder();
    let missing = folder.path().join("missing.nc");
    let netcdf = DataArray::<f64, Ix3>::from_netcdf(&missing, "counts");
    assert!(matches!(netcdf, Err(Error::File { action: "open", .. })));
    refused(netcdf, &missing, &["can't open"]);
    refused(DataArray::<f64, Ix3>::from_zarr(&missing, "counts"), &missing, &["can't open"]);
    refused(
        DataArray::<f64, Ix3>::from_netcdf(folder.path(), "counts"),
        folder.path(),
        &["directory"],
    );
    let empty = folder.path().join("empty.nc");
    std::fs::write(&empty, "").unwrap();
    refused(DataArray::<f64, Ix3>::from_netcdf(&empty, "counts"), &empty, &["no NetCDF file"]);
    refused(DataArray::<f64, Ix3>::from_zarr(&empty, "counts"), &empty, &["can't open"]);
    refused(
        DataArray::<f64, Ix3>::from_zarr(folder.path(), "counts"),
        folder.path(),
        &["there is none"],
    );
}

#[test]
fn a_fill_value_of_an_enumeration_is_refused_with_the_way_out() {
    let folder = folder();
    let path = folder.path().join("clouds.nc");
    let program = "
import sys, netCDF4, numpy as np
f = netCDF4.Dataset(sys.argv[1], 'w')
f.createDimension('x', 4)
kind = f.createEnumType(np.uint8, 'cloud', {'clear': 0, 'cumulus': 1, 'missing': 255})
f.createVariable('clouds', kind, ('x',), fill_value=255)[:] = np.array([0, 1, 255, 1], 'u1')
f.createVariable('plain', kind, ('x',))[:] = np.array([0, 1, 0, 1], 'u1')
f.close()
";
    if xarray(program, &path).is_none() {
        return;
    }
    let open = |name| DataArray::<u8, Ix1>::from_netcdf(&path, name);
    let parts = ["\"clouds\"", "_FillValue", "enumeration", "`from_netcdf_raw`", "u8"];
    refused(open("clouds"), &path, &parts);
    let raw = DataArray::<u8, Ix1>::from_netcdf_raw(&path, "clouds").unwrap().load().unwrap();
    assert_eq!(raw.view().to_vec(), [0, 1, 255, 1]);
    assert_eq!(open("plain").unwrap().load().unwrap().view().to_vec(), [0, 1, 0, 1]);
}

#[test]
fn truncated_files_are_noticed_at_the_latest_when_they_are_read() {
    let Some(path) = references().into_iter().next() else { return };
    let whole = std::fs::read(path).unwrap();
    let folder = folder();
    let path = folder.path().join("truncated.nc");
    for part in 1..40 {
        std::fs::write(&path, &whole[..whole.len() * part / 40]).unwrap();
        let opened = DataArray::<i32, Ix3>::from_netcdf(&path, "counts");
        assert!(opened.and_then(|array| array.load()).is_err(), "{part}");
    }
}

for_each_context_of_files! {
    fn damage_that_a_worker_finds_is_reported_with_the_index(context: &dyn Context) {
        let folder = folder();
        let path = folder.path().join("damaged.zarr");
        let array = Array3::from_shape_fn((6, 512, 512), |(t, y, x)| (t * y + x) as u32);
        DataArray::new(array, ["time", "y", "x"]).unwrap().to_zarr(&path).unwrap();
        let array = open::<u32>(&path, "data");
        assert_eq!(array.chunk_shape(), Some(&[1, 512, 512][..]));
        std::fs::write(path.join("data/c/4/0/0"), "this is no chunk").unwrap();
        let error = pasha::map_in(context, array.along("time").unwrap(), |_, _, item| {
            item.data.iter().map(|&it| u64::from(it)).sum::<u64>()
        });
        let error = error.unwrap_err();
        assert!(matches!(at_item(&error), (4, Cause::Source(_))), "{error}");
    }
}

#[test]
fn labels_that_do_not_fit_the_array() {
    let array = || ndarray::Array2::<f64>::zeros((2, 3));
    let message = |error: Error| error.to_string();
    let error = message(DataArray::new(array(), ["x"]).unwrap_err());
    assert!(error.contains("[\"x\"]") && error.contains("2 axes"), "{error}");
    let error = message(DataArray::new(array(), ["x", "x"]).unwrap_err());
    assert!(error.contains("both be called \"x\""), "{error}");
    let named = || DataArray::new(array(), ["y", "x"]).unwrap();
    let error = message(named().with_coord("x", [1.0, 2.0]).unwrap_err());
    assert!(error.contains("2 values") && error.contains("length 3"), "{error}");
    let error = message(named().with_coord("z", [1.0, 2.0]).unwrap_err());
    assert!(error.contains("\"z\""), "{error}");
    let error = message(named().rename("x", "y").unwrap_err());
    assert!(error.contains("both"), "{error}");
    let named = named();
    let along = named.along("x").unwrap();
    let other = pasha::map(0..5_usize, |_, index, _| index).unwrap();
    let error = message(other.into_labelled(&along).unwrap_err());
    assert!(error.contains("[5]") && error.contains("3 indices of \"x\""), "{error}");
}

#[test]
fn a_filter_of_netcdf_that_is_missing_is_no_damage() {
    let folder = folder();
    // A filter that nobody has, under a number that is free for tests.
    let script = "import sys, h5py, numpy as np
with h5py.File(sys.argv[1], 'w') as f:
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE); p.set_chunk((4,)); p.set_filter(300, h5py.h5z.FLAG_OPTIONAL, ())
    d = h5py.h5d.create(f.id, b'v', h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((4,)), p)
    d.write_direct_chunk((0,), np.arange(4, dtype='f4').tobytes())
    f.create_dataset('x', data=np.arange(4)).make_scale('x'); f['v'].dims[0].attach_scale(f['x'])";
    let path = folder.path().join("filter.nc");
    if xarray(script, &path).is_none() {
        return;
    }
    let opened = DataArray::<f32, ndarray::Ix1>::from_netcdf(&path, "v");
    let error = opened.and_then(|array| array.load()).unwrap_err().to_string();
    for part in ["not installed here", "300", "HDF5_PLUGIN_PATH", &path.display().to_string()] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("damaged"), "{error}");
}

/// A file or a store that was written, truncated or replaced since it was opened is told by each
/// worker, with both states, instead of being read with what was known of it.
#[test]
fn what_changed_since_it_was_opened_is_told() {
    let folder = folder();
    let counts = || ndarray::Array2::<f32>::ones((40, 50));
    let array = |at: f32| DataArray::new(counts() * at, ["y", "x"]).unwrap().with_name("counts");
    let (netcdf, zarr) = (folder.path().join("a.nc"), folder.path().join("a.zarr"));
    let classic = folder.path().join("classic.nc");
    let program = "
import sys, numpy as np, xarray as xr
counts = xr.Dataset({'counts': (('y', 'x'), np.ones((40, 50), 'f4'))})
counts.to_netcdf(sys.argv[1] + '/classic.nc', format='NETCDF3_CLASSIC')
";
    if xarray(program, folder.path()).is_none() {
        return;
    }
    array(1.0).to_netcdf(&netcdf).unwrap();
    array(1.0).to_zarr(&zarr).unwrap();
    let document = ["counts/zarr.json", "counts/.zarray"].map(|name| zarr.join(name));
    let document = document.into_iter().find(|path| path.exists()).unwrap();
    let opened = [
        (DataArray::<f32, Ix2>::from_netcdf(&netcdf, "counts").unwrap(), netcdf),
        (DataArray::<f32, Ix2>::from_netcdf(&classic, "counts").unwrap(), classic),
        (DataArray::<f32, Ix2>::from_zarr(&zarr, "counts").unwrap(), document),
    ];
    for (array, path) in opened {
        let size = std::fs::metadata(&path).unwrap().len();
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        for context in ["serial", "threads:2", "processes:2"] {
            let context: pasha::AnyContext = context.parse().unwrap();
            let along = array.along("y").unwrap();
            let error = pasha::map_in(&*context, &along, |_, _, row| row.data.sum()).unwrap_err();
            let (error, had) = (error.to_string(), format!("{name} was written since"));
            assert!(error.contains(&had), "{error}");
            assert!(error.contains(&format!("had {size} bytes, last changed")), "{error}");
            assert!(error.contains("open it again"), "{error}");
        }
        let error = array.load().unwrap_err().to_string();
        assert!(error.contains(&format!("has {size} bytes, last changed")), "{error}");
    }
    std::fs::write(folder.path().join("empty.nc"), "").unwrap();
    let empty = DataArray::<f32, Ix2>::from_netcdf(folder.path().join("empty.nc"), "counts");
    let error = empty.unwrap_err().to_string();
    assert!(error.contains("empty.nc") && error.contains("empty (0 bytes)"), "{error}");
}

#[test]
fn a_variable_in_a_group_is_among_the_names_that_are_told() {
    let folder = folder();
    const WRITE: &str = r"
import netCDF4, sys
with netCDF4.Dataset(f'{sys.argv[1]}/groups.nc', 'w') as d:
    g = d.createGroup('outer').createGroup('inner')
    g.createDimension('x', 3)
    g.createVariable('counts', 'f8', ('x',))[:] = [1, 2, 3]
    d.createVariable('title', str, ())
";
    if xarray(WRITE, folder.path()).is_none() {
        return;
    }
    let path = folder.path().join("groups.nc");
    let opened = DataArray::<f64, Ix1>::from_netcdf(&path, "counts");
    refused(opened, &path, &["no such variable", "\"outer/inner/counts\""]);
    let found = DataArray::<f64, Ix1>::from_netcdf(&path, "outer/inner/counts").unwrap();
    assert_eq!(found.load().unwrap().view(), ndarray::array![1.0, 2.0, 3.0]);
    let opened = DataArray::<f64, ndarray::Ix0>::from_netcdf(&path, "title");
    refused(opened, &path, &["\"title\"", "no numbers, but texts"]);
}

/// Writes variables that are shorter than their dimensions, of which two can grow, and one with an
/// attribute of two dimensions, which netCDF does not have.
const NOT_OF_NETCDF: &str = r"
import sys, numpy as np, netCDF4, h5py
with netCDF4.Dataset(sys.argv[1] + '/short.nc', 'w') as d:
    d.createDimension('t', None); d.createDimension('u', None)
    short, rows = d.createVariable('short', 'i4', ('t', 'u')), d.createVariable('rows', 'i4', ('t', 'u'))
    long, line = d.createVariable('long', 'i4', ('t', 'u')), d.createVariable('line', 'i4', ('t',))
    long[:] = np.arange(12).reshape(3, 4); line[0:2] = [5, 6]
    short[0:2, 0:2] = [[1, 2], [3, 4]]; rows[0:2, 0:4] = np.arange(8).reshape(2, 4)
with netCDF4.Dataset(sys.argv[1] + '/attribute.nc', 'w') as d:
    d.createDimension('x', 3); d.createVariable('v', 'f4', ('x',))[:] = 1
with h5py.File(sys.argv[1] + '/attribute.nc', 'a') as f: f['v'].attrs['matrix'] = np.ones((2, 2))
with netCDF4.Dataset(sys.argv[1] + '/groups.nc', 'w') as d:
    d.createDimension('x', 2); d.createVariable('x', 'i4', ('x',))[:] = 2
    d.createVariable('label', 'i4', ('x',))[:] = 3
    g = d.createGroup('g'); g.createDimension('x', 3)
    v = g.createVariable('v', 'f4', ('x',)); v[:] = 1; v.coordinates = 'label'
with netCDF4.Dataset(sys.argv[1] + '/beside.nc', 'w') as d:
    d.createDimension('x', 3); d.createVariable('v', 'f4', ('x',))[:] = 1
    d.createVariable('x', 'i4', ('x',))[:] = 2; d.createVariable('label', 'i4', ('x',))[:] = [7, 8, 9]
    d.createVariable('other', 'f4', ('x',)).coordinates = 'label'
with h5py.File(sys.argv[1] + '/beside.nc', 'a') as f:
    for of in f, f['x']: of.attrs['matrix'] = np.ones((2, 2))
";

#[test]
fn what_the_netcdf_library_reads_wrongly_or_not_at_all_is_told() {
    let folder = folder();
    if xarray(NOT_OF_NETCDF, folder.path()).is_none() {
        return;
    }
    let path = folder.path().join("short.nc");
    let open = |name: &str| DataArray::<i32, ndarray::IxDyn>::from_netcdf_raw(&path, name);
    for (name, shape) in [("short", "[2, 2]"), ("rows", "[2, 4]")] {
        let told = open(name).unwrap_err().to_string();
        for part in [shape, "[3, 4]", "of which 2 can grow", "h5netcdf"] {
            assert!(told.contains(part), "{told}");
        }
    }
    let long = open("long").unwrap().load().unwrap();
    assert!(long.view().iter().copied().eq(0..12));
    // Where one dimension can grow the library fills what is missing.
    let line = open("line").unwrap().load().unwrap();
    assert!(line.view().iter().copied().eq([5, 6, -2_147_483_647]), "{:?}", line.view());

    let path = folder.path().join("attribute.nc");
    let opened = DataArray::<f32, ndarray::IxDyn>::from_netcdf(&path, "v");
    let told = opened.unwrap_err().to_string();
    assert!(told.contains("several dimensions") && told.contains("h5netcdf"), "{told}");

    // A coordinate of a group around does not count that lies along a dimension which this group
    // has itself.
    let path = folder.path().join("groups.nc");
    let opened = DataArray::<f32, Ix1>::from_netcdf(&path, "g/v").unwrap();
    assert!(opened.coords().is_empty() && opened.shape() == [3], "{opened:?}");
    let skipped = opened.skipped_coordinates();
    assert!(skipped.len() == 1 && skipped[0].name == "label", "{skipped:?}");

    // That a coordinate has such an attribute takes no other label away, and is told.
    let path = folder.path().join("beside.nc");
    let opened = DataArray::<f32, Ix1>::from_netcdf(&path, "v").unwrap();
    let label = opened.coords().iter().map(|(name, it)| (name.as_str(), it.values()));
    let expected = pasha::labelled::Values::Integer(vec![7, 8, 9]);
    assert_eq!(label.collect::<Vec<_>>(), [("label", &expected)]);
    let skipped = opened.skipped_coordinates();
    assert!(skipped.len() == 1 && skipped[0].name == "x", "{skipped:?}");
    assert!(skipped[0].reason.contains("several dimensions"), "{skipped:?}");
}

/// Writes files of the three classic formats, with variables that grow and one that does not.
const CLASSIC: &str = r"
import sys, netCDF4, numpy as np
for format in 'NETCDF3_CLASSIC', 'NETCDF3_64BIT_OFFSET', 'NETCDF3_64BIT_DATA':
    with netCDF4.Dataset(f'{sys.argv[1]}/{format}.nc', 'w', format=format) as d:
        d.createDimension('t', None); d.createDimension('x', 5); d.title = 'abc'
        stays = d.createVariable('stays', 'f8', ('x',)); stays[:] = 1
        counts = d.createVariable('counts', 'i2', ('t', 'x')); counts.units = 'm'
        counts[:] = np.arange(35).reshape(7, 5)
        d.createVariable('t', 'i1', ('t',))[:] = 1
        wide = d.createVariable('wide', 'f8', ('t', 'x')); wide[:] = 2
print('written')
";

#[test]
fn classic_netcdf_files_that_are_not_whole_are_refused() {
    let folder = folder();
    if xarray(CLASSIC, folder.path()).is_none() {
        return;
    }
    for format in ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"] {
        let path = folder.path().join(format).with_extension("nc");
        let whole = std::fs::read(&path).unwrap();
        let load = |name: &str| {
            let opened = DataArray::<f64, IxDyn>::from_netcdf(&path, name);
            opened.and_then(|opened| opened.load()).map(|array| array.view().sum())
        };
        assert_eq!((load("stays").unwrap(), load("wide").unwrap()), (5.0, 70.0));
        for cut in [1, 8, 100, whole.len() / 2] {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let told = load("wide").unwrap_err().to_string();
            assert!(told.contains("truncated") && told.contains("write it again"), "{told}");
            let sizes = [whole.len() - cut, whole.len()].map(|size| size.to_string());
            assert!(told.contains(&sizes[0]), "{told}");
            assert!(cut == whole.len() / 2 || told.contains(&sizes[1]), "{told}");
        }
        // The number of records is the first in the header: one more than there are.
        let mut more = whole.clone();
        more[if format.ends_with("DATA") { 11 } else { 7 }] += 1;
        std::fs::write(&path, &more).unwrap();
        let told = load("wide").unwrap_err().to_string();
        assert!(told.contains("truncated, or its header damaged"), "{told}");
        assert_eq!(load("stays").unwrap(), 5.0);
        // A name of two gigabytes.
        let mut long = whole.clone();
        let at = if format.ends_with("DATA") { 24 } else { 16 };
        long[at..at + 4].copy_from_slice(&0x7fff_fff0_u32.to_be_bytes());
        std::fs::write(&path, &long).unwrap();
        let told = load("wide").unwrap_err().to_string();
        assert!(told.contains("header is damaged"), "{told}");
    }
}
