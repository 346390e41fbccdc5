//! More workers than cores: whether workers stand in each other's way.

use pasha::AnyContext;

use super::duel::{Duel, timed};
use super::unequal::{Load, item};

/// So many workers on an unequal load, against two.
pub(crate) fn against_two(context: &str, num_workers: usize) -> Duel {
    let run = |num_workers: usize| {
        let context: AnyContext = format!("{context}:{num_workers}").parse().unwrap();
        let steps = Load::Spikes.steps();
        let mut out = item::alloc(&context, &steps).unwrap();
        move || timed(|| item::run_into(&context, &steps, &mut out).unwrap())
    };
    Duel::new(run(num_workers), run(2))
}
