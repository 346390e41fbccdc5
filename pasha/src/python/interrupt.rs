//! Ctrl-C during a map: the thread that called looks whether Python has a signal to handle.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::memory::Memory;
use crate::options::CancelToken;

/// How often a thread looks that runs items itself, or might: while other threads of Python's run,
/// a look takes as long as they have the interpreter, 5 ms.
const BETWEEN_ITEMS: Duration = Duration::from_millis(10);
/// A thread that waits for forked workers asks a hundred times a second, and when a signal wakes
/// it.
const WHILE_WAITING: Duration = Duration::ZERO;

/// What ends a map from Python: a signal, or an exception of a function that was called meanwhile.
#[derive(Clone)]
pub(crate) struct Interrupt {
    raised: Arc<Mutex<Option<PyErr>>>,
    is_raised: Arc<AtomicBool>,
}

impl Interrupt {
    pub(crate) fn new() -> Interrupt {
        Interrupt {
            raised: Arc::new(Mutex::new(None)),
            is_raised: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Keeps the exception, and ends the map.
    pub(crate) fn raise(&self, error: PyErr) {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.get_or_insert(error);
        self.is_raised.store(true, Ordering::Release);
    }

    /// The exception that has ended the map.
    pub(crate) fn take(&self) -> Option<PyErr> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A token that is cancelled once something is raised. Whenever the calling thread looks at it,
    /// it looks for signals, too, which Python handles on its main thread alone.
    pub(crate) fn token(&self, workers: Memory) -> CancelToken {
        let pause = match workers {
            Memory::Private => BETWEEN_ITEMS,
            Memory::Shared => WHILE_WAITING,
        };
        let (caller, process) = (std::thread::current().id(), std::process::id());
        let handles_signals = rustix::thread::gettid() == rustix::process::getpid();
        let last = Mutex::new(Instant::now());
        let interrupt = self.clone();
        CancelToken::asking(move || {
            if interrupt.is_raised.load(Ordering::Acquire) {
                return true;
            }
            if !handles_signals || std::thread::current().id() != caller {
                return false;
            }
            let Ok(mut last) = last.try_lock() else { return false };
            // A forked worker is a copy of this thread, without the right to run Python.
            if last.elapsed() < pause || std::process::id() != process {
                return false;
            }
            *last = Instant::now();
            match Python::attach(|py| py.check_signals()) {
                Ok(()) => false,
                Err(error) => {
                    interrupt.raise(error);
                    true
                }
            }
        })
    }
}
