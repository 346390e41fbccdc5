//! Shares: whatever the length, the workers and the splitting, each index is run exactly once.

use std::num::NonZeroUsize;

use ndarray::Array1;
use pasha::{Context, ProcessContext, ThreadContext};
use proptest::prelude::*;

#[pasha::kernel]
fn visit(value: u64, #[output] visits: &mut u32, #[reduce(sum)] total: &mut u64) -> u64 {
    *visits += 1;
    *total += 1;
    value
}

/// How a case splits the work.
#[derive(Clone, Copy, Debug)]
enum Split {
    Guided,
    Static,
    Fixed(usize),
}

fn check(context: &dyn Context, len: usize) {
    let out = visit::run_in(context, 0..len as u64).unwrap();
    assert_eq!(out.visits, Array1::from_elem(len, 1));
    assert_eq!(out.result, Array1::from_iter(0..len as u64));
    assert_eq!(out.total, len as u64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_index_is_run_once(
        len in prop_oneof![0_usize..20, 0_usize..5000],
        workers in 1_usize..9,
        split in prop_oneof![
            Just(Split::Guided),
            Just(Split::Static),
            (1_usize..600).prop_map(Split::Fixed),
        ],
        forked: bool,
    ) {
        if forked {
            let context = ProcessContext::new(workers).unwrap();
            check(&match split {
                Split::Guided => context,
                Split::Static => context.static_split(),
                Split::Fixed(size) => context.share(NonZeroUsize::new(size).unwrap()),
            }, len);
        } else {
            let context = ThreadContext::new(workers).unwrap();
            check(&match split {
                Split::Guided => context,
                Split::Static => context.static_split(),
                Split::Fixed(size) => context.share(NonZeroUsize::new(size).unwrap()),
            }, len);
        }
    }
}

#[pasha::kernel]
fn who(_value: u64, #[worker_id] worker: usize) -> usize {
    worker
}

#[test]
fn static_splitting_gives_each_worker_its_slice() {
    for context in [
        &ThreadContext::new(3).unwrap().static_split() as &dyn Context,
        &ProcessContext::new(3).unwrap().static_split(),
    ] {
        let out = who::run_in(context, 0..100).unwrap();
        for (worker, share) in pasha::split(100, 3).enumerate() {
            assert!(share.into_iter().all(|index| out[index] == worker));
        }
    }
}
