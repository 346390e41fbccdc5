//! Items that take unequal time: how well shares are balanced.
//!
//! The peer is the ideal: half of the time of a serial loop over the same items.

use std::hint::black_box;

use pasha::AnyContext;

use super::NUM_WORKERS;
use super::duel::{Duel, timed};

/// How the work of an item depends on its index.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    Linear,
    Quadratic,
    /// 1 % of the items, anywhere, take 100 times as long.
    Spikes,
    /// The first 1 % of the items take 100 times as long.
    Head,
    /// The last 1 % of the items take 100 times as long.
    Tail,
    /// 200 items of a millisecond.
    Coarse,
}

impl Load {
    pub(crate) const ALL: [Load; 6] =
        [Load::Linear, Load::Quadratic, Load::Spikes, Load::Head, Load::Tail, Load::Coarse];

    /// What it is called in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Load::Linear => "items of linearly growing time",
            Load::Quadratic => "items of quadratically growing time",
            Load::Spikes => "1 % of items, anywhere, of 100 times the time",
            Load::Head => "the first 1 % of items of 100 times the time",
            Load::Tail => "the last 1 % of items of 100 times the time",
            Load::Coarse => "200 coarse items",
        }
    }

    /// Steps of work for each item.
    pub(super) fn steps(self) -> Vec<u32> {
        let items = 20_000_u64;
        let steps = |step: &dyn Fn(u64) -> u64| (0..items).map(|i| step(i) as u32).collect();
        match self {
            Load::Linear => steps(&|i| 2 * 5_000 * i / items),
            Load::Quadratic => steps(&|i| 3 * 5_000 * i * i / (items * items)),
            Load::Spikes => steps(&|i| {
                let hash = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
                if hash % 100 == 0 { 250_000 } else { 2_500 }
            }),
            Load::Head => steps(&|i| if i < items / 100 { 250_000 } else { 2_500 }),
            Load::Tail => steps(&|i| if i >= items - items / 100 { 250_000 } else { 2_500 }),
            Load::Coarse => vec![500_000; 200],
        }
    }
}

/// Work that nothing can shorten: each step needs the one before.
#[inline(never)]
fn work(steps: u32) -> f64 {
    let mut value = 1.0_f64;
    for _ in 0..steps {
        value = black_box(value * 0.999_999);
    }
    value
}

/// Does an item's steps.
#[pasha::kernel]
pub(super) fn item(steps: u32) -> f64 {
    work(steps)
}

/// A load in a context, against half of the serial loop.
pub(crate) fn against_ideal(load: Load, context: AnyContext) -> Duel {
    let steps = load.steps();
    let peer_steps = steps.clone();
    let mut out = item::alloc(&context, &steps).unwrap();
    let mut peer_out = vec![0.0; steps.len()];
    Duel::new(
        move || timed(|| item::run_into(&context, &steps, &mut out).unwrap()),
        move || {
            let serial = timed(|| {
                for (out, &steps) in peer_out.iter_mut().zip(&peer_steps) {
                    *out = work(steps);
                }
            });
            serial / NUM_WORKERS as u32
        },
    )
}

/// Two serial loops at the same time, each on a core of its own and with half of equal items: what
/// the cores of this machine can do at best, against half of one serial loop.
pub(crate) fn floor() -> Duel {
    let half = Load::Coarse.steps().len() / NUM_WORKERS;
    let serial = || timed(|| Load::Coarse.steps().iter().map(|&steps| work(steps)).sum::<f64>());
    let both = move || {
        timed(|| {
            std::thread::scope(|scope| {
                for _ in 0..NUM_WORKERS {
                    scope.spawn(move || {
                        let steps = Load::Coarse.steps();
                        black_box(steps[..half].iter().map(|&steps| work(steps)).sum::<f64>())
                    });
                }
            });
        })
    };
    Duel::new(both, move || serial() / NUM_WORKERS as u32)
}
