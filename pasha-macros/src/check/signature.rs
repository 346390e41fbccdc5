//! Rules about the function as a whole.

use syn::{FnArg, Pat, Safety};

use crate::errors::Errors;
use crate::model::{Kernel, Role};
use crate::types;

pub(super) fn check(kernel: &Kernel, errors: &mut Errors) {
    not_async(kernel, errors);
    not_unsafe(kernel, errors);
    not_variadic(kernel, errors);
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
    for input in &kernel.sig.inputs {
        let FnArg::Typed(typed) = input else { continue };
        for attr in &typed.attrs {
            if attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr") {
                errors.at(
                    attr,
                    "a kernel's parameter can't depend on a configuration: put `#[cfg(…)]` on the \
                     whole function, once for each variant",
                );
            }
        }
    }
}

/// Items, shared parameters and outputs become arguments and fields, which have names.
fn names_where_needed(kernel: &Kernel, errors: &mut Errors) {
    for param in &kernel.params {
        let becomes = match &param.role {
            Role::Item(_) | Role::Shared => "an argument of the generated functions",
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
