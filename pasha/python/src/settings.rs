//! Options as `pasha_rs.context` has checked them, and as the runtime has them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use pasha::{AfterRetries, OnFailure, Options};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::interrupt::Interrupt;

/// The attributes of `pasha_rs.options.Options`.
#[derive(FromPyObject)]
pub(crate) struct Settings {
    skip: usize,
    retry: usize,
    pub(crate) item_timeout: Option<f64>,
    deadline: Option<f64>,
    stop_within: Option<f64>,
    pub(crate) resume: Option<PathBuf>,
    progress: Option<Py<PyAny>>,
    share: Option<NonZeroUsize>,
    static_split: bool,
    pin_workers: bool,
    worker_lifespan: Option<NonZeroUsize>,
    worker_memory: Option<usize>,
    nice: i32,
    pub(crate) timeline: Option<PathBuf>,
    on_worker_start: Option<Py<PyAny>>,
    on_worker_end: Option<Py<PyAny>>,
    pub(crate) slow_item: Option<f64>,
}

/// How often a function is told of the progress.
const BETWEEN_PROGRESS: Duration = Duration::from_millis(100);

impl Settings {
    pub(crate) fn options(&self, py: Python<'_>, interrupt: &Interrupt) -> PyResult<Options> {
        let mut options = Options::new().on_failure(self.on_failure());
        if let Some(limit) = seconds("item_timeout", self.item_timeout)? {
            options = options.item_timeout(limit);
        }
        if let Some(limit) = seconds("deadline", self.deadline)? {
            options = options.deadline(limit);
        }
        if let Some(limit) = seconds("stop_within", self.stop_within)? {
            options = options.stop_within(limit);
        }
        if let Some(path) = &self.resume {
            options = options.resume(path);
        }
        if let Some(items) = self.share {
            options = options.share(items);
        }
        if self.static_split {
            options = options.static_split();
        }
        if self.pin_workers {
            options = options.pin_workers(true);
        }
        if let Some(items) = self.worker_lifespan {
            options = options.worker_lifespan(items);
        }
        if let Some(bytes) = self.worker_memory {
            options = options.worker_memory(bytes);
        }
        if self.nice != 0 {
            options = options.nice(self.nice);
        }
        if self.timeline.is_some() {
            options = options.timeline(true);
        }
        if let Some(hook) = self.on_worker_start.as_ref().map(|hook| hook.clone_ref(py)) {
            options = options.on_worker_start(move |worker_id| call_hook(&hook, worker_id));
        }
        if let Some(hook) = self.on_worker_end.as_ref().map(|hook| hook.clone_ref(py)) {
            options = options.on_worker_end(move |worker_id| call_hook(&hook, worker_id));
        }
        let progress = self.progress.as_ref().map(|progress| progress.bind(py));
        if let Some(is_wanted) = progress.and_then(|progress| progress.extract::<bool>().ok()) {
            if is_wanted {
                options = options.progress_bar();
            }
        } else if let Some(hook) = progress.map(|hook| hook.clone().unbind()) {
            let interrupt = interrupt.clone();
            options = options.on_progress(BETWEEN_PROGRESS, move |progress| {
                let told = Python::try_attach(|py| tell(py, &hook, progress));
                if let Some(Err(error)) = told {
                    interrupt.raise(error);
                }
            });
        }
        Ok(options)
    }

    fn on_failure(&self) -> OnFailure {
        let then = match self.skip {
            0 => AfterRetries::Abort,
            at_most => AfterRetries::Skip { at_most },
        };
        match (self.retry, self.skip) {
            (0, 0) => OnFailure::Abort,
            (0, at_most) => OnFailure::Skip { at_most },
            (times, _) => OnFailure::Retry { times, then },
        }
    }
}

/// A time that was given in seconds.
pub(crate) fn seconds(name: &str, given: Option<f64>) -> PyResult<Option<Duration>> {
    let time = given.map(Duration::try_from_secs_f64).transpose();
    time.map_err(|error| PyValueError::new_err(format!("{name} is no time in seconds: {error}")))
}

/// Calls a hook of a worker's, whose failure is that of the worker.
fn call_hook(hook: &Py<PyAny>, worker_id: usize) {
    let called = Python::try_attach(|py| hook.call1(py, (worker_id,)).map(drop));
    if let Some(Err(error)) = called {
        // Without a word from the hook of panics, which prints.
        std::panic::resume_unwind(Box::new(error.to_string()));
    }
}

/// Calls `progress(…)` with a `pasha_rs.Progress`.
fn tell(py: Python<'_>, hook: &Py<PyAny>, progress: pasha::Progress) -> PyResult<()> {
    let class = py.import("pasha_rs.report")?.getattr("Progress")?;
    let left = progress.time_left().map(|time| time.as_secs_f64());
    let elapsed = progress.elapsed.as_secs_f64();
    let (finished, len, failed) = (progress.finished, progress.len, progress.failed);
    let told = class.call1((finished, len, failed, elapsed, progress.per_second(), left))?;
    hook.call1(py, (told,)).map(drop)
}
