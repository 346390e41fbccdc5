//! Accumulators of different workers, a whole number of cache lines apart: workers that write
//! one cache line in turn would wait for each other at every item.

use super::Accumulators;
use crate::array::bytes_of_shape;
use crate::element::CACHE_LINES;
use crate::element::assert_alignment;
use crate::error::Result;
use crate::memory::{Mapping, MappingId};
use crate::output::Plan;

/// Accumulators with more bytes share a cache line at their borders alone, which costs nothing that
/// can be measured.
const PADDED_UP_TO: usize = 16 << 10;

/// Elements from one accumulator of `size` elements to the next.
pub(super) fn step_of<A>(size: usize) -> usize {
    let element = size_of::<A>().max(1);
    // A power of two, so that the lines and the elements share its lowest bits alone.
    let elements_to_a_line = CACHE_LINES / CACHE_LINES.min(element & element.wrapping_neg());
    size.max(1).next_multiple_of(elements_to_a_line)
}

/// Memory for an accumulator of `size` elements for each worker of a plan.
pub(super) fn map_accumulators<A>(size: usize, plan: &Plan<'_>) -> Result<Mapping> {
    const { assert_alignment::<A>() };
    let number = plan.num_workers.max(1);
    let bytes = bytes_of_shape::<A>(&[number, step_of::<A>(size)])?;
    let mapping = Mapping::anonymous(bytes, plan.memory, plan.pages);
    let mut mapping = mapping.map_err(|error| error.of_accumulators(number))?;
    mapping.make_huge_pages();
    Ok(mapping)
}

/// Whether accumulators of `size` elements are to be padded.
pub(super) fn padding_pays<A>(size: usize, plan: &Plan<'_>) -> bool {
    let bytes = size * size_of::<A>();
    plan.num_workers > 1 && (1..PADDED_UP_TO).contains(&bytes)
}

/// Small accumulators in memory of their own while a map runs, from where they are copied to the
/// output in the end.
#[derive(Debug)]
pub(super) struct PaddedAccumulators<W> {
    mapping: Mapping,
    /// Bytes from one worker's to the next's.
    step: usize,
    num_workers: usize,
    /// The accumulators in the output.
    target: W,
}

impl<W: Accumulators> PaddedAccumulators<W> {
    /// Memory for a copy of these accumulators, of `size` elements of `A` for each worker, with
    /// what is in them now.
    ///
    /// # Safety
    /// The accumulators are attached for the plan's workers, none of which has started, and have so
    /// many elements for each.
    pub(super) unsafe fn new<A>(target: W, size: usize, plan: &Plan<'_>) -> Result<Self> {
        let mapping = map_accumulators::<A>(size, plan)?;
        let step = step_of::<A>(size) * size_of::<A>();
        let padded = PaddedAccumulators { mapping, step, num_workers: plan.num_workers, target };
        for worker_id in 0..padded.num_workers {
            // SAFETY: no worker has started; the place is this worker's, a multiple of
            // `MOST_ALIGNED` into the mapping, and has room for a copy.
            unsafe { padded.target.save(worker_id, padded.place(worker_id)) };
        }
        Ok(padded)
    }

    fn place(&self, worker_id: usize) -> *mut u8 {
        self.mapping.start().as_ptr().wrapping_add(worker_id * self.step)
    }

    /// Where the first worker's begin.
    pub(super) fn first<A>(&self) -> *mut A {
        self.place(0).cast()
    }

    /// Which mapping it lies in.
    pub(super) fn mapping_id(&self) -> MappingId {
        self.mapping.id()
    }

    /// Copies everything to the output.
    ///
    /// # Safety
    /// All workers have ended, and the accumulators of the output are still attached.
    pub(super) unsafe fn collect(&self) {
        for worker_id in 0..self.num_workers {
            // SAFETY: no worker runs; what lies there is what `save` has put there, and what the
            // worker has made of it, in the same order of elements.
            unsafe { self.target.load(worker_id, self.place(worker_id)) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_accumulators_share_a_cache_line() {
        fn check<A>() {
            for size in [0, 1, 2, 3, 5, 7, 16, 17, 100, 1000] {
                let step = step_of::<A>(size);
                assert!(step >= size && (step * size_of::<A>()).is_multiple_of(CACHE_LINES));
                let padding = (step - size) * size_of::<A>();
                assert!(padding < CACHE_LINES * size_of::<A>().max(CACHE_LINES));
            }
        }
        check::<u8>();
        check::<f64>();
        check::<[f64; 3]>();
        check::<[u8; 7]>();
        check::<[f64; 48]>();
    }
}
