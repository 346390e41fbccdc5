//! Items: the parameter kind that names what a functor must deliver.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::common::nested;
use crate::model::{Dim, ItemKind, Kernel, Param};
use crate::{names, types};

/// The kind of an item, at the place of the user's type.
pub(super) fn kind(param: &Param, kind: &ItemKind) -> TokenStream {
    let span = param.ty.span();
    let private = names::private_at(span);
    match kind {
        ItemKind::Value | ItemKind::Writable => {
            let ty = types::plain(&param.ty);
            quote_spanned!(span=> #private::ByValue<#ty>)
        }
        ItemKind::Ref(target) => {
            let target = types::to_static(target);
            quote_spanned!(span=> #private::ByRef<#target>)
        }
        ItemKind::View(view) => {
            let element = types::to_static(&view.element);
            let dim = dim(&view.dim);
            quote_spanned!(span=> #private::SubView<#element, #dim>)
        }
        ItemKind::Named => {
            let ty = types::to_static(&param.ty);
            quote_spanned!(span=> <#ty as #private::KernelItem>::Param)
        }
    }
}

/// The list of all kinds.
pub(super) fn list(kernel: &Kernel) -> TokenStream {
    let kinds: Vec<_> = kernel.items().map(|(param, item)| kind(param, item)).collect();
    nested(kinds)
}

/// A dimension type.
pub(super) fn dim(dim: &Dim) -> TokenStream {
    let private = names::private();
    match dim {
        Dim::Fixed(axes) => {
            let name = fixed(*axes);
            quote!(#private::#name)
        }
        Dim::Dyn => quote!(#private::IxDyn),
        Dim::Written(ty) => quote!(#ty),
    }
}

/// The array that the caller gets of elements in this dimension.
pub(super) fn shared_array(element: &Type, dim: &Dim) -> TokenStream {
    let private = names::private();
    match dim {
        Dim::Fixed(axes) => {
            let name = format_ident!("SharedArray{axes}");
            quote!(#private::#name<#element>)
        }
        _ => {
            let dim = self::dim(dim);
            quote!(#private::SharedArray<#element, #dim>)
        }
    }
}

/// The array that the caller gets of slots in this dimension: it has one axis more.
pub(super) fn shared_array_of(element: &Type, dim: &Dim) -> TokenStream {
    match dim {
        Dim::Fixed(axes @ 0..6) => shared_array(element, &Dim::Fixed(axes + 1)),
        Dim::Fixed(_) | Dim::Dyn => shared_array(element, &Dim::Dyn),
        Dim::Written(ty) => {
            let private = names::private();
            let larger = quote_spanned!(ty.span()=> <#ty as ::pasha::__private::Dimension>::Larger);
            quote!(#private::SharedArray<#element, #larger>)
        }
    }
}

fn fixed(axes: usize) -> proc_macro2::Ident {
    quote::format_ident!("Ix{axes}")
}
