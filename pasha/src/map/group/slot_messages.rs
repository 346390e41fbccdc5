//! How the slots of a map travel between ranks, and what the map shows of the other ranks.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Takes the slots of indices from a message; `None` if it is too short.
type Unpack<'x> = dyn Fn(&Range<usize>, &mut &[u8]) -> Option<()> + Sync + 'x;

/// How slots of a map become bytes, and bytes slots.
#[derive(Clone, Copy)]
pub(crate) struct SlotMessages<'x> {
    /// Whether there are any.
    pub(crate) has_slots: bool,
    /// Adds the slots of finished indices to a message.
    pub(crate) pack: &'x (dyn Fn(&Range<usize>, &mut Vec<u8>) + Sync),
    /// Takes the slots of indices that another rank has run from a message.
    pub(crate) unpack: &'x Unpack<'x>,
}

/// What is known of the other ranks while a map runs.
#[derive(Debug, Default)]
pub(crate) struct OtherRanks {
    pub(super) arrived: AtomicUsize,
    pub(super) failed: AtomicUsize,
}

impl OtherRanks {
    /// The number of items whose slots have come from other ranks.
    pub(crate) fn arrived(&self) -> usize {
        self.arrived.load(Ordering::Relaxed)
    }

    /// At rank 0, the number of items that failed on any rank.
    pub(crate) fn failed(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }
}
