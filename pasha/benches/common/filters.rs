//! Frames of a detector in chunks of bitshuffle and LZ4, as Eiger detectors write them, against
//! h5py with hdf5plugin, which undoes them with bitshuffle's own C, and NumPy.

use std::path::PathBuf;
use std::time::Duration;

use ndarray::{ArrayView2, Ix3};
use pasha::{Hdf5Dataset, Hdf5Element};

use super::duel::{Duel, timed};
use super::python::Python;
use super::rows::{Goal, Row};
use super::two_workers;

/// Frames of the files.
const FRAMES: usize = 256;

/// Pixels along each side of a frame.
const SIDE: usize = 1024;

/// Decompressed bytes that one core is to give in a second.
const BYTES_PER_SECOND: f64 = 2e9;

/// Adds up a frame's counts, with as little besides as can be.
#[pasha::kernel]
fn sum<A: Hdf5Element + Into<u64>>(frame: ArrayView2<A>) -> u64 {
    frame.iter().map(|&count| -> u64 { count.into() }).sum()
}

/// Looks at one count of each frame, which has to be decompressed for it.
#[pasha::kernel]
fn first<A: Hdf5Element + Into<u64>>(frame: ArrayView2<A>) -> u64 {
    frame[(0, 0)].into()
}

/// All rows about filters.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (element, size) in [("u2", 2), ("u4", 4)] {
        let bytes = FRAMES * SIDE * SIDE * size;
        let goal = Duration::from_secs_f64(bytes as f64 / BYTES_PER_SECOND);
        rows.push(Row::fallible(
            format!(
                "bitshuffle and LZ4, {} MB of {element}, decompressed by one core",
                bytes / 1_000_000
            ),
            "h5py with hdf5plugin",
            Goal::Median(goal),
            21,
            move || if size == 2 { decompress::<u16>(element) } else { decompress::<u32>(element) },
        ));
    }
    for which in ["threads", "processes"] {
        let name = format!("sums of {FRAMES} frames in bitshuffle and LZ4, {which}");
        rows.push(Row::fallible(
            name.clone(),
            "the same, serial",
            Goal::TimesFaster(1.8),
            15,
            move || against_serial(which),
        ));
        rows.push(Row::fallible(
            name,
            "h5py with hdf5plugin and NumPy in two processes",
            Goal::TimesFaster(3.0),
            11,
            move || against_python(which),
        ));
    }
    rows
}

/// The frames that Python has written, below Cargo's target folder; the file is kept there.
fn open<A: Hdf5Element>(
    python: &mut Python,
    element: &str,
) -> Result<(PathBuf, Hdf5Dataset<A, Ix3>), String> {
    let path =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("frames-{element}-{FRAMES}.h5"));
    if !path.exists() {
        python.ask(&format!("frames write {element} {FRAMES} {SIDE} {}", path.display()))?;
    }
    let frames = Hdf5Dataset::open(&path, "entry/data/data").map_err(|error| error.to_string())?;
    Ok((path, frames))
}

fn decompress<A: Hdf5Element + Into<u64>>(element: &str) -> Result<Duel, String> {
    let mut python = Python::start()?;
    let (path, frames) = open::<A>(&mut python, element)?;
    let request = format!("frames read {}", path.display());
    python.ask(&request)?;
    Ok(Duel::new(
        move || timed(|| first::run_serial(&frames).unwrap()),
        move || python.time_of(&request),
    ))
}

fn against_serial(which: &str) -> Result<Duel, String> {
    let (_, frames) = open::<u32>(&mut Python::start()?, "u4")?;
    let (context, same_frames) = (two_workers(which), frames.clone());
    Ok(Duel::new(
        move || timed(|| sum::run_in(&context, &frames).unwrap()),
        move || timed(|| sum::run_serial(&same_frames).unwrap()),
    ))
}

fn against_python(which: &str) -> Result<Duel, String> {
    let mut python = Python::start()?;
    let (path, frames) = open::<u32>(&mut python, "u4")?;
    let context = two_workers(which);
    let request = format!("frames sum {}", path.display());
    python.ask(&request)?;
    Ok(Duel::new(
        move || timed(|| sum::run_in(&context, &frames).unwrap()),
        move || python.time_of(&request),
    ))
}
