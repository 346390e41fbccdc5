//! A simulated run at an X-ray detector: silver behenate, which calibrates instruments by its
//! evenly spaced rings, slowly destroyed by the beam.

use std::f64::consts::PI;

use ndarray::{Array2, ArrayViewMut2, Zip};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::detector::Geometry;
use crate::poisson::PoissonTables;

/// The spacing of silver behenate's layers, in Å.
pub const SILVER_BEHENATE_D001: f64 = 58.380;

/// The radius of the beam stop's shadow, in pixels.
const BEAM_STOP: f64 = 24.0;
/// The half width of the shadow of the beam stop's holder, in pixels.
const HOLDER: f64 = 4.0;
/// One pixel in this many is dead.
const DEAD_ONE_IN: u32 = 20_000;
/// Expected counts depend on the distance from the beam, in steps of a pixel's part.
const STEPS_PER_PIXEL: f64 = 4.0;

/// A run to be simulated: what is the same for all frames.
#[derive(Clone, Debug)]
pub struct SimulatedRun {
    /// Where the detector stands.
    pub geometry: Geometry,
    /// Pixels that see nothing: the beam stop's shadow and dead pixels, `(y, x)`.
    pub mask: Array2<bool>,
    /// The number of frames.
    pub num_frames: usize,
    seed: u64,
    /// Momentum transfer at each step of the distance from the beam, in 1/Å.
    q_of_step: Vec<f64>,
    /// The step of each pixel, `(y, x)`; masked pixels have the number beyond the last.
    steps: Array2<u16>,
}

impl SimulatedRun {
    /// A run of `num_frames` frames of `(rows, columns)` pixels, with ten rings on 1024 x 1024.
    ///
    /// The same seed gives the same frames, whoever simulates them.
    pub fn new(shape: (usize, usize), num_frames: usize, seed: u64) -> Self {
        let (rows, columns) = shape;
        // The beam meets the detector near its middle, as it does at instruments.
        let geometry = Geometry {
            pixel_size_mm: 0.172,
            centre_x: 0.487 * columns as f64,
            centre_y: 0.521 * rows as f64,
            distance_mm: 480.0 * rows.max(columns) as f64 / 1024.0,
            wavelength: 1.0,
        };
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mask = Array2::from_shape_fn(shape, |(row, column)| {
            let behind_holder = (row as f64) > geometry.centre_y
                && (column as f64 + 0.5 - geometry.centre_x).abs() < HOLDER;
            let dead = random.random_ratio(1, DEAD_ONE_IN);
            dead || behind_holder || geometry.radius(row, column) < BEAM_STOP
        });
        let step_at = |(row, column)| (geometry.radius(row, column) * STEPS_PER_PIXEL) as u16;
        let corners = [(0, 0), (0, columns), (rows, 0), (rows, columns)];
        let num_steps = corners.map(step_at).into_iter().max().unwrap_or(0) + 1;
        let steps =
            Array2::from_shape_fn(
                shape,
                |pixel| {
                    if mask[pixel] { num_steps } else { step_at(pixel) }
                },
            );
        let q_of_step = (0..num_steps)
            .map(|step| geometry.q_at_radius((f64::from(step) + 0.5) / STEPS_PER_PIXEL))
            .collect();
        SimulatedRun { geometry, mask, num_frames, seed, q_of_step, steps }
    }

    /// The shape of a frame, `(y, x)`.
    pub fn shape(&self) -> (usize, usize) {
        self.mask.dim()
    }

    /// The mean count of a pixel at a momentum transfer (in 1/Å) in one frame.
    pub fn expected_counts(&self, q: f64, frame_number: usize) -> f64 {
        let elapsed = frame_number as f64 / (self.num_frames.max(2) - 1) as f64;
        // Order decays into a diffuse halo; what grows at small angles are voids.
        let (order, disorder) = ((-1.2 * elapsed).exp(), 1.0 - (-1.2 * elapsed).exp());
        let voids = 6.0 * (1.0 + 2.0 * disorder) * (0.05 / q).powi(2).min(40.0);
        let halo = 2.5 * disorder * gaussian((q - 0.45) / 0.15);
        let rings: f64 = (1..=14)
            .map(|ring| {
                let ring_q = 2.0 * PI / SILVER_BEHENATE_D001 * f64::from(ring);
                40.0 * (-f64::from(ring) / 4.0).exp() * gaussian((q - ring_q) / 0.005)
            })
            .sum();
        0.6 + voids + halo + order * rings
    }
}

/// A bell curve of height and width 1.
fn gaussian(x: f64) -> f64 {
    (-0.5 * x * x).exp()
}

/// Simulates one frame `(y, x)` of a run, in counts.
///
/// Each frame has random numbers of its own, so that it is the same in every context.
#[pasha::kernel]
pub fn simulate_frame(
    frame_number: usize,
    #[shared] run: &SimulatedRun,
    #[scratch(PoissonTables::default())] tables: &mut PoissonTables,
    #[output(shape = run.shape())] mut frame: ArrayViewMut2<u16>,
) {
    let means = run.q_of_step.iter().map(|&q| run.expected_counts(q, frame_number));
    tables.rebuild(means.chain([0.0]));
    let mut random =
        Xoshiro256PlusPlus::seed_from_u64(run.seed ^ ((frame_number as u64 + 1) << 32));
    Zip::from(&mut frame)
        .and(&run.steps)
        .for_each(|count, &step| *count = tables.draw(usize::from(step), &mut random) as u16);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_expected_counts() {
        let run = SimulatedRun::new((256, 256), 20, 7);
        let frames = simulate_frame::run_serial(0..20_usize, &run).unwrap();
        let (mut found, mut expected) = (0.0, 0.0);
        for (number, frame) in frames.outer_iter().enumerate() {
            for (pixel, &count) in frame.indexed_iter() {
                found += f64::from(count);
                if run.mask[pixel] {
                    assert_eq!(count, 0);
                } else {
                    let q = run.q_of_step[usize::from(run.steps[pixel])];
                    expected += run.expected_counts(q, number);
                }
            }
        }
        // The sum of Poisson counts has its mean as variance.
        assert!((found - expected).abs() < 4.0 * expected.sqrt(), "{found} for {expected}");
    }

    #[test]
    fn frames_do_not_depend_on_the_context() {
        let run = SimulatedRun::new((64, 48), 9, 3);
        let serial = simulate_frame::run_serial(0..9_usize, &run).unwrap();
        let threads = pasha::ThreadContext::new(3).unwrap();
        assert_eq!(simulate_frame::run_in(&threads, 0..9_usize, &run).unwrap(), serial);
        assert_ne!(serial.index_axis(ndarray::Axis(0), 0), serial.index_axis(ndarray::Axis(0), 1));
    }
}
