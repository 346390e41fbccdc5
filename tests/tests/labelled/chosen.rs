//! Chosen indices of arrays in files: values and labels as xarray's `isel` has them.

use std::fs;
use std::path::Path;

use ndarray::{ArrayView1, Ix2};
use pasha::labelled::Values;
use pasha::{Context, DataArray, SerialContext, StoredArray};
use pasha_tests::for_each_context_of_files;

use super::python::{folder, xarray};

/// Writes an array in chunks of 5 along time, and what `isel` gives of it.
const WRITE: &str = r"
import sys, json, numpy as np, xarray as xr
out = sys.argv[1]
v = np.random.default_rng(3).integers(0, 1000, (40, 6))
ds = xr.Dataset({'v': (('time', 'x'), v)}, {'time': np.arange(40) * 0.5, 'x': list('abcdef'),
                'lat': (('time', 'x'), v * 0.25), 'run': 17, 'shot': ('time', np.arange(40) + 100)})
ds.to_netcdf(f'{out}/v.nc', engine='netcdf4', encoding={'v': {'zlib': True, 'chunksizes': (5, 6)}})
ds.to_netcdf(f'{out}/plain.nc', engine='netcdf4')
ds.to_zarr(f'{out}/v.zarr', encoding={'v': {'chunks': (5, 6)}}, zarr_format=2, consolidated=False)
s = ds.isel(time=[33, 2, 2, 4, 30])
print(json.dumps([s.v.sum('x').values.tolist(), s.time.values.tolist(), s.lat.values.ravel().tolist(), s.shot.values.tolist()]))
";

const CHOSEN: [i64; 5] = [33, 2, 2, 4, 30];

#[pasha::kernel]
fn total(row: ArrayView1<i64>) -> i64 {
    row.sum()
}

fn open(path: &Path) -> StoredArray<i64, Ix2> {
    match path.extension().is_some_and(|extension| extension == "nc") {
        true => DataArray::from_netcdf(path, "v").unwrap(),
        false => DataArray::from_zarr(path, "v").unwrap(),
    }
}

for_each_context_of_files! {
    fn values_and_labels_are_those_of_isel(context: &dyn Context) {
        let folder = folder();
        let Some(expected) = xarray(WRITE, folder.path()) else { return };
        type Expected = (Vec<i64>, Vec<f64>, Vec<f64>, Vec<i64>);
        let (totals, time, lat, shot): Expected = serde_json::from_str(&expected).unwrap();
        for name in ["v.nc", "plain.nc", "v.zarr"] {
            let array = open(&folder.path().join(name));
            let along = array.along("time").unwrap();
            let chosen = pasha::select(&along, &CHOSEN);
            let out = total::run_in(context, &chosen).unwrap();
            assert_eq!(out.to_vec(), totals, "{name}");
            let out = out.into_labelled(&chosen).unwrap();
            assert_eq!(out.dims(), ["time"]);
            assert_eq!(*out.coords()["time"].values(), Values::Float(time.clone()), "{name}");
            assert_eq!(*out.coords()["shot"].values(), Values::Integer(shot.clone()), "{name}");
            assert_eq!(out.coords()["run"].get(0).unwrap().to_f64(), 17.0);
            #[pasha::kernel]
            fn copy(row: ArrayView1<i64>, #[output(like = row)] mut same: ndarray::ArrayViewMut1<i64>) {
                same.assign(&row);
            }
            let out = copy::run_in(context, &chosen).unwrap().into_labelled(&chosen).unwrap();
            assert_eq!(*out.coords()["lat"].values(), Values::Float(lat.clone()), "{name}");

            let mask: Vec<bool> = (0..40).map(|index| index % 9 == 4).collect();
            let masked = pasha::masked(&along, &mask);
            let whole = total::run_in(context, &along).unwrap();
            let (out, report) = total::run_report_in(context, &masked).unwrap();
            assert_eq!(report.absent, 36);
            for (index, &is_chosen) in mask.iter().enumerate() {
                assert_eq!(out[index], if is_chosen { whole[index] } else { 0 }, "{name}");
            }
            let out = out.into_labelled(&masked).unwrap();
            assert_eq!(out.coords()["time"], array.coords()["time"]);
            let both = pasha::concat([&along, &along]);
            let out = total::run_in(context, &both).unwrap().into_labelled(&both).unwrap();
            assert_eq!(out.coords()["time"].values().len(), 80);
            assert_eq!(out.view().sum(), 2 * whole.sum());
        }
    }
}

#[test]
fn only_chunks_with_chosen_indices_are_read() {
    let folder = folder();
    if xarray(WRITE, folder.path()).is_none() {
        return;
    }
    let store = folder.path().join("v.zarr");
    let whole = total::run_serial(open(&store).along("time").unwrap()).unwrap();
    for number in (0..8).filter(|number| ![0, 6].contains(number)) {
        fs::write(store.join(format!("v/{number}.0")), b"damaged").unwrap();
    }
    let array = open(&store);
    let along = array.along("time").unwrap();
    total::run_serial(&along).unwrap_err();
    let out = total::run_in(&SerialContext::new(), pasha::select(&along, &CHOSEN)).unwrap();
    let expected: Vec<i64> = CHOSEN.iter().map(|&index| whole[index as usize]).collect();
    assert_eq!(out.to_vec(), expected);
    let mask: Vec<bool> = (0..40).map(|index| CHOSEN.contains(&index)).collect();
    let out = total::run_serial(pasha::masked(&along, &mask)).unwrap();
    assert_eq!((out[33], out[34]), (whole[33], 0));
}
