//! Rules about single parameters that are not outputs.

use quote::ToTokens;
use syn::Type;

use crate::errors::Errors;
use crate::model::{ItemKind, Kernel, Param, Role};
use crate::text::text;
use crate::types;

pub(super) fn check(kernel: &Kernel, errors: &mut Errors) {
    for param in &kernel.params {
        value_has_a_size(param, errors);
        view_is_complete(param, errors);
        match &param.role {
            Role::Item(kind) => {
                writable_has_a_role(param, kind, errors);
                item_is_lent(param, errors);
            }
            Role::Shared { .. } => shared_is_read_only(param, errors),
            Role::Index | Role::WorkerId => is_usize(param, errors),
            Role::Scratch(expr) => {
                scratch_is_a_mutable_reference(param, errors);
                if expr.is_none() {
                    scratch_has_an_expression(param, errors);
                }
            }
            Role::Output(_) | Role::Unknown { .. } => {}
        }
        impl_trait_is_shared(param, errors);
    }
    only_one(kernel, "index", |role| matches!(role, Role::Index), errors);
    only_one(kernel, "worker_id", |role| matches!(role, Role::WorkerId), errors);
}

/// A value is passed on the stack, where `[f64]`, `str` and `dyn Fn()` can't be.
fn value_has_a_size(param: &Param, errors: &mut Errors) {
    let ty = types::plain(&param.ty);
    if let Some(view) =
        types::array_view(ty, "ArrayView").filter(|it| types::is_unsized(&it.element))
    {
        errors.at(
            &view.element,
            "an array's elements have a size known when compiling: write a plain value, e.g. `f64`",
        );
    }
    if !types::is_unsized(ty) {
        return;
    }
    let text = text(ty.to_token_stream());
    let cure = match (&param.role, ty) {
        (_, Type::TraitObject(_)) if matches!(param.role, Role::Shared { .. }) => {
            "take it by reference, e.g. `&(dyn Fn(f64) -> f64 + Sync)`"
        }
        (Role::Scratch(_) | Role::Output(_) | Role::Index | Role::WorkerId, _) => return,
        (_, Type::Slice(_)) => "take it by reference, `&[T]`, or write an array, `[T; N]`",
        (_, Type::TraitObject(_)) => {
            "take a reference to the type itself, or a `Box<dyn …>` by `&`"
        }
        (_, Type::Tuple(_) | Type::Array(_)) => {
            "take each part as a parameter of its own, and by reference, with `&`, what has no size"
        }
        _ => "take it by reference, with `&`",
    };
    errors.at(
        ty,
        format!("a `{text}` has no size known when compiling and can't be passed by value: {cure}"),
    );
}

/// A view has the type of its elements and, where its name does not say it, of its axes; it is an
/// item itself, without a `&`.
fn view_is_complete(param: &Param, errors: &mut Errors) {
    let ty = types::plain(&param.ty);
    let (is_borrowed, inner) = match ty {
        Type::Reference(reference) => (true, types::plain(&reference.elem)),
        ty => (false, ty),
    };
    if let Some(needed) = types::incomplete_view(inner) {
        errors.at(inner, format!("a view says of what and how many axes it is: write `{needed}`"));
    } else if is_borrowed
        && matches!(param.role, Role::Item(_))
        && types::array_view(inner, "ArrayView").is_some()
        && !types::borrows(inner)
    {
        let view = text(inner.to_token_stream());
        errors.at(ty, format!("an item that is an array is the view itself: write `{view}`"));
    }
}

/// A functor's entries are read; what is written must say whose it is.
fn writable_has_a_role(param: &Param, kind: &ItemKind, errors: &mut Errors) {
    if let ItemKind::Writable = kind {
        errors.at(
            &param.ty,
            "a parameter that is written to needs a role: `#[output(…)]` for a slot of each index, \
             `#[per_worker(…)]` for an accumulator of each worker, `#[reduce(sum, …)]` to merge \
             the accumulators, `#[scratch(…)]` for a buffer",
        );
    }
}

/// An item that borrows from its source is a reference or a view, or of a type that names itself an
/// item, as foreign ones do not.
fn item_is_lent(param: &Param, errors: &mut Errors) {
    let ty = types::plain(&param.ty);
    let is_reference = |ty: &&Type| matches!(types::plain(ty), Type::Reference(_));
    let segment = types::last_segment(ty);
    let named = |name: &str| segment.filter(|segment| segment.ident == name);
    let arguments = |segment| types::type_arguments(segment).into_iter();
    let cure = if matches!(ty, Type::Tuple(_) | Type::Array(_)) && types::borrows(ty) {
        "take each part as an item of its own with a source of its own, `a: f64, b: &str`, or \
         implement `pasha::KernelItem` for a type of yours"
    } else if named("Cow").is_some() {
        "take a reference, such as `&str`, or a view"
    } else if named("Option").is_some_and(|it| arguments(it).any(|of| is_reference(&of))) {
        "take `&Option<T>` of a list of options, or choose the items that there are with \
         `pasha::masked(&source, &mask)`"
    } else {
        return;
    };
    let text = text(ty.to_token_stream());
    errors.at(ty, format!("no source lends items of the type `{text}`: {cure}"));
}

/// All workers hold it at once.
fn shared_is_read_only(param: &Param, errors: &mut Errors) {
    let cure = "take it by `&`; to gather values write `#[reduce(sum, …)]` or \
                `#[per_worker(…)]`, for a result of each index `#[output(…)]`, for a buffer \
                `#[scratch(…)]`";
    match types::plain(&param.ty) {
        Type::Reference(reference) => {
            if let Some(token) = &reference.mutability {
                errors.at(
                    token,
                    format!("a `#[shared]` parameter is read by all workers at once and can't be `&mut`: {cure}"),
                );
            }
        }
        ty if types::array_view(ty, "ArrayViewMut").is_some() => errors.at(
            ty,
            format!("a `#[shared]` parameter is read by all workers at once and can't be a writable view: {cure}"),
        ),
        _ => {}
    }
}

/// An index and a worker's number are of type `usize`.
fn is_usize(param: &Param, errors: &mut Errors) {
    let is_usize = types::last_segment(&param.ty)
        .is_some_and(|segment| segment.ident == "usize" && segment.arguments.is_none());
    if !is_usize {
        let role = match param.role {
            Role::Index => "index",
            _ => "worker_id",
        };
        errors.at(
            &param.ty,
            format!("`#[{role}]` is a `usize`: write `usize` here and convert it in the body"),
        );
    }
}

/// The function gets the worker's own buffer, to use again and again.
fn scratch_is_a_mutable_reference(param: &Param, errors: &mut Errors) {
    let reference = match types::plain(&param.ty) {
        Type::Reference(reference) if reference.mutability.is_some() => reference,
        _ => {
            errors.at(
                &param.ty,
                "a `#[scratch(…)]` parameter is a `&mut` to a buffer that the worker keeps: write \
                 `&mut T`, e.g. `&mut Vec<f64>`",
            );
            return;
        }
    };
    match types::plain(&reference.elem) {
        Type::Slice(slice) => errors.at(
            slice,
            "a buffer is kept by its worker and needs a type of known size: write `Vec<T>` \
             instead of `[T]`",
        ),
        ty @ Type::Path(_) if types::is_unsized(ty) => errors.at(
            ty,
            "a buffer is kept by its worker and needs a type of known size: write `String` \
             instead of `str`, and the like",
        ),
        Type::TraitObject(object) => errors.at(
            object,
            "a buffer is kept by its worker and needs a type of known size: write its type, or \
             `Box<dyn …>`",
        ),
        _ => {}
    }
}

/// Somebody must make the buffer.
fn scratch_has_an_expression(param: &Param, errors: &mut Errors) {
    if let Some(attr) = &param.attr {
        errors.at(
            attr,
            "`#[scratch]` needs an expression that makes the buffer, once for each worker: \
             `#[scratch(Vec::new())]`",
        );
    }
}

/// The types of items, outputs and buffers are named in generated code, where `impl` has no name.
fn impl_trait_is_shared(param: &Param, errors: &mut Errors) {
    if matches!(param.role, Role::Shared { .. } | Role::Unknown { .. }) {
        return;
    }
    if let Some(found) = types::impl_traits(&param.ty).first() {
        errors.at(
            found,
            "`impl Trait` is possible for `#[shared]` parameters only: write a generic parameter, \
             e.g. `fn kernel<T: Trait>(value: T)`",
        );
    }
}

/// Two of them would be the same number.
fn only_one(kernel: &Kernel, name: &str, role: fn(&Role) -> bool, errors: &mut Errors) {
    for param in kernel.params.iter().filter(|param| role(&param.role)).skip(1) {
        if let Some(attr) = &param.attr {
            errors.at(attr, format!("there is one `#[{name}]` already: remove one of the two"));
        }
    }
}
