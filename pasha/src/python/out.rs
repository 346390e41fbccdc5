//! The keyword `out`: what an earlier call has returned, or paths of files to be made.

use std::path::PathBuf;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::argument::{Argument, CallError};
use super::description::Description;
use super::outputs::{GivenOutput, PyOutputs, Taken};
use crate::output::pack::OutputSet;

const RESULT: &str = "result";

/// The paths of the outputs, in order, if it is paths that are given: that of a kernel's one
/// output, or a dictionary with those of several by their names.
///
/// # Errors
/// If there is no output of such a name.
pub(crate) fn paths(
    description: &Description,
    out: &Bound<'_, PyAny>,
) -> PyResult<Option<Vec<Option<PathBuf>>>> {
    let Ok(given) = out.cast::<PyDict>() else {
        return Ok(out.extract().ok().map(|path| vec![Some(path)]));
    };
    let returned = description.returns.then_some(RESULT);
    let names: Vec<&str> = description.outputs.iter().copied().chain(returned).collect();
    let mut paths = vec![None; names.len()];
    for (name, path) in given {
        let name: String = name.extract()?;
        match names.iter().position(|known| *known == name) {
            Some(place) => paths[place] = Some(path.extract()?),
            None => {
                return Err(PyValueError::new_err(format!(
                    "`out` has a path of {name:?}, but the outputs are {}",
                    names.join(", ")
                )));
            }
        }
    }
    Ok(Some(paths))
}

/// The outputs that an earlier call has returned.
///
/// # Errors
/// Whatever keeps them from being written again.
pub(crate) fn take<S: OutputSet<Arrays: PyOutputs>>(
    description: &Description,
    out: &Bound<'_, PyAny>,
) -> Result<Taken<S>, CallError> {
    let Description { class, outputs, returns_tuple, .. } = *description;
    let mut given: Vec<Bound<'_, PyAny>> = match class.is_some() || returns_tuple {
        false => vec![out.clone()],
        true => out.extract().map_err(|_: PyErr| {
            PyTypeError::new_err("`out` is the tuple of outputs that a map has returned")
        })?,
    };
    if class.is_some()
        && returns_tuple
        && let Some(returned) = given.pop()
    {
        given.extend(returned.extract::<Vec<Bound<'_, PyAny>>>()?);
    }
    let name = |place: usize| match outputs.get(place) {
        Some(name) if class.is_some() => format!("out.{name}"),
        None if class.is_some() => format!("out.{RESULT}"),
        _ => "out".to_owned(),
    };
    let names: Vec<String> = (0..given.len()).map(name).collect();
    let arguments: Vec<GivenOutput<'_, '_>> = names
        .iter()
        .zip(&given)
        .map(|(name, value)| GivenOutput(Argument { name, value }))
        .collect();
    Taken::new(&arguments)
}
