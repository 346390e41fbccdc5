//! The lock of the libraries that read files, held while a process is forked.
//!
//! HDF5 and netCDF are not made for threads, so their crates have one lock for both. A child that
//! was forked while another thread was in one of them would find the lock taken for ever, and what
//! it guards half changed. So the forking thread takes it, which waits until no call is under way.
//!
//! What HDF5's crate makes on first use has a lock of its own, that of its `LazyLock`, which is
//! held for a moment after the library's. So the forking thread makes it before, or waits until the
//! thread that makes it has ended.
//!
//! A child does not give the lock back as usual: that could hand it to a thread of the parent that
//! waits for it, of which only the memory is there. It makes the lock anew, so that all threads
//! that the kernel starts can use the libraries.

#[cfg(any(feature = "hdf5", feature = "netcdf"))]
mod lock {
    use std::any::Any;
    use std::ptr;
    use std::time::Duration;

    use hdf5_metno_sys::LOCK;
    use parking_lot::ReentrantMutex;

    /// The lock, held until it is dropped.
    pub(in super::super) struct Libraries {
        held: Box<dyn Any>,
        /// Whether the thread had it before.
        is_inner: bool,
    }

    impl Libraries {
        /// Makes what HDF5's crate makes on first use, or waits until it is made.
        ///
        /// Not where this thread has the lock, for which the thread that makes it may wait: who
        /// got the lock from that crate has used it.
        pub(in super::super) fn prepare() {
            if !LOCK.is_owned_by_current_thread() {
                hdf5_metno::sync::sync(|| ());
            }
        }

        /// Takes the lock, if it can be had in this time.
        pub(in super::super) fn hold(patience: Duration) -> Option<Self> {
            let is_inner = LOCK.is_owned_by_current_thread();
            let held = LOCK.try_lock_for(patience)?;
            Some(Libraries { held: Box::new(held), is_inner })
        }

        /// Waits until the lock can be had.
        pub(in super::super) fn wait() {
            drop(LOCK.lock());
        }

        /// Makes the lock anew, in a child.
        ///
        /// Where the map was started under the lock, the child's first thread keeps it, as the
        /// program does.
        pub(in super::super) fn let_go_in_child(self) {
            std::mem::forget(self.held);
            if self.is_inner {
                return;
            }
            let lock: *const ReentrantMutex<()> = &raw const LOCK;
            // SAFETY: this process has one thread, whose guard of the lock was forgotten above, so
            // that nothing borrows it; all fields of the lock are cells and atomics, so that it
            // lies in memory that may be written; and it has nothing to drop.
            unsafe { ptr::write(lock.cast_mut(), ReentrantMutex::new(())) };
        }
    }
}

#[cfg(not(any(feature = "hdf5", feature = "netcdf")))]
mod lock {
    use std::time::Duration;

    /// No such library is used.
    pub(in super::super) struct Libraries;

    impl Libraries {
        /// Does nothing.
        pub(in super::super) fn prepare() {}

        pub(in super::super) fn hold(_patience: Duration) -> Option<Self> {
            Some(Libraries)
        }

        /// Does nothing.
        pub(in super::super) fn wait() {}

        /// Does nothing.
        pub(in super::super) fn let_go_in_child(self) {}
    }
}

pub(super) use lock::Libraries;
