//! Words that are reserved in later editions, as names in a crate of Rust 2015.
//!
//! rustc has read the function in the edition of its crate before the attribute gets it: where a
//! name is declared, a reserved word is a name. Written raw it is one for `syn` as well, and the
//! same one for rustc, so that the body, which nobody parses here, may go on without.

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

use crate::names::RESERVED_SINCE_2018;

/// The function with such names of its own and of its parameters written raw, all but the body.
pub(super) fn as_names(item: TokenStream) -> TokenStream {
    let mut head: Vec<_> = item.clone().into_iter().collect();
    let Some(body) = head.pop() else { return item };
    let declared = declared(&head);
    match declared.is_empty() {
        true => item,
        false => raw(head, &declared).into_iter().chain([body]).collect(),
    }
}

/// The reserved words that are declared as names: by the function, and by its parameters.
fn declared(head: &[TokenTree]) -> Vec<Ident> {
    let reserved = |word: &Ident| RESERVED_SINCE_2018.iter().any(|reserved| word == reserved);
    let function = head.windows(2).filter_map(|pair| match pair {
        [TokenTree::Ident(keyword), TokenTree::Ident(name)] if keyword == "fn" => {
            Some(name.clone())
        }
        _ => None,
    });
    let lists = head.iter().filter_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group),
        _ => None,
    });
    function.chain(lists.flat_map(parameters)).filter(reserved).collect()
}

/// The words in a list of parameters that are names with a type behind them.
fn parameters(list: &Group) -> Vec<Ident> {
    let tokens: Vec<_> = list.stream().into_iter().collect();
    let is_name = |number: usize| {
        let follows = match number.checked_sub(1).map(|before| &tokens[before]) {
            None | Some(TokenTree::Group(_)) => true,
            Some(TokenTree::Punct(comma)) => comma.as_char() == ',',
            Some(TokenTree::Ident(word)) => word == "mut" || word == "ref",
            Some(TokenTree::Literal(_)) => false,
        };
        let colon = matches!(tokens.get(number + 1), Some(TokenTree::Punct(colon))
            if colon.as_char() == ':' && colon.spacing() == Spacing::Alone);
        follows && colon
    };
    let names = tokens.iter().enumerate().filter_map(|(number, token)| match token {
        TokenTree::Ident(name) if is_name(number) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

/// The tokens with these words written raw, at any depth.
fn raw(tokens: Vec<TokenTree>, names: &[Ident]) -> Vec<TokenTree> {
    let is_raw = |number: usize, word: &Ident| {
        names.contains(word) && !(word == "dyn" && is_of_a_type(tokens.get(number + 1)))
    };
    let raw = tokens.iter().enumerate().map(|(number, token)| match token {
        TokenTree::Ident(word) if is_raw(number, word) => {
            Ident::new_raw(&word.to_string(), word.span()).into()
        }
        TokenTree::Group(group) => {
            let inside = raw(group.stream().into_iter().collect(), names).into_iter().collect();
            let mut new = Group::new(group.delimiter(), inside);
            new.set_span(group.span());
            new.into()
        }
        other => other.clone(),
    });
    raw.collect()
}

/// Whether what stands behind `dyn` is a bound: the word is a name in 2015 only where it is not.
fn is_of_a_type(next: Option<&TokenTree>) -> bool {
    match next {
        Some(TokenTree::Ident(word)) => !["as", "else", "if", "in"].iter().any(|it| word == it),
        Some(TokenTree::Punct(sign)) => sign.as_char() == '\'',
        _ => false,
    }
}
