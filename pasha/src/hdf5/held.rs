//! The lock of libhdf5, held while a worker is forked.

use hdf5_metno_sys::LOCK;

/// The lock that guards libhdf5 in all of the program, held by this thread.
///
/// A child that is forked while another thread is in the library gets a copy of it in the middle of something, and
/// of a lock that nobody releases. So nobody is in it during a fork.
#[derive(Debug)]
pub(crate) struct Held {
    _guard: Box<dyn std::any::Any>,
}

impl Held {
    /// Waits until no other thread is in the library, and keeps them out.
    pub(crate) fn hold() -> Held {
        Held { _guard: Box::new(LOCK.lock()) }
    }

    /// In a child: keeps the lock for the thread that forked, which can take it again as often as it likes.
    ///
    /// To release it might mean to wake threads that wait for it, which do not exist here, by means of locks
    /// that they may have held.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}
