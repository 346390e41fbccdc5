//! Progress of a map, drawn as a bar or told to a function of Python's.

use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::interrupt::Interrupt;
use crate::context::AnyContext;
use crate::options::{ContextOptions, Progress};

/// How often a function is called.
const BETWEEN_CALLS: Duration = Duration::from_millis(100);

/// Who watches a map.
pub(crate) enum Watching {
    Nobody,
    Bar,
    Function(Py<PyAny>),
}

/// Reads the keyword `progress`.
pub(crate) fn watch(value: &Bound<'_, PyAny>) -> PyResult<Watching> {
    match value.extract::<bool>() {
        Ok(true) => Ok(Watching::Bar),
        Ok(false) => Ok(Watching::Nobody),
        Err(_) if value.is_callable() => Ok(Watching::Function(value.clone().unbind())),
        Err(_) => Err(PyTypeError::new_err(
            "it is True for a bar, or a function that is called with a `Progress`",
        )),
    }
}

impl Watching {
    /// Has the context tell its progress. An exception of the function ends the map.
    pub(crate) fn over(
        self,
        context: AnyContext,
        make: &Py<PyAny>,
        interrupt: &Interrupt,
    ) -> AnyContext {
        let function = match self {
            Watching::Nobody => return context,
            Watching::Bar => return context.progress_bar(),
            Watching::Function(function) => function,
        };
        let (make, interrupt) = (Python::attach(|py| make.clone_ref(py)), interrupt.clone());
        context.on_progress(BETWEEN_CALLS, move |progress| {
            // It is called on a thread of its own, for which there is no Python any more when the
            // interpreter ends meanwhile.
            Python::try_attach(|py| {
                let told = make.call1(py, fields(&progress));
                let told = told.and_then(|progress| function.call1(py, (progress,)));
                told.map_or_else(|error| interrupt.raise(error), drop);
            });
        })
    }
}

/// The fields of `Progress`, as `functions.py` has it.
type Fields = (usize, usize, usize, f64, Option<f64>, Option<f64>, Option<f64>);

fn fields(progress: &Progress) -> Fields {
    let Progress { finished, len, failed, elapsed, .. } = *progress;
    let time_left = progress.time_left().map(|left| left.as_secs_f64());
    let (rate, bytes) = (progress.per_second(), progress.bytes_per_second());
    (finished, len, failed, elapsed.as_secs_f64(), rate, time_left, bytes)
}
