//! Links on the way to a data set, what they lead to, and files that are named by paths.

use std::path::Path;

use ndarray::{Ix0, Ix2, Ix3};
use pasha::{AnyContext, Error, Hdf5Dataset};

use crate::support::{frames, h5py, npy};

fn message<D: ndarray::Dimension>(path: &Path, name: &str) -> String {
    let error = Hdf5Dataset::<u16, D>::open(path, name).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Hdf5(_)), "{error}");
    error.to_string()
}

#[test]
fn a_link_that_leads_nowhere_is_told_with_where_it_leads() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
with h5py.File('s_data_000001.h5', 'w') as f: f['entry/data/data'] = np.ones((5, 4, 6), 'u2')
with h5py.File('s_master.h5', 'w') as m:
    for k in range(3): m[f'entry/data/data_{k+1:06d}'] = h5py.ExternalLink(f's_data_{k+1:06d}.h5', '/entry/data/data')
    m['entry/soft'] = h5py.SoftLink('/entry/data/nothing')
    m['entry/round'] = h5py.SoftLink('/entry/about'); m['entry/about'] = h5py.SoftLink('round')
    m['entry/other'] = h5py.ExternalLink('s_data_000001.h5', '/entry/deta/data')
    m['entry/group'] = h5py.ExternalLink('gone.h5', '/entry')
    m['entry/text'] = h5py.ExternalLink('text.h5', '/entry')
    m['entry/good'] = h5py.SoftLink('data/data_000001')
open('text.h5', 'w').write('no HDF5 file')
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let master = folder.path().join("s_master.h5");
    let beside = folder.path().join("s_data_000002.h5");
    let good = Hdf5Dataset::<u16, Ix3>::open(&master, "entry/good").unwrap();
    assert_eq!(good.shape(), [5, 4, 6]);
    for (name, told) in [
        (
            "entry/data/data_000002",
            &[
                "entry/data/data_000002 is an external link to s_data_000002.h5, which is not there",
                beside.to_str().unwrap(),
            ][..],
        ),
        (
            "entry/data",
            &["entry/data/data_000002 is an external link to s_data_000002.h5, which is not there"],
        ),
        ("entry/soft", &["entry/soft is a soft link to /entry/data/nothing"]),
        ("entry/round", &["in a circle"]),
        (
            "entry/other",
            &["entry/other is an external link to s_data_000001.h5", "no /entry/deta/data"],
        ),
        ("entry/group/data/x", &["entry/group is an external link to gone.h5, which is not there"]),
        ("entry/text/data", &["entry/text is an external link to text.h5", "no HDF5 file"]),
        ("entry/data/dat", &["no such data set"]),
    ] {
        let message = message::<Ix3>(&master, name);
        assert!(told.iter().all(|told| message.contains(told)), "{name}: {message}");
    }
}

/// Children of the test, started in another folder, change theirs between opening and mapping.
/// In search of the nearest names no link is followed, which might lead to a FIFO.
#[test]
fn a_wrong_name_beside_a_link_to_a_fifo_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.h5");
    let fifo = folder.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
    let program = "
with h5py.File('frames.h5', 'w') as f:
    f['entry/frames'] = np.ones((5, 4, 6), 'u2')
    f['entry/other'] = h5py.ExternalLink('fifo', '/entry')
    f['entry/soft'] = h5py.SoftLink('/entry/other')
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    for name in ["entry/frame", "nothing", "entry"] {
        let told = message::<Ix3>(&path, name);
        assert!(told.contains("entry/frames"), "{told}");
    }
    let told = message::<Ix3>(&path, "entry/soft");
    assert!(told.contains("FIFO"), "{told}");
}

#[test]
fn the_program_may_change_its_folder() {
    if let Ok(folder) = std::env::var("PASHA_TEST_CHANGES_FOLDER") {
        return change_folder(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let program = "
import os
os.makedirs('sub'); os.makedirs('raw')
x = np.arange(6 * 4 * 5, dtype='u2').reshape(6, 4, 5)
np.save('x.npy', x)
with h5py.File('sub/a.h5', 'w') as f:
    f.create_dataset('gzip', data=x, chunks=(1, 4, 5), compression='gzip'); f['plain'] = x
    f.create_dataset('scaled', data=x, chunks=(2, 4, 5), scaleoffset=0)
    f['linked'] = h5py.ExternalLink('b.h5', 'gzip')
    f['scaled_linked'] = h5py.ExternalLink('b.h5', 'scaled')
    f['raw_linked'] = h5py.ExternalLink('raw/c.h5', 'gzip')
    f['raw_scaled'] = h5py.ExternalLink('raw/c.h5', 'scaled')
    for name, file, set in ('virtual', 'b.h5', 'gzip'), ('raw_virtual', 'raw/c.h5', 'gzip'), ('raw_converted', 'raw/c.h5', 'signed'):
        l = h5py.VirtualLayout((6, 4, 5), 'u2'); l[:] = h5py.VirtualSource(file, set, (6, 4, 5)); f.create_virtual_dataset(name, l)
for name in 'sub/b.h5', 'raw/c.h5':
    with h5py.File(name, 'w') as f:
        f.create_dataset('gzip', data=x, chunks=(1, 4, 5), compression='gzip')
        f.create_dataset('scaled', data=x, chunks=(2, 4, 5), scaleoffset=0)
        f['signed'] = x.astype('i4')
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "links::the_program_may_change_its_folder"])
        .env("PASHA_TEST_CHANGES_FOLDER", folder.path())
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
}

fn change_folder(folder: &Path) {
    let expected = npy::<u16, Ix3>(&folder.join("x.npy"));
    let names = [
        "gzip",
        "plain",
        "scaled",
        "linked",
        "scaled_linked",
        "raw_linked",
        "raw_scaled",
        "virtual",
        "raw_virtual",
    ];
    let open = |name: &&str| Hdf5Dataset::<u16, Ix3>::open("sub/a.h5", name).unwrap();
    let mut opened: Vec<_> = names.iter().map(open).collect();
    opened.push(Hdf5Dataset::open_series("sub/[a]*.h5", "gzip").unwrap());
    let converted = open(&"raw_converted");
    assert_eq!(frames(&pasha::SerialContext::new(), &converted), expected);
    std::env::set_current_dir("/").unwrap();
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = context.parse().unwrap();
        for dataset in &opened {
            assert_eq!(frames(&*context, dataset), expected, "{dataset:?}, {context:?}");
            assert!(dataset.path().is_absolute());
        }
        // libhdf5 would now find no source, and give zeros.
        let error = pasha::map_in(&*context, &converted, |_, _, frame| frame.sum()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(folder.to_str().unwrap()) && error.contains("left"), "{error}");
    }
}

/// Single values, of any layout and as arrays of one, and whole arrays.
#[test]
fn single_values_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let program = "
with h5py.File('a.h5', 'w') as f:
    f['a'] = np.float32(0.25); f['b'] = np.array([[-3]], '>i2'); f['c'] = 70000; f['d'] = [1, 2]; f['e'] = True
    f['mask'] = np.arange(6, dtype='u4').reshape(2, 3)
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE); p.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(f.id, b'compact', h5py.h5t.IEEE_F64LE, h5py.h5s.create(h5py.h5s.SCALAR), p); f['compact'][()] = 1.5
    f['link'] = h5py.ExternalLink('b.h5', 'x')
with h5py.File('b.h5', 'w') as f: f['x'] = np.float64(12.5)
";
    if h5py(folder.path(), program).is_none() {
        return;
    }
    let path = folder.path().join("a.h5");
    let value = |name: &str| Hdf5Dataset::<f64, Ix0>::open(&path, name).unwrap().value().unwrap();
    let found = ["a", "b", "c", "compact", "link"].map(value);
    assert_eq!(found, [0.25, -3.0, 70000.0, 1.5, 12.5]);
    assert!(Hdf5Dataset::<bool, Ix0>::open(&path, "e").unwrap().value().unwrap());
    let mask = Hdf5Dataset::<u16, Ix2>::open(&path, "mask").unwrap();
    assert_eq!(mask.load().unwrap(), ndarray::array![[0, 1, 2], [3, 4, 5]]);
    assert_eq!(mask.axis(1).select(1..).load().unwrap(), ndarray::array![[1, 2], [4, 5]]);
    let too_large = Hdf5Dataset::<u16, Ix0>::open(&path, "c").unwrap().value().unwrap_err();
    assert!(too_large.to_string().contains("70000"), "{too_large}");
    assert!(message::<Ix0>(&path, "d").contains("Ix1"));
    assert!(message::<Ix2>(&path, "c").contains("value()"));
}
