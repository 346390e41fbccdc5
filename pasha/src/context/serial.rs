//! One worker, on the thread that calls.

use super::Context;
use crate::error::Result;
use crate::job::Job;
use crate::options::{ContextOptions, Options, option_methods};

/// Runs the kernel on the calling thread, one item after another: for tests and debuggers.
///
/// # Examples
/// ```
/// let context = pasha::SerialContext::new();
/// let out = pasha::map_in(&context, 0..3_usize, |worker_id, _, n| worker_id + n)?;
/// assert_eq!(out, ndarray::array![0, 1, 2]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SerialContext {
    options: Options,
}

impl SerialContext {
    /// A context with the calling thread as its one worker.
    ///
    /// # Examples
    /// ```
    /// use pasha::{Context, SerialContext};
    ///
    /// static CONTEXT: SerialContext = SerialContext::new();
    /// assert_eq!(CONTEXT.num_workers(), 1);
    /// ```
    pub const fn new() -> Self {
        SerialContext { options: Options::new() }
    }
}

option_methods!(SerialContext, "pasha::SerialContext::new()", "```\n# {");

impl ContextOptions for SerialContext {
    fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }
}

impl Context for SerialContext {
    fn num_workers(&self) -> usize {
        1
    }

    fn run(&self, job: &Job<'_>) -> Result<()> {
        job.work(0);
        Ok(())
    }

    fn runs_on_caller(&self) -> bool {
        true
    }

    fn options(&self) -> &Options {
        &self.options
    }
}
