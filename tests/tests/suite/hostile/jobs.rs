//! Contexts, what they do with a job, and the functions and numbers that they are given.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use pasha::{
    Context, Error, Job, Memory, OnFailure, Options, ProcessContext, SerialContext, ThreadContext,
};

use super::{TotalsOutput, Turns, totals};

#[test]
fn a_panic_of_a_hook_keeps_its_text() {
    fn check(context: &dyn Context, name: &str) {
        let text = totals::run_in(context, 0..100_usize).unwrap_err().to_string();
        assert!(text.contains("hook text") && text.contains(name), "{text}");
    }
    let hook = |_: usize| panic!("hook text {}", 7);
    check(&SerialContext::new().on_worker_start(hook), "on_worker_start");
    check(&SerialContext::new().on_worker_end(hook), "on_worker_end");
    check(&ThreadContext::new(2).unwrap().on_worker_start(hook), "on_worker_start");
    check(&ThreadContext::new(2).unwrap().on_worker_end(hook), "on_worker_end");
    check(&ProcessContext::new(2).unwrap().on_worker_start(hook), "on_worker_start");
    check(&ProcessContext::new(2).unwrap().on_worker_end(hook), "on_worker_end");
}

#[test]
fn a_panic_of_a_function_that_is_told_the_progress_keeps_its_text() {
    let context = ThreadContext::new(2)
        .unwrap()
        .on_progress(Duration::from_secs(60), |_| panic!("progress text"));
    let panicked = catch_unwind(AssertUnwindSafe(|| totals::run_in(&context, 0..100_usize)));
    let payload = panicked.unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"progress text"));
}

/// A context whose every answer may change, and which runs a job in any way.
#[derive(Debug)]
struct Odd {
    workers: Turns<usize>,
    memory: Turns<Memory>,
    options: Turns<Options>,
    run: fn(&Job<'_>) -> pasha::Result<()>,
}

impl Odd {
    fn running(run: fn(&Job<'_>) -> pasha::Result<()>) -> Self {
        let (workers, memory) = (Turns::new([2]), Turns::new([Memory::Shared]));
        Odd { workers, memory, options: Turns::new([Options::new()]), run }
    }
}

impl Context for Odd {
    fn num_workers(&self) -> usize {
        *self.workers.next()
    }

    fn memory(&self) -> Memory {
        *self.memory.next()
    }

    fn options(&self) -> &Options {
        self.options.next()
    }

    fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
        (self.run)(job)
    }
}

fn on_threads(job: &Job<'_>) -> pasha::Result<()> {
    std::thread::scope(|scope| {
        for worker_id in 0..job.num_workers() {
            scope.spawn(move || job.work(worker_id));
        }
    });
    Ok(())
}

fn in_processes(job: &Job<'_>) -> pasha::Result<()> {
    ProcessContext::new(job.num_workers())?.run(job)
}

#[test]
fn a_context_is_asked_once_for_its_workers_memory_and_options() {
    let skip = Options::new().on_failure(OnFailure::Skip { at_most: 100 });
    for run in [on_threads, in_processes] {
        for workers in [vec![1, 5], vec![5, 1], vec![2, 100, 1, 3], vec![3, 0]] {
            let context = Odd {
                workers: Turns::new(workers.clone()),
                memory: Turns::new([Memory::Shared, Memory::Private]),
                options: Turns::new([Options::new(), skip.clone(), Options::new().static_split()]),
                run,
            };
            let TotalsOutput { total, each, result: values } =
                totals::run_in(&context, 0..1000_usize).unwrap();
            assert_eq!((total, values.sum(), each.sum()), (499_500, 499_500, 499_500));
            assert_eq!(each.len(), workers[0]);
        }
    }
}

#[test]
fn processes_refuse_a_job_in_private_memory() {
    /// The two methods that a context must have, around processes.
    #[derive(Debug)]
    struct Logged(ProcessContext);

    impl Context for Logged {
        fn num_workers(&self) -> usize {
            self.0.num_workers()
        }

        fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
            self.0.run(job)
        }
    }

    let context = Logged(ProcessContext::new(2).unwrap());
    let error = pasha::map_in(&context, 0..100_usize, |_, _, n| n).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("must hand on its `memory` and `options`"), "{text}");
}

#[test]
fn a_job_may_be_run_in_any_way_and_each_item_runs_once_at_most() {
    type Way = fn(&Job<'_>) -> pasha::Result<()>;
    let ways: [(&str, Way); 9] = [
        ("twice, one after the other", |job| on_threads(job).and_then(|()| on_threads(job))),
        ("twice at once", |job| {
            std::thread::scope(|scope| {
                scope.spawn(|| on_threads(job));
                on_threads(job)
            })
        }),
        ("in processes twice", |job| in_processes(job).and_then(|()| in_processes(job))),
        ("in processes twice at once", |job| {
            std::thread::scope(|scope| {
                scope.spawn(|| in_processes(job));
                in_processes(job)
            })
        }),
        ("in threads and processes at once", |job| {
            std::thread::scope(|scope| {
                scope.spawn(|| on_threads(job));
                in_processes(job)
            })
        }),
        ("with absurd numbers", |job| {
            [usize::MAX, 1 << 40, job.num_workers()].into_iter().for_each(|id| job.work(id));
            on_threads(job)
        }),
        ("by one worker", |job| {
            job.work(1);
            Ok(())
        }),
        ("never", |_| Ok(())),
        ("by one thread for all", |job| {
            (0..job.num_workers()).rev().for_each(|worker_id| job.work(worker_id));
            Ok(())
        }),
    ];
    for (way, run) in ways {
        for _ in 0..10 {
            match totals::run_in(&Odd::running(run), 0..1000_usize) {
                Ok(TotalsOutput { total, each, result: values }) => {
                    let sums = (total, values.sum(), each.sum());
                    assert_eq!(sums, (499_500, 499_500, 499_500), "{way}");
                }
                Err(Error::Incomplete { .. }) if way == "never" => {}
                Err(error) => panic!("{way}: {error}"),
            }
        }
    }
    let statically = Odd {
        options: Turns::new([Options::new().static_split()]),
        ..Odd::running(|job| {
            job.work(1);
            Ok(())
        })
    };
    let error = totals::run_in(&statically, 0..1000_usize).unwrap_err();
    assert!(matches!(error, Error::Incomplete { finished: 500, len: 1000, .. }), "{error:?}");
}

#[test]
fn a_map_from_a_thread_of_the_kernels_is_not_waited_for_for_ever() {
    let context = ThreadContext::new(2).unwrap();
    for len in [1, 4, 40_usize] {
        let sums = pasha::map_in(&context, 0..len, |_, _, n| {
            std::thread::scope(|scope| {
                let inner = || pasha::map_in(&context, 0..n, |_, _, m| m).unwrap().sum();
                scope.spawn(inner).join().unwrap()
            })
        });
        assert_eq!(
            sums.unwrap(),
            (0..len).map(|n| (0..n).sum::<usize>()).collect::<ndarray::Array1<_>>()
        );
    }
}

#[test]
fn numbers_that_nothing_can_be_made_of_are_named() {
    let at_most = OnFailure::Skip { at_most: usize::MAX };
    let context = SerialContext::new().on_failure(at_most);
    #[pasha::kernel]
    fn count(n: u64, #[reduce(sum)] total: &mut u64) {
        *total += n;
    }
    let text = count::run_in(&context, 0..1_u64 << 45).unwrap_err().to_string();
    assert!(text.contains("`at_most`") && text.contains(&usize::MAX.to_string()), "{text}");
    let context = ProcessContext::new(1 << 53).unwrap().item_timeout(Duration::from_secs(1));
    let text = count::run_in(&context, 0..10_u64).unwrap_err().to_string();
    assert!(text.contains("9007199254740992") && text.contains("4194304"), "{text}");
    let text = ThreadContext::new(1 << 53).unwrap_err().to_string();
    assert!(text.contains("9007199254740992"), "{text}");
}
