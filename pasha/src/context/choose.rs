//! Which context runs a map that names none, and how many workers it has.

use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use super::any::AnyContext;
use super::available::available_workers;
use super::{Context, ProcessContext, SerialContext, ThreadContext};
use crate::error::{Error, Result};
use crate::options::{ContextOptions, Options};

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
    let context: Arc<dyn Context> = match std::env::var_os("PASHA_CONTEXT") {
        None => Arc::new(ProcessContext::with_available_workers()?),
        Some(text) => {
            parse(&text.to_string_lossy(), " in the environment variable PASHA_CONTEXT")?.into()
        }
    };
    let mut default = DEFAULT.write().unwrap_or_else(PoisonError::into_inner);
    Ok(Arc::clone(default.get_or_insert(context)))
}

fn parse(text: &str, from: &'static str) -> Result<AnyContext> {
    let unknown = || Error::UnknownContext { given: text.to_owned(), from };
    #[cfg(feature = "mpi")]
    if let Some(context) = super::MpiContext::parse(text, from) {
        return Ok(Box::new(context?));
    }
    let (context, words) = match text.split_once(',') {
        None => (text, None),
        Some((context, words)) => (context, Some(words)),
    };
    let (name, workers) = match context.trim().split_once(':') {
        None => (context.trim(), None),
        Some((name, workers)) => {
            (name.trim(), Some(workers.trim().parse::<usize>().map_err(|_| unknown())?))
        }
    };
    let workers_or_available = || workers.map_or_else(available_workers, Ok);
    let options = || words.map_or(Ok(Options::new()), |words| words_in(words, from));
    Ok(match name {
        "serial" if matches!(workers, None | Some(1)) => {
            with_options(SerialContext::new(), options()?)
        }
        "threads" => with_options(ThreadContext::new(workers_or_available()?)?, options()?),
        "processes" => with_options(ProcessContext::new(workers_or_available()?)?, options()?),
        _ => return Err(unknown()),
    })
}

fn words_in(words: &str, from: &str) -> Result<Options> {
    Options::new().with_words(words, &format!(" of the context{from}"))
}

fn with_options<C: Context + ContextOptions + 'static>(
    mut context: C,
    options: Options,
) -> AnyContext {
    *context.options_mut() = options;
    Box::new(context)
}

impl FromStr for AnyContext {
    type Err = Error;

    /// Reads `serial`, `threads`, `processes`, `threads:4` or `processes:4`, and behind a comma
    /// [options by word](Options#method.from_str): `processes:8,skip=10,progress`.
    fn from_str(text: &str) -> Result<Self> {
        parse(text, "")
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
            assert_eq!(options.policy().may_skip(), Some(3), "{text}");
            assert_eq!(options.time_for_map().unwrap().as_secs(), 3600, "{text}");
        }
        let refused = parse("threads,skp=3", " in PASHA_CONTEXT").unwrap_err().to_string();
        assert!(refused.contains("of the context in PASHA_CONTEXT is \"skp=3\""), "{refused}");
        assert!("threads,".parse::<AnyContext>().is_err());
    }

    #[test]
    fn other_text_is_refused_with_what_is_known() {
        for text in ["", "thread", "threads:", "threads:x", "threads:-1", "serial:2", "gpu"] {
            let error = text.parse::<AnyContext>().unwrap_err();
            let message = error.to_string();
            assert!(matches!(error, Error::UnknownContext { .. }), "{text}: {message}");
            assert!(message.contains("\"threads:4\"") && message.contains(&format!("{text:?}")));
        }
        assert!(matches!("threads:0".parse::<AnyContext>(), Err(Error::ZeroWorkers)));
        assert!(matches!("processes:0".parse::<AnyContext>(), Err(Error::ZeroWorkers)));
    }
}
