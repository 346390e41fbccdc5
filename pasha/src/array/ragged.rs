//! The array of a ragged output: slots of different lengths, back to back.

use std::fmt;
use std::io;
use std::ops::Index;

use ndarray::{ArrayView, ArrayViewMut, Ix1};

use super::{Order, SharedArray, Slots};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::memory::{Memory, Pages};

/// The arrays of a ragged output: a slot of its own length for each index, back to back.
///
/// It is a functor again: a kernel with an `ArrayView1` item gets one slot per index.
///
/// # Examples
/// ```
/// use ndarray::{ArrayViewMut1, array};
///
/// /// Counts down from `count`.
/// #[pasha::kernel]
/// fn countdown(count: u32, #[output(ragged = count)] mut slot: ArrayViewMut1<u32>) {
///     for (step, value) in slot.iter_mut().enumerate() {
///         *value = count - step as u32;
///     }
/// }
///
/// let ragged = countdown::run_serial(&[2_u32, 0, 3])?;
/// assert_eq!(ragged.slot(2), array![3, 2, 1]);
/// assert_eq!(ragged.values(), array![2, 1, 3, 2, 1]);
/// assert_eq!(ragged.offsets(), array![0, 2, 2, 5]);
/// # Ok::<(), pasha::Error>(())
/// ```
///
/// One whose values lie in a file is allocated by
/// [`alloc_ragged`](crate::AllocateRagged::alloc_ragged).
pub struct RaggedArray<A: 'static> {
    // Invariant: offsets rise from 0 to the number of values, one more of them than slots.
    offsets: SharedArray<usize, Ix1>,
    values: SharedArray<A, Ix1>,
    /// Where values come from whose number the first map finds, and other maps change.
    source: Option<ValuesSource<A>>,
}

/// Makes arrays for the values of a ragged array.
struct ValuesSource<A: 'static> {
    make: Box<MakeValues<A>>,
    /// The file into which the offsets are written as well.
    offsets: Option<SharedArray<usize, Ix1>>,
    /// Whether it has made the ones that there are.
    has_made: bool,
}

/// Makes an array for so many values: new, or the one of a job that is gone on with.
type MakeValues<A> = dyn Fn(usize, ValuesOf) -> Result<SharedArray<A, Ix1>> + Send + Sync;

/// Which values a ragged array is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValuesOf {
    /// New ones.
    ANewMap,
    /// Those of the job of the context, if it has one that was begun.
    TheJob,
}

impl<A: 'static> RaggedArray<A> {
    /// Puts the two arrays together.
    ///
    /// # Panics
    /// Panics if the offsets do not rise from 0 to the number of values.
    pub(crate) fn new(offsets: SharedArray<usize, Ix1>, values: SharedArray<A, Ix1>) -> Self {
        assert!(
            offsets.first() == Some(&0)
                && offsets.last() == Some(&values.len())
                && offsets.iter().is_sorted(),
            "offsets rise from 0 to the number of values"
        );
        RaggedArray { offsets, values, source: None }
    }

    /// Empty slots, one less than these offsets of 0, which a map gives their lengths. The file has
    /// the offsets of a job that is gone on with, or also zeros.
    ///
    /// # Panics
    /// Panics if there are no offsets, or they are not 0.
    pub(crate) fn of_empty_slots(
        offsets: SharedArray<usize, Ix1>,
        file: Option<SharedArray<usize, Ix1>>,
        no_values: SharedArray<A, Ix1>,
        make: Box<MakeValues<A>>,
    ) -> Self {
        let source = Some(ValuesSource { make, offsets: file, has_made: false });
        RaggedArray { source, ..RaggedArray::new(offsets, no_values) }
    }

    /// The number of slots, one for each index.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// let hits = hits::run_serial(&[2_u32, 0, 3])?;
    /// assert_eq!(hits.len(), 3);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no slots.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// assert!(hits::run_serial(&[] as &[u32])?.is_empty());
    /// assert!(!hits::run_serial(&[0_u32])?.is_empty());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slot of one index.
    ///
    /// # Panics
    /// Panics if there is no such index.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// let hits = hits::run_serial(&[2_u32, 0, 3])?;
    /// assert_eq!(hits.slot(0), ndarray::array![2, 2]);
    /// assert_eq!(hits.slot(1).len(), 0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn slot(&self, index: usize) -> ArrayView<'_, A, Ix1> {
        let range = self.offsets[index]..self.offsets[index + 1];
        self.values.view().slice_move(ndarray::s![range])
    }

    /// The slot of one index, for writing.
    ///
    /// # Panics
    /// Panics if there is no such index.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// let mut hits = hits::run_serial(&[2_u32, 0, 3])?;
    /// hits.slot_mut(2)[0] = 7;
    /// assert_eq!(hits.values(), ndarray::array![2, 2, 7, 3, 3]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn slot_mut(&mut self, index: usize) -> ArrayViewMut<'_, A, Ix1> {
        let range = self.offsets[index]..self.offsets[index + 1];
        self.values.view_mut().slice_move(ndarray::s![range])
    }

    /// All slots, in the order of their indices.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// let hits = hits::run_serial(&[2_u32, 0, 3])?;
    /// let sums: Vec<u32> = hits.iter().map(|of_frame| of_frame.sum()).collect();
    /// assert_eq!(sums, [4, 0, 9]);
    ///
    /// let mut longest = 0;
    /// for of_frame in &hits {
    ///     longest = longest.max(of_frame.len());
    /// }
    /// assert_eq!(longest, 3);
    /// assert_eq!(hits.iter().rev().next().unwrap(), hits.slot(2));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn iter(&self) -> Slots<'_, A> {
        Slots::new(self.offsets.as_slice().unwrap_or_default(), self.values.view())
    }

    /// Copies each slot into a vector of its own.
    ///
    /// # Examples
    /// ```
    /// /// Lists the divisors of a number.
    /// #[pasha::kernel]
    /// fn divisors(
    ///     n: u32,
    ///     #[output(ragged = (1..=n).filter(|d| n % d == 0).count())]
    ///     mut out: ndarray::ArrayViewMut1<u32>,
    /// ) {
    ///     let found = (1..=n).filter(|divisor| n % divisor == 0);
    ///     out.iter_mut().zip(found).for_each(|(place, divisor)| *place = divisor);
    /// }
    ///
    /// let out = divisors::run_serial(1..=6_u32)?;
    /// assert_eq!(out.to_vec()[5], [1, 2, 3, 6]);
    /// assert_eq!(out[3], [1, 2, 4]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn to_vec(&self) -> Vec<Vec<A>>
    where
        A: Clone,
    {
        self.iter().map(|slot| slot.to_vec()).collect()
    }

    /// The values of all slots, back to back.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// let hits = hits::run_serial(&[2_u32, 0, 3])?;
    /// assert_eq!(hits.values(), ndarray::array![2, 2, 3, 3, 3]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn values(&self) -> ArrayView<'_, A, Ix1> {
        self.values.view()
    }

    /// The values of all slots, back to back, for writing.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// let mut hits = hits::run_serial(&[2_u32, 0, 3])?;
    /// hits.values_mut().mapv_inplace(|energy| 10 * energy);
    /// assert_eq!(hits.slot(0), ndarray::array![20, 20]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn values_mut(&mut self) -> ArrayViewMut<'_, A, Ix1> {
        self.values.view_mut()
    }

    /// Where each slot starts in [`values`](Self::values), and at last their number: `(n + 1,)`.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// let hits = hits::run_serial(&[2_u32, 0, 3])?;
    /// assert_eq!(hits.offsets(), ndarray::array![0, 2, 2, 5]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn offsets(&self) -> ArrayView<'_, usize, Ix1> {
        self.offsets.view()
    }

    /// Which workers can write the array.
    ///
    /// # Examples
    /// ```
    /// # #[pasha::kernel]
    /// # fn hits(n: u32, #[output(ragged = n)] mut slot: ndarray::ArrayViewMut1<u32>) {
    /// #     slot.fill(n)
    /// # }
    /// // A kernel with the output `#[output(ragged = n)]`: `n` hits in frame `n`.
    /// let hits = hits::run_in(&pasha::ProcessContext::new(2)?, &[2_u32, 0, 3])?;
    /// assert_eq!(hits.memory(), pasha::Memory::Shared);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn memory(&self) -> Memory {
        self.values.memory()
    }

    /// Whether values and offsets lie in a pair of `.npy` files, as
    /// [`alloc_ragged`](crate::AllocateRagged::alloc_ragged) makes them.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let peaks = SerialContext::new().alloc_ragged::<f32>(10).build()?;
    /// assert!(!peaks.is_file_backed());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn is_file_backed(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.offsets.is_some())
    }

    /// Writes the pages of arrays in files to their disk and waits for it, as
    /// [`SharedArray::flush`] does.
    ///
    /// # Errors
    /// What the operating system reports.
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let peaks = SerialContext::new().alloc_ragged::<f32>(10).build()?;
    /// peaks.flush()?; // nothing to do: these lie in memory
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&self) -> io::Result<()> {
        if let Some(offsets) = self.source.as_ref().and_then(|source| source.offsets.as_ref()) {
            offsets.flush()?;
        }
        self.values.flush()
    }

    /// Whether its slots take the lengths that a map finds for them.
    pub(crate) fn takes_lengths(&self) -> bool {
        self.source.is_some()
    }

    /// Makes the slots of these lengths, one for each that there is, and gives the values to be
    /// set.
    ///
    /// # Errors
    /// As for [`SharedArray::zeros`], and then nothing is changed, or those of making a file for
    /// the values, and then all slots are empty. Of a job that is gone on with, [`Error::Argument`]
    /// if the slots had other lengths.
    pub(crate) fn resize(
        &mut self,
        lengths: impl Iterator<Item = usize> + Clone,
        of: ValuesOf,
        memory: Memory,
        pages: Pages,
    ) -> Result<&mut [A]>
    where
        A: Element,
    {
        let total = lengths.clone().sum();
        if let Some(ValuesSource { offsets: Some(offsets), .. }) = &self.source
            && of == ValuesOf::TheJob
        {
            check_lengths(offsets, lengths.clone())?;
        }
        let fits = self.values.len() == total;
        match &mut self.source {
            None if fits && self.values.memory() == memory => {}
            None => self.values = SharedArray::zeros(Ix1(total), Order::C, memory, pages)?,
            Some(source) if fits && source.has_made => {}
            Some(source) => {
                // A file is not made anew while an array lies in it.
                self.values = SharedArray::zeros(Ix1(0), Order::C, memory, pages)?;
                self.offsets.fill(0);
                source.has_made = false;
                if let (Some(offsets), ValuesOf::ANewMap) = (&mut source.offsets, of) {
                    offsets.fill(0);
                }
                self.values = (source.make)(total, of)?;
                source.has_made = true;
            }
        }
        Ok(self.set_lengths(lengths))
    }

    /// As [`resize`](Self::resize), in memory, whether or not the values were to lie in a file.
    ///
    /// # Errors
    /// As for [`SharedArray::zeros`].
    pub(crate) fn resize_in_memory(
        &mut self,
        lengths: impl Iterator<Item = usize> + Clone,
        memory: Memory,
        pages: Pages,
    ) -> Result<&mut [A]>
    where
        A: Element,
    {
        self.values = SharedArray::zeros(Ix1(lengths.clone().sum()), Order::C, memory, pages)?;
        Ok(self.set_lengths(lengths))
    }

    /// Sets the lengths of all slots, for which there are values, and gives these.
    fn set_lengths(&mut self, lengths: impl Iterator<Item = usize>) -> &mut [A] {
        let mut end = 0;
        for (offset, len) in self.offsets.iter_mut().skip(1).zip(lengths) {
            end += len;
            *offset = end;
        }
        if let Some(offsets) = self.source.as_mut().and_then(|source| source.offsets.as_mut()) {
            offsets.assign(&self.offsets);
        }
        self.values.as_slice_mut().unwrap_or_default()
    }

    /// The offsets and the values, each on its own.
    #[cfg(feature = "python")]
    pub(crate) fn into_parts(self) -> (SharedArray<usize, Ix1>, SharedArray<A, Ix1>) {
        (self.offsets, self.values)
    }

    pub(crate) fn parts_mut(&mut self) -> (&[usize], &mut SharedArray<A, Ix1>) {
        let offsets = self.offsets.as_slice().unwrap_or_default();
        (offsets, &mut self.values)
    }
}

/// Checks that these are the lengths of a job's slots, where its offsets tell any: there are none
/// before it has begun, or after a loss of power.
fn check_lengths(
    offsets: &SharedArray<usize, Ix1>,
    lengths: impl Iterator<Item = usize>,
) -> Result<()> {
    if offsets.last() == Some(&0) {
        return Ok(());
    }
    let found = offsets.windows(2).into_iter().map(|pair| pair[1].wrapping_sub(pair[0]));
    let mut both = found.zip(lengths).enumerate();
    match both.find(|(_, (found, needed))| found != needed) {
        None => Ok(()),
        Some((index, (found, needed))) => Err(Error::Argument {
            argument: format!("the length of slot {index} of a ragged output"),
            value: needed.to_string(),
            advice: format!(
                "the job that is gone on with has {found}: run it with the items that it was begun \
                 with, or delete its file to begin anew"
            ),
        }),
    }
}

impl<A: 'static> Index<usize> for RaggedArray<A> {
    type Output = [A];

    /// The slot of one index.
    ///
    /// # Panics
    /// Panics if there is no such index.
    fn index(&self, index: usize) -> &[A] {
        // The values of a ragged array lie back to back, so that each slot is a slice.
        self.slot(index).to_slice().unwrap_or_default()
    }
}

impl<'a, A: 'static> IntoIterator for &'a RaggedArray<A> {
    type Item = ArrayView<'a, A, Ix1>;
    type IntoIter = Slots<'a, A>;

    fn into_iter(self) -> Slots<'a, A> {
        self.iter()
    }
}

impl<A: Element> Clone for RaggedArray<A> {
    /// Copies the array into new memory of the same kind.
    ///
    /// # Panics
    /// Panics if the memory can't be had.
    fn clone(&self) -> Self {
        RaggedArray::new(self.offsets.clone(), self.values.clone())
    }
}

impl<A: fmt::Debug + 'static> fmt::Debug for RaggedArray<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<A: PartialEq + 'static> PartialEq for RaggedArray<A> {
    fn eq(&self, other: &Self) -> bool {
        self.offsets == other.offsets && self.values == other.values
    }
}
