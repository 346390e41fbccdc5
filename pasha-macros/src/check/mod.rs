//! What is refused, and what to write instead: one function for each rule.

mod expressions;
mod outputs;
mod parameters;
mod python;
mod returns;
mod signature;

pub(crate) use signature::{is_kernel, is_test};

use crate::errors::Errors;
use crate::model::Kernel;

/// Applies every rule, so that one build shows every mistake.
pub(crate) fn all(kernel: &Kernel, errors: &mut Errors) {
    signature::check(kernel, errors);
    parameters::check(kernel, errors);
    outputs::check(kernel, errors);
    expressions::check(kernel, errors);
    returns::check(kernel, errors);
    python::check(kernel, errors);
}
