//! Contexts and options by word: `processes:8,skip=10`.

use super::any::AnyContext;
use super::available::available_workers;
use super::{Context, MOST_WORKERS, ProcessContext, SerialContext, ThreadContext};
use crate::error::{Error, Result};
use crate::options::{ContextOptions, Options};

/// Where the text stands that `PASHA_CONTEXT` gives, for messages.
pub(super) const IN_ENVIRONMENT: &str = "the environment variable PASHA_CONTEXT";

/// What a text names.
const NAMES: [&str; 3] = ["serial", "threads", "processes"];

/// The context and the options in a text.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(',') {
        None => (text, None),
        Some((context, words)) => (context, Some(words)),
    }
}

/// Reads a context on this machine; `from` is where the text comes from, as a phrase.
pub(super) fn parse(text: &str, from: &'static str) -> Result<AnyContext> {
    let (context, words) = split(text);
    make(context, words, text, from)
}

/// Reads, of a text such as `mpi:processes:4,skip=10`, the context of each rank; `None` if the text
/// names another context.
#[cfg(feature = "mpi")]
pub(super) fn of_rank(text: &str, from: &'static str) -> Option<Result<AnyContext>> {
    let (context, words) = split(text);
    let (name, local) = context.split_once(':').unwrap_or((context, "serial"));
    (name.trim() == "mpi").then(|| make(local, words, text, from))
}

/// Makes a context of its name and the words of its options, which are parts of `text`.
fn make(context: &str, words: Option<&str>, text: &str, from: &'static str) -> Result<AnyContext> {
    let refused = |reason| Error::UnknownContext { given: text.to_owned(), reason, from };
    let (name, workers) = match context.trim().split_once(':') {
        None => (context.trim(), None),
        Some((name, workers)) => (name.trim(), Some(workers.trim())),
    };
    if !NAMES.contains(&name) {
        return Err(refused(format!("there is no context {name:?}")));
    }
    let given = workers.map(|workers| {
        workers.parse().map_err(|_| refused(format!("{workers:?} is no number of workers")))
    });
    let num_workers = match (name, given.transpose()?) {
        ("serial", None | Some(1)) => 1,
        ("serial", Some(number)) => {
            return Err(refused(format!("a serial context has 1 worker, and not {number}")));
        }
        (_, None) => available_workers()?,
        (_, Some(0)) => return Err(refused("a context has at least 1 worker".to_owned())),
        (_, Some(number)) if number > MOST_WORKERS => {
            let reason =
                format!("{number} workers are more than {MOST_WORKERS}, the most on Linux");
            return Err(refused(reason));
        }
        (_, Some(number)) => number,
    };
    let of = format!("in {from}, which is {text:?},");
    let options = match words {
        None => Options::new(),
        Some(words) => Options::new().with_words(words, &of)?,
    };
    if name != "processes" {
        options.refuse_those_of_processes(&of)?;
    }
    Ok(match name {
        "serial" => with_options(SerialContext::new(), options),
        "threads" => {
            let context = ThreadContext::new(num_workers).map_err(|error| match error {
                Error::TooLarge { most, reason, .. } => {
                    refused(format!("{num_workers} workers are more than {most}: {reason}"))
                }
                Error::Start { what, source } => {
                    Error::Start { what: format!("{what}, as {from} asks"), source }
                }
                other => other,
            });
            with_options(context?, options)
        }
        _ => with_options(ProcessContext::new(num_workers)?, options),
    })
}

fn with_options<C: Context + ContextOptions + 'static>(
    mut context: C,
    options: Options,
) -> AnyContext {
    *context.options_mut() = options;
    Box::new(context)
}
