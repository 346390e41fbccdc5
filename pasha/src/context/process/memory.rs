//! The memory of workers: how much they may have, and whether one died for want of it.

use std::io;
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use bytesize::ByteSize;
use nix::libc;
use rustix::process::{Resource, getrlimit, setrlimit};

use super::end::ChildEnd;
use crate::options::Options;

/// Refuses this process, a worker, more than so many bytes besides the data that it has.
pub(super) fn limit_own(bytes: usize) -> io::Result<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    let data: u64 = kibibytes.ok_or(io::ErrorKind::InvalidData)?;
    let most = (data * 1024).saturating_add(bytes as u64);
    let mut limit = getrlimit(Resource::Data);
    limit.current = Some(limit.maximum.map_or(most, |maximum| maximum.min(most)));
    Ok(setrlimit(Resource::Data, limit)?)
}

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
        libc::SIGABRT => options.worker_memory.map(|limit| {
            let limit = ByteSize::b(limit as u64).display().iec();
            format!(
                "memory beyond {limit} of its own is refused it (`worker_memory`), and it had \
                 {peak} with the program's"
            )
        }),
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
