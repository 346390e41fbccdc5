//! What it costs to look at the outputs of a map while it runs.

use std::ops::ControlFlow;
use std::time::Duration;

use pasha::prelude::*;

use super::NUM_WORKERS;
use super::duel::{Duel, timed};
use super::reproducible::{frames, image};

/// The sum of 2,000 frames of a megapixel with a look every 100 ms, against the same map without.
pub(crate) fn of_images() -> Duel {
    let (frames, indices) = frames();
    let context = ThreadContext::new(NUM_WORKERS).unwrap();
    let same = context.clone();
    let every = Duration::from_millis(100);
    let look = |snapshot: &pasha::Snapshot<'_, _>| {
        std::hint::black_box(snapshot.out());
        ControlFlow::Continue(())
    };
    Duel::new(
        move || {
            let chosen = pasha::select(frames, indices);
            timed(|| image::run_live_in(&context, chosen, every, look).unwrap())
        },
        move || timed(|| image::run_in(&same, pasha::select(frames, indices)).unwrap()),
    )
}
