//! After a refusal: what keeps one mistake from looking like twenty.
//!
//! The function stays, and the generated names exist with the right number of arguments. Their
//! types are arrays whose length is the error: rustc reports it once, and has nothing more to say
//! about values of such a type, whatever is done with them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, GenericParam};

use crate::expand::{function, inherited, quiet};
use crate::model::Kernel;
use crate::names;

/// For what is not a function: the item as it was, and the errors.
pub(crate) fn not_a_function(item: TokenStream, errors: &[syn::Error]) -> TokenStream {
    let errors = errors.iter().map(syn::Error::to_compile_error);
    quote!(#item #(#errors)*)
}

/// For a function that can't be a kernel.
pub(crate) fn refused(kernel: &Kernel, errors: &[syn::Error]) -> TokenStream {
    let function = function(kernel);
    let is_method = kernel.sig.inputs.iter().any(|input| matches!(input, FnArg::Receiver(_)));
    let Some((first, rest)) = errors.split_first().filter(|_| !is_method) else {
        // An `impl` block has no room for types.
        return not_a_function(function, errors);
    };
    let stubs = stubs(kernel, first);
    let rest = rest.iter().map(syn::Error::to_compile_error);
    quote!(#function #stubs #(#rest)*)
}

/// The generated names. The first error stands in the place of their types.
fn stubs(kernel: &Kernel, error: &syn::Error) -> TokenStream {
    let name = &kernel.sig.ident;
    let vis = &kernel.vis;
    let attrs = inherited(kernel);
    let quiet = quiet();
    let outputs = kernel.outputs().count();
    // Where there would be a struct of outputs, the user may have written its name.
    let out = match outputs > 1 || (outputs == 1 && !kernel.returns.values.list().is_empty()) {
        true => names::output_struct(name),
        false => names::stand_in(name),
    };
    let error = as_expression(error);
    // Bounds would only give rise to more errors; the names are for calls with a turbofish.
    let generics = kernel.sig.generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident).map(|name| quote!(#name)),
        GenericParam::Const(param) => {
            let (name, ty) = (&param.ident, &param.ty);
            Some(quote!(const #name: #ty))
        }
        GenericParam::Lifetime(_) => None,
    });
    let generics: Vec<_> = generics.collect();
    let generics = if generics.is_empty() { quote!() } else { quote!(<#(#generics),*>) };
    let items = kernel.params.iter().filter(|param| param.is_argument());
    let arguments: Vec<_> = items.map(|_| quote!(_: #out)).collect();
    let shared: Vec<_> = kernel.shared().map(|_| quote!(_: #out)).collect();
    let body = quote!({ ::core::unimplemented!() });
    quote! {
        #(#attrs)*
        #quiet
        #[doc = "Stands in for the outputs of a kernel with mistakes."]
        #vis type #out = [(); { #error }];

        #(#attrs)*
        #quiet
        #[doc = "Stands in for a kernel with mistakes."]
        #vis struct #name {}

        #(#attrs)*
        #quiet
        #[allow(missing_docs)]
        impl #name {
            #vis fn run_parallel #generics (#(#arguments),*) -> #out #body
            #vis fn run_in #generics (_: #out, #(#arguments),*) -> #out #body
            #vis fn run_serial #generics (#(#arguments),*) -> #out #body
            #vis fn alloc #generics (_: #out, #(#arguments),*) -> #out #body
            #vis fn run_into #generics (_: #out, #(#arguments,)* _: #out) -> #out #body
            #vis fn run_report #generics (#(#arguments),*) -> #out #body
            #vis fn run_report_in #generics (_: #out, #(#arguments),*) -> #out #body
            #vis fn run_report_serial #generics (#(#arguments),*) -> #out #body
            #vis fn run_report_into #generics (_: #out, #(#arguments,)* _: #out) -> #out #body
            #vis fn bind #generics (#(#shared),*) -> #out #body
        }
    }
}

/// The error as one expression: an error of several parts would be several.
fn as_expression(error: &syn::Error) -> TokenStream {
    error.clone().into_iter().next().unwrap_or_else(|| error.clone()).to_compile_error()
}
