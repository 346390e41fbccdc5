//! A job over several ranks, all of which are killed together, as a lost node or a power cut does.

use std::collections::BTreeSet;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::resume::{Random, outputs, run, start};

/// The items that the job file says are done.
fn done(folder: &Path) -> BTreeSet<usize> {
    let Ok(file) = std::fs::read(folder.join("job.pasha")) else { return BTreeSet::new() };
    // Words of 32 bits, and their checksums.
    let words = file.get(4096..).unwrap_or_default().chunks(8);
    let bits = words.flat_map(|word| &word[..4]).enumerate().flat_map(|(number, &byte)| {
        (0..8).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| 8 * number + bit)
    });
    bits.collect()
}

/// The items that were run since the last look.
fn log(folder: &Path) -> Vec<usize> {
    let path = folder.join("items.log");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    std::fs::write(&path, "").unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn a_job_over_ranks_that_is_killed_fifty_times_runs_no_finished_item_again() {
    const LEN: usize = 20_000;
    let len = LEN.to_string();
    let undisturbed = TempDir::new().unwrap();
    let told = run(undisturbed.path(), &["serial", &len]);
    assert_eq!(told, format!("resumed 0 finished {LEN} failed 0"));
    let expected = outputs(undisturbed.path());

    let mut random = Random(20261129);
    let (mut kills, mut jobs, mut again) = (0, 0, 0);
    while kills < 50 {
        let folder = TempDir::new().unwrap();
        let folder = folder.path();
        let mut runs = vec![0; LEN];
        let mut kills_of_job = 0;
        loop {
            let before = done(folder);
            let mut program = start(folder, &["ranks", &len]);
            if kills_of_job < 10 {
                // Some are killed at their very beginning, others when some more items are done.
                let more = before.len() + random.next(LEN / 10);
                let early = random.next(4) == 0;
                (0..random.next(3_000_000)).for_each(|_| std::hint::spin_loop());
                while !early && done(folder).len() < more && program.try_wait().unwrap().is_none() {
                    std::thread::yield_now();
                }
            } else {
                program.wait().unwrap();
            }
            if program.try_wait().unwrap().is_none() {
                kill_process_group(Pid::from_child(&program), Signal::KILL).unwrap();
                kills_of_job += 1;
            }
            program.wait().unwrap();
            let log = log(folder);
            let ran: BTreeSet<usize> = log.iter().copied().collect();
            assert_eq!(ran.len(), log.len(), "no item is run twice in one run");
            assert!(ran.is_disjoint(&before), "no item that is done is run again");
            log.iter().for_each(|&index| runs[index] += 1);
            if done(folder).len() == LEN {
                break;
            }
        }
        assert!(runs.iter().all(|&runs| (1..=1 + kills_of_job).contains(&runs)));
        again += runs.iter().sum::<usize>() - LEN;
        let told = run(folder, &["ranks", &len]);
        assert_eq!(told, format!("resumed {LEN} finished 0 failed 0"));
        assert!(log(folder).is_empty(), "what is done is done");
        assert!(outputs(folder) == expected, "job {jobs}");
        (kills, jobs) = (kills + kills_of_job, jobs + 1);
    }
    // Items that were under way, or whose slots had not come to rank 0.
    println!("{kills} kills in {jobs} jobs of {LEN} items, {again} of which were run again");
}
