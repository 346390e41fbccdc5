//! The attribute as a whole: which of the steps follows which, and what becomes of a refusal.

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::model::Kernel;
use crate::{around, check, expand, fallback, parse};

/// The attribute: parse, check, expand. `file` is the text of the source file, where it is known.
pub(crate) fn kernel(args: TokenStream, item: TokenStream, file: Option<&str>) -> TokenStream {
    match read(args, item.clone()) {
        Ok(kernel) => {
            let expanded = match file.and_then(|file| around::clash(&kernel, item, file)) {
                Some(clash) => fallback::clashing(&kernel, clash),
                None => expand::expand(&kernel),
            };
            expand::runtime::located(expanded, &kernel.options)
        }
        Err(Refused { kernel: Some(kernel), errors }) => {
            expand::runtime::located(fallback::refused(&kernel, &errors), &kernel.options)
        }
        Err(Refused { kernel: None, errors }) => match parse::is_function(&item) {
            true => fallback::not_understood(item, &errors),
            false => fallback::not_a_function(item, &errors),
        },
    }
}

/// What is not a kernel, and why.
pub(crate) struct Refused {
    /// What could be read, if it is a function at all.
    pub(crate) kernel: Option<Box<Kernel>>,
    pub(crate) errors: Vec<syn::Error>,
}

/// Parses and checks.
pub(crate) fn read(args: TokenStream, item: TokenStream) -> Result<Kernel, Refused> {
    let mut errors = Errors::new();
    let options = parse::options(args, &mut errors);
    let function = errors.keep(parse::function(item));
    let kernel = function.map(|function| parse::kernel(function, options, &mut errors));
    if let Some(kernel) = &kernel {
        check::all(kernel, &mut errors);
    }
    match (errors.finish(), kernel) {
        (Ok(()), Some(kernel)) => Ok(kernel),
        (Ok(()), None) => Err(Refused { kernel: None, errors: Vec::new() }),
        (Err(errors), kernel) => Err(Refused { kernel: kernel.map(Box::new), errors }),
    }
}
