//! Chunks with checksums: right values, or an error, whatever part of a chunk is read.

use ndarray::{Array2, ArrayView1, Ix2};
use pasha::prelude::*;
use pasha::{AnyContext, DataArray};

use super::python::{folder, xarray};

/// Writes stores of zarr-python, each in a folder for itself: as they are, and with a bit of the
/// last chunk flipped.
const WRITE: &str = r"
import os, shutil, sys, numpy as np, zarr
C = zarr.codecs
values = np.arange(13 * 7, dtype='f8').reshape(13, 7)
kinds = {
    'whole': dict(chunks=(13, 7), compressors=[C.Crc32cCodec()]),
    'rows': dict(chunks=(4, 7), compressors=[C.Crc32cCodec()]),
    'boxes': dict(chunks=(5, 3), compressors=[C.Crc32cCodec()]),
    'zipped': dict(chunks=(4, 7), compressors=[C.GzipCodec(), C.Crc32cCodec()]),
    'shards': dict(chunks=(2, 7), shards=(8, 7), compressors=[C.Crc32cCodec()]),
}
for kind, options in kinds.items():
    good, bad = [os.path.join(sys.argv[1], f'{name}-{kind}.zarr') for name in ('good', 'bad')]
    group = zarr.open_group(good, mode='w', zarr_format=3)
    array = group.create_array('v', shape=values.shape, dtype='f8', dimension_names=['t', 'y'], **options)
    array[...] = values
    shutil.copytree(good, bad)
    chunks = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(bad, 'v', 'c')) for name in names]
    with open(max(chunks), 'r+b') as chunk:
        byte = chunk.read(3)[2]
        chunk.seek(2)
        chunk.write(bytes([byte ^ 1]))
print(' '.join(kinds))
";

/// The row as it is.
#[pasha::kernel]
fn copy(row: ArrayView1<f64>, #[output(like = row)] mut same: ndarray::ArrayViewMut1<f64>) {
    same.assign(&row);
}

#[test]
fn a_flipped_bit_is_told_and_never_read() {
    let folder = folder();
    let Some(kinds) = xarray(WRITE, folder.path()) else { return };
    let values = Array2::from_shape_fn((13, 7), |(t, y)| (t * 7 + y) as f64);
    let contexts: [AnyContext; 3] = [
        Box::new(SerialContext::new()),
        Box::new(ThreadContext::new(3).unwrap()),
        Box::new(ProcessContext::new(2).unwrap()),
    ];
    for kind in kinds.split(' ') {
        let open = |which: &str| {
            let path = folder.path().join(format!("{which}-{kind}.zarr"));
            DataArray::<f64, Ix2>::from_zarr(path, "v").unwrap()
        };
        assert_eq!(open("good").load().unwrap().view(), values, "{kind}");
        let error = open("bad").load().unwrap_err().to_string();
        assert!(error.contains("checksum") && error.contains("c/"), "{kind}: {error}");
        for context in &contexts {
            for dim in ["t", "y"] {
                let good = open("good");
                let out = copy::run_in(context, good.along(dim).unwrap()).unwrap();
                let expected = if dim == "t" { values.view() } else { values.t() };
                assert_eq!(out, expected, "{kind} along {dim}, {context:?}");
                let bad = open("bad");
                let error = copy::run_in(context, bad.along(dim).unwrap()).unwrap_err();
                assert!(error.to_string().contains("checksum"), "{kind} along {dim}: {error}");
            }
        }
    }
}
