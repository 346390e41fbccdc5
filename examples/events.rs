//! Ragged outputs: the photons found in detector frames, a different number in each.
//!
//! A photon leaves its charge in a few neighbouring pixels. The first kernel simulates frames of
//! such photons, most of them on a ring, of pulses whose intensity differs from frame to frame. The
//! second finds the clusters of charge and makes a list of events for each frame: position, to a
//! part of a pixel, and energy.
//!
//! No two lists have the same length, and a length is known when all events of a frame are found.
//! So the kernel pushes them, `#[output(ragged)]`; after the map the lists lie back to back in one
//! array. `events.slot(frame)` is the list of a frame, and `events.values()` all events of all
//! frames, an ordinary array to make an image and a histogram of. An event is a struct of three
//! numbers, which derives bytemuck's `Pod` and `Zeroable`.
//!
//! ```sh
//! cargo run --release --example events
//! ```
//!
//! It prints what was found in some of the frames, and writes the pictures `out/events_image.svg`
//! and `out/events_energy.svg`. It takes a few seconds. To be checked: in each frame of the table
//! there are nearly as many events as photons (those that fall on each other are one), and the
//! histogram has a peak at 8 keV, the energy of a photon, and a small one at 16 keV.

use std::time::Instant;

use bytemuck::{Pod, Zeroable};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, s};
use pasha::Ragged;
use pasha_examples::plot::{ColourMap, HeatMap, Histogram};
use pasha_examples::{Failure, output_folder};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Rows and columns of the detector.
const SIDE: usize = 256;
const NUM_FRAMES: usize = 3000;
/// Photons in a frame, on average.
const MEAN_PHOTONS: f64 = 150.0;
/// Energy of a photon, in keV, and the charge that it leaves, in counts.
const PHOTON_ENERGY: f64 = 8.0;
const PHOTON_COUNTS: f64 = 400.0;
/// Noise of a pixel, in counts.
const NOISE: f32 = 6.0;
/// The width of a photon's cloud of charge, in pixels.
const CLOUD: f64 = 0.2;
/// An event's brightest pixel has at least this many counts.
const THRESHOLD: i16 = 60;

/// A photon that was found.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Event {
    /// Along a row, in pixels.
    x: f32,
    /// Along a column, in pixels.
    y: f32,
    /// In keV.
    energy: f32,
}

/// Simulates a frame of sparse photons, most of them on a ring, in counts above the pedestal.
///
/// The source's pulses are of very different intensity.
#[pasha::kernel]
fn simulate_photons(
    frame_number: usize,
    #[output(shape = (SIDE, SIDE))] mut frame: ArrayViewMut2<i16>,
) -> usize {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(frame_number as u64);
    let intensity: f64 = random.sample(Exp1);
    let num_photons = (MEAN_PHOTONS * intensity) as usize;
    let mut charge = Array2::from_shape_simple_fn((SIDE, SIDE), || {
        let noise: f32 = StandardNormal.sample(&mut random);
        NOISE * noise
    });
    for _ in 0..num_photons {
        let angle = random.random_range(0.0..std::f64::consts::TAU);
        let radius = match random.random_ratio(3, 4) {
            true => 70.0 + 6.0 * random.sample::<f64, _>(StandardNormal),
            false => 120.0 * random.random::<f64>().sqrt(),
        };
        let (x, y) = (128.0 + radius * angle.cos(), 128.0 + radius * angle.sin());
        add_charge(&mut charge, x, y);
    }
    frame.zip_mut_with(&charge, |count, charge| *count = charge.round() as i16);
    num_photons
}

/// Spreads a photon's charge over the pixels around it.
fn add_charge(charge: &mut Array2<f32>, x: f64, y: f64) {
    for row in (y as usize).saturating_sub(2)..(y as usize + 3).min(SIDE) {
        for column in (x as usize).saturating_sub(2)..(x as usize + 3).min(SIDE) {
            let part = share_of_pixel(column, x) * share_of_pixel(row, y);
            charge[[row, column]] += (PHOTON_COUNTS * part) as f32;
        }
    }
}

/// The part of a cloud at `position` that lies in the pixel from `pixel` to `pixel + 1`.
fn share_of_pixel(pixel: usize, position: f64) -> f64 {
    let before = |edge: f64| 1.0 / (1.0 + ((position - edge) / CLOUD).exp());
    before(pixel as f64 + 1.0) - before(pixel as f64)
}

/// Finds the photons of a frame.
#[pasha::kernel]
fn list_events(frame: ArrayView2<i16>, #[output(ragged)] events: &mut Ragged<Event>) {
    events.extend(find_events(&frame));
}

/// The events of a frame: pixels above the threshold that are brighter than their neighbours.
fn find_events(frame: &ArrayView2<i16>) -> impl Iterator<Item = Event> {
    let inner = frame.slice(s![1..SIDE - 1, 1..SIDE - 1]);
    inner
        .into_iter()
        .enumerate()
        .filter(|&(_, &counts)| counts >= THRESHOLD)
        .map(|(number, _)| (number / (SIDE - 2), number % (SIDE - 2)))
        .map(|(top, left)| (top, left, frame.slice(s![top..top + 3, left..left + 3])))
        .filter(|(_, _, cluster)| is_brightest(cluster))
        .map(|(top, left, cluster)| centre_of(cluster, top, left))
}

/// Whether the middle of nine pixels is the brightest; of two equal ones the first is.
fn is_brightest(cluster: &ArrayView2<i16>) -> bool {
    let middle = cluster[[1, 1]];
    cluster.iter().enumerate().all(|(number, &counts)| match number {
        0..4 => counts < middle,
        _ => counts <= middle,
    })
}

/// The event of nine pixels: the centre of their charge, and its sum.
fn centre_of(cluster: ArrayView2<i16>, top: usize, left: usize) -> Event {
    let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
    for ((row, column), &counts) in cluster.indexed_iter() {
        let charge = f32::from(counts);
        sum += charge;
        x += charge * (column as f32 + 0.5);
        y += charge * (row as f32 + 0.5);
    }
    Event {
        x: left as f32 + x / sum,
        y: top as f32 + y / sum,
        energy: sum * (PHOTON_ENERGY / PHOTON_COUNTS) as f32,
    }
}

fn main() -> Result<(), Failure> {
    let folder = output_folder()?;
    let start = Instant::now();
    let simulated = simulate_photons::run_parallel(0..NUM_FRAMES)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("simulated {NUM_FRAMES} frames of {SIDE} x {SIDE} pixels in {seconds:.2} s");

    let start = Instant::now();
    let events = list_events::run_parallel(&simulated.frame)?;
    let (seconds, total) = (start.elapsed().as_secs_f64(), events.values().len());
    println!("found {total} events in {seconds:.2} s: {:.0} frames/s", NUM_FRAMES as f64 / seconds);

    println!("\n frame   photons   events   first event");
    for frame in (0..NUM_FRAMES).step_by(NUM_FRAMES / 8) {
        let slot = events.slot(frame);
        print!("{frame:6} {:9} {:8}", simulated.result[frame], slot.len());
        match slot.first() {
            None => println!("   none"),
            Some(Event { x, y, energy }) => {
                println!("   x {x:6.2}, y {y:6.2} pixels, {energy:5.2} keV");
            }
        }
    }

    let image_path = folder.join("events_image.svg");
    let image = image_of(events.values());
    HeatMap::new(image.view(), "Photons at half-pixel resolution", "photons per bin")
        .axes("x / half pixels", "y / half pixels")
        .colours(ColourMap::Viridis)
        .write_svg(&image_path)?;
    let energy_path = folder.join("events_energy.svg");
    // Energies are whole counts: edges between them give each bin as many counts as the next.
    let half_count = 0.5 * PHOTON_ENERGY / PHOTON_COUNTS;
    let edges = (-half_count, 3.0 * PHOTON_ENERGY - half_count);
    let histogram = energies_of(events.values(), edges);
    Histogram::new(
        histogram.view(),
        edges,
        "Energies of the events: one photon, and two in one place",
        "energy / keV",
        "events per bin",
    )
    .log()
    .write_svg(&energy_path)?;
    println!("\npictures: {}\n          {}", image_path.display(), energy_path.display());
    Ok(())
}

/// Counts all events at their places, in bins of half a pixel.
fn image_of(events: ArrayView1<Event>) -> Array2<f64> {
    let mut image = Array2::zeros((2 * SIDE, 2 * SIDE));
    for event in events {
        let place = [event.y, event.x].map(|position| (2.0 * position) as usize);
        if let Some(count) = image.get_mut(place) {
            *count += 1.0;
        }
    }
    image
}

/// The histogram of the events' energies between two edges, in keV.
fn energies_of(events: ArrayView1<Event>, edges: (f64, f64)) -> Array1<u64> {
    let mut histogram = Array1::zeros(240);
    let width = (edges.1 - edges.0) / histogram.len() as f64;
    for event in events {
        let bin = ((f64::from(event.energy) - edges.0) / width) as usize;
        if let Some(count) = histogram.get_mut(bin) {
            *count += 1;
        }
    }
    histogram
}
