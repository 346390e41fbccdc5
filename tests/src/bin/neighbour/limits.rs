//! Programs that run into the limits of what they may have.

use std::error::Error as _;
use std::ffi::CString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::libc;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use pasha::prelude::*;
use pasha::{AfterRetries, CancelToken, Error, NpyFile, OnFailure};
use pasha_tests::{children, open_files_and_mappings};

use super::{check_next_map, double, eventually, two_processes};

/// Lowers a limit for as long as it lives.
struct Limit {
    resource: Resource,
    before: u64,
}

impl Limit {
    fn at(resource: Resource, limit: u64) -> Limit {
        let (before, hard) = getrlimit(resource).unwrap();
        setrlimit(resource, limit, hard).unwrap();
        Limit { resource, before }
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        let (_, hard) = getrlimit(self.resource).unwrap();
        setrlimit(self.resource, self.before, hard).unwrap();
    }
}

/// Becomes a user without rights that has no other processes, since root may have any number;
/// `false` where it is not root.
fn become_nobody() -> bool {
    // SAFETY: none of these calls writes memory of this program's.
    unsafe {
        if libc::geteuid() != 0 {
            return false;
        }
        let user = 1_000_000_000 + std::process::id();
        assert_eq!(libc::setgroups(0, std::ptr::null()), 0);
        assert_eq!(libc::setgid(user), 0);
        assert_eq!(libc::setuid(user), 0);
        // Or it could not read its own entries in `/proc` any more.
        assert_eq!(libc::prctl(libc::PR_SET_DUMPABLE, 1), 0);
    }
    true
}

/// The number of threads of all processes of this process's user, as `RLIMIT_NPROC` counts.
fn threads_of_user() -> u64 {
    let user = |path: &Path| {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).map(|metadata| metadata.uid()).ok()
    };
    let own = user(Path::new("/proc/self"));
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let threads = processes
        .filter(|path| !path.is_symlink() && user(path) == own)
        .filter_map(|path| std::fs::read_dir(path.join("task")).ok());
    threads.map(|threads| threads.count() as u64).sum()
}

fn own_threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Checks that something could not be started, and that the operating system said so.
fn check_start_refused<T>(result: Result<T, Error>) {
    match result {
        Err(error @ Error::Start { .. }) => {
            assert!(error.source().is_some());
            println!("{error}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was started"),
    }
}

/// The operating system starts no more processes than this many.
pub(super) fn no_fork(allowed: u64) {
    let alone = become_nobody();
    if !alone && allowed > 0 {
        println!("skipped: only root can become a user who has no other processes");
        return;
    }
    // The first time is the very first map of this process.
    for _ in 0..3 {
        let before = open_files_and_mappings();
        {
            let _limit = Limit::at(Resource::RLIMIT_NPROC, threads_of_user() + allowed);
            check_start_refused(double::run_in(&two_processes(), 0..100_u64));
            assert!(children().is_empty());
            assert_eq!(own_threads(), 1);
        }
        assert_eq!(open_files_and_mappings().0, before.0);
        check_next_map();
    }
}

/// The operating system starts no process in the place of one that died.
pub(super) fn no_replacement() {
    become_nobody();
    let policy = OnFailure::Retry { times: 3, then: AfterRetries::Abort };
    let context = two_processes().on_failure(policy);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NPROC).unwrap();
    for _ in 0..3 {
        let result = pasha::map_in(&context, 0..100_u8, |_, index, _| {
            if index == 50 {
                let none = libc::rlimit { rlim_cur: 0, rlim_max: hard };
                // SAFETY: the limit lives during the call, and the old one is not asked for.
                unsafe {
                    let parent = libc::getppid();
                    libc::prlimit(parent, libc::RLIMIT_NPROC, &none, std::ptr::null_mut());
                }
                std::process::abort();
            }
        });
        check_start_refused(result);
        assert!(children().is_empty());
        setrlimit(Resource::RLIMIT_NPROC, soft, hard).unwrap();
        check_next_map();
    }
}

/// The operating system starts no more threads, or only some.
pub(super) fn no_thread() {
    let alone = become_nobody();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let threads = own_threads();
    for allowed in if alone { 0..3 } else { 0..1 } {
        let limit = if alone { threads_of_user() + allowed } else { 0 };
        let _limit = Limit::at(Resource::RLIMIT_NPROC, limit);
        check_start_refused(ThreadContext::new(4));
        eventually("the threads that were started have ended", || own_threads() == threads);
    }
    {
        let _limit = Limit::at(Resource::RLIMIT_NPROC, if alone { threads_of_user() } else { 0 });
        // Maps in a pool of rayon's, where a thread is needed to fork.
        check_start_refused(pool.install(|| double::run_in(&two_processes(), 0..100_u64)));
        // Nobody watches the progress, but the map is run.
        let context = SerialContext::new().on_progress(Duration::from_millis(1), |_| {});
        assert_eq!(double::run_in(&context, 0..100_u64).unwrap().sum(), 9900);
    }
    let context = ThreadContext::new(4).unwrap();
    assert_eq!(double::run_in(&context, 0..100_u64).unwrap().sum(), 9900);
    check_next_map();
}

fn check_refused_memory<T>(result: Result<T, Error>, least: usize, most: usize) {
    match result {
        Err(Error::Alloc { bytes, source, .. }) => {
            assert!((least..=most).contains(&bytes), "{bytes}");
            assert_eq!(source.raw_os_error(), Some(libc::ENOMEM));
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("there was room"),
    }
}

/// Accumulates next to nothing in much room.
#[pasha::kernel]
fn accumulate(value: u8, #[per_worker(shape = 30 << 20)] mut sums: ndarray::ArrayViewMut1<u8>) {
    sums[0] += value;
}

/// Bytes of addresses that this process has, as `RLIMIT_AS` counts.
fn address_space() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split_whitespace().next().unwrap().parse().unwrap();
    pages * rustix::param::page_size() as u64
}

/// The operating system gives no more than 144 MiB more of memory.
pub(super) fn no_memory() {
    const GIB: usize = 1 << 30;
    let threads = ThreadContext::new(2).unwrap();
    // What the allocator sets aside for each thread is taken before.
    assert_eq!(double::run_in(&threads, 0..100_u64).unwrap().sum(), 9900);
    check_next_map();
    let size = address_space();
    let file = std::env::temp_dir().join(format!("pasha-as-{}.npy", std::process::id()));
    let before = open_files_and_mappings();
    {
        let _limit = Limit::at(Resource::RLIMIT_AS, size + (144 << 20));
        for context in [&two_processes() as &dyn Context, &threads, &SerialContext::new()] {
            check_refused_memory(double::run_in(context, 0..(GIB / 8) as u64), GIB, GIB);
            check_refused_memory(context.alloc::<u8>(GIB).build(), GIB, GIB);
        }
        // The worker table has an entry for each item that may fail.
        let context = two_processes().on_failure(OnFailure::Skip { at_most: usize::MAX });
        let nothing = pasha::map_in(&context, 0..10_000_000_u64, |_, _, _| ());
        check_refused_memory(nothing, 100_000_000, usize::MAX);
        // Accumulators are there, but what they could be put back to is not.
        let context = two_processes().on_failure(OnFailure::Skip { at_most: 1 });
        let mut out = accumulate::alloc(&context, &[1; 100]).unwrap();
        let taken = two_processes().alloc::<u8>(70 << 20).build().unwrap();
        let refused = accumulate::run_into(&context, &[1; 100], &mut out);
        check_refused_memory(refused, 60 << 20, 1 << 40);
        drop((out, taken));
        match context.alloc::<u8>(GIB).file(&file).build() {
            Err(Error::File { action, .. }) => println!("can't {action} a file"),
            other => panic!("{:?}", other.map(|_| ())),
        }
        println!("file left {}", file.exists());
        let _ = std::fs::remove_file(&file);
        check_next_map();
        let after = open_files_and_mappings();
        assert!(after.0 == before.0 && after.1 <= before.1 + 4, "{before:?} {after:?}");
        let threads = own_threads();
        // Threads that are started take what they need from here when all addresses are taken:
        // what the standard library can't have for a new thread ends the program.
        let room: Vec<Vec<u8>> = (0..1000).map(|_| vec![0; 8 << 10]).collect();
        let _above = vec![0_u8; 8 << 10];
        drop(room);
        // Of the limit, too, something is left once there is none for a stack, as much as signals
        // of these threads need: another thing that ends the program.
        const STACK: u64 = 2 << 20;
        let _limit = Limit::at(Resource::RLIMIT_AS, address_space() + 8 * STACK + STACK / 2);
        check_start_refused(ThreadContext::new(1000));
        eventually("the threads that were started have ended", || own_threads() == threads);
        check_next_map();
    }
    assert!(children().is_empty());
    let out = double::run_in(&two_processes(), 0..(GIB / 32) as u64).unwrap();
    assert_eq!(out[1000], 2000);
}

fn c_path(path: &Path) -> CString {
    CString::new(path.to_str().unwrap()).unwrap()
}

/// A small file system of this process alone, and its size; or a large one, but no larger than
/// that.
fn small_disk(folder: &Path) -> Option<(PathBuf, u64)> {
    const SIZE: u64 = 1 << 20;
    let target = c_path(folder);
    // SAFETY: these calls change what this process sees of the file systems, and read C texts
    // that live during the calls.
    let mounted = unsafe {
        let user = libc::geteuid();
        let unshared = libc::unshare(libc::CLONE_NEWNS) == 0
            || libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) == 0
                && std::fs::write("/proc/self/uid_map", format!("0 {user} 1")).is_ok();
        let none = c"none".as_ptr();
        let (private, nothing) = (libc::MS_REC | libc::MS_PRIVATE, std::ptr::null());
        let options = c"size=1m,mode=0777".as_ptr().cast();
        unshared
            && libc::mount(none, c"/".as_ptr(), std::ptr::null(), private, nothing) == 0
            && libc::mount(none, target.as_ptr(), c"tmpfs".as_ptr(), 0, options) == 0
    };
    if mounted && std::fs::write(folder.join("try"), "").is_ok() {
        std::fs::remove_file(folder.join("try")).unwrap();
        return Some((folder.to_owned(), SIZE));
    }
    let disk = Path::new("/dev/shm");
    let stat = rustix::fs::statvfs(disk).ok()?;
    // More than all of it is refused at once, and not after it is filled.
    (stat.f_blocks > 0).then(|| (disk.to_owned(), stat.f_blocks * stat.f_frsize))
}

fn refused_by_file<T>(result: Result<T, Error>) -> io::Error {
    match result {
        Err(Error::File { source, .. }) => source,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("there was room"),
    }
}

/// Outputs in files that the disk has no room for.
pub(super) fn disk_full(folder: &str) {
    let Some((disk, size)) = small_disk(Path::new(folder)) else {
        println!("skipped: there is no small disk here, nor can one be made");
        return;
    };
    let path = disk.join(format!("pasha-{}.npy", std::process::id()));
    let context = two_processes();
    let before = open_files_and_mappings();
    let too_large = context.alloc::<u8>(size as usize + 1).file(&path).build();
    assert_eq!(refused_by_file(too_large).kind(), io::ErrorKind::StorageFull);
    println!("file left {}", path.exists());
    let _ = std::fs::remove_file(&path);
    if size == 1 << 20 {
        // What is there has its room, also when the rest of the disk is full.
        let mut out = context.alloc::<u64>(10_000).file(&path).build().unwrap();
        let other = disk.join("other.npy");
        let too_large = context.alloc::<u8>(1_000_000).file(&other).build();
        assert_eq!(refused_by_file(too_large).kind(), io::ErrorKind::StorageFull);
        println!("second file left {}", other.exists());
        let _ = std::fs::remove_file(&other);
        let full = std::fs::write(disk.join("filler"), vec![1; 1 << 20]).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        double::run_into(&context, 0..10_000_u64, &mut out).unwrap();
        assert_eq!(out.sum(), 99_990_000);
        // The file that says what is done is refused as well, and made once there is room.
        let resuming = two_processes().resume(disk.join("job.pasha"));
        let elsewhere = std::env::temp_dir().join(format!("pasha-{}.npy", std::process::id()));
        let mut in_file = resuming.alloc::<u64>(100_000).file(&elsewhere).build().unwrap();
        let refused = double::run_into(&resuming, 0..100_000_u64, &mut in_file);
        assert_eq!(refused_by_file(refused).kind(), io::ErrorKind::StorageFull);
        std::fs::write(disk.join("filler"), vec![1; 1 << 19]).unwrap();
        double::run_into(&resuming, 0..100_000_u64, &mut in_file).unwrap();
        assert_eq!(in_file[99_999], 199_998);
        std::fs::remove_file(elsewhere).unwrap();
        // A file that is to be replaced, but can't be.
        drop(out);
        let larger = context.alloc::<u64>(100_000).file(&path).build();
        assert_eq!(refused_by_file(larger).kind(), io::ErrorKind::StorageFull);
        println!("replaced file left {}", path.exists());
    }
    let _ = std::fs::remove_file(&path);
    assert_eq!(open_files_and_mappings().0, before.0);
    check_next_map();
}

/// Files may be no larger than a limit.
pub(super) fn file_size(folder: &str) {
    let path = Path::new(folder).join("out.npy");
    let context = two_processes();
    {
        let _limit = Limit::at(Resource::RLIMIT_FSIZE, 1 << 20);
        let too_large = context.alloc::<u64>(1 << 20).file(&path).build();
        assert_eq!(refused_by_file(too_large).raw_os_error(), Some(libc::EFBIG));
        println!("file left {}", path.exists());
        let mut out = context.alloc::<u64>(1 << 10).file(&path).build().unwrap();
        double::run_into(&context, 0..1 << 10, &mut out).unwrap();
        assert_eq!(out[1000], 2000);
    }
    let out = context.alloc::<u64>(1 << 20).file(&path).build().unwrap();
    assert_eq!(out.len(), 1 << 20);
}

/// No more files can be opened, or only some.
pub(super) fn no_files(folder: &str) {
    let path = Path::new(folder).join("out.npy");
    let npy = Path::new(folder).join("in.npy");
    drop(two_processes().alloc::<u8>(10).file(&npy).build().unwrap());
    check_next_map();
    let before = open_files_and_mappings();
    let next = {
        use std::os::fd::AsRawFd;
        std::fs::File::open("/dev/null").unwrap().as_raw_fd() as u64
    };
    let token = CancelToken::new();
    let cancellable = two_processes().cancel_token(&token);
    // Workers are watched by a file each, and so is the token.
    for (context, allowed) in [(&two_processes(), 0), (&two_processes(), 1), (&cancellable, 2)] {
        {
            let _limit = Limit::at(Resource::RLIMIT_NOFILE, next + allowed);
            check_start_refused(double::run_in(context, 0..100_u64));
        }
        assert!(children().is_empty());
        assert_eq!(open_files_and_mappings().0, before.0);
        check_next_map();
    }
    {
        let _limit = Limit::at(Resource::RLIMIT_NOFILE, next);
        let created = two_processes().alloc::<u8>(10).file(&path).build();
        assert_eq!(refused_by_file(created).raw_os_error(), Some(libc::EMFILE));
        let opened = NpyFile::<u8, ndarray::Ix1>::open(&npy);
        assert_eq!(refused_by_file(opened).raw_os_error(), Some(libc::EMFILE));
        // Threads need none.
        let context = ThreadContext::new(2).unwrap();
        assert_eq!(double::run_in(&context, 0..100_u64).unwrap().sum(), 9900);
    }
    // A replacement takes the place of the one that died.
    let policy = OnFailure::Retry { times: 2, then: AfterRetries::Skip { at_most: 1 } };
    let context = two_processes().on_failure(policy);
    let _limit = Limit::at(Resource::RLIMIT_NOFILE, next + 2);
    let out =
        pasha::map_in(
            &context,
            0..100_u64,
            |_, index, n| {
                if index == 50 { std::process::abort() } else { n }
            },
        )
        .unwrap();
    assert_eq!(out.sum(), 4900);
}
