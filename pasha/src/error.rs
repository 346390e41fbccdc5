//! Everything that can go wrong, in one type.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What functors and readers of any kind report when reading fails.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything in pasha that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a map, an allocation or a context failed, and what to do about it.
///
/// Errors of arguments come before any work starts. Errors of a kernel carry the index and the
/// worker; what other indices had finished stays in the outputs given to `run_into`.
///
/// `Debug` shows the same text as `Display`, because that is what `fn main() -> pasha::Result<()>`
/// and `unwrap` print.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two items of one kernel come from functors of different length.
    #[error(
        "the functors of `{first}` and `{second}` have different lengths, {first_len} and {second_len}: \
         the items of one kernel call have the same index, so give functors of one length"
    )]
    #[non_exhaustive]
    LengthMismatch {
        /// Name of the first item parameter.
        first: String,
        /// Length of its functor.
        first_len: usize,
        /// Name of the parameter that does not agree.
        second: String,
        /// Length of its functor.
        second_len: usize,
    },

    /// An output given to `run_into` does not have the shape that this run needs.
    #[error(
        "output `{output}` has shape {given:?}, but this run writes {needed:?}: \
         allocate it with `alloc` of the same kernel, context and arguments"
    )]
    #[non_exhaustive]
    ShapeMismatch {
        /// Name of the output.
        output: String,
        /// Shape of the array given.
        given: Vec<usize>,
        /// Shape that the run needs.
        needed: Vec<usize>,
    },

    /// An output given to `run_into` can't be written by the workers of the context.
    #[error(
        "output `{output}` can't be written by the workers of this context: {reason}; \
         allocate it with the context that runs the map (`alloc`)"
    )]
    #[non_exhaustive]
    NotWritable {
        /// Name of the output.
        output: String,
        /// What stands in the way.
        reason: String,
    },

    /// An output is to be shaped like an item whose functor does not know its items' shape.
    #[error(
        "the shape of item `{item}` is not known before the first is read, but an output is shaped after it: \
         implement `Functor::item_shape` for its functor, or give the output's shape by a `#[shared]` parameter"
    )]
    #[non_exhaustive]
    UnknownItemShape {
        /// Name of the item parameter.
        item: String,
    },

    /// A context with no workers was asked for.
    #[error("a context needs at least one worker, but 0 were asked for")]
    ZeroWorkers,

    /// The text is no context.
    #[error(
        "unknown context {given:?}{from}: use \"serial\", \"threads\", \"processes\", \
         or with a number of workers \"threads:4\", \"processes:4\""
    )]
    #[non_exhaustive]
    UnknownContext {
        /// The text.
        given: String,
        /// Where the text comes from, as a phrase; empty if the caller gave it.
        from: &'static str,
    },

    /// `PASHA_NUM_WORKERS` is not a number of workers.
    #[error("PASHA_NUM_WORKERS is {given:?}, which is not a whole number of at least 1")]
    #[non_exhaustive]
    NumWorkers {
        /// The value of the variable.
        given: String,
    },

    /// An argument has a value that can't be used.
    #[error("{argument} is {value}: {advice}")]
    #[non_exhaustive]
    Argument {
        /// Which argument.
        argument: String,
        /// The value given.
        value: String,
        /// What to give instead.
        advice: String,
    },

    /// The number of bytes of an array of this shape does not fit into an address.
    #[error(
        "an array of shape {shape:?} with elements of {element_size} bytes is larger than the address space"
    )]
    #[non_exhaustive]
    ShapeOverflow {
        /// Shape asked for.
        shape: Vec<usize>,
        /// Bytes of one element.
        element_size: usize,
    },

    /// The operating system does not give the memory.
    #[error(
        "can't have {bytes} bytes of {kind} memory: map over fewer items at a time, \
         or put the output into a file with `.file(path)` ({source})"
    )]
    #[non_exhaustive]
    Alloc {
        /// Bytes asked for.
        bytes: usize,
        /// The kind of memory, `shared` or `private`.
        kind: &'static str,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file can't be opened, created, sized or mapped.
    #[error("can't {action} {}: {source}", path.display())]
    #[non_exhaustive]
    File {
        /// What was tried, as a verb: `open`, `create`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file is not the `.npy` file that the program expects.
    #[error("{} can't be used: {reason}", path.display())]
    #[non_exhaustive]
    Npy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },

    /// A functor is not fit for being mapped over.
    #[error("item `{item}` can't be mapped over: {source}")]
    #[non_exhaustive]
    Functor {
        /// Name of the item parameter.
        item: String,
        /// What the functor said.
        source: SourceError,
    },

    /// Reading an item failed.
    #[error("reading item {index} failed: {source}")]
    #[non_exhaustive]
    Source {
        /// Index of the item.
        index: usize,
        /// What the functor's reader said.
        source: SourceError,
    },

    /// The kernel returned an `Err`.
    #[error("the kernel failed at index {index} (worker {worker_id}): {message}")]
    #[non_exhaustive]
    Kernel {
        /// Index of the item.
        index: usize,
        /// The worker that ran it.
        worker_id: usize,
        /// The kernel's error as text.
        message: String,
    },

    /// The kernel panicked.
    #[error(
        "the kernel panicked at index {index} (worker {worker_id}), at {}: {message}",
        location.as_deref().unwrap_or("an unknown place")
    )]
    #[non_exhaustive]
    Panic {
        /// Index of the item.
        index: usize,
        /// The worker that ran it.
        worker_id: usize,
        /// The panic's message.
        message: String,
        /// Where it panicked, as `file:line:column`, if the panic hook saw it.
        location: Option<String>,
    },

    /// A worker process died while it ran the kernel.
    #[error(
        "worker {worker_id} died at index {index}: {}; \
         run that index alone with `run_serial` under a debugger to see why",
        Error::describe_death(*signal, *status)
    )]
    #[non_exhaustive]
    WorkerDied {
        /// Index of the item.
        index: usize,
        /// The worker that ran it.
        worker_id: usize,
        /// The signal that killed it, if one did.
        signal: Option<i32>,
        /// The status that it exited with, if it exited.
        status: Option<i32>,
    },

    /// A worker failed outside of the items: in a hook, when it opened its reader, …
    #[error("worker {worker_id} failed while {stage}: {message}")]
    #[non_exhaustive]
    Worker {
        /// The worker.
        worker_id: usize,
        /// What it was doing, as a phrase.
        stage: &'static str,
        /// What went wrong.
        message: String,
    },

    /// The workers can't be started.
    #[error("can't start {what}: {source}")]
    #[non_exhaustive]
    Start {
        /// What could not be started.
        what: String,
        /// What the operating system or rayon said.
        source: SourceError,
    },

    /// The context came back before all items were done.
    #[error(
        "the context returned after {finished} of {len} items: a context must call `Job::work` \
         once for each worker number below `Job::num_workers` and wait for it"
    )]
    #[non_exhaustive]
    Incomplete {
        /// Number of finished items.
        finished: usize,
        /// Number of items.
        len: usize,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// Says how a process ended, in words.
    pub(crate) fn describe_death(signal: Option<i32>, status: Option<i32>) -> String {
        match (signal, status) {
            (Some(number), _) => match nix::sys::signal::Signal::try_from(number) {
                Ok(signal) => format!("killed by {signal}{}", explain_signal(signal)),
                Err(_) => format!("killed by signal {number}"),
            },
            (None, Some(status)) => format!("it left with exit status {status}"),
            (None, None) => {
                "its end was not seen, because this program reaps all its children".into()
            }
        }
    }
}

/// What a signal commonly means for a kernel.
fn explain_signal(signal: nix::sys::signal::Signal) -> &'static str {
    use nix::sys::signal::Signal;
    match signal {
        Signal::SIGSEGV => " (invalid memory access)",
        Signal::SIGBUS => " (a mapped file was truncated, or memory could not be had)",
        Signal::SIGABRT => " (aborted: stack overflow, double panic or a failed assertion in C)",
        Signal::SIGKILL => " (killed from outside, perhaps because memory ran out)",
        Signal::SIGFPE => " (invalid arithmetic)",
        Signal::SIGILL => " (invalid instruction)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_can_cross_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
    }

    #[test]
    fn deaths_are_told_in_words() {
        assert!(Error::describe_death(Some(9), None).contains("SIGKILL"));
        assert!(Error::describe_death(Some(64), None).contains("signal 64"));
        assert!(Error::describe_death(None, Some(3)).contains("exit status 3"));
        assert!(Error::describe_death(None, None).contains("not seen"));
    }
}
