//! Programs with a job, to be killed and run again: `CONTEXT WORKERS LEN [FAILING THEN]` in the
//! folder of its files; `durable-CONTEXT` for a durable job. `FAILING` is an index that fails, and
//! `THEN` what then: `abort`, `skip` or `retry`.

use std::process::ExitCode;

use pasha::prelude::*;
use pasha::{AfterRetries, AnyContext, Error, Options};

/// Runs a program's job in the context that its arguments ask for, with so many items and the one
/// that is to fail.
pub fn run_job(
    arguments: &[String],
    run: impl FnOnce(&dyn Context, u64, Option<u64>) -> Result<(), Error>,
) -> ExitCode {
    let [context, workers, len, failure @ ..] = arguments else {
        panic!("unknown arguments {arguments:?}")
    };
    let (failing, policy) = match failure {
        [] => (None, OnFailure::Abort),
        [failing, then] if then == "skip" => (failing.parse().ok(), OnFailure::Skip { at_most: 1 }),
        [failing, then] if then == "retry" => {
            (failing.parse().ok(), OnFailure::Retry { times: 20, then: AfterRetries::Abort })
        }
        [failing, ..] => (failing.parse().ok(), OnFailure::Abort),
    };
    let workers = workers.parse().expect("a number");
    let (is_durable, context) = match context.strip_prefix("durable-") {
        Some(context) => (true, context),
        None => (false, context.as_str()),
    };
    let options = Options::new().on_failure(policy).resume("job.pasha").durable(is_durable);
    let mut context: AnyContext = match context {
        "serial" => Box::new(SerialContext::new()),
        "threads" => Box::new(ThreadContext::new(workers).expect("some")),
        _ => Box::new(ProcessContext::new(workers).expect("some")),
    };
    *context.options_mut() = options;
    match run(&*context, len.parse().expect("a number"), failing) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
