//! How fast the workers of a rank are.

use std::time::{Duration, Instant};

/// How many items a second the workers here do.
pub(super) struct Rate {
    begun: Instant,
    /// When the last count was, and how many were finished then.
    since: Instant,
    before: usize,
    items_a_second: f64,
}

impl Rate {
    pub(super) fn new(begun: Instant) -> Rate {
        Rate { begun, since: begun, before: 0, items_a_second: 0.0 }
    }

    /// The rate, where so many items are finished now.
    pub(super) fn now(&mut self, finished: usize) -> f64 {
        // Long enough for some of the items to have ended.
        const LEAST_INTERVAL: Duration = Duration::from_millis(5);
        let now = Instant::now();
        if finished > self.before && now.duration_since(self.since) > LEAST_INTERVAL
            || self.before == 0
        {
            let since = if self.before == 0 { self.begun } else { self.since };
            let seconds = now.duration_since(since).as_secs_f64().max(1e-6);
            let latest = (finished - self.before) as f64 / seconds;
            self.items_a_second = match self.items_a_second {
                0.0 => latest,
                before => 0.5 * (before + latest),
            };
            if finished > 0 {
                (self.since, self.before) = (now, finished);
            }
        }
        self.items_a_second
    }
}
