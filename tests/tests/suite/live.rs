//! A look at the outputs of a map while it runs: finished items alone, slot by slot and in what is
//! reduced.

use std::num::NonZero;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ndarray::{Array1, ArrayViewMut1, ArrayViewMut2};
use pasha::prelude::*;
use pasha::{AfterRetries, AnyContext, Error, OnFailure, Ragged, Snapshot};
use pasha_tests::shared_counters;

const EVERY: Duration = Duration::from_micros(300);
const LEN: usize = 4000;
/// What slots hold that no item has written.
const EMPTY: u64 = 77;

/// Outputs of all roles, from which can be told of which items they are. Fails where it is told to.
#[pasha::kernel]
fn all_roles(
    number: u64,
    #[shared] fails: impl Fn(u64) + Copy,
    #[output(shape = 3, fill = EMPTY)] mut row: ArrayViewMut1<u64>,
    #[output(ragged)] pushed: &mut Ragged<u64>,
    #[output(ragged = number as usize % 4)] mut known: ArrayViewMut1<u64>,
    #[reduce(sum)] sum: &mut u64,
    #[reduce(sum, shape = 500)] mut image: ArrayViewMut1<u64>,
    #[reduce(max)] largest: &mut u64,
    #[reduce(min, shape = (2, 3), order = F)] mut smallest: ArrayViewMut2<u64>,
    #[per_worker] count: &mut u64,
) -> u64 {
    row.fill(number);
    known.fill(number);
    pushed.extend_from_slice(&[number; 3][..number as usize % 3]);
    *sum += number;
    image[number as usize % 500] += 1;
    fails(number);
    image += 1;
    *largest = (*largest).max(number);
    for ((y, x), smallest) in smallest.indexed_iter_mut() {
        *smallest = (*smallest).min(number + (10 * y + x) as u64);
    }
    *count += 1;
    // Long enough for several looks.
    std::hint::black_box((0..2000).fold(number, |a, b| a ^ b));
    number
}

/// Checks that outputs are those of these items and of no others.
fn check(out: &AllRolesOutput, is_finished: impl Fn(usize) -> bool) -> usize {
    let finished: Vec<u64> =
        (0..LEN).filter(|&index| is_finished(index)).map(|i| i as u64).collect();
    for index in 0..LEN {
        let number = index as u64;
        let (row, value, len) = match is_finished(index) {
            true => ([number; 3], number, index % 3),
            false => ([EMPTY; 3], 0, 0),
        };
        assert_eq!(out.row.row(index).to_vec(), row, "{index}");
        assert_eq!(out.result[index], value, "{index}");
        assert_eq!(out.pushed[index].to_vec(), vec![number; len], "{index}");
        let known = if is_finished(index) { number } else { 0 };
        assert_eq!(out.known[index].to_vec(), vec![known; index % 4], "{index}");
    }
    let mut image = Array1::from_elem(500, finished.len() as u64);
    finished.iter().for_each(|&number| image[number as usize % 500] += 1);
    assert_eq!(out.image, image);
    assert_eq!(out.sum, finished.iter().sum::<u64>());
    assert_eq!(out.largest, finished.last().copied().unwrap_or(0));
    for ((y, x), &smallest) in out.smallest.indexed_iter() {
        let expected = finished.first().map_or(u64::MAX, |first| first + (10 * y + x) as u64);
        assert_eq!(smallest, expected);
    }
    assert_eq!(out.count.sum(), finished.len() as u64);
    finished.len()
}

/// Runs the kernel, and checks each look and what comes in the end. Gives the number of looks, of
/// which there are two at least: an item waits for them.
fn looks(
    context: &AnyContext,
    fails: impl Fn(u64) + Copy + Sync + Send,
    fails_for_good: &[usize],
) -> u64 {
    let looked = &shared_counters(1)[0];
    let in_item = |number: u64| {
        fails(number);
        if number as usize == LEN / 2 {
            let before = looked.load(Ordering::Relaxed);
            while looked.load(Ordering::Relaxed) < before + 2 {
                std::thread::yield_now();
            }
        }
    };
    let (mut looks, mut seen) = (0, vec![false; LEN]);
    let look = |snapshot: &Snapshot<'_, AllRolesOutput>| -> ControlFlow<()> {
        let finished = check(snapshot.out(), |index| snapshot.is_finished(index));
        let progress = snapshot.progress();
        assert_eq!((progress.finished, progress.len), (finished, LEN));
        for (index, seen) in seen.iter_mut().enumerate() {
            assert!(snapshot.is_finished(index) || !*seen, "{index} was finished before");
            *seen = snapshot.is_finished(index);
        }
        for failed in snapshot.failed() {
            assert!(fails_for_good.contains(&failed.index), "{failed:?}");
            assert!(!snapshot.is_finished(failed.index));
        }
        assert!(!snapshot.is_finished(LEN) && !snapshot.is_finished(usize::MAX));
        looks += 1;
        looked.store(looks, Ordering::Relaxed);
        Continue(())
    };
    let numbers: Vec<u64> = (0..LEN as u64).collect();
    let out = all_roles::run_live_in(&**context, &numbers, in_item, EVERY, look).unwrap();
    check(&out, |index| !fails_for_good.contains(&index));
    assert!(looks >= 2, "{looks}");
    looks
}

fn contexts() -> Vec<AnyContext> {
    ["serial", "threads:3", "processes:2", "processes:5", "processes:2,item_timeout=60s"]
        .map(|it| it.parse().unwrap())
        .into()
}

#[test]
fn every_look_has_the_finished_items_and_no_others() {
    for context in contexts() {
        for _ in 0..5 {
            looks(&context, |_| (), &[]);
        }
    }
    let context: AnyContext = Box::new(ThreadContext::new(2).unwrap().static_split());
    looks(&context, |_| (), &[]);
}

/// In a map that the first failure ends there is one copy of a worker's accumulators, of which the
/// worker that takes its place goes on, too.
#[test]
fn workers_that_are_replaced_are_shown_with_those_before_them() {
    let lifespan = NonZero::new(300).unwrap();
    let context: AnyContext = Box::new(ProcessContext::new(2).unwrap().worker_lifespan(lifespan));
    for _ in 0..3 {
        looks(&context, |_| (), &[]);
    }
}

#[test]
fn what_failed_is_in_no_look_and_what_is_tried_again_once() {
    let panics = |number: u64| assert!(number % 331 != 7, "no such number");
    let failing: Vec<usize> = (0..LEN).filter(|index| index % 331 == 7).collect();
    let skip = OnFailure::Skip { at_most: failing.len() };
    let contexts: [AnyContext; 3] = [
        Box::new(SerialContext::new().on_failure(skip)),
        Box::new(ThreadContext::new(3).unwrap().on_failure(skip)),
        Box::new(ProcessContext::new(2).unwrap().on_failure(skip)),
    ];
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    for context in &contexts {
        looks(context, panics, &failing);
    }
    std::panic::set_hook(hook);
}

/// Workers die in the middle of an item, when they have added half of it.
#[test]
fn looks_are_whole_while_workers_are_killed() {
    let tried = shared_counters(LEN);
    let dies = |number: u64| {
        if number % 97 == 5 && tried[number as usize].fetch_add(1, Ordering::Relaxed) == 0 {
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
        }
    };
    let retry = OnFailure::Retry { times: 3, then: AfterRetries::Abort };
    let context: AnyContext = Box::new(ProcessContext::new(3).unwrap().on_failure(retry));
    let mut seen = 0;
    for _ in 0..10 {
        tried.iter().for_each(|tried| tried.store(0, Ordering::Relaxed));
        seen += looks(&context, dies, &[]);
    }
    assert!(seen > 10, "{seen}");
}

#[pasha::kernel]
fn waits(value: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(1));
    value
}

#[test]
fn a_look_can_end_the_map() {
    for context in contexts() {
        let mut calls = 0;
        let ended = waits::run_live_in(&*context, 0..100_000_u64, EVERY, |snapshot| {
            calls += 1;
            if snapshot.progress().finished > 3 { Break(()) } else { Continue(()) }
        });
        let error = ended.unwrap_err();
        let Error::Cancelled { finished, len: 100_000, .. } = error else { panic!("{error}") };
        assert!((4..50_000).contains(&finished), "{error}");
        assert!(calls > 0);
    }
    // One that comes when all is done changes nothing.
    let context = SerialContext::new();
    assert_eq!(waits::run_live_in(&context, 0..0_u64, EVERY, |_| Break(())).unwrap().len(), 0);
}

#[test]
fn bound_kernels_show_theirs_and_errors_are_those_of_the_map() {
    let context = ThreadContext::new(2).unwrap();
    let mut last = None;
    let out = waits::bind()
        .run_live_in(&context, 0..300_u64, EVERY, |snapshot| {
            last = Some(snapshot.out().clone());
            Continue(())
        })
        .unwrap();
    assert_eq!(out, Array1::from_iter(0..300));
    let last = last.unwrap();
    assert!(last.iter().enumerate().all(|(index, &value)| [0, index as u64].contains(&value)));

    #[pasha::kernel]
    fn refuses(value: u64) -> Result<u64, &'static str> {
        if value == 200 { Err("too many") } else { Ok(value) }
    }
    let error = refuses::run_live_in(&context, 0..300_u64, EVERY, |_| Continue(())).unwrap_err();
    assert!(error.to_string().contains("too many"), "{error}");
    let panicked = std::panic::catch_unwind(|| {
        waits::run_live_in(&SerialContext::new(), 0..300_u64, EVERY, |_| panic!("in the look"))
    });
    let text = *panicked.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(text, "in the look");
}

#[test]
fn what_cannot_be_shown_is_refused_before_anything_runs() {
    let context = SerialContext::new().reproducible(true);
    let numbers: Vec<u64> = (0..LEN as u64).collect();
    let fails = |_: u64| panic!("it must not run");
    let refused = all_roles::run_live_in(&context, &numbers, fails, EVERY, |_| Continue(()));
    let error = refused.err().unwrap().to_string();
    assert!(error.contains("`reproducible`") && error.contains("run_live_in"), "{error}");
    // Without reductions there is nothing that it could change.
    assert!(waits::run_live_in(&context, 0..3_u64, EVERY, |_| Continue(())).is_ok());
}

/// Takes a millisecond, and has accumulators of 4 MB.
#[pasha::kernel]
fn large(value: u64, #[reduce(sum, shape = 1 << 19)] mut sum: ArrayViewMut1<u64>) {
    std::thread::sleep(Duration::from_millis(1));
    sum[value as usize] += 1;
}

#[test]
fn large_accumulators_are_copied_at_a_bounded_rate() {
    for context in [&ThreadContext::new(2).unwrap() as &dyn Context, &SerialContext::new()] {
        let (mut looks, mut shown) = (0, Vec::new());
        let begun = Instant::now();
        large::run_live_in(context, 0..600_u64, EVERY, |snapshot| {
            looks += 1;
            let finished = snapshot.progress().finished;
            if shown.last() != Some(&finished) {
                assert_eq!(snapshot.out().sum(), finished as u64);
                shown.push(finished);
            }
            Continue(())
        })
        .unwrap();
        let at_most = 1.0 + begun.elapsed().as_secs_f64() * 20e6 / 4e6;
        assert!(shown.len() as f64 <= at_most, "{} of {looks} in {at_most}", shown.len());
        assert!(shown.len() > 1 && looks > 2 * shown.len(), "{} of {looks}", shown.len());
    }
}

/// Adds up; the second half waits until somebody has seen this.
#[pasha::kernel]
fn second_half_waits(
    value: u64,
    #[shared(copied)] seen: &[AtomicU64],
    #[reduce(sum)] total: &mut u64,
) {
    let begun = Instant::now();
    while value >= 50 && seen[0].load(Ordering::SeqCst) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(40), "nobody has seen the first half");
        std::thread::yield_now();
    }
    *total += value;
}

#[test]
fn a_worker_that_has_ended_is_seen_while_others_go_on() {
    let contexts: [&dyn Context; 2] = [
        &ThreadContext::new(2).unwrap().static_split(),
        &ProcessContext::new(2).unwrap().static_split(),
    ];
    for context in contexts {
        let seen = shared_counters(1);
        let look = |snapshot: &Snapshot<'_, u64>| {
            if (0..50).all(|index| snapshot.is_finished(index)) {
                let first_half = (0..50).sum::<u64>();
                assert!(*snapshot.out() >= first_half, "{}", snapshot.out());
                seen[0].store(1, Ordering::SeqCst);
            }
            Continue(())
        };
        let every = Duration::from_millis(1);
        let total = second_half_waits::run_live_in(context, 0..100, seen, every, look).unwrap();
        assert_eq!(total, 4950);
    }
}
