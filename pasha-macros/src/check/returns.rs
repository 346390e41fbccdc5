//! Rules about the return type: what it may be, and what it may hold.

use syn::Type;

use super::outputs;
use crate::errors::Errors;
use crate::model::{Kernel, Values};
use crate::types;

/// As many arrays as a tuple of arrays can hold.
const MAX_VALUES: usize = 12;

pub(super) fn check(kernel: &Kernel, errors: &mut Errors) {
    let Some(original) = &kernel.returns.original else { return };
    if let Type::Never(never) = types::plain(original) {
        errors.at(never, "a kernel returns, once for each item: remove `-> !`");
        return;
    }
    let is_tuple = matches!(kernel.returns.values, Values::Tuple(_));
    for value in kernel.returns.values.list() {
        value_is_flat(&value.original, is_tuple, kernel.returns.fallible, errors);
        value_has_a_name(&value.original, errors);
        value_does_not_borrow(&value.original, errors);
        outputs::not_an_element(value.element(), errors);
    }
    tuple_is_short(kernel, original, errors);
}

/// Each value goes to an array of its own, so there is nothing to nest.
fn value_is_flat(ty: &Type, in_tuple: bool, in_result: bool, errors: &mut Errors) {
    if let Type::Tuple(tuple) = ty {
        let advice = match tuple.elems.is_empty() {
            true => "remove the `()`",
            false => "write all values in one tuple, `(A, B, C)`",
        };
        errors.at(
            tuple,
            format!("each returned value becomes an array of its own, and a tuple can't: {advice}"),
        );
    }
    if types::last_segment(ty).is_some_and(|segment| segment.ident == "Result") {
        let advice = match (in_tuple, in_result) {
            (true, _) => "return one `Result` around all values, `Result<(A, B), E>`",
            (false, true) => "return one `Result`, and join the errors with `?` or `map_err`",
            // Cannot be: it would be the function's own `Result`.
            (false, false) => "return one `Result` around the value",
        };
        errors.at(ty, format!("a kernel fails for the whole index or not at all: {advice}"));
    }
}

/// The array's element type is written in the generated types.
fn value_has_a_name(ty: &Type, errors: &mut Errors) {
    if let Some(found) = types::impl_traits(ty).first() {
        errors.at(
            found,
            "a returned value becomes an element of an array, whose type must be written out: \
             write it instead of `impl Trait`, e.g. `f64`",
        );
    }
}

/// Elements outlive the items.
fn value_does_not_borrow(ty: &Type, errors: &mut Errors) {
    match ty {
        Type::Reference(reference) => errors.at(
            reference,
            "a returned value is kept in an array and can't borrow: return the value itself, or \
             write it to an `#[output(…)]` parameter",
        ),
        _ if types::array_view(ty, "ArrayView")
            .or(types::array_view(ty, "ArrayViewMut"))
            .is_some()
            || types::incomplete_view(ty).is_some() =>
        {
            errors.at(
                ty,
                "a returned value is kept in an array and can't borrow: copy the view to an \
             `#[output(like = …)]` parameter",
            )
        }
        _ => {
            if let Some(place) = types::first_lifetime(ty) {
                errors.at_span(
                    place,
                    "a returned value is kept in an array and can't borrow: return a plain value, \
                     or write to an `#[output(…)]` parameter",
                );
            }
        }
    }
}

/// Tuples of arrays end somewhere.
fn tuple_is_short(kernel: &Kernel, original: &Type, errors: &mut Errors) {
    if kernel.returns.values.list().len() > MAX_VALUES {
        errors.at(
            original,
            format!(
                "a kernel returns at most {MAX_VALUES} values: use `#[output]` parameters, e.g. \
                 `#[output] peak: &mut f64`, which also give the arrays names"
            ),
        );
    }
}
