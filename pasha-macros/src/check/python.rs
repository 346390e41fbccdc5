//! Rules about kernels that Python is to call.

use syn::GenericParam;

use crate::errors::Errors;
use crate::model::{ItemKind, Kernel, Role};
use crate::types;

pub(super) fn check(kernel: &Kernel, errors: &mut Errors) {
    if kernel.options.python.is_none() {
        return;
    }
    no_const_parameters(kernel, errors);
    no_impl_traits(kernel, errors);
    names_are_free(kernel, errors);
    items_are_of_arrays(kernel, errors);
}

/// `python_module!` lists types, and dtypes tell which of them a call means.
fn no_const_parameters(kernel: &Kernel, errors: &mut Errors) {
    for param in &kernel.sig.generics.params {
        if let GenericParam::Const(param) = param {
            errors.at(
                &param.ident,
                "a kernel with `python` can't have const parameters, since no argument from Python \
                 says what they are: make it a `#[shared]` parameter, or write a kernel for each \
                 number that calls a common function",
            );
        }
    }
}

/// A closure of Python's would need Python's lock in every call.
fn no_impl_traits(kernel: &Kernel, errors: &mut Errors) {
    for param in kernel.shared() {
        for found in types::impl_traits(&param.ty) {
            errors.at(
                found,
                "a kernel with `python` can't take an `impl Trait`, since Python has no value of \
                 it: take a number, a `&str` or an array, `&ArrayRef1<f64>`",
            );
        }
    }
}

/// The words that the functions of Python have as keywords.
const KEYWORDS: [&str; 21] = [
    "out",
    "context",
    "report",
    "progress",
    "on_failure",
    "skip",
    "retry",
    "item_timeout",
    "deadline",
    "stop_within",
    "resume",
    "durable",
    "timeline",
    "share",
    "static_split",
    "reproducible",
    "pin_workers",
    "huge_pages",
    "worker_lifespan",
    "worker_memory",
    "nice",
];

/// The words that are reserved in Python, and may be names in Rust, raw or not.
const RESERVED: [&str; 27] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "class", "def", "del",
    "elif", "except", "finally", "from", "global", "if", "import", "in", "is", "lambda",
    "nonlocal", "not", "or", "pass", "raise", "with",
];

/// The arguments of Python's function are named as the parameters.
fn names_are_free(kernel: &Kernel, errors: &mut Errors) {
    let is_seen = |role: &Role| !matches!(role, Role::Index | Role::WorkerId | Role::Scratch(_));
    for param in kernel.params.iter().filter(|param| is_seen(&param.role)) {
        let (Some(name), Some(text)) = (&param.name, param.text()) else { continue };
        if RESERVED.contains(&text.as_str()) {
            errors.at(
                name,
                format!("`{text}` is a reserved word of Python's: name the parameter otherwise"),
            );
        } else if param.is_argument() && KEYWORDS.contains(&text.as_str()) {
            errors.at(
                name,
                format!(
                    "`{text}` is a keyword of each function that Python calls, an option of the \
                     map: name the parameter otherwise"
                ),
            );
        }
    }
}

/// Python gives arrays, whose items are numbers and arrays.
fn items_are_of_arrays(kernel: &Kernel, errors: &mut Errors) {
    for (param, kind) in kernel.items() {
        if let ItemKind::Named = kind {
            errors.at(
                &param.ty,
                "a kernel with `python` takes items of NumPy's arrays: a number (`value: f64`), a \
                 reference to one, or an array view (`frame: ArrayView2<u16>`)",
            );
        }
    }
}
