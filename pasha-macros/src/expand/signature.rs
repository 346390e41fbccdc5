//! The kernel's signature as text: what a job file is compared with before it is resumed.

use quote::quote;
use syn::GenericParam;

use crate::model::Kernel;
use crate::text::text;

/// The signature with the roles of its parameters, in one line.
///
/// What makes no other kernel of it is left out: the visibility, the documentation and all other
/// attributes, and whether a parameter is `mut`.
pub(crate) fn of(kernel: &Kernel) -> String {
    let name = &kernel.sig.ident;
    let mut generics = kernel.sig.generics.clone();
    for param in &mut generics.params {
        match param {
            GenericParam::Lifetime(param) => param.attrs.clear(),
            GenericParam::Type(param) => param.attrs.clear(),
            GenericParam::Const(param) => param.attrs.clear(),
        }
    }
    let (declared, _, clause) = generics.split_for_impl();
    let params = kernel.params.iter().map(|param| {
        let (attr, ty) = (&param.attr, &param.ty);
        match &param.name {
            Some(name) => quote!(#attr #name: #ty),
            None => {
                let pat = &param.pat;
                quote!(#attr #pat: #ty)
            }
        }
    });
    let output = &kernel.sig.output;
    text(quote!(fn #name #declared (#(#params),*) #output #clause))
}
