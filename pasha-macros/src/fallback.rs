//! After a refusal: what keeps one mistake from looking like twenty.
//!
//! The function stays, unless rustc would find the same mistake in it, and the generated names
//! exist with the right number of arguments. Their types are arrays whose length is the error:
//! rustc reports it once, and has nothing more to say about values of such a type, whatever is done
//! with them.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, FnArg, GenericParam, Type};

use crate::around::Clash;
use crate::expand::common::{function, inherited, quiet};
use crate::expand::entry::with_items;
use crate::model::Kernel;
use crate::{check, errors, names, types};

/// For what is not a function: the item as it was, and the errors.
pub(crate) fn not_a_function(item: TokenStream, errors: &[syn::Error]) -> TokenStream {
    let errors = errors.iter().map(errors::tokens);
    quote!(#item #(#errors)*)
}

/// For a function whose syntax is not understood.
///
/// What rustc understands only to say that it is wrong has been reported by it before: a default of
/// a parameter, `impl` without a trait, a keyword as a name.
pub(crate) fn not_understood(item: TokenStream, errors: &[syn::Error]) -> TokenStream {
    let is =
        |token: &TokenTree, sign| matches!(token, TokenTree::Punct(it) if it.as_char() == sign);
    let tokens: Vec<_> = item.into_iter().collect();
    let has_default = tokens.iter().any(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
            let tokens: Vec<_> = group.stream().into_iter().collect();
            tokens.windows(2).any(|pair| is(&pair[0], '=') && !is(&pair[1], '>'))
        }
        _ => false,
    });
    let is_keyword = |word: &Ident| {
        let is_one = syn::parse_str::<Ident>(&word.to_string()).is_err();
        is_one && !names::RESERVED_SINCE_2018.iter().any(|it| word == it)
    };
    let is_reported = has_default
        || tokens.windows(2).any(|pair| match pair {
            [TokenTree::Ident(word), TokenTree::Group(_)] => word == "impl",
            [TokenTree::Ident(word), TokenTree::Ident(name)] => word == "fn" && is_keyword(name),
            _ => false,
        });
    match is_reported {
        true => tokens.into_iter().map(without_attributes).collect(),
        false => errors.iter().map(errors::tokens).collect(),
    }
}

/// The parameters without the attributes, which rustc would not understand; other tokens as they
/// are.
fn without_attributes(token: TokenTree) -> TokenTree {
    let TokenTree::Group(group) = &token else { return token };
    if group.delimiter() != Delimiter::Parenthesis {
        return token;
    }
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in group.stream() {
        let follows_hash =
            matches!(kept.last(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#');
        match &token {
            TokenTree::Group(it) if follows_hash && it.delimiter() == Delimiter::Bracket => {
                kept.pop();
            }
            _ => kept.push(token),
        }
    }
    let mut group = Group::new(Delimiter::Parenthesis, kept.into_iter().collect());
    group.set_span(token.span());
    group.into()
}

/// For a function that can't be a kernel.
pub(crate) fn refused(kernel: &Kernel, errors: &[syn::Error]) -> TokenStream {
    let is_method = kernel.sig.inputs.iter().any(|input| matches!(input, FnArg::Receiver(_)));
    let has_no_room = is_method || types::hides_primitive(&kernel.sig.ident);
    let Some((first, rest)) = errors.split_first().filter(|_| !has_no_room) else {
        // An `impl` block has no room for types, nor has a scope for two `f64`.
        return not_a_function(function(kernel), errors);
    };
    let function = match is_valid(kernel) {
        true => function(kernel),
        false => stand_in(kernel),
    };
    let stubs = stubs(kernel, &stand_in_type(kernel), first);
    let rest = rest.iter().map(errors::tokens);
    quote!(#function #stubs #(#rest)*)
}

/// For a kernel that can't stand where it does.
pub(crate) fn clashing(kernel: &Kernel, clash: Clash) -> TokenStream {
    let error = clash.error(kernel);
    match clash {
        Clash::OfKernels => errors::tokens(&error),
        Clash::Inside(_) | Clash::OfType(_) => not_a_function(function(kernel), &[error]),
        Clash::OfValue(_) => stubs(kernel, &names::stand_in(&kernel.sig.ident), &error),
        Clash::OfOutputs(_) => {
            let (function, out) = (function(kernel), names::stand_in(&kernel.sig.ident));
            let stubs = stubs(kernel, &out, &error);
            quote!(#function #stubs)
        }
    }
}

/// Whether rustc takes the function as it is.
fn is_valid(kernel: &Kernel) -> bool {
    let view =
        |ty: &Type| types::array_view(ty, "ArrayView").or(types::array_view(ty, "ArrayViewMut"));
    let has_size = |ty: &Type| {
        !types::is_unsized(ty) && !view(ty).is_some_and(|view| types::is_unsized(&view.element))
    };
    let is_owned = |ty: &Type| !types::borrows(ty) && view(ty).is_none();
    let returned = || kernel.returns.values.list().iter().map(|value| &value.original);
    let elements = kernel.outputs().filter_map(|(_, output)| output.element());
    let mut kept = elements.chain(returned());
    let mut types = kernel.params.iter().map(|param| &param.ty).chain(returned());
    let mut written = kernel.params.iter().map(|param| &param.ty).chain(&kernel.returns.original);
    let attrs = kernel.sig.inputs.iter().flat_map(|input| match input {
        FnArg::Typed(typed) => typed.attrs.as_slice(),
        FnArg::Receiver(receiver) => receiver.attrs.as_slice(),
    });
    let is_conditional = |attr: &Attribute| attr.path().is_ident("cfg_attr");
    types.all(has_size)
        && kept.all(|ty| is_owned(ty) && !types::is_unsized(ty))
        && written.all(|ty| {
            let inner = match types::plain(ty) {
                Type::Reference(reference) => &reference.elem,
                other => other,
            };
            types::placeholder(ty).is_none()
                && types::self_type(ty).is_none()
                && types::incomplete_view(inner).is_none()
        })
        && kernel.twins().is_empty()
        && !kernel.attrs.iter().any(check::is_test)
        && !attrs.into_iter().any(is_conditional)
        && kernel.sig.generics.params.iter().all(|param| match param {
            GenericParam::Type(param) => param.default.is_none(),
            GenericParam::Const(param) => param.default.is_none(),
            GenericParam::Lifetime(_) => true,
        })
}

/// A function of the same name, with as many parameters.
fn stand_in(kernel: &Kernel) -> TokenStream {
    let name = &kernel.sig.ident;
    let vis = &kernel.vis;
    let attrs = inherited(kernel);
    let private = names::private();
    let out = stand_in_type(kernel);
    let params = kernel.sig.inputs.iter().map(|_| quote!(_: #out));
    quote! {
        #(#attrs)*
        #[doc = "Stands in for a kernel with mistakes."]
        #[allow(dead_code)]
        #vis fn #name(#(#params),*) -> #out { #private::unimplemented!() }
    }
}

/// The type that stands in for all others. Where there would be a struct of outputs, the user may
/// have written its name.
fn stand_in_type(kernel: &Kernel) -> Ident {
    match kernel.has_output_struct() {
        true => kernel.output_struct(),
        false => names::stand_in(&kernel.sig.ident),
    }
}

/// The generated names. An error stands in the place of their types, which is called `out`.
fn stubs(kernel: &Kernel, out: &Ident, error: &syn::Error) -> TokenStream {
    let name = &kernel.sig.ident;
    let vis = &kernel.vis;
    let attrs = inherited(kernel);
    let quiet = quiet();
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
    let private = names::private();
    let body = quote!({ #private::unimplemented!() });
    let documentation = quote!(#[doc = "Stands in for a kernel with mistakes."]);
    let items = quote! {
        #(#attrs)*
        #quiet
        #[doc = "Stands in for the outputs of a kernel with mistakes."]
        #vis type #out = [(); { #error }];

        #(#attrs)*
        #quiet
        #[allow(missing_docs)]
        #[automatically_derived]
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
            #vis fn run_live_in #generics (_: #out, #(#arguments,)* _: #out, _: #out) -> #out #body
            #vis fn bind #generics (#(#shared),*) -> #out #body
        }
    };
    with_items(kernel, &documentation, &items)
}

/// The error as one expression: an error of several parts would be several.
fn as_expression(error: &syn::Error) -> TokenStream {
    errors::tokens(&error.clone().into_iter().next().unwrap_or_else(|| error.clone()))
}
