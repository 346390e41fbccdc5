//! Files that are still being written, in SWMR mode: read as h5py reads them with `swmr=True`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use ndarray::{Array3, Ix3};
use pasha::{AnyContext, Hdf5Dataset};

use crate::support::{frames, h5py};

/// Writes 5 frames, says so, writes 3 more for each line that it is told, and never closes the
/// file.
const WRITER: &str = "
import h5py, numpy as np, os, sys
f = h5py.File('swmr.h5', 'w', libver=('v110', 'v110'))
sets = [f.create_dataset(name, shape=(0, 4, 6), maxshape=(None, 4, 6), dtype='u2', **options) for name, options in
        dict(plain=dict(chunks=(1, 4, 6)), gzip=dict(chunks=(2, 4, 6), compression='gzip'), scaled=dict(chunks=(2, 4, 6), scaleoffset=0)).items()]
f.swmr_mode = True
def add(n):
    for d in sets:
        for i in range(n):
            d.resize(len(d) + 1, 0); d[-1] = len(d) - 1
        d.flush()
    print(len(d), flush=True)
add(5)
for line in sys.stdin: add(3)
os._exit(9)
";

#[test]
fn a_file_that_grows_is_read_as_it_was_when_it_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    if h5py(folder.path(), "").is_none() {
        return;
    }
    let mut writer = Command::new("python3")
        .args(["-c", WRITER])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "5");
    let path = folder.path().join("swmr.h5");
    let expected = |n| Array3::from_shape_fn((n, 4, 6), |(i, _, _)| i as u16);
    let open = |name| Hdf5Dataset::<u16, Ix3>::open(&path, name).unwrap();
    let names = ["plain", "gzip", "scaled"];
    let contexts =
        ["serial", "threads:2", "processes:2"].map(|name| name.parse::<AnyContext>().unwrap());
    let first = names.map(open);
    for (dataset, context) in first.iter().flat_map(|d| contexts.iter().map(move |c| (d, c))) {
        assert_eq!(frames(&**context, dataset), expected(5), "{dataset:?}, {context:?}");
    }
    let mut stdin = writer.stdin.take().unwrap();
    writeln!(stdin).unwrap();
    assert_eq!(next(), "8");
    let second = names.map(open);
    for (dataset, context) in first.iter().flat_map(|d| contexts.iter().map(move |c| (d, c))) {
        assert_eq!(dataset.shape(), [5, 4, 6]);
        assert_eq!(
            frames(&**context, &dataset.clone().select(..4)),
            expected(4),
            "{dataset:?}, {context:?}"
        );
    }
    // Also after the writer was killed.
    drop(stdin);
    assert_eq!(writer.wait().unwrap().code(), Some(9));
    for (dataset, context) in second.iter().flat_map(|d| contexts.iter().map(move |c| (d, c))) {
        assert_eq!(frames(&**context, dataset), expected(8), "{dataset:?}, {context:?}");
    }
    assert_eq!(names.map(open).map(|dataset| dataset.shape()[0]), [8; 3]);
}

/// Without SWMR nobody can read meanwhile, and the message says what helps.
#[test]
fn a_file_that_was_left_open_otherwise_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
import os
pid = os.fork()
if pid == 0:
    f = h5py.File('a.h5', 'w', libver=('v110', 'v110')); f['a'] = np.zeros((2, 3, 4), 'u2'); f.flush()
    os._exit(9)
os.waitpid(pid, 0)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let error = Hdf5Dataset::<u16, Ix3>::open(folder.path().join("a.h5"), "a").unwrap_err();
    assert!(error.to_string().contains("h5clear -s"), "{error}");
}
