//! Labels of what is chosen of labelled arrays, and of several one after another.

use super::coordinate::Coordinate;
use super::item::Mapped;
use super::output::MappedAlong;
use super::output::sealed::Sealed;
use crate::functor::concat::Concat;
use crate::functor::masked::Masked;
use crate::functor::select::Selected;

impl<S: MappedAlong> MappedAlong for Selected<'_, S> {}
impl<S: MappedAlong> Sealed for Selected<'_, S> {
    #[allow(private_interfaces, reason = "nobody else can call it")]
    fn mapped(&self) -> Option<&Mapped<'_>> {
        self.source().mapped()
    }

    fn full_shape(&self) -> Vec<usize> {
        let mut shape = self.source().full_shape();
        let axis = self.mapped().map(|mapped| mapped.axis.index());
        if let Some(len) = axis.and_then(|axis| shape.get_mut(axis)) {
            *len = self.indices().len();
        }
        shape
    }

    fn coordinate(&self, name: &str) -> Option<Coordinate> {
        let coordinate = self.source().coordinate(name)?;
        coordinate.at_indices(self.mapped()?.dim(), self.indices())
    }
}

impl<S: MappedAlong> MappedAlong for Masked<'_, S> {}
impl<S: MappedAlong> Sealed for Masked<'_, S> {
    #[allow(private_interfaces, reason = "nobody else can call it")]
    fn mapped(&self) -> Option<&Mapped<'_>> {
        self.source().mapped()
    }

    fn full_shape(&self) -> Vec<usize> {
        self.source().full_shape()
    }

    fn coordinate(&self, name: &str) -> Option<Coordinate> {
        self.source().coordinate(name)
    }
}

impl<S: MappedAlong> MappedAlong for Concat<S> {}
impl<S: MappedAlong> Sealed for Concat<S> {
    #[allow(private_interfaces, reason = "nobody else can call it")]
    fn mapped(&self) -> Option<&Mapped<'_>> {
        let (first, others) = self.parts().split_first()?;
        let first = first.mapped()?;
        let is_like_first = |part: &S| {
            part.mapped()
                .is_some_and(|it| it.labels.dims == first.labels.dims && it.axis == first.axis)
        };
        others.iter().all(is_like_first).then_some(first)
    }

    fn full_shape(&self) -> Vec<usize> {
        let mut shapes = self.parts().iter().map(|part| part.full_shape());
        let mut shape = shapes.next().unwrap_or_default();
        if let Some(axis) = self.mapped().map(|mapped| mapped.axis.index())
            && let Some(&first) = shape.get(axis)
        {
            shape[axis] =
                shapes.filter_map(|other| other.get(axis).copied()).fold(first, |a, b| a + b);
        }
        shape
    }

    /// Along the dimension, joined; others, if they are the same in all parts.
    fn coordinate(&self, name: &str) -> Option<Coordinate> {
        let dim = self.mapped()?.dim();
        let (first, others) = self.parts().split_first()?;
        let mut joined = first.coordinate(name)?;
        for part in others {
            joined = joined.join(&part.coordinate(name)?, dim)?;
        }
        Some(joined)
    }
}
