//! How many workers a context has that names no number.

use crate::error::{Error, Result};

/// The number of workers of a context that names none: what `PASHA_NUM_WORKERS` says, or the
/// number of processors that this process may really use, by its affinity mask and the CPU quota
/// of its cgroup. An empty `PASHA_NUM_WORKERS` says nothing.
///
/// # Errors
/// [`Error::NumWorkers`] if `PASHA_NUM_WORKERS` is not a whole number of at least 1.
///
/// # Examples
/// ```
/// // As `PASHA_NUM_WORKERS=3 program` does.
/// # // SAFETY: the example has one thread.
/// # unsafe { std::env::set_var("PASHA_NUM_WORKERS", "3") };
/// assert_eq!(pasha::available_workers()?, 3);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn available_workers() -> Result<usize> {
    match std::env::var_os("PASHA_NUM_WORKERS").filter(|text| !text.is_empty()) {
        None => Ok(std::thread::available_parallelism().map_or(1, Into::into)),
        Some(text) => {
            let given = text.to_string_lossy();
            match given.trim().parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(Error::NumWorkers { given: given.into_owned() }),
            }
        }
    }
}
