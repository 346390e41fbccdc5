//! Keys as functors: one worker's reader of the trains' entries.

use std::fmt;
use std::ops::Range;

use ndarray::{ArrayView, Dimension, Ix0};

use super::element::{KeyElement, ReadRows, StoredRows};
use super::key::{Form, Key};
use super::train::{Train, TrainOrNoneParam, TrainParam};
use crate::error::SourceError;
use crate::functor::{Functor, NaturalItem, Read};
use crate::param::{ByValue, ItemShape, SubView};

/// So many files are kept open: those of a run follow each other, or take turns.
const OPEN_FILES: usize = 4;

/// One worker's reader of a [`Key`].
pub struct KeyReader<'f, A: KeyElement, D> {
    key: &'f Key<A, D>,
    /// By number; the one that was opened first comes first.
    open: Vec<(u32, <A::Rows as StoredRows<A>>::Reader<'f>)>,
}

impl<'f, A: KeyElement, D: Dimension + 'static> KeyReader<'f, A, D> {
    pub(super) fn new(key: &'f Key<A, D>) -> Self {
        KeyReader { key, open: Vec::with_capacity(OPEN_FILES) }
    }

    /// The entries of the train at an index, one after another, and their number; none if the
    /// train has no data.
    pub(super) fn entries(&mut self, index: usize) -> Result<Option<(usize, &[A])>, SourceError> {
        let place = self.key.places[index];
        if place.count == 0 {
            return Ok(None);
        }
        let slot = match self.open.iter().position(|&(number, _)| number == place.file) {
            Some(slot) => slot,
            None => {
                let reader = self.key.data.files[place.file as usize].1.reader();
                let reader = reader.map_err(|error| self.explain(index, &error))?;
                if self.open.len() == OPEN_FILES {
                    self.open.remove(0);
                }
                self.open.push((place.file, reader));
                self.open.len() - 1
            }
        };
        let key = self.key;
        let (first, count) = (place.first as usize, place.count as usize);
        match self.open[slot].1.read(first, count) {
            Ok(entries) => Ok(Some((count, entries))),
            Err(error) => Err(explain(key, index, &error)),
        }
    }

    fn explain(&self, index: usize, error: &SourceError) -> SourceError {
        explain(self.key, index, error)
    }

    /// The data of the train at an index, in the shape that was asked for.
    fn data(&mut self, index: usize) -> Result<Option<ArrayView<'_, A, D>>, SourceError> {
        let key = self.key;
        match self.entries(index)? {
            None => Ok(None),
            Some((count, entries)) => {
                view(entries, count, &key.data.info.entry_shape, key.form).map(Some)
            }
        }
    }
}

#[cold]
fn explain<A: KeyElement, D>(key: &Key<A, D>, index: usize, error: &SourceError) -> SourceError {
    let (id, info) = (key.train_ids[index], key.info());
    let path = key.data.files[key.places[index].file as usize].0.display();
    format!("train {id} of {}, {} in {path}: {error}", info.source, info.key).into()
}

/// Views entries in the shape that was asked for.
pub(super) fn view<'r, A, D: Dimension>(
    entries: &'r [A],
    count: usize,
    entry_shape: &[usize],
    form: Form,
) -> Result<ArrayView<'r, A, D>, SourceError> {
    let dim: D = dim_of(count, entry_shape, form)
        .ok_or_else(|| format!("there are {count} entries, where one was asked for"))?;
    Ok(ArrayView::from_shape(dim, entries)?)
}

/// The shape of this many entries.
fn dim_of<D: Dimension>(count: usize, entry_shape: &[usize], form: Form) -> Option<D> {
    let is_one = match form {
        Form::One if count != 1 => return None,
        Form::One => true,
        Form::All => false,
        Form::OneOrAll => count == 1,
    };
    let mut dim = D::zeros(entry_shape.len() + usize::from(!is_one));
    let axes = dim.slice_mut();
    match is_one {
        true => axes.copy_from_slice(entry_shape),
        false => {
            axes[0] = count;
            axes[1..].copy_from_slice(entry_shape);
        }
    }
    Some(dim)
}

impl<A: KeyElement, D: Dimension + 'static> Key<A, D> {
    /// The shape of every train's data, where that is the same.
    fn shape_of_data(&self) -> Option<ItemShape<D>> {
        let entry_shape = &self.data.info.entry_shape;
        if self.form == Form::One {
            return dim_of::<D>(1, entry_shape, Form::One).map(ItemShape::new);
        }
        let mut counts = self.places.iter().map(|place| place.count).filter(|&count| count > 0);
        let first = counts.next()?;
        let is_same = counts.all(|count| count == first);
        is_same.then(|| dim_of::<D>(first as usize, entry_shape, self.form).map(ItemShape::new))?
    }

    /// The number of trains whose entries lie in one chunk of a file.
    fn trains_together(&self) -> usize {
        let rows = self.data.files.iter().map(|(_, rows)| rows.rows_together()).max().unwrap_or(1);
        let count = self.places.iter().map(|place| place.count).find(|&count| count > 0);
        (rows / count.unwrap_or(1) as usize).max(1)
    }

    /// Says that the trains' entries are about to be read.
    pub(super) fn announce_trains(&self) {
        // For each file: the rows from the first to the last that is read, and how many are.
        let mut read: Vec<Option<(Range<usize>, usize)>> = vec![None; self.data.files.len()];
        for place in self.places.iter().filter(|place| place.count > 0) {
            let (first, count) = (place.first as usize, place.count as usize);
            let (part, used) = read[place.file as usize].get_or_insert((first..first, 0));
            part.start = part.start.min(first);
            part.end = part.end.max(first + count);
            *used += count;
        }
        for ((_, rows), read) in self.data.files.iter().zip(read) {
            if let Some((part, used)) = read {
                rows.announce(part, used);
            }
        }
    }
}

macro_rules! key_functor {
    ($($(#[$with_shape:ident])? [$($generics:tt)*] $dim:ty, $param:ty, $may_be_absent:literal, |$train:ident| $item:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Functor<$param> for Key<A, $dim> {
            type Reader<'f> = KeyReader<'f, A, $dim>;

            fn num_items(&self) -> usize {
                self.train_ids.len()
            }

            fn reader(&self) -> Result<KeyReader<'_, A, $dim>, SourceError> {
                Ok(KeyReader::new(self))
            }

            $(key_functor!(@$with_shape $dim);)?

            fn items_together(&self) -> usize {
                self.trains_together()
            }

            fn check(&self) -> Result<(), SourceError> {
                self.check_counts()
            }

            fn announce(&self) {
                self.announce_trains();
            }

            const MAY_BE_ABSENT: bool = $may_be_absent;

            #[inline]
            fn is_present(&self, index: usize) -> bool {
                !$may_be_absent || self.places[index].count > 0
            }

            fn labels(&self) -> Option<&[u64]> {
                Some(&self.train_ids)
            }
        }

        impl<$($generics)*> Read<$param> for KeyReader<'_, A, $dim> {
            type Error = SourceError;

            fn read(
                &mut self,
                index: usize,
            ) -> Result<<$param as crate::param::Param>::Item<'_>, SourceError> {
                let id = self.key.train_ids[index];
                let $train = self.data(index)?.map(|data| Train { id, index, data });
                $item
            }
        }
    )+};
    (@shaped $dim:ty) => {
        fn item_shape(&self) -> Option<ItemShape<$dim>> {
            self.shape_of_data()
        }
    };
}
key_functor! {
    #[shaped] [A: KeyElement, D: Dimension + 'static] D, TrainParam<A, D>, true, |train| train.ok_or_else(no_data);
    #[shaped] [A: KeyElement, D: Dimension + 'static] D, TrainOrNoneParam<A, D>, false, |train| Ok(train);
    #[shaped] [A: KeyElement, D: Dimension + 'static] D, SubView<A, D>, true, |train| {
        train.map(|train| train.data).ok_or_else(no_data)
    };
    [A: KeyElement + Copy] Ix0, ByValue<A>, true, |train| {
        train.and_then(|train| train.data.first().copied()).ok_or_else(no_data)
    };
}

#[cold]
fn no_data() -> SourceError {
    "the train has no data".into()
}

#[diagnostic::do_not_recommend]
impl<A: KeyElement, D: Dimension + 'static> NaturalItem for &Key<A, D> {
    type Param = TrainParam<A, D>;
}

impl<A: KeyElement, D> fmt::Debug for KeyReader<'_, A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyReader({:?})", self.key)
    }
}
