//! Which memory the maps that run now read and write, by its addresses.
//!
//! A map runs without Python's lock, so that several may run at once, and Python lets any number of
//! arrays share one memory. A kernel's slots are `&mut`: nobody else may read or write what a map
//! writes, be it another map or another argument of the same call. What Python's own code does with
//! an array meanwhile is beyond this list.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a map does with some memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Reads,
    Writes,
}

/// The memory that a running map uses, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim(u64);

struct Entry {
    number: u64,
    addresses: Range<usize>,
    access: Access,
}

struct Claims {
    next: u64,
    entries: Vec<Entry>,
}

// The lock is taken by threads that hold Python's lock alone, so that no fork of Python's comes
// while it is held.
static CLAIMS: Mutex<Claims> = Mutex::new(Claims { next: 0, entries: Vec::new() });

fn claims() -> MutexGuard<'static, Claims> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets all, in a process that Python has forked: the maps of its parent do not run there.
pub(crate) fn forget_all() {
    claims().entries.clear();
}

impl Claim {
    /// Takes note of the memory; `None` if a map writes to it, or if it is to be written and a map
    /// reads it.
    pub(crate) fn new(addresses: Range<usize>, access: Access) -> Option<Claim> {
        let mut claims = claims();
        let is_apart = |other: &Range<usize>| {
            other.end <= addresses.start || addresses.end <= other.start || addresses.is_empty()
        };
        let conflicts = |entry: &Entry| {
            (access == Access::Writes || entry.access == Access::Writes)
                && !is_apart(&entry.addresses)
        };
        if claims.entries.iter().any(conflicts) {
            return None;
        }
        let number = claims.next;
        claims.next += 1;
        claims.entries.push(Entry { number, addresses, access });
        Some(Claim(number))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        claims().entries.retain(|entry| entry.number != self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_by_many_and_written_by_one() {
        // Addresses that no array of this test program has.
        let first = Claim::new(10..20, Access::Reads).unwrap();
        let second = Claim::new(15..25, Access::Reads).unwrap();
        assert!(Claim::new(19..30, Access::Writes).is_none());
        let third = Claim::new(25..30, Access::Writes).unwrap();
        assert!(Claim::new(29..30, Access::Reads).is_none());
        assert!(Claim::new(29..29, Access::Writes).is_some());
        drop((first, second, third));
        assert!(Claim::new(10..30, Access::Writes).is_some());
    }
}
