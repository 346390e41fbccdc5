//! The mean of each train's image in a run of the European XFEL, stored in one piece or in gzip
//! chunks, against a loop over the mapped file and against Python pasha with EXtra-data.

use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use ndarray::Ix2;
use pasha::xfel::{Key, Run, Train};
use rayon::prelude::*;

use super::detector::SIDE;
use super::duel::{Duel, Figures, Measured, Unit, timed};
use super::python::Python;
use super::rows::{Goal, Row};
use super::{memory, peer_pool, two_workers};

/// The camera of the runs, as `peers/python_pasha.py` writes them.
const CAMERA: (&str, &str) = ("BENCH/CAM/CAMERA:daqOutput", "data.image.pixels");

/// Trains of the run in one piece, of 1 GB, and of the longest in chunks.
const TRAINS: usize = 2000;

/// Trains of the run in chunks, of 210 MB decompressed.
const TRAINS_IN_CHUNKS: usize = 400;

/// Bytes of memory that a map over chunks may need above its output.
const MOST_MEMORY: f64 = 100e6;

/// The mean of a train's image, in counts.
#[pasha::kernel]
fn mean(image: Train<'_, u16, Ix2>) -> f64 {
    mean_of(image.data.as_slice().expect("images lie in one piece"))
}

#[inline]
fn mean_of(counts: &[u16]) -> f64 {
    // The counts of a row fit into 32 bits, of which a vector holds more.
    let of_row = |row: &[u16]| row.iter().map(|&count| u32::from(count)).sum::<u32>();
    let sum: u64 = counts.chunks(SIDE).map(|row| u64::from(of_row(row))).sum();
    sum as f64 / counts.len() as f64
}

/// All rows about sources.
pub(super) fn rows() -> Vec<Row> {
    let python = "Python pasha with EXtra-data, the same context";
    let mut rows = Vec::new();
    for which in ["serial", "threads", "processes"] {
        let name = format!("mean of {TRAINS} trains, 1 GB in one piece, {which}");
        let most = 1.0 / 0.85;
        let peer = match which {
            // Each fork maps it anew, whatever its parent has seen of it.
            "processes" => "plain loop in two threads over the file, mapped anew",
            "threads" => "plain loop in two threads over the mapped file",
            _ => "plain loop over the mapped file",
        };
        let against_loop =
            Row::fallible(name.clone(), peer, Goal::Ratio(most, most), 31, move || {
                against_loop(which)
            });
        let goal = if which == "serial" { Goal::None } else { Goal::TimesFaster(3.0) };
        let against_python = Row::fallible(name, python, goal, 11, move || {
            against_python("contiguous", TRAINS, which)
        });
        rows.extend([against_loop, against_python]);
    }
    for (which, times_faster) in
        [("serial", None), ("threads", Some(3.5)), ("processes", Some(1.8))]
    {
        let name = format!("mean of {TRAINS_IN_CHUNKS} trains, 210 MB in gzip chunks, {which}");
        if which != "serial" {
            rows.push(Row::fallible(
                name.clone(),
                "the same, serial",
                Goal::TimesFaster(1.8),
                15,
                move || against_serial(which),
            ));
        }
        let goal = times_faster.map_or(Goal::None, Goal::TimesFaster);
        rows.push(Row::fallible(name, python, goal, 7, move || {
            against_python("gzip", TRAINS_IN_CHUNKS, which)
        }));
    }
    for which in ["threads", "processes"] {
        rows.push(Row::other(
            format!("memory: mean of {TRAINS} trains in gzip chunks, {which}; sum of Pss"),
            "output",
            Goal::MoreMemory(MOST_MEMORY),
            move || memory_of_chunks(which),
        ));
    }
    rows
}

/// A run that Python has written, below Cargo's target folder; it is kept there.
fn run(python: &mut Python, storage: &str, trains: usize) -> Result<PathBuf, String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("run-{storage}-{trains}"));
    let is_written = std::fs::read_dir(&folder)
        .is_ok_and(|mut files| files.any(|file| file.is_ok_and(|file| is_run_file(&file.path()))));
    if !is_written {
        python.ask(&format!("write {storage} {trains} {}", folder.display()))?;
    }
    Ok(folder)
}

/// Has a run's files in the page cache as a map over them leaves them there, and not as they were
/// written.
///
/// Linux keeps a file in pieces as large as what was read or written at once, and each piece takes
/// its page faults. A run is written elsewhere, by the data acquisition, and read here.
fn read_anew(folder: &Path, images: &Key<u16, Ix2>) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    for file in std::fs::read_dir(folder).map_err(failed)? {
        let file = File::open(file.map_err(failed)?.path()).map_err(failed)?;
        // What is not on the disk yet stays in the cache.
        file.sync_all().map_err(failed)?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)
            .map_err(|error| error.to_string())?;
    }
    mean::run_parallel(images).map(drop).map_err(|error| error.to_string())
}

fn is_run_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "h5")
}

fn open(folder: &Path) -> Result<Key<u16, Ix2>, String> {
    let run = Run::open(folder).map_err(|error| error.to_string())?;
    run.key(CAMERA.0, CAMERA.1).map_err(|error| error.to_string())
}

fn against_loop(which: &str) -> Result<Duel, String> {
    let folder = run(&mut Python::start()?, "contiguous", TRAINS)?;
    let (images, context) = (open(&folder)?, two_workers(which));
    read_anew(&folder, &images)?;
    let mut mapped = Mapped::open(&folder)?;
    let expected = mapped.means();
    if mean::run_in(&context, &images).map_err(|error| error.to_string())?.to_vec() != expected {
        return Err("both sides see other images".to_owned());
    }
    let pool = (which != "serial").then(peer_pool);
    let maps_anew = which == "processes";
    Ok(Duel::new(
        move || timed(|| mean::run_in(&context, &images).unwrap()),
        move || {
            if maps_anew {
                mapped = Mapped::open(&folder).unwrap();
            }
            timed(|| match &pool {
                None => mapped.means(),
                Some(pool) => {
                    pool.install(|| mapped.frames().par_chunks(IMAGE).map(mean_of).collect())
                }
            })
        },
    ))
}

/// Pixels of an image.
const IMAGE: usize = SIDE * SIDE;

/// The images, where they lie in the mapped file.
struct Mapped {
    map: Mmap,
    offset: usize,
}

impl Mapped {
    fn open(folder: &Path) -> Result<Mapped, String> {
        let path = std::fs::read_dir(folder)
            .map_err(|error| error.to_string())?
            .find_map(|file| file.ok().map(|file| file.path()).filter(|path| is_run_file(path)))
            .ok_or("there is no file")?;
        let name = format!("INSTRUMENT/{}/{}", CAMERA.0, CAMERA.1.replace('.', "/"));
        let offset = hdf5_metno::File::open(&path)
            .and_then(|file| file.dataset(&name))
            .map_err(|error| error.to_string())?
            .offset()
            .ok_or("the images do not lie in one piece")? as usize;
        let file = File::open(&path).map_err(|error| error.to_string())?;
        // SAFETY: nobody writes the file, which is the benchmark's own.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| error.to_string())?;
        Ok(Mapped { map, offset })
    }

    fn frames(&self) -> &[u16] {
        bytemuck::cast_slice(&self.map[self.offset..][..TRAINS * IMAGE * size_of::<u16>()])
    }

    fn means(&self) -> Vec<f64> {
        black_box(self.frames()).chunks_exact(IMAGE).map(mean_of).collect()
    }
}

fn against_serial(which: &str) -> Result<Duel, String> {
    let folder = run(&mut Python::start()?, "gzip", TRAINS_IN_CHUNKS)?;
    let (images, context) = (open(&folder)?, two_workers(which));
    let same_images = images.clone();
    Ok(Duel::new(
        move || timed(|| mean::run_in(&context, &images).unwrap()),
        move || timed(|| mean::run_serial(&same_images).unwrap()),
    ))
}

fn against_python(storage: &str, trains: usize, which: &str) -> Result<Duel, String> {
    let mut python = Python::start()?;
    let folder = run(&mut python, storage, trains)?;
    let (images, context) = (open(&folder)?, two_workers(which));
    read_anew(&folder, &images)?;
    let request = format!("mean {which} {}", folder.display());
    python.ask(&request)?;
    Ok(Duel::new(
        move || timed(|| mean::run_in(&context, &images).unwrap()),
        move || python.time_of(&request),
    ))
}

fn memory_of_chunks(which: &str) -> Result<Measured, String> {
    let folder = run(&mut Python::start()?, "gzip", TRAINS)?;
    let (images, context) = (open(&folder)?, two_workers(which));
    let (out, most) = memory::most_during(|| mean::run_in(&context, &images));
    let out = out.map_err(|error| error.to_string())?;
    Ok(Measured {
        ours: Figures::one(most? as f64),
        peer: Figures::one((out.len() * size_of::<f64>()) as f64),
        unit: Unit::Bytes,
    })
}
