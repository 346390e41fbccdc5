//! Files of the program: they stay open, in their places.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use super::{check_next_map, misbehave, two_processes};

/// The open files, by number, with what they are.
fn open_files() -> BTreeMap<i32, PathBuf> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let files = entries.filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        // The folder itself is open for as long as it is read.
        Some((number, std::fs::read_link(entry.path()).ok()?))
    });
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    files.filter(|(_, path)| *path != own).collect()
}

pub(super) fn stay_open(path: &str) {
    let mut file =
        File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap();
    file.write_all(b"0123456789").unwrap();
    file.seek(std::io::SeekFrom::Start(4)).unwrap();
    let before = open_files();
    for how in ["nothing", "panic", "exit-3", "abort", "kill", "error"] {
        let _ = misbehave::run_in(&two_processes(), 0..100_usize, how);
        assert_eq!(open_files(), before, "{how}");
        assert_eq!(file.stream_position().unwrap(), 4, "{how}");
    }
    // A worker has them all, and nothing else but the ends of workers that were started before it.
    let number = file.as_raw_fd();
    let in_worker = pasha::map_in(&two_processes(), 0..2_u8, |_, _, _| {
        let files = open_files();
        let same = before.iter().all(|(number, path)| files.get(number) == Some(path));
        let others = files.len() - before.len();
        (same && files.contains_key(&number)) as usize * 100 + others
    })
    .unwrap();
    assert!(in_worker.iter().all(|&told| (100..=101).contains(&told)), "{in_worker}");
    // Programs that a kernel runs have what those have that the program runs, and nothing of
    // pasha's.
    let listed = || {
        let listed = std::process::Command::new("ls").arg("/proc/self/fd").output().unwrap();
        listed.stdout.split(|&byte| byte == b'\n').count()
    };
    let by_kernels = pasha::map_in(&two_processes(), 0..2_u8, |_, _, _| listed()).unwrap();
    assert_eq!(by_kernels, ndarray::array![listed(), listed()]);
    let mut rest = String::new();
    file.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "456789");
}

/// A program without a standard input: the next file that is opened gets its number.
pub(super) fn closed_stdin() {
    // SAFETY: nobody in this program uses the standard input.
    assert_eq!(unsafe { nix::libc::close(0) }, 0);
    for _ in 0..10 {
        check_next_map();
        assert!(misbehave::run_in(&two_processes(), 0..100_usize, "kill").is_err());
    }
    assert!(!open_files().contains_key(&0));
}

/// Prints, and adds one.
#[pasha::kernel]
fn speak(n: u64) -> u64 {
    println!("0123456789 {n}");
    n + 1
}

/// A program without standard streams, as a daemon is: none of pasha's files get their numbers, so
/// that what is printed is not written into them.
pub(super) fn closed_streams(folder: &str) {
    use pasha::prelude::*;
    use pasha::{CancelToken, NpyFile};

    // SAFETY: nobody in this program relies on the standard streams from here on.
    assert_eq!(unsafe { [0, 1, 2].map(|stream| nix::libc::close(stream)) }, [0; 3]);
    let folder = std::path::Path::new(folder);
    let token = CancelToken::new();
    let told = |what: String| std::fs::write(folder.join("told"), what).unwrap();
    let contexts: [(&str, Box<dyn Context>); 3] = [
        ("serial", Box::new(SerialContext::new().resume(folder.join("serial")))),
        ("threads", Box::new(ThreadContext::new(2).unwrap().resume(folder.join("threads")))),
        (
            "processes",
            Box::new(two_processes().cancel_token(&token).resume(folder.join("processes"))),
        ),
    ];
    for (name, context) in &contexts {
        let path = folder.join(format!("{name}.npy"));
        for _ in 0..2 {
            let mut out = context.alloc::<u64>(64).file(&path).build().unwrap();
            let mapped = speak::run_into(&**context, 0..64_u64, &mut out);
            if mapped.is_err() || out.sum() != 65 * 32 {
                return told(format!("{name}: {mapped:?}"));
            }
            let low = open_files().into_iter().find(|&(number, _)| number < 3);
            if let Some((number, path)) = low {
                return told(format!("{name}: {} is open as {number}", path.display()));
            }
        }
        let file = NpyFile::<u64, ndarray::Ix1>::open(&path).unwrap();
        let in_workers = pasha::map_in(&two_processes().cancel_token(&token), &file, |_, _, n| {
            println!("and more");
            n + open_files().keys().filter(|&&number| number < 3).count() as u64 * 1000
        });
        match in_workers {
            Ok(sums) if sums.sum() == 65 * 32 => {}
            other => return told(format!("{name}: {other:?}")),
        }
    }
    #[cfg(feature = "netcdf")]
    if let Some(wrong) = written_while_a_thread_prints(&folder.join("array.nc")) {
        return told(wrong);
    }
    told("well".to_owned());
}

/// Writes with a library that opens its files itself, while a thread prints; says what came out
/// wrong.
#[cfg(feature = "netcdf")]
fn written_while_a_thread_prints(path: &std::path::Path) -> Option<String> {
    use std::sync::atomic::{AtomicBool, Ordering};

    // The next that is opened would get the number of the standard output.
    let _input = File::open("/dev/null").unwrap();
    let done = AtomicBool::new(false);
    let array = ndarray::Array2::from_shape_fn((64, 512), |(y, x)| (1000 * y + x) as u32);
    let labelled = pasha::DataArray::new(array.clone(), ["y", "x"]).unwrap().with_name("counts");
    let written = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                println!("0123456789");
            }
        });
        let written = labelled.to_netcdf(path);
        done.store(true, Ordering::Relaxed);
        written
    });
    let read = written
        .and_then(|()| pasha::DataArray::<u32, ndarray::Ix2>::from_netcdf(path, "counts")?.load());
    match read {
        Ok(read) if read.view() == array => None,
        other => Some(format!("netCDF: {:?}", other.map(|_| "other values"))),
    }
}
