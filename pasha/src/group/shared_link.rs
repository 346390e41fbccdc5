//! The link, which two threads use: whoever holds the messenger, and the one that sends heartbeats.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::link::{Link, Message};

/// A link, until its rank leaves the others.
pub(crate) struct SharedLink {
    link: Mutex<Option<Box<dyn Link>>>,
    begun: Instant,
    /// The time of the last heartbeats, and the time between two, in milliseconds.
    beaten: AtomicU64,
    between: AtomicU64,
    /// What says that this rank is alive, in whatever step.
    beat: Message,
    /// The ranks that heartbeats go to, and whether each has left.
    watched: Vec<(usize, AtomicBool)>,
}

impl SharedLink {
    /// The link, over which these heartbeats go to these ranks.
    pub(super) fn new(
        link: Box<dyn Link>,
        beat: Message,
        watched: impl Iterator<Item = usize>,
    ) -> SharedLink {
        SharedLink {
            link: Mutex::new(Some(link)),
            begun: Instant::now(),
            beaten: AtomicU64::new(0),
            between: AtomicU64::new(u64::MAX),
            beat,
            watched: watched.map(|rank| (rank, AtomicBool::new(false))).collect(),
        }
    }

    /// Calls something of the link, if this rank has not left.
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut dyn Link) -> T) -> Option<T> {
        let mut link = self.lock();
        let link: &mut dyn Link = &mut **link.as_mut()?;
        Some(call(link))
    }

    /// Gives up the link.
    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn Link>>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ranks that heartbeats go to.
    pub(super) fn watched(&self) -> impl Iterator<Item = usize> {
        self.watched.iter().map(|(rank, _)| *rank)
    }

    /// What says that this rank is alive.
    pub(super) fn heartbeat(&self) -> Message {
        Arc::clone(&self.beat)
    }

    /// So much time is to be between heartbeats.
    pub(super) fn beat_every(&self, between: Duration) {
        self.between.store(between.as_millis() as u64, Ordering::Relaxed);
    }

    /// Heartbeats have been sent at this time.
    pub(super) fn note_beat(&self, now: Instant) {
        self.beaten.store(self.time(now), Ordering::Relaxed);
    }

    fn time(&self, now: Instant) -> u64 {
        now.duration_since(self.begun).as_millis() as u64
    }

    /// No heartbeats go to this rank any more.
    pub(super) fn note_left(&self, rank: usize) {
        let of_rank = self.watched.iter().find(|(watched, _)| *watched == rank);
        of_rank.inspect(|(_, has_left)| has_left.store(true, Ordering::Relaxed));
    }

    /// Sends heartbeats, where whoever has the messenger is late with them: it copies a large slot,
    /// or waits for a disk.
    pub(super) fn beat_if_late(&self, now: Instant) {
        let since = self.time(now).saturating_sub(self.beaten.load(Ordering::Relaxed));
        if since < self.between.load(Ordering::Relaxed).saturating_mul(2) {
            return;
        }
        // Whoever uses it now is not late.
        let mut link = match self.link.try_lock() {
            Ok(link) => link,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let Some(link) = link.as_deref_mut() else { return };
        self.note_beat(now);
        for (rank, has_left) in &self.watched {
            if !has_left.load(Ordering::Relaxed) {
                // The messenger finds out that a rank can't be reached.
                let _ = link.send(*rank, self.heartbeat());
            }
        }
    }
}

impl fmt::Debug for SharedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLink").field("watched", &self.watched).finish_non_exhaustive()
    }
}
