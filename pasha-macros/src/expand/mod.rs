//! From a model without mistakes to tokens. Generated code is safe code, all of it.
//!
//! - `items`: the kinds of the item parameters
//! - `output`: outputs, their arrays, and the struct that holds them
//! - `generics`: which generic parameters and bounds the generated items need
//! - `kernel`: `bind`, which makes a kernel value of closures that call the user's function
//! - `entry`: the type named as the function, with the functions that run it
//! - `signature`: the kernel's signature as text
//! - `runtime`: where the runtime crate is, if it is not `::pasha`
//! - `docs`: what rustdoc says about all that
//! - `text`: tokens as people write them, for the two above

mod docs;
mod entry;
mod generics;
mod items;
mod kernel;
mod output;
mod runtime;
pub(crate) mod signature;
pub(crate) mod text;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, FnArg, Pat, parse_quote};

use crate::errors::Errors;
use crate::model::Kernel;
use crate::{check, fallback, mentions, parse};

/// The attribute: parse, check, expand.
pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    match read(args, item.clone()) {
        Ok(kernel) => runtime::located(expand(&kernel), &kernel.options),
        Err(Refused { kernel: Some(kernel), errors }) => {
            runtime::located(fallback::refused(&kernel, &errors), &kernel.options)
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
    let attrs = attrs.iter().filter(|attr| !check::is_kernel(attr));
    let mut sig = sig.clone();
    let mentioned = mentions::of_roles(kernel);
    for input in &mut sig.inputs {
        if let FnArg::Typed(typed) = input
            && let Pat::Ident(pat) = &*typed.pat
            && mentioned.contains(&pat.ident)
        {
            // A length that only a shape mentions is used, though not in the body.
            typed.attrs.push(parse_quote!(#[allow(unused_variables)]));
        }
    }
    quote! {
        #(#attrs)*
        // A kernel has as many parameters as its data, and its buffers and items are what they
        // are: `&mut Vec`, `&Vec`.
        #[allow(clippy::too_many_arguments, clippy::ptr_arg)]
        #vis #sig #body
    }
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
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, deprecated, unused)]
        #[allow(elided_lifetimes_in_paths, single_use_lifetimes, unused_lifetimes)]
        #[allow(private_bounds, private_interfaces, unreachable_pub, unused_qualifications)]
    }
}

/// Such lints that are about a generated type.
pub(crate) fn quiet_type() -> TokenStream {
    quote! {
        #[allow(clippy::all, clippy::pedantic, dead_code, deprecated, non_camel_case_types)]
        #[allow(missing_copy_implementations, missing_debug_implementations, unreachable_pub)]
        #[allow(private_bounds, private_interfaces, unused_qualifications)]
    }
}
