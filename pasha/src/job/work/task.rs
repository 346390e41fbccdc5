//! The task of a map's workers: the kernel, what it reads, and where it writes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::checkpoint::{CheckpointUse, Checkpoints};
use crate::error::{Error, Result};
use crate::functor::list::FunctorList;
use crate::job::present::PresentItems;
use crate::job::share::Borders;
use crate::job::tree::MergeTree;
use crate::kernel::Kernel;
use crate::memory::{Memory, Pages};
use crate::output::index::IndexSlots;
use crate::output::list::SpecList;
use crate::output::slots::{PackedOutputs, Slots};
use crate::output::worker::Accumulators;
use crate::resume::{JobFile, Journal};

/// What puts the slots of a call of `K` together.
pub(super) type SlotsBy<K> = <<K as Kernel>::Specs as SpecList>::Slots;

/// The slots of a kernel's outputs that belong to indices.
pub(crate) type IndexSlotsOf<K> = <SlotsBy<K> as Slots>::Index;

/// The accumulators of a kernel's outputs, which belong to workers.
pub(crate) type AccumulatorsOf<K> = <SlotsBy<K> as Slots>::Worker;

/// Everything that the workers of one map read: kernel, functors and open outputs.
pub(crate) struct Task<'r, K: Kernel, F> {
    pub(crate) kernel: &'r K,
    pub(crate) functors: &'r F,
    pub(crate) slots: IndexSlotsOf<K>,
    pub(crate) accumulators: AccumulatorsOf<K>,
    pub(crate) len: usize,
    /// The number of the first worker here, as the kernel sees it.
    pub(crate) first_worker: usize,
    /// Mappings that are written for the first time, of which huge pages are to be made.
    pub(crate) new_memory: Vec<Range<usize>>,
    pub(crate) job_file: Option<&'r JobFile>,
    /// Where what slots hold is kept that lie in no file.
    pub(crate) journal: Option<&'r Journal>,
    /// Where reductions are to have the same bits whoever computes what.
    pub(crate) tree: Option<&'r MergeTree<'r>>,
    /// The items that a first pass, for the lengths of ragged slots, went on without, and why.
    pub(crate) failed_lengths: Option<&'r BTreeMap<usize, String>>,
}

impl<K: Kernel, F: FunctorList<K::Items>> Task<'_, K, F> {
    /// Copies of the accumulators for this many workers, where there are any and they are needed.
    pub(crate) fn checkpoints(
        &self,
        needed_for: Option<CheckpointUse>,
        num_workers: usize,
        memory: Memory,
        pages: Pages,
    ) -> Result<Checkpoints> {
        let Some(needed_for) = needed_for.filter(|_| AccumulatorsOf::<K>::COUNT > 0) else {
            return Ok(Checkpoints::none());
        };
        let accumulators = &self.accumulators;
        // SAFETY: the accumulators are attached for all workers of the context, of which none runs
        // yet.
        unsafe { Checkpoints::new(accumulators, num_workers, needed_for, memory, pages) }
    }

    /// Where the outputs' pages and cache lines end.
    pub(crate) fn borders(&self) -> Borders {
        let mut borders = Borders::default();
        if self.len > 0 {
            let first_slots = 0..1;
            // SAFETY: there is an index 0, and the outputs are attached.
            unsafe {
                let mut visit = |place: Range<usize>| borders.add(place.len());
                self.slots.places(&first_slots, &mut visit);
            }
        }
        borders
    }

    /// Puts the slots of an item that failed back to what they were before the map.
    ///
    /// # Safety
    /// All workers have ended, and the index is one of the map.
    pub(crate) unsafe fn put_back(&self, index: usize) {
        // SAFETY: no worker runs any more, and the index is one that the slots are attached for.
        unsafe { self.slots.reset(index) };
    }

    /// Adds the slots of these indices to a message.
    ///
    /// # Safety
    /// They are indices of the map, and no worker writes their slots meanwhile.
    pub(crate) unsafe fn pack(&self, indices: &Range<usize>, message: &mut Vec<u8>) {
        // SAFETY: as the caller promises; the outputs are attached.
        unsafe { self.pack_of(indices, PackedOutputs::All, message) };
    }

    /// Takes the slots of these indices from a message; `None` if it is too short.
    ///
    /// # Safety
    /// They are indices of the map that no worker here has or will have; one thread at a time
    /// unpacks; and `pack` of a task of the same kernel and shapes has written the message.
    pub(crate) unsafe fn unpack(&self, indices: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        // SAFETY: as the caller promises; the outputs are attached.
        unsafe { self.unpack_of(indices, PackedOutputs::All, message) }
    }

    /// Adds what the slots of this index hold to a message, of outputs that can't lie in a file.
    ///
    /// # Safety
    /// It is an index of the map, and the caller alone has it.
    pub(super) unsafe fn pack_in_memory(&self, index: usize, message: &mut Vec<u8>) {
        // SAFETY: as the caller promises.
        unsafe { self.pack_of(&(index..index + 1), PackedOutputs::InMemory, message) };
    }

    /// Adds the slots of these indices to a message.
    ///
    /// # Safety
    /// As for [`pack`](Self::pack).
    unsafe fn pack_of(&self, indices: &Range<usize>, of: PackedOutputs, message: &mut Vec<u8>) {
        // SAFETY: as the caller promises; the outputs are attached.
        unsafe { SlotsBy::<K>::pack(&self.slots, &self.accumulators, indices, of, message) };
    }

    /// Takes the slots of these indices from a message.
    ///
    /// # Safety
    /// As for [`unpack`](Self::unpack).
    unsafe fn unpack_of(
        &self,
        indices: &Range<usize>,
        of: PackedOutputs,
        message: &mut &[u8],
    ) -> Option<()> {
        // SAFETY: as the caller promises; the outputs are attached.
        unsafe { SlotsBy::<K>::unpack(&self.slots, &self.accumulators, indices, of, message) }
    }

    /// Takes from the journal of the job what was finished before; of other items in it nothing.
    ///
    /// # Errors
    /// [`Error::Resume`] if something is missing, or the items had slots of other lengths.
    pub(crate) fn take_from(&self, journal: &Journal, job_file: &JobFile) -> Result<()> {
        let refused = |what: String| Error::Resume {
            path: job_file.path().to_owned(),
            reason: format!(
                "{} {what}; put it back, or delete {} to begin anew",
                journal.path().display(),
                job_file.path().display()
            ),
        };
        let mut is_there = vec![false; self.len];
        journal.read(|items, mut slots| {
            let is_finished = items.end <= self.len && job_file.are_finished(items.clone());
            if !is_finished {
                return Ok(());
            }
            // SAFETY: these are indices of the map, of which no worker has started; a program with
            // the same kernel and outputs has written the record, as the checksum says.
            let taken = unsafe { self.unpack_of(&items, PackedOutputs::InMemory, &mut slots) };
            if taken.is_none() || !slots.is_empty() {
                return Err(refused(format!("has slots of another length for items {items:?}")));
            }
            is_there[items].fill(true);
            Ok(())
        })?;
        let is_lost = |&index: &usize| !is_there[index] && job_file.are_finished(index..index + 1);
        match (0..self.len).find(is_lost) {
            None => Ok(()),
            Some(index) => Err(refused(format!("lacks item {index}, which was finished"))),
        }
    }

    /// Which indices have an item, if some may have none.
    pub(crate) fn present(&self) -> Option<PresentItems> {
        let look = || PresentItems::new(self.len, |index| self.functors.are_present(index));
        F::MAY_BE_ABSENT.then(look)
    }
}
