//! The memory of a map, that of its workers' processes included.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ndarray::{ArrayView1, ArrayViewMut1};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pasha::prelude::*;

use super::NUM_WORKERS;
use super::duel::{Figures, Measured, Unit};

/// Elements of a row.
const ROW: usize = 1 << 17;

/// Rows of 1 MiB.
const ROWS: usize = 1 << 10;

/// The square roots and the squares.
#[pasha::kernel]
fn roots_and_squares(
    row: ArrayView1<f64>,
    #[output(like = row)] mut roots: ArrayViewMut1<f64>,
    #[output(like = row)] mut squares: ArrayViewMut1<f64>,
) {
    for ((value, root), square) in row.iter().zip(&mut roots).zip(&mut squares) {
        *root = value.sqrt();
        *square = value * value;
    }
}

/// The memory of a map of 1 GiB into 2 GiB; and the arrays' size.
pub(crate) fn during_a_map() -> Result<Measured, String> {
    let context = ProcessContext::new(NUM_WORKERS).unwrap();
    let mut inp = context.alloc::<f64>((ROWS, ROW)).build().unwrap();
    inp.fill(2.0);
    let (out, most) = most_during(|| roots_and_squares::run_in(&context, &inp).unwrap());
    assert_eq!((out.roots[[ROWS - 1, 7]], out.squares[[0, ROW - 1]]), (2.0_f64.sqrt(), 4.0));
    let arrays = 3 * ROWS * ROW * size_of::<f64>();
    Ok(Measured {
        ours: Figures::one(most? as f64),
        peer: Figures::one(arrays as f64),
        unit: Unit::Bytes,
    })
}

/// Does the work, and says the most memory that this process and its workers had together meanwhile
/// and at its end, each page shared out among the processes that have it (Pss).
pub(super) fn most_during<T>(work: impl FnOnce() -> T) -> (T, Result<u64, String>) {
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !is_done.load(Ordering::Relaxed) {
                let begun = Instant::now();
                most = most.max(of_all());
                // Workers are held while they are looked at: let them run for as long.
                std::thread::sleep(begun.elapsed());
            }
            most
        });
        let out = work();
        let at_end = of_all();
        is_done.store(true, Ordering::Relaxed);
        let most = watch.join().expect("nothing panics there").max(at_end);
        let told = match most {
            0 => Err("this system does not tell Pss (/proc/self/smaps_rollup)".to_owned()),
            _ => Ok(most),
        };
        (out, told)
    })
}

/// Pss of this process and its children, in bytes.
///
/// The children are held meanwhile: what one of them writes between the look at it and that at
/// the others would count more than once.
fn of_all() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let children: Vec<String> = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    // One that has ended meanwhile is not held, and has no memory.
    let send = |signal| {
        for child in &children {
            let _ = child.parse().map(|pid| kill(Pid::from_raw(pid), signal));
        }
    };
    send(Signal::SIGSTOP);
    while children.iter().any(|child| is_running(child)) {
        std::thread::yield_now();
    }
    let own = std::process::id().to_string();
    let sum = children.iter().chain([&own]).map(|pid| of(pid)).sum();
    send(Signal::SIGCONT);
    sum
}

/// Whether a process runs, or could, instead of being held or over.
fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
    state.is_some_and(|state| !"TtZX".contains(state))
}

fn of(pid: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next());
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() * 1024
}
