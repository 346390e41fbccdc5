//! Two ways to do one work, timed alternately in one process.
//!
//! The speed of a machine changes from second to second, so times of different runs say little.
//! Here ours and the peer's take turns, and what counts is the ratio: of the fastest times, which
//! the rest of the machine has disturbed least, and of the medians.

use std::time::Duration;

/// One work, done by pasha and by a peer. Each call does it once and says how long it took,
/// without what is not to be timed.
pub(crate) struct Duel {
    pub(crate) ours: Box<dyn FnMut() -> Duration>,
    pub(crate) peer: Box<dyn FnMut() -> Duration>,
}

impl Duel {
    pub(crate) fn new(
        ours: impl FnMut() -> Duration + 'static,
        peer: impl FnMut() -> Duration + 'static,
    ) -> Self {
        Duel { ours: Box::new(ours), peer: Box::new(peer) }
    }

    /// Times both this often, alternately, after one round that is not counted.
    pub(crate) fn run(&mut self, rounds: usize) -> Measured {
        (self.ours)();
        (self.peer)();
        let (mut ours, mut peer) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            // Whoever comes second may find warm what the other has left: take turns in that, too.
            if round % 2 == 0 {
                ours.push((self.ours)());
                peer.push((self.peer)());
            } else {
                peer.push((self.peer)());
                ours.push((self.ours)());
            }
        }
        Measured {
            ours: Figures::of_times(ours),
            peer: Figures::of_times(peer),
            unit: Unit::Seconds,
        }
    }
}

/// What a row was found to come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) ours: Figures,
    pub(crate) peer: Figures,
    pub(crate) unit: Unit,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
}

/// The lowest of several figures, and their median.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) minimum: f64,
    pub(crate) median: f64,
}

impl Figures {
    pub(crate) fn of_times(mut times: Vec<Duration>) -> Figures {
        times.sort();
        Figures { minimum: times[0].as_secs_f64(), median: times[times.len() / 2].as_secs_f64() }
    }

    pub(crate) fn one(figure: f64) -> Figures {
        Figures { minimum: figure, median: figure }
    }
}

/// How long a call takes; what it gives is dropped afterwards.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = std::time::Instant::now();
    let result = std::hint::black_box(work());
    let took = begun.elapsed();
    drop(result);
    took
}

/// How long a call takes on average, of this many in a row: for calls of microseconds.
pub(crate) fn timed_often(times: u32, mut work: impl FnMut()) -> Duration {
    let begun = std::time::Instant::now();
    for _ in 0..times {
        work();
    }
    begun.elapsed() / times
}
