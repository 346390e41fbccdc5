//! Which shared parameters and items are changed through `&`, asked of their types: forked workers
//! lose such changes.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

use crate::model::{ItemKind, Kernel, Role};
use crate::{names, types};

/// The containers of std and ndarray that hold locks where their elements do. An element may be
/// any type with a size there, which of other containers is not known.
const CONTAINERS: [&str; 40] = [
    "Arc",
    "ArcArray",
    "ArcArray1",
    "ArcArray2",
    "Array",
    "Array0",
    "Array1",
    "Array2",
    "Array3",
    "Array4",
    "Array5",
    "Array6",
    "ArrayBase",
    "ArrayD",
    "ArrayView",
    "ArrayView0",
    "ArrayView1",
    "ArrayView2",
    "ArrayView3",
    "ArrayView4",
    "ArrayView5",
    "ArrayView6",
    "ArrayViewD",
    "ArrayViewMut",
    "ArrayViewMut1",
    "ArrayViewMut2",
    "ArrayViewMut3",
    "BTreeMap",
    "Box",
    "HashMap",
    "LazyLock",
    "LinkedList",
    "Option",
    "OwnedArcRepr",
    "OwnedRepr",
    "Pin",
    "Result",
    "Vec",
    "VecDeque",
    "ViewRepr",
];

/// Where these containers are, if their paths say it: those of other modules are other types.
const CRATES: [&str; 8] =
    ["std", "core", "alloc", "ndarray", "pasha", "collections", "sync", "boxed"];

/// Tells which shared parameters and items are locks, atomics and the like, as far as their types
/// say: what must be imported for it, and the call. What is `copied` may be one.
pub(super) fn sharing(kernel: &Kernel) -> Option<(TokenStream, TokenStream)> {
    let private = names::private();
    let asked = kernel.shared().filter(|param| {
        matches!(param.role, Role::Shared { copied: false })
            && types::impl_traits(&param.ty).is_empty()
            && !types::is_plain_data(&param.ty)
    });
    let asked = asked.filter_map(|param| {
        let (name, answer) = (param.text()?, is_interior_mutable(&param.ty));
        Some(quote!((#name, #answer)))
    });
    // Those that are lent; what comes by value is the worker's own.
    let lent = kernel.items().filter_map(|(param, kind)| {
        let ty = match kind {
            ItemKind::Ref(ty) => ty,
            ItemKind::View(view) => &view.element,
            ItemKind::Value | ItemKind::Named | ItemKind::Writable => return None,
        };
        if types::is_plain_data(ty) {
            return None;
        }
        let (name, answer) = (param.text()?, is_interior_mutable(&types::to_static(ty)));
        Some(quote!((#name, #answer)))
    });
    let asked: Vec<_> = asked.chain(lent).collect();
    (!asked.is_empty())
        .then(|| (quote!(use #private::NotInteriorMutable as _;), quote!(.sharing(&[#(#asked),*]))))
}

/// Asks of a type whether it is changed through `&`; of one with a tuple once for each part,
/// because the trait that knows can't say "one of them".
fn is_interior_mutable(ty: &Type) -> TokenStream {
    let parts = without_tuples(ty);
    let questions = parts.iter().map(|part| {
        let asked = without_references(part);
        let there = names::private_at(asked.span());
        quote_spanned!(asked.span()=> <#there::Sharing<#asked>>::IS_INTERIOR_MUTABLE)
    });
    let mut questions: Vec<TokenStream> = questions.collect();
    match questions.len() {
        1 => questions.remove(0),
        _ => quote!((false #(|| #questions)*)),
    }
}

fn without_references(ty: &Type) -> &Type {
    match types::plain(ty) {
        Type::Reference(reference) => without_references(&reference.elem),
        ty => ty,
    }
}

/// The type once for each part of its tuples, with this part in the tuple's place: of
/// `&[(u8, f64)]` it is `&[u8]` and `&[f64]`.
fn without_tuples(ty: &Type) -> Vec<Type> {
    let in_place = |element: &Type, put: &dyn Fn(Type) -> Type| -> Vec<Type> {
        without_tuples(element).into_iter().map(put).collect()
    };
    match types::plain(ty) {
        Type::Reference(reference) => in_place(&reference.elem, &|element| {
            let mut reference = reference.clone();
            *reference.elem = element;
            Type::Reference(reference)
        }),
        Type::Tuple(tuple) => tuple.elems.iter().flat_map(without_tuples).collect(),
        Type::Slice(slice) => in_place(&slice.elem, &|element| {
            let mut slice = slice.clone();
            *slice.elem = element;
            Type::Slice(slice)
        }),
        Type::Array(array) => in_place(&array.elem, &|element| {
            let mut array = array.clone();
            *array.elem = element;
            Type::Array(array)
        }),
        ty => in_arguments(ty).unwrap_or_else(|| vec![ty.clone()]),
    }
}

/// The same of a container whose type arguments have tuples; `None` of another type.
fn in_arguments(ty: &Type) -> Option<Vec<Type>> {
    let segment = types::last_segment(ty)?;
    let PathArguments::AngleBracketed(list) = &segment.arguments else { return None };
    let Type::Path(path) = ty else { return None };
    let segments = &path.path.segments;
    let is_elsewhere = segments.len() > 1 && !CRATES.iter().any(|name| segments[0].ident == name);
    if is_elsewhere || !CONTAINERS.iter().any(|container| segment.ident == container) {
        return None;
    }
    let mut all = Vec::new();
    // Of a result the trait can ask one of the two.
    if segment.ident == "Result"
        && let [_, error] = types::type_arguments(segment)[..]
    {
        all.extend(without_tuples(error));
        all.push(ty.clone());
    }
    for (place, argument) in list.args.iter().enumerate() {
        let GenericArgument::Type(argument) = argument else { continue };
        let parts = without_tuples(argument);
        let is_the_same = |part: &Type| quote!(#part).to_string() == quote!(#argument).to_string();
        if matches!(&parts[..], [only] if is_the_same(only)) {
            continue;
        }
        for part in parts {
            let mut changed = ty.clone();
            let Type::Path(path) = &mut changed else { return None };
            let arguments = &mut path.path.segments.last_mut()?.arguments;
            let PathArguments::AngleBracketed(list) = arguments else { return None };
            if let Some(argument) = list.args.get_mut(place) {
                *argument = GenericArgument::Type(part);
            }
            all.push(changed);
        }
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    #[track_caller]
    fn check(ty: &str, expected: &[&str]) {
        let text = |ty: Type| ty.to_token_stream().to_string().replace(' ', "");
        let found: Vec<String> =
            without_tuples(&syn::parse_str(ty).unwrap()).into_iter().map(text).collect();
        assert_eq!(found, expected, "{ty}");
    }

    #[test]
    fn each_part_of_a_tuple_is_asked_in_its_container() {
        check("&f64", &["&f64"]);
        check("&(u8, Mutex<f64>)", &["&u8", "&Mutex<f64>"]);
        check("&[(u8, AtomicU64)]", &["&[u8]", "&[AtomicU64]"]);
        check("[(u8, (A, B)); 3]", &["[u8;3]", "[A;3]", "[B;3]"]);
        check("&BTreeMap<u8, (u8, A)>", &["&BTreeMap<u8,u8>", "&BTreeMap<u8,A>"]);
        check(
            "std::collections::HashMap<String, Vec<(u8, A)>>",
            &[
                "std::collections::HashMap<String,Vec<u8>>",
                "std::collections::HashMap<String,Vec<A>>",
            ],
        );
        check("Result<(A, B), C>", &["C", "Result<(A,B),C>", "Result<A,C>", "Result<B,C>"]);
        check("&Result<u8, A>", &["&A", "&Result<u8,A>"]);
        check("ArrayView1<'_, (u8, A)>", &["ArrayView1<'_,u8>", "ArrayView1<'_,A>"]);
        check("&LazyLock<Vec<(u8, A)>>", &["&LazyLock<Vec<u8>>", "&LazyLock<Vec<A>>"]);
        check("ndarray::Array1<(u8, A)>", &["ndarray::Array1<u8>", "ndarray::Array1<A>"]);
        check("Vec<(A, &[(B, C)])>", &["Vec<A>", "Vec<&[B]>", "Vec<&[C]>"]);
        // Of other types no part may stand alone.
        check("Pairs<(A, B)>", &["Pairs<(A,B)>"]);
        check("&mine::Vec<(u8, u16)>", &["&mine::Vec<(u8,u16)>"]);
        check("&Vec<f64>", &["&Vec<f64>"]);
    }
}
