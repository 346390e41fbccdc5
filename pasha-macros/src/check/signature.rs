//! Rules about the function as a whole.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::{Attribute, FnArg, GenericParam, Meta, Pat, Safety};

use crate::errors::Errors;
use crate::model::{Kernel, Role};
use crate::types;

pub(super) fn check(kernel: &Kernel, errors: &mut Errors) {
    not_async(kernel, errors);
    not_unsafe(kernel, errors);
    not_variadic(kernel, errors);
    no_target_feature(kernel, errors);
    one_attribute(kernel, errors);
    not_a_test(kernel, errors);
    not_named_as_a_primitive(kernel, errors);
    no_defaults(kernel, errors);
    names_differ(kernel, errors);
    no_placeholders(kernel, errors);
    not_a_method(kernel, errors);
    no_cfg_on_parameters(kernel, errors);
    names_where_needed(kernel, errors);
    at_least_one_item(kernel, errors);
}

/// Workers call the function and wait for it; nothing would drive a future.
fn not_async(kernel: &Kernel, errors: &mut Errors) {
    if let Some(token) = &kernel.sig.asyncness {
        errors.at(
            token,
            "a kernel can't be `async`: its workers call it item by item and drive no futures; \
             remove `async`, and do what must be awaited before the map",
        );
    }
}

/// The generated functions are safe, so they can't call what has conditions.
fn not_unsafe(kernel: &Kernel, errors: &mut Errors) {
    // A variadic function can't be safe; that it is variadic is said by its own rule.
    if let (Safety::Unsafe(token), None) = (&kernel.sig.safety, &kernel.sig.variadic) {
        errors.at(
            token,
            "a kernel can't be an `unsafe fn`, since every worker calls it from safe code: remove \
             `unsafe` here and call the unsafe function in the body, in an `unsafe { … }` block \
             that makes sure of its conditions",
        );
    }
}

/// Whether an attribute is this one.
pub(crate) fn is_kernel(attr: &Attribute) -> bool {
    let path = &attr.path().segments;
    let is_ours = path.len() == 1 || path.first().is_some_and(|first| first.ident == "pasha");
    is_ours && path.last().is_some_and(|last| last.ident == "kernel")
}

/// A second attribute would generate everything once more.
fn one_attribute(kernel: &Kernel, errors: &mut Errors) {
    for attr in kernel.attrs.iter().filter(|attr| is_kernel(attr)) {
        errors.at(attr, "`#[pasha::kernel]` is here twice: remove one of the two");
    }
}

/// A test is called without arguments.
fn not_a_test(kernel: &Kernel, errors: &mut Errors) {
    for attr in kernel.attrs.iter().filter(|attr| is_test(attr)) {
        let name = &kernel.sig.ident;
        errors.at(
            attr,
            format!(
                "a kernel has parameters, and a test has none: test it from a function of its own, \
                 `#[test] fn {name}_is_right() {{ … }}`, which calls `{name}(…)`"
            ),
        );
    }
}

/// Whether an attribute makes a function a test.
pub(crate) fn is_test(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "test")
}

/// The generated type has the function's name.
fn not_named_as_a_primitive(kernel: &Kernel, errors: &mut Errors) {
    let name = &kernel.sig.ident;
    if types::hides_primitive(name) {
        errors.at(
            name,
            format!(
                "a kernel has a type of its name, which would take the place of `{name}` here: give \
                 it another name"
            ),
        );
    }
}

/// Workers call the function from code without the feature, which is unsafe.
fn no_target_feature(kernel: &Kernel, errors: &mut Errors) {
    for attr in &kernel.attrs {
        let enables = match &attr.meta {
            Meta::List(list) if attr.path().is_ident("cfg_attr") => {
                let tokens: Vec<_> = list.tokens.clone().into_iter().collect();
                tokens.windows(2).any(|pair| {
                    matches!(pair, [TokenTree::Ident(name), TokenTree::Group(_)] if name == "target_feature")
                })
            }
            meta => meta.path().is_ident("target_feature"),
        };
        if enables {
            errors.at(
                attr,
                "a kernel can't have `#[target_feature]`, since workers call it from code that is \
                 compiled without: move the attribute and the body to a function of its own, and \
                 call that from the kernel where `is_x86_feature_detected!` finds the feature, in \
                 an `unsafe { … }` block; or compile all with `-C target-cpu=native`",
            );
        }
    }
}

/// Functions have no defaults for what callers leave out.
fn no_defaults(kernel: &Kernel, errors: &mut Errors) {
    for param in &kernel.sig.generics.params {
        let default: Option<&dyn ToTokens> = match param {
            GenericParam::Type(param) => param.default.as_ref().map(|(_, it)| it as _),
            GenericParam::Const(param) => param.default.as_ref().map(|(_, it)| it as _),
            GenericParam::Lifetime(_) => None,
        };
        if let Some(default) = default {
            errors.at(
                default.to_token_stream(),
                "a function's generic parameters have no defaults: remove it, and write the type \
                 at the call, or let it be inferred",
            );
        }
    }
}

/// Parameters are told apart by their names.
fn names_differ(kernel: &Kernel, errors: &mut Errors) {
    // Where they depend on a configuration, which is told, one of the two would not be there.
    for name in kernel.twins().into_iter().filter(|_| configured(kernel).next().is_none()) {
        errors.at(
            name,
            format!("there is a parameter `{name}` already: give one of the two another name"),
        );
    }
}

/// The types of a signature are written in the generated types, too.
fn no_placeholders(kernel: &Kernel, errors: &mut Errors) {
    let returned = kernel.returns.original.iter();
    let types = kernel.params.iter().map(|param| &param.ty).chain(returned);
    for place in types.filter_map(types::placeholder) {
        errors.at_span(
            place,
            "a signature says its types: write the type instead of `_`, e.g. `f64`",
        );
    }
}

/// Every argument must be bound to something.
fn not_variadic(kernel: &Kernel, errors: &mut Errors) {
    if let Some(variadic) = &kernel.sig.variadic {
        errors.at(
            variadic.dots,
            "a kernel can't be variadic: declare each parameter, or pass a slice as \
             `#[shared] values: &[f64]`",
        );
    }
}

/// There is no `self` to map over, and an `impl` block has no room for the generated items.
fn not_a_method(kernel: &Kernel, errors: &mut Errors) {
    for input in &kernel.sig.inputs {
        if let FnArg::Receiver(receiver) = input {
            errors.at(
                receiver.self_token,
                "a kernel can't be a method: write a free function, and pass what `self` would be \
                 as `#[shared] this: &TheType`",
            );
        }
    }
    let returned = kernel.returns.original.as_ref();
    let mut types = kernel.params.iter().map(|param| &param.ty).chain(returned);
    if let Some(token) = types.find_map(types::self_type) {
        errors.at(
            token,
            "a kernel is a free function, where there is no `Self`: move it out of the `impl` \
             block and write the name of the type",
        );
    }
}

/// The generated functions would need to know whether the parameter is there.
fn no_cfg_on_parameters(kernel: &Kernel, errors: &mut Errors) {
    for attr in configured(kernel) {
        errors.at(
            attr,
            "a kernel's parameter can't depend on a configuration: put `#[cfg(…)]` on the whole \
             function, once for each variant",
        );
    }
}

/// The attributes by which parameters depend on a configuration.
fn configured(kernel: &Kernel) -> impl Iterator<Item = &Attribute> {
    let attrs = kernel.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(&typed.attrs),
        FnArg::Receiver(_) => None,
    });
    let is_cfg =
        |attr: &&Attribute| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr");
    attrs.flatten().filter(is_cfg)
}

/// Items, shared parameters and outputs become arguments and fields, which have names.
fn names_where_needed(kernel: &Kernel, errors: &mut Errors) {
    for param in &kernel.params {
        let becomes = match &param.role {
            Role::Item(_) | Role::Shared { .. } => "an argument of the generated functions",
            Role::Output(_) => "a field of the outputs",
            // Nothing is named after these.
            Role::Index | Role::WorkerId | Role::Scratch(_) | Role::Unknown { .. } => continue,
        };
        if param.name.is_none() {
            let cure = match &param.pat {
                Pat::Wild(_) => "write a name, e.g. `_value` if it is not used",
                _ => "write a name here and take it apart with `let` in the body",
            };
            errors.at(
                &param.pat,
                format!("this parameter becomes {becomes} and needs a name: {cure}"),
            );
        }
    }
}

/// Without an item nothing says how often to call the function.
fn at_least_one_item(kernel: &Kernel, errors: &mut Errors) {
    let unread = kernel.params.iter().any(|param| matches!(param.role, Role::Unknown { .. }));
    if kernel.items().next().is_some() || unread {
        return;
    }
    let index = kernel.params.iter().find(|param| matches!(param.role, Role::Index));
    match index.and_then(|param| param.attr.as_ref()) {
        Some(attr) => errors.at(
            attr,
            "a kernel needs an item, which says how many indices there are: remove `#[index]` to \
             make the index the item, and map over `0..n`",
        ),
        None => errors.at(
            &kernel.sig.ident,
            "a kernel needs an item, a parameter without a role such as `value: f64` or `frame: \
             ArrayView2<u16>`: what it is mapped over says how many indices there are",
        ),
    }
}
