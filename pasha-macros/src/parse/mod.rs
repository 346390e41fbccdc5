//! From tokens to the model: whatever can be read is read, and every mistake is reported.

mod options;
mod reserved;
mod returns;
mod role;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, FnArg, Pat, PatType, Signature, Token, Type, Visibility};

use crate::errors::Errors;
use crate::model::{ItemKind, Kernel, Options, Param, Role};
use crate::types;

pub(crate) use options::options;

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
        let body = body(input)?;
        Ok(Function { attrs, vis, sig, body })
    }
}

/// The braces and what is in them, within the invisible group if a macro has made them.
fn body(input: ParseStream<'_>) -> syn::Result<Group> {
    let at = input.span();
    let mut token = input.parse()?;
    loop {
        let TokenTree::Group(group) = token else { break };
        match group.delimiter() {
            Delimiter::Brace => return Ok(group),
            Delimiter::None => match group.stream().into_iter().next() {
                Some(first) => token = first,
                None => break,
            },
            Delimiter::Parenthesis | Delimiter::Bracket => break,
        }
    }
    Err(syn::Error::new(at, "a kernel is a function with a body: write `{ … }` here"))
}

/// Reads the function, or says what else the attribute was put on.
pub(crate) fn function(item: TokenStream) -> syn::Result<Function> {
    let keyword = keyword(&item);
    syn::parse2(reserved::as_names(item)).map_err(|error| match keyword {
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

/// The word that says what an item is, `fn` for a function.
fn keyword(item: &TokenStream) -> Option<Ident> {
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
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "fn" || OTHERS.iter().any(|other| word == other) => {
            Some(word)
        }
        _ => None,
    })
}

/// Whether an item is a function, by its first words.
pub(crate) fn is_function(item: &TokenStream) -> bool {
    keyword(item).is_some_and(|word| word == "fn" || word == "extern")
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
    if attr.is_none() {
        types::write_hidden_lifetime(&mut typed.ty);
    }
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
