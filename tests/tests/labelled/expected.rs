//! What the original sees in the reference files is seen here, in all contexts.

use std::path::Path;

use ndarray::{Ix2, Ix3};
use pasha::labelled::StoredElement;
use pasha::{Context, DataArray, Labelled, StoredArray};
use pasha_tests::for_each_context_of_files;
use serde_json::Value;

use super::python::references;

/// A row as the original's kernel makes it, of which the dimensions are compared here.
#[pasha::kernel]
fn row<A: Copy + Into<f64> + Send + Sync + 'static>(
    item: Labelled<'_, A, Ix2>,
    #[index] index: usize,
    #[shared] dims: &[String],
) -> Result<[f64; 5], String> {
    if item.dims() != dims || item.index != index {
        return Err(format!("{:?} at {}", item.dims(), item.index));
    }
    let [rows, columns] = [item.data.nrows(), item.data.ncols()];
    let sum: f64 = item.data.iter().map(|&value| value.into()).sum();
    Ok([index as f64, item.coord_f64(), rows as f64, columns as f64, sum])
}

/// The same with a plain view.
#[pasha::kernel]
fn sum<A: Copy + Into<f64> + Send + Sync + 'static>(item: ndarray::ArrayView2<A>) -> f64 {
    item.iter().map(|&value| value.into()).sum()
}

pub(crate) fn open<A: StoredElement>(path: &Path, variable: &str) -> StoredArray<A, Ix3> {
    let is_netcdf = path.extension().is_some_and(|extension| extension == "nc");
    let opened = if is_netcdf {
        DataArray::<A, Ix3>::from_netcdf(path, variable)
    } else {
        DataArray::<A, Ix3>::from_zarr(path, variable)
    };
    opened.unwrap()
}

fn rows_agree<A>(context: &dyn Context, path: &Path, variable: &str, dim: &str, rows: &[Value])
where
    A: StoredElement + Into<f64>,
{
    let array = open::<A>(path, variable);
    let along = array.along(dim).unwrap();
    let dims: Vec<String> = serde_json::from_value(rows[0][2].clone()).unwrap();
    let seen = row::run_in(context, &along, &dims).unwrap();
    assert_eq!(seen.nrows(), rows.len());
    for (seen, expected) in seen.rows().into_iter().zip(rows) {
        let number = |value: &Value| value.as_f64().unwrap();
        let expected = [
            number(&expected[0]),
            number(&expected[1]),
            number(&expected[3][0]),
            number(&expected[3][1]),
            number(&expected[4]),
        ];
        assert_eq!(seen.to_vec(), expected, "{variable} along {dim} of {}", path.display());
    }
    let sums = sum::run_in(context, &along).unwrap();
    assert_eq!(sums, seen.column(4));
    // Loaded whole, the same comes out.
    let loaded = array.load().unwrap();
    assert_eq!(loaded.labels(), array.labels());
    assert_eq!(row::run_in(context, loaded.along(dim).unwrap(), &dims).unwrap(), seen.view());
}

for_each_context_of_files! {
    fn every_row_is_reproduced(context: &dyn Context) {
        for path in references() {
            let expected = std::fs::read_to_string(path.with_file_name("expected.json")).unwrap();
            let expected: Value = serde_json::from_str(&expected).unwrap();
            let mut maps = 0;
            for (what, rows) in expected.as_object().unwrap() {
                let (variable, dim) = what.split_once(" along ").unwrap();
                let rows = rows.as_array().unwrap();
                match variable {
                    "counts" => rows_agree::<i32>(context, &path, variable, dim, rows),
                    _ => rows_agree::<f32>(context, &path, variable, dim, rows),
                }
                maps += 1;
            }
            assert_eq!(maps, 4);
        }
    }
}

#[test]
fn labels_are_those_that_xarray_shows() {
    for path in references() {
        let counts = open::<i32>(&path, "counts");
        assert_eq!(counts.name(), Some("counts"));
        assert_eq!(counts.dims(), ["time", "y", "x"]);
        assert_eq!(counts.shape(), [10, 64, 96]);
        let attrs: Vec<_> =
            counts.attrs().iter().map(|(name, it)| (&name[..], it.as_text())).collect();
        assert_eq!(attrs, [("long_name", Some("detector counts")), ("units", Some("1"))]);
        let coords: Vec<_> = counts.coords().keys().collect();
        assert_eq!(coords, ["time", "x", "y"]);
        assert_eq!(counts.coords()["x"].attrs()["units"].as_text(), Some("mm"));
        // "min" is no unit of time that xarray decodes, and these are not since anything.
        assert_eq!(counts.coords()["time"].get(9).unwrap().to_f64(), 240.0);
        assert_eq!(counts.chunk_shape().map(|chunk| chunk[0]), Some(2));
    }
}

#[test]
fn one_dimension_is_enough() {
    for path in references() {
        let is_netcdf = path.extension().is_some_and(|extension| extension == "nc");
        let exposure = if is_netcdf {
            DataArray::<f64, ndarray::Ix1>::from_netcdf(&path, "exposure").unwrap()
        } else {
            DataArray::<f64, ndarray::Ix1>::from_zarr(&path, "exposure").unwrap()
        };
        let along = exposure.along("time").unwrap();
        let seen = pasha::map(&along, |_, _, item| [item.coord_f64(), item.data[()]]).unwrap();
        assert_eq!(seen[0], [3.0, 29.9]);
        assert_eq!(seen[9], [240.0, 30.1]);
    }
}
