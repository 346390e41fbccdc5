//! Maps within a kernel: they run on the worker itself, with the options of their context.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ndarray::{Array1, array};
use pasha::{
    AfterRetries, Allocate, CancelToken, Cause, Context, Error, OnFailure, ProcessContext,
    SerialContext, ThreadContext,
};
use pasha_tests::{at_item, for_each_context, shared_counters};

#[pasha::kernel]
fn square(value: u64) -> u64 {
    value * value
}

/// Where an item is run, and how many there are.
#[pasha::kernel]
fn in_process(_value: u64, #[reduce(sum)] items: &mut u64) -> u32 {
    *items += 1;
    std::process::id()
}

/// Refuses 3 and 11, each as often as this says, and panics at 5.
#[pasha::kernel]
fn fail(
    value: u64,
    #[shared] often: usize,
    #[shared(copied)] tries: &[AtomicUsize],
    #[reduce(sum)] total: &mut u64,
) -> Result<u64, String> {
    if [3, 11].contains(&value) && tries[value as usize].fetch_add(1, Ordering::Relaxed) < often {
        return Err(format!("not {value}"));
    }
    assert!(value != 5, "never 5");
    *total += value;
    Ok(10 * value)
}

/// Takes this long at 4.
#[pasha::kernel]
fn wait(value: u64, #[shared] time: &Duration) -> u64 {
    let until = Instant::now() + if value == 4 { *time } else { Duration::ZERO };
    while Instant::now() < until {
        std::hint::spin_loop();
    }
    value
}

fn counters() -> Vec<AtomicUsize> {
    (0..16).map(|_| AtomicUsize::new(0)).collect()
}

for_each_context! {
    fn a_map_within_a_kernel_runs_serially(context: &dyn Context) {
        #[pasha::kernel]
        fn outer(value: u64, #[shared] context: &dyn Context) -> u64 {
            let inner = in_process::run_in(context, 0..20).unwrap();
            // All in the worker itself.
            assert!(inner.result.iter().all(|&id| id == std::process::id()));
            let also = square::run_parallel(0..=value).unwrap();
            let per_worker = pasha::map_in(context, 0..3_u64, |worker_id, _, _| worker_id).unwrap();
            assert_eq!(per_worker, array![0, 0, 0]);
            inner.items + also.sum()
        }
        let out = outer::run_in(context, 0..30, context).unwrap();
        let squares = |n: u64| (0..=n).map(|n| n * n).sum::<u64>();
        assert_eq!(out, Array1::from_iter((0..30).map(|n| 20 + squares(n))));
    }

    fn what_fails_within_a_kernel_is_left_out_or_tried_again(context: &dyn Context) {
        #[pasha::kernel]
        fn outer(value: u64, #[shared] context: &dyn Context) -> u64 {
            let skip = OnFailure::Skip { at_most: 3 };
            let skipping: [&dyn Context; 3] = [
                &SerialContext::new().on_failure(skip),
                &ThreadContext::new(2).unwrap().on_failure(skip),
                &ProcessContext::new(2).unwrap().on_failure(skip),
            ];
            for inner in skipping {
                let (out, report) = fail::run_report_in(inner, 0..20, 9, &counters()).unwrap();
                assert_eq!((out.result[3], out.result[4], out.total), (0, 40, 190 - 3 - 5 - 11));
                let failed: Vec<usize> = report.failed.iter().map(|item| item.index).collect();
                assert_eq!((failed, report.finished), (vec![3, 5, 11], 17));
            }
            let error = fail::run_in(
                &SerialContext::new().on_failure(OnFailure::Skip { at_most: 2 }),
                0..20,
                9,
                &counters(),
            )
            .unwrap_err();
            assert!(matches!(error, Error::TooManyFailures { at_most: 2, .. }), "{error}");

            let then = AfterRetries::Skip { at_most: 1 };
            let retrying = ThreadContext::new(2).unwrap();
            let retrying = retrying.on_failure(OnFailure::Retry { times: 2, then });
            let (out, report) = fail::run_report_in(&retrying, 0..20, 2, &counters()).unwrap();
            assert_eq!((report.retried, report.failed.len(), out.total), (6, 1, 185));
            assert_eq!(report.failed[0].index, 5);

            // Without a policy the first failure ends the map within, and no other.
            let error = fail::run_in(context, 0..20, 9, &counters()).unwrap_err();
            assert!(matches!(at_item(&error), (3, Cause::Refused { .. })), "{error}");
            out.total + value
        }
        let out = outer::run_in(context, 0..4, context).unwrap();
        assert_eq!(out, array![185, 186, 187, 188]);
    }

    fn limits_of_time_hold_within_a_kernel(context: &dyn Context) {
        let out = pasha::map_in(context, 0..2_u64, |_, _, n| {
            let limit = Duration::from_millis(200);
            let limited = ProcessContext::new(2).unwrap().item_timeout(limit);
            let error = wait::run_in(&limited, 0..10, &(2 * limit)).unwrap_err();
            assert!(matches!(at_item(&error), (4, Cause::TimedOut { .. })), "{error}");
            let short = ThreadContext::new(2).unwrap().deadline(limit);
            let error = wait::run_in(&short, 0..1_000_000_000, &(2 * limit)).unwrap_err();
            assert!(matches!(error, Error::Deadline { .. }), "{error}");
            n
        });
        assert_eq!(out.unwrap(), array![0, 1]);
    }

    fn a_job_within_a_kernel_is_refused_before_anything_runs(context: &dyn Context) {
        #[pasha::kernel]
        fn outer(_value: u64, #[shared] folder: &std::path::Path) -> u64 {
            let job = ThreadContext::new(2).unwrap().resume(folder.join("job"));
            let file = job.alloc::<u64>(20).file(folder.join("out.npy")).build();
            let errors = [
                in_process::run_in(&job, 0..20).map(drop).unwrap_err(),
                pasha::map_in(&job, 0..20_u64, |_, _, n| n).map(drop).unwrap_err(),
                file.map(drop).unwrap_err(),
            ];
            for error in errors {
                assert!(matches!(error, Error::Resume { .. }), "{error}");
                assert!(error.to_string().contains("give `resume` to the map outside"), "{error}");
            }
            std::fs::read_dir(folder).unwrap().count() as u64
        }
        let folder = tempfile::tempdir().unwrap();
        let files = outer::run_in(context, 0..4, folder.path()).unwrap();
        assert_eq!(files.sum(), 0);
    }

    fn workers_are_started_watched_and_cancelled_by_the_map_outside(context: &dyn Context) {
        let out = pasha::map_in(context, 0..3_u64, |_, _, n| {
            let (token, told) = (CancelToken::new(), shared_counters(1));
            token.cancel();
            let inner = ProcessContext::new(2)
                .unwrap()
                .cancel_token(&token)
                .on_worker_start(|_| panic!("no worker is started"))
                .on_worker_end(|_| panic!("no worker ends"))
                .on_progress(Duration::from_millis(1), |_| _ = told[0].fetch_add(1, Ordering::Relaxed))
                .pin_workers(true)
                .worker_lifespan(NonZeroUsize::MIN)
                .worker_memory(1 << 30)
                .nice(5)
                .timeline(true);
            let (out, report) = square::run_report_in(&inner, 0..100).unwrap();
            assert!(report.timeline().is_none() && report.replaced == 0, "{report}");
            assert_eq!(told[0].load(Ordering::Relaxed), 0);
            out[99] + n
        });
        assert_eq!(out.unwrap(), array![9801, 9802, 9803]);
    }
}
