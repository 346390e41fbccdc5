//! A program that makes MPI calls of its own, and initializes and finalizes MPI.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use mpi::Threading;
use mpi::traits::*;
use pasha::MpiContext;

/// Broadcasts for a second, with maps in between; then maps once more, after MPI's end. With the
/// argument `serialized`, MPI is initialized for calls of one thread at a time.
pub(crate) fn run() -> ExitCode {
    let threading = match std::env::args().nth(2).as_deref() {
        Some("serialized") => Threading::Serialized,
        _ => Threading::Multiple,
    };
    let Some((universe, _)) = mpi::initialize_with_threading(threading) else {
        return ExitCode::FAILURE;
    };
    let context = match MpiContext::new() {
        Ok(context) => context,
        Err(error) => {
            println!("no context: {error}");
            return ExitCode::SUCCESS;
        }
    };
    let world = universe.world();
    let map = || pasha::map_in(&context, 0..10_u64, |_, _, n| n).map(|out| out.sum());
    let (begun, mut rounds, mut sum) = (Instant::now(), 0_u64, map());
    let mut goes_on = true;
    while goes_on {
        let mut values = [if world.rank() == 0 { rounds } else { 0 }; 1 << 12];
        world.process_at_rank(0).broadcast_into(&mut values[..]);
        assert!(values.iter().all(|&value| value == rounds));
        rounds += 1;
        if rounds.is_multiple_of(500) {
            sum = map();
        }
        goes_on = begun.elapsed() < Duration::from_secs(1);
        world.process_at_rank(0).broadcast_into(&mut goes_on);
    }
    drop(universe);
    let error = map().expect_err("MPI is finalized");
    println!("{sum:?}, then {error}");
    ExitCode::SUCCESS
}
