//! The user's function as it stays, and what several of the generated items have in common.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Pat, Signature, Type, parse_quote};

use crate::model::Kernel;
use crate::{check, mentions};

/// The user's function, without the attributes that gave the roles.
pub(crate) fn function(kernel: &Kernel) -> TokenStream {
    let Kernel { attrs, vis, sig, body, .. } = kernel;
    let attrs = attrs.iter().filter(|attr| !check::is_kernel(attr));
    let mut sig = sig.clone();
    let mentioned = mentions::of_roles(kernel);
    for input in &mut sig.inputs {
        if let FnArg::Typed(typed) = input
            && let Pat::Ident(pat) = &*typed.pat
            && mentioned.contains(&pat.ident.unraw())
        {
            // A length that only a shape mentions is used, though not in the body.
            typed.attrs.push(parse_quote!(#[allow(unused_variables)]));
        }
    }
    let lints = lints_of_signature(&sig);
    quote! {
        #(#attrs)*
        #lints
        #vis #sig #body
    }
}

/// Lints that are not for a kernel: it has as many parameters as its data, and its buffers and
/// items are what they are (`&mut Vec`, `&Vec`).
fn lints_of_signature(sig: &Signature) -> Option<TokenStream> {
    let has_references = sig.inputs.iter().any(
        |input| matches!(input, FnArg::Typed(typed) if matches!(*typed.ty, Type::Reference(_))),
    );
    let may_warn = has_references || sig.inputs.len() > 7;
    may_warn.then(|| quote!(#[allow(clippy::too_many_arguments, clippy::ptr_arg)]))
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
///
/// One list, at each generated type and each block of implementations. A `const _` around all of
/// a kernel's would need it at one place alone, but rustc then calls its functions
/// `_::<impl kernel>::run_parallel`.
pub(crate) fn quiet() -> TokenStream {
    quote! {
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, unreachable_pub)]
        #[allow(elided_lifetimes_in_paths, single_use_lifetimes, unused_lifetimes, unused)]
        #[allow(unused_qualifications, non_camel_case_types, private_interfaces, deprecated)]
        #[allow(missing_debug_implementations, missing_copy_implementations, private_bounds)]
    }
}
