//! The detector job in tiles: eight frames at a time, so that dark, gain and the sum of all frames
//! stay in the first-level cache while eight tiles go by, and the corrected frames past the caches.
//!
//! Frame by frame each of them streams through the cache for every frame; that is most of what the
//! memory has to do.

use std::array::from_fn;

use ndarray::{Array2, ArrayView3, ArrayViewMut2, ArrayViewMut3};

use super::detector::LANES;

/// Frames in one item.
pub(super) const TOGETHER: usize = 8;

/// Pixels of a tile: 4 KiB of corrected ones, 8 KiB of sums.
const TILE: usize = 1024;

/// Lanes of one frame's sums and maxima.
#[derive(Clone, Copy)]
struct Lanes {
    sums: [f64; LANES],
    maxima: [f32; LANES],
}

impl Lanes {
    const NONE: Lanes = Lanes { sums: [0.0; LANES], maxima: [f32::NEG_INFINITY; LANES] };
}

/// Corrects eight frames for dark and gain; gives their sums and their maxima.
#[pasha::kernel]
pub(super) fn correct_in_tiles(
    frames: ArrayView3<u16>,
    #[shared] dark: &Array2<f32>,
    #[shared] gain: &Array2<f32>,
    #[output(like = frames)] mut corrected: ArrayViewMut3<f32>,
    #[reduce(sum, like = dark)] mut total: ArrayViewMut2<f64>,
    #[scratch(vec![0.0; TILE])] piece: &mut Vec<f32>,
) -> ([f64; TOGETHER], [f32; TOGETHER]) {
    let dark = dark.as_slice().unwrap();
    let gain = gain.as_slice().unwrap();
    let total = total.as_slice_mut().unwrap();
    let pixels = dark.len();
    let counts = frames.as_slice().unwrap();
    let mut corrected: Vec<&mut [f32]> =
        corrected.as_slice_mut().unwrap().chunks_exact_mut(pixels).collect();
    let mut lanes = [Lanes::NONE; TOGETHER];
    for start in (0..pixels).step_by(TILE) {
        let tile = start..(start + TILE).min(pixels);
        let (dark, gain) = (&dark[tile.clone()], &gain[tile.clone()]);
        let total = &mut total[tile.clone()];
        let piece = &mut piece[..tile.len()];
        pasha::stream(|stream| {
            for (frame, (corrected, lanes)) in corrected.iter_mut().zip(&mut lanes).enumerate() {
                let counts = &counts[frame * pixels..][tile.clone()];
                *lanes = correct_tile(counts, dark, gain, piece, total, *lanes);
                let (out, rest) = std::mem::take(corrected).split_at_mut(tile.len());
                stream.copy(piece, out);
                *corrected = rest;
            }
        });
    }
    let sums = lanes.map(|lanes| lanes.sums.iter().sum());
    let maxima = lanes.map(|lanes| lanes.maxima.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    (sums, maxima)
}

#[inline(never)]
fn correct_tile(
    counts: &[u16],
    dark: &[f32],
    gain: &[f32],
    out: &mut [f32],
    total: &mut [f64],
    mut lanes: Lanes,
) -> Lanes {
    let counts = counts.as_chunks::<LANES>().0;
    let (dark, gain) = (dark.as_chunks::<LANES>().0, gain.as_chunks::<LANES>().0);
    let (out, total) = (out.as_chunks_mut::<LANES>().0, total.as_chunks_mut::<LANES>().0);
    for ((((counts, dark), gain), out), total) in
        counts.iter().zip(dark).zip(gain).zip(out).zip(total)
    {
        let values: [f32; LANES] = from_fn(|i| (f32::from(counts[i]) - dark[i]) * gain[i]);
        *out = values;
        *total = from_fn(|i| total[i] + f64::from(values[i]));
        lanes.sums = from_fn(|i| lanes.sums[i] + f64::from(values[i]));
        let maxima = lanes.maxima;
        lanes.maxima = from_fn(|i| if values[i] > maxima[i] { values[i] } else { maxima[i] });
    }
    lanes
}
