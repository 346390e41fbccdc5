//! Whether a worker died for want of memory.

use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use bytesize::ByteSize;
use nix::libc;

use super::end::ChildEnd;
use crate::options::Options;

/// How many processes of its cgroup this one has seen to be killed because memory ran out.
static SEEN_KILLS: AtomicU64 = AtomicU64::new(0);

/// Counts those that were killed before the first map.
pub(super) fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| SEEN_KILLS.store(kills().unwrap_or(0), Ordering::Relaxed));
}

/// What memory had to do with a worker's death, if it did.
pub(super) fn explain(ended: ChildEnd, options: &Options) -> Option<String> {
    let peak = ByteSize::b(ended.peak_memory as u64).display().iec();
    match ended.end.signal? {
        libc::SIGKILL => {
            let now = kills()?;
            let seen = SEEN_KILLS.swap(now, Ordering::Relaxed);
            (now > seen).then(|| {
                format!(
                    "memory ran out: the operating system's out-of-memory killer has ended {} of \
                     the processes of its cgroup, and the worker had {peak}; take fewer workers, \
                     or a job with more memory",
                    now - seen
                )
            })
        }
        signal @ (libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS) => {
            options.worker_memory.map(|limit| {
                let limit = ByteSize::b(limit as u64).display().iec();
                let perhaps = match signal {
                    libc::SIGABRT => {
                        "an allocation that is refused aborts, and so do a stack overflow and a \
                         failed assertion in C"
                    }
                    _ => "a pointer to nothing may be memory that was refused",
                };
                format!(
                    "memory beyond {limit} of its own is refused it (`worker_memory`), and it had \
                     {peak} with the program's: {perhaps}"
                )
            })
        }
        _ => None,
    }
}

/// How many processes of this one's cgroup were killed because memory ran out, as far as Linux
/// counts them.
fn kills() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
        let file: PathBuf = match controllers {
            "" => ["/sys/fs/cgroup", path, "memory.events"].iter().collect(),
            "memory" => ["/sys/fs/cgroup/memory", path, "memory.oom_control"].iter().collect(),
            _ => return None,
        };
        let counts = std::fs::read_to_string(file).ok()?;
        let count = counts.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
        count.trim().parse().ok()
    })
}
