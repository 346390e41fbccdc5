//! What it costs that reductions have the same bits whoever computes what.

use std::sync::LazyLock;

use ndarray::{Array1, Array3, ArrayView2, ArrayViewMut2};
use pasha::prelude::*;

use super::NUM_WORKERS;
use super::duel::{Duel, timed};

#[pasha::kernel]
fn sum(value: f64, #[reduce(sum)] total: &mut f64) {
    *total += value;
}

/// A sum of so many numbers on threads, against the same map without the option.
pub(crate) fn of_scalars(len: usize) -> Duel {
    let values = Array1::linspace(0.0, 1.0, len);
    let same = values.clone();
    let plain = ThreadContext::new(NUM_WORKERS).unwrap();
    let ours = plain.clone().reproducible(true);
    Duel::new(
        move || timed(|| sum::run_in(&ours, &values).unwrap()),
        move || timed(|| sum::run_in(&plain, &same).unwrap()),
    )
}

/// Adds up frames.
#[pasha::kernel]
pub(super) fn image(
    frame: ArrayView2<u16>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
) {
    total.zip_mut_with(&frame, |total, &count| *total += f64::from(count));
}

/// The sum of 2,000 frames of a megapixel, of which a tenth differ, against the same map without
/// the option.
pub(crate) fn of_images() -> Duel {
    let (frames, indices) = frames();
    let plain = ThreadContext::new(NUM_WORKERS).unwrap();
    let ours = plain.clone().reproducible(true);
    let map = move |context: &ThreadContext| {
        timed(|| image::run_in(context, pasha::select(frames, indices)).unwrap())
    };
    Duel::new(move || map(&ours), move || map(&plain))
}

/// 200 frames of a megapixel, and 2,000 indices of them.
pub(super) fn frames() -> (&'static Array3<u16>, &'static [usize]) {
    static FRAMES: LazyLock<(Array3<u16>, Vec<usize>)> = LazyLock::new(|| {
        let frames = Array3::from_shape_fn((200, 1024, 1024), |(n, y, x)| (n + y * x) as u16);
        (frames, (0..2000).map(|index| index % 200).collect())
    });
    (&FRAMES.0, &FRAMES.1)
}
