//! A reduction over a stream: the pulse heights of a billion detector readings, in one histogram.
//!
//! A photon-counting detector gives a number for each reading: a pedestal, a pulse height for each
//! photon, and noise. How many photons came is seen in the histogram of these numbers, whose peaks
//! lie one photon's height apart and whose areas are a Poisson distribution.
//!
//! A billion readings are 2 GB, and they are not stored. The stream is a functor of the example's
//! own: it has a length, opens a reader for each worker, and the reader lends its buffer for each
//! chunk, as one for a file or a digitiser would. The kernel has an accumulator for each worker,
//! `#[reduce(sum)]`, and the accumulators are merged after the map. Each chunk has random numbers
//! of its own, seeded by its index, so that the histogram is the same in every context and with any
//! number of workers.
//!
//! ```sh
//! cargo run --release --example histogram
//! ```
//!
//! It prints the rate and the number of photons, and writes the picture `out/histogram.svg`. It
//! takes some ten seconds on two cores. To be checked: for 0 to 3 photons the counted readings
//! agree with those expected of the Poisson distribution to a part in a thousand.

use std::convert::Infallible;
use std::time::Instant;

use ndarray::{ArrayView1, ArrayViewMut1, Ix1, s};
use pasha::{Functor, ItemShape, Read, SourceError, SubView};
use pasha_examples::plot::Histogram;
use pasha_examples::poisson::PoissonTables;
use pasha_examples::{Failure, output_folder};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Photons in a reading, on average.
const PHOTONS: f64 = 0.6;
/// The pulse height of one photon, and the noise of a reading, in units of the digitiser.
const PHOTON_HEIGHT: f32 = 100.0;
const NOISE: f32 = 14.0;
/// What the digitiser gives when there is no photon.
const PEDESTAL: f32 = 80.0;
/// The histogram's bins, one for each unit of the digitiser; higher readings go to the last.
const NUM_BINS: usize = 1100;

/// Simulated readings of a detector's digitiser, a chunk at a time.
struct Readings {
    num_chunks: usize,
    chunk_len: usize,
}

/// One worker's reader: its buffer, and what it draws from.
struct Reader {
    buffer: Vec<u16>,
    photons: PoissonTables,
}

impl Functor<SubView<u16, Ix1>> for Readings {
    type Reader<'f> = Reader;

    fn num_items(&self) -> usize {
        self.num_chunks
    }

    fn reader(&self) -> Result<Reader, SourceError> {
        let mut photons = PoissonTables::default();
        photons.rebuild([PHOTONS]);
        Ok(Reader { buffer: vec![0; self.chunk_len], photons })
    }

    fn item_shape(&self) -> Option<ItemShape<Ix1>> {
        Some(ItemShape::new(self.chunk_len))
    }
}

impl Read<SubView<u16, Ix1>> for Reader {
    type Error = Infallible;

    fn read(&mut self, index: usize) -> Result<ArrayView1<'_, u16>, Infallible> {
        // Every chunk has random numbers of its own: the same in every context.
        let mut random = Xoshiro256PlusPlus::seed_from_u64(index as u64);
        for reading in &mut self.buffer {
            let photons = self.photons.draw(0, &mut random) as f32;
            let noise: f32 = StandardNormal.sample(&mut random);
            *reading = (PEDESTAL + PHOTON_HEIGHT * photons + NOISE * noise) as u16;
        }
        Ok(ArrayView1::from(&self.buffer))
    }
}

/// Counts how often each reading occurs.
#[pasha::kernel]
fn count_readings(
    readings: ArrayView1<u16>,
    #[reduce(sum, shape = NUM_BINS)] mut histogram: ArrayViewMut1<u64>,
) {
    for &reading in readings {
        histogram[usize::from(reading).min(NUM_BINS - 1)] += 1;
    }
}

fn main() -> Result<(), Failure> {
    let folder = output_folder()?;
    let readings = Readings { num_chunks: 1000, chunk_len: 1_000_000 };

    let start = Instant::now();
    let histogram = count_readings::run_parallel(&readings)?;
    let seconds = start.elapsed().as_secs_f64();

    let total = histogram.sum();
    println!(
        "{total} readings in {seconds:.2} s: {:.0} million a second",
        total as f64 / seconds / 1e6
    );
    println!("\nphotons     readings   expected");
    let mut probability = (-PHOTONS).exp();
    for photons in 0..=5 {
        // A reading within half a photon's height of a peak is counted to it: 3.6 times the noise.
        let middle = PEDESTAL + photons as f32 * PHOTON_HEIGHT;
        let (low, high) = (middle - PHOTON_HEIGHT / 2.0, middle + PHOTON_HEIGHT / 2.0);
        let counted = histogram.slice(s![low as usize..high as usize]).sum();
        println!("{photons:7} {counted:12} {:10.0}", probability * total as f64);
        probability *= PHOTONS / f64::from(photons + 1);
    }

    let path = folder.join("histogram.svg");
    Histogram::new(
        histogram.view(),
        (0.0, NUM_BINS as f64),
        "Pulse heights of a photon-counting detector",
        "pulse height / digitiser units",
        "readings per unit",
    )
    .log()
    .write_svg(&path)?;
    println!("\npicture: {}", path.display());
    Ok(())
}
