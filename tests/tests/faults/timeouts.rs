//! Limits of time, and cancelling from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pasha::prelude::*;
use pasha::{CancelToken, Cause, Error};
use pasha_tests::{at_item, item_failure, shared_counters};

/// Never ends at bad items.
#[pasha::kernel]
fn hang(value: u64, #[shared] bad: &[u64]) -> u64 {
    while bad.contains(&value) {
        std::hint::spin_loop();
    }
    value + 1
}

/// Takes this many microseconds of work for each item.
#[pasha::kernel]
fn work(_value: u64, #[shared] micros: u64, #[shared(copied)] begun: &[AtomicU64]) -> u64 {
    begun[0].fetch_add(1, Ordering::SeqCst);
    busy(Duration::from_micros(micros));
    1
}

fn busy(time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

const LIMIT: Duration = Duration::from_millis(200);

#[test]
fn an_item_that_never_ends_fails_in_a_process() {
    // Whoever is killed has more to do, and is replaced: its share is half of the items.
    let context = ProcessContext::new(2).unwrap().static_split();
    let context = context.item_timeout(LIMIT).stop_at_once();
    let error = hang::run_in(&context, 0..100, &[50]).unwrap_err();
    let failure = item_failure(&error);
    assert!(matches!(failure.cause(), Cause::TimedOut { limit: LIMIT, .. }), "{error}");
    assert_eq!((failure.index(), failure.attempts(), failure.len()), (50, 1, 100));
    assert!(failure.finished() < 100);
    let skipping = context.clone().on_failure(OnFailure::Skip { at_most: 2 });
    let (out, report) = hang::run_report_in(&skipping, 0..100, &[7, 40]).unwrap();
    assert_eq!((out[7], out[8], out[40], report.replaced), (0, 9, 0, 2));
    assert!(
        report
            .failed
            .iter()
            .all(|item| matches!(at_item(&item.cause), (_, Cause::TimedOut { .. })))
    );
    let policy = OnFailure::Retry { times: 1, then: AfterRetries::Skip { at_most: 1 } };
    let (_, report) = hang::run_report_in(&context.on_failure(policy), 0..100, &[7]).unwrap();
    assert_eq!((report.retried, report.replaced), (1, 2));
    let failure = item_failure(&report.failed[0].cause);
    assert!(matches!(failure.cause(), Cause::TimedOut { .. }) && failure.attempts() == 2);
}

/// Hangs at 0, and fails at another item once it does.
#[pasha::kernel]
fn hang_or_fail(value: u64, #[shared(copied)] hangs: &[AtomicU64]) -> Result<u64, String> {
    match value {
        0 => loop {
            hangs[0].store(1, Ordering::SeqCst);
        },
        2 => {
            while hangs[0].load(Ordering::SeqCst) == 0 {
                std::hint::spin_loop();
            }
            Err("another".to_owned())
        }
        _ => Ok(value),
    }
}

#[test]
fn the_limit_of_an_item_holds_in_a_map_that_is_to_stop() {
    let context = ProcessContext::new(2).unwrap().static_split().item_timeout(LIMIT);
    let context = context.stop_within(Duration::from_secs(100));
    let begun = Instant::now();
    let error = hang_or_fail::run_in(&context, 0..4, shared_counters(1)).unwrap_err();
    // On a machine that is very busy one of the two may be late before the other has failed.
    assert!(matches!(at_item(&error), (0 | 2, _)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(50), "it waits as long as for one without limit");
}

#[test]
fn slow_items_within_the_limit_are_not_failed() {
    let begun = shared_counters(1);
    for context in [
        &ProcessContext::new(2).unwrap().item_timeout(Duration::from_secs(30)) as &dyn Context,
        &ThreadContext::new(2).unwrap().item_timeout(Duration::from_secs(30)),
    ] {
        assert_eq!(work::run_in(context, 0..50, 1000, begun).unwrap().sum(), 50);
    }
}

/// Takes longer at one item, but comes back.
#[pasha::kernel]
fn late(value: u64, #[reduce(sum)] total: &mut u64) -> u64 {
    if value == 5 {
        busy(2 * LIMIT);
    }
    *total += value;
    value + 1
}

#[test]
fn an_item_that_comes_back_late_fails_everywhere() {
    for context in [
        &SerialContext::new().item_timeout(LIMIT) as &dyn Context,
        &ThreadContext::new(2).unwrap().item_timeout(LIMIT),
        &ProcessContext::new(2).unwrap().item_timeout(LIMIT),
    ] {
        let error = late::run_in(context, 0..20).unwrap_err();
        assert!(matches!(at_item(&error), (5, Cause::TimedOut { .. })), "{error}");
        assert!(error.to_string().contains("item 5 took longer than 200ms"), "{error}");
    }
    let skip = OnFailure::Skip { at_most: 1 };
    let (out, report) =
        late::run_report_in(&SerialContext::new().item_timeout(LIMIT).on_failure(skip), 0..20)
            .unwrap();
    assert_eq!((out.result[5], out.total, report.failed[0].index), (0, 190 - 5, 5));
}

#[test]
fn a_deadline_ends_the_map_and_keeps_what_is_finished() {
    let limit = Duration::from_millis(50);
    // A worker that is killed may have written its item without having taken note of it.
    for (context, unnoted) in [
        (&SerialContext::new().deadline(limit) as &dyn Context, 0),
        (&ThreadContext::new(2).unwrap().deadline(limit), 0),
        (&ProcessContext::new(2).unwrap().deadline(limit), 2),
    ] {
        let begun = shared_counters(1);
        let mut out = work::alloc(context, 0..1_000_000, 200, begun).unwrap();
        match work::run_into(context, 0..1_000_000, 200, begun, &mut out) {
            Err(Error::Deadline { limit: told, finished, len: 1_000_000, .. }) => {
                let written = out.sum() as usize;
                assert_eq!(told, limit);
                assert!((finished..=finished + unnoted).contains(&written), "{finished} {written}");
                assert!(finished > 0 && finished <= begun[0].load(Ordering::SeqCst) as usize);
            }
            other => panic!("{other:?}"),
        }
    }
    // In time is in time.
    let context = ProcessContext::new(2).unwrap().deadline(Duration::from_secs(60));
    assert_eq!(work::run_in(&context, 0..3, 1, shared_counters(1)).unwrap().sum(), 3);
    // Forked workers are ended in the middle of an item.
    let context = ProcessContext::new(2).unwrap().deadline(limit);
    let error = hang::run_in(&context, 0..100, &[1, 60]).unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error}");
}

#[test]
fn a_map_is_cancelled_from_another_thread() {
    type Make = fn(&CancelToken) -> Box<dyn Context>;
    let all: [Make; 3] = [
        |token| Box::new(SerialContext::new().cancel_token(token)),
        |token| Box::new(ThreadContext::new(2).unwrap().cancel_token(token)),
        |token| Box::new(ProcessContext::new(2).unwrap().cancel_token(token)),
    ];
    for make in all {
        let token = CancelToken::new();
        let context = make(&token);
        let begun = shared_counters(1);
        let mut out = work::alloc(&*context, 0..1_000_000, 100, begun).unwrap();
        let error = std::thread::scope(|scope| {
            scope.spawn(|| {
                while begun[0].load(Ordering::SeqCst) < 10 {
                    std::hint::spin_loop();
                }
                token.cancel();
            });
            work::run_into(&*context, 0..1_000_000, 100, begun, &mut out).unwrap_err()
        });
        match error {
            Error::Cancelled { finished, len: 1_000_000, .. } => {
                assert_eq!(out.sum(), finished as u64);
                assert!((1..1_000_000).contains(&finished));
            }
            other => panic!("{other:?}"),
        }
        // It stays cancelled.
        let error = work::run_in(&*context, 0..10, 1, begun).unwrap_err();
        assert!(matches!(error, Error::Cancelled { finished: 0, .. }), "{error}");
    }
}

/// Hangs at the first item; fails at 60 as soon as it does.
#[pasha::kernel]
fn hang_and_fail(value: u64, #[shared(copied)] hanging: &[AtomicU64]) -> Result<u64, &'static str> {
    if value == 0 {
        loop {
            hanging[0].store(1, Ordering::SeqCst);
        }
    }
    if value == 60 {
        while hanging[0].load(Ordering::SeqCst) == 0 {
            std::hint::spin_loop();
        }
        return Err("at 60");
    }
    Ok(value)
}

#[test]
fn workers_that_do_not_stop_are_ended() {
    let two = || ProcessContext::new(2).unwrap().static_split();
    for context in [two().stop_at_once(), two().stop_within(Duration::from_millis(20))] {
        let error = hang_and_fail::run_in(&context, 0..100, shared_counters(1)).unwrap_err();
        assert!(matches!(at_item(&error), (60, Cause::Refused { .. })), "{error}");
    }
}
