//! `on_failure` in every context: what is kept, what is put back, what is told.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::prelude::*;
use pasha::prelude::*;
use pasha::{ByValue, Cause, Error, Functor, IntoFunctor, Read, SourceError};
use pasha_tests::{at_item, item_failure, shared_counters};

/// The built-in contexts with a policy.
fn contexts(policy: OnFailure) -> Vec<(&'static str, Box<dyn Context>)> {
    vec![
        ("serial", Box::new(SerialContext::new().on_failure(policy))),
        ("threads", Box::new(ThreadContext::new(3).unwrap().on_failure(policy))),
        ("processes", Box::new(ProcessContext::new(3).unwrap().on_failure(policy))),
        ("split", Box::new(ProcessContext::new(2).unwrap().on_failure(policy).static_split())),
    ]
}

fn skip(at_most: usize) -> OnFailure {
    OnFailure::Skip { at_most }
}

/// Fails in the middle of writing its slots and adding to its accumulators.
#[pasha::kernel]
fn spoil(
    value: u64,
    #[shared] bad: &BTreeSet<u64>,
    #[shared] panics: bool,
    #[output(shape = (3,), fill = f64::NAN)] mut filled: ArrayViewMut1<f64>,
    #[output] plain: &mut u64,
    #[output(ragged = value % 4, fill = -1)] mut ragged: ArrayViewMut1<i64>,
    #[per_worker(shape = (2,))] mut calls: ArrayViewMut1<u64>,
    #[reduce(sum)] total: &mut u64,
    #[reduce(max, init = 3)] largest: &mut u64,
    #[reduce(sum, shape = (5,))] mut histogram: ArrayViewMut1<u64>,
) -> Result<[u64; 2], String> {
    filled.fill(value as f64);
    *plain += value + 1;
    ragged.fill(value as i64);
    calls[0] += 1;
    *total += value;
    *largest = value.max(*largest);
    histogram[(value % 5) as usize] += 1;
    if bad.contains(&value) {
        assert!(!panics, "{value} is bad");
        return Err(format!("{value} is bad"));
    }
    calls[1] += 1;
    Ok([value, 2 * value])
}

fn check_spoil(context: &dyn Context, name: &str, len: u64, bad: &BTreeSet<u64>, panics: bool) {
    let (out, report) = spoil::run_report_in(context, 0..len, bad, panics).unwrap();
    let good: Vec<u64> = (0..len).filter(|value| !bad.contains(value)).collect();
    for value in 0..len {
        let index = value as usize;
        let is_bad = bad.contains(&value);
        let row = out.filled.row(index);
        assert!(row.iter().all(|&x| if is_bad { x.is_nan() } else { x == value as f64 }));
        assert_eq!(out.plain[index], if is_bad { 0 } else { value + 1 }, "{name} {value}");
        let expected = if is_bad { [0, 0] } else { [value, 2 * value] };
        assert_eq!(out.result.row(index).to_vec(), expected, "{name} {value}");
        let slot = if is_bad { -1 } else { value as i64 };
        assert!(out.ragged.slot(index).iter().all(|&x| x == slot), "{name} {value}");
    }
    let count = good.len() as u64;
    assert_eq!(out.calls.sum_axis(Axis(0)), array![count, count], "{name}");
    assert_eq!(out.total, good.iter().sum::<u64>(), "{name}");
    assert_eq!(out.largest, good.iter().copied().max().unwrap_or(0).max(3), "{name}");
    assert_eq!(out.histogram.sum(), count, "{name}");
    let failed: Vec<u64> = report.failed.iter().map(|failed| failed.index as u64).collect();
    assert_eq!(failed, bad.iter().copied().collect::<Vec<_>>(), "{name}");
    for item in &report.failed {
        let text = format!("{} is bad", item.index);
        match at_item(&item.cause) {
            (index, Cause::Panic { message, location: Some(place), .. }) if panics => {
                assert_eq!((index, message), (item.index, &text));
                assert!(place.contains("policies.rs"));
            }
            (index, Cause::Refused { message, .. }) if !panics => {
                assert_eq!((index, message), (item.index, &text));
            }
            _ => panic!("{name}: {}", item.cause),
        }
    }
    assert_eq!(report.finished, good.len(), "{name}");
    assert_eq!((report.len, report.retried, report.replaced), (len as usize, 0, 0), "{name}");
    let by_workers: usize = report.workers.iter().map(|worker| worker.finished).sum();
    assert!(by_workers >= good.len(), "{name}");
    assert!(report.wall_time.as_nanos() > 0 && report.peak_memory > 1 << 20, "{report}");
    assert!(report.to_string().contains("is bad") || bad.is_empty(), "{report}");
}

#[test]
fn skipped_items_leave_no_trace() {
    for bad in [vec![], vec![0], vec![99], vec![49, 50, 51], (0..100).step_by(3).collect()] {
        let bad: BTreeSet<u64> = bad.into_iter().collect();
        for (name, context) in contexts(skip(bad.len())) {
            for panics in [false, true] {
                check_spoil(&*context, name, 100, &bad, panics);
            }
        }
    }
    let all: BTreeSet<u64> = (0..40).collect();
    for (name, context) in contexts(skip(usize::MAX)) {
        check_spoil(&*context, name, 40, &all, false);
    }
}

/// Returns its item, and fails at bad ones.
#[pasha::kernel]
fn pick(value: u64, #[shared] bad: &[u64]) -> Result<u64, String> {
    if bad.contains(&value) { Err(format!("{value} is bad")) } else { Ok(value + 1) }
}

#[test]
fn one_failure_too_many_ends_the_map() {
    let bad = [3, 30, 60];
    for (name, context) in contexts(skip(3)) {
        assert_eq!(
            pick::run_report_in(&*context, 0..100, &bad).unwrap().1.failed.len(),
            3,
            "{name}"
        );
    }
    for at_most in [0, 1, 2] {
        for (name, context) in contexts(skip(at_most)) {
            match pick::run_report_in(&*context, 0..100, &bad) {
                Err(Error::TooManyFailures {
                    failed,
                    at_most: told,
                    finished,
                    len,
                    source,
                    ..
                }) => {
                    assert!(failed > at_most && failed <= 3, "{name}: {failed}");
                    assert_eq!((told, len), (at_most, 100), "{name}");
                    assert!(finished <= 97, "{name}: {finished}");
                    assert!(
                        matches!(at_item(&source), (_, Cause::Refused { .. })),
                        "{name}: {source}"
                    );
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn the_caller_keeps_what_was_finished() {
    for (name, context) in contexts(OnFailure::Abort) {
        let mut out = pick::alloc(&*context, 0..1000, &[500]).unwrap();
        match pick::run_into(&*context, 0..1000, &[500], &mut out) {
            Err(Error::Item(failure)) if matches!(failure.cause(), Cause::Refused { .. }) => {
                assert_eq!((failure.index(), failure.attempts(), failure.len()), (500, 1, 1000));
                let kept = out.iter().filter(|&&value| value != 0).count();
                assert_eq!(kept, failure.finished(), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn errors_say_how_far_and_what_to_do() {
    let error = pick::run_serial(0..10, &[4]).unwrap_err().to_string();
    assert_eq!(
        error,
        "the kernel failed at index 4 (worker 0): 4 is bad; 4 of 10 items were finished; \
         to go on without such items use `on_failure`"
    );
    let context = SerialContext::new().on_failure(skip(1));
    let (_, report) = pick::run_report_in(&context, 0..10, &[4]).unwrap();
    let cause = report.failed[0].cause.to_string();
    assert_eq!(cause, "the kernel failed at index 4 (worker 0): 4 is bad");
    let error = pick::run_in(&context, 0..10, &[4, 6]).unwrap_err().to_string();
    assert_eq!(
        error,
        "2 items failed, but only 1 may be skipped, and 5 of 10 were finished; \
         the first to fail: the kernel failed at index 4 (worker 0): 4 is bad; if so many may \
         fail, allow more with `OnFailure::Skip { at_most: … }` (as an option by word `skip=…`): \
         with 10 the map goes to its end, and the report of `run_report` lists all that failed"
    );
}

/// Fails at index 20 as often as it is told, in the way that it is told.
#[pasha::kernel]
fn flaky(
    value: u64,
    #[shared] failures: u64,
    #[shared] way: u64,
    #[shared(copied)] tries: &[AtomicU64],
    #[reduce(sum)] total: &mut u64,
    #[output(fill = 7)] slot: &mut u64,
) -> Result<(), String> {
    *total += value;
    *slot += value;
    if value == 20 && tries[0].fetch_add(1, Ordering::SeqCst) < failures {
        match way {
            0 => return Err("not yet".to_owned()),
            1 => panic!("not yet"),
            _ => {
                let own = rustix::process::getpid();
                rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
            }
        }
    }
    Ok(())
}

#[test]
fn what_fails_is_tried_again() {
    let policy = OnFailure::Retry { times: 3, then: AfterRetries::Abort };
    for (name, context) in contexts(policy) {
        let ways = if ["processes", "split"].contains(&name) { 3 } else { 2 };
        for way in 0..ways {
            let tries = shared_counters(1);
            let (out, report) = flaky::run_report_in(&*context, 0..100, 3, way, tries).unwrap();
            assert_eq!(out.total, 4950, "{name} {way}");
            assert_eq!(out.slot, Array1::from_iter(7..107), "{name} {way}");
            assert_eq!(tries[0].load(Ordering::SeqCst), 4, "{name} {way}");
            assert_eq!((report.retried, report.failed.len()), (3, 0), "{name} {way}");
            assert_eq!(report.replaced, if way == 2 { 3 } else { 0 }, "{name} {way}");

            let tries = shared_counters(1);
            let error = flaky::run_in(&*context, 0..100, 4, way, tries).unwrap_err();
            let failure = item_failure(&error);
            assert_eq!((failure.index(), failure.attempts()), (20, 4), "{name} {way}: {error}");
            assert!(
                matches!(
                    failure.cause(),
                    Cause::Refused { .. }
                        | Cause::Panic { .. }
                        | Cause::Died { signal: Some(9), .. }
                ),
                "{name} {way}: {error}"
            );
            assert!(error.to_string().contains("4 times in a row"), "{error}");
        }
    }
    let policy = OnFailure::Retry { times: 1, then: AfterRetries::Skip { at_most: 1 } };
    for (name, context) in contexts(policy) {
        let tries = shared_counters(1);
        let (out, report) = flaky::run_report_in(&*context, 0..100, 9, 0, tries).unwrap();
        assert_eq!((out.total, out.slot[20]), (4930, 7), "{name}");
        assert_eq!((report.retried, report.failed[0].index), (1, 20), "{name}");
        let failure = item_failure(&report.failed[0].cause);
        assert!(matches!(failure.cause(), Cause::Refused { .. }), "{name}: {failure}");
        assert_eq!(failure.attempts(), 2, "{name}");
    }
}

/// Numbers, some of which can't be read.
struct Torn(Vec<usize>);

struct TornReader<'t>(&'t Torn);

impl Functor<ByValue<u64>> for Torn {
    type Reader<'f> = TornReader<'f>;

    fn num_items(&self) -> usize {
        100
    }

    fn reader(&self) -> Result<TornReader<'_>, SourceError> {
        Ok(TornReader(self))
    }
}

impl Read<ByValue<u64>> for TornReader<'_> {
    type Error = std::io::Error;

    fn begin(&mut self, _share: std::ops::Range<usize>) {}

    fn read(&mut self, index: usize) -> Result<u64, std::io::Error> {
        match self.0.0.contains(&index) {
            true => Err(std::io::Error::other(format!("block {index} is torn"))),
            false => Ok(index as u64),
        }
    }
}

#[test]
fn items_that_can_not_be_read_are_skipped_too() {
    let torn = Torn(vec![5, 77]);
    for (name, context) in contexts(skip(2)) {
        let (out, report) = pick::run_report_in(&*context, &torn, &[]).unwrap();
        assert_eq!((out[5], out[6], out[77]), (0, 7, 0), "{name}");
        for (failed, index) in report.failed.iter().zip([5, 77]) {
            match at_item(&failed.cause) {
                (told, Cause::Source(source)) => {
                    assert_eq!(told, index, "{name}");
                    assert_eq!(source.to_string(), format!("block {index} is torn"), "{name}");
                }
                _ => panic!("{name}: {}", failed.cause),
            }
        }
    }
    // In this process the error comes as it was.
    let error = pick::run_serial(&torn, &[]).unwrap_err();
    assert!(
        matches!(at_item(&error), (5, Cause::Source(source)) if source.is::<std::io::Error>()),
        "{error}"
    );
}

/// A source whose readers can be opened only after a few attempts.
struct Shy {
    attempts: &'static [AtomicU64],
    refusals: u64,
}

/// Reads the index.
struct Opened;

impl Read<ByValue<u64>> for Opened {
    type Error = std::convert::Infallible;

    fn begin(&mut self, _share: std::ops::Range<usize>) {}

    fn read(&mut self, index: usize) -> Result<u64, Self::Error> {
        Ok(index as u64)
    }
}

impl Functor<ByValue<u64>> for Shy {
    type Reader<'f> = Opened;

    fn num_items(&self) -> usize {
        10
    }

    fn reader(&self) -> Result<Opened, SourceError> {
        match self.attempts[0].fetch_add(1, Ordering::SeqCst) < self.refusals {
            true => Err("it does not open".into()),
            false => Ok(Opened),
        }
    }
}

impl IntoFunctor<ByValue<u64>> for Shy {
    type Functor = Self;

    fn into_functor(self) -> Self {
        self
    }
}

#[test]
fn a_worker_that_can_not_begin_is_tried_again_a_few_times() {
    let one = |policy| -> [Box<dyn Context>; 3] {
        [
            Box::new(SerialContext::new().on_failure(policy)),
            Box::new(ThreadContext::new(1).unwrap().on_failure(policy)),
            Box::new(ProcessContext::new(1).unwrap().on_failure(policy)),
        ]
    };
    let shy = |refusals| Shy { attempts: shared_counters(1), refusals };
    for context in one(skip(0)) {
        assert_eq!(pick::run_in(&*context, shy(3), &[]).unwrap().sum(), 55);
        let error = pick::run_in(&*context, shy(4), &[]).unwrap_err();
        let told = "failed while opening its reader of the items: it does not open";
        assert!(matches!(error, Error::Worker { finished: 0, len: 10, .. }), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    for context in one(OnFailure::Retry { times: 5, then: AfterRetries::Abort }) {
        assert_eq!(pick::run_in(&*context, shy(5), &[]).unwrap().sum(), 55);
        assert!(pick::run_in(&*context, shy(6), &[]).is_err());
    }
    for context in one(OnFailure::Abort) {
        assert!(matches!(pick::run_in(&*context, shy(1), &[]), Err(Error::Worker { .. })));
    }
}

/// Adds one.
#[pasha::kernel]
fn add_one(value: u64) -> u64 {
    value + 1
}

#[test]
fn composed_kernels_skip_too() {
    for (name, context) in contexts(skip(2)) {
        let composed = pick::bind(&[4, 9]).then(add_one::bind());
        let (out, report) = composed.run_report_in(&*context, 0..10_u64).unwrap();
        assert_eq!(out, array![2, 3, 4, 5, 0, 7, 8, 9, 10, 0], "{name}");
        assert_eq!(report.failed.len(), 2, "{name}");
    }
}

#[test]
fn a_second_run_into_the_same_outputs_puts_failed_slots_back() {
    for (name, context) in contexts(skip(1)) {
        let (mut out, _) = pick::run_report_in(&*context, 0..10, &[]).unwrap();
        assert_eq!(out[3], 4);
        let report = pick::run_report_into(&*context, 0..10, &[3], &mut out).unwrap();
        assert_eq!((out[2], out[3], report.failed[0].index), (3, 0, 3), "{name}");
    }
}
