//! The detector job: 2,000 frames of 512 x 512 pixels are corrected for dark and gain; each frame's
//! sum and maximum, and the mean image.

use std::array::from_fn;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Ix3};
use pasha::SharedArray;
use pasha::prelude::*;

use super::NUM_WORKERS;
use super::duel::{Duel, timed};
use super::peers::{self, OpenMp};
use super::tiles::{CorrectInTilesOutput, TOGETHER, correct_in_tiles};

pub(crate) const FRAMES: usize = 2000;
pub(crate) const SIDE: usize = 512;

/// Lanes of sums and maxima, so that the compiler may use vectors: floating-point sums can't be
/// reordered by it.
pub(super) const LANES: usize = 32;

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
        let values: [f32; LANES] = from_fn(|i| (f32::from(counts[i]) - dark[i]) * gain[i]);
        *out = values;
        *total = from_fn(|i| total[i] + f64::from(values[i]));
        sums = from_fn(|i| sums[i] + f64::from(values[i]));
        maxima = from_fn(|i| if values[i] > maxima[i] { values[i] } else { maxima[i] });
    }
    (sums.iter().sum(), maxima.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

/// How the job is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As one would first write it.
    FrameByFrame,
    /// With the order of the work chosen for the caches.
    InTiles,
}

/// Frames of counts in huge pages, dark and gain, the same in every run.
pub(super) struct Input {
    pub(super) frames: SharedArray<u16, Ix3>,
    pub(super) dark: Array2<f32>,
    pub(super) gain: Array2<f32>,
}

impl Input {
    pub(super) fn new(context: &dyn Context) -> Input {
        let mut frames = context.alloc::<u16>((FRAMES, SIDE, SIDE)).build().unwrap();
        let mut state = 1_u32;
        for count in frames.iter_mut() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *count = (state >> 20) as u16;
        }
        pasha::advise_huge(&frames);
        let dark = Array2::from_shape_fn((SIDE, SIDE), |(y, x)| 10.0 + ((y * 7 + x) % 13) as f32);
        let gain =
            Array2::from_shape_fn((SIDE, SIDE), |(y, x)| 1.0 + ((y + x * 3) % 11) as f32 / 32.0);
        Input { frames, dark, gain }
    }
}

/// Outputs of the job, in either way.
enum Out {
    FrameByFrame(CorrectOutput),
    InTiles(CorrectInTilesOutput),
}

/// The job in processes: into fresh outputs with every call, or into the same again.
pub(super) fn job(input: Rc<Input>, way: Way, fresh: bool) -> impl FnMut() -> Duration + 'static {
    job_in(ProcessContext::new(NUM_WORKERS).unwrap(), input, way, fresh)
}

/// The job, into the same outputs again, with a timeline against without.
pub(super) fn with_timeline() -> Duel {
    let plain = ProcessContext::new(NUM_WORKERS).unwrap();
    let input = Rc::new(Input::new(&plain));
    let way = Way::FrameByFrame;
    let noted = plain.clone().timeline(true);
    Duel::new(job_in(noted, input.clone(), way, false), job_in(plain, input, way, false))
}

/// As [`job`], in this context.
fn job_in(
    context: ProcessContext,
    input: Rc<Input>,
    way: Way,
    fresh: bool,
) -> impl FnMut() -> Duration + 'static {
    let mut kept = None;
    move || {
        let Input { frames, dark, gain } = &*input;
        let run = || match way {
            Way::FrameByFrame => {
                Out::FrameByFrame(correct::run_in(&context, frames, dark, gain).unwrap())
            }
            Way::InTiles => {
                let frames = pasha::chunks(frames, TOGETHER);
                Out::InTiles(correct_in_tiles::run_in(&context, frames, dark, gain).unwrap())
            }
        };
        if fresh {
            return timed(run);
        }
        let out = kept.get_or_insert_with(run);
        timed(|| match out {
            Out::FrameByFrame(out) => {
                correct::run_into(&context, frames, dark, gain, out).unwrap();
            }
            Out::InTiles(out) => {
                let frames = pasha::chunks(frames, TOGETHER);
                correct_in_tiles::run_into(&context, frames, dark, gain, out).unwrap();
            }
        })
    }
}

/// Checks that both ways give the same.
pub(super) fn check_ways(input: &Input) {
    let context = ProcessContext::new(NUM_WORKERS).unwrap();
    let Input { frames, dark, gain } = input;
    let plain = correct::run_in(&context, frames, dark, gain).unwrap();
    let chunks = pasha::chunks(frames, TOGETHER);
    let tiled = correct_in_tiles::run_in(&context, chunks, dark, gain).unwrap();
    assert_eq!(plain.corrected.as_slice(), tiled.corrected.as_slice());
    assert_eq!(plain.result.1.as_slice(), tiled.result.1.as_slice());
    assert!(near(plain.result.0.iter(), tiled.result.0.iter()));
    assert!(near(plain.total.iter(), tiled.total.iter()));
}

/// Against OpenMP, which has its outputs in private huge pages: into fresh outputs, or again into
/// those of the map before.
pub(crate) fn against_c(fresh: bool) -> Duel {
    let context = ProcessContext::new(NUM_WORKERS).unwrap();
    let input = Rc::new(Input::new(&context));
    let c = OpenMp::load();
    let mut peer_out = peers::DetectorOutputs::new(&c, FRAMES, SIDE * SIDE);
    let Input { frames, dark, gain } = &*input;
    c.correct(frames, dark, gain, &mut peer_out);
    check(&correct::run_in(&context, frames, dark, gain).unwrap(), &peer_out);
    let peer_input = Rc::clone(&input);
    let kept = RefCell::new((!fresh).then_some(peer_out));
    Duel::new(job(input, Way::FrameByFrame, fresh), move || {
        let Input { frames, dark, gain } = &*peer_input;
        match &mut *kept.borrow_mut() {
            None => timed(|| {
                let mut out = peers::DetectorOutputs::new(&c, FRAMES, SIDE * SIDE);
                c.correct(frames, dark, gain, &mut out);
                out
            }),
            Some(out) => timed(|| c.correct(frames, dark, gain, out)),
        }
    })
}

/// Both sides did the same work.
fn check(ours: &CorrectOutput, theirs: &peers::DetectorOutputs) {
    assert_eq!(ours.corrected.as_slice().unwrap(), theirs.corrected());
    assert_eq!(ours.result.1.as_slice().unwrap(), theirs.maxima());
    assert!(near(ours.result.0.iter(), theirs.sums().iter()));
    assert!(near(ours.total.iter(), theirs.total().iter()));
}

/// Whether sums agree that were added up in another order.
fn near<'a>(
    ours: impl ExactSizeIterator<Item = &'a f64>,
    theirs: impl ExactSizeIterator<Item = &'a f64>,
) -> bool {
    ours.len() == theirs.len() && ours.zip(theirs).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs())
}
