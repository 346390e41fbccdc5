//! The extension module of the Python package `pasha_rs`: runs kernels that are Python functions
//! in the contexts of pasha.
//!
//! ```text
//! pasha_rs/context.py   MapContext.map: what is mapped over → calls by index
//!        │ _runtime.run(how, workers, options, call, …)
//!        ▼
//! run.rs                lets go of the interpreter, maps `call_kernel` over 0..n
//!        │              workers.rs: how workers come to have the interpreter;
//!        │              interpreter.rs: what it needs around forks, signals.rs: Ctrl-C meanwhile
//!        ▼
//! items.rs              each worker, for each index: read the value, call the kernel
//!        │              an exception: kept (here), or pickled into the mailbox (from a process)
//!        ▼
//! outcome.rs            what came of it: a report, or the exception to raise
//! ```

mod interpreter;
mod interrupt;
mod items;
mod mailbox;
mod outcome;
mod run;
mod running;
mod settings;
mod signals;
mod slow;
mod words;
mod workers;

use pyo3::prelude::*;

/// The runtime of `pasha_rs`; use that.
#[pymodule(gil_used = true)]
mod _runtime {
    #[pymodule_export]
    use super::available_workers;
    #[pymodule_export]
    use super::run::run;
    #[pymodule_export]
    use super::running::end_maps;
    #[pymodule_export]
    use super::words::context_by_word;
}

/// As many workers as this process may use processors, or as `PASHA_NUM_WORKERS` says.
#[pyfunction]
fn available_workers() -> PyResult<usize> {
    pasha::available_workers()
        .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
}
