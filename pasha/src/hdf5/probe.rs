//! Looking at files in processes of their own first.
//!
//! HDF5 1.10 crashes on some damaged files (variable-length strings whose heap is not where the
//! file says, for one), and goes round in circles in others. What describes a file is therefore
//! tried in a forked process, by a map of its own, and done here only if it ended well there. A
//! circle is told from a slow disk by the processor's time that it takes.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::libc;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};

use crate::context::{ProcessContext, available_workers};
use crate::error::{Cause, Error, Result, SourceError};
use crate::map::closure::{map_report_in, try_map_in};
use crate::options::OnFailure;

/// Seconds of processor time after which a description is taken for one that comes to no end.
const MOST_SECONDS: u64 = 15;

/// The time that a disk may take with one file.
const LONGEST_PROBE: Duration = Duration::from_secs(600);

/// Whether this is a process that was forked to look at files.
static IS_PROBE: AtomicBool = AtomicBool::new(false);

/// Says why `describe`, which calls this library, can't be called here, if it can't, or what it
/// refuses: that is not tried again here, because a damaged file may have the library do something
/// else the next time.
pub(crate) fn probe<T, E: Display>(
    library: &str,
    describe: impl Fn() -> Result<T, E> + Sync,
) -> Result<(), SourceError> {
    let context = context(1)?;
    let tried = try_map_in(&context, 0..1_usize, |_, _, _| {
        limit_processor_time();
        describe().map(drop).map_err(|error| error.to_string())
    });
    tried.map(drop).map_err(|error| reason(library, error).into())
}

/// Tries `describe`, which calls this library, with each file, and gives the reasons for those with
/// which it can't be called here.
#[cfg_attr(not(feature = "xfel"), allow(dead_code, reason = "other sources build on it"))]
pub(crate) fn probe_each(
    library: &str,
    files: &[PathBuf],
    describe: impl Fn(&Path) + Sync,
) -> Result<Vec<(usize, String)>> {
    let skip = OnFailure::Skip { at_most: files.len() };
    let context = context(available_workers()?)?.on_failure(skip);
    let (_, report) = map_report_in(&context, files, |_, _, file: &PathBuf| {
        limit_processor_time();
        describe(file);
    })?;
    let failed = report.failed.into_iter();
    Ok(failed.map(|item| (item.index, reason(library, item.cause))).collect())
}

fn context(num_workers: usize) -> Result<ProcessContext> {
    let context = ProcessContext::new(num_workers)?.item_timeout(LONGEST_PROBE);
    Ok(context.on_worker_start(|_| {
        IS_PROBE.store(true, Ordering::Relaxed);
        fill_freed_memory();
    }))
}

/// Has the C library fill what is freed, so that a library that goes on using it crashes here, and
/// not later in the program, where the memory may have become another's.
fn fill_freed_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: this option may be set at any time; it changes bytes that nobody may read.
    unsafe {
        libc::mallopt(libc::M_PERTURB, 0x5a);
    }
}

/// Says that another file is looked at within one description: each has the time that one may take.
pub(crate) fn another_file() {
    limit_processor_time();
}

/// Has the system end this process, if it was forked to look at files, when the next takes too
/// long.
fn limit_processor_time() {
    // Within a worker of another map a map runs at once, and the process is not the probe's to
    // limit.
    if !IS_PROBE.load(Ordering::Relaxed) {
        return;
    }
    if let (Ok(usage), Ok((_, hard))) =
        (getrusage(UsageWho::RUSAGE_SELF), getrlimit(Resource::RLIMIT_CPU))
    {
        let used = usage.user_time().tv_sec() + usage.system_time().tv_sec();
        let most = used.unsigned_abs() + MOST_SECONDS;
        // Without the limit the time-out remains.
        let _ = setrlimit(Resource::RLIMIT_CPU, most.min(hard), hard);
    }
}

fn reason(library: &str, error: Error) -> String {
    let Error::Item(failure) = &error else { return error.to_string() };
    match failure.cause() {
        Cause::Refused { message } => message.clone(),
        Cause::Panic { message, .. } => format!(
            "the {library} library met something unexpected ({message}): the file is damaged"
        ),
        Cause::Died { signal: Some(libc::SIGXCPU), .. } => format!(
            "the {library} library did not come to an end with it in {MOST_SECONDS} s of processor time: the file is damaged"
        ),
        Cause::Died { .. } => {
            format!("the {library} library crashed on it: the file is damaged")
        }
        Cause::TimedOut { .. } => {
            format!(
                "it could not be read in {LONGEST_PROBE:?}: the disk is very slow or does not answer"
            )
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_elsewhere_is_the_answer_and_a_crash_is_told() {
        let refused = probe("HDF5", || Err::<(), _>("it is no data set")).unwrap_err();
        assert_eq!(refused.to_string(), "it is no data set");
        let crashed = probe("HDF5", || -> Result<(), String> { std::process::abort() });
        assert_eq!(
            crashed.unwrap_err().to_string(),
            "the HDF5 library crashed on it: the file is damaged"
        );
        assert!(probe("HDF5", || Ok::<_, String>(7)).is_ok());
    }
}
