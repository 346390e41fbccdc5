//! What happened, in words: the parts of which the texts of errors are made.

use std::fmt::Display;
#[cfg(feature = "xfel")]
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

/// What to do about items that fail by themselves.
pub(super) const SKIP: &str = "to go on without such items use `on_failure`";
/// What to do about items that kill their worker.
pub(super) const DEBUG: &str = "run that index alone with `run_serial` under a debugger to see why, or go on \
                                without such items with `on_failure`";
/// What to do about items that take long.
pub(super) const ALLOW_MORE: &str =
    "allow more with `item_timeout`, or go on without such items with `on_failure`";
/// What to do about kernels that wait for threads of the program.
pub(super) const MAKE_ANEW: &str = "the threads of a pool (rayon), of a runtime (tokio) or behind a lock or a channel that the \
     program made before the map do not exist in forked workers: make it in the kernel or as \
     `#[scratch]`, or use a `ThreadContext`";
/// What such a worker does.
pub(crate) const WAITS: &str =
    "it waits for a lock or a thread of the program that does not exist in a forked worker";

/// Why a source is refused whose elements are more than can be addressed.
pub(crate) fn too_large_to_address(shape: &[usize]) -> String {
    format!("its shape {shape:?} is larger than the address space")
}

/// A worker, with its machine where there are several.
pub(crate) fn worker(worker_id: usize, host: Option<&str>) -> String {
    match host {
        None => format!("worker {worker_id}"),
        Some(host) => format!("worker {worker_id} on {host}"),
    }
}

pub(super) fn source(index: usize, worker: &str, source: &impl Display) -> String {
    format!("reading item {index} failed ({worker}): {source}")
}

pub(super) fn kernel(index: usize, worker: &str, message: &str) -> String {
    format!("the kernel failed at index {index} ({worker}): {message}")
}

pub(super) fn panic(index: usize, worker: &str, message: &str, place: Option<&str>) -> String {
    let place = place.unwrap_or("an unknown place");
    format!("the kernel panicked at index {index} ({worker}), at {place}: {message}")
}

/// The message of a panic in the expression of a ragged length.
pub(super) fn of_length(index: usize, outputs: &[&str], message: &str) -> String {
    let output = match outputs {
        [output] => format!("the ragged output `{output}`"),
        _ => "a ragged output".to_owned(),
    };
    format!("in `ragged = …`, the length of slot {index} of {output}: {message}")
}

/// A panic of something that was named before.
pub(crate) fn panicked(message: &str, place: Option<&str>) -> String {
    let place = place.map(|place| format!(" at {place}"));
    format!("panicked{}: {message}", place.unwrap_or_default())
}

pub(super) fn death_at(
    index: usize,
    worker: &str,
    signal: Option<i32>,
    status: Option<i32>,
    detail: Option<&str>,
) -> String {
    format!("{worker} died at index {index}: {}", death(signal, status, detail))
}

pub(super) fn late(index: usize, worker: &str, limit: Duration) -> String {
    format!("item {index} took longer than {limit:?} ({worker})")
}

pub(super) fn deadlock(index: usize, worker: &str) -> String {
    format!("{worker} can't go on at index {index}: {WAITS}")
}

/// How far the map had come, and what to do next, as the end of a sentence.
pub(super) fn how_far(finished: usize, len: usize, advice: &str) -> String {
    format!("; {finished} of {len} items were finished; {advice}")
}

/// How often something failed, if more than once.
pub(super) fn tries(attempts: usize) -> String {
    match attempts {
        0 | 1 => String::new(),
        tries => format!(", {tries} times in a row"),
    }
}

/// Says that a source has a train twice, by file and row, and what to do.
#[cfg(feature = "xfel")]
pub(super) fn twice(
    source: &str,
    train_id: u64,
    [(first, row), (second, other_row)]: [(&Path, usize); 2],
) -> String {
    let suspect = "if one of them is a suspect train, open the run with `Run::options().include_suspect(false)`";
    if first == second {
        return format!(
            "source {source:?} has train {train_id} twice in {}, in rows {row} and {other_row} of INDEX/trainId, so that it \
             is not known which data are the train's: {suspect}; otherwise leave the file out with \
             `Run::options().open_files(&[…])`",
            first.display()
        );
    }
    format!(
        "source {source:?} has train {train_id} twice, in row {row} of {} and in row {other_row} of {}: they may be copies of \
         one file, or belong to different runs; leave one out with `Run::options().open_files(&[…])`, or, {suspect}",
        first.display(),
        second.display()
    )
}

/// Says how a process ended.
pub(crate) fn death(signal: Option<i32>, status: Option<i32>, detail: Option<&str>) -> String {
    let how = match (signal, status) {
        (Some(number), _) => match Signal::try_from(number) {
            Ok(signal) if detail.is_some() => format!("killed by {signal}"),
            Ok(signal) => format!("killed by {signal}{}", explain_signal(signal)),
            Err(_) => format!("killed by signal {number}"),
        },
        (None, Some(status)) => format!("it left with exit status {status}"),
        (None, None) => "its end was not seen, because this program reaps all its children".into(),
    };
    match detail {
        Some(detail) => format!("{how}; {detail}"),
        None => how,
    }
}

/// What a signal commonly means for a kernel.
fn explain_signal(signal: Signal) -> &'static str {
    match signal {
        Signal::SIGSEGV => " (invalid memory access)",
        Signal::SIGBUS => " (a mapped file was truncated, or memory could not be had)",
        Signal::SIGABRT => {
            " (aborted: stack overflow, memory that could not be had, or a failed assertion in C)"
        }
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
    fn deaths_are_told_in_words() {
        assert!(death(Some(9), None, None).contains("SIGKILL (killed from outside"));
        assert_eq!(death(Some(9), None, Some("it was fat")), "killed by SIGKILL; it was fat");
        assert!(death(Some(64), None, None).contains("signal 64"));
        assert!(death(None, Some(3), None).contains("exit status 3"));
        assert!(death(None, None, None).contains("not seen"));
    }

    #[test]
    fn repeated_failures_are_counted() {
        assert_eq!(how_far(2, 3, "rest"), "; 2 of 3 items were finished; rest");
        assert_eq!([tries(1), tries(4)], ["", ", 4 times in a row"]);
    }
}
