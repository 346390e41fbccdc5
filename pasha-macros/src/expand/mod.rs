//! From a model without mistakes to tokens. Generated code is safe code, all of it.
//!
//! - `items`: the kinds of the item parameters
//! - `output`: outputs, their arrays, and the struct that holds them
//! - `generics`: which generic parameters and bounds the generated items need
//! - `kernel`: `bind`, which makes a kernel value of closures that call the user's function
//! - `entry`: the type named as the function, with the functions that run it
//! - `docs`: what rustdoc says about all that

mod docs;
mod entry;
mod generics;
mod items;
mod kernel;
mod output;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Attribute;

use crate::errors::Errors;
use crate::model::Kernel;
use crate::{check, fallback, parse};

/// The attribute: parse, check, expand.
pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    parse::arguments(args, &mut errors);
    let Some(function) = errors.keep(parse::function(item.clone())) else {
        return fallback::not_a_function(item, &errors.finish().err().unwrap_or_default());
    };
    let kernel = parse::kernel(function, &mut errors);
    check::all(&kernel, &mut errors);
    match errors.finish() {
        Ok(()) => expand(&kernel),
        Err(errors) => fallback::refused(&kernel, &errors),
    }
}

/// The function as it was, and the items beside it.
fn expand(kernel: &Kernel) -> TokenStream {
    let function = function(kernel);
    let outputs = output::Outputs::of(kernel);
    let definition = &outputs.definition;
    let entry = entry::expand(kernel, &outputs);
    quote! {
        #function
        #definition
        #entry
    }
}

/// The user's function, without the attributes that gave the roles.
pub(crate) fn function(kernel: &Kernel) -> TokenStream {
    let Kernel { attrs, vis, sig, body, .. } = kernel;
    quote! { #(#attrs)* #vis #sig #body }
}

/// `(a, (b, ()))`
pub(crate) fn nested<T: ToTokens>(
    list: impl IntoIterator<Item = T, IntoIter: DoubleEndedIterator>,
) -> TokenStream {
    list.into_iter().rev().fold(quote!(()), |rest, first| quote!((#first, #rest)))
}

/// The attributes of the function that belong on everything that is generated from it.
pub(crate) fn inherited(kernel: &Kernel) -> Vec<&Attribute> {
    let on_all = |attr: &&Attribute| attr.path().is_ident("cfg") || attr.path().is_ident("allow");
    kernel.attrs.iter().filter(on_all).collect()
}

/// Lints that are about code that people write: how the user's names are spelled, and whether
/// every generated function is used.
pub(crate) fn quiet() -> TokenStream {
    quote! {
        #[allow(
            dead_code,
            deprecated,
            elided_lifetimes_in_paths,
            missing_copy_implementations,
            missing_debug_implementations,
            non_camel_case_types,
            private_bounds,
            private_interfaces,
            single_use_lifetimes,
            unreachable_pub,
            unused_braces,
            unused_lifetimes,
            unused_parens,
            unused_qualifications,
            unused_variables,
            clippy::all,
            clippy::pedantic,
            clippy::nursery
        )]
    }
}
