//! The items of any functor where a mask is true; the others' slots are left alone.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use ndarray::Ix1;

use super::axis::AsView;
use super::indices::MaskElement;
use super::parts::PartsReader;
use super::{Functor, NaturalItem, Read, given_by_value, natural_items};
use crate::error::SourceError;
use crate::param::Param;

/// A source with a mask; made by [`masked`].
///
/// # Examples
/// ```
/// use ndarray::Array3;
/// use pasha::Masked;
///
/// let frames = Array3::<u16>::ones((3, 4, 5)); // (n, y, x)
/// let good: Masked<'_, &Array3<u16>> = pasha::masked(&frames, &[true, false, true]);
/// assert_eq!(pasha::map(good, |_, _, frame| frame.sum())?, ndarray::array![20, 0, 20]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone)]
pub struct Masked<'m, S> {
    source: S,
    mask: Cow<'m, [bool]>,
    /// How many are true.
    chosen: usize,
}

/// Maps over the items of `source` where `mask` is true.
///
/// The outputs have a slot for each item of the source, whether it is chosen or not. For those
/// that are not, the kernel is not called, the slots keep their fill value, and
/// [`Report::absent`](crate::Report::absent) counts them. `source` is whatever can be mapped over,
/// as for [`select`](crate::select), and nothing is read but what is chosen: of compressed files
/// the chunks that hold chosen items.
///
/// A mask that is longer or shorter than the source is an error when the kernel is run.
///
/// # Examples
/// ```
/// use ndarray::{Array3, ArrayView2};
/// use pasha::SerialContext;
///
/// /// The counts of a frame.
/// #[pasha::kernel]
/// fn total(frame: ArrayView2<u16>, #[output(fill = f64::NAN)] total: &mut f64) {
///     *total = frame.iter().map(|&count| f64::from(count)).sum();
/// }
///
/// let frames = Array3::<u16>::ones((4, 2, 3)); // (n, y, x)
/// let good = vec![true, false, true, true];
/// let context = SerialContext::new();
/// let (totals, report) = total::run_report_in(&context, pasha::masked(&frames, &good))?;
/// assert_eq!((totals[0], totals[3], report.absent), (6.0, 6.0, 1));
/// assert!(totals[1].is_nan());
///
/// let error = total::run_serial(pasha::masked(&frames, &[true; 5])).unwrap_err();
/// assert!(error.to_string().contains("the mask has 5 values, but there are 4 items"), "{error}");
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn masked<'m, S, V>(source: S, mask: &'m V) -> Masked<'m, S>
where
    V: AsView<Dim = Ix1, Elem: MaskElement> + ?Sized,
{
    let mask = V::Elem::mask(mask.as_view());
    let chosen = mask.iter().filter(|&&is_chosen| is_chosen).count();
    Masked { source, mask, chosen }
}

impl<S> Masked<'_, S> {
    /// What the mask lies over.
    pub(crate) fn source(&self) -> &S {
        &self.source
    }
}

impl<S> fmt::Debug for Masked<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masked({} of {} items)", self.chosen, self.mask.len())
    }
}

impl<R> fmt::Debug for MaskedReader<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskedReader({:?} of {} items)", self.share, self.mask.len())
    }
}

#[diagnostic::do_not_recommend]
impl<P: Param, S: Functor<P>> Functor<P> for Masked<'_, S> {
    type Reader<'f>
        = MaskedReader<'f, S::Reader<'f>>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        self.mask.len()
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        let inseparable = self.source.items_inseparable();
        Ok(MaskedReader {
            mask: &self.mask,
            share: 0..0,
            parts: PartsReader::new(self.source.reader()?, inseparable),
        })
    }

    fn item_shape(&self) -> Option<P::Shape> {
        self.source.item_shape()
    }

    fn items_together(&self) -> usize {
        self.source.items_together()
    }

    fn items_inseparable(&self) -> usize {
        self.source.items_inseparable()
    }

    fn check(&self) -> Result<(), SourceError> {
        self.source.check()?;
        let (given, len) = (self.mask.len(), self.source.num_items());
        if given == len {
            return Ok(());
        }
        Err(format!(
            "the mask has {given} values, but there are {len} items: give it one for each item"
        )
        .into())
    }

    fn announce(&self) {
        // Where fewer are read, reading ahead would read what is not asked for.
        if self.chosen >= self.mask.len().div_ceil(2) {
            self.source.announce();
        }
    }

    const MAY_BE_ABSENT: bool = true;

    #[inline(always)]
    fn is_present(&self, index: usize) -> bool {
        self.mask[index] && (!S::MAY_BE_ABSENT || self.source.is_present(index))
    }

    fn labels(&self) -> Option<&[u64]> {
        self.source.labels()
    }
}

/// Reads the items where a mask is true.
pub struct MaskedReader<'f, R> {
    mask: &'f [bool],
    share: Range<usize>,
    parts: PartsReader<R>,
}

impl<P: Param, R: Read<P>> Read<P> for MaskedReader<'_, R> {
    type Error = R::Error;
    const PREPARES_NOTHING: bool = R::PREPARES_NOTHING;

    #[inline(always)]
    fn read(&mut self, index: usize) -> Result<P::Item<'_>, R::Error> {
        let mask = self.mask;
        let following = index.saturating_add(1)..self.share.end.min(mask.len());
        self.parts.read::<P>(index, following.filter(|&next| mask[next]))
    }

    fn begin(&mut self, share: Range<usize>) {
        match R::PREPARES_NOTHING {
            true => self.parts.reader.begin(share.clone()),
            false => self.parts.forget(),
        }
        self.share = share;
    }

    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        let chosen = self.mask.get(share.clone())?.iter().filter(|&&is_chosen| is_chosen).count();
        // Else most of what lies there is not read.
        (share.len() <= 2 * chosen).then(|| self.parts.reader.place(share))?
    }

    #[inline(always)]
    unsafe fn read_unchecked(&mut self, index: usize) -> Result<P::Item<'_>, R::Error> {
        if const { R::PREPARES_NOTHING } {
            // SAFETY: the caller's index is in the share that `begin` was given last, and that the
            // source's reader was begun with.
            unsafe { self.parts.reader.read_unchecked(index) }
        } else {
            self.read(index)
        }
    }
}

given_by_value! {
    ['m, S,] Masked<'m, S>;
}

natural_items! {
    ['m, S: NaturalItem + Functor<<S as NaturalItem>::Param>] Masked<'m, S>: S::Param;
}
