//! Another name for one, wherever it stands among tokens.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// The tokens with the second of two names, `from, to`, where the first stood.
pub(crate) fn renamed(names: &TokenStream, tokens: TokenStream) -> TokenStream {
    let mut identifiers = names.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident),
        _ => None,
    });
    match (identifiers.next(), identifiers.next()) {
        (Some(from), Some(to)) => replaced(tokens, &from, &to),
        _ => tokens,
    }
}

fn replaced(tokens: TokenStream, from: &Ident, to: &Ident) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == *from => {
            let mut to = to.clone();
            to.set_span(ident.span());
            TokenTree::Ident(to)
        }
        TokenTree::Group(group) => {
            let mut new = Group::new(group.delimiter(), replaced(group.stream(), from, to));
            new.set_span(group.span());
            TokenTree::Group(new)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}
