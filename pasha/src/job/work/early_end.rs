//! When a block ends before all of its items are run.
//!
//! Blocks are as long as items took that were run before. Where items become slow, somebody may
//! wait for what is said between blocks: that the map is to stop, how far it is, what is finished.
//! So a map of which somebody may want to know looks for that within its blocks, too, as often as
//! costs little.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::job::board::Table;
use crate::options::CancelToken;

/// Where somebody waits, a block ends once it has lasted so long.
const LONGEST: Duration = Duration::from_millis(1);
/// A look takes a nanosecond, and one at the clock 25: both are to take a few hundredths of the
/// time of the items in between.
const BETWEEN_LOOKS: u64 = 100;
const BETWEEN_CLOCKS: u64 = 1_000;
/// Of items that may have become one vector instruction, more are run between looks.
const VECTOR_ITEMS: usize = 512;
const MOST_ITEMS: usize = 32;

/// Whether a block ends before all of its items are run.
pub(super) struct EarlyEnd<'m> {
    /// Who says so; if nobody, blocks end at their end.
    signals: Option<Signals<'m>>,
    /// Items between looks.
    span: usize,
    /// Looks between those at the clock.
    between_clocks: u64,
    looks: Cell<u64>,
}

/// What ends a block.
struct Signals<'m> {
    table: &'m Table,
    token: Option<&'m CancelToken>,
    /// The number of ticks when the block began.
    ticks: usize,
    begun: Instant,
}

impl<'m> EarlyEnd<'m> {
    /// Blocks end at their end.
    pub(super) fn never() -> Self {
        EarlyEnd { signals: None, span: usize::MAX, between_clocks: 0, looks: Cell::new(0) }
    }

    /// A block ends when the map is to stop, the caller asks how far it is, or it lasts too long;
    /// `took` is the time that an item took before.
    pub(super) fn on_signals(
        table: &'m Table,
        token: Option<&'m CancelToken>,
        begun: Instant,
        took: ItemTime,
    ) -> Self {
        let signals = Some(Signals { table, token, ticks: table.ticks(), begun });
        let span = took.items_in(BETWEEN_LOOKS).clamp(1, MOST_ITEMS);
        let span = if took.may_be_vectors() { VECTOR_ITEMS } else { span };
        let between_clocks = (took.items_in(BETWEEN_CLOCKS) / span).max(1) as u64;
        EarlyEnd { signals, span, between_clocks, looks: Cell::new(0) }
    }

    /// The number of items between looks.
    pub(super) fn span(&self) -> usize {
        self.span
    }

    /// Looks whether the block is to end.
    #[inline(never)]
    pub(super) fn is_due(&self) -> bool {
        let Some(Signals { table, token, ticks, begun }) = &self.signals else { return false };
        if table.is_stopped()
            || table.ticks() != *ticks
            // One that has to ask, which takes longer, does so between blocks.
            || token.is_some_and(CancelToken::was_cancelled)
        {
            return true;
        }
        self.looks.set(self.looks.get() + 1);
        self.looks.get().is_multiple_of(self.between_clocks) && begun.elapsed() > LONGEST
    }
}

/// How long an item has taken, on average of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct ItemTime {
    took: Duration,
    items: usize,
}

impl ItemTime {
    /// Of items of which nothing is known.
    pub(super) const UNKNOWN: ItemTime = ItemTime { took: Duration::MAX, items: 1 };

    /// So many items took so long together.
    pub(super) fn new(took: Duration, items: usize) -> Self {
        ItemTime { took, items }
    }

    /// How many such items take so many nanoseconds.
    fn items_in(self, nanoseconds: u64) -> usize {
        let took = self.took.as_nanos().max(1);
        usize::try_from(u128::from(nanoseconds) * self.items as u128 / took).unwrap_or(usize::MAX)
    }

    /// Whether items take less than half a nanosecond.
    fn may_be_vectors(self) -> bool {
        self.items_in(1) > 2
    }
}
