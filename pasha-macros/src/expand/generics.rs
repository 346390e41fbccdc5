//! Generic parameters: which of the function's the generated items need, and with which bounds.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{GenericParam, Generics, Type};

use crate::model::{Dim, ItemKind, Kernel, Merge, Output, OutputKind, Role, Slot};
use crate::names;
use crate::types::{self, Mentioned};

/// What the generated functions declare: everything that the user's function does.
pub(super) struct OfFunctions {
    /// `<'a, T: Bound, const N: usize>`
    pub(super) declared: TokenStream,
    /// `where …`
    pub(super) clause: TokenStream,
    /// `::<T, N>`, so that nothing is left to inference. Lifetimes are.
    pub(super) turbofish: TokenStream,
}

/// What the struct of outputs declares: the parameters that its fields mention.
pub(super) struct OfOutputs {
    /// `<T: Bound>`
    pub(super) declared: TokenStream,
    /// `<T>`
    pub(super) names: TokenStream,
    /// `where …`
    pub(super) clause: TokenStream,
}

pub(super) fn of_functions(kernel: &Kernel) -> OfFunctions {
    let generics = &kernel.sig.generics;
    let mut predicates = written(generics);
    item_bounds(kernel, &mut predicates);
    shared_bounds(kernel, &mut predicates);
    output_bounds(kernel, &mut predicates);

    let params = &generics.params;
    let arguments: Vec<_> = params.iter().filter_map(argument).collect();
    OfFunctions {
        declared: if params.is_empty() { quote!() } else { quote!(<#params>) },
        clause: clause(&predicates),
        turbofish: if arguments.is_empty() { quote!() } else { quote!(::<#(#arguments),*>) },
    }
}

/// The same for what Python calls: each type parameter stands for a number that NumPy has, too, and
/// the outputs, of this type, go to Python from another thread.
pub(super) fn of_python(kernel: &Kernel, packed: &TokenStream) -> OfFunctions {
    let functions = of_functions(kernel);
    let private = names::private();
    let mut predicates = written(&kernel.sig.generics);
    item_bounds(kernel, &mut predicates);
    shared_bounds(kernel, &mut predicates);
    output_bounds(kernel, &mut predicates);
    for param in kernel.sig.generics.type_params() {
        let name = &param.ident;
        let span = name.span();
        add(&mut predicates, quote_spanned!(span=> #name: #private::python::PyNumber));
    }
    if kernel.sig.generics.type_params().next().is_some() {
        add(&mut predicates, quote!(#packed: #private::Send));
    }
    OfFunctions { clause: clause(&predicates), ..functions }
}

pub(super) fn of_outputs(kernel: &Kernel) -> OfOutputs {
    let generics = &kernel.sig.generics;
    let mut kept: Vec<&Ident> = Vec::new();
    let mut keep = |ty: &Type| {
        for name in Mentioned::by_type(generics, ty) {
            if !kept.contains(&name) {
                kept.push(name);
            }
        }
    };
    for (_, output) in kernel.outputs() {
        output.element().into_iter().for_each(&mut keep);
        if let Slot::Array(view) = &output.slot
            && let Dim::Written(dim) = &view.dim
        {
            keep(dim);
        }
    }
    for value in kernel.returns.values.list() {
        keep(value.element());
    }

    let is_kept = |param: &&GenericParam| argument(param).is_some_and(|it| kept.contains(&it));
    let params: Vec<_> = generics.params.iter().filter(is_kept).collect();
    if params.is_empty() {
        return OfOutputs { declared: quote!(), names: quote!(), clause: quote!() };
    }
    let only_kept = |mentioned: Mentioned<'_>| {
        let found = mentioned.found();
        !found.is_empty() && found.iter().all(|name| kept.contains(name))
    };
    let declared = params.iter().map(|param| match param {
        GenericParam::Type(param) => {
            let name = &param.ident;
            let bounds = param.bounds.iter().filter(|bound| {
                let mut mentioned = Mentioned::new(generics);
                mentioned.visit_type_param_bound(bound);
                mentioned.add(name);
                only_kept(mentioned)
            });
            quote!(#name: #(#bounds)+*)
        }
        other => quote!(#other),
    });
    let mut predicates = Vec::new();
    for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
        let mut mentioned = Mentioned::new(generics);
        mentioned.visit_where_predicate(predicate);
        if only_kept(mentioned) {
            predicates.push(quote!(#predicate));
        }
    }
    output_bounds(kernel, &mut predicates);
    let names = params.iter().filter_map(|param| argument(param));
    OfOutputs {
        declared: quote!(<#(#declared),*>),
        names: quote!(<#(#names),*>),
        clause: clause(&predicates),
    }
}

/// The name of a type or const parameter.
fn argument(param: &GenericParam) -> Option<&Ident> {
    match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    }
}

/// The predicates of the user's `where` clause.
fn written(generics: &Generics) -> Vec<TokenStream> {
    let clause = generics.where_clause.iter();
    clause.flat_map(|clause| &clause.predicates).map(ToTokens::to_token_stream).collect()
}

fn clause(predicates: &[TokenStream]) -> TokenStream {
    match predicates {
        [] => quote!(),
        _ => quote!(where #(#predicates),*),
    }
}

/// Adds a predicate that is not there yet.
fn add(predicates: &mut Vec<TokenStream>, predicate: TokenStream) {
    let text = predicate.to_string();
    if !predicates.iter().any(|known| known.to_string() == text) {
        predicates.push(predicate);
    }
}

/// The type parameters (not const ones) that a type mentions.
fn type_params<'k>(kernel: &'k Kernel, ty: &Type) -> Vec<&'k Ident> {
    let generics = &kernel.sig.generics;
    let mut mentioned = Mentioned::by_type(generics, ty);
    mentioned.retain(|name| generics.type_params().any(|param| param.ident == **name));
    mentioned
}

fn is_generic(kernel: &Kernel, ty: &Type) -> bool {
    !Mentioned::by_type(&kernel.sig.generics, ty).is_empty()
}

/// A kind names types without their lifetimes.
fn item_bounds(kernel: &Kernel, predicates: &mut Vec<TokenStream>) {
    for (param, kind) in kernel.items() {
        let span = param.ty.span();
        for name in type_params(kernel, &param.ty) {
            add(predicates, quote_spanned!(span=> #name: 'static));
        }
        if let ItemKind::View(view) = kind {
            dim_bound(kernel, &view.dim, predicates);
        }
    }
}

/// Shared parameters go to every worker, by reference or as copies.
fn shared_bounds(kernel: &Kernel, predicates: &mut Vec<TokenStream>) {
    for param in kernel.params.iter().filter(|param| matches!(param.role, Role::Shared { .. })) {
        let ty = types::plain(&param.ty);
        let span = ty.span();
        let private = names::private_at(span);
        let mentioned = type_params(kernel, ty);
        for name in &mentioned {
            add(predicates, quote_spanned!(span=> #name: #private::Sync));
        }
        let by_value = !types::borrows(ty) && types::impl_traits(ty).is_empty();
        if by_value && !mentioned.is_empty() {
            add(predicates, quote_spanned!(span=> #ty: #private::Copy));
        }
    }
}

/// Elements are plain values, and dimensions dimensions.
fn output_bounds(kernel: &Kernel, predicates: &mut Vec<TokenStream>) {
    for (_, output) in kernel.outputs() {
        if let Some(element) = output.element() {
            element_bound(kernel, element, predicates);
            merge_bound(kernel, output, element, predicates);
        }
        if let Slot::Array(view) = &output.slot {
            dim_bound(kernel, &view.dim, predicates);
        }
    }
    for value in kernel.returns.values.list() {
        element_bound(kernel, value.element(), predicates);
    }
}

fn element_bound(kernel: &Kernel, element: &Type, predicates: &mut Vec<TokenStream>) {
    if is_generic(kernel, element) {
        let span = element.span();
        let private = names::private_at(span);
        add(predicates, quote_spanned!(span=> #element: #private::Element));
    }
}

fn merge_bound(
    kernel: &Kernel,
    output: &Output,
    element: &Type,
    predicates: &mut Vec<TokenStream>,
) {
    let OutputKind::Reduce(merges) = &output.kind else { return };
    if let (true, Some(Merge::BuiltIn(name, merge))) = (is_generic(kernel, element), merges.first())
    {
        let span = name.span();
        let private = names::private_at(span);
        let merge = Ident::new(merge, span);
        add(
            predicates,
            quote_spanned!(span=> #private::merge::#merge: #private::merge::Merge<#element>),
        );
    }
}

fn dim_bound(kernel: &Kernel, dim: &Dim, predicates: &mut Vec<TokenStream>) {
    if let Dim::Written(dim) = dim
        && is_generic(kernel, dim)
    {
        let span = dim.span();
        let private = names::private_at(span);
        add(predicates, quote_spanned!(span=> #dim: #private::Dimension + 'static));
    }
}
