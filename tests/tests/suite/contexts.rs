//! Contexts: the built-in ones, one of the user's own, the default, hooks, rayon.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ndarray::{Array1, array};
use pasha::{
    AnyContext, CancelToken, Cause, Context, ContextOptions, Error, Job, Memory, OnFailure,
    Options, ProcessContext, SerialContext, ThreadContext,
};
use pasha_tests::{at_item, for_each_context, stdout_of};
use rayon::prelude::*;

#[pasha::kernel]
fn square(value: u64) -> u64 {
    value * value
}

#[pasha::kernel]
fn process_and_thread(
    _value: u64,
    #[output] process: &mut u32,
    #[reduce(sum)] calls: &mut u64,
) -> u64 {
    *calls += 1;
    *process = std::process::id();
    rayon::current_thread_index().map_or(u64::MAX, |index| index as u64)
}

/// A context of the user's own, in safe code: scoped threads, started anew for each map, and each
/// number started twice.
#[derive(Debug)]
struct Doubled {
    workers: usize,
    started: AtomicUsize,
}

impl Context for Doubled {
    fn num_workers(&self) -> usize {
        self.workers
    }

    fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
        std::thread::scope(|scope| {
            for worker_id in (0..job.num_workers()).chain(0..job.num_workers()) {
                self.started.fetch_add(1, Ordering::Relaxed);
                scope.spawn(move || job.work(worker_id));
            }
        });
        Ok(())
    }
}

/// A context around forked processes that does not say that its workers are forked.
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

#[test]
fn a_context_around_processes_that_hides_them_is_refused() {
    let context = Logged(ProcessContext::new(2).unwrap());
    let error = pasha::map_in(&context, 0..100, |_, _, n| n).unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error}");
    assert!(error.to_string().contains("must hand on its `memory` and `options`"), "{error}");
}

#[test]
fn a_context_of_the_users_own() {
    let context = Doubled { workers: 4, started: AtomicUsize::new(0) };
    let out = process_and_thread::run_in(&context, 0..1000).unwrap();
    assert_eq!(out.calls, 1000, "no index runs twice, whatever the context starts twice");
    assert_eq!(context.started.load(Ordering::Relaxed), 8);
    // A map of nothing starts no worker.
    square::run_in(&context, 0..0).unwrap();
    assert_eq!(context.started.load(Ordering::Relaxed), 8);
    // Fewer items than workers: no more workers than items.
    square::run_in(&context, 0..3).unwrap();
    assert_eq!(context.started.load(Ordering::Relaxed), 8 + 6);
}

/// A context of the user's own that can be configured as the built-in ones.
#[derive(Debug)]
struct Configured {
    workers: usize,
    memory: Memory,
    run: fn(&Job<'_>) -> pasha::Result<()>,
    options: Options,
}

impl Context for Configured {
    fn num_workers(&self) -> usize {
        self.workers
    }

    fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
        (self.run)(job)
    }

    fn memory(&self) -> Memory {
        self.memory
    }

    fn options(&self) -> &Options {
        &self.options
    }
}

impl ContextOptions for Configured {
    fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }
}

impl Configured {
    fn threads() -> Self {
        let run = |job: &Job<'_>| {
            std::thread::scope(|scope| {
                for worker_id in 0..job.num_workers() {
                    scope.spawn(move || job.work(worker_id));
                }
            });
            Ok(())
        };
        Configured { workers: 3, memory: Memory::Private, run, options: Options::new() }
    }

    fn serial() -> Self {
        let run = |job: &Job<'_>| SerialContext::new().run(job);
        Configured { workers: 1, memory: Memory::Private, run, options: Options::new() }
    }

    fn processes() -> Self {
        let run = |job: &Job<'_>| ProcessContext::new(job.num_workers())?.run(job);
        Configured { workers: 3, memory: Memory::Shared, run, options: Options::new() }
    }

    fn all() -> [Self; 3] {
        [Configured::serial(), Configured::threads(), Configured::processes()]
    }
}

#[test]
fn a_context_of_the_users_own_has_all_options() {
    let odd_fails = |_worker_id: usize, _index: usize, n: u64| match n % 2 {
        0 => Ok(n),
        _ => Err("odd"),
    };
    for context in Configured::all() {
        let name = format!("{context:?}");
        let ends = Arc::new(Mutex::new(Vec::new()));
        let last = Arc::new(AtomicUsize::new(0));
        let (list, seen) = (Arc::clone(&ends), Arc::clone(&last));
        let context = context
            .on_failure(OnFailure::Skip { at_most: 5 })
            .share(NonZeroUsize::new(2).unwrap())
            .item_timeout(Duration::from_secs(100))
            .on_worker_end(move |worker_id| list.lock().unwrap().push(worker_id))
            .on_progress(Duration::from_secs(1), move |progress| {
                seen.store(progress.finished, Ordering::Relaxed);
            });
        let (out, report) = pasha::try_map_report_in(&context, 0..10_u64, odd_fails).unwrap();
        assert_eq!(out, array![0, 0, 2, 0, 4, 0, 6, 0, 8, 0], "{name}");
        let failed: Vec<_> = report.failed.iter().map(|failed| failed.index).collect();
        assert_eq!(failed, [1, 3, 5, 7, 9], "{name}");
        let shares: usize = report.workers.iter().map(|worker| worker.shares).sum();
        assert!(shares >= 5, "{name}: {shares}");
        assert_eq!(last.load(Ordering::Relaxed), 5, "{name}");
        if context.memory() == Memory::Private {
            assert_eq!(ends.lock().unwrap().len(), context.num_workers(), "{name}");
        }
        let error = pasha::try_map_in(&context, 0..12_u64, odd_fails).unwrap_err();
        assert!(matches!(error, Error::TooManyFailures { .. }), "{name}: {error}");
    }
    for context in Configured::all() {
        let token = CancelToken::new();
        token.cancel();
        let error = square::run_in(&context.cancel_token(&token), 0..10).unwrap_err();
        assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    }
    for context in Configured::all() {
        let context = context.deadline(Duration::from_millis(20));
        let error = pasha::map_in(&context, 0..1000_u64, |_, _, n| {
            std::thread::sleep(Duration::from_millis(5));
            n
        });
        assert!(matches!(error, Err(Error::Deadline { .. })), "{context:?}");
    }
}

#[test]
fn options_are_changed_in_place() {
    let options = Options::new().static_split();
    for mut context in [Configured::threads(), Configured::processes()] {
        *context.options_mut() = options.clone();
        let out = pasha::map_in(&context, 0..6, |worker_id, _, _| worker_id).unwrap();
        assert_eq!(out, array![0, 0, 1, 1, 2, 2]);
    }
    // The built-in ones, by the trait.
    fn splitting<C: ContextOptions>(context: C) -> C {
        context.static_split()
    }
    let context = splitting(ThreadContext::new(2).unwrap());
    let out = pasha::map_in(&context, 0..4, |worker_id, _, _| worker_id).unwrap();
    assert_eq!(out, array![0, 0, 1, 1]);
}

/// A context that forgets a worker: its items are missing, which must not go unnoticed.
#[derive(Debug)]
struct Forgetful;

impl Context for Forgetful {
    fn num_workers(&self) -> usize {
        2
    }

    fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
        job.work(1);
        job.work(17);
        Ok(())
    }

    fn options(&self) -> &pasha::Options {
        static STATIC: std::sync::LazyLock<pasha::Options> =
            std::sync::LazyLock::new(|| pasha::Options::new().static_split());
        &STATIC
    }
}

#[test]
fn a_context_that_forgets_a_worker_is_found_out() {
    let error = square::run_in(&Forgetful, 0..10).unwrap_err();
    assert!(matches!(error, Error::Incomplete { finished: 5, len: 10, .. }), "{error}");
}

#[test]
fn zero_workers_are_refused() {
    #[derive(Debug)]
    struct Nobody;
    impl Context for Nobody {
        fn num_workers(&self) -> usize {
            0
        }
        fn run(&self, _job: &Job<'_>) -> pasha::Result<()> {
            unreachable!()
        }
    }
    assert!(matches!(square::run_in(&Nobody, 0..10), Err(Error::ZeroWorkers)));
    assert!(matches!(ThreadContext::new(0), Err(Error::ZeroWorkers)));
    assert!(matches!(ProcessContext::new(0), Err(Error::ZeroWorkers)));
}

for_each_context! {
    fn zero_one_and_few_items(context: &dyn Context) {
        for len in [0, 1, 2, 3, 4, 5] {
            let out = square::run_in(context, 0..len).unwrap();
            assert_eq!(out, Array1::from_iter((0..len).map(|n| n * n)), "{len} items");
        }
    }

    fn more_items_than_can_ever_be_run(context: &dyn Context) {
        if context.ranks().is_some() {
            // There is a bit for each item on every rank.
            let error = pasha::map_in(context, 0..u64::MAX, |_, _, n| n).unwrap_err();
            assert!(matches!(error, Error::TooLarge { .. }), "{error}");
            return;
        }
        // Outputs of that many elements can't be had.
        let error = pasha::map_in(context, 0..u64::MAX, |_, _, n| n).unwrap_err();
        assert!(matches!(error, Error::ShapeOverflow { .. }), "{error}");
        // Without outputs there is nothing to be had, and the first failure ends the map.
        #[pasha::kernel]
        fn stop_soon(_value: u64, #[index] index: usize) -> Result<(), String> {
            if index < 1000 { Ok(()) } else { Err("that is enough".into()) }
        }
        let error = stop_soon::run_in(context, 0..u64::MAX).unwrap_err();
        assert!(matches!(at_item(&error), (_, Cause::Refused { .. })), "{error}");
    }

    fn a_kernel_may_use_rayon(context: &dyn Context) {
        #[pasha::kernel]
        fn nested_sum(value: u64, #[shared] weights: &[u64]) -> u64 {
            let (a, b) = rayon::join(
                || weights.par_iter().map(|weight| weight * value).sum::<u64>(),
                || weights.par_chunks(7).map(|chunk| chunk.len() as u64).sum::<u64>(),
            );
            a + b
        }
        // Also where the program itself has used its global pool before.
        assert_eq!((0..1000_u64).into_par_iter().sum::<u64>(), 499_500);
        let weights: Vec<u64> = (0..1000).collect();
        let out = nested_sum::run_in(context, 0..50, &weights).unwrap();
        assert_eq!(out, Array1::from_iter((0..50).map(|value| 499_500 * value + 1000)));
    }

    fn a_kernel_may_allocate(context: &dyn Context) {
        let processes = ProcessContext::new(2).unwrap();
        let out = pasha::map_in(context, 0..20_u64, |_, _, n| {
            let mut own = pasha::Allocate::alloc::<u64>(&processes, 10).build().unwrap();
            own.fill(n);
            own.sum()
        });
        assert_eq!(out.unwrap()[19], 190);
    }

    fn maps_from_several_threads_at_once(context: &dyn Context) {
        if context.ranks().is_some() {
            // Refused, because ranks could not tell the maps apart: `ranks.rs`.
            return;
        }
        std::thread::scope(|scope| {
            for start in 0..4_u64 {
                scope.spawn(move || {
                    for _ in 0..10 {
                        let out = square::run_in(context, start..start + 100).unwrap();
                        assert_eq!(out[99], (start + 99) * (start + 99));
                    }
                });
            }
        });
    }

    fn maps_from_a_rayon_pool(context: &dyn Context) {
        if context.ranks().is_some() {
            // Refused, because ranks could not tell the maps apart: `ranks.rs`.
            return;
        }
        let sums: Vec<u64> = (0..8_u64)
            .into_par_iter()
            .map(|n| {
                let out = square::run_in(context, 0..n).unwrap();
                // A kernel that uses rayon within a worker forked from a thread of a pool.
                let nested = pasha::map_in(context, 0..4_u64, |_, _, k| {
                    (0..100_u64).into_par_iter().map(|x| x * k).sum::<u64>()
                });
                out.sum() + nested.unwrap()[1]
            })
            .collect();
        assert_eq!(sums[7], 91 + 4950);
    }
}

#[test]
fn workers_are_where_they_should_be() {
    let here = std::process::id();
    let out = process_and_thread::run_serial(0..100).unwrap();
    assert!(out.process.iter().all(|&id| id == here));

    let out = process_and_thread::run_in(&ThreadContext::new(2).unwrap(), 0..100).unwrap();
    assert!(out.process.iter().all(|&id| id == here));
    assert!(out.result.iter().all(|&thread| thread < 2), "on threads of a rayon pool");

    let out = process_and_thread::run_in(&ProcessContext::new(2).unwrap(), 0..100).unwrap();
    let processes: HashSet<u32> = out.process.iter().copied().collect();
    assert!(!processes.contains(&here) && (1..=2).contains(&processes.len()), "{processes:?}");
}

#[test]
fn memory_is_what_the_workers_need() {
    assert_eq!(SerialContext::new().memory(), Memory::Private);
    assert_eq!(ThreadContext::new(1).unwrap().memory(), Memory::Private);
    assert_eq!(ProcessContext::new(1).unwrap().memory(), Memory::Shared);
}

#[test]
fn hooks_run_once_in_each_worker() {
    static EVENTS: Mutex<Vec<(usize, &str)>> = Mutex::new(Vec::new());
    let context = ThreadContext::new(3)
        .unwrap()
        .static_split()
        .on_worker_start(|worker| EVENTS.lock().unwrap().push((worker, "start")))
        .on_worker_end(|worker| EVENTS.lock().unwrap().push((worker, "end")));
    pasha::map_in(&context, 0..30_u8, |worker, _, _| {
        EVENTS.lock().unwrap().push((worker, "item"));
    })
    .unwrap();
    let events = EVENTS.lock().unwrap();
    for worker in 0..3 {
        let own: Vec<&str> =
            events.iter().filter(|event| event.0 == worker).map(|event| event.1).collect();
        assert_eq!(own.first(), Some(&"start"));
        assert_eq!(own.last(), Some(&"end"));
        assert_eq!(own.len(), 12);
    }
}

#[test]
fn hooks_run_in_forked_workers() {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let context = ProcessContext::new(2)
        .unwrap()
        .on_worker_start(|worker| STARTED.store(100 + worker, Ordering::Relaxed));
    let out = pasha::map_in(&context, 0..50_u8, |worker, _, _| {
        assert_eq!(STARTED.load(Ordering::Relaxed), 100 + worker);
        1_u8
    })
    .unwrap();
    assert_eq!(out.sum(), 50);
    assert_eq!(STARTED.load(Ordering::Relaxed), 0, "a forked worker changes its own copy");
}

#[test]
fn a_hook_that_panics_fails_the_map() {
    for context in ["serial", "threads", "processes"] {
        let error = match context {
            "serial" => square::run_in(&SerialContext::new().on_worker_start(fail), 0..5),
            "threads" => {
                square::run_in(&ThreadContext::new(2).unwrap().on_worker_start(fail), 0..5)
            }
            _ => square::run_in(&ProcessContext::new(2).unwrap().on_worker_start(fail), 0..5),
        }
        .unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::Worker { .. }), "{message}");
        assert!(message.contains("on_worker_start") && message.contains("no device"), "{message}");
    }
}

#[test]
fn progress_is_told_while_a_map_runs_and_at_its_end() {
    use std::sync::Arc;
    use std::time::Duration;
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = {
        let told = Arc::clone(&told);
        move |progress: pasha::Progress| told.lock().unwrap().push(progress)
    };
    let every = Duration::from_millis(1);
    let serial = SerialContext::new().on_progress(every, hook.clone());
    let threads = ThreadContext::new(2).unwrap().on_progress(every, hook.clone());
    let processes = ProcessContext::new(2).unwrap().on_progress(every, hook);
    for context in [&serial as &dyn Context, &threads, &processes] {
        told.lock().unwrap().clear();
        pasha::map_in(context, 0..200_u32, |_, _, _| {
            let until = std::time::Instant::now() + Duration::from_micros(200);
            while std::time::Instant::now() < until {}
        })
        .unwrap();
        let told = told.lock().unwrap();
        let finished: Vec<usize> = told.iter().map(|progress| progress.finished).collect();
        assert!(finished.is_sorted(), "{finished:?}");
        assert_eq!(finished.last(), Some(&200));
        assert!(finished.iter().any(|&finished| 0 < finished && finished < 200), "{finished:?}");
        assert!(told.iter().all(|progress| progress.len == 200));
    }
}

fn fail(_worker: usize) {
    panic!("no device");
}

/// Runs the helper program `victim`, whose default context is that of its environment.
fn victim(arguments: &[&str], environment: &[(&str, &str)]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_victim"))
        .args(arguments)
        .env_remove("PASHA_CONTEXT")
        .env_remove("PASHA_NUM_WORKERS")
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn the_default_context_is_forked_processes() {
    let out = stdout_of(&victim(&["default-context"], &[]));
    assert!(out.contains("forked true"), "{out}");
}

#[test]
fn the_environment_chooses_the_default_context() {
    for (context, workers, expected) in [
        ("serial", None, "forked false, workers 1"),
        ("threads:3", None, "forked false, workers 3"),
        ("threads", Some("5"), "forked false, workers 5"),
        ("processes:4", None, "forked true, workers 4"),
        ("processes", Some("2"), "forked true, workers 2"),
        ("", Some("2"), "forked true, workers 2"),
    ] {
        let mut environment = vec![("PASHA_CONTEXT", context)];
        environment.extend(workers.map(|workers| ("PASHA_NUM_WORKERS", workers)));
        let out = stdout_of(&victim(&["default-context"], &environment));
        assert!(out.contains(expected), "{context} {workers:?}: {out}");
    }
    // As a script of a batch system has it where nothing says how many.
    let nothing = [("PASHA_CONTEXT", "threads"), ("PASHA_NUM_WORKERS", "")];
    let out = stdout_of(&victim(&["default-context"], &nothing));
    let processors = std::thread::available_parallelism().unwrap();
    assert!(out.contains(&format!("forked false, workers {processors}")), "{out}");
}

#[test]
fn a_wrong_environment_is_an_error_that_names_it() {
    for (given, wrong) in [
        ("gpus:4", "\"gpus\""),
        ("processes:0", "at least 1 worker"),
        ("threads:many", "\"many\""),
        ("threads:70000", "70000 workers are more than"),
        ("processes,skp=3", "\"skp=3\""),
        ("threads,worker_memory=2GiB", "`worker_memory`"),
    ] {
        let output = victim(&["default-context"], &[("PASHA_CONTEXT", given)]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(said.contains("the environment variable PASHA_CONTEXT"), "{given}: {said}");
        assert!(said.contains(&format!("is {given:?}")) && said.contains(wrong), "{said}");
    }

    let output = victim(&["default-context"], &[("PASHA_NUM_WORKERS", "many")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("PASHA_NUM_WORKERS is \"many\""), "{said}");
}

#[test]
fn the_number_of_workers_is_that_of_the_affinity_mask() {
    let cores = rustix::thread::sched_getaffinity(None).unwrap();
    let first = (0..rustix::thread::CpuSet::MAX_CPU).find(|&core| cores.is_set(core)).unwrap();
    let output = Command::new("taskset")
        .args(["-c", &first.to_string(), env!("CARGO_BIN_EXE_victim"), "default-context"])
        .env_remove("PASHA_CONTEXT")
        .env_remove("PASHA_NUM_WORKERS")
        .output();
    match output {
        Ok(output) => {
            let out = stdout_of(&output);
            assert!(out.contains("workers 1\n"), "{out}");
        }
        Err(error) => println!("skipped: taskset can't be run: {error}"),
    }
}

#[test]
fn the_default_context_can_be_set() {
    let out = stdout_of(&victim(&["set-default-context", "threads:3"], &[]));
    assert_eq!(out, "forked false, workers 3\n");
    let out = stdout_of(&victim(&["set-default-context", "processes:3"], &[]));
    assert_eq!(out, "forked true, workers 3\n");
    assert!("threads:3".parse::<AnyContext>().is_ok());
}

#[test]
fn progress_tells_bytes_where_items_are_arrays_of_a_known_shape() {
    let every = Duration::from_secs(60);
    // What the last word of a map with this context is.
    let last = |map: &dyn Fn(&SerialContext)| {
        let told = Arc::new(Mutex::new(None));
        let to = Arc::clone(&told);
        let hook = move |progress: pasha::Progress| *to.lock().unwrap() = Some(progress);
        map(&SerialContext::new().on_progress(every, hook));
        told.lock().unwrap().unwrap()
    };
    let bytes_of_an_item = |progress: pasha::Progress| {
        let text = progress.to_string();
        assert_eq!(text.contains("B/s"), progress.bytes_per_second().is_some(), "{text}");
        progress.bytes_per_second().map(|rate| (rate / progress.per_second().unwrap()).round())
    };
    let frames = ndarray::Array3::<u16>::ones((20, 4, 5));
    let of_frames = last(&|context| {
        pasha::map_in(context, &frames, |_, _, frame| frame.sum()).unwrap();
    });
    assert_eq!(bytes_of_an_item(of_frames), Some(40.0));
    let chosen = pasha::select(&frames, &[3_usize, 1]);
    let of_chosen = last(&|context| {
        pasha::map_in(context, &chosen, |_, _, frame| frame.sum()).unwrap();
    });
    assert_eq!(bytes_of_an_item(of_chosen), Some(40.0));
    let of_rows = last(&|context| {
        let rows = ndarray::Array2::<f64>::ones((20, 3));
        pair::run_in(context, &frames, &rows).unwrap();
    });
    assert_eq!(bytes_of_an_item(of_rows), Some(40.0 + 24.0));
    // Numbers are no arrays.
    let of_numbers = last(&|context| {
        pasha::map_in(context, 0..20_u64, |_, _, n| n).unwrap();
    });
    assert_eq!(bytes_of_an_item(of_numbers), None);
    let mask: Vec<bool> = (0..20).map(|n| n % 4 == 0).collect();
    let masked = pasha::masked(&frames, &mask);
    let of_masked = last(&|context| {
        pasha::map_in(context, &masked, |_, _, frame| frame.sum()).unwrap();
    });
    assert_eq!((of_masked.finished, bytes_of_an_item(of_masked)), (5, Some(40.0)));
}

/// Two kinds of items.
#[pasha::kernel]
fn pair(frame: ndarray::ArrayView2<u16>, row: ndarray::ArrayView1<f64>) -> f64 {
    f64::from(frame.sum()) + row.sum()
}
