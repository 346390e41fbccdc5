//! The attribute of a parameter: which role it names, and with which keys.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Expr, Meta, Token, Type};

use crate::errors::Errors;
use crate::model::{Extent, Merge, Order, Output, OutputKind, Role, Slot};
use crate::{merges, names, types};

const ROLES: [&str; 7] =
    ["shared", "index", "worker_id", "output", "per_worker", "reduce", "scratch"];

/// What stands in the parentheses of a role.
struct Entries {
    role: String,
    keys: Vec<(Ident, Expr)>,
    positional: Vec<Expr>,
}

pub(super) fn parse(attr: &Attribute, ty: &Type, errors: &mut Errors) -> Role {
    let path = attr.path();
    let written = path.segments.last().map(|last| last.ident.unraw().to_string());
    let written = written.unwrap_or_default();
    let known = ROLES.iter().find(|role| path.is_ident(*role)).copied();
    let Some(role) = known else {
        let near = names::nearest(&written, &ROLES);
        let advice = match near {
            Some(near) => format!(": did you mean `#[{near}]`?"),
            None => String::new(),
        };
        errors.at(
            path,
            format!(
                "unknown role `{written}`{advice} (the roles are {}; a parameter without a role \
                 is an item)",
                listed(&ROLES),
            ),
        );
        return Role::Unknown { argument: is_argument(near, ty) };
    };
    let Some(entries) = errors.keep(entries(role, attr)) else {
        return Role::Unknown { argument: role == "shared" };
    };
    match role {
        "output" => Role::Output(output(OutputKind::PerIndex, entries, ty, errors)),
        "per_worker" => Role::Output(output(OutputKind::PerWorker, entries, ty, errors)),
        "reduce" => Role::Output(reduction(entries, ty, errors)),
        "scratch" => Role::Scratch(scratch(entries, errors)),
        "shared" => Role::Shared { copied: copied(entries, errors) },
        "index" | "worker_id" => {
            let Entries { keys, positional, .. } = entries;
            let given = keys.into_iter().map(|(_, value)| value).chain(positional);
            for value in given {
                errors.at(value, format!("`#[{role}]` takes nothing: write `#[{role}]` alone"));
            }
            if role == "index" { Role::Index } else { Role::WorkerId }
        }
        // A word of `ROLES` that is read nowhere.
        _ => Role::Unknown { argument: false },
    }
}

/// Whether a parameter whose role can't be read was probably meant to be passed by the caller.
fn is_argument(meant: Option<&str>, ty: &Type) -> bool {
    match meant {
        Some(role) => role == "shared",
        None => {
            let writable =
                matches!(types::plain(ty), Type::Reference(it) if it.mutability.is_some());
            !writable && types::array_view(ty, "ArrayViewMut").is_none()
        }
    }
}

/// Reads `key = value` and plain values, separated by commas.
fn entries(role: &str, attr: &Attribute) -> syn::Result<Entries> {
    let mut entries = Entries { role: role.to_owned(), keys: Vec::new(), positional: Vec::new() };
    let list = match &attr.meta {
        Meta::Path(_) => return Ok(entries),
        Meta::List(list) => list,
        Meta::NameValue(pair) => {
            return Err(syn::Error::new_spanned(
                pair.eq_token,
                format!("put what belongs to `{role}` in parentheses: `#[{role}(…)]`"),
            ));
        }
    };
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let is_key = input.peek(syn::Ident::peek_any)
                && input.peek2(Token![=])
                && !input.peek2(Token![==])
                && !input.peek2(Token![=>]);
            if is_key {
                let key = input.call(Ident::parse_any)?;
                let equals = input.parse::<Token![=]>()?;
                if input.is_empty() || input.peek(Token![,]) {
                    let needed = format!("`{key} =` needs a value: `{key} = …`");
                    return Err(syn::Error::new_spanned(equals, needed));
                }
                entries.keys.push((key, input.parse()?));
            } else {
                entries.positional.push(input.parse()?);
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    list.parse_args_with(parser)?;
    Ok(entries)
}

/// Whether `copied` is there, the one word that `#[shared]` takes.
fn copied(entries: Entries, errors: &mut Errors) -> bool {
    let Entries { keys, positional, .. } = entries;
    let mut copied = false;
    let given = keys.into_iter().map(|(_, value)| value).chain(positional);
    for value in given {
        if parameter_name(&value).is_some_and(|word| word == "copied") {
            copied = true;
        } else {
            errors.at(
                value,
                "`#[shared]` takes at most one word, `#[shared(copied)]`: each forked worker may \
                 change a copy of its own; otherwise write `#[shared]` alone",
            );
        }
    }
    copied
}

/// The buffer's expression, if there is one.
fn scratch(entries: Entries, errors: &mut Errors) -> Option<Expr> {
    for (key, _) in &entries.keys {
        errors.at(
            key,
            "`#[scratch(…)]` takes one expression that makes the buffer, without a key: \
             `#[scratch(Vec::new())]`",
        );
    }
    let mut positional = entries.positional.into_iter();
    let expr = positional.next();
    for second in positional {
        errors.at(
            second,
            "`#[scratch(…)]` takes one expression that makes the buffer, and this is the second",
        );
    }
    expr
}

fn reduction(mut entries: Entries, ty: &Type, errors: &mut Errors) -> Output {
    let mistakes = errors.count();
    let merges = std::mem::take(&mut entries.positional);
    let merges = merges.into_iter().filter_map(|merge| match merge {
        Expr::Path(path) => {
            let built_in = path
                .path
                .get_ident()
                .and_then(|name| Some(Merge::BuiltIn(name.clone(), merges::type_of(name)?)));
            Some(built_in.unwrap_or(Merge::Custom(Expr::Path(path))))
        }
        Expr::Closure(_) => Some(Merge::Custom(merge)),
        other => {
            errors.at(
                other,
                format!("a merge is {} or the path of a function `fn(A, A) -> A`", merges::words()),
            );
            None
        }
    });
    let merges = merges.collect();
    let output = output(OutputKind::Reduce(merges), entries, ty, errors);
    Output { is_misread: errors.count() > mistakes, ..output }
}

fn output(kind: OutputKind, entries: Entries, ty: &Type, errors: &mut Errors) -> Output {
    let Entries { role, keys, positional } = entries;
    let mistakes = errors.count();
    let mut extents = Vec::new();
    for value in positional {
        if let Some(word) = parameter_name(&value).filter(|word| word == "ragged") {
            match role.as_str() {
                "output" => extents.push(Extent::Pushed(word)),
                _ => errors
                    .at(&word, "only an `#[output(…)]` can be ragged: write `#[output(ragged)]`"),
            }
            continue;
        }
        errors.at(
            value,
            format!(
                "`#[{role}(…)]` takes `key = value`: for an array of a shape of your own write \
                 `shape = (n,)`, for one shaped as a parameter `like = frame`"
            ),
        );
    }
    let slot = slot(ty, !extents.is_empty());
    let mut output = Output { kind, slot, extents, fill: None, order: None, is_misread: false };
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in keys {
        let word = key.unraw().to_string();
        if seen.contains(&word) {
            errors.at(&key, format!("`{word}` is given twice: remove one of the two"));
            continue;
        }
        match (role.as_str(), word.as_str()) {
            (_, "shape") => output.extents.push(Extent::Shape(key, value)),
            (_, "like") => match parameter_name(&value) {
                Some(name) => output.extents.push(Extent::Like(key, name)),
                None => errors.at(
                    value,
                    "`like` takes the name of an item or of a `#[shared]` parameter; to compute a \
                     shape write `shape = EXPR`",
                ),
            },
            ("output", "ragged") => output.extents.push(Extent::Ragged(key, value)),
            ("output" | "per_worker", "fill") | ("reduce", "init") => output.fill = Some(value),
            (_, "order") => output.order = order(key, &value, errors).or(output.order),
            _ => unknown_key(&role, &key, errors),
        }
        seen.push(word);
    }
    output.is_misread = errors.count() > mistakes;
    output
}

/// The slot's kind, by its type and whether the kernel pushes into it.
fn slot(ty: &Type, is_pushed: bool) -> Slot {
    if let Some(view) = types::array_view(ty, "ArrayViewMut") {
        return Slot::Array(view);
    }
    match types::plain(ty) {
        Type::Reference(reference) if reference.mutability.is_some() => {
            match types::ragged(&reference.elem).filter(|_| is_pushed) {
                Some(element) => Slot::Pushed(element.clone()),
                None => Slot::Scalar((*reference.elem).clone()),
            }
        }
        _ => Slot::Other,
    }
}

fn parameter_name(value: &Expr) -> Option<Ident> {
    match value {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident().cloned(),
        Expr::Group(group) => parameter_name(&group.expr),
        _ => None,
    }
}

fn order(key: Ident, value: &Expr, errors: &mut Errors) -> Option<Order> {
    match parameter_name(value).map(|order| order.to_string()).as_deref() {
        Some("F") => Some(Order { key, fortran: true }),
        Some("C") => Some(Order { key, fortran: false }),
        _ => {
            errors.at(
                value,
                "unknown order: write `order = C` (the last axis is contiguous, the default) or \
                 `order = F` (the first axis is)",
            );
            None
        }
    }
}

fn unknown_key(role: &str, key: &Ident, errors: &mut Errors) {
    let keys: &[&str] = match role {
        "output" => &["shape", "like", "ragged", "fill", "order"],
        "per_worker" => &["shape", "like", "fill", "order"],
        _ => &["shape", "like", "init", "order"],
    };
    let word = key.unraw().to_string();
    let advice = match (role, word.as_str()) {
        ("reduce", "fill") => {
            ": the value that every accumulator starts from is `init = …`".to_owned()
        }
        ("output" | "per_worker", "init") => ": the value of a fresh slot is `fill = …`".to_owned(),
        (_, "ragged") => ": only an `#[output(…)]` can be ragged".to_owned(),
        _ => match names::nearest(&word, keys) {
            Some(near) => format!(": did you mean `{near}`?"),
            None => String::new(),
        },
    };
    errors.at_span(
        key.span(),
        format!("unknown key `{word}` in `#[{role}(…)]`{advice} (it takes {})", listed(keys)),
    );
}

/// `a`, `b` and `c`
fn listed(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
