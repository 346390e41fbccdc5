//! A map, from the call in Python to what it returns.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pasha::Report;
use pasha::prelude::*;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::interpreter::Interpreter;
use crate::interrupt::Interrupt;
use crate::items::{Call, Items, call_kernel};
use crate::mailbox::Mailbox;
use crate::outcome;
use crate::running::Running;
use crate::settings::{Settings, seconds};
use crate::slow::SlowItems;
use crate::workers::{How, Workers};

/// Calls a kernel for each index below `len`, in this kind of workers, and returns the report.
///
/// With a `sequence` it is `kernel(worker_id, index, sequence[index])` that is called, otherwise
/// `kernel(worker_id, index)`.
#[pyfunction]
#[pyo3(signature = (how, num_workers, settings, len, kernel, sequence, mark))]
#[allow(clippy::too_many_arguments, reason = "those of a call from Python, by their names")]
pub(crate) fn run<'py>(
    py: Python<'py>,
    how: &str,
    num_workers: NonZeroUsize,
    settings: Settings,
    len: usize,
    kernel: Py<PyAny>,
    sequence: Option<Py<PyAny>>,
    mark: [u8; 16],
) -> PyResult<Bound<'py, PyDict>> {
    let how = match how {
        "serial" => How::Serial,
        "threads" => How::Threads(num_workers),
        "processes" => {
            let context = ProcessContext::new(num_workers.get());
            How::Processes(Box::new(context.map_err(|error| outcome::raised(py, error))?))
        }
        _ => {
            return Err(PyValueError::new_err(format!("there are no workers of the kind {how:?}")));
        }
    };
    let interrupt = Interrupt::default();
    let mut options = settings.options(py, &interrupt)?;
    let (mut mailbox, mut slow) = (None, None);
    let are_forked = matches!(how, How::Processes(_));
    if are_forked {
        let no_memory = |error: std::io::Error| PyOSError::new_err(error);
        mailbox = Some(Mailbox::new(mark).map_err(no_memory)?);
        if settings.item_timeout.is_none() {
            let long = seconds("slow_item", settings.slow_item)?;
            slow = Some(Arc::new(SlowItems::new(num_workers.get(), long).map_err(no_memory)?));
        }
        options = options.around_forks(Box::new(Interpreter::new(&interrupt)));
    }
    let meanwhile = warn_of_slow_items(slow.clone(), interrupt.clone());
    options = options.cancel_token(&interrupt.token(are_forked, meanwhile));
    let call = match sequence {
        Some(sequence) => Call::Element { kernel, sequence },
        None => Call::Function(kernel),
    };
    let items = Items {
        call,
        raised: Mutex::new(HashMap::new()),
        mailbox,
        slow,
        interrupt: interrupt.clone(),
    };
    let workers = Workers::new(how, options, interrupt.clone());
    let running = Running::new(&interrupt);
    let ended = py.detach(|| map(&workers, len, &items, settings.resume.as_deref()));
    drop(running);
    // A signal that came with the end of a worker: a terminal sends Ctrl-C to all processes.
    interrupt.look();
    if let Some(error) = interrupt.take() {
        return Err(error);
    }
    match ended {
        Ok(report) => outcome::report(py, &report, &items, settings.timeline.as_deref()),
        Err(error) => Err(outcome::raised_of(py, error, &items)),
    }
}

/// Maps over the indices; with a job file, those that are done are noted in a file beside it.
fn map(workers: &Workers, len: usize, items: &Items, job: Option<&Path>) -> pasha::Result<Report> {
    match job {
        None => call_kernel::run_report_in(workers, 0..len, items).map(|(_, report)| report),
        Some(job) => {
            let mut done = workers.alloc::<u8>(len).file(done_beside(job)).build()?;
            call_kernel::run_report_into(workers, 0..len, items, &mut done)
        }
    }
}

/// The file in which an item that is done is 1: `job` has `job.items.npy`.
fn done_beside(job: &Path) -> PathBuf {
    let mut path = job.as_os_str().to_owned();
    path.push(".items.npy");
    path.into()
}

/// Warns, on the thread that called the map, of items that run for very long.
fn warn_of_slow_items(
    slow: Option<Arc<SlowItems>>,
    interrupt: Interrupt,
) -> impl Fn() + Send + Sync + 'static {
    move || {
        let Some(slow) = &slow else { return };
        let Some((worker_id, index)) = slow.look() else { return };
        let seconds = slow.long().as_secs_f64();
        let warned = Python::try_attach(|py| {
            let module = py.import("pasha_rs._exceptions")?;
            module.call_method1("warn_of_slow_item", (index, worker_id, seconds)).map(drop)
        });
        if let Some(Err(error)) = warned {
            interrupt.raise(error);
        }
    }
}
