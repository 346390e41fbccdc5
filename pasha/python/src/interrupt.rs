//! What ends a map from outside: Ctrl-C, and exceptions of functions that are called meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pasha::CancelToken;
use pyo3::prelude::*;

/// How often the thread that waits for workers looks whether Python has a signal to handle.
pub(crate) const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// The exception that ends a map, shared by all that may raise one.
#[derive(Clone, Default)]
pub(crate) struct Interrupt {
    raised: Arc<Mutex<Option<PyErr>>>,
    is_raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// Ends the map with this exception, unless another one does already.
    pub(crate) fn raise(&self, error: PyErr) {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.get_or_insert(error);
        self.is_raised.store(true, Ordering::Release);
    }

    /// The exception that has ended the map.
    pub(crate) fn take(&self) -> Option<PyErr> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether both end the same map.
    pub(crate) fn is(&self, other: &Interrupt) -> bool {
        Arc::ptr_eq(&self.is_raised, &other.is_raised)
    }

    fn is_raised(&self) -> bool {
        self.is_raised.load(Ordering::Acquire)
    }

    /// Runs the handlers of signals that have come; says whether the map is to end. Python runs
    /// them on its main thread alone.
    pub(crate) fn look(&self) -> bool {
        if let Some(Err(error)) = Python::try_attach(|py| py.check_signals()) {
            self.raise(error);
        }
        self.is_raised()
    }

    /// A token that is cancelled once something is raised. The calling thread calls `meanwhile`
    /// now and then while it waits for forked workers, when it asks a hundred times a second and
    /// when a signal wakes it; otherwise it may ask for each item.
    pub(crate) fn token(
        &self,
        are_forked: bool,
        meanwhile: impl Fn() + Send + Sync + 'static,
    ) -> CancelToken {
        let pause = if are_forked { Duration::ZERO } else { BETWEEN_LOOKS };
        let (caller, process) = (std::thread::current().id(), rustix::process::getpid());
        let last = Mutex::new(Instant::now());
        let interrupt = self.clone();
        CancelToken::asking(move || {
            if interrupt.is_raised() {
                return true;
            }
            if std::thread::current().id() != caller {
                return false;
            }
            let Ok(mut last) = last.try_lock() else { return false };
            // A forked worker is a copy of this thread.
            if last.elapsed() < pause || rustix::process::getpid() != process {
                return false;
            }
            *last = Instant::now();
            meanwhile();
            interrupt.look()
        })
    }
}
