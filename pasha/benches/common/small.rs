//! Small maps: what a map costs besides its items.

use pasha::prelude::*;

use super::duel::{Times, timed};

/// Gives the item back.
#[pasha::kernel]
fn same(value: u64) -> u64 {
    value
}

/// How long maps over this many items take, one after another.
pub(crate) fn maps(context: &dyn Context, len: usize, rounds: usize) -> Times {
    let inp: Vec<u64> = (0..len as u64).collect();
    let map = || timed(|| same::run_in(context, &inp).unwrap());
    map();
    Times::of((0..rounds).map(|_| map()).collect())
}
