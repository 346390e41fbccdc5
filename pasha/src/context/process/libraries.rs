//! The lock of the libraries that read files, held while a process is forked.
//!
//! HDF5 and netCDF are not made for threads, so their crates have one lock for both. A child that
//! was forked while another thread was in one of them would find the lock taken for ever, and what it
//! guards half changed. So the forking thread takes it, which waits until no call is under way. In
//! the child it is never given back: the lock is reentrant, so the child's only thread goes on using
//! the libraries, and giving back would mean to wake the waiting threads of the parent, of which
//! only the memory is there.

#[cfg(any(feature = "hdf5", feature = "netcdf"))]
mod lock {
    use std::any::Any;

    /// The lock, held until it is dropped.
    pub(in super::super) struct Libraries(#[allow(dead_code, reason = "it is held")] Box<dyn Any>);

    impl Libraries {
        pub(in super::super) fn hold() -> Self {
            Libraries(Box::new(hdf5_metno_sys::LOCK.lock()))
        }

        /// Keeps the lock for good, in a child.
        pub(in super::super) fn keep(self) {
            std::mem::forget(self);
        }
    }
}

#[cfg(not(any(feature = "hdf5", feature = "netcdf")))]
mod lock {
    /// No such library is used.
    pub(in super::super) struct Libraries;

    impl Libraries {
        pub(in super::super) fn hold() -> Self {
            Libraries
        }

        /// Does nothing.
        pub(in super::super) fn keep(self) {}
    }
}

pub(super) use lock::Libraries;
