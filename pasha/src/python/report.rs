//! The report of a map as an object of Python's, and warnings of what it skipped.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::errors;
use crate::error::Error;
use crate::report::Report;

/// Makes an object of the report, by the class in `functions.py`.
pub(crate) fn object(py: Python<'_>, class: &Py<PyAny>, report: &Report) -> PyResult<Py<PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("len", report.len)?;
    fields.set_item("finished", report.finished)?;
    fields.set_item("resumed", report.resumed)?;
    fields.set_item("absent", report.absent)?;
    fields.set_item("retried", report.retried)?;
    fields.set_item("replaced", report.replaced)?;
    fields.set_item("wall_time", report.wall_time.as_secs_f64())?;
    fields.set_item("peak_memory", report.peak_memory)?;
    fields.set_item("warnings", report.warnings.clone())?;
    let failed = PyList::empty(py);
    for item in &report.failed {
        let text = item.cause.brief();
        let exception = match &item.cause {
            Error::Item(failure) => errors::of_item(py, failure, text),
            _ => errors::other(py, text),
        };
        failed.append((item.index, exception))?;
    }
    fields.set_item("failed", failed)?;
    let workers = PyList::empty(py);
    for worker in &report.workers {
        let fields = PyDict::new(py);
        fields.set_item("worker_id", worker.worker_id)?;
        fields.set_item("finished", worker.finished)?;
        fields.set_item("shares", worker.shares)?;
        fields.set_item("busy", worker.busy.as_secs_f64())?;
        fields.set_item("replaced", worker.replaced)?;
        fields.set_item("peak_memory", worker.peak_memory)?;
        workers.append(fields)?;
    }
    fields.set_item("workers", workers)?;
    let timeline = report.timeline();
    fields.set_item("timeline_svg", timeline.map(crate::timeline::Timeline::to_svg))?;
    fields.set_item("timeline_json", timeline.map(crate::timeline::Timeline::to_trace_json))?;
    class.call(py, (report.to_string(),), Some(&fields))
}

/// Warns of items that were skipped.
pub(crate) fn warn_of_skipped(py: Python<'_>, report: &Report) -> PyResult<()> {
    let Some(first) = report.failed.first() else { return Ok(()) };
    errors::warn(
        py,
        &format!(
            "{} of {} items failed and were skipped; the first: {}",
            report.failed.len(),
            report.len,
            first.cause.brief()
        ),
    )
}
