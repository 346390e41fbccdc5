//! Lists of indices and masks, as they are given to choose items.

use std::borrow::Cow;

use ndarray::{ArrayView1, Ix1};

use super::axis::AsView;
use crate::error::SourceError;

/// An integer that may be an index of an item.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no index of an item",
    label = "chosen by a list of `{Self}`",
    note = "indices are integers: `usize`, `u64`, `u32`, and the others, signed ones, too; a mask of `bool`s is given to `pasha::masked(&source, &mask)`"
)]
pub trait ItemIndex: sealed::Sealed {
    /// Takes a list of indices.
    #[doc(hidden)]
    fn list(values: ArrayView1<'_, Self>) -> IndexList<'_>
    where
        Self: Sized;
}

mod sealed {
    pub trait Sealed {}
}

/// A list of indices, each as it was given or, where that is none, the largest number.
#[derive(Clone, Debug)]
pub struct IndexList<'i> {
    all: Cow<'i, [usize]>,
    /// One more than the largest.
    end: usize,
    /// The first that is none: its place in the list, and how it was given.
    refused: Option<(usize, String)>,
}

impl<'i> IndexList<'i> {
    /// Takes what can be viewed as a list.
    pub(super) fn of<V: AsView<Dim = Ix1, Elem: ItemIndex> + ?Sized>(indices: &'i V) -> Self {
        ItemIndex::list(indices.as_view())
    }

    fn new(all: Cow<'i, [usize]>, refused: Option<(usize, String)>) -> Self {
        let end = all.iter().max().map_or(0, |largest| largest.saturating_add(1));
        IndexList { all, end, refused }
    }

    /// The indices, in order.
    pub(crate) fn all(&self) -> &[usize] {
        &self.all
    }

    /// One more than the largest.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Refuses indices of which there is no item.
    pub(super) fn check(&self, len: usize) -> Result<(), SourceError> {
        if let Some((place, value)) = &self.refused {
            return Err(index_error(*place, value, len));
        }
        if self.end <= len {
            return Ok(());
        }
        let place = self.all.iter().position(|&index| index >= len).unwrap_or_default();
        Err(index_error(place, &self.all[place].to_string(), len))
    }
}

#[cold]
fn index_error(place: usize, value: &str, len: usize) -> SourceError {
    format!("of the chosen indices, number {place} is {value}, but it has {len} items, 0..{len}")
        .into()
}

impl sealed::Sealed for usize {}
impl ItemIndex for usize {
    fn list(values: ArrayView1<'_, usize>) -> IndexList<'_> {
        let all = match values.to_slice() {
            Some(all) => Cow::Borrowed(all),
            None => Cow::Owned(values.to_vec()),
        };
        IndexList::new(all, None)
    }
}

macro_rules! converted {
    ($($integer:ty)+) => {$(
        impl sealed::Sealed for $integer {}
        impl ItemIndex for $integer {
            fn list(values: ArrayView1<'_, $integer>) -> IndexList<'_> {
                let mut refused = None;
                let index = |(place, value): (usize, &$integer)| {
                    usize::try_from(*value).unwrap_or_else(|_| {
                        refused.get_or_insert_with(|| (place, value.to_string()));
                        usize::MAX
                    })
                };
                let all = values.iter().enumerate().map(index).collect();
                IndexList::new(Cow::Owned(all), refused)
            }
        }
    )+};
}
converted!(u8 u16 u32 u64 i8 i16 i32 i64 isize);

/// An element of a mask: `bool`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no element of a mask",
    label = "masked by a list of `{Self}`",
    note = "a mask is a list of `bool`s, one for each item; indices are given to `pasha::select(&source, &indices)`"
)]
pub trait MaskElement: sealed::Sealed + Copy {
    /// Takes a mask.
    #[doc(hidden)]
    fn mask(values: ArrayView1<'_, Self>) -> Cow<'_, [bool]>;
}

impl sealed::Sealed for bool {}
impl MaskElement for bool {
    fn mask(values: ArrayView1<'_, bool>) -> Cow<'_, [bool]> {
        match values.to_slice() {
            Some(all) => Cow::Borrowed(all),
            None => Cow::Owned(values.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr1, s};

    #[test]
    fn indices_of_all_types_are_taken() {
        assert_eq!(IndexList::of(&[3_u32, 0, 3]).all(), [3, 0, 3]);
        assert_eq!(IndexList::of(&vec![3_i64, 0, 3]).end(), 4);
        assert_eq!(IndexList::of(&[7, 9][..]).all(), [7, 9]);
        let every_second = arr1(&[1_usize, 2, 3, 4, 5]);
        assert_eq!(IndexList::of(&every_second.slice(s![..;2])).all(), [1, 3, 5]);
        let list = [5_usize, 2];
        let of_list = IndexList::of(&list);
        assert_eq!(of_list.all().as_ptr(), list.as_ptr(), "nothing is copied");
        assert_eq!(IndexList::of(&Vec::<usize>::new()).end(), 0);
    }

    #[test]
    fn what_is_no_index_is_told_with_both_values() {
        let told = |list: IndexList<'_>, len| list.check(len).unwrap_err().to_string();
        let message = told(IndexList::of(&[0, 4, 9]), 4);
        assert!(message.contains("number 1 is 4") && message.contains("4 items"), "{message}");
        let message = told(IndexList::of(&[0, 1, -1]), 4);
        assert!(message.contains("number 2 is -1") && message.contains("4 items"), "{message}");
        let message = told(IndexList::of(&[u64::MAX]), 4);
        assert!(message.contains(&u64::MAX.to_string()), "{message}");
        assert!(IndexList::of(&[0, 3, 0]).check(4).is_ok());
        assert!(IndexList::of(&Vec::<u32>::new()).check(0).is_ok());
    }
}
