//! How much of the bandwidth of the memory the detector job reaches.

use std::rc::Rc;

use pasha::prelude::*;

use super::NUM_WORKERS;
use super::detector::{self, FRAMES, Input, SIDE, Way};
use super::duel::{Duel, timed};

/// Not a copy, for which the C library chooses a way by the processor and its own version.
#[pasha::kernel]
fn add_one(value: u64) -> u64 {
    value + 1
}

/// The second map of the detector job, against adding 1 to half as many bytes from one
/// array to another, in huge pages: that reads and writes as many bytes as the job does.
pub(crate) fn against_copy(way: Way) -> Duel {
    let input = Rc::new(Input::new(&ProcessContext::new(NUM_WORKERS).unwrap()));
    detector::check_ways(&input);
    let ours = detector::job(input, way, false);
    let bytes = FRAMES * SIDE * SIDE * (size_of::<u16>() + size_of::<f32>()) / 2;
    let threads = ThreadContext::new(NUM_WORKERS).unwrap();
    let alloc = || {
        // Shared, so that the job's forks have nothing to do with it.
        let shared = ProcessContext::new(NUM_WORKERS).unwrap();
        let mut array = shared.alloc::<u64>(bytes / size_of::<u64>()).build().unwrap();
        array.fill(1);
        pasha::advise_huge(&array);
        array
    };
    let (from, mut to) = (alloc(), alloc());
    let copy = move || timed(|| add_one::run_into(&threads, &from, &mut to).unwrap());
    Duel::new(ours, copy)
}
