//! What it costs that two kernels share one pass, against one kernel that does the work of both.

use ndarray::{Array3, ArrayView2, ArrayViewMut2};
use pasha::prelude::*;

use super::NUM_WORKERS;
use super::duel::{Duel, timed};

#[pasha::kernel]
fn brightest(frame: ArrayView2<u16>) -> u16 {
    frame.iter().copied().max().unwrap_or_default()
}

#[pasha::kernel]
fn image(frame: ArrayView2<u16>, #[reduce(sum, like = frame)] mut total: ArrayViewMut2<u32>) {
    total.zip_mut_with(&frame, |total, &count| *total += u32::from(count));
}

#[pasha::kernel]
fn both(frame: ArrayView2<u16>, #[reduce(sum, like = frame)] mut total: ArrayViewMut2<u32>) -> u16 {
    total.zip_mut_with(&frame, |total, &count| *total += u32::from(count));
    frame.iter().copied().max().unwrap_or_default()
}

/// The brightest pixels and the sum of so many frames of 256 x 256 pixels, on threads.
pub(crate) fn frames(len: usize) -> Duel {
    let frames = Array3::from_shape_fn((len, 256, 256), |(n, y, x)| (n * 7 + y * x) as u16);
    let frames: &'static Array3<u16> = Box::leak(Box::new(frames));
    let context = ThreadContext::new(NUM_WORKERS).unwrap();
    let same = context.clone();
    let together = pasha::together((image::bind(), brightest::bind()));
    Duel::new(
        move || timed(|| together.run_in(&context, frames).unwrap()),
        move || timed(|| both::run_in(&same, frames).unwrap()),
    )
}
