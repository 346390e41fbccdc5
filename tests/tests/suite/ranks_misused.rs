//! What ranks do that they should not: told, or done without waiting for the others.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::wait::waitpid;
use nix::unistd::ForkResult;
use pasha::__private::GroupContext;
use pasha::{AnyContext, Error, OnFailure, SerialContext, ThreadContext};
use pasha_tests::ranks::{on_ranks, on_ranks_with, ran_alone};

const PATIENCE: Duration = Duration::from_secs(40);

fn serial(_rank: usize) -> AnyContext {
    Box::new(SerialContext::new())
}

#[test]
fn ranks_that_leave_out_other_items_are_told() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(2, PATIENCE, serial, |context| {
        let mask: Vec<bool> = (0..10).map(|index| index != context.rank()).collect();
        let masked = pasha::masked(0..10_u64, &mask);
        let error = pasha::map_in(&context, &masked, |_, _, n| n + 1).unwrap_err();
        assert!(matches!(error, Error::RanksDiffer { .. }), "{error}");
        // Nor is a mask the same that leaves out nothing.
        let other = vec![true; 10];
        let mask = if context.rank() == 0 { &mask } else { &other };
        let masked = pasha::masked(0..10_u64, mask);
        let error_of_one = pasha::map_in(&context, &masked, |_, _, n| n + 1).unwrap_err();
        let mask: Vec<bool> = (0..10).map(|index| index != 4).collect();
        let masked = pasha::masked(0..10_u64, &mask);
        let out = pasha::map_in(&context, &masked, |_, _, n| n + 1).unwrap();
        assert_eq!(out, ndarray::array![1, 2, 3, 4, 0, 6, 7, 8, 9, 10]);
        format!("{error}; {error_of_one}")
    });
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].contains("choice of items is 1 left out (checksum"), "{}", texts[0]);
    assert!(texts[0].contains("but all on rank 1"), "{}", texts[0]);
}

#[test]
fn other_workers_within_a_kernel_wait_for_no_rank() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(2, serial, |context| {
        let sums = pasha::map_in(&context, 0..30_u64, |_, _, n| {
            let here = context.clone().with_workers(serial(0));
            pasha::map_in(&here, 0..n, |_, _, m| m).unwrap().sum()
        });
        let expected: ndarray::Array1<u64> = (0..30_u64).map(|n| (0..n).sum()).collect();
        assert_eq!(sums.unwrap(), expected);
    });
}

#[test]
fn a_process_that_a_rank_has_forked_is_no_rank() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(2, PATIENCE, serial, |context| {
        let mut told = String::new();
        if context.rank() == 1 {
            let (mut reader, mut writer) = std::io::pipe().unwrap();
            // SAFETY: the child runs what forked workers may run, and never returns from here.
            match unsafe { nix::unistd::fork() }.unwrap() {
                ForkResult::Child => {
                    let outcome = pasha::map_in(&context, 0..10_u64, |_, _, n| n);
                    let here = context.with_workers(serial(0));
                    let alone = pasha::map_in(&here, 0..10_u64, |_, _, n| n);
                    let text = match (outcome, alone) {
                        (Err(error), Ok(out)) => format!("{error}; alone: {}", out.sum()),
                        other => format!("{other:?}"),
                    };
                    let _ = writer.write_all(text.as_bytes());
                    // SAFETY: ends the process at once; nothing of it is used afterwards.
                    unsafe { nix::libc::_exit(0) }
                }
                ForkResult::Parent { child } => {
                    drop(writer);
                    reader.read_to_string(&mut told).unwrap();
                    waitpid(child, None).unwrap();
                }
            }
        }
        assert_eq!(pasha::map_in(&context, 0..10_u64, |_, _, n| n).unwrap().sum(), 45);
        told
    });
    assert!(texts[1].contains("was forked from rank 1, process "), "{}", texts[1]);
    assert!(texts[1].contains("`ProcessContext`"), "{}", texts[1]);
    assert!(texts[1].ends_with("alone: 45"), "{}", texts[1]);
}

#[test]
fn options_of_the_workers_hold_over_ranks() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(2, serial, |context| {
        let workers = SerialContext::new().on_failure(OnFailure::Skip { at_most: 3 });
        let context = context.share(1.try_into().unwrap()).with_workers(Box::new(workers));
        let mapped = pasha::try_map_report_in(&context, 0..10_u64, |_, _, n| match n {
            7 => Err("no 7"),
            n => Ok(n),
        });
        let (out, report) = mapped.unwrap();
        assert_eq!((out.sum(), report.failed.len()), (45 - 7, 1));
        // Each claimed alone, as was said before the workers were.
        let shares: usize = report.workers.iter().map(|worker| worker.shares).sum();
        assert_eq!(shares, 10);
        // What is said later holds instead.
        let context = context.on_failure(OnFailure::Abort);
        let ended = pasha::try_map_in(&context, 0..10_u64, |_, _, n| match n {
            7 => Err("no 7"),
            n => Ok(n),
        });
        assert!(ended.is_err());
    });
}

/// A shape that can't be had on one rank.
#[pasha::kernel]
fn shaped(
    value: u64,
    #[shared] len: Option<usize>,
    #[output(shape = len.expect("a length"))] mut out: ndarray::ArrayViewMut1<u64>,
) {
    out.fill(value);
}

#[test]
fn a_panic_of_what_is_told_of_the_progress_is_an_error_on_all_ranks() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(2, PATIENCE, serial, |context| {
        let map = |context: &GroupContext| {
            pasha::map_in(context, 0..100_u64, |_, _, n| {
                std::thread::sleep(Duration::from_millis(1));
                n
            })
        };
        let every = Duration::from_millis(1);
        let at_once = context.clone().on_progress(every, |_| panic!("nobody looks"));
        let first = map(&at_once).unwrap_err();
        let at_last = context.clone().on_progress(every, |progress| {
            assert!(progress.finished < progress.len, "nobody is left");
        });
        let last = map(&at_last).unwrap_err();
        assert_eq!(map(&context).unwrap().sum(), 4950);
        format!("{first}; {last}")
    });
    for text in texts {
        assert!(text.contains("nobody looks") && text.contains("nobody is left"), "{text}");
    }
}

#[test]
fn a_panic_before_the_items_is_an_error_on_all_ranks() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(2, PATIENCE, serial, |context| {
        let len = (context.rank() == 0).then_some(3);
        let error = shaped::run_in(&context, 0..10, len).err().unwrap();
        assert_eq!(shaped::run_in(&context, 0..10, Some(2)).unwrap().sum(), 90);
        error.to_string()
    });
    assert!(texts[0].contains("rank 1 on node-1"), "{}", texts[0]);
    for text in texts {
        assert!(text.contains("panicked: \"a length\""), "{text}");
    }
}

#[test]
fn other_workers_on_one_rank_while_another_maps_are_told() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(3, PATIENCE, serial, |context| {
        let map =
            |context: &GroupContext| pasha::map_in(context, 0..10_u64, |_, _, n| n).map(|_| ());
        // The next map of a rank that could not get its workers says why; the others make none.
        let error = match context.rank() {
            1 => map(&context.clone().with_workers(serial(1))).unwrap_err(),
            _ => map(&context).unwrap_err(),
        };
        error.to_string()
    });
    for text in texts {
        assert!(text.contains("the call is a map on rank 0 (node-0)"), "{text}");
        assert!(text.contains("but `with_workers` on rank 1 (node-1)"), "{text}");
    }
}

#[test]
fn ranks_are_no_workers_of_a_rank() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(2, PATIENCE, serial, |context| {
        let nested = context.clone().with_workers(Box::new(context.clone()));
        let error = pasha::map_in(&nested, 0..10_u64, |_, _, n| n).unwrap_err();
        let mended = nested.with_workers(serial(0));
        assert_eq!(pasha::map_in(&mended, 0..10_u64, |_, _, n| n).unwrap().sum(), 45);
        error.to_string()
    });
    for (rank, text) in texts.iter().enumerate() {
        assert!(text.starts_with(&format!("rank {rank} on node-{rank} can't go on: ")), "{text}");
        assert!(text.contains("the context that `with_workers` is given is 2 ranks"), "{text}");
    }
}

#[pasha::kernel]
fn count(value: u64, #[shared] calls: &AtomicU64) -> u64 {
    calls.fetch_add(1, Ordering::Relaxed);
    value
}

#[pasha::kernel]
fn count_here(value: u64, #[shared(copied)] calls: &AtomicU64) -> u64 {
    calls.fetch_add(1, Ordering::Relaxed);
    value
}

#[test]
fn what_each_rank_would_change_for_itself_is_refused() {
    if ran_alone(&|| ()) {
        return;
    }
    let threads = |_| -> AnyContext { Box::new(ThreadContext::new(2).unwrap()) };
    let texts = on_ranks_with(2, PATIENCE, threads, |context| {
        let calls = AtomicU64::new(0);
        let error = count::run_in(&context, 0..100, &calls).unwrap_err();
        assert!(matches!(error, Error::ChangesLost { over_ranks: true, .. }), "{error}");
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        assert_eq!(count_here::run_in(&context, 0..100, &calls).unwrap().sum(), 4950);
        format!("{error}; {}", calls.load(Ordering::Relaxed))
    });
    let here: Vec<u64> =
        texts.iter().map(|text| text.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(here.iter().sum::<u64>(), 100);
    assert!(texts[0].contains("those of several ranks, which are processes"), "{}", texts[0]);
}
