//! Durable jobs after a loss of power: of a file system in an image what is on its disk is copied
//! while the program stands still, and the job is gone on with in the copy.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::resume::{done, start_program, told_by};

/// A mounted image, unmounted at the end.
struct Mounted(PathBuf);

impl Mounted {
    /// Mounts an image; `None` where that is not allowed.
    fn new(image: &Path, at: &Path) -> Option<Mounted> {
        std::fs::create_dir_all(at).unwrap();
        let arguments = ["-o", "loop,noatime", "-t", "ext4"];
        succeeds(Command::new("mount").args(arguments).arg(image).arg(at))
            .then(|| Mounted(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // The image is thrown away.
        succeeds(Command::new("umount").arg("--lazy").arg(&self.0));
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|done| done.success())
}

/// Starts the program that merges what it accumulates, or the one that also does not.
fn start(folder: &Path, merges: bool, context: &str, len: &str) -> Child {
    if merges {
        start_program(env!("CARGO_BIN_EXE_accumulator"), folder, &[context, "2", len])
    } else {
        start_program(env!("CARGO_BIN_EXE_of_workers"), folder, &[context, "2", len, "both"])
    }
}

/// Waits until something is so, for half a minute at most.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() && begun.elapsed() < Duration::from_secs(30) {
        std::thread::yield_now();
    }
}

/// Whether all threads of all processes of a group stand still.
fn stands_still(group: Pid) -> bool {
    let mut stand_still = true;
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else { continue };
        let Some((_, stat)) = stat.rsplit_once(')') else { continue };
        let fields: Vec<&str> = stat.split_whitespace().collect();
        if fields.get(2) == Some(&&*group.as_raw_nonzero().to_string()) {
            stand_still &= matches!(fields[0], "T" | "t" | "Z");
        }
    }
    stand_still
}

#[test]
fn a_durable_job_goes_on_after_a_loss_of_power() {
    const LEN: usize = 150_000;
    let len = LEN.to_string();
    let folder = TempDir::new().unwrap();
    let image = folder.path().join("disk");
    std::fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
    let format = ["-q", "-F", "-E", "lazy_itable_init=0"];
    if !succeeds(Command::new("mkfs.ext4").args(format).arg(&image)) {
        return println!("skipped: mkfs.ext4 is not here");
    }
    let Some(disk) = Mounted::new(&image, &folder.path().join("mounted")) else {
        return println!("skipped: images can't be mounted here");
    };
    let cases = [(true, "processes"), (true, "threads"), (false, "processes")];
    for (number, (merges, context)) in cases.into_iter().enumerate() {
        let undisturbed = TempDir::new().unwrap();
        told_by(start(undisturbed.path(), merges, context, &len));
        let context = &format!("durable-{context}");
        let job = disk.0.join(number.to_string());
        std::fs::create_dir(&job).unwrap();
        let mut program = start(&job, merges, context, &len);
        // Twice on the disk, and some way to the third time.
        wait_until(|| done(&job) > 0 || program.try_wait().unwrap().is_some());
        let first = done(&job);
        wait_until(|| done(&job) > first || program.try_wait().unwrap().is_some());
        let group = Pid::from_child(&program);
        kill_process_group(group, Signal::STOP).unwrap();
        wait_until(|| stands_still(group));
        let copy = folder.path().join(format!("copy-{number}"));
        std::fs::copy(&image, &copy).unwrap();
        let noted = done(&job);
        kill_process_group(group, Signal::KILL).unwrap();
        program.wait().unwrap();

        let after = Mounted::new(&copy, &folder.path().join(format!("after-{number}"))).unwrap();
        let job = after.0.join(number.to_string());
        let kept = done(&job);
        let told = told_by(start(&job, merges, "processes", &len));
        let resumed: usize = told.split(' ').nth(1).unwrap().parse().unwrap();
        println!("{context}: {first}, then {noted} noted, {kept} on the disk, {told}");
        assert!(first > 0 && resumed >= first && resumed < LEN, "{told}");
        for name in ["sums.bin", "result.npy"] {
            let [one, other] =
                [&job, undisturbed.path()].map(|folder| std::fs::read(folder.join(name)).unwrap());
            assert!(one == other, "{context}: {name} after {resumed} of {LEN} items");
        }
    }
}
