//! Lists of outputs, nested to the right and ended by `()`: `(S0, (S1, ()))`.
//!
//! Two implementations of each trait serve kernels with any number of outputs.

use std::ops::Range;

use super::slots::Slots;
use super::worker::{AccumulatorBytes, Accumulators, Reduction, SavedAccumulators};
use super::{Attached, OutputSpec, Plan, RankParts, WhatIsKept};
use crate::error::{Error, Result};
use crate::memory::MappingId;
use crate::resume::KeptOutput;

/// What values are called that a kernel returns; parameters have names.
pub(crate) const RESULT: &str = "result";

/// A list of arrays.
pub trait List: Sized {
    /// The list of references to them.
    type Mut<'a>
    where
        Self: 'a;
}

impl List for () {
    type Mut<'a> = ();
}

impl<A: 'static, L: List + 'static> List for (A, L) {
    type Mut<'a> = (&'a mut A, L::Mut<'a>);
}

/// A list of output specs.
pub trait SpecList: Sync {
    /// The arrays that the caller gets.
    type Arrays: List + 'static;

    /// Raw access for the workers.
    type Slots: Slots;

    /// The arrays, attached to a run.
    type Attached<'a>: Attached<Slots = Self::Slots>
    where
        Self: 'a;

    /// The number of outputs.
    const COUNT: usize;

    /// What is left of the arrays after a crash.
    const KEPT: WhatIsKept;

    /// Asks what code of the user's has to say, before all else.
    fn prepare(&mut self);

    /// Allocates the arrays, filled.
    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Arrays>;

    /// Checks the arrays against the run and opens them for the workers. `names` are those of
    /// the parameters, which come first, in order.
    fn attach<'a>(
        &'a self,
        arrays: <Self::Arrays as List>::Mut<'a>,
        names: &[&str],
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>>;
}

impl SpecList for () {
    type Arrays = ();
    type Slots = ();
    type Attached<'a> = ();

    const COUNT: usize = 0;
    const KEPT: WhatIsKept = WhatIsKept::NOTHING;

    fn prepare(&mut self) {}

    fn allocate(&self, _plan: &Plan<'_>) -> Result<()> {
        Ok(())
    }

    fn attach(&self, (): (), _names: &[&str], _plan: &Plan<'_>) -> Result<()> {
        Ok(())
    }
}

impl<S: OutputSpec, L: SpecList> SpecList for (S, L) {
    type Arrays = (S::Array, L::Arrays);
    type Slots = (S::Slots, L::Slots);
    type Attached<'a>
        = (S::Attached<'a>, L::Attached<'a>)
    where
        Self: 'a;

    const COUNT: usize = 1 + L::COUNT;
    const KEPT: WhatIsKept = S::KEPT.and(L::KEPT);

    fn prepare(&mut self) {
        self.0.prepare();
        self.1.prepare();
    }

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Arrays> {
        Ok((self.0.allocate(plan)?, self.1.allocate(plan)?))
    }

    #[inline(always)]
    fn attach<'a>(
        &'a self,
        (array, rest): (&'a mut S::Array, <L::Arrays as List>::Mut<'a>),
        names: &[&str],
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        let (name, names) = names.split_first().unwrap_or((&RESULT, &[]));
        Ok((self.0.attach(array, name, plan)?, self.1.attach(rest, names, plan)?))
    }
}

// SAFETY: there are no slots.
unsafe impl Attached for () {
    type Slots = ();

    fn index_slots(&self) {}

    fn accumulators(&self) {}

    fn writable(&self, _mappings: &mut Vec<MappingId>) {}

    #[inline(always)]
    fn new_memory(&self, _new: &mut Vec<Range<usize>>) {}

    fn kept(&self, _outputs: &mut Vec<Option<KeptOutput>>) {}

    fn layouts(&self, _layouts: &mut Vec<String>) {}

    #[inline(always)]
    fn finish(self) -> Result<(), Box<Error>> {
        Ok(())
    }
}

impl RankParts for () {}

// SAFETY: each part keeps the promise for its own slots.
unsafe impl<A: Attached, B: Attached> Attached for (A, B) {
    type Slots = (A::Slots, B::Slots);
    const KEEPS_SLOTS: bool = A::KEEPS_SLOTS && B::KEEPS_SLOTS;

    fn index_slots(&self) -> <Self::Slots as Slots>::Index {
        (self.0.index_slots(), self.1.index_slots())
    }

    fn accumulators(&self) -> <Self::Slots as Slots>::Worker {
        (self.0.accumulators(), self.1.accumulators())
    }

    fn writable(&self, mappings: &mut Vec<MappingId>) {
        self.0.writable(mappings);
        self.1.writable(mappings);
    }

    #[inline(always)]
    fn new_memory(&self, new: &mut Vec<Range<usize>>) {
        self.0.new_memory(new);
        self.1.new_memory(new);
    }

    fn lies_in_memory(&self) -> bool {
        self.0.lies_in_memory() || self.1.lies_in_memory()
    }

    fn kept(&self, outputs: &mut Vec<Option<KeptOutput>>) {
        self.0.kept(outputs);
        self.1.kept(outputs);
    }

    fn layouts(&self, layouts: &mut Vec<String>) {
        self.0.layouts(layouts);
        self.1.layouts(layouts);
    }

    fn reductions<'s>(&'s self, reductions: &mut Vec<Box<dyn Reduction + 's>>) {
        self.0.reductions(reductions);
        self.1.reductions(reductions);
    }

    fn own_accumulators<'s>(&'s self, own: &mut Vec<Box<dyn AccumulatorBytes + 's>>) {
        self.0.own_accumulators(own);
        self.1.own_accumulators(own);
    }

    unsafe fn take_saved(&mut self, saved: SavedAccumulators<'_>) {
        let first = self.0.accumulators().saved_size();
        // SAFETY: what the caller promises of the list holds for both of its parts, whose copies
        // lie one behind the other.
        unsafe {
            self.0.take_saved(saved);
            self.1.take_saved(saved.behind(first));
        }
    }

    #[inline(always)]
    fn finish(self) -> Result<(), Box<Error>> {
        let first = self.0.finish();
        // Also after an error: what was finished is not lost.
        self.1.finish()?;
        first
    }
}

impl<A: RankParts, B: RankParts> RankParts for (A, B) {
    fn keep_first(&mut self) {
        self.0.keep_first();
        self.1.keep_first();
    }

    fn part(&mut self, message: &mut Vec<u8>) {
        self.0.part(message);
        self.1.part(message);
    }

    fn take_part(&mut self, workers: &Range<usize>, message: &mut &[u8]) -> Option<()> {
        self.0.take_part(workers, message)?;
        self.1.take_part(workers, message)
    }

    fn total(&self, message: &mut Vec<u8>) {
        self.0.total(message);
        self.1.total(message);
    }

    fn take_total(&mut self, message: &mut &[u8]) -> Option<()> {
        self.0.take_total(message)?;
        self.1.take_total(message)
    }
}
