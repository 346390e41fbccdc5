//! Workers that take more memory than there is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pasha::OnFailure;

use super::{check_next_map, two_processes};

/// A cgroup with little memory, with this process in it for as long as it lives.
struct LittleMemory {
    own: PathBuf,
    group: PathBuf,
}

impl LittleMemory {
    const BYTES: &str = "300000000";

    fn enter() -> io::Result<LittleMemory> {
        let groups = fs::read_to_string("/proc/self/cgroup")?;
        let of = |controller: &str| {
            let lines = groups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
            lines.filter(|(name, _)| *name == controller).map(|(_, path)| path.to_owned()).next()
        };
        let (root, path, limit) = match (of("memory"), of("")) {
            (Some(path), _) => ("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"),
            (None, Some(path)) => ("/sys/fs/cgroup", path, "memory.max"),
            (None, None) => return Err(io::ErrorKind::NotFound.into()),
        };
        let own = Path::new(root).join(path.trim_start_matches('/'));
        let group = own.join(format!("pasha-{}", std::process::id()));
        fs::create_dir(&group)?;
        let entered = LittleMemory { own, group };
        fs::write(entered.group.join(limit), Self::BYTES)?;
        fs::write(entered.group.join("cgroup.procs"), std::process::id().to_string())?;
        Ok(entered)
    }
}

impl Drop for LittleMemory {
    fn drop(&mut self) {
        let _ = fs::write(self.own.join("cgroup.procs"), std::process::id().to_string());
        let _ = fs::remove_dir(&self.group);
    }
}

/// Prints the failures of a map of which two items want a gibibyte each.
pub(crate) fn out_of_memory() {
    let little = match LittleMemory::enter() {
        Ok(little) => little,
        Err(error) => {
            println!("skipped: no cgroup can be made here ({error})");
            return;
        }
    };
    let context = two_processes().on_failure(OnFailure::Skip { at_most: 2 });
    let (sizes, report) = pasha::map_report_in(&context, 0..100_usize, |_, _, n| {
        vec![1_u8; if n == 30 || n == 70 { 1 << 30 } else { n }].len()
    })
    .unwrap();
    assert_eq!(sizes.iter().sum::<usize>(), (0..100).sum::<usize>() - 30 - 70);
    for failed in &report.failed {
        println!("{}", failed.cause);
    }
    check_next_map();
    drop(little);
}
