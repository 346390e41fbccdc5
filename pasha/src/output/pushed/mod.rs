//! Outputs that grow while the kernel runs: `#[output(ragged)] x: &mut Ragged<A>`.
//!
//! Each worker appends to memory of its own, its *arena*, and notes for each index where its values
//! lie. After the map they are copied together, in the order of the indices.

mod arenas;
mod attached;
mod handle;

use std::marker::PhantomData;

use ndarray::Ix1;

use super::index::{IndexSlots, ScalarSlots};
use super::position::Position;
use super::slots::Slots;
use super::{OutputSpec, Plan};
use crate::array::{Order, RaggedArray, SharedArray};
use crate::element::Element;
use crate::error::{Error, Result};
use arenas::{ArenaSlots, Arenas};
use attached::AttachedPushed;
pub use handle::Ragged;

/// Where the values of an index lie: the first, counted over all arenas, and how many.
type Entry = [usize; 2];

/// A slot for each index that is as long as the kernel makes it.
#[derive(Debug, Clone)]
pub struct Pushed<A> {
    name: &'static str,
    element: PhantomData<fn() -> A>,
}

impl<A> Pushed<A> {
    /// Slots of the output of this name.
    pub fn new(name: &'static str) -> Self {
        Pushed { name, element: PhantomData }
    }
}

impl<A: Element> OutputSpec for Pushed<A> {
    type Array = RaggedArray<A>;
    type Slots = PushedSlots<A>;
    type Attached<'a> = AttachedPushed<'a, A>;

    fn allocate(&self, plan: &Plan<'_>) -> Result<RaggedArray<A>> {
        let offsets = SharedArray::zeros(Ix1(plan.len + 1), Order::C, plan.memory, plan.pages)?;
        let values = SharedArray::zeros(Ix1(0), Order::C, plan.memory, plan.pages)?;
        Ok(RaggedArray::new(offsets, values))
    }

    fn attach<'a>(
        &'a self,
        array: &'a mut RaggedArray<A>,
        name: &str,
        plan: &Plan<'_>,
    ) -> Result<AttachedPushed<'a, A>> {
        if array.len() != plan.len {
            return Err(Error::ShapeMismatch {
                output: name.to_owned(),
                given: vec![array.len()],
                needed: vec![plan.len],
            });
        }
        AttachedPushed::new(array, Arenas::new::<A>(self.name, plan)?, plan)
    }
}

/// The slots of an output into which the kernel pushes: of an index by where its values lie, of a
/// worker by its arena.
#[derive(Debug)]
pub struct PushedSlots<A>(PhantomData<A>);

impl<A: Element> Slots for PushedSlots<A> {
    type Index = ScalarSlots<usize, Entry>;
    type Worker = ArenaSlots<A>;
    type Slot<'s> = &'s mut Ragged<A>;

    #[inline(always)]
    unsafe fn slot<'s>(
        index: &Self::Index,
        arenas: &ArenaSlots<A>,
        at: Position,
        local: &'s mut Ragged<A>,
    ) -> &'s mut Ragged<A> {
        // SAFETY: the caller promises to be the worker, and alone with the index.
        unsafe {
            let entry = index.slot(at.index);
            *local = arenas.begin(at.worker_id, entry);
        }
        local
    }
}
