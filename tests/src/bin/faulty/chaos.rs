//! Workers killed at random, under retry: the outcome is that of an undisturbed run, bit for bit.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ndarray::prelude::*;
use pasha::prelude::*;
use pasha::{Error, Report};
use pasha_tests::children;
use rustix::process::{Pid, Signal, kill_process};

/// Outputs of several shapes.
#[pasha::kernel]
fn shapes(
    value: u64,
    #[output(shape = (3,), fill = f64::NAN)] mut powers: ArrayViewMut1<f64>,
    #[output] parity: &mut bool,
    #[output(shape = (2, 2), fill = -1)] mut table: ArrayViewMut2<i32>,
) -> [f64; 2] {
    let number = value as f64;
    for (power, slot) in powers.iter_mut().enumerate() {
        *slot = number.powi(power as i32);
    }
    *parity = value % 2 == 1;
    table[[(value % 2) as usize, 0]] += value as i32;
    [number.sqrt(), number.sin()]
}

/// Accumulators: what is added twice, or not at all, shows.
#[pasha::kernel]
fn sums(
    value: u64,
    #[reduce(sum)] total: &mut u64,
    #[reduce(sum, shape = (64,))] mut histogram: ArrayViewMut1<u64>,
    #[per_worker] calls: &mut u64,
) -> u64 {
    *calls += 1;
    *total += value;
    histogram[(value % 64) as usize] += 1;
    value.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The product of two matrices, modulo a prime below 2^31, which is exact: any two neighbours may
/// be multiplied first, but never in another order.
fn multiply(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    const PRIME: u64 = 2_147_483_629;
    let entry = |row: usize, column: usize| {
        (a[2 * row] * b[column] + a[2 * row + 1] * b[2 + column]) % PRIME
    };
    [entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)]
}

/// Reductions that show in which order they were merged.
#[pasha::kernel]
fn ordered(
    value: u64,
    #[reduce(sum)] total: &mut f64,
    #[reduce(multiply, init = [1, 0, 0, 1])] all: &mut [u64; 4],
    #[reduce(sum, shape = (64,))] mut histogram: ArrayViewMut1<f32>,
) {
    *total += (value as f64).sin();
    *all = multiply(*all, [value + 1, 2 * value + 1, 3, value]);
    histogram[(value % 64) as usize] += (value as f32).cos();
}

/// So simple that it is vectorised where nothing stands against it.
#[pasha::kernel]
fn triple(value: f64) -> f64 {
    3.0 * value
}

/// A generator of numbers, the same for the same seed (xorshift64, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
}

/// Kills random workers until it is told to stop.
fn kill_workers(seed: u64, kills: &AtomicUsize, stop: &AtomicBool) {
    let mut random = Random(seed | 1);
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..random.next(2000) {
            std::hint::spin_loop();
        }
        let workers = children();
        if workers.is_empty() {
            continue;
        }
        let worker = workers[random.next(workers.len())] as i32;
        let killed = Pid::from_raw(worker).map(|worker| kill_process(worker, Signal::KILL));
        kills.fetch_add(usize::from(killed == Some(Ok(()))), Ordering::Relaxed);
    }
}

/// Ends the killing when it is dropped, also by a panic: the scope waits for its threads.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Counts {
    maps: usize,
    replaced: usize,
    retried: usize,
}

impl Counts {
    fn add(&mut self, report: &Report) {
        self.maps += 1;
        self.replaced += report.replaced;
        self.retried += report.retried;
        assert_eq!((report.finished, report.failed.len()), (report.len, 0));
    }
}

/// Runs maps until at least this many workers have been replaced after their death.
pub(crate) fn run(seed: u64, deaths: usize) -> Result<(), Error> {
    const LEN: u64 = 40_000;
    let policy = OnFailure::Retry { times: 1_000_000, then: AfterRetries::Abort };
    let input = Array1::linspace(0.0, 1.0, 3_000_000);
    let plain = shapes::run_serial(0..LEN)?;
    let summed = sums::run_serial(0..LEN)?;
    let in_order = ordered::run_in(&SerialContext::new().reproducible(true), 0..LEN)?;
    let multiplied = (0..LEN)
        .fold([1, 0, 0, 1], |all, value| multiply(all, [value + 1, 2 * value + 1, 3, value]));
    assert_eq!(in_order.all, multiplied);
    let tripled = triple::run_serial(&input)?;
    let (kills, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut counts = Counts::default();
    std::thread::scope(|scope| {
        scope.spawn(|| kill_workers(seed, &kills, &stop));
        let _stop = StopAtEnd(&stop);
        let outcome = (0_usize..).try_for_each(|round| {
            if counts.replaced >= deaths {
                return Err(None);
            }
            let context = ProcessContext::new(2 + round % 3)?.on_failure(policy);
            let context = if round % 2 == 0 { context } else { context.static_split() };
            let (out, report) = shapes::run_report_in(&context, 0..LEN)?;
            assert!(out.powers == plain.powers && out.parity == plain.parity, "round {round}");
            assert!(out.table == plain.table && out.result == plain.result, "round {round}");
            counts.add(&report);
            let (out, report) = sums::run_report_in(&context, 0..LEN)?;
            assert_eq!((out.total, out.calls.sum()), (summed.total, LEN), "round {round}");
            assert!(out.histogram == summed.histogram && out.result == summed.result);
            counts.add(&report);
            let (out, report) =
                ordered::run_report_in(&context.clone().reproducible(true), 0..LEN)?;
            assert_eq!(out.total.to_bits(), in_order.total.to_bits(), "round {round}");
            assert_eq!(out.all, multiplied, "round {round}");
            assert!(out.histogram == in_order.histogram, "round {round}");
            counts.add(&report);
            let (out, report) = triple::run_report_in(&context, &input)?;
            assert!(out == tripled, "round {round}");
            counts.add(&report);
            Ok::<(), Option<Error>>(())
        });
        match outcome {
            Err(Some(error)) => Err(error),
            _ => Ok(()),
        }
    })?;
    println!(
        "seed {seed}: {} kills, {} workers replaced, {} items tried again, {} maps, all as undisturbed",
        kills.load(Ordering::Relaxed),
        counts.replaced,
        counts.retried,
        counts.maps
    );
    println!("children left {}", children().len());
    Ok(())
}
