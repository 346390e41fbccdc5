//! Small maps: what a map costs besides its items.

use std::time::Duration;

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use pasha::prelude::*;
use pasha::{AnyContext, Memory};

use super::duel::{Duel, timed};
use super::{NUM_WORKERS, peer_pool};

/// Gives the item back.
#[pasha::kernel]
fn same(value: u64) -> u64 {
    value
}

/// A map over so many items, against the least that could start its workers.
pub(crate) fn against_floor(context: AnyContext, len: usize) -> Duel {
    let inp: Vec<u64> = (0..len as u64).collect();
    let forks = context.memory() == Memory::Shared;
    let ours = move || timed(|| same::run_in(&context, &inp).unwrap());
    if forks {
        return Duel::new(ours, two_forks);
    }
    let pool = peer_pool();
    Duel::new(ours, move || timed(|| pool.broadcast(|_| ())))
}

/// Two children that end at once, and are waited for.
fn two_forks() -> Duration {
    timed(|| {
        let children: Vec<_> = (0..NUM_WORKERS)
            .map(|_| {
                // SAFETY: the child calls nothing but `_exit`, which is allowed in any child.
                match unsafe { fork() }.expect("a fork") {
                    // SAFETY: `_exit` may be called in any child, and nothing of it is used
                    // afterwards.
                    ForkResult::Child => unsafe { nix::libc::_exit(0) },
                    ForkResult::Parent { child } => child,
                }
            })
            .collect();
        for child in children {
            waitpid(child, None).expect("a child that ended");
        }
    })
}
