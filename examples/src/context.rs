//! The context of an example that is given none.

use pasha::AnyContext;

/// What the environment variable `PASHA_CONTEXT` says, or forked processes with a progress bar.
///
/// # Errors
/// If the variable can't be understood.
pub fn context() -> pasha::Result<AnyContext> {
    match std::env::var_os("PASHA_CONTEXT") {
        Some(_) => Ok(Box::new(pasha::default_context()?)),
        None => "processes,progress".parse(),
    }
}
