//! Files are read in forked workers while other threads of the program read them too.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::Array3;
use pasha::{DataArray, ProcessContext, ThreadContext};

use super::expected::open;
use super::python::folder;

fn array() -> DataArray<u32, ndarray::Ix3> {
    let array = Array3::from_shape_fn((24, 128, 512), |(t, y, x)| (t * y * x % 977) as u32);
    DataArray::new(array, ["time", "y", "x"]).unwrap()
}

#[test]
fn no_worker_waits_for_a_thread_that_it_does_not_have() {
    let (folder, array) = (folder(), array());
    let expected: Vec<u64> =
        array.view().outer_iter().map(|it| it.iter().map(|&it| u64::from(it)).sum()).collect();
    for name in ["busy.nc", "busy.zarr"] {
        let path = folder.path().join(name);
        if name.ends_with(".nc") { array.to_netcdf(&path) } else { array.to_zarr(&path) }.unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        open::<u32>(&path, "data").load().unwrap();
                    }
                });
            }
            let context = ProcessContext::new(3).unwrap();
            let stored = open::<u32>(&path, "data");
            for _ in 0..4 {
                let along = stored.along("time").unwrap();
                let sums = pasha::map_in(&context, &along, |_, _, item| {
                    item.data.iter().map(|&it| u64::from(it)).sum::<u64>()
                })
                .unwrap();
                assert_eq!(sums.to_vec(), expected);
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn threads_read_without_the_lock_of_the_library() {
    let (folder, array) = (folder(), array());
    let path = folder.path().join("array.nc");
    array.to_netcdf(&path).unwrap();
    let stored = open::<u32>(&path, "data");
    assert!(stored.chunk_shape().is_some_and(|chunk| chunk[0] < 24));
    let context = ThreadContext::new(2).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let locked = &std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            hdf5_metno::sync::sync(|| {
                locked.wait();
                let is_done = told.recv_timeout(std::time::Duration::from_secs(60)).is_ok();
                assert!(is_done, "the map waits for the library's lock");
            });
        });
        locked.wait();
        let along = stored.along("time").unwrap();
        let sums = pasha::map_in(&context, &along, |_, _, item| {
            item.data.iter().map(|&it| u64::from(it)).sum::<u64>()
        });
        tell.send(()).unwrap();
        let expected: Vec<u64> =
            array.view().outer_iter().map(|it| it.iter().map(|&it| u64::from(it)).sum()).collect();
        assert_eq!(sums.unwrap().to_vec(), expected);
    });
}

#[test]
fn a_forked_worker_has_one_thread() {
    let (folder, array) = (folder(), array());
    let path = folder.path().join("array.zarr");
    array.to_zarr(&path).unwrap();
    let stored = open::<u32>(&path, "data");
    let context = ProcessContext::new(2).unwrap();
    // Across all chunks at once, which is where the library would use several threads.
    let along = stored.along("x").unwrap();
    let threads = pasha::map_in(&context, &along, |_, _, item| {
        assert_eq!(item.data.len(), 24 * 128);
        std::fs::read_dir("/proc/self/task").unwrap().count() as u64
    });
    assert!(threads.unwrap().iter().all(|&threads| threads == 1));
}

#[test]
fn a_worker_reads_a_chunk_once_however_its_share_lies() {
    let (folder, array) = (folder(), array());
    let path = folder.path().join("array.zarr");
    array.to_zarr(&path).unwrap();
    let stored = open::<u32>(&path, "data");
    let along = stored.along("time").unwrap();
    assert_eq!(stored.chunk_shape(), Some(&[4, 128, 512][..]));
    for context in [ThreadContext::new(2).unwrap(), ThreadContext::new(1).unwrap()] {
        let firsts = pasha::map_in(&context, &along, |_, _, item| item.data[[3, 5]]).unwrap();
        let expected: Vec<u32> = (0..24).map(|t| t * 15 % 977).collect();
        assert_eq!(firsts.to_vec(), expected);
    }
}

#[test]
fn a_file_that_was_just_written_opens_while_other_threads_fork() {
    let folder = folder();
    let array = DataArray::new(Array3::<u32>::ones((2, 3, 4)), ["time", "y", "x"]).unwrap();
    let [path, other] = ["new.nc", "other.nc"].map(|name| folder.path().join(name));
    array.to_netcdf(&other).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // A file is looked at in a forked process before it is opened.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                open::<u32>(&other, "data");
            }
        });
        let opened = (0..100).try_for_each(|_| {
            array.to_netcdf(&path)?;
            DataArray::<u32, ndarray::Ix3>::from_netcdf(&path, "data").map(|_| ())
        });
        done.store(true, Ordering::Relaxed);
        opened.unwrap();
    });
}
