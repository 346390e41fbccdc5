//! Rules about what the expressions in roles may mention: what is known when they are evaluated.

use syn::Expr;

use crate::errors::Errors;
use crate::mentions::{Exit, Mentions};
use crate::model::{ItemKind, Kernel, Output, Role};

/// When an expression is evaluated.
#[derive(Clone, Copy, PartialEq)]
enum Time {
    /// A shape: once, before the outputs are allocated.
    Shape,
    /// A fill or initial value: then, too.
    Fill,
    /// A ragged slot's length: for each item, before the outputs are allocated.
    Ragged,
    /// A buffer: once by each worker, before its first item.
    Scratch,
}

pub(super) fn check(kernel: &Kernel, errors: &mut Errors) {
    for (_, output) in kernel.outputs() {
        for (expr, time) in expressions(output) {
            expression(kernel, expr, time, errors);
        }
    }
    for expr in kernel.scratch().filter_map(|(_, expr)| expr) {
        expression(kernel, expr, Time::Scratch, errors);
    }
}

fn expression(kernel: &Kernel, expr: &Expr, time: Time, errors: &mut Errors) {
    let mentions = Mentions::in_expression(expr);
    mentions_what_is_known(kernel, &mentions, time, errors);
    stays_within(&mentions, errors);
}

fn expressions(output: &Output) -> impl Iterator<Item = (&Expr, Time)> {
    let shape = output.shape().map(|shape| (shape, Time::Shape));
    let ragged = output.ragged().map(|length| (length, Time::Ragged));
    let fill = output.fill.as_ref().map(|fill| (fill, Time::Fill));
    shape.into_iter().chain(ragged).chain(fill)
}

/// An expression can use only what exists when it is evaluated.
fn mentions_what_is_known(kernel: &Kernel, mentions: &Mentions, time: Time, errors: &mut Errors) {
    for (number, name) in mentions.certain.iter().enumerate() {
        if mentions.certain[..number].contains(name) {
            continue;
        }
        let Some(param) = kernel.named(name) else { continue };
        let Some(problem) = problem(&param.role, &name.to_string(), time) else { continue };
        errors.at(name, problem);
    }
}

/// An expression gives a value: it is evaluated by itself, not as a part of the function.
fn stays_within(mentions: &Mentions, errors: &mut Errors) {
    const BY_ITSELF: &str = "an expression in a role is evaluated by itself, before the function \
        is called";
    for exit in &mentions.exits {
        match exit {
            Exit::Break(found) => {
                errors.at(found, format!("there is no loop to `break`: {BY_ITSELF}; give a value"));
            }
            Exit::Continue(found) => errors
                .at(found, format!("there is no loop to `continue`: {BY_ITSELF}; give a value")),
            Exit::Return(found) => errors.at(
                found,
                format!(
                    "there is no function to `return` from: {BY_ITSELF}; give the value itself"
                ),
            ),
            Exit::Try(found) => errors.at(
                found,
                format!(
                    "there is no function that `?` could return the error from: {BY_ITSELF}; \
                     compute the value before the map and pass it as a `#[shared]` parameter, or \
                     say what to take instead, `.unwrap_or(…)`"
                ),
            ),
            Exit::Await(found) => errors.at(
                found,
                format!(
                    "nothing drives a future here: {BY_ITSELF}; await before the map, and pass \
                     the value as a `#[shared]` parameter"
                ),
            ),
        }
    }
}

fn problem(role: &Role, name: &str, time: Time) -> Option<String> {
    let known = match time {
        Time::Shape | Time::Fill => {
            "use `#[shared]` parameters, constants, or the shape of an item that is an array"
        }
        Time::Ragged => "use items, `#[shared]` parameters, `#[index]` and constants",
        Time::Scratch => "use `#[shared]` parameters and constants",
    };
    let when = match time {
        Time::Shape | Time::Fill => "when outputs are allocated",
        Time::Ragged => "when lengths are computed, before the outputs are allocated",
        Time::Scratch => "when a worker makes its buffer, before its first item",
    };
    Some(match (role, time) {
        (Role::Shared { .. } | Role::Unknown { .. }, _) => return None,
        (Role::Item(_) | Role::Index, Time::Ragged) => return None,
        // By its name the item's shape is meant, which is known.
        (Role::Item(ItemKind::View(_) | ItemKind::Named), Time::Shape | Time::Fill) => return None,
        // Refused already.
        (Role::Item(ItemKind::Writable), _) => return None,
        (Role::Item(_) | Role::Index, Time::Shape) => format!(
            "the value of `{name}` is not known {when}: {known}; for slots of a length of their \
             own for each index write `ragged = …`"
        ),
        (Role::Item(_), Time::Fill) => {
            format!("the value of the item `{name}` is not known {when}: {known}")
        }
        (Role::Item(ItemKind::View(_) | ItemKind::Named), Time::Scratch) => format!(
            "the item `{name}`, and with it its shape, is not there yet {when}: {known}; give the \
             buffer its size in the body, e.g. `buffer.resize({name}.len(), 0.0)`, which costs \
             nothing where it has it already"
        ),
        (Role::Item(_), Time::Scratch) => {
            format!(
                "the item `{name}` is not there yet {when}: {known}; resize the buffer in the body"
            )
        }
        (Role::Index | Role::WorkerId, _) => {
            format!("the value of `{name}` is not known {when}: {known}")
        }
        (Role::Output(_), _) => format!("the output `{name}` is not there yet {when}: {known}"),
        (Role::Scratch(_), _) => format!("the buffer `{name}` is not there yet {when}: {known}"),
    })
}
