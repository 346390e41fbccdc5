//! Everything that can go wrong, in one type.

pub(crate) mod describe;
mod file;
mod in_python;
mod item;
mod source;
mod start;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub use in_python::in_python;
pub use item::{Cause, ItemFailure};
#[cfg(feature = "hdf5")]
pub use source::Hdf5Error;
#[cfg(feature = "xfel")]
pub use source::XfelError;
pub use source::{NpyError, VariableError};

/// What functors and readers of any kind report when reading fails.
///
/// # Examples
/// ```
/// use pasha::SourceError;
///
/// fn number(text: &str) -> Result<u32, SourceError> {
///     Ok(text.trim().parse()?)
/// }
///
/// assert_eq!(number(" 17")?, 17);
/// assert!(number("seventeen").is_err());
/// # Ok::<(), pasha::SourceError>(())
/// ```
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything in pasha that can fail.
///
/// # Examples
/// ```
/// fn squares() -> pasha::Result<u64> {
///     Ok(pasha::map(0..10_u64, |_, _, number| number * number)?.sum())
/// }
///
/// assert_eq!(squares()?, 285);
/// # Ok::<(), pasha::Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a map, an allocation or a context failed, and what to do about it.
///
/// Errors of arguments come before any work starts. Errors of a kernel carry the index and the
/// worker; what other indices had finished stays in the outputs given to `run_into`.
///
/// `Debug` shows the same text as `Display`, because that is what `fn main() -> pasha::Result<()>`
/// and `unwrap` print.
///
/// # Examples
/// ```
/// use pasha::Error;
///
/// let lines = ["12.5", "beam lost"];
/// let error = pasha::try_map(&lines, |_, _, line| line.parse::<f64>()).unwrap_err();
/// assert!(error.to_string().contains("invalid float literal"), "{error}");
/// let error = pasha::ThreadContext::new(0).unwrap_err();
/// assert!(matches!(error, Error::ZeroWorkers));
/// ```
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

    /// Two items of one kernel come from functors that name their items differently: from
    /// different trains, say.
    #[error(
        "the functors of `{first}` and `{second}` differ at index {index}: it is {first_label} in the one \
         and {second_label} in the other; select the same items from both"
    )]
    #[non_exhaustive]
    LabelMismatch {
        /// Name of the first item parameter.
        first: String,
        /// What its item is called there: the id of a train.
        first_label: u64,
        /// Name of the parameter that does not agree.
        second: String,
        /// What its item is called there.
        second_label: u64,
        /// The first index at which they differ.
        index: usize,
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

    /// A ragged output given to `run_into` has a slot of another length than this run writes.
    #[error(
        "slot {index} of output `{output}` has {given} elements, but this run writes {needed}: \
         allocate it with `alloc` of the same kernel, context and arguments"
    )]
    #[non_exhaustive]
    SlotLengthMismatch {
        /// Name of the output.
        output: String,
        /// Index of the first slot that differs.
        index: usize,
        /// Elements of that slot in the array given.
        given: usize,
        /// Elements that the run writes there.
        needed: usize,
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

    /// A shared parameter or an item is a lock, an atomic or the like, and the workers are forked
    /// processes or several ranks, each of which would change a copy of its own.
    #[error(
        "what a kernel changes in `{parameter}` would be lost: the workers of this context are {} \
         processes, and each has a copy of its own of every lock and atomic; gather values with \
         `#[reduce(sum)]`, `#[per_worker(…)]` or `#[output(…)]`, or run on threads (`ThreadContext`); \
         {}",
        if *.over_ranks { "those of several ranks, which are" } else { "forked" },
        unless_changed(.parameter, *.is_item)
    )]
    #[non_exhaustive]
    ChangesLost {
        /// Name of the parameter.
        parameter: String,
        /// Whether it is an item, and not shared.
        is_item: bool,
        /// Whether the workers are those of several ranks.
        over_ranks: bool,
    },

    /// A context with no workers was asked for.
    #[error(
        "a context needs at least one worker, but 0 were asked for: give a number of at least 1, \
         or let `with_available_workers` choose"
    )]
    ZeroWorkers,

    /// The text is no context.
    #[error(
        "{from} is {given:?}, but {reason}: use \"serial\", \"threads\", \"processes\", \
         or with a number of workers of at least 1 \"threads:4\", \"processes:4\"{}; options stand \
         behind it, as in \"processes:4,skip=10,progress\"",
        if cfg!(feature = "mpi") { ", or on several machines \"mpi\", \"mpi:processes:4\"" } else { "" }
    )]
    #[non_exhaustive]
    UnknownContext {
        /// The whole text.
        given: String,
        /// What is wrong with it, as the end of a sentence.
        reason: String,
        /// Where the text comes from, as a phrase: the environment variable, or the program.
        from: &'static str,
    },

    /// `PASHA_NUM_WORKERS` is not a number of workers.
    #[error(
        "the environment variable PASHA_NUM_WORKERS is {given:?}, which is not a whole number of at \
         least 1: give it one, such as 8, or unset it to have as many workers as processors"
    )]
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
        "an array of shape {shape:?} with elements of {element_size} bytes is larger than the address space: \
         map over fewer items at a time, or look for a length that is not what it should be"
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
        "can't have {bytes} bytes of {kind} memory{} ({source})",
        alloc_advice(*.bytes, *.accumulators)
    )]
    #[non_exhaustive]
    Alloc {
        /// Bytes asked for.
        bytes: usize,
        /// The kind of memory, `shared` or `private`.
        kind: &'static str,
        /// The number of accumulators that it is for, of `#[reduce]` and `#[per_worker]` outputs; 0
        /// if it is for something else.
        accumulators: usize,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file can't be opened, created, sized or mapped.
    #[error("can't {action} {}: {source}{}", path.display(), file::advice(path, .source))]
    #[non_exhaustive]
    File {
        /// What was tried, as a verb: `open`, `create`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file is the memory of an array, or is read, and can't be used a second time.
    #[error("{} is in use: {reason}", path.display())]
    #[non_exhaustive]
    InUse {
        /// The file, as it was asked for.
        path: PathBuf,
        /// Who uses it, by which path, and what to do.
        reason: String,
    },

    /// A file is not the `.npy` file that the program expects.
    #[error(transparent)]
    Npy(#[from] NpyError),

    /// An HDF5 file or one of its data sets can't be used.
    #[cfg(feature = "hdf5")]
    #[error(transparent)]
    Hdf5(#[from] Hdf5Error),

    /// A run of the European XFEL can't be used, or has not what was asked for.
    #[cfg(feature = "xfel")]
    #[error(transparent)]
    Xfel(#[from] XfelError),

    /// A variable of a labelled file can't be used.
    #[error(transparent)]
    Variable(#[from] VariableError),

    /// A functor is not fit for being mapped over.
    #[error("item `{item}` can't be mapped over: {source}")]
    #[non_exhaustive]
    Functor {
        /// Name of the item parameter.
        item: String,
        /// What the functor said.
        source: SourceError,
    },

    /// An item failed: the kernel returned an `Err` or panicked, its worker died, it took too long,
    /// or it could not be read.
    #[error(transparent)]
    Item(ItemFailure),

    /// More items failed than the context's `on_failure` lets a map skip.
    #[error(
        "{failed} items failed, but only {at_most} may be skipped, and {finished} of {len} were finished; \
         the first to fail: {}; if so many may fail, allow more with `OnFailure::Skip {{ at_most: … }}` \
         (as an option by word `skip=…`): with {len} the map goes to its end, and the report of \
         `run_report` lists all that failed",
        source.brief()
    )]
    #[non_exhaustive]
    TooManyFailures {
        /// Number of items that failed.
        failed: usize,
        /// Number of items that may be skipped.
        at_most: usize,
        /// Number of items that were finished when the map ended.
        finished: usize,
        /// Number of items.
        len: usize,
        /// The failure of the item that failed first.
        source: Box<Error>,
    },

    /// The map did not end before the context's `deadline`.
    #[error(
        "the map was stopped after its deadline of {limit:?}, when {finished} of {len} items were finished: \
         allow more with `deadline`, and keep what is finished with `run_into`"
    )]
    #[non_exhaustive]
    Deadline {
        /// The time that the map was given.
        limit: Duration,
        /// Number of items that were finished when the map ended.
        finished: usize,
        /// Number of items.
        len: usize,
    },

    /// The map was cancelled by the context's [`CancelToken`](crate::CancelToken).
    #[error(
        "the map was cancelled when {finished} of {len} items were finished: what is finished is kept \
         in outputs that are given to `run_into`, and of `run_live_in` in what its closure has \
         cloned"
    )]
    #[non_exhaustive]
    Cancelled {
        /// Number of items that were finished when the map ended.
        finished: usize,
        /// Number of items.
        len: usize,
    },

    /// A merge function panicked when what the workers had accumulated was put together.
    #[error(
        "merging what the workers have accumulated {message}, in a map over {len} items: a merge \
         function gets any two accumulators, of which one may be as it was at the start"
    )]
    #[non_exhaustive]
    MergePanicked {
        /// What went wrong, and where.
        message: String,
        /// Number of items.
        len: usize,
    },

    /// A worker failed outside of the items: in a hook, when it opened its reader, …
    #[error(
        "worker {worker_id} failed while {stage}: {message} ({finished} of {len} items were finished); \
         no item is to blame: `run_serial` does the same on the calling thread, for a debugger"
    )]
    #[non_exhaustive]
    Worker {
        /// The worker.
        worker_id: usize,
        /// What it was doing, as a phrase.
        stage: &'static str,
        /// What went wrong.
        message: String,
        /// Number of items that were finished when the map ended.
        finished: usize,
        /// Number of items.
        len: usize,
    },

    /// The job in a context's `resume` file can't be begun or gone on with.
    #[error("can't resume the job in {}: {reason}", path.display())]
    #[non_exhaustive]
    Resume {
        /// The file that says what is done.
        path: PathBuf,
        /// What stands in the way, and what to do.
        reason: String,
    },

    /// An argument is larger than pasha, or Linux, can do with.
    #[error("{argument} is {given}, which is more than {most}: {reason}")]
    #[non_exhaustive]
    TooLarge {
        /// Name of the argument.
        argument: &'static str,
        /// The value given.
        given: usize,
        /// The largest value that can be dealt with.
        most: usize,
        /// Why, and what to do.
        reason: &'static str,
    },

    /// The workers can't be started.
    #[error("can't start {what}: {source}{}", start::advice(.source.as_ref()))]
    #[non_exhaustive]
    Start {
        /// What could not be started.
        what: String,
        /// What the operating system or rayon said.
        source: SourceError,
    },

    /// One of several ranks can't take part in the map or end it, and so none has its results.
    #[error("rank {rank} on {host} can't go on: {reason}")]
    #[non_exhaustive]
    Rank {
        /// The number of the rank.
        rank: usize,
        /// The machine that it runs on.
        host: String,
        /// Why it can't.
        reason: String,
    },

    /// The ranks of a context do not do the same: they were started with other arguments, read
    /// other files, or make other maps.
    #[error(
        "the ranks do not do the same: the {what} is {first}, but {second}; start one program with \
         the same arguments and files on all, and have each make the same maps"
    )]
    #[non_exhaustive]
    RanksDiffer {
        /// What differs.
        what: String,
        /// What rank 0 has, and where that is.
        first: String,
        /// What another rank has, and which one.
        second: String,
    },

    /// A rank has died, was stopped, or can't be reached any more.
    #[error(
        "rank {rank} on {host} is lost: {reason}; no further map can be made with it, so start the \
         program again (in a context with `resume` it goes on where it was)"
    )]
    #[non_exhaustive]
    RankLost {
        /// The number of the rank.
        rank: usize,
        /// The machine that it ran on.
        host: String,
        /// What was seen of it.
        reason: String,
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
    /// The error of memory for so many accumulators.
    pub(crate) fn of_accumulators(self, accumulators: usize) -> Error {
        match self {
            Error::Alloc { bytes, kind, source, .. } => {
                Error::Alloc { bytes, kind, accumulators, source }
            }
            other => other,
        }
    }

    /// The error of a pass that finds the lengths of the slots of ragged outputs, which are among
    /// these: a panic is told as the length's.
    pub(crate) fn of_lengths(mut self, outputs: &[&str]) -> Error {
        let tell = |failure: &mut ItemFailure| {
            if let Cause::Panic { message, .. } = &mut failure.cause {
                *message = describe::of_length(failure.index, outputs, message);
            }
        };
        match &mut self {
            Error::Item(failure) => tell(failure),
            Error::TooManyFailures { source, .. } => {
                if let Error::Item(failure) = &mut **source {
                    tell(failure);
                }
            }
            _ => {}
        }
        self
    }

    /// Why the lengths of an item's slots in these outputs could not be found.
    pub(crate) fn reason_for_lengths(self, outputs: &[&str]) -> String {
        let error = self.of_lengths(outputs);
        if let Error::Item(failure) = &error
            && let Cause::Panic { message, location } = &failure.cause
        {
            return describe::panicked(message, location.as_deref());
        }
        error.brief()
    }

    /// What happened, without how far the map had come and what to do: for lists of failures.
    pub(crate) fn brief(&self) -> String {
        match self {
            Error::Item(failure) => failure.brief(),
            other => other.to_string(),
        }
    }
}

/// What to do where memory can't be had.
fn alloc_advice(bytes: usize, accumulators: usize) -> String {
    match accumulators {
        0 => ": map over fewer items at a time, or put the output into a file with `.file(path)`"
            .to_owned(),
        all => format!(
            " for accumulators, {all} of {} bytes each: take fewer workers, or a smaller shape of \
             `#[reduce]` and `#[per_worker]` outputs",
            bytes / all
        ),
    }
}

/// What to write where nothing is changed, or nothing of it is needed afterwards.
fn unless_changed(parameter: &str, is_item: bool) -> String {
    match is_item {
        true => format!(
            "if `{parameter}` is only read, map over the values in the locks, collected before"
        ),
        false => format!(
            "if a copy for each worker is right, as for a cache, write `#[shared(copied)] {parameter}: …`"
        ),
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
}
