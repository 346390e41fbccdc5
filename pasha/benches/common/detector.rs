//! The detector job: 2,000 frames of 512 x 512 pixels are corrected for dark and gain; each frame's
//! sum and maximum, and the mean image.

use std::cell::RefCell;
use std::rc::Rc;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Ix3};
use pasha::SharedArray;
use pasha::prelude::*;

use super::NUM_WORKERS;
use super::duel::{Duel, timed};
use super::peers::{self, OpenMp};

pub(crate) const FRAMES: usize = 2000;
pub(crate) const SIDE: usize = 512;

/// Lanes of sums and maxima, so that the compiler may use vectors: floating-point sums can't be
/// reordered by it.
const LANES: usize = 16;

/// Corrects a frame in counts for dark and gain; gives its sum and its maximum.
#[pasha::kernel]
pub(crate) fn correct(
    frame: ArrayView2<u16>,
    #[shared] dark: &Array2<f32>,
    #[shared] gain: &Array2<f32>,
    #[output(like = frame)] mut corrected: ArrayViewMut2<f32>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<f64>,
) -> (f64, f32) {
    let mut sums = [0.0_f64; LANES];
    let mut maxima = [f32::NEG_INFINITY; LANES];
    let counts = frame.as_slice().unwrap().as_chunks::<LANES>().0;
    let dark = dark.as_slice().unwrap().as_chunks::<LANES>().0;
    let gain = gain.as_slice().unwrap().as_chunks::<LANES>().0;
    let corrected = corrected.as_slice_mut().unwrap().as_chunks_mut::<LANES>().0;
    let total = total.as_slice_mut().unwrap().as_chunks_mut::<LANES>().0;
    for ((((counts, dark), gain), out), total) in
        counts.iter().zip(dark).zip(gain).zip(corrected).zip(total)
    {
        for lane in 0..LANES {
            let value = (f32::from(counts[lane]) - dark[lane]) * gain[lane];
            out[lane] = value;
            total[lane] += f64::from(value);
            sums[lane] += f64::from(value);
            maxima[lane] = if value > maxima[lane] { value } else { maxima[lane] };
        }
    }
    (sums.iter().sum(), maxima.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

/// Frames of counts, dark and gain, the same in every run.
pub(crate) fn input(context: &dyn Context) -> (SharedArray<u16, Ix3>, Array2<f32>, Array2<f32>) {
    let mut frames = context.alloc::<u16>((FRAMES, SIDE, SIDE)).build().unwrap();
    let mut state = 1_u32;
    for count in frames.iter_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *count = (state >> 20) as u16;
    }
    let dark = Array2::from_shape_fn((SIDE, SIDE), |(y, x)| 10.0 + ((y * 7 + x) % 13) as f32);
    let gain = Array2::from_shape_fn((SIDE, SIDE), |(y, x)| 1.0 + ((y + x * 3) % 11) as f32 / 32.0);
    (frames, dark, gain)
}

/// Against OpenMP, which has its outputs in private huge pages: into fresh outputs, or again into
/// those of the map before.
pub(crate) fn against_c(fresh: bool) -> Duel {
    let context = ProcessContext::new(NUM_WORKERS).unwrap();
    let (frames, dark, gain) = input(&context);
    let data = Rc::new((frames, dark, gain));
    let c = OpenMp::load();
    let mut peer_out = peers::DetectorOutputs::new(&c, FRAMES, SIDE * SIDE);
    let (frames, dark, gain) = &*data;
    c.correct(frames, dark, gain, &mut peer_out);
    let out = correct::run_in(&context, frames, dark, gain).unwrap();
    check(&out, &peer_out);
    let out = Rc::new(RefCell::new(if fresh { None } else { Some(out) }));
    let (ours, theirs) = (Rc::clone(&data), data);
    let mut kept = (!fresh).then_some(peer_out);
    Duel::new(
        move || {
            let (frames, dark, gain) = &*ours;
            match &mut *out.borrow_mut() {
                None => timed(|| correct::run_in(&context, frames, dark, gain).unwrap()),
                Some(out) => {
                    timed(|| correct::run_into(&context, frames, dark, gain, out).unwrap())
                }
            }
        },
        move || {
            let (frames, dark, gain) = &*theirs;
            match &mut kept {
                None => timed(|| {
                    let mut out = peers::DetectorOutputs::new(&c, FRAMES, SIDE * SIDE);
                    c.correct(frames, dark, gain, &mut out);
                    out
                }),
                Some(out) => timed(|| c.correct(frames, dark, gain, out)),
            }
        },
    )
}

/// Both sides did the same work.
fn check(ours: &CorrectOutput, theirs: &peers::DetectorOutputs) {
    assert_eq!(ours.corrected.as_slice().unwrap(), theirs.corrected());
    assert_eq!(ours.result.1.as_slice().unwrap(), theirs.maxima());
    let near = |a: &f64, b: &f64| (a - b).abs() <= 1e-9 * b.abs();
    assert!(ours.result.0.iter().zip(theirs.sums()).all(|(a, b)| near(a, b)));
    assert!(ours.total.iter().zip(theirs.total()).all(|(a, b)| near(a, b)));
}
