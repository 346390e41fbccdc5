//! What it costs to look at the outputs of a map while it runs.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ndarray::{Array2, Array3, Axis};
use pasha::prelude::*;

use super::NUM_WORKERS;
use super::duel::{Duel, timed};
use super::reproducible::{frames, image};

/// How often is looked.
const EVERY: Duration = Duration::from_millis(100);

/// The sum of 2,000 frames of a megapixel with a look every 100 ms, against the same map without.
pub(crate) fn of_images() -> Duel {
    let (frames, indices) = frames();
    let same = ThreadContext::new(NUM_WORKERS).unwrap();
    Duel::new(looking(), move || {
        timed(|| image::run_in(&same, pasha::select(frames, indices)).unwrap())
    })
}

/// The same map with looks, against a loop by hand that does as much.
pub(crate) fn of_images_by_hand() -> Duel {
    let (frames, indices) = frames();
    Duel::new(looking(), move || timed(|| sum_with_looks(frames, indices)))
}

fn looking() -> impl FnMut() -> Duration {
    let (frames, indices) = frames();
    let context = ThreadContext::new(NUM_WORKERS).unwrap();
    let look = |snapshot: &pasha::Snapshot<'_, _>| {
        std::hint::black_box(snapshot.out());
        ControlFlow::Continue(())
    };
    move || {
        let chosen = pasha::select(frames, indices);
        timed(|| image::run_live_in(&context, chosen, EVERY, look).unwrap())
    }
}

/// Each thread adds up frames in an image of its own; asked for it, it adds what it has to the
/// image that is shown, and begins anew.
fn sum_with_looks(frames: &Array3<u16>, indices: &[usize]) -> Array2<f64> {
    let shape = (frames.len_of(Axis(1)), frames.len_of(Axis(2)));
    let shown = Mutex::new(Array2::<f64>::zeros(shape));
    let (next, asked, at_work) =
        (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(NUM_WORKERS));
    let answered: Vec<_> = (0..NUM_WORKERS).map(|_| AtomicUsize::new(0)).collect();
    let work = |answered: &AtomicUsize| {
        let mut own = Array2::<f64>::zeros(shape);
        while let Some(&index) = indices.get(next.fetch_add(1, Ordering::Relaxed)) {
            let frame = frames.index_axis(Axis(0), index);
            own.zip_mut_with(&frame, |total, &count| *total += f64::from(count));
            let question = asked.load(Ordering::Relaxed);
            if answered.load(Ordering::Relaxed) != question
                && let Ok(mut shown) = shown.try_lock()
            {
                ndarray::azip!((shown in &mut *shown, own in &mut own) {
                    *shown += *own;
                    *own = 0.0;
                });
                answered.store(question, Ordering::Release);
            }
        }
        *shown.lock().unwrap() += &own;
        at_work.fetch_sub(1, Ordering::Release);
    };
    let ends = || at_work.load(Ordering::Acquire) < NUM_WORKERS;
    thread::scope(|scope| {
        answered.iter().for_each(|answered| drop(scope.spawn(|| work(answered))));
        let mut last = Instant::now();
        while !ends() {
            thread::sleep(Duration::from_millis(1));
            if last.elapsed() > EVERY {
                last = Instant::now();
                let question = asked.fetch_add(1, Ordering::Relaxed) + 1;
                while !ends() && answered.iter().any(|it| it.load(Ordering::Acquire) < question) {
                    thread::sleep(Duration::from_micros(200));
                }
                std::hint::black_box(&*shown.lock().unwrap());
            }
        }
    });
    shown.into_inner().unwrap()
}
