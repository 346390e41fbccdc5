//! From tokens to the model: whatever can be read is read, and every mistake is reported.

mod returns;
mod role;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Pat, PatType, Signature, Token, Type, Visibility};

use crate::errors::Errors;
use crate::model::{ItemKind, Kernel, Options, Param, Role};
use crate::types;

/// A function whose body is not looked at.
pub(crate) struct Function {
    attrs: Vec<Attribute>,
    vis: Visibility,
    sig: Signature,
    body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("a kernel is a function with a body: write `{ … }` here"));
        }
        let body = input.parse()?;
        Ok(Function { attrs, vis, sig, body })
    }
}

/// Reads what stands in the parentheses of `#[kernel(…)]`: options of the whole kernel.
pub(crate) fn arguments(args: TokenStream, errors: &mut Errors) -> Options {
    let mut options = Options::default();
    if args.is_empty() {
        return options;
    }
    let list = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(args.clone());
    let Ok(list) = list else {
        errors.at(args, NOT_AN_OPTION);
        return options;
    };
    for option in list {
        if option != "stream_stores" {
            errors.at(option, NOT_AN_OPTION);
        } else if std::mem::replace(&mut options.stream_stores, true) {
            errors.at(option, "`stream_stores` is here twice: remove one of the two");
        }
    }
    options
}

const NOT_AN_OPTION: &str = "`#[kernel]` takes one option, `#[kernel(stream_stores)]`: say what a \
    parameter is for on the parameter itself, e.g. `#[shared] gain: f64`, and choose the context \
    at the call, e.g. `run_in(&ThreadContext::new(4)?, …)`";

/// Reads the function, or says what else the attribute was put on.
pub(crate) fn function(item: TokenStream) -> syn::Result<Function> {
    const OTHERS: [&str; 12] = [
        "struct",
        "enum",
        "union",
        "impl",
        "trait",
        "mod",
        "use",
        "static",
        "type",
        "let",
        "macro_rules",
        "extern",
    ];
    let keyword = item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "fn" || OTHERS.iter().any(|other| word == other) => {
            Some(word)
        }
        _ => None,
    });
    syn::parse2(item).map_err(|error| match keyword {
        // `extern "C" fn` is a function.
        Some(word) if word != "fn" && word != "extern" => syn::Error::new(
            word.span(),
            format!(
                "`#[kernel]` is for functions, and this is not one (`{word}`): put it on a free \
                 `fn` that computes the result for one item"
            ),
        ),
        Some(_) => error,
        None => syn::Error::new(
            error.span(),
            "`#[kernel]` is for functions: put it on a free `fn` that computes the result for one \
             item",
        ),
    })
}

/// Reads the roles of the parameters and the return type.
pub(crate) fn kernel(function: Function, options: Options, errors: &mut Errors) -> Kernel {
    let Function { attrs, vis, mut sig, body } = function;
    let params = sig
        .inputs
        .iter_mut()
        .filter_map(|input| match input {
            FnArg::Typed(typed) => Some(param(typed, errors)),
            // Refused later.
            FnArg::Receiver(_) => None,
        })
        .collect();
    let returns = returns::parse(&sig.output);
    Kernel { options, attrs, vis, sig, body, params, returns }
}

/// Reads a parameter, and takes from it the attributes that rustc would not understand.
fn param(typed: &mut PatType, errors: &mut Errors) -> Param {
    let (kept, mut roles): (Vec<_>, Vec<_>) = typed.attrs.drain(..).partition(is_for_rustc);
    typed.attrs = kept;

    let name = match &*typed.pat {
        Pat::Ident(pat) => Some(pat.ident.clone()),
        _ => None,
    };
    for second in roles.iter().skip(1) {
        errors
            .at(second, "a parameter has one role, and this is the second: remove one of the two");
    }
    roles.truncate(1);
    let attr = roles.pop();
    let role = match &attr {
        Some(attr) => role::parse(attr, &typed.ty, errors),
        None => Role::Item(item_kind(&typed.ty)),
    };
    let docs = match role {
        Role::Output(_) => {
            let (docs, kept) = typed.attrs.drain(..).partition(|attr| attr.path().is_ident("doc"));
            typed.attrs = kept;
            docs
        }
        _ => Vec::new(),
    };
    Param { pat: (*typed.pat).clone(), name, ty: (*typed.ty).clone(), attr, docs, role }
}

/// Whether an attribute of a parameter is one that Rust itself has there.
fn is_for_rustc(attr: &Attribute) -> bool {
    const KNOWN: [&str; 8] =
        ["allow", "warn", "deny", "forbid", "expect", "cfg", "cfg_attr", "doc"];
    const TOOLS: [&str; 3] = ["clippy", "rustfmt", "rustdoc"];
    let path = attr.path();
    match path.segments.first() {
        Some(first) if path.segments.len() > 1 => TOOLS.iter().any(|tool| first.ident == tool),
        Some(first) => KNOWN.iter().any(|known| first.ident == known),
        None => false,
    }
}

/// How an item comes to the function, by its type.
fn item_kind(ty: &Type) -> ItemKind {
    match types::plain(ty) {
        Type::Reference(reference) if reference.mutability.is_some() => ItemKind::Writable,
        // `&'static str` is a plain value.
        ty if !types::borrows(ty) && types::array_view(ty, "ArrayView").is_none() => {
            match types::array_view(ty, "ArrayViewMut") {
                Some(_) => ItemKind::Writable,
                None => ItemKind::Value,
            }
        }
        Type::Reference(reference) => ItemKind::Ref((*reference.elem).clone()),
        ty if types::array_view(ty, "ArrayViewMut").is_some() => ItemKind::Writable,
        ty => match types::array_view(ty, "ArrayView") {
            Some(view) => ItemKind::View(view),
            None => ItemKind::Named,
        },
    }
}
