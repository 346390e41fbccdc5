//! The texts of errors for users of Python, who can't do what they advise in Rust.

use std::fmt::Display;

/// What a text says for users of Rust, and what it says for those of Python.
const PHRASES: [(&str, &str); 13] = [
    (
        "run that index alone with `run_serial` under a debugger",
        "run that index alone in a serial context under a debugger",
    ),
    (
        "`run_serial` does the same on the calling thread, for a debugger",
        "a serial context does the same on the calling thread, for a debugger",
    ),
    ("put the output into a file with `.file(path)`", "give `out` the path of a file"),
    (
        "allocate it with `alloc` of the same kernel, context and arguments",
        "leave `out` out, or give what a call with the same context and arguments has returned",
    ),
    (
        "allocate it with the context that runs the map (`alloc`)",
        "leave `out` out, or give what a call in the same context has returned",
    ),
    ("`OnFailure::Skip { at_most: … }` (as an option by word `skip=…`)", "`skip=…`"),
    ("the report of `run_report` lists", "its report lists"),
    (
        "keep what is finished with `run_into`",
        "keep what is finished in arrays that are given to be written",
    ),
    (
        "in outputs that are given to `run_into`, and of `run_live_in` in what its closure has \
         cloned",
        "in arrays that are given to be written",
    ),
    (
        "allocate them with `.file(path)` in this context, and give them to `run_into`",
        "give `out` the path of a file, or a dictionary with the path of each",
    ),
    ("allocate it with `.file(path)` in this context", "give `out` the path of a file for it"),
    ("`OnFailure::Skip` leaves out", "`skip` leaves out"),
    (
        "open it with Hdf5Dataset (feature `hdf5`)",
        "give one of its data sets, `(path, \"entry/data\")`",
    ),
];

/// The text of an error for users of Python.
pub fn in_python(error: &impl Display) -> String {
    let text = error.to_string();
    PHRASES.iter().fold(text, |text, (rust, python)| text.replace(rust, python))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::context::SerialContext;
    use crate::error::{Cause, Error, ItemFailure};

    fn died() -> Error {
        Error::Item(ItemFailure {
            index: 3,
            worker_id: 0,
            attempts: 1,
            finished: 2,
            len: 5,
            is_left_out: false,
            host: None,
            cause: Cause::Died { signal: Some(11), status: None, detail: None },
        })
    }

    /// Errors of each kind whose texts advise what Rust alone has.
    fn errors() -> Vec<Error> {
        let (output, len) = ("profile".to_owned(), 5);
        let job = std::env::temp_dir().join(format!("pasha-no-job-{}", std::process::id()));
        let resumed = SerialContext::new().resume(job);
        vec![
            died(),
            Error::TooManyFailures {
                failed: 2,
                at_most: 1,
                finished: 3,
                len,
                source: Box::new(died()),
            },
            Error::Worker {
                worker_id: 0,
                stage: "opening its reader",
                message: String::new(),
                finished: 0,
                len,
            },
            Error::Alloc {
                bytes: 8,
                kind: "shared",
                accumulators: 0,
                source: io::ErrorKind::OutOfMemory.into(),
            },
            Error::ShapeMismatch { output: output.clone(), given: vec![3], needed: vec![4] },
            Error::NotWritable { output, reason: "it is private".to_owned() },
            Error::Deadline { limit: std::time::Duration::from_secs(1), finished: 2, len },
            Error::Cancelled { finished: 2, len },
            crate::map_in(&resumed, 0..3_u64, |_, _, number| 2 * number).unwrap_err(),
        ]
    }

    #[test]
    fn nothing_is_advised_that_only_rust_has() {
        for error in errors() {
            let told = in_python(&error);
            for word in ["`run", ".file(", "`alloc`", "OnFailure", "::"] {
                assert!(!told.contains(word), "{told}");
            }
        }
    }

    #[test]
    fn each_phrase_is_one_of_a_text() {
        let told: String = errors().iter().map(ToString::to_string).collect();
        let others = PHRASES.iter().map(|(rust, _)| *rust).filter(|rust| !told.contains(rust));
        // Told of kernels' outputs and of files: tested from Python.
        let tested_there: Vec<_> = PHRASES[10..].iter().map(|(rust, _)| *rust).collect();
        assert_eq!(others.collect::<Vec<_>>(), tested_there, "{told}");
    }
}
