//! What came of a map, as Python has it: the exception to raise, or a report.

use std::path::Path;

use pasha::__private::in_python;
use pasha::{Cause, Error, FailedItem, ItemFailure, Report};
use pyo3::exceptions::{PyMemoryError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::items::Items;

/// The exception of an error for which no kernel is to blame.
pub(crate) fn raised(py: Python<'_>, error: Error) -> PyErr {
    let text = in_python(&error);
    match error {
        Error::Alloc { .. } => PyMemoryError::new_err(text),
        Error::File { source, .. } => match source.raw_os_error() {
            // Python makes `FileNotFoundError` and its like of the number.
            Some(number) => PyOSError::new_err((number, text)),
            None => PyOSError::new_err(text),
        },
        Error::Argument { .. } | Error::TooLarge { .. } | Error::ZeroWorkers => {
            PyValueError::new_err(text)
        }
        Error::Deadline { .. } | Error::Cancelled { .. } => of_class(py, "MapStopped", text),
        _ => of_class(py, "PashaError", text),
    }
}

/// The exception that a map raises which ended with this error.
pub(crate) fn raised_of(py: Python<'_>, error: Error, items: &Items) -> PyErr {
    match error {
        Error::Item(failure) => of_item(py, &failure, items, in_python(&failure)),
        Error::TooManyFailures { .. } => {
            let text = in_python(&error);
            let exception = of_class(py, "TooManyFailures", text);
            if let Error::TooManyFailures { source, .. } = error
                && let Error::Item(failure) = *source
            {
                let first = of_item(py, &failure, items, in_python(&failure));
                exception.set_cause(py, Some(first));
                note(py, &exception, &failure).unwrap_or_else(|error| error.restore(py));
            }
            exception
        }
        other => raised(py, other),
    }
}

/// The exception of an item that failed: the kernel's own, if it raised one.
fn of_item(py: Python<'_>, failure: &ItemFailure, items: &Items, text: String) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let exceptions = py.import("pasha_rs._exceptions")?;
        let (index, worker_id) = (failure.index(), failure.worker_id());
        if let Cause::Refused { .. } = failure.cause() {
            if let Some(error) = items.raised().remove(&index) {
                exceptions.call_method1("note", (error.value(py), worker_id, index))?;
                return Ok(error);
            }
            let letter = letter_about(items, index)?;
            let exception = exceptions.call_method1("unpack", (letter, text.clone()))?;
            let error = PyErr::from_value(exception);
            if is_ours(py, &error)? {
                note(py, &error, failure)?;
            }
            return Ok(error);
        }
        let class = match failure.cause() {
            Cause::Panic { .. } => "KernelPanic",
            Cause::Died { .. } => "WorkerDied",
            Cause::TimedOut { .. } => "ItemTimeout",
            Cause::Deadlock => "WorkerDeadlock",
            _ => "KernelError",
        };
        let error = of_class(py, class, text.clone());
        note(py, &error, failure)?;
        Ok(error)
    };
    made().unwrap_or_else(|error| error)
}

/// The last that a forked worker has told of an item.
fn letter_about(items: &Items, index: usize) -> PyResult<Option<Vec<u8>>> {
    let Some(mailbox) = &items.mailbox else { return Ok(None) };
    let letters = mailbox.read()?;
    Ok(letters.into_iter().rev().find(|(about, _)| *about == index).map(|(_, letter)| letter))
}

fn is_ours(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    let class = py.import("pasha_rs.errors")?.getattr("PashaError")?;
    error.value(py).is_instance(&class)
}

/// Gives an exception what is known of the item.
fn note(py: Python<'_>, error: &PyErr, failure: &ItemFailure) -> PyResult<()> {
    let (signal, status) = match failure.cause() {
        Cause::Died { signal, status, .. } => (*signal, *status),
        _ => (None, None),
    };
    let value = error.value(py);
    value.setattr("index", failure.index())?;
    value.setattr("worker_id", failure.worker_id())?;
    value.setattr("host", failure.host())?;
    value.setattr("attempts", failure.attempts())?;
    value.setattr("signal", signal)?;
    value.setattr("status", status)
}

fn of_class(py: Python<'_>, name: &str, text: String) -> PyErr {
    let class = py.import("pasha_rs.errors").and_then(|module| module.getattr(name));
    match class.and_then(|class| class.call1((text,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// The fields of `pasha_rs.Report`.
pub(crate) fn report<'py>(
    py: Python<'py>,
    report: &Report,
    items: &Items,
    timeline: Option<&Path>,
) -> PyResult<Bound<'py, PyDict>> {
    if let (Some(path), Some(timeline)) = (timeline, report.timeline()) {
        timeline.write(path).map_err(|error| raised(py, error))?;
    }
    let fields = PyDict::new(py);
    fields.set_item("len", report.len)?;
    fields.set_item("finished", report.finished)?;
    fields.set_item("resumed", report.resumed)?;
    fields.set_item("retried", report.retried)?;
    fields.set_item("replaced", report.replaced)?;
    fields.set_item("wall_time", report.wall_time.as_secs_f64())?;
    fields.set_item("peak_memory", report.peak_memory)?;
    fields.set_item("warnings", &report.warnings)?;
    fields.set_item("text", report.to_string())?;
    let failed = report.failed.iter().map(|failed| of_failed(py, failed, items));
    fields.set_item("failed", failed.collect::<PyResult<Vec<_>>>()?)?;
    let workers = report.workers.iter().map(|worker| {
        let busy = worker.busy.as_secs_f64();
        (worker.worker_id, worker.finished, busy, worker.replaced, worker.peak_memory)
    });
    fields.set_item("workers", workers.collect::<Vec<_>>())?;
    Ok(fields)
}

/// An item that was skipped: its index, and the exception that the map would have raised.
fn of_failed<'py>(
    py: Python<'py>,
    failed: &FailedItem,
    items: &Items,
) -> PyResult<(usize, Bound<'py, PyAny>)> {
    let error = match &failed.cause {
        Error::Item(failure) => of_item(py, failure, items, in_python(failure)),
        other => of_class(py, "PashaError", in_python(other)),
    };
    Ok((failed.index, error.into_value(py).into_bound(py).into_any()))
}
