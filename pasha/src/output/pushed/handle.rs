//! What the kernel pushes into.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::element::Element;

/// Where the values of an index lie: the first, counted over all arenas, and how many.
pub(super) type ValuesOfIndex = [usize; 2];

/// A slot that a kernel fills by pushing: `#[output(ragged)] peaks: &mut Ragged<f32>`.
///
/// As a slice it is what this call has pushed so far. After the map the values of all indices lie
/// in one [`RaggedArray`](crate::RaggedArray), in the order of the indices, whoever pushed them and
/// when.
///
/// Each worker appends to memory of its own, which grows by the page up to the size of the
/// machine's memory; what an item had pushed before it failed stays there, unused, until the map
/// ends. For the time of the copy at the end all values are in memory twice. Where the length of a
/// slot is known before its values are, `#[output(ragged = LENGTH)]` needs neither.
///
/// # Panics
/// [`push`](Self::push) and its like panic when the worker's memory is full, which the map tells
/// with the output, the index and what to do.
///
/// # Examples
/// ```
/// use ndarray::ArrayView1;
/// use pasha::Ragged;
///
/// /// Finds the peaks of a spectrum, however many there are.
/// #[pasha::kernel]
/// fn find_peaks(spectrum: ArrayView1<f64>, #[output(ragged)] peaks: &mut Ragged<usize>) {
///     for (at, three) in spectrum.windows(3).into_iter().enumerate() {
///         if three[1] > three[0] && three[1] > three[2] {
///             peaks.push(at + 1);
///         }
///     }
/// }
///
/// let spectra = ndarray::array![[0.0, 2.0, 1.0, 3.0, 0.0], [0.0, 1.0, 2.0, 3.0, 4.0]];
/// let peaks = find_peaks::run_parallel(&spectra)?;
/// assert_eq!(peaks[0], [1, 3]);
/// assert!(peaks[1].is_empty());
/// assert_eq!(peaks.offsets(), ndarray::array![0, 2, 2]);
/// # Ok::<(), pasha::Error>(())
/// ```
// Invariant: `first` is valid for reads and writes of `room` elements, of which the first
// `entry[1]` have values of this call; `entry` and `used` are valid for reads and writes; and
// nothing else uses any of them as long as the call of the kernel lasts, which is as long as the
// user has the only reference to this. It holds pointers of one call, and stays where `Slots::slot`
// has made it for that: it has no size, so that safe code can't swap it with the one of another
// call, as that of a map within a kernel would be.
pub struct Ragged<A, T: ?Sized = [()]> {
    /// Where the slot begins in the worker's arena.
    pub(super) first: NonNull<A>,
    /// Elements that fit there.
    pub(super) room: usize,
    /// How many elements of the arena are used before the slot.
    pub(super) before: usize,
    /// How many elements of the arena are used, with the slot.
    pub(super) used: NonNull<usize>,
    pub(super) entry: NonNull<ValuesOfIndex>,
    pub(super) name: &'static str,
    /// Takes the size away: `[(); 0]` where it is made, `[()]` for the kernel.
    #[allow(dead_code, reason = "its type is what counts")]
    pub(super) unsized_end: T,
}

/// A handle where it is made, which has a size.
pub(super) type SizedRagged<A> = Ragged<A, [(); 0]>;

// SAFETY: it stands for `&mut` to elements and to plain numbers that nothing else uses.
unsafe impl<A: Send, T: ?Sized> Send for Ragged<A, T> {}
// SAFETY: a shared reference gives shared references to elements and copies of plain numbers.
unsafe impl<A: Sync, T: ?Sized> Sync for Ragged<A, T> {}

impl<A: Element> Ragged<A> {
    /// Appends a value.
    ///
    /// # Panics
    /// If the worker's memory is full.
    ///
    /// # Examples
    /// ```
    /// use pasha::Ragged;
    ///
    /// /// Writes a number as the sum of powers of two.
    /// #[pasha::kernel]
    /// fn bits(number: u32, #[output(ragged)] powers: &mut Ragged<u32>) {
    ///     let mut rest = number;
    ///     while rest > 0 {
    ///         powers.push(1 << rest.ilog2());
    ///         rest -= 1 << rest.ilog2();
    ///     }
    /// }
    ///
    /// assert_eq!(bits::run_parallel(&[5_u32, 0, 8])?.to_vec(), [vec![4, 1], vec![], vec![8]]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    #[inline]
    pub fn push(&mut self, value: A) {
        let len = self.len();
        if len == self.room {
            self.tell_full(1);
        }
        // SAFETY: the invariant: there is room for more than `len` elements.
        unsafe { self.first.add(len).write(value) };
        self.set_len(len + 1);
    }

    /// Appends copies of all values of a slice.
    ///
    /// # Panics
    /// If the worker's memory is full.
    ///
    /// # Examples
    /// ```
    /// use pasha::Ragged;
    ///
    /// /// Keeps spectra that have a count.
    /// #[pasha::kernel]
    /// fn keep(spectrum: &[u32], #[output(ragged)] kept: &mut Ragged<u32>) {
    ///     if spectrum.iter().any(|&count| count > 0) {
    ///         kept.extend_from_slice(spectrum);
    ///     }
    /// }
    ///
    /// let spectra = [vec![0, 1], vec![0, 0], vec![2, 3]];
    /// assert_eq!(keep::run_parallel(&spectra)?.values(), ndarray::array![0, 1, 2, 3]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    #[inline]
    pub fn extend_from_slice(&mut self, values: &[A]) {
        let len = self.len();
        if values.len() > self.room - len {
            self.tell_full(values.len());
        }
        // SAFETY: the invariant: there is room for so many elements behind the first `len`, which
        // nothing else uses, so that `values` are not there.
        unsafe {
            let to = self.first.add(len).as_ptr();
            std::ptr::copy_nonoverlapping(values.as_ptr(), to, values.len());
        }
        self.set_len(len + values.len());
    }

    /// The elements before this are set, or zeros.
    #[inline]
    fn set_len(&mut self, len: usize) {
        // SAFETY: the invariant: both are valid for writes, and nothing else uses them.
        unsafe {
            self.used.write(self.before + len);
            (*self.entry.as_ptr())[1] = len;
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_full(&self, more: usize) -> ! {
        let capacity = self.before + self.room;
        panic!(
            "the ragged output `{}` is full: a worker has room for {capacity} elements, {} GiB, of \
             which {} are used, and {more} more do not fit; push fewer, or map over fewer items at \
             a time",
            self.name,
            (capacity * size_of::<A>()) >> 30,
            self.before + self.len(),
        );
    }
}

impl<A> Ragged<A> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: the invariant: it is valid for reads, and nothing else writes it.
        unsafe { (*self.entry.as_ptr())[1] }
    }
}

impl<A> Deref for Ragged<A> {
    type Target = [A];

    #[inline]
    fn deref(&self) -> &[A] {
        // SAFETY: the invariant: so many elements have values, and nothing else writes them.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.len()) }
    }
}

impl<A> DerefMut for Ragged<A> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [A] {
        // SAFETY: the invariant: so many elements have values, and nothing else uses them.
        unsafe { std::slice::from_raw_parts_mut(self.first.as_ptr(), self.len()) }
    }
}

impl<A: Element> Extend<A> for Ragged<A> {
    /// Appends all values of an iterator.
    ///
    /// # Panics
    /// If the worker's memory is full.
    fn extend<I: IntoIterator<Item = A>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl<'v, A: Element> Extend<&'v A> for Ragged<A> {
    /// Appends copies of all values of an iterator.
    ///
    /// # Panics
    /// If the worker's memory is full.
    fn extend<I: IntoIterator<Item = &'v A>>(&mut self, values: I) {
        values.into_iter().for_each(|&value| self.push(value));
    }
}

impl<A: fmt::Debug> fmt::Debug for Ragged<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
