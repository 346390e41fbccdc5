//! Rules about outputs: their slots, how large these are, and how accumulators are merged.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, Type};

use crate::errors::Errors;
use crate::model::{
    Dim, Extent, ItemKind, Kernel, Merge, Output, OutputKind, Param, Role, Slot, Values,
};
use crate::text::text;
use crate::{merges, names, types};

pub(super) fn check(kernel: &Kernel, errors: &mut Errors) {
    for (param, output) in kernel.outputs() {
        slot_is_writable(param, output, errors);
        element_is_plain(output, errors);
        match &output.slot {
            _ if is_pushed(output) => pushed_is_ragged(param, output, errors),
            Slot::Array(view) => {
                array_has_one_extent(param, output, errors);
                shape_has_the_axes(output, &view.dim, errors);
            }
            Slot::Scalar(element) if is_collection(element) => {
                scalar_is_one_element(element, errors);
            }
            Slot::Scalar(_) => scalar_has_no_extent(output, errors),
            Slot::Pushed(_) | Slot::Other => {}
        }
        ragged_is_a_row(param, output, errors);
        like_has_a_shape(kernel, output, errors);
        one_merge(param, output, errors);
    }
    result_is_reserved(kernel, errors);
}

/// The function writes into the slot.
fn slot_is_writable(param: &Param, output: &Output, errors: &mut Errors) {
    if types::incomplete_view(&param.ty).is_some() {
        // Said of all parameters.
    } else if let Slot::Other = output.slot {
        errors.at(
            &param.ty,
            "an output is a slot to write to: an array `ArrayViewMut1<A>` to `ArrayViewMut6<A>` \
             (or `ArrayViewMut<A, D>`), or one value `&mut A`",
        );
    }
}

/// An array of these can't be.
fn element_is_plain(output: &Output, errors: &mut Errors) {
    let Some(element) = output.element() else { return };
    if matches!(&output.slot, Slot::Scalar(element) if is_collection(element)) {
        return;
    }
    let is_said = |extent: &Extent| matches!(extent, Extent::Ragged(..) | Extent::Pushed(_));
    if types::ragged(element).is_some() && !output.extents.iter().any(is_said) {
        if !output.is_misread {
            errors.at(
                element,
                "a `Ragged` grows as the kernel pushes: write `#[output(ragged)]` before it",
            );
        }
        return;
    }
    if types::borrows(element) && !types::is_unsized(element) {
        errors.at(
            element,
            "an output is kept in an array and can't borrow: write plain values into it, e.g. \
             `f64`, or the place of what it would point to, as a number",
        );
        return;
    }
    not_an_element(element, errors);
}

/// Refuses what by its name can't be an element of an array, and says what to do instead.
pub(super) fn not_an_element(element: &Type, errors: &mut Errors) {
    if types::is_unsized(element) {
        errors.at(
            element,
            "an element of an output has a size known when compiling: write a plain value, e.g. \
             `f64` or `[f64; 3]`, and for a result of varying length `#[output(ragged)] name: &mut \
             pasha::Ragged<T>`",
        );
    }
    // Of others, `Element` tells; one that also is not `Send` would be told of twice.
    if types::points(element) {
        let text = text(element.to_token_stream());
        errors.at(
            element,
            format!(
                "an element of an output lies in memory that several processes share, and \
                 `{text}` points to memory of one: write the value itself, e.g. `f64`"
            ),
        );
    }
}

/// Somebody must say how large a slot is, and only one may.
fn array_has_one_extent(param: &Param, output: &Output, errors: &mut Errors) {
    if output.extents.is_empty() && !output.is_misread {
        let (role, more) = match output.kind {
            OutputKind::PerIndex => (
                "output",
                ", or `ragged = n` for slots of a length of their own for each index, or \
                     `ragged` and `&mut pasha::Ragged<T>` to push",
            ),
            OutputKind::PerWorker => ("per_worker", ""),
            OutputKind::Reduce(_) => ("reduce", ""),
        };
        let place: &dyn ToTokens = match &param.attr {
            Some(attr) => attr,
            None => &param.pat,
        };
        errors.at(
            place.to_token_stream(),
            format!(
                "how large is this array? `#[{role}(…)]` needs `shape = (rows, columns)`, or \
                 `like = frame` with the name of an item or a `#[shared]` array{more}"
            ),
        );
    }
    for second in output.extents.iter().skip(1) {
        errors.at(
            second.key(),
            "an array's size is said once: keep one of `shape`, `like` and `ragged`",
        );
    }
}

/// A shape written as a tuple has a number for each axis of the view.
fn shape_has_the_axes(output: &Output, dim: &Dim, errors: &mut Errors) {
    let Dim::Fixed(axes) = dim else { return };
    for extent in &output.extents {
        if let Extent::Shape(_, Expr::Tuple(shape)) = extent
            && shape.elems.len() != *axes
        {
            let given = shape.elems.len();
            errors.at(
                shape,
                format!(
                    "a shape of {given} numbers, but each slot is an array of {axes} axes: give \
                     {axes}, or take an `ArrayViewMut{given}`"
                ),
            );
        }
    }
}

/// Whether a type is an array or the like, as far as its name tells.
fn is_collection(ty: &Type) -> bool {
    let is_array = types::last_segment(ty).is_some_and(|segment| {
        let name = segment.ident.to_string();
        let arguments = types::type_arguments(segment).len();
        name == "Vec" || (name.starts_with("Array") && arguments > 0)
    });
    is_array || matches!(types::plain(ty), Type::Slice(_))
}

/// A scalar slot is a place for one element, not for a collection.
fn scalar_is_one_element(element: &Type, errors: &mut Errors) {
    errors.at(
        element,
        "`&mut A` is a slot for one value; for an array in each slot write `ArrayViewMut1<f64>` \
         (or `2` to `6` axes), without `&mut`",
    );
}

/// One value has neither shape nor order.
fn scalar_has_no_extent(output: &Output, errors: &mut Errors) {
    for extent in &output.extents {
        // That a ragged slot is a row is said by its own rule.
        if !matches!(extent, Extent::Ragged(..)) {
            errors.at(
                extent.key(),
                format!(
                    "`&mut A` is a slot for one value and has no `{}`: remove it, or make the \
                     parameter an array, e.g. `ArrayViewMut1<f64>`",
                    extent.key()
                ),
            );
        }
    }
    if let Some(order) = &output.order {
        errors.at(
            &order.key,
            "`&mut A` is a slot for one value and has no `order`: remove it, or make the \
             parameter an array, e.g. `ArrayViewMut2<f64>`",
        );
    }
}

/// Whether the attribute says `ragged` without a length.
fn is_pushed(output: &Output) -> bool {
    output.extents.iter().any(|extent| matches!(extent, Extent::Pushed(_)))
}

/// A slot without a length grows as the kernel pushes, and nothing else is said of it.
fn pushed_is_ragged(param: &Param, output: &Output, errors: &mut Errors) {
    if matches!(output.slot, Slot::Array(_) | Slot::Scalar(_)) {
        let element = output.element().filter(|_| matches!(output.slot, Slot::Array(_)));
        let element = match element {
            Some(element) => element.to_token_stream().to_string(),
            None => "T".to_owned(),
        };
        errors.at(
            &param.ty,
            format!(
                "`ragged` without a length is filled by pushing: write `&mut pasha::Ragged<{element}>`; \
                 for an array whose length is known before the call write `ragged = LENGTH` and \
                 `ArrayViewMut1<{element}>`"
            ),
        );
    }
    let others = output.extents.iter().filter(|extent| !matches!(extent, Extent::Pushed(_)));
    let orders = output.order.iter().map(|order| &order.key);
    for key in others.map(Extent::key).chain(orders) {
        errors.at(
            key,
            format!("a slot that the kernel pushes into has no `{key}`: remove it, or `ragged`"),
        );
    }
    if let Some(fill) = &output.fill {
        errors.at(
            fill,
            "a slot that the kernel pushes into begins empty and has no `fill`: remove it",
        );
    }
}

/// Ragged slots lie back to back, which is one axis.
fn ragged_is_a_row(param: &Param, output: &Output, errors: &mut Errors) {
    let ragged = output.extents.iter().find(|extent| matches!(extent, Extent::Ragged(..)));
    let Some(ragged) = ragged.filter(|_| !is_pushed(output)) else { return };
    let is_row = match &output.slot {
        Slot::Array(view) => match &view.dim {
            Dim::Fixed(axes) => *axes == 1,
            Dim::Dyn => false,
            Dim::Written(ty) => types::last_segment(ty).is_some_and(|it| it.ident == "Ix1"),
        },
        Slot::Scalar(_) => false,
        // Refused already.
        Slot::Pushed(_) | Slot::Other => true,
    };
    if let Slot::Scalar(pushed) = &output.slot
        && types::ragged(pushed).is_some()
    {
        errors.at(
            ragged.key(),
            "a `Ragged` grows as the kernel pushes and has no length: write `#[output(ragged)]`, or \
             make the parameter an `ArrayViewMut1<A>` of this length",
        );
    } else if !is_row {
        errors.at(
            &param.ty,
            "a `ragged` output has slots of one axis: write `ArrayViewMut1<A>`, or give all slots \
             one `shape`",
        );
    }
    if let (true, Some(order)) = (is_row, &output.order) {
        errors.at(
            &order.key,
            format!("a `{}` output has one axis and no `order`: remove it", ragged.key()),
        );
    }
}

/// Only what is known before the first call has a shape to copy.
fn like_has_a_shape(kernel: &Kernel, output: &Output, errors: &mut Errors) {
    let Some(like) = output.like() else { return };
    let problem = match kernel.named(like).map(|param| &param.role) {
        Some(Role::Shared { .. } | Role::Item(ItemKind::View(_) | ItemKind::Named)) => return,
        Some(Role::Unknown { .. }) => return,
        Some(Role::Item(ItemKind::Value | ItemKind::Ref(_))) => {
            format!("the item `{like}` is a value and has no shape")
        }
        Some(Role::Item(ItemKind::Writable) | Role::Output(_)) => {
            format!("`{like}` is itself still to be allocated; name what it is like")
        }
        Some(Role::Index | Role::WorkerId) => format!("`{like}` is a number and has no shape"),
        Some(Role::Scratch(_)) => {
            format!("`{like}` is a buffer of a worker, made after the outputs")
        }
        None => {
            let known: Vec<_> = kernel
                .params
                .iter()
                .filter(|param| param.is_argument())
                .filter_map(|param| Some(param.name.as_ref()?.to_string()))
                .collect();
            let words: Vec<_> = known.iter().map(String::as_str).collect();
            match names::nearest(&like.to_string(), &words) {
                Some(near) => format!("there is no parameter `{like}`; did you mean `{near}`?"),
                None => format!("there is no parameter `{like}`"),
            }
        }
    };
    errors.at(
        like,
        format!(
            "{problem} (`like` takes an item that is an array or a `#[shared]` array; `shape = \
             EXPR` computes a shape)"
        ),
    );
}

/// Accumulators are merged in one way, and one's own way needs a value to start from.
fn one_merge(param: &Param, output: &Output, errors: &mut Errors) {
    let OutputKind::Reduce(merges) = &output.kind else { return };
    match merges.first() {
        None => {
            if let Some(attr) = param.attr.as_ref().filter(|_| !output.is_misread) {
                errors.at(
                    attr,
                    format!(
                        "how are the workers' accumulators merged? write `#[reduce(sum, …)]`, or \
                         {}, or the path of a function `fn(A, A) -> A`",
                        merges::words_but_the_first()
                    ),
                );
            }
        }
        Some(Merge::Custom(merge)) if output.fill.is_none() && !output.is_misread => errors.at(
            merge,
            format!(
                "a merge of your own needs the value that every accumulator starts from, `init = \
                 …`{}",
                match merge {
                    Expr::Path(path) if path.path.get_ident().is_some() =>
                        format!(" (the built-in merges are {})", merges::words()),
                    _ => String::new(),
                }
            ),
        ),
        Some(_) => {}
    }
    for second in merges.iter().skip(1) {
        let message = "accumulators are merged in one way: remove one of the two";
        match second {
            Merge::BuiltIn(name, _) => errors.at(name, message),
            Merge::Custom(path) => errors.at(path, message),
        }
    }
}

/// The field for what the function returns is called `result`.
fn result_is_reserved(kernel: &Kernel, errors: &mut Errors) {
    if let Values::Nothing = kernel.returns.values {
        return;
    }
    for (param, _) in kernel.outputs() {
        if let Some(name) = param.name.as_ref().filter(|name| name.unraw() == names::RESULT) {
            errors.at(
                name,
                "the output field `result` holds what the function returns: give this parameter \
                 another name",
            );
        }
    }
}
