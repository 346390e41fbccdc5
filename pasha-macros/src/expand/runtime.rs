//! Where the runtime crate is.
//!
//! All that is generated names it `::pasha::__private`. Where the user says that the crate is
//! elsewhere, that path is replaced in the end, so that nothing else need know of it.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Path;
use syn::spanned::Spanned;

use crate::model::Options;

/// The tokens with the path that the user gave, if one is given.
pub(crate) fn located(tokens: TokenStream, options: &Options) -> TokenStream {
    match &options.runtime {
        Some(path) => replaced(tokens, path),
        None => tokens,
    }
}

fn replaced(tokens: TokenStream, path: &Path) -> TokenStream {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut out = TokenStream::new();
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match (token, after) {
            (TokenTree::Punct(colon), [_, pasha, before, behind, private, ..])
                if colon.as_char() == ':' && is_ours(pasha, private) =>
            {
                path.to_tokens(&mut out);
                // Where the path leads to another crate, this is what the compiler misses there.
                let mut private = private.clone();
                private.set_span(path.span());
                out.extend([before.clone(), behind.clone(), private]);
                rest = &after[5..];
            }
            (TokenTree::Group(group), _) => {
                let mut new = Group::new(group.delimiter(), replaced(group.stream(), path));
                new.set_span(group.span());
                out.extend([TokenTree::Group(new)]);
            }
            _ => out.extend([token.clone()]),
        }
    }
    out
}

fn is_ours(pasha: &TokenTree, private: &TokenTree) -> bool {
    let is = |token: &TokenTree, name| matches!(token, TokenTree::Ident(ident) if ident == name);
    is(pasha, "pasha") && is(private, "__private")
}
