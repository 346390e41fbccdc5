//! Whatever the length, workers, splitting, policy and failures: each index is run as often as the
//! policy says, and written once.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use pasha::prelude::*;
use pasha_tests::shared_counters;
use proptest::prelude::*;

/// How an item fails, and how often before it does not.
#[derive(Clone, Copy, Debug)]
struct Failing {
    way: Way,
    times: u64,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Err,
    Panic,
    Kill,
}

/// Counts its runs, and fails as it is told.
#[pasha::kernel]
fn visit(
    value: u64,
    #[shared] failing: &BTreeMap<u64, Failing>,
    #[shared(copied)] runs: &[AtomicU64],
    #[output(fill = 100)] writes: &mut u64,
) -> Result<u64, String> {
    *writes += 1;
    let run = runs[value as usize].fetch_add(1, Ordering::SeqCst);
    if let Some(failing) = failing.get(&value).filter(|failing| run < failing.times) {
        fail(failing.way)?;
    }
    Ok(value + 1)
}

/// Adds up; items may be run again after a failure of another, but count once.
#[pasha::kernel]
fn add(
    value: u64,
    #[shared] failing: &BTreeMap<u64, Failing>,
    #[shared(copied)] failures: &[AtomicU64],
    #[reduce(sum)] total: &mut u64,
    #[per_worker] calls: &mut u64,
    #[output(fill = 100)] writes: &mut u64,
) -> Result<(), String> {
    *total += value;
    *calls += 1;
    *writes += 1;
    if let Some(failing) = failing.get(&value)
        && failures[value as usize].load(Ordering::SeqCst) < failing.times
    {
        failures[value as usize].fetch_add(1, Ordering::SeqCst);
        fail(failing.way)?;
    }
    Ok(())
}

fn fail(way: Way) -> Result<(), String> {
    match way {
        Way::Err => Err("told to".to_owned()),
        Way::Panic => panic!("told to"),
        Way::Kill => loop {
            let own = rustix::process::getpid();
            let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
        },
    }
}

#[derive(Clone, Debug)]
struct Case {
    len: u64,
    workers: usize,
    share: Option<usize>,
    is_split: bool,
    retries: usize,
    failing: BTreeMap<u64, Failing>,
}

fn cases(most: u64, may_kill: bool) -> impl Strategy<Value = Case> {
    let way = prop_oneof![
        Just(Way::Err),
        Just(Way::Panic),
        Just(if may_kill { Way::Kill } else { Way::Err })
    ];
    let failing = (way, prop_oneof![1_u64..4, Just(u64::MAX)])
        .prop_map(|(way, times)| Failing { way, times });
    (
        prop_oneof![0_u64..10, 0..most],
        1_usize..8,
        proptest::option::of(1_usize..50),
        any::<bool>(),
        0_usize..3,
        proptest::collection::btree_map(0..most, failing, 0..6),
    )
        .prop_map(|(len, workers, share, is_split, retries, mut failing)| {
            failing.retain(|&index, _| index < len);
            Case { len, workers, share, is_split, retries, failing }
        })
}

impl Case {
    fn policy(&self) -> OnFailure {
        let at_most = self.failing.len();
        match self.retries {
            0 => OnFailure::Skip { at_most },
            times => OnFailure::Retry { times, then: AfterRetries::Skip { at_most } },
        }
    }

    fn failures(&self, index: u64) -> u64 {
        self.failing.get(&index).map_or(0, |failing| failing.times)
    }

    fn is_skipped(&self, index: u64) -> bool {
        self.failures(index) > self.retries as u64
    }

    fn check(&self, context: &dyn Context) {
        let runs = shared_counters(self.len as usize);
        let (out, report) =
            visit::run_report_in(context, 0..self.len, &self.failing, runs).unwrap();
        let mut skipped = Vec::new();
        for index in 0..self.len {
            let place = index as usize;
            let is_skipped = self.is_skipped(index);
            let expected = if is_skipped { (100, 0) } else { (101, index + 1) };
            assert_eq!((out.writes[place], out.result[place]), expected, "index {index}");
            let runs = runs[place].load(Ordering::SeqCst);
            assert_eq!(runs, 1 + self.failures(index).min(self.retries as u64), "index {index}");
            skipped.extend(is_skipped.then_some(place));
        }
        let failed: Vec<usize> = report.failed.iter().map(|failed| failed.index).collect();
        assert_eq!(failed, skipped);
        assert_eq!(report.finished + skipped.len(), self.len as usize);

        let failures = shared_counters(self.len as usize);
        let (out, report) =
            add::run_report_in(context, 0..self.len, &self.failing, failures).unwrap();
        let good: Vec<u64> = (0..self.len).filter(|&index| !self.is_skipped(index)).collect();
        assert_eq!((out.total, out.calls.sum()), (good.iter().sum(), good.len() as u64));
        for index in 0..self.len {
            let expected = if self.is_skipped(index) { 100 } else { 101 };
            assert_eq!(out.writes[index as usize], expected, "index {index}");
        }
        assert_eq!(report.finished, good.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn in_threads(case in cases(2000, false)) {
        let context = ThreadContext::new(case.workers).unwrap().on_failure(case.policy());
        let context = match case.share.and_then(NonZeroUsize::new) {
            Some(items) => context.share(items),
            None => context,
        };
        case.check(&if case.is_split { context.static_split() } else { context });
        case.check(&SerialContext::new().on_failure(case.policy()));
    }

    #[test]
    fn in_processes(case in cases(500, true)) {
        let context = ProcessContext::new(case.workers).unwrap().on_failure(case.policy());
        let context = match case.share.and_then(NonZeroUsize::new) {
            Some(items) => context.share(items),
            None => context,
        };
        case.check(&if case.is_split { context.static_split() } else { context });
    }
}
