//! What becomes of a map when an item fails.

/// What a map does when an item fails: when the kernel returns an `Err`, panics, takes longer than
/// the context's `item_timeout`, when its worker dies, or when the item can't be read.
///
/// Whatever the policy, nothing that is finished is lost: outputs given to `run_into` keep it.
///
/// # Examples
/// ```
/// use pasha::{OnFailure, ProcessContext};
///
/// /// Inverts, and fails at zero.
/// #[pasha::kernel]
/// fn invert(value: f64) -> Result<f64, &'static str> {
///     if value == 0.0 { Err("division by zero") } else { Ok(1.0 / value) }
/// }
///
/// let context = ProcessContext::new(2)?.on_failure(OnFailure::Skip { at_most: 1 });
/// let (out, report) = invert::run_report_in(&context, &[1.0, 0.0, 4.0])?;
/// assert_eq!(out, ndarray::array![1.0, 0.0, 0.25]);
/// assert_eq!(report.failed[0].index, 1);
/// assert!(report.failed[0].cause.to_string().contains("division by zero"));
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFailure {
    /// The map ends with the first failure as its error. The other workers stop at their next item.
    #[default]
    Abort,
    /// The map goes on without the item, up to a number of items; one more, and it ends with
    /// [`Error::TooManyFailures`](crate::Error::TooManyFailures).
    ///
    /// The slots of such an item have their fill value (zeros where none is given), what it had
    /// added to accumulators is undone, and the report lists it.
    Skip {
        /// How many items may fail.
        at_most: usize,
    },
    /// The item is run again, at once.
    Retry {
        /// How often it is run again.
        times: usize,
        /// What happens when it still fails.
        then: AfterRetries,
    },
}

/// What a map does when an item failed each time that it was tried.
///
/// # Examples
/// ```
/// use pasha::{AfterRetries, OnFailure, SerialContext};
///
/// let policy = OnFailure::Retry { times: 2, then: AfterRetries::Skip { at_most: 1 } };
/// let context = SerialContext::new().on_failure(policy);
/// let lines = ["12.5", "beam lost"];
/// let (motor, report) =
///     pasha::try_map_report_in(&context, &lines, |_, _, line| line.parse::<f64>())?;
/// assert_eq!(motor, ndarray::array![12.5, 0.0]);
/// assert_eq!((report.retried, report.failed.len()), (2, 1));
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterRetries {
    /// As [`OnFailure::Abort`].
    #[default]
    Abort,
    /// As [`OnFailure::Skip`].
    Skip {
        /// How many items may fail.
        at_most: usize,
    },
}

/// How often a worker that fails outside of any item is tried again at least, if the policy is not
/// to abort: something else than an item is to blame then, and may pass.
const STUMBLES: usize = 3;

impl OnFailure {
    /// Whether a failure ends the map at once, so that nothing needs to be kept for going on.
    pub(crate) fn is_abort(self) -> bool {
        matches!(self, OnFailure::Abort)
    }

    /// How often an item is run again.
    pub(crate) fn times(self) -> usize {
        match self {
            OnFailure::Abort | OnFailure::Skip { .. } => 0,
            OnFailure::Retry { times, .. } => times,
        }
    }

    /// How many items may be left out; `None` if none may, and the first failure is the error.
    pub(crate) fn may_skip(self) -> Option<usize> {
        match self {
            OnFailure::Skip { at_most }
            | OnFailure::Retry { then: AfterRetries::Skip { at_most }, .. } => Some(at_most),
            OnFailure::Abort | OnFailure::Retry { then: AfterRetries::Abort, .. } => None,
        }
    }

    /// How often in a row a worker may fail outside of any item before the map ends.
    pub(crate) fn stumbles(self) -> usize {
        match self {
            OnFailure::Abort => 0,
            _ => self.times().max(STUMBLES),
        }
    }
}
