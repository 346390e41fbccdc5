//! The array of a ragged output as a functor: the item is the slot of an index.

use std::convert::Infallible;

use ndarray::{ArrayView1, Ix1};

use super::{Functor, NaturalItem, Read};
use crate::array::RaggedArray;
use crate::error::SourceError;
use crate::param::SubView;

#[diagnostic::do_not_recommend]
impl<A: Sync + 'static> Functor<SubView<A, Ix1>> for RaggedArray<A> {
    type Reader<'f> = &'f RaggedArray<A>;

    fn num_items(&self) -> usize {
        self.len()
    }

    fn reader(&self) -> Result<&RaggedArray<A>, SourceError> {
        Ok(self)
    }
}

impl<A: 'static> Read<SubView<A, Ix1>> for &RaggedArray<A> {
    type Error = Infallible;
    const PREPARES_NOTHING: bool = true;

    fn read(&mut self, index: usize) -> Result<ArrayView1<'_, A>, Infallible> {
        Ok(self.slot(index))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Sync + 'static> NaturalItem for &RaggedArray<A> {
    type Param = SubView<A, Ix1>;
}
