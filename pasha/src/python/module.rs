//! The extension module: each of its kernels becomes a function of Python's.

use std::ffi::CString;

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple, PyType};

use super::call::{Bindings, Call, first_that_fits};
use super::claims;
use super::contexts;
use super::description::{Called, Description, Parameter};
use super::errors;
use super::interpreter;
use super::outputs::Makers;

/// A kernel of a module, with the types that it is compiled for.
#[derive(Debug)]
pub struct Entry {
    /// What it is called, and what it takes.
    pub description: Description,
    /// Its call with each of the types.
    pub variants: Vec<fn(&Call<'_, '_>) -> Called>,
}

/// Adds functions, classes and exceptions to a module that is being imported.
///
/// # Errors
/// What Python raises meanwhile.
pub fn fill(module: &Bound<'_, PyModule>, entries: Vec<Entry>) -> PyResult<()> {
    let py = module.py();
    interpreter::refuse_others_than_the_main(py)?;
    let name: String = module.name()?.extract()?;
    let helpers = helpers(py, &name)?;
    let classes = helpers.getattr("exceptions")?.call0()?.extract::<Vec<Bound<'_, PyType>>>()?;
    for (class, class_name) in classes.iter().zip(errors::NAMES) {
        module.add(class_name, class)?;
    }
    errors::keep(py, classes)?;
    for class in ["Ragged", "Report", "Progress"] {
        module.add(class, helpers.getattr(class)?)?;
    }
    forget_after_forks(py)?;
    add_stubs(module, &name, &entries)?;
    for entry in entries {
        add(module, &name, &helpers, entry)?;
    }
    Ok(())
}

/// The code of `functions.py`, as if it stood in the module, so that its classes can be pickled.
fn helpers<'py>(py: Python<'py>, module: &str) -> PyResult<Bound<'py, PyModule>> {
    run(py, module, include_str!("functions.py"))
}

/// Runs code as if it stood in a module of this name.
fn run<'py>(py: Python<'py>, module: &str, code: &str) -> PyResult<Bound<'py, PyModule>> {
    let code = CString::new(code).unwrap_or_default();
    // `from_code` would put it into `sys.modules`, where the module itself belongs.
    let made = PyModule::new(py, module)?;
    py.run(&code, Some(&made.dict()), None)?;
    Ok(made)
}

/// Adds what makes the text of the module's stub file, `__stubs__()`.
fn add_stubs(module: &Bound<'_, PyModule>, name: &str, entries: &[Entry]) -> PyResult<()> {
    let entries: Vec<(Description, bool)> =
        entries.iter().map(|entry| (entry.description, entry.variants.len() > 1)).collect();
    let name = name.to_owned();
    let stubs = move |given: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        let kernels = entries.iter().map(|(description, is_generic)| {
            let described = |it: &Parameter| (it.name, (it.describe)());
            let mut types = (description.types)();
            let returned = types.split_off(description.outputs.len().min(types.len()));
            let outputs: Vec<_> = description.outputs.iter().copied().zip(types).collect();
            (
                description.name,
                description.documentation.trim(),
                description.parameters.iter().map(described).collect::<Vec<_>>(),
                *is_generic,
                description.class,
                outputs,
                returned,
                description.returns_tuple,
            )
        });
        let code = run(given.py(), &name, include_str!("stubs.py"))?;
        code.getattr("stubs")?.call1((kernels.collect::<Vec<_>>(),)).map(Bound::unbind)
    };
    module.add("__stubs__", PyCFunction::new_closure(module.py(), None, None, stubs)?)
}

/// The names of what a call gives, where that is several.
fn fields(description: &Description) -> Vec<&'static str> {
    let mut fields = description.outputs.to_vec();
    if description.returns {
        fields.push("result");
    }
    fields
}

/// Has a process that Python forks forget the maps and the threads of its parent.
fn forget_after_forks(py: Python<'_>) -> PyResult<()> {
    let forget = |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        claims::forget_all();
        contexts::forget_all();
    };
    let hooks = PyDict::new(py);
    hooks.set_item("after_in_child", PyCFunction::new_closure(py, None, None, forget)?)?;
    py.import("os")?.call_method("register_at_fork", (), Some(&hooks))?;
    Ok(())
}

fn add(
    module: &Bound<'_, PyModule>,
    module_name: &str,
    helpers: &Bound<'_, PyModule>,
    entry: Entry,
) -> PyResult<()> {
    let py = module.py();
    let Entry { description, variants } = entry;
    let class = match description.class {
        None => None,
        Some(class) => {
            let fields = fields(&description);
            let made = helpers.getattr("outputs")?.call1((module_name, class, fields))?;
            module.add(class, &made)?;
            Some(made.unbind())
        }
    };
    let bindings = Bindings {
        description,
        class,
        makers: Makers { ragged: helpers.getattr("Ragged")?.unbind() },
        progress: helpers.getattr("Progress")?.unbind(),
        report: helpers.getattr("Report")?.unbind(),
    };
    let call = move |given: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        first_that_fits(&Call::read(&bindings, given)?, &variants)
    };
    let call = PyCFunction::new_closure(py, None, None, call)?;
    let parameters: Vec<&str> = description.parameters.iter().map(|it| it.name).collect();
    let documentation = documentation(&description);
    let function = helpers.getattr("function")?.call1((
        module_name,
        description.name,
        documentation,
        parameters,
        call,
    ))?;
    module.add(description.name, function)
}

/// The documentation of the function, as NumPy's own are written.
fn documentation(description: &Description) -> String {
    let mut text = description.documentation.trim().to_owned();
    text.push_str("\n\nParameters\n----------\n");
    for parameter in description.parameters {
        let kind = if parameter.is_item { ", an item for each index" } else { "" };
        text.push_str(&format!("{} : {}{kind}\n", parameter.name, (parameter.describe)()));
    }
    text.push_str(
        "out : what an earlier call has returned, optional\n    Written again, without allocating.\n\
         context : str, optional\n    'threads' (the default), 'threads:4', 'processes:8', \
         'serial', with options as in PASHA_CONTEXT.\n\
         report, progress, on_failure, item_timeout, resume, timeline, ...\n    \
         Options of the map, as in the documentation of the crate pasha.\n",
    );
    text
}
