//! Contexts and options by word, as `PASHA_CONTEXT` gives them, as keywords of Python's contexts.

use pasha::AnyContext;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What a text such as `processes:8,skip=10` says: the kind of context, its number of workers, and
/// the keywords of its options.
#[pyfunction]
pub(crate) fn context_by_word<'py>(
    py: Python<'py>,
    text: &str,
) -> PyResult<(String, usize, Bound<'py, PyDict>)> {
    // What is wrong with it is told as to a program in Rust.
    let context: AnyContext = text.parse().map_err(refused)?;
    let (named, words) =
        text.split_once(',').map_or((text, None), |(named, words)| (named, Some(words)));
    let kind = named.split_once(':').map_or(named, |(kind, _)| kind);
    let keywords = PyDict::new(py);
    for word in words.iter().flat_map(|words| words.split(',')) {
        set(&keywords, word.trim())?;
    }
    Ok((kind.trim().to_owned(), context.num_workers(), keywords))
}

/// Sets the keyword that a word names.
fn set(keywords: &Bound<'_, PyDict>, word: &str) -> PyResult<()> {
    let (name, value) = word
        .split_once('=')
        .map_or((word, ""), |(name, value)| (name.trim_end(), value.trim_start()));
    match name {
        "skip" | "retry" | "share" | "worker_lifespan" | "nice" => {
            keywords.set_item(name, value.parse::<usize>().map_err(refused)?)
        }
        "item_timeout" | "deadline" | "stop_within" => {
            let time = humantime::parse_duration(value).map_err(refused)?;
            keywords.set_item(name, time.as_secs_f64())
        }
        "stop_at_once" => keywords.set_item("stop_within", 0.0),
        "worker_memory" => {
            let size: bytesize::ByteSize = value.parse().map_err(refused)?;
            keywords.set_item(name, size.as_u64())
        }
        "progress" | "static_split" | "pin_workers" => keywords.set_item(name, value != "false"),
        "timeline" if ["", "true"].contains(&value) => Err(PyValueError::new_err(
            "the option \"timeline\" has to say into which file, as in \"timeline=out/t.svg\"",
        )),
        "timeline" if value == "false" => Ok(()),
        "timeline" | "resume" => keywords.set_item(name, value),
        _ => Err(PyValueError::new_err(format!(
            "the option {word:?} is one of kernels in Rust, and not of pasha_rs's contexts"
        ))),
    }
}

fn refused(error: impl ToString) -> PyErr {
    PyValueError::new_err(error.to_string())
}
