//! From a model without mistakes to tokens. Generated code is safe code, all of it.
//!
//! - `items`: the kinds of the item parameters
//! - `output`: outputs, their arrays, and the struct that holds them
//! - `generics`: which generic parameters and bounds the generated items need
//! - `kernel`: `bind`, which makes a kernel value of closures that call the user's function
//! - `entry`: the type named as the function, with the functions that run it
//! - `python`: what Python calls, for kernels with that option
//! - `sharing`: which parameters are changed through `&`, which forked workers would lose
//! - `signature`: the kernel's signature as text
//! - `runtime`: where the runtime crate is, if it is not `::pasha`
//! - `docs`: what rustdoc says about all that
//! - `common`: the user's function, and what several of the others write

pub(crate) mod common;
mod docs;
pub(crate) mod entry;
mod generics;
mod items;
mod kernel;
mod output;
mod python;
pub(crate) mod runtime;
mod sharing;
pub(crate) mod signature;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Kernel;
use common::function;

/// The function as it was, and the items beside it.
pub(crate) fn expand(kernel: &Kernel) -> TokenStream {
    let function = function(kernel);
    let outputs = output::Outputs::of(kernel);
    let definition = &outputs.definition;
    let functions = entry::functions(kernel, &outputs);
    let python = python::expand(kernel, &outputs);
    let documentation = entry::documentation(kernel, &outputs);
    let items = quote!(#definition #functions #python);
    let entry = entry::with_items(kernel, &documentation, &items);
    quote!(#function #entry)
}
