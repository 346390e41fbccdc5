//! What is measured over ranks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mpi::traits::*;
use ndarray::ArrayViewMut1;
use pasha::{Context, MpiContext};

/// Five unequal loads, as in the benchmark, and two of which a rank is slow; the ratio to what all
/// workers could do.
pub(crate) fn balance(context: &dyn Context) {
    type Load<'l> = &'l (dyn Fn(usize, usize) -> u64 + Sync);
    let (is_slow, has_begun) = (context.rank() > 0, AtomicBool::new(false));
    let loads: [(&str, Load); 7] = [
        ("equal", &|_, _| 2000),
        ("rising", &|index, len| (4000 * index / len) as u64),
        ("falling", &|index, len| (4000 - 4000 * index / len) as u64),
        ("one in ten is slow", &|index, _| if index % 10 == 0 { 11_000 } else { 1000 }),
        ("slow at the end", &|index, len| if index * 20 > len * 19 { 20_000 } else { 1053 }),
        ("a rank is ten times slower", &|_, _| if is_slow { 10_000 } else { 1000 }),
        ("a rank is half a second late", &|_, _| {
            if is_slow && !has_begun.swap(true, Ordering::Relaxed) { 500_000 } else { 2000 }
        }),
    ];
    for (name, load) in loads {
        const LEN: usize = 1500;
        let begun = Instant::now();
        let report = pasha::map_report_in(&context, 0..LEN, |_, index, _| {
            std::thread::sleep(Duration::from_micros(load(index, LEN)));
        });
        let took = begun.elapsed();
        let (_, report) = report.map(|(out, report)| (drop(out), report)).expect("it ends");
        let busy: Duration = report.workers.iter().map(|worker| worker.busy).sum();
        let ideal = busy.as_secs_f64() / context.num_workers() as f64;
        if context.rank() == 0 {
            println!("balance, {name}: {:.3} of ideal ({took:.2?})", took.as_secs_f64() / ideal);
        }
    }
}

/// Items of 1 MiB.
const LEN: usize = 1024;
const ELEMENTS: usize = 1 << 17;

/// 1 GiB of outputs, whole on all ranks: in new memory, and in memory that is there.
pub(crate) fn bandwidth(context: &dyn Context) {
    let context_text = context.to_string();
    assert!(context_text.starts_with("2 ranks"), "the peer has two ranks, not {context_text}");
    for _ in 0..5 {
        let begun = Instant::now();
        let mut out = fill::run_in(context, 0..LEN).expect("it ends");
        let took = begun.elapsed().as_secs_f64();
        out.fill(0);
        let begun = Instant::now();
        fill::run_into(context, 0..LEN, &mut out).expect("it ends");
        let again = begun.elapsed().as_secs_f64();
        assert!(out.row(0).iter().all(|&value| value == 0));
        assert!(out.row(LEN - 1).iter().all(|&value| value == (LEN - 1) as u64));
        if context.rank() == 0 {
            println!("pasha: 1 GiB of outputs in {took:.2} s, once more in {again:.2} s");
        }
    }
}

#[pasha::kernel]
fn fill(value: usize, #[output(shape = (ELEMENTS,))] mut megabyte: ArrayViewMut1<u64>) {
    megabyte.fill(value as u64);
}

/// The same without pasha, between two ranks: each allocates 1 GiB, fills its half, and sends it to
/// the other.
pub(crate) fn plain() {
    let universe = mpi::initialize().expect("MPI starts");
    let world = universe.world();
    let rank = world.rank();
    let other = world.process_at_rank(1 - rank);
    for _ in 0..5 {
        world.barrier();
        let begun = Instant::now();
        let mut all = vec![0_u64; LEN * ELEMENTS];
        let (low, high) = all.split_at_mut(LEN / 2 * ELEMENTS);
        let (own, others) = if rank == 0 { (low, high) } else { (high, low) };
        let first = if rank == 0 { 0 } else { LEN / 2 };
        // Pieces of 64 MiB, first one way and then the other; and the same into memory that is
        // there.
        let mut fill_and_exchange = || {
            for (number, megabyte) in own.chunks_mut(ELEMENTS).enumerate() {
                megabyte.fill((first + number) as u64);
            }
            let sends = |own: &[u64]| own.chunks(8 << 20).for_each(|piece| other.send(piece));
            let receives = |others: &mut [u64]| {
                others.chunks_mut(8 << 20).for_each(|piece| {
                    other.receive_into(piece);
                });
            };
            if rank == 0 {
                sends(own);
                receives(others);
            } else {
                receives(others);
                sends(own);
            }
        };
        fill_and_exchange();
        let took = begun.elapsed().as_secs_f64();
        world.barrier();
        let begun = Instant::now();
        fill_and_exchange();
        let again = begun.elapsed().as_secs_f64();
        assert!(all[(LEN - 1) * ELEMENTS] == (LEN - 1) as u64 && all[ELEMENTS] == 1);
        if rank == 0 {
            println!("plain MPI: 1 GiB in {took:.2} s, once more in {again:.2} s");
        }
    }
}

#[pasha::kernel]
fn add_square(value: u64, #[reduce(sum)] total: &mut u64) {
    *total = total.wrapping_add(std::hint::black_box(value) * value);
}

/// Items a second: cheap ones, and such of a millisecond.
pub(crate) fn pool(context: &dyn Context) {
    let sums = |len: u64| add_square::run_in(context, 0..len).map(|_| len as usize);
    let at_root = MpiContext::new().expect("a context").outputs_at_root();
    let squares_at_root =
        |len: u64| pasha::map_in(&at_root, 0..len, |_, _, n| n * n).map(|out| out.len());
    let squares = |len: u64| pasha::map_in(&context, 0..len, |_, _, n| n * n).map(|out| out.len());
    let sleeps = |len: u64| {
        pasha::map_in(&context, 0..len, |_, _, n| {
            std::thread::sleep(Duration::from_millis(1));
            n
        })
        .map(|out| out.len())
    };
    for _ in 0..3 {
        for (name, len, run) in [
            ("cheap items, added up,", 10_000_000, &sums as &dyn Fn(u64) -> pasha::Result<usize>),
            ("cheap items, whole on rank 0,", 10_000_000, &squares_at_root),
            ("cheap items, whole on both ranks,", 10_000_000, &squares),
            ("items of 1 ms", 4000, &sleeps),
        ] {
            let begun = Instant::now();
            let len = run(len).expect("it ends") as f64;
            let rate = len / begun.elapsed().as_secs_f64();
            if context.rank() == 0 {
                println!("pasha: {rate:.0} {name} a second");
            }
        }
    }
}
