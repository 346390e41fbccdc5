//! What a context can be asked for does over several ranks what it does on one.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pasha::prelude::*;
use pasha::{AnyContext, Cause};
use pasha_tests::item_failure;
use pasha_tests::ranks::{on_ranks, ran_alone};

/// Two forked workers on each of two ranks.
const WORKERS: usize = 4;

fn processes(_rank: usize) -> AnyContext {
    Box::new(ProcessContext::new(2).unwrap())
}

/// Who ran the item, as `[process, nice value, number of processors]`.
#[pasha::kernel]
fn who(
    value: u64,
    #[worker_id] worker: usize,
    #[output] by: &mut usize,
    #[reduce(sum)] total: &mut u64,
) -> [u64; 3] {
    *by = worker;
    *total += value;
    let nice = rustix::process::nice(0).unwrap();
    let processors = rustix::thread::sched_getaffinity(None).unwrap().count();
    [u64::from(std::process::id()), nice as u64, u64::from(processors)]
}

const LEN: u64 = 400;

fn check(out: &WhoOutput) {
    assert_eq!(out.total, LEN * (LEN - 1) / 2);
    assert!(out.by.iter().all(|&worker| worker < WORKERS));
}

#[test]
fn work_is_split_as_asked() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(2, processes, |context| {
        let out = who::run_in(&context.clone().static_split(), 0..LEN).unwrap();
        check(&out);
        let parts: Vec<usize> =
            (0..LEN as usize).map(|index| index * WORKERS / LEN as usize).collect();
        assert_eq!(out.by.to_vec(), parts, "each worker has its part");
        let share = NonZeroUsize::new(50).unwrap();
        let out = who::run_in(&context.clone().share(share), 0..LEN).unwrap();
        check(&out);
        for share in out.by.to_vec().chunks(50) {
            assert!(share.iter().all(|worker| *worker == share[0]), "{share:?}");
        }
        check(&who::run_in(&context.huge_pages(false), 0..LEN).unwrap());
    });
}

#[test]
fn workers_are_replaced_nice_and_pinned_as_asked() {
    if ran_alone(&|| ()) {
        return;
    }
    let own = rustix::process::nice(0).unwrap();
    on_ranks(2, processes, |context| {
        let lifespan = NonZeroUsize::new(7).unwrap();
        let out = who::run_in(&context.clone().worker_lifespan(lifespan), 0..LEN).unwrap();
        check(&out);
        let mut items: BTreeMap<u64, usize> = BTreeMap::new();
        for process in out.result.column(0) {
            *items.entry(*process).or_default() += 1;
        }
        assert!(items.values().all(|&count| count <= 7), "{items:?}");
        let out = who::run_in(&context.clone().nice(3), 0..LEN).unwrap();
        check(&out);
        assert!(out.result.column(1).iter().all(|&nice| nice == (own + 3) as u64));
        let out = who::run_in(&context.pin_workers(true), 0..LEN).unwrap();
        check(&out);
        assert!(out.result.column(2).iter().all(|&processors| processors == 1));
    });
}

#[test]
fn hooks_run_once_in_each_worker_and_progress_is_told_on_rank_0() {
    if ran_alone(&|| ()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    on_ranks(2, processes, |context| {
        let note = |when: &'static str, path: &Path| {
            let path = path.to_owned();
            move |worker: usize| {
                fs::File::create_new(path.join(format!("{when}-{worker}"))).unwrap();
            }
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&told);
        let context = context
            .on_worker_start(note("start", &path))
            .on_worker_end(note("end", &path))
            .on_progress(Duration::from_millis(1), move |progress| {
                seen.lock().unwrap().push((progress.finished, progress.len));
            });
        check(&who::run_in(&context, 0..LEN).unwrap());
        let told = told.lock().unwrap();
        match context.rank() {
            0 => assert_eq!(told.last(), Some(&(LEN as usize, LEN as usize))),
            _ => assert!(told.is_empty(), "{told:?}"),
        }
    });
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = ["end-0", "end-1", "end-2", "end-3", "start-0", "start-1", "start-2", "start-3"];
    assert_eq!(names, expected);
}

#[test]
fn the_progress_of_a_masked_map_ends_at_its_end() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(2, processes, |context| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&told);
        let context = context.on_progress(Duration::from_millis(1), move |progress| {
            seen.lock().unwrap().push((progress.finished, progress.len));
        });
        let mask: Vec<bool> = (0..LEN).map(|number| number % 5 == 1).collect();
        let (_, report) = who::run_report_in(&context, pasha::masked(&(0..LEN), &mask)).unwrap();
        assert_eq!(report.absent, mask.iter().filter(|&&is_chosen| !is_chosen).count());
        if context.rank() == 0 {
            assert_eq!(told.lock().unwrap().last(), Some(&(LEN as usize, LEN as usize)));
        }
    });
}

/// Takes for ever, or more memory than it may, at one item each.
#[pasha::kernel]
fn greedy(value: u64, #[reduce(sum)] total: &mut u64) -> u64 {
    if value == 123 {
        std::thread::sleep(Duration::from_secs(600));
    }
    if value == 321 {
        let memory = vec![1_u8; 256 << 20];
        *total += u64::from(std::hint::black_box(&memory)[1]);
    }
    *total += value;
    value
}

#[test]
fn slow_and_hungry_items_are_left_out_on_all_ranks_alike() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(2, processes, |context| {
        let context = context
            .on_failure(OnFailure::Skip { at_most: 2 })
            .item_timeout(Duration::from_millis(300))
            .worker_memory(128 << 20);
        let (out, report) = greedy::run_report_in(&context, 0..LEN).unwrap();
        let failed: Vec<usize> = report.failed.iter().map(|item| item.index).collect();
        assert_eq!(failed, [123, 321]);
        let cause = item_failure(&report.failed[0].cause).cause();
        assert!(matches!(cause, Cause::TimedOut { .. }), "{cause:?}");
        assert_eq!(out.total, LEN * (LEN - 1) / 2 - 123 - 321);
        assert_eq!((out.result[123], out.result[321], out.result[399]), (0, 0, 399));
    });
}
