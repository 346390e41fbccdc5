//! Forked workers that are replaced after so many items, may have so much memory, and are nice.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use pasha::prelude::*;
use pasha::{AfterRetries, Error};

fn items(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

/// The process that ran the item, and sums of all kinds.
#[pasha::kernel]
fn who(
    value: u64,
    #[output] twice: &mut u64,
    #[reduce(sum)] total: &mut u64,
    #[reduce(sum, shape = 3)] mut by_rest: ndarray::ArrayViewMut1<u64>,
    #[per_worker] calls: &mut u64,
) -> Result<u32, &'static str> {
    *twice = 2 * value;
    *total += value;
    by_rest[(value % 3) as usize] += 1;
    *calls += 1;
    if value == 77 { Err("it is 77") } else { Ok(std::process::id()) }
}

#[test]
fn no_process_runs_more_items_than_it_may_and_nothing_is_lost() {
    let policies = [
        OnFailure::Abort,
        OnFailure::Skip { at_most: 1 },
        OnFailure::Retry { times: 2, then: AfterRetries::Skip { at_most: 1 } },
    ];
    for policy in policies {
        let fails = policy != OnFailure::Abort;
        for (lifespan, workers, is_static) in
            [(1, 2, false), (7, 3, false), (7, 2, true), (64, 1, false)]
        {
            let context = ProcessContext::new(workers).unwrap().on_failure(policy);
            let context = context.worker_lifespan(items(lifespan));
            let context = if is_static { context.static_split() } else { context };
            let values: Vec<u64> = (0..200).filter(|&n| fails || n != 77).collect();
            let (out, report) = who::run_report_in(&context, &values).unwrap();
            let good: Vec<u64> = values.iter().copied().filter(|&n| n != 77).collect();
            let about = format!("{policy:?} {lifespan} {workers} {is_static}: {report}");
            assert_eq!(out.total, good.iter().sum::<u64>(), "{about}");
            assert_eq!(out.calls.sum(), good.len() as u64, "{about}");
            for rest in 0..3 {
                let expected = good.iter().filter(|&n| n % 3 == rest).count() as u64;
                assert_eq!(out.by_rest[rest as usize], expected, "{about}");
            }
            let mut runs: BTreeMap<u32, usize> = BTreeMap::new();
            for (place, &value) in values.iter().enumerate().filter(|(_, value)| **value != 77) {
                assert_eq!(out.twice[place], 2 * value, "{about}");
                *runs.entry(out.result[place]).or_default() += 1;
            }
            assert!(runs.values().all(|&count| count <= lifespan), "{about}: {runs:?}");
            assert!(report.replaced + workers >= good.len().div_ceil(lifespan), "{about}");
            assert_eq!(report.failed.len(), usize::from(fails), "{about}");
        }
    }
}

/// A library that leaks 256 KiB with each call.
#[pasha::kernel]
fn leak(value: u32) -> u32 {
    Box::leak(vec![1_u8; 256 << 10].into_boxed_slice()).len() as u32 + value
}

#[test]
fn a_library_that_leaks_runs_on_in_little_memory() {
    const ITEMS: u32 = 20_000; // of which all would leak 5.2 GB
    let context = ProcessContext::new(2).unwrap().worker_lifespan(items(500));
    let (out, report) = leak::run_report_in(&context, 0..ITEMS).unwrap();
    assert!((0..ITEMS).all(|value| out[value as usize] == value + (256 << 10)));
    for worker in &report.workers {
        let peak = worker.peak_memory.unwrap();
        assert!(peak > 64 << 20 && peak < 1500 << 20, "{report}");
    }
    assert!(report.to_string().contains("MiB, replaced "), "{report}");
}

#[test]
fn a_resumed_map_goes_on_through_many_workers() {
    let folder = tempfile::tempdir().unwrap();
    let context = ProcessContext::new(2).unwrap().worker_lifespan(items(3));
    let context = context.resume(folder.path().join("job"));
    let mut out = context.alloc::<u64>(50).file(folder.path().join("out.npy")).build().unwrap();
    #[pasha::kernel]
    fn square(value: u64) -> u64 {
        value * value
    }
    square::run_into(&context, 0..50_u64, &mut out).unwrap();
    assert!((0..50).all(|n| out[n as usize] == n * n));
}

/// Fills so many bytes.
#[pasha::kernel]
fn fill(bytes: usize) -> usize {
    vec![1_u8; bytes].iter().map(|&byte| usize::from(byte)).sum()
}

#[test]
fn a_worker_that_wants_too_much_memory_fails_at_its_item() {
    // What the program has itself is not counted.
    let own = vec![1_u8; 200 << 20];
    let sizes: Vec<usize> =
        (0..40).map(|n| if n % 13 == 5 { 400 << 20 } else { 20 << 20 }).collect();
    let context = ProcessContext::new(2).unwrap().worker_memory(100 << 20);
    let context = context.on_failure(OnFailure::Skip { at_most: 3 });
    let (out, report) = fill::run_report_in(&context, &sizes).unwrap();
    let failed: Vec<usize> = report.failed.iter().map(|failed| failed.index).collect();
    assert_eq!(failed, [5, 18, 31]);
    for (index, &size) in sizes.iter().enumerate().filter(|(index, _)| !failed.contains(index)) {
        assert_eq!(out[index], size);
    }
    for failed in &report.failed {
        let text = failed.cause.to_string();
        assert!(text.contains("beyond 100.0 MiB") && text.contains("`worker_memory`"), "{text}");
        assert!(text.contains("MiB with the program's"), "{text}");
    }
    assert_eq!(own.len(), 200 << 20);
}

/// Takes memory for good, as a library that leaks, and says so, or panics, where it gets none.
#[pasha::kernel]
fn leak_and_tell(number: usize) -> Result<usize, &'static str> {
    const SIZE: usize = 4 << 20;
    let mut leaked = Vec::<u8>::new();
    match leaked.try_reserve_exact(SIZE) {
        Ok(()) => leaked.resize(SIZE, 1),
        Err(_) if number.is_multiple_of(2) => return Err("the library is out of memory"),
        Err(_) => panic!("the library got no memory"),
    }
    std::mem::forget(std::hint::black_box(leaked));
    Ok(number)
}

#[test]
fn a_worker_that_survives_being_refused_memory_is_replaced_by_one_that_has_all_of_it() {
    let retry = OnFailure::Retry { times: 1, then: AfterRetries::Abort };
    let context = ProcessContext::new(2).unwrap().worker_memory(64 << 20);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let (out, report) =
        leak_and_tell::run_report_in(&context.clone().on_failure(retry), 0..200).unwrap();
    let refused = leak_and_tell::run_in(&context, 0..200).unwrap_err().to_string();
    std::panic::set_hook(hook);
    assert!(out.iter().copied().eq(0..200));
    let replaced: usize = report.workers.iter().map(|worker| worker.replaced).sum();
    // A worker has room for fifteen items or so.
    assert!(replaced >= 10 && report.retried == replaced, "{report:?}");
    assert!(refused.contains("the library"), "{refused}");
    assert!(refused.contains("of the 64.0 MiB that `worker_memory` allows it"), "{refused}");
}

/// Writes where the allocator gave nothing.
#[pasha::kernel]
fn writes_to_nothing(size: usize) -> u8 {
    // SAFETY: it is not sound, and ends the process that does it.
    unsafe {
        let start = nix::libc::malloc(std::hint::black_box(size)).cast::<u8>();
        start.write_volatile(1);
        start.read_volatile()
    }
}

#[test]
fn a_crash_at_a_pointer_to_nothing_is_told_with_the_limit() {
    let context = ProcessContext::new(2).unwrap().worker_memory(64 << 20);
    let text = writes_to_nothing::run_in(&context, &[1 << 30]).unwrap_err().to_string();
    for part in ["SIGSEGV", "beyond 64.0 MiB", "`worker_memory`", "a pointer to nothing"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn other_contexts_refuse_what_only_processes_can() {
    let contexts: [Box<dyn Context>; 4] = [
        Box::new(SerialContext::new().worker_lifespan(items(3))),
        Box::new(ThreadContext::new(2).unwrap().worker_lifespan(items(3))),
        Box::new(ThreadContext::new(2).unwrap().nice(3)),
        Box::new(SerialContext::new().worker_memory(3)),
    ];
    for context in contexts {
        let error = who::run_in(&context, 0..10_u64).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Argument { .. }), "{text}");
        assert!(text.contains("is 3") && text.contains("`ProcessContext`"), "{text}");
    }
}

#[test]
fn workers_are_as_nice_as_asked() {
    let own = rustix::process::nice(0).unwrap();
    let context = ProcessContext::new(2).unwrap().nice(4);
    let found = pasha::map_in(&context, 0..10, |_, _, _| rustix::process::nice(0).unwrap_or(-99));
    assert!(found.unwrap().iter().all(|&nice| nice == (own + 4).min(19)));
    assert_eq!(rustix::process::nice(0).unwrap(), own);
}
