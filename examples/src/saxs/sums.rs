//! Sums over the pixels of each bin, of eight frames at a time.
//!
//! The obvious loop, `sums[bin_of_pixel] += count`, waits: for the sum before, which most often is
//! that of the same bin, and for the image of all frames, which is larger than the caches. Three
//! things are done about it:
//!
//! - **Eight frames at a time.** The bin of a pixel is looked up once for eight frames, whose sums
//!   lie side by side, so that the processor adds several at once; and the image is read and
//!   written once for eight frames.
//! - **Whole numbers.** Counts of 16 bits are added up in 32 bits: four sums to a vector, where
//!   there would be two of `f64`. Such sums are exact, in whatever order they are added up.
//! - **Stretches.** A sum of 32 bits holds 65,536 counts of 16 bits, whatever they are. After as
//!   many pixels the sums are added to those of the whole frame, which are `f64`: exact to 2^53.

use std::array::from_fn;

use ndarray::{ArrayView3, ArrayViewMut2};
use pasha::lanes::{self, LANES, Summand};

/// Pixels that are looked at together, of all frames: their counts fit the first-level cache.
pub(super) const PIECE: usize = 1024;

/// What is summed up in a bin, over a stretch of pixels.
pub(super) trait Tally<T>: Copy + Default {
    /// Adds a pixel's counts in eight frames.
    fn add(&mut self, counts: [T; LANES]);

    /// Adds one count, in one of the lanes.
    fn add_one(&mut self, lane: usize, count: T);

    /// What was added.
    fn sums(&self) -> BinSum;
}

/// What is summed up in a bin over whole frames: of each of eight.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BinSum {
    /// The counts.
    pub(super) signal: [f64; LANES],
    /// Their variances, where those are asked for.
    pub(super) variance: [f64; LANES],
}

/// The counts alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signal<T: Summand>([T::Sum; LANES]);

impl<T: Summand> Tally<T> for Signal<T> {
    #[inline(always)]
    fn add(&mut self, counts: [T; LANES]) {
        self.0 = from_fn(|lane| self.0[lane] + counts[lane].into());
    }

    #[inline(always)]
    fn add_one(&mut self, lane: usize, count: T) {
        self.0[lane] = self.0[lane] + count.into();
    }

    fn sums(&self) -> BinSum {
        BinSum { signal: self.0.map(T::to_f64), variance: [0.0; LANES] }
    }
}

/// The counts, and their variances: a count is its own, but at least 1, as in pyFAI.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SignalAndVariance<T: Summand> {
    signal: Signal<T>,
    variance: Signal<T>,
}

impl<T: Summand + PartialOrd + From<u8>> Tally<T> for SignalAndVariance<T> {
    #[inline(always)]
    fn add(&mut self, counts: [T; LANES]) {
        self.signal.add(counts);
        self.variance.add(counts.map(variance));
    }

    #[inline(always)]
    fn add_one(&mut self, lane: usize, count: T) {
        self.signal.add_one(lane, count);
        self.variance.add_one(lane, variance(count));
    }

    fn sums(&self) -> BinSum {
        BinSum { variance: self.variance.0.map(T::to_f64), ..self.signal.sums() }
    }
}

/// The variance of a count.
#[inline(always)]
pub(super) fn variance<T: PartialOrd + From<u8>>(count: T) -> T {
    let one = T::from(1);
    if count < one { one } else { count }
}

/// The sums of all bins, and behind them that of the pixels that have no bin.
#[derive(Debug)]
pub struct BinSums<B> {
    stretch: Vec<B>,
    frames: Vec<BinSum>,
}

/// Some pixels of each of some frames.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a, T, const N: usize> {
    /// The number of the first frame in the block, and of the first pixel.
    pub(super) first: (usize, usize),
    /// Frame by frame.
    pub(super) counts: [&'a [T]; N],
}

/// What is done to counts before they are added up.
pub(super) trait Prepare<T> {
    /// Gives the counts to be added instead of these. `image` is where they are added to.
    fn prepare<'a, const N: usize>(
        &'a mut self,
        piece: Piece<'a, T, N>,
        image: &mut [f64],
    ) -> [&'a [T]; N];
}

/// Nothing is done.
impl<T> Prepare<T> for () {
    fn prepare<'a, const N: usize>(
        &'a mut self,
        piece: Piece<'a, T, N>,
        _: &mut [f64],
    ) -> [&'a [T]; N] {
        piece.counts
    }
}

impl<B: Copy + Default> BinSums<B> {
    /// Sums of this many bins.
    pub(super) fn new(num_bins: usize) -> Self {
        let len = num_bins + 1;
        BinSums { stretch: vec![B::default(); len], frames: vec![BinSum::default(); len] }
    }

    /// Adds up at most eight frames `(n, y, x)` by the bins of the pixels, and adds them to the
    /// image `(y, x)`.
    pub(super) fn of_block<T: Summand>(
        &mut self,
        frames: ArrayView3<T>,
        bin_of_pixel: &[u16],
        image: &mut ArrayViewMut2<f64>,
        prepare: &mut impl Prepare<T>,
    ) where
        B: Tally<T>,
    {
        self.frames.fill(BinSum::default());
        let image = image.as_slice_mut().expect("accumulators are in C order");
        // A view, unless the frames are in another order: then a copy.
        let frames = frames.as_standard_layout();
        let frames = frames.as_slice().expect("it is the standard layout");
        let frames: Vec<&[T]> = frames.chunks_exact(image.len()).collect();
        if let Ok(eight) = <[&[T]; LANES]>::try_from(&frames[..]) {
            self.add_frames(0, eight, bin_of_pixel, image, prepare);
        } else {
            for (number, frame) in frames.into_iter().enumerate() {
                self.add_frames(number, [frame], bin_of_pixel, image, prepare);
            }
        }
    }

    /// Those of the block, behind which are those of the pixels without a bin.
    pub(super) fn sums(&self) -> &[BinSum] {
        &self.frames
    }

    /// Adds eight frames, or a single one.
    fn add_frames<T: Summand, const N: usize>(
        &mut self,
        first_frame: usize,
        frames: [&[T]; N],
        bin_of_pixel: &[u16],
        image: &mut [f64],
        prepare: &mut impl Prepare<T>,
    ) where
        B: Tally<T>,
    {
        let num_pixels = image.len();
        for stretch in (0..num_pixels).step_by(T::AT_MOST) {
            self.stretch.fill(B::default());
            let end = num_pixels.min(stretch.saturating_add(T::AT_MOST));
            for first in (stretch..end).step_by(PIECE) {
                let pixels = first..end.min(first + PIECE);
                let image = &mut image[pixels.clone()];
                let counts = frames.map(|frame| &frame[pixels.clone()]);
                let piece = Piece { first: (first_frame, first), counts };
                let counts = prepare.prepare(piece, image);
                add_to_image(counts, image);
                add_to_bins(counts, &bin_of_pixel[pixels], &mut self.stretch);
            }
            for (sums, all) in self.stretch.iter().map(Tally::sums).zip(&mut self.frames) {
                if N == LANES {
                    all.signal = from_fn(|frame| all.signal[frame] + sums.signal[frame]);
                    all.variance = from_fn(|frame| all.variance[frame] + sums.variance[frame]);
                } else {
                    all.signal[first_frame] += sums.signal.iter().sum::<f64>();
                    all.variance[first_frame] += sums.variance.iter().sum::<f64>();
                }
            }
        }
    }
}

/// Adds the counts of each frame to the image.
fn add_to_image<T: Summand, const N: usize>(frames: [&[T]; N], image: &mut [f64]) {
    // All of one length, which saves a look at each of them for each pixel.
    let frames = frames.map(|frame| &frame[..image.len()]);
    for (pixel, image) in image.iter_mut().enumerate() {
        let counts = frames.map(|frame| frame[pixel]);
        let sum = counts.iter().fold(T::Sum::default(), |sum, &count| sum + count.into());
        *image += T::to_f64(sum);
    }
}

/// Adds the counts of pixels, of eight frames or of one, to the sums of their bins.
fn add_to_bins<T: Summand, B: Tally<T>, const N: usize>(
    frames: [&[T]; N],
    bin_of_pixel: &[u16],
    sums: &mut [B],
) {
    let (bins, last_bins) = bin_of_pixel.as_chunks::<LANES>();
    let rows = frames.map(|frame| &frame.as_chunks().0[..bins.len()]);
    if let Ok(rows) = <[&[[T; LANES]]; LANES]>::try_from(&rows[..]) {
        for (place, bins) in bins.iter().enumerate() {
            // Eight pixels of eight frames: frame by frame, then pixel by pixel.
            let columns = lanes::transpose(rows.map(|row| row[place]));
            for (counts, &bin) in columns.into_iter().zip(bins) {
                sums[usize::from(bin)].add(counts);
            }
        }
    } else {
        // Neighbours have sums of their own, so that none waits for the one before.
        for (counts, bins) in rows[0].iter().zip(bins) {
            for (lane, (&count, &bin)) in counts.iter().zip(bins).enumerate() {
                sums[usize::from(bin)].add_one(lane, count);
            }
        }
    }
    // The last pixels of a frame whose number can't be divided by eight.
    let first = bins.len() * LANES;
    for (lane, frame) in frames.iter().enumerate() {
        for (&count, &bin) in frame[first..].iter().zip(last_bins) {
            sums[usize::from(bin)].add_one(lane, count);
        }
    }
}
