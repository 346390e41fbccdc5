//! What lies in the place of a chunk of a Zarr store: never waited for, never taken for values,
//! and always named.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use ndarray::{Array1, Array2, Ix2};
use pasha::DataArray;

use super::python::{folder, xarray};

/// Writes stores of zarr-python: of both formats, compressed and not, in shards, and of elements
/// that are no numbers.
const WRITE: &str = r"
import os, sys, numpy as np, zarr
values = np.arange(12 * 6, dtype='f8').reshape(12, 6)
def write(name, zarr_format, **options):
    group = zarr.open_group(os.path.join(sys.argv[1], name), mode='w', zarr_format=zarr_format)
    array = group.create_array('inner/v', shape=values.shape, dtype='f8', **options)
    array[...] = values
    times = group.create_array('times', shape=(3,), dtype='M8[ns]')
    texts = group.create_array('texts', shape=(3,), dtype='U5')
    complex = group.create_array('complex', shape=(3,), dtype='c16')
write('plain-2', 2, chunks=(4, 6), compressors=None)
write('plain-3', 3, chunks=(4, 6), compressors=None)
write('zipped-2', 2, chunks=(4, 6))
write('zipped-3', 3, chunks=(4, 6))
write('shards-3', 3, chunks=(2, 6), shards=(4, 6))
print('written')
";

/// The file of the second chunk or shard.
fn chunk_file(store: &Path) -> std::path::PathBuf {
    let array = store.join("inner/v");
    if store.to_string_lossy().ends_with('2') { array.join("1.0") } else { array.join("c/1/0") }
}

fn load(store: &Path) -> Result<Array2<f64>, String> {
    let array = DataArray::<f64, Ix2>::from_zarr(store, "inner/v").unwrap();
    array.load().map(|array| array.view().to_owned()).map_err(|error| error.to_string())
}

#[test]
fn what_is_no_chunk_is_named_and_not_waited_for() {
    let folder = folder();
    if xarray(WRITE, folder.path()).is_none() {
        return;
    }
    let values = Array2::from_shape_fn((12, 6), |(t, y)| (t * 6 + y) as f64);
    for store in ["plain-2", "plain-3", "zipped-2", "zipped-3", "shards-3"] {
        let store = folder.path().join(store);
        let file = chunk_file(&store);
        let whole = fs::read(&file).unwrap();
        assert_eq!(load(&store), Ok(values.clone()));
        let refused = |told: &str| {
            let error = load(&store).unwrap_err();
            assert!(error.contains(told), "{error}");
            assert!(error.contains(file.to_str().unwrap()), "{error}");
            assert!(error.contains("inner/v"), "{error}");
        };

        fs::remove_file(&file).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &file, 0o600.into()).unwrap();
        refused("is a FIFO");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        refused("is a directory");
        fs::remove_dir(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        refused("damaged");
        fs::write(&file, b"").unwrap();
        refused("damaged");
        if store.to_string_lossy().contains("plain") {
            fs::write(&file, &whole).unwrap();
            OpenOptions::new().append(true).open(&file).unwrap().write_all(&[0; 8]).unwrap();
            refused("has 200 bytes instead of the 192 of a chunk");
        }
        // A chunk that is not there reads as the fill value, but not one that was moved away.
        fs::remove_file(&file).unwrap();
        assert_eq!(load(&store).unwrap().row(5), Array1::<f64>::zeros(6));
        std::os::unix::fs::symlink("/moved/away", &file).unwrap();
        refused("is a link to /moved/away, which is not there");
    }
}

#[test]
fn what_is_no_array_of_numbers_is_told_with_the_way_out() {
    let folder = folder();
    if xarray(WRITE, folder.path()).is_none() {
        return;
    }
    let reason = |store: &Path, name: &str| {
        DataArray::<f64, Ix2>::from_zarr(store, name).unwrap_err().to_string()
    };
    for store in ["plain-2", "plain-3"] {
        let store = folder.path().join(store);
        for group in ["", "/", "inner", ".", "..", "inner/../inner/v", "/nowhere"] {
            let error = reason(&store, group);
            assert!(error.contains("there is no such array"), "{error}");
            assert!(error.contains("\"times\""), "{error}");
        }
        assert!(DataArray::<f64, Ix2>::from_zarr(&store, "/inner/v/").is_ok());
        for (name, told) in [
            ("times", "nanoseconds since 1970-01-01"),
            ("texts", "texts are read where they are a coordinate"),
            ("complex", "the real and the imaginary parts"),
        ] {
            let error = reason(&store, name);
            assert!(error.contains(told), "{error}");
        }
    }
    // An array that no memory holds.
    let document = folder.path().join("plain-3/inner/v/zarr.json");
    let text = fs::read_to_string(&document).unwrap();
    let shape: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let changed =
        shape.replace("\"shape\":[12,6]", "\"shape\":[4611686018427387904,4611686018427387904]");
    assert_ne!(shape, changed);
    fs::write(&document, changed).unwrap();
    let error = reason(&folder.path().join("plain-3"), "inner/v");
    assert!(
        error.contains("inner/v") && error.contains("larger than the address space"),
        "{error}"
    );
}

/// Metadata and links that lead to a FIFO are passed over, or told, and not waited for.
#[test]
fn a_fifo_beside_an_array_is_not_waited_for() {
    const PROGRAM: &str = r"
import os, sys, numpy as np, zarr, netCDF4, h5py
os.chdir(sys.argv[1])
group = zarr.open_group('store', mode='w', zarr_format=3)
group.create_array('v', shape=(3,), dtype='f8')[...] = np.arange(3.0)
os.remove('store/zarr.json')
os.mkfifo('store/zarr.json')
with netCDF4.Dataset('linked.nc', 'w') as file:
    file.createDimension('x', 3)
    file.createVariable('v', 'f8', ('x',))[:] = np.arange(3.0)
os.mkfifo('fifo')
with h5py.File('linked.nc', 'a') as file: file['inner/other'] = h5py.ExternalLink('fifo', '/v')
print('written')
";
    let folder = folder();
    if xarray(PROGRAM, folder.path()).is_none() {
        return;
    }
    let array = DataArray::<f64, ndarray::Ix1>::from_zarr(folder.path().join("store"), "v");
    assert_eq!(array.unwrap().load().unwrap().view(), ndarray::array![0.0, 1.0, 2.0]);
    let array = DataArray::<f64, ndarray::Ix1>::from_netcdf(folder.path().join("linked.nc"), "v");
    let told = array.map(drop).unwrap_err().to_string();
    assert!(told.contains("FIFO") && told.contains("inner/other"), "{told}");
}

#[test]
fn documents_that_are_no_files_are_told() {
    let folder = folder();
    let store = folder.path().join("store.zarr");
    DataArray::new(Array2::<f64>::ones((3, 2)), ["time", "x"])
        .and_then(|array| array.with_coord("time", [0.5, 1.5, 2.5]))
        .and_then(|array| array.with_name("v").to_zarr(&store))
        .unwrap();
    let document = store.join("time/zarr.json");
    fs::rename(&document, folder.path().join("moved")).unwrap();
    let told = || {
        let array = DataArray::<f64, Ix2>::from_zarr(&store, "v").unwrap();
        assert_eq!(array.load().unwrap().view().sum(), 6.0);
        let [skipped] = array.skipped_coordinates() else { panic!("{array:?}") };
        assert_eq!(skipped.name, "time");
        skipped.reason.clone()
    };
    std::os::unix::fs::symlink("annex/object", &document).unwrap();
    assert!(told().contains("zarr.json is a link to annex/object"), "{}", told());
    fs::remove_file(&document).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &document, 0o600.into()).unwrap();
    assert!(told().contains("zarr.json is a FIFO"), "{}", told());
}

#[test]
fn records_are_refused_by_their_fields() {
    let folder = folder();
    let script = "import sys, zarr
zarr.create_array(sys.argv[1], shape=(4,), dtype=[('a', '<i4'), ('b', '<f8')], zarr_format=2)
print('written')";
    let store = folder.path().join("records.zarr");
    if xarray(script, &store).is_none() {
        return;
    }
    let error = DataArray::<f64, ndarray::Ix1>::from_zarr(&store, "").unwrap_err().to_string();
    assert!(error.contains("each field of a record") && !error.contains("damaged"), "{error}");
}
