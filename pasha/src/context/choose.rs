//! Which context runs a map that names none, and how many workers it has.

use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use super::any::AnyContext;
use super::{Context, ProcessContext, SerialContext, named};
use crate::error::{Error, Result};

/// The default context, once it is set or has been used.
static DEFAULT: RwLock<Option<Arc<dyn Context>>> = RwLock::new(None);

/// Sets the context of all maps of this process that name none.
///
/// Without it the default is what the environment variable `PASHA_CONTEXT` says (`serial`,
/// `threads`, `processes`, or with a number of workers `threads:4`), and forked processes if it is
/// not set. [Options by word](crate::Options#method.from_str) may stand behind it:
/// `processes:8,skip=10,item_timeout=60s,progress`.
///
/// # Examples
/// ```
/// use pasha::{AnyContext, ThreadContext, set_default_context};
///
/// set_default_context(ThreadContext::new(2)?);
/// set_default_context("threads:2".parse::<AnyContext>()?);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn set_default_context(context: impl Context + 'static) {
    *DEFAULT.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(context));
}

/// The context of maps that name none: what [`set_default_context`] was given, what
/// `PASHA_CONTEXT` says, or forked processes. Within a kernel it is a serial one.
///
/// # Errors
/// If `PASHA_CONTEXT` or `PASHA_NUM_WORKERS` can't be understood, or threads not be started.
///
/// # Examples
/// ```
/// use pasha::prelude::*;
///
/// let totals = pasha::default_context()?.alloc::<f64>((3, 2)).build()?;
/// assert_eq!(totals.shape(), [3, 2]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn default_context() -> Result<Arc<dyn Context>> {
    if crate::job::panic::in_worker() {
        // A map within a kernel runs serially, and a forked worker must not wait for a lock
        // that a thread of its parent may have held.
        return Ok(Arc::new(SerialContext::new()));
    }
    if let Some(context) = &*DEFAULT.read().unwrap_or_else(PoisonError::into_inner) {
        return Ok(Arc::clone(context));
    }
    // Set to nothing it says nothing, as scripts leave it.
    let given = std::env::var_os("PASHA_CONTEXT").filter(|given| !given.is_empty());
    let context: Arc<dyn Context> = match given {
        None => Arc::new(ProcessContext::with_available_workers()?),
        Some(text) => parse(&text.to_string_lossy(), named::IN_ENVIRONMENT)?.into(),
    };
    let mut default = DEFAULT.write().unwrap_or_else(PoisonError::into_inner);
    Ok(Arc::clone(default.get_or_insert(context)))
}

/// Reads a context; `from` is where the text comes from, as a phrase.
fn parse(text: &str, from: &'static str) -> Result<AnyContext> {
    #[cfg(feature = "mpi")]
    if let Some(local) = named::of_rank(text, from) {
        return Ok(Box::new(super::MpiContext::with(local)?));
    }
    named::parse(text, from)
}

impl FromStr for AnyContext {
    type Err = Error;

    /// Reads `serial`, `threads`, `processes`, `threads:4` or `processes:4`, and behind a comma
    /// [options by word](crate::Options#method.from_str): `processes:8,skip=10,progress`.
    fn from_str(text: &str) -> Result<Self> {
        parse(text, "the text of a context")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_read_from_text() {
        for (text, name, workers) in [
            ("serial", "SerialContext", 1),
            ("threads:3", "ThreadContext", 3),
            (" processes : 2 ", "ProcessContext", 2),
        ] {
            let context: AnyContext = text.parse().unwrap();
            assert_eq!(context.num_workers(), workers, "{text}");
            assert!(format!("{context:?}").starts_with(name), "{context:?}");
        }
    }

    #[test]
    fn options_stand_behind_the_context() {
        for context in ["serial", "threads:2", "processes:2"] {
            let text = format!("{context}, skip=3, deadline=1h");
            let options = text.parse::<AnyContext>().unwrap().options().clone();
            assert_eq!(options.on_failure.may_skip(), Some(3), "{text}");
            assert_eq!(options.deadline.unwrap().as_secs(), 3600, "{text}");
        }
        let refused = parse("threads,skp=3", "PASHA_CONTEXT").unwrap_err().to_string();
        let told = "an option in PASHA_CONTEXT, which is \"threads,skp=3\", is \"skp=3\": ";
        assert!(refused.starts_with(told), "{refused}");
        assert!("threads,".parse::<AnyContext>().is_err());
    }

    #[test]
    fn other_text_is_refused_with_what_is_known() {
        for (text, reason) in [
            ("", "there is no context \"\""),
            ("thread", "there is no context \"thread\""),
            ("gpu:4", "there is no context \"gpu\""),
            ("threads:", "\"\" is no number of workers"),
            ("threads:x,progress", "\"x\" is no number of workers"),
            ("threads:-1", "\"-1\" is no number of workers"),
            ("threads:0", "at least 1 worker"),
            ("processes:0", "at least 1 worker"),
            ("serial:2", "1 worker, and not 2"),
            ("threads:4194304", "4194304 workers are more than"),
            ("processes:4194305", "4194305 workers are more than 4194304"),
        ] {
            let error = text.parse::<AnyContext>().unwrap_err();
            let message = error.to_string();
            assert!(matches!(error, Error::UnknownContext { .. }), "{text}: {message}");
            assert!(message.starts_with(&format!("the text of a context is {text:?}, but ")));
            assert!(message.contains(reason) && message.contains("\"threads:4\""), "{message}");
        }
    }

    #[test]
    fn options_that_a_context_can_not_have_are_refused_where_it_is_read() {
        for word in ["nice=10", "worker_memory=2GiB", "worker_lifespan=9"] {
            for context in ["serial", "threads:2"] {
                let text = format!("{context},{word}");
                let error = parse(&text, "PASHA_CONTEXT").unwrap_err().to_string();
                let option = word.split('=').next().unwrap();
                let told =
                    format!("the option `{option}` in PASHA_CONTEXT, which is {text:?}, is ");
                assert!(error.starts_with(&told) && error.contains("(`processes`)"), "{error}");
            }
            assert!(format!("processes:2,{word}").parse::<AnyContext>().is_ok());
        }
    }
}
