//! What it costs that a job can be gone on with.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ndarray::ArrayViewMut1;
use pasha::prelude::*;
use pasha::{Options, Ragged};

use super::NUM_WORKERS;
use super::duel::{Duel, timed};

/// Items of a job.
const LEN: usize = 2000;

/// Works for a millisecond.
fn work() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1) {
        std::hint::spin_loop();
    }
}

/// A row of 16 kB.
#[pasha::kernel]
fn row(value: usize, #[output(shape = 4096)] mut row: ArrayViewMut1<f32>) {
    work();
    row.fill(value as f32);
}

/// Some tens of values.
#[pasha::kernel]
fn pushed(value: usize, #[output(ragged)] values: &mut Ragged<u64>) {
    work();
    values.extend((0..value % 100).map(|step| (value + step) as u64));
}

/// A folder for the files of a job, which is removed when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("pasha-bench-job-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn context(folder: &Path, is_durable: bool) -> ThreadContext {
    let options = Options::new().resume(folder.join("job")).durable(is_durable);
    let mut context = ThreadContext::new(NUM_WORKERS).unwrap();
    *context.options_mut() = options;
    context
}

/// A durable job of 2,000 items of a millisecond, each with 16 kB, against one that is not.
pub(crate) fn durable() -> Duel {
    let job = |is_durable: bool| {
        let folder = Folder::new();
        let context = context(&folder.0, is_durable);
        let mut out =
            context.alloc::<f32>((LEN, 4096)).file(folder.0.join("rows.npy")).build().unwrap();
        timed(|| row::run_into(&context, 0..LEN, &mut out).unwrap())
    };
    Duel::new(move || job(true), move || job(false))
}

/// A job of 2,000 items of a millisecond with ragged outputs, against the map without a job.
pub(crate) fn ragged() -> Duel {
    let plain = ThreadContext::new(NUM_WORKERS).unwrap();
    let ours = || {
        let folder = Folder::new();
        let context = context(&folder.0, false);
        timed(|| pushed::run_in(&context, 0..LEN).unwrap())
    };
    Duel::new(ours, move || timed(|| pushed::run_in(&plain, 0..LEN).unwrap()))
}
