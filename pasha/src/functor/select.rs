//! Chosen items of any functor, in any order.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use ndarray::Ix1;

use super::axis::AsView;
use super::indices::{IndexList, ItemIndex};
use super::parts::PartsReader;
use super::{Functor, NaturalItem, Read, given_by_value, natural_items};
use crate::error::SourceError;
use crate::param::Param;

/// Chosen items of a source; made by [`select`].
///
/// # Examples
/// ```
/// use ndarray::Array3;
/// use pasha::Selected;
///
/// let frames = Array3::<u16>::ones((10, 4, 5)); // (n, y, x)
/// let chosen: Selected<'_, &Array3<u16>> = pasha::select(&frames, &[7, 3]);
/// assert_eq!(pasha::map(chosen, |_, _, frame| frame.sum())?, ndarray::array![20, 20]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone)]
pub struct Selected<'i, S> {
    source: S,
    indices: IndexList<'i>,
    /// Those of the chosen items, if the source has some.
    labels: OnceLock<Option<Vec<u64>>>,
}

/// Maps over the items of `source` at these indices, in this order; an index may come several
/// times.
///
/// The outputs have a slot for each index of the list, and `#[index]` counts the list. `source` is
/// whatever can be mapped over: arrays, files, runs, labelled arrays (whose outputs get the chosen
/// coordinates), `axis`, `chunks` and so on, and another selection. Nothing is read but what is
/// chosen: of compressed files the chunks that hold chosen items, each once where the indices
/// ascend. The indices are integers of any type in a slice, `Vec`, array of one axis or `.npy`
/// file.
///
/// An index beyond the last item is an error when the kernel is run, as is a negative one.
///
/// # Examples
/// ```
/// use ndarray::{Array3, ArrayView2, array};
///
/// /// The counts of a frame.
/// #[pasha::kernel]
/// fn total(frame: ArrayView2<u16>) -> u64 {
///     frame.iter().map(|&count| u64::from(count)).sum()
/// }
///
/// let frames = Array3::from_shape_fn((100, 4, 5), |(i, _, _)| i as u16); // (n, y, x)
/// let totals = total::run_parallel(pasha::select(&frames, &[7, 3, 99, 3]))?;
/// assert_eq!(totals, array![20 * 7, 20 * 3, 20 * 99, 20 * 3]);
///
/// let error = total::run_parallel(pasha::select(&frames, &[7, 100])).unwrap_err();
/// assert!(error.to_string().contains("number 1 is 100, but it has 100 items"), "{error}");
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn select<'i, S, V>(source: S, indices: &'i V) -> Selected<'i, S>
where
    V: AsView<Dim = Ix1, Elem: ItemIndex> + ?Sized,
{
    Selected { source, indices: IndexList::of(indices), labels: OnceLock::new() }
}

impl<S> Selected<'_, S> {
    /// What items are chosen of.
    pub(crate) fn source(&self) -> &S {
        &self.source
    }

    /// The chosen indices of the source.
    pub(crate) fn indices(&self) -> &[usize] {
        self.indices.all()
    }
}

impl<S> fmt::Debug for Selected<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selected({} items)", self.indices().len())
    }
}

impl<R> fmt::Debug for SelectedReader<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SelectedReader({:?} of {} items)", self.share, self.indices.len())
    }
}

#[diagnostic::do_not_recommend]
impl<P: Param, S: Functor<P>> Functor<P> for Selected<'_, S> {
    type Reader<'f>
        = SelectedReader<'f, S::Reader<'f>>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        self.indices().len()
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        let inseparable = self.source.items_inseparable();
        Ok(SelectedReader {
            indices: self.indices(),
            share: 0..0,
            parts: PartsReader::new(self.source.reader()?, inseparable),
        })
    }

    fn item_shape(&self) -> Option<P::Shape> {
        self.source.item_shape()
    }

    fn items_together(&self) -> usize {
        chosen_together(self.indices(), self.source.items_together())
    }

    fn items_inseparable(&self) -> usize {
        chosen_together(self.indices(), self.source.items_inseparable())
    }

    fn check(&self) -> Result<(), SourceError> {
        self.source.check()?;
        self.indices.check(self.source.num_items())
    }

    fn announce(&self) {
        // Where fewer are read, reading ahead would read what is not asked for.
        if self.indices().len() >= self.indices.end().div_ceil(2) {
            self.source.announce();
        }
    }

    const MAY_BE_ABSENT: bool = S::MAY_BE_ABSENT;

    #[inline(always)]
    fn is_present(&self, index: usize) -> bool {
        !S::MAY_BE_ABSENT || self.source.is_present(self.indices()[index])
    }

    fn labels(&self) -> Option<&[u64]> {
        let labels = self.source.labels()?;
        let chosen = || self.indices().iter().map(|&index| labels.get(index).copied()).collect();
        self.labels.get_or_init(chosen).as_deref()
    }
}

/// How many of these indices, on average, are in each of the blocks that hold any; the blocks have
/// so many items.
fn chosen_together(indices: &[usize], together: usize) -> usize {
    if together <= 1 || !indices.is_sorted() {
        return 1;
    }
    let changes = indices.windows(2).filter(|pair| pair[0] / together != pair[1] / together);
    indices.len().div_ceil(1 + changes.count()).max(1)
}

/// Reads the chosen items of a source.
pub struct SelectedReader<'f, R> {
    indices: &'f [usize],
    /// What is read next, in places of the list.
    share: Range<usize>,
    parts: PartsReader<R>,
}

impl<P: Param, R: Read<P>> Read<P> for SelectedReader<'_, R> {
    type Error = R::Error;
    const PREPARES_NOTHING: bool = R::PREPARES_NOTHING;

    #[inline(always)]
    fn read(&mut self, index: usize) -> Result<P::Item<'_>, R::Error> {
        let indices = self.indices;
        let chosen = indices[index];
        let following = indices.get(index + 1..self.share.end).unwrap_or_default();
        self.parts.read::<P>(chosen, following.iter().copied())
    }

    /// # Panics
    /// Panics if the share does not lie within the list of indices.
    fn begin(&mut self, share: Range<usize>) {
        self.share = share;
        match R::PREPARES_NOTHING {
            true => self.parts.reader.begin(hull(&self.indices[self.share.clone()])),
            false => self.parts.forget(),
        }
    }

    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        let chosen = self.indices.get(share.clone())?;
        let hull = hull(chosen);
        // Else most of what lies there is not read.
        (hull.len() <= 2 * chosen.len()).then(|| self.parts.reader.place(&hull))?
    }

    #[inline(always)]
    unsafe fn read_unchecked(&mut self, index: usize) -> Result<P::Item<'_>, R::Error> {
        if const { R::PREPARES_NOTHING } {
            // SAFETY: the caller's index is in the share that `begin` was given last, which lies
            // within the list, or `begin` had panicked; and with the same share the source's
            // reader was begun with a range that holds all of its indices. The list can't have
            // changed since: it is borrowed.
            unsafe {
                let chosen = *self.indices.get_unchecked(index);
                self.parts.reader.read_unchecked(chosen)
            }
        } else {
            self.read(index)
        }
    }
}

/// The range from the smallest to the largest index.
///
/// # Panics
/// Panics if that is no range, because the largest is the largest of all numbers.
fn hull(indices: &[usize]) -> Range<usize> {
    let Some(&largest) = indices.iter().max() else { return 0..0 };
    assert!(largest < usize::MAX, "index {largest} is that of no item");
    indices.iter().min().copied().unwrap_or(0)..largest + 1
}

given_by_value! {
    ['i, S,] Selected<'i, S>;
}

natural_items! {
    ['i, S: NaturalItem + Functor<<S as NaturalItem>::Param>] Selected<'i, S>: S::Param;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_hold_the_chosen_items_of_a_chunk() {
        assert_eq!(chosen_together(&[0, 5, 12, 19], 10), 2);
        assert_eq!(chosen_together(&[0, 50, 120, 190], 10), 1);
        assert_eq!(chosen_together(&[9, 0], 10), 1);
        assert_eq!(chosen_together(&[], 10), 1);
        assert_eq!(chosen_together(&[3, 4, 5], 1), 1);
    }
}
