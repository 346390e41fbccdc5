//! Contexts by word, kept from one call to the next: threads are started once.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::errors;
use crate::context::{AnyContext, Context};

/// The most contexts that are kept.
const MOST: usize = 16;

struct Kept {
    text: String,
    context: Arc<dyn Context>,
}

// The lock is taken by threads that hold Python's lock alone, so that no fork of Python's comes
// while it is held.
static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// The context of a call: the one given, by `PASHA_CONTEXT`, or threads.
pub(crate) fn context(
    py: Python<'_>,
    given: Option<&Bound<'_, PyAny>>,
) -> PyResult<Arc<dyn Context>> {
    match given {
        None => match std::env::var_os("PASHA_CONTEXT").filter(|given| !given.is_empty()) {
            None => named(py, "threads"),
            Some(text) => named(py, &text.to_string_lossy()),
        },
        Some(text) => {
            let text: String = text.extract().map_err(|_: PyErr| {
                PyTypeError::new_err(
                    "`context` is a text, such as 'threads:4', 'processes' or \
                     'processes:8,item_timeout=60s'",
                )
            })?;
            named(py, &text)
        }
    }
}

fn named(py: Python<'_>, text: &str) -> PyResult<Arc<dyn Context>> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let found = kept.iter().find(|kept| kept.text == text);
    if let Some(found) = found {
        return Ok(Arc::clone(&found.context));
    }
    let context: AnyContext = text.parse().map_err(|error| errors::raised(py, error))?;
    let context: Arc<dyn Context> = Arc::from(context);
    if kept.len() >= MOST {
        kept.remove(0);
    }
    kept.push(Kept { text: text.to_owned(), context: Arc::clone(&context) });
    Ok(context)
}

/// Forgets all, in a process that Python has forked: their threads do not run there, so that there
/// is nothing to end.
pub(crate) fn forget_all() {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::forget(std::mem::take(&mut *kept));
}
