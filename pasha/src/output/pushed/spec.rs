//! What `#[output(ragged)]` asks for.

use std::marker::PhantomData;

use ndarray::Ix1;

use super::arenas::Arenas;
use super::attached::AttachedPushed;
use super::slots::PushedSlots;
use crate::array::{Order, RaggedArray, SharedArray};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::output::{OutputSpec, Plan, WhatIsKept};

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

    const KEPT: WhatIsKept = WhatIsKept::IN_MEMORY;

    fn allocate(&self, plan: &Plan<'_>) -> Result<RaggedArray<A>> {
        let len = plan.len.saturating_add(1);
        let offsets = SharedArray::zeros(Ix1(len), Order::C, plan.memory, plan.pages)?;
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
