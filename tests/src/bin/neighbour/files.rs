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
