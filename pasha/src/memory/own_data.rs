//! The memory that a worker's process has allocated since it was forked, where that is limited.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use bytesize::ByteSize;
use rustix::process::{Resource, getrlimit, setrlimit};

/// The bytes of data that this process had when its own were limited.
static BEFORE: AtomicU64 = AtomicU64::new(0);
/// So many more it may have; 0 where they are not limited.
static LIMIT: AtomicU64 = AtomicU64::new(0);

/// Refuses this process, a worker, more than so many bytes besides the data that it has.
pub(crate) fn limit_own_data(bytes: usize) -> io::Result<()> {
    let before = data()?;
    let most = before.saturating_add(bytes as u64);
    let mut limit = getrlimit(Resource::Data);
    limit.current = Some(limit.maximum.map_or(most, |maximum| maximum.min(most)));
    setrlimit(Resource::Data, limit)?;
    BEFORE.store(before, Ordering::Relaxed);
    LIMIT.store(bytes as u64, Ordering::Relaxed);
    Ok(())
}

/// The bytes of data of this process, as `RLIMIT_DATA` counts them.
fn data() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kibibytes =
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Ok(kibibytes.ok_or(io::ErrorKind::InvalidData)?.saturating_mul(1024))
}

/// What this process has allocated, where that is limited and half of it is used: after a failure
/// the memory may be what was missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnData {
    allocated: u64,
    limit: u64,
}

impl OwnData {
    /// `None` where it is not limited, or little of it is used.
    pub(crate) fn if_much_is_used() -> Option<OwnData> {
        let limit = LIMIT.load(Ordering::Relaxed);
        if limit == 0 {
            return None;
        }
        let allocated = data().ok()?.saturating_sub(BEFORE.load(Ordering::Relaxed));
        (allocated > limit / 2).then_some(OwnData { allocated, limit })
    }
}

impl fmt::Display for OwnData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [allocated, limit] =
            [self.allocated, self.limit].map(|bytes| ByteSize::b(bytes).display().iec());
        write!(
            f,
            "the worker had allocated {allocated} of the {limit} that `worker_memory` allows it"
        )
    }
}
