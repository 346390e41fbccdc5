//! Functors of one kind, one after another.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use super::{Functor, NaturalItem, Read, given_by_value, natural_items};
use crate::error::SourceError;
use crate::param::Param;

/// The most parts that a worker keeps open.
const MOST_OPEN_PARTS: usize = 16;

/// Sources one after another; made by [`concat()`].
///
/// # Examples
/// ```
/// use ndarray::Array3;
/// use pasha::Concat;
///
/// let (day, night) = (Array3::<u16>::ones((3, 4, 5)), Array3::<u16>::zeros((1, 4, 5)));
/// let both: Concat<&Array3<u16>> = pasha::concat([&day, &night]);
/// assert_eq!(pasha::map(both, |_, _, frame| frame.sum())?, ndarray::array![20, 20, 20, 0]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone)]
pub struct Concat<S> {
    parts: Vec<S>,
    /// Where each part starts, and the last ends; asked once.
    starts: OnceLock<Vec<usize>>,
    /// Those of all items, if all parts have some.
    labels: OnceLock<Option<Vec<u64>>>,
}

/// Maps over the items of several sources of one type, one source after another, such as the files
/// of a series.
///
/// The outputs have a slot for each item of each source. Items must have one shape, where it is
/// known. Workers open a source when they come to it, and keep no more than a few open. An HDF5
/// data set in several files is also opened as one, with `Hdf5Dataset::open_series`.
///
/// Sources of which items have different shapes are an error when the kernel is run. How long the
/// sources are is asked once, by the first map: a source of yours that grows is put together anew.
///
/// # Examples
/// ```
/// use ndarray::{Array3, ArrayView2, Ix3, array};
/// use pasha::NpyFile;
///
/// /// The counts of a frame.
/// #[pasha::kernel]
/// fn total(frame: ArrayView2<u16>) -> u64 {
///     frame.iter().map(|&count| u64::from(count)).sum()
/// }
///
/// # let folder = std::env::temp_dir().join(format!("pasha-concat-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # for (number, len) in [(1, 2), (2, 3)] {
/// #     let frames = Array3::<u16>::from_elem((len, 4, 5), number);
/// #     ndarray_npy::write_npy(folder.join(format!("scan_{number}.npy")), &frames)?;
/// # }
/// let open = |number| NpyFile::<u16, Ix3>::open(folder.join(format!("scan_{number}.npy")));
/// let files = vec![open(1)?, open(2)?]; // of 2 and of 3 frames (n, y, x)
/// assert_eq!(total::run_parallel(pasha::concat(&files))?, array![20, 20, 40, 40, 40]);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn concat<S>(sources: impl IntoIterator<Item = S>) -> Concat<S> {
    let parts = sources.into_iter().collect();
    Concat { parts, starts: OnceLock::new(), labels: OnceLock::new() }
}

impl<S> Concat<S> {
    /// The sources, in order.
    pub(crate) fn parts(&self) -> &[S] {
        &self.parts
    }

    /// Where each part starts, and the last ends.
    fn starts<P: Param>(&self) -> &[usize]
    where
        S: Functor<P>,
    {
        self.starts.get_or_init(|| {
            let mut starts = vec![0_usize];
            let mut end = 0_usize;
            for part in &self.parts {
                end = end.saturating_add(part.num_items());
                starts.push(end);
            }
            starts
        })
    }
}

/// The part that an index lies in, if it lies in any.
fn part_at(starts: &[usize], index: usize) -> Option<usize> {
    let after = starts.partition_point(|&start| start <= index);
    (after < starts.len()).then(|| after.saturating_sub(1))
}

/// Whether two items have one shape, as far as that can be told.
fn is_same<P: Param>(one: &P::Shape, other: &P::Shape) -> bool {
    match (P::axes_of(one), P::axes_of(other)) {
        (Some(one), Some(other)) => one == other,
        _ => size_of::<P::Shape>() == 0,
    }
}

impl<S> fmt::Debug for Concat<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Concat({} parts)", self.parts.len())
    }
}

impl<S, R> fmt::Debug for ConcatReader<'_, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConcatReader({:?} of {} parts)", self.share, self.parts.len())
    }
}

#[diagnostic::do_not_recommend]
impl<P: Param, S: Functor<P>> Functor<P> for Concat<S> {
    type Reader<'f>
        = ConcatReader<'f, S, S::Reader<'f>>
    where
        Self: 'f;

    fn num_items(&self) -> usize {
        self.starts::<P>().last().copied().unwrap_or(0)
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        Ok(ConcatReader {
            parts: &self.parts,
            starts: self.starts::<P>(),
            share: 0..0,
            begun: 0..0,
            start: 0,
            slot: 0,
            open: Vec::new(),
        })
    }

    fn item_shape(&self) -> Option<P::Shape> {
        let mut shapes = self.parts.iter().map(Functor::<P>::item_shape);
        let first = shapes.next()??;
        let is_that = |shape: Option<P::Shape>| shape.is_some_and(|it| is_same::<P>(&first, &it));
        shapes.all(is_that).then_some(first)
    }

    fn items_together(&self) -> usize {
        self.parts.iter().map(Functor::<P>::items_together).max().unwrap_or(1)
    }

    fn items_inseparable(&self) -> usize {
        self.parts.iter().map(Functor::<P>::items_inseparable).max().unwrap_or(1)
    }

    fn check(&self) -> Result<(), SourceError> {
        let mut first: Option<(usize, P::Shape)> = None;
        for (number, part) in self.parts.iter().enumerate() {
            part.check().map_err(|error| format!("its part {number}: {error}"))?;
            let Some(shape) = part.item_shape() else { continue };
            let (of_first, first) = first.get_or_insert_with(|| (number, shape.clone()));
            if let (Some(one), Some(other)) = (P::axes_of(first), P::axes_of(&shape))
                && one != other
            {
                return Err(format!(
                    "the items of its part {of_first} have shape {one:?}, those of part {number} \
                     {other:?}: put parts with items of one shape together"
                )
                .into());
            }
        }
        let lens = self.starts::<P>().windows(2).map(|pair| pair[1] - pair[0]);
        match lens.sum::<usize>() {
            usize::MAX => Err("its parts have more items than can be counted".into()),
            _ => Ok(()),
        }
    }

    fn announce(&self) {
        self.parts.iter().for_each(Functor::<P>::announce);
    }

    const MAY_BE_ABSENT: bool = S::MAY_BE_ABSENT;

    #[inline]
    fn is_present(&self, index: usize) -> bool {
        let starts = self.starts::<P>();
        !S::MAY_BE_ABSENT
            || part_at(starts, index)
                .is_some_and(|part| self.parts[part].is_present(index - starts[part]))
    }

    fn labels(&self) -> Option<&[u64]> {
        let all = || {
            let mut labels = Vec::new();
            for part in &self.parts {
                labels.extend_from_slice(part.labels()?);
            }
            (!self.parts.is_empty()).then_some(labels)
        };
        self.labels.get_or_init(all).as_deref()
    }
}

/// Reads the items of several sources one after another.
pub struct ConcatReader<'f, S, R> {
    parts: &'f [S],
    starts: &'f [usize],
    /// What is read next.
    share: Range<usize>,
    /// The part of the share that lies in the open part in use, whose reader is begun with it.
    begun: Range<usize>,
    /// Where the part in use starts.
    start: usize,
    /// The place in `open` of the part in use.
    slot: usize,
    /// Readers with the numbers of their parts; the one that was opened first comes first.
    open: Vec<(usize, R)>,
}

impl<'f, S, R> ConcatReader<'f, S, R> {
    /// Opens the part that an index lies in, and begins what of the share lies there.
    #[cold]
    fn turn_to<P: Param>(&mut self, index: usize) -> Result<(), SourceError>
    where
        S: Functor<P, Reader<'f> = R>,
        R: Read<P>,
    {
        let (parts, starts) = (self.parts, self.starts);
        let part = part_at(starts, index).filter(|&part| part < parts.len()).ok_or_else(|| {
            let len = starts.last().copied().unwrap_or(0);
            format!("there is no item {index}: the parts have {len} in all")
        })?;
        self.begun = 0..0;
        self.slot = match self.open.iter().position(|&(number, _)| number == part) {
            Some(slot) => slot,
            None => {
                let reader = parts[part].reader()?;
                if self.open.len() == MOST_OPEN_PARTS {
                    self.open.remove(0);
                }
                self.open.push((part, reader));
                self.open.len() - 1
            }
        };
        self.start = starts[part];
        let within = self.share.start.max(starts[part])..self.share.end.min(starts[part + 1]);
        // An item that is not in the share is read on its own.
        let begun = if within.contains(&index) { within } else { index..index + 1 };
        self.open[self.slot].1.begin(begun.start - self.start..begun.end - self.start);
        self.begun = begun;
        Ok(())
    }
}

impl<'f, P, S, R> Read<P> for ConcatReader<'f, S, R>
where
    P: Param,
    S: Functor<P, Reader<'f> = R> + 'f,
    R: Read<P>,
{
    type Error = SourceError;
    const PREPARES_NOTHING: bool = R::PREPARES_NOTHING;

    #[inline]
    fn read(&mut self, index: usize) -> Result<P::Item<'_>, SourceError> {
        if !self.begun.contains(&index) {
            self.turn_to::<P>(index)?;
        }
        self.open[self.slot].1.read(index - self.start).map_err(Into::into)
    }

    fn begin(&mut self, share: Range<usize>) {
        self.share = share;
        self.begun = 0..0;
    }

    #[inline]
    unsafe fn read_unchecked(&mut self, index: usize) -> Result<P::Item<'_>, SourceError> {
        if !self.begun.contains(&index) {
            self.turn_to::<P>(index)?;
        }
        // SAFETY: `begun` is set by `turn_to` alone, which has begun the reader in use with that
        // range, counted from the part's start; and the index is in it.
        unsafe { self.open[self.slot].1.read_unchecked(index - self.start).map_err(Into::into) }
    }
}

given_by_value! {
    [S,] Concat<S>;
}

natural_items! {
    [S: NaturalItem + Functor<<S as NaturalItem>::Param>] Concat<S>: S::Param;
}
