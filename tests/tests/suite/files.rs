//! Files that are outputs: each is one array's, and nothing but regular files is replaced.

use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;

use ndarray::{Ix1, array};
use pasha::prelude::*;
use pasha::{Error, NpyFile, SharedArray};
use tempfile::TempDir;

#[pasha::kernel]
fn plain(n: usize) -> u64 {
    n as u64 + 1
}

/// The reason why a file is in use.
fn in_use<T: std::fmt::Debug>(outcome: pasha::Result<T>) -> String {
    match outcome {
        Err(error @ Error::InUse { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn allocate(context: &dyn Context, path: impl AsRef<Path>) -> pasha::Result<SharedArray<u64, Ix1>> {
    context.alloc::<u64>(8).file(path.as_ref()).build()
}

#[test]
fn a_file_is_the_memory_of_one_array() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    let context = SerialContext::new().resume(place("job"));
    let mut first = allocate(&context, place("x.npy")).unwrap();
    std::fs::hard_link(place("x.npy"), place("hard.npy")).unwrap();
    symlink(place("x.npy"), place("soft.npy")).unwrap();
    let around = folder.path().join("..").join(folder.path().file_name().unwrap()).join("x.npy");
    // Before the job is begun the file would be replaced, after that opened again.
    for _ in 0..2 {
        for name in [place("x.npy"), place("hard.npy"), place("soft.npy"), around.clone()] {
            let told = in_use(allocate(&context, &name));
            assert!(told.contains(&name.display().to_string()), "{told}");
            assert!(told.contains(&place("x.npy").display().to_string()), "{told}");
            assert!(told.contains("drop that array"), "{told}");
            let told = in_use(NpyFile::<u64, Ix1>::open(&name));
            assert!(told.contains("map over that array"), "{told}");
            let told = in_use(allocate(&SerialContext::new(), &name));
            assert!(told.contains("another path"), "{told}");
        }
        plain::run_into(&context, 0..8_usize, &mut first).unwrap();
        assert_eq!(first, array![1, 2, 3, 4, 5, 6, 7, 8]);
    }
    drop(first);
    let reading = NpyFile::<u64, Ix1>::open(place("hard.npy")).unwrap();
    let again = NpyFile::<u64, Ix1>::open(place("soft.npy")).unwrap();
    let told = in_use(allocate(&context, place("x.npy")));
    assert!(told.contains("hard.npy") && told.contains("this program reads it"), "{told}");
    drop(reading);
    in_use(allocate(&context, place("x.npy")));
    drop(again);
    assert_eq!(allocate(&context, place("x.npy")).unwrap().sum(), 36);
    // The job's own file is none's output.
    let told = allocate(&context, place("job")).unwrap_err().to_string();
    assert!(told.contains("job: an output is to lie in the same file"), "{told}");
}

#[test]
fn whoever_reads_a_file_keeps_it_when_it_is_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.npy");
    let context = SerialContext::new();
    let mut first = allocate(&context, &path).unwrap();
    first.fill(7);
    drop(first);
    let reading = NpyFile::<u64, Ix1>::open(&path).unwrap();
    let second = allocate(&context, &path).unwrap();
    assert_eq!((reading.view().sum(), second.sum()), (56, 0));
    // Another file has taken its place: that may be replaced.
    std::fs::write(folder.path().join("new"), "text").unwrap();
    std::fs::rename(folder.path().join("new"), &path).unwrap();
    drop(allocate(&context, &path).unwrap());
}

#[test]
fn nothing_but_a_regular_file_is_replaced_or_opened() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    rustix::fs::mkfifoat(rustix::fs::CWD, place("fifo"), 0o600.into()).unwrap();
    std::fs::create_dir(place("folder")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place("socket")).unwrap();
    symlink(place("fifo"), place("link")).unwrap();
    symlink("/dev/null", place("null")).unwrap();
    let kinds = [
        ("fifo", "a FIFO"),
        ("folder", "a directory"),
        ("socket", "a socket"),
        ("link", "a FIFO"),
        ("null", "a character device"),
    ];
    let plain = SerialContext::new();
    let resumed = SerialContext::new().resume(place("job"));
    for (name, kind) in kinds {
        let others = [
            allocate(&plain, place(name)).map(drop),
            allocate(&resumed, place(name)).map(drop),
            NpyFile::<u64, Ix1>::open(place(name)).map(drop),
            allocate(&SerialContext::new().resume(place(name)), place("x.npy")).map(drop),
        ];
        for outcome in others {
            let told = outcome.unwrap_err().to_string();
            assert!(
                told.contains(kind) && told.contains(&place(name).display().to_string()),
                "{told}"
            );
        }
    }
    let kind = |name: &str| std::fs::symlink_metadata(place(name)).unwrap().file_type();
    assert!(kind("fifo").is_fifo() && kind("folder").is_dir() && kind("socket").is_socket());
    assert!(kind("link").is_symlink() && kind("null").is_symlink());
    assert!(!place("job").exists());
}

#[test]
fn links_are_followed_to_where_an_output_is_made() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    std::fs::create_dir(place("scratch")).unwrap();
    symlink("scratch/out.npy", place("dangling")).unwrap();
    let context = SerialContext::new();
    for _ in 0..2 {
        let mut out = context.alloc::<u64>(3).file(place("dangling")).build().unwrap();
        out.fill(7);
        drop(out);
        assert!(std::fs::symlink_metadata(place("dangling")).unwrap().is_symlink());
        let file = NpyFile::<u64, Ix1>::open(place("scratch/out.npy")).unwrap();
        assert_eq!(file.view(), ndarray::array![7, 7, 7]);
    }
    // What can't be followed stays as it is, with what it is.
    let (reader, _writer) = std::io::pipe().unwrap();
    let pipe = format!("/proc/self/fd/{}", reader.as_raw_fd());
    let cases = [
        ("circle", "circle", "symbolic links"),
        ("lost", "nowhere/out.npy", "No such file"),
        ("pipe", pipe.as_str(), "a FIFO"),
    ];
    for (name, target, told) in cases {
        symlink(target, place(name)).unwrap();
        let error = allocate(&context, place(name)).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        assert_eq!(std::fs::read_link(place(name)).unwrap(), std::path::Path::new(target));
    }
}
