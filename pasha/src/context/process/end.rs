//! How a child ended: what the parent can find out, and what a child says itself.

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::libc;
use rustix::io::Errno;

use crate::job::board::{End, Record};
use crate::job::forked;

/// How a child ended, and what it used.
#[derive(Clone, Copy, Default)]
pub(super) struct ChildEnd {
    pub(super) end: End,
    /// The most memory that it had resident, in bytes; 0 if nobody knows.
    pub(super) peak_memory: usize,
}

/// Takes an ended child off the process table, and says how it ended.
///
/// A program that ignores SIGCHLD, or reaps all its children, may have been faster: then the
/// operating system tells from Linux 6.15 on, and before that nobody knows.
pub(super) fn reap(pidfd: BorrowedFd<'_>) -> ChildEnd {
    loop {
        match wait(pidfd) {
            Ok(ended) => return ended,
            Err(Errno::INTR) => {}
            Err(_) => {
                let end = remembered(pidfd).unwrap_or_default();
                return ChildEnd { end, peak_memory: 0 };
            }
        }
    }
}

/// The system call `waitid`, which the C library's function of that name asks for no usage.
fn wait(pidfd: BorrowedFd<'_>) -> rustix::io::Result<ChildEnd> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call writes a structure of the C library's types to each of the two places,
    // which are valid for it, and keeps neither.
    let result = unsafe {
        libc::syscall(
            libc::SYS_waitid,
            libc::P_PIDFD,
            pidfd.as_raw_fd(),
            info.as_mut_ptr(),
            libc::WEXITED,
            usage.as_mut_ptr(),
        )
    };
    if result != 0 {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL);
        return Err(Errno::from_raw_os_error(errno));
    }
    // SAFETY: zeros are valid for both, and the call has filled them for a child that has ended,
    // of which `si_status` is the part that is there.
    let (code, status, usage) = unsafe {
        let info = info.assume_init();
        (info.si_code, info.si_status(), usage.assume_init())
    };
    let end = match code {
        libc::CLD_EXITED => End { signal: None, status: Some(status) },
        _ => End { signal: Some(status), status: None },
    };
    // Linux counts KiB.
    Ok(ChildEnd { end, peak_memory: usize::try_from(usage.ru_maxrss).unwrap_or(0) * 1024 })
}

/// `struct pidfd_info` of linux/pidfd.h, in its first version.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    processes_and_users: [u32; 11],
    exit_code: i32,
}

/// `PIDFD_INFO_EXIT` of linux/pidfd.h: asks for the exit code, and says that it is there.
const INFO_EXIT: u64 = 1 << 3;

/// Whoever reaps a child wakes those who wait for it a moment before it is remembered.
const WAIT_FOR_REAPER: Duration = Duration::from_millis(20);

/// What the operating system remembers of a child that somebody else has reaped, or is about to.
fn remembered(pidfd: BorrowedFd<'_>) -> Option<End> {
    let since = Instant::now();
    loop {
        match ask(pidfd) {
            Ok(info) if info.mask & INFO_EXIT != 0 => {
                let code = info.exit_code;
                return Some(match libc::WIFSIGNALED(code) {
                    true => End { signal: Some(libc::WTERMSIG(code)), status: None },
                    false => End { signal: None, status: Some(libc::WEXITSTATUS(code)) },
                });
            }
            // Not yet, or between the one and the other.
            Ok(_) | Err(Errno::SRCH) if since.elapsed() < WAIT_FOR_REAPER => {}
            Ok(_) | Err(_) => return None,
        }
        std::thread::yield_now();
    }
}

/// Asks for what is known of a child.
fn ask(pidfd: BorrowedFd<'_>) -> rustix::io::Result<PidfdInfo> {
    // `PIDFD_GET_INFO` of linux/pidfd.h.
    const GET_INFO: rustix::ioctl::Opcode =
        rustix::ioctl::opcode::read_write::<PidfdInfo>(0xFF, 11);
    let mut info = PidfdInfo { mask: INFO_EXIT, ..PidfdInfo::default() };
    // SAFETY: the request reads and writes a structure of this size and layout, which its number
    // says; a kernel that does not know the request refuses it.
    let asked = unsafe {
        rustix::ioctl::ioctl(pidfd, rustix::ioctl::Updater::<GET_INFO, _>::new(&mut info))
    };
    asked.map(|()| info)
}

/// Has a kernel's `exit` end this process, a child, at once: without the program's exit handlers
/// and destructors, which are the parent's to run, and without writing what the parent has
/// buffered. The status is kept in the worker's record.
///
/// Only glibc tells an exit handler the status; elsewhere handlers registered before run.
pub(super) fn keep_exit_to_this_process(record: &Record) {
    #[cfg(target_env = "gnu")]
    {
        unsafe extern "C" {
            fn on_exit(
                handler: extern "C" fn(libc::c_int, *mut libc::c_void),
                argument: *mut libc::c_void,
            ) -> libc::c_int;
        }
        WORKER.store(std::process::id(), std::sync::atomic::Ordering::Relaxed);
        let record = std::ptr::from_ref(record).cast_mut().cast();
        // SAFETY: the record lies in the worker table's mapping, which this process, a child that
        // returns to nobody, never unmaps; the handler ends the process.
        let _ = unsafe { on_exit(leave, record) };
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = (record, leave);
}

/// The process that is a worker: those that its kernel forks inherit the exit handler.
static WORKER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

extern "C" fn leave(status: libc::c_int, record: *mut libc::c_void) {
    if WORKER.load(std::sync::atomic::Ordering::Relaxed) == std::process::id() {
        // SAFETY: `keep_exit_to_this_process` registered the handler with a record that lives as
        // long as the process.
        unsafe { &*record.cast_const().cast::<Record>() }.note_exit(status & 0xFF);
    }
    forked::end(status);
}
