//! What an integration with corrections knows of its bins before the first frame, and what counts
//! that are left out take from it.

use std::ops::RangeInclusive;

use ndarray::Array2;
use pasha::lanes::LANES;

use super::bins::CorrectedBins;
use super::count::Count;
use super::sums::{PIECE, Piece, Prepare};

/// The image without a sample, to be subtracted from each frame.
#[derive(Clone, Debug)]
pub struct Blank {
    /// As measured, `(y, x)`, in counts.
    pub counts: Array2<f64>,
    /// The sample's transmission, with which the counts are multiplied.
    pub transmission: f64,
}

/// What is the same for all frames.
#[derive(Debug)]
pub struct CorrectedPlan<'a> {
    pub(super) bins: &'a CorrectedBins,
    blank: Option<&'a Blank>,
    /// Of each bin, and of the pixels that have none.
    pub(super) of_bin: Vec<Known>,
}

/// What a bin has of its pixels whatever they count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// How many there are.
    pub(super) pixels: usize,
    /// How much they see.
    pub(super) normalisation: f64,
    /// What the blank counts in them.
    pub(super) blank: f64,
    /// The variance of that.
    pub(super) blank_variance: f64,
}

impl<'a> CorrectedPlan<'a> {
    pub(super) fn new(bins: &'a CorrectedBins, blank: Option<&'a Blank>) -> Self {
        let mut plan = CorrectedPlan { bins, blank, of_bin: Vec::new() };
        let mut of_bin = vec![Known::default(); bins.len() + 1];
        for pixel in 0..bins.normalisation.len() {
            plan.add_pixel(pixel, &mut of_bin);
        }
        plan.of_bin = of_bin;
        plan
    }

    /// Adds what is known of a pixel to its bin.
    fn add_pixel(&self, pixel: usize, of_bin: &mut [Known]) {
        let (_, columns) = self.bins.shape();
        let place = [pixel / columns, pixel % columns];
        let normalisation = self.bins.normalisation[place];
        let (counts, transmission) = match self.blank {
            None => (0.0, 0.0),
            Some(Blank { counts, transmission }) => (counts[place], *transmission),
        };
        let known = &mut of_bin[usize::from(self.bins.plan()[pixel])];
        known.pixels += 1;
        known.normalisation += normalisation;
        known.blank += transmission * counts;
        known.blank_variance += transmission.powi(2) * counts;
    }
}

impl Known {
    /// What is left without some of the pixels.
    pub(super) fn without(&self, some: &Known) -> Known {
        Known {
            pixels: self.pixels - some.pixels,
            normalisation: self.normalisation - some.normalisation,
            blank: self.blank - some.blank,
            blank_variance: self.blank_variance - some.blank_variance,
        }
    }
}

/// Counts that are not valid: they are added as zeros, and what is known of their pixels is noted.
#[derive(Debug)]
pub(super) struct LeftOut<T> {
    /// Of each frame of the block and each bin, what is known of the pixels that are left out.
    of_frame: Vec<Vec<Known>>,
    /// A piece of the frames with zeros in place of counts that are not valid.
    counts: Vec<T>,
}

impl<T: Count> LeftOut<T> {
    pub(super) fn new(plan: &CorrectedPlan<'_>) -> Self {
        LeftOut {
            of_frame: vec![vec![Known::default(); plan.bins.len() + 1]; LANES],
            counts: Vec::with_capacity(LANES * PIECE),
        }
    }

    /// Begins a block.
    pub(super) fn of_block<'a>(&'a mut self, plan: &'a CorrectedPlan<'a>) -> LeaveOut<'a, T> {
        self.of_frame.iter_mut().for_each(|known| known.fill(Known::default()));
        let invalid = plan.bins.invalid.as_ref().and_then(T::within);
        LeaveOut { left_out: self, plan, invalid }
    }

    /// What is known of the pixels of a frame that were left out, in each bin.
    pub(super) fn of_frame(&self, frame: usize) -> &[Known] {
        &self.of_frame[frame]
    }
}

/// Leaves out the counts of a block that are not valid.
pub(super) struct LeaveOut<'a, T> {
    left_out: &'a mut LeftOut<T>,
    plan: &'a CorrectedPlan<'a>,
    invalid: Option<RangeInclusive<T>>,
}

impl<T: Count> LeaveOut<'_, T> {
    fn is_valid(&self, count: T) -> bool {
        let is_marked = |range: &RangeInclusive<T>| range.contains(&count);
        count.is_a_number() && !self.invalid.as_ref().is_some_and(is_marked)
    }
}

impl<T: Count> Prepare<T> for LeaveOut<'_, T> {
    fn prepare<'a, const N: usize>(
        &'a mut self,
        piece: Piece<'a, T, N>,
        image: &mut [f64],
    ) -> [&'a [T]; N] {
        // Without a branch for each count: most often all are valid.
        let all_valid =
            |counts: &[T]| counts.iter().fold(true, |valid, &count| valid & self.is_valid(count));
        if piece.counts.iter().all(|counts| all_valid(counts)) {
            return piece.counts;
        }
        let (first_frame, first_pixel) = piece.first;
        self.left_out.counts.clear();
        for (frame, counts) in (first_frame..).zip(piece.counts) {
            for (place, &count) in counts.iter().enumerate() {
                let valid = self.is_valid(count);
                self.left_out.counts.push(if valid { count } else { T::default() });
                if !valid {
                    image[place] = f64::NAN;
                    let pixel = first_pixel + place;
                    self.plan.add_pixel(pixel, &mut self.left_out.of_frame[frame]);
                }
            }
        }
        let len = image.len();
        std::array::from_fn(|frame| &self.left_out.counts[frame * len..][..len])
    }
}
