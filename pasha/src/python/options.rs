//! The keywords of a call: options of a context, as Python gives them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::progress::{Watching, watch};
use crate::nearest::nearest;
use crate::options::{AfterRetries, OnFailure, Options};

/// The keywords of one call, besides `out` and `context`.
pub(crate) struct Keywords<'py> {
    keywords: Vec<(String, Bound<'py, PyAny>)>,
    /// Whether the call gives a report, too.
    pub(crate) report: bool,
}

/// A keyword, and how it changes the options.
struct Keyword {
    name: &'static str,
    apply: fn(&mut Options, &Bound<'_, PyAny>) -> PyResult<()>,
}

const KEYWORDS: [Keyword; 17] = [
    // In this order, so that a retry may be followed by a skip, however they are given.
    Keyword { name: "on_failure", apply: on_failure },
    Keyword { name: "retry", apply: |options, value| retry(options, value.extract()?) },
    Keyword { name: "skip", apply: |options, value| skip(options, value.extract()?) },
    Keyword {
        name: "item_timeout",
        apply: |options, value| set(&mut options.item_timeout, duration(value)?),
    },
    Keyword {
        name: "deadline",
        apply: |options, value| set(&mut options.deadline, duration(value)?),
    },
    Keyword {
        name: "stop_within",
        apply: |options, value| {
            options.stop_within = duration(value)?;
            Ok(())
        },
    },
    Keyword {
        name: "resume",
        apply: |options, value| set(&mut options.resume, absolute(value.extract()?)),
    },
    Keyword { name: "timeline", apply: timeline },
    Keyword {
        name: "share",
        apply: |options, value| {
            options.splitting = crate::options::Splitting::Fixed(at_least_one(value)?);
            Ok(())
        },
    },
    Keyword {
        name: "static_split",
        apply: |options, value| {
            if value.extract()? {
                options.splitting = crate::options::Splitting::Static;
            }
            Ok(())
        },
    },
    Keyword {
        name: "durable",
        apply: |options, value| put(&mut options.durable, value.extract()?),
    },
    Keyword {
        name: "reproducible",
        apply: |options, value| put(&mut options.reproducible, value.extract()?),
    },
    Keyword {
        name: "pin_workers",
        apply: |options, value| put(&mut options.pin_workers, value.extract()?),
    },
    Keyword {
        name: "huge_pages",
        apply: |options, value| put(&mut options.huge_pages, value.extract()?),
    },
    Keyword {
        name: "worker_lifespan",
        apply: |options, value| set(&mut options.worker_lifespan, at_least_one(value)?),
    },
    Keyword {
        name: "worker_memory",
        apply: |options, value| set(&mut options.worker_memory, bytes(value)?),
    },
    Keyword { name: "nice", apply: |options, value| put(&mut options.nice, value.extract()?) },
];

const OTHERS: [&str; 4] = ["out", "context", "report", "progress"];

impl<'py> Keywords<'py> {
    /// Reads the keywords of a call of the function of this name.
    ///
    /// # Errors
    /// If there is one that is none.
    pub(crate) fn read(function: &str, given: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let mut read = Keywords { keywords: Vec::new(), report: false };
        for (name, value) in given.into_iter().flatten() {
            let name: String = name.extract()?;
            let is_known = OTHERS.contains(&name.as_str())
                || KEYWORDS.iter().any(|keyword| keyword.name == name);
            if !is_known {
                let known = KEYWORDS.iter().map(|keyword| keyword.name).chain(OTHERS);
                return Err(PyTypeError::new_err(format!(
                    "{function}() has no keyword {name:?}, {}",
                    nearest(&name, known)
                )));
            }
            match name.as_str() {
                _ if value.is_none() => {}
                "report" => read.report = value.extract()?,
                _ => read.keywords.push((name, value)),
            }
        }
        Ok(read)
    }

    /// Whether there are options to be set.
    pub(crate) fn are_none(&self) -> bool {
        self.keywords.is_empty()
    }

    /// Sets the options, and says what watches the map.
    ///
    /// # Errors
    /// If a value is not one of its keyword.
    pub(crate) fn apply(&self, options: &mut Options) -> PyResult<Option<Watching>> {
        for Keyword { name, apply } in &KEYWORDS {
            if let Some((_, value)) = self.keywords.iter().find(|(given, _)| given == name) {
                apply(options, value).map_err(|error| of_keyword(value, name, error))?;
            }
        }
        let progress = self.keywords.iter().find(|(given, _)| given == "progress");
        match progress {
            None => Ok(None),
            Some((name, value)) => {
                watch(value).map_err(|error| of_keyword(value, name, error)).map(Some)
            }
        }
    }
}

/// The same error with the keyword's name; a number that is too large or too small is a value that
/// can't be used.
fn of_keyword(value: &Bound<'_, PyAny>, name: &str, error: PyErr) -> PyErr {
    let py = value.py();
    let new = match error.is_instance_of::<PyOverflowError>(py) {
        true => PyValueError::new_err(format!("`{name}` is {value}, which is out of range")),
        false => PyErr::from_type(error.get_type(py), format!("`{name}`: {}", error.value(py))),
    };
    new.set_cause(py, Some(error));
    new
}

fn set<T>(option: &mut Option<T>, value: T) -> PyResult<()> {
    *option = Some(value);
    Ok(())
}

fn put<T>(option: &mut T, value: T) -> PyResult<()> {
    *option = value;
    Ok(())
}

/// The same file when the program changes its folder.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn at_least_one(value: &Bound<'_, PyAny>) -> PyResult<NonZeroUsize> {
    NonZeroUsize::new(value.extract()?).ok_or_else(|| PyValueError::new_err("it is 1 at least"))
}

/// Seconds, a `timedelta`, or a text such as `1h 30min`.
fn duration(value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let wrong = |reason: String| PyValueError::new_err(reason);
    if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_str()?;
        return humantime::parse_duration(text).map_err(|error| {
            wrong(format!("{text:?} is no time with units, such as '90s' or '1h 30min': {error}"))
        });
    }
    let seconds: f64 = match value.extract() {
        Ok(seconds) => seconds,
        Err(_) => {
            value.call_method0("total_seconds").and_then(|it| it.extract()).map_err(|_| {
                PyTypeError::new_err(
                    "it is a number of seconds, a timedelta, or a text such as '90s'",
                )
            })?
        }
    };
    Duration::try_from_secs_f64(seconds).map_err(|error| wrong(format!("{seconds}: {error}")))
}

/// A number of bytes, or a text such as `2GiB`.
fn bytes(value: &Bound<'_, PyAny>) -> PyResult<usize> {
    let Ok(text) = value.cast::<PyString>() else { return value.extract() };
    let wrong = || PyValueError::new_err("it is a number of bytes, or a text such as '2GiB'");
    let size: bytesize::ByteSize = text.to_str()?.parse().map_err(|_| wrong())?;
    usize::try_from(size.as_u64()).map_err(|_| wrong())
}

/// `True`, or the path of the file that it is written to.
fn timeline(options: &mut Options, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(wanted) = value.extract::<bool>() {
        options.timeline = wanted;
        return Ok(());
    }
    let path: PathBuf = value.extract()?;
    crate::timeline::check_ending(&path).map_err(|_| {
        PyValueError::new_err("the path ends in '.svg' (a picture) or '.json' (for Perfetto)")
    })?;
    options.timeline = true;
    options.timeline_file = Some(absolute(path));
    Ok(())
}

/// `'abort'`, `'skip'`, or the words of `PASHA_CONTEXT`, such as `'retry=2,skip=10'`.
fn on_failure(options: &mut Options, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let text: String = value.extract()?;
    for word in text.split(',').map(str::trim) {
        let (name, number) = match word.split_once('=') {
            None => (word, None),
            Some((name, number)) => (name.trim(), number.trim().parse().ok()),
        };
        match (name, number) {
            ("abort", None) if word == "abort" => options.on_failure = OnFailure::Abort,
            ("skip", None) if word == "skip" => skip(options, usize::MAX)?,
            ("skip", Some(at_most)) => skip(options, at_most)?,
            ("retry", Some(times)) => retry(options, times)?,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "{word:?} is none of 'abort', 'skip', 'skip=10', 'retry=2', or two of them, \
                     'retry=2,skip=10'"
                )));
            }
        }
    }
    Ok(())
}

fn skip(options: &mut Options, at_most: usize) -> PyResult<()> {
    options.on_failure = match options.on_failure {
        OnFailure::Retry { times, .. } => {
            OnFailure::Retry { times, then: AfterRetries::Skip { at_most } }
        }
        _ => OnFailure::Skip { at_most },
    };
    Ok(())
}

fn retry(options: &mut Options, times: usize) -> PyResult<()> {
    let then = match options.on_failure.may_skip() {
        Some(at_most) => AfterRetries::Skip { at_most },
        None => AfterRetries::Abort,
    };
    options.on_failure = OnFailure::Retry { times, then };
    Ok(())
}
