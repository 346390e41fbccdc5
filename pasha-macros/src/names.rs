//! The names of generated things: what the user will write, and what can't clash with it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;

/// The name of the struct of outputs: `reduce_frame` gives `ReduceFrameOutput`.
pub(crate) fn output_struct(function: &Ident) -> Ident {
    camel_case(function, "Output")
}

/// The name of the type that stands in for results after a refusal.
pub(crate) fn stand_in(function: &Ident) -> Ident {
    camel_case(function, "WithMistakes")
}

fn camel_case(function: &Ident, suffix: &str) -> Ident {
    let mut name = String::new();
    for word in function.unraw().to_string().split('_') {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            name.extend(first.to_uppercase());
            name.push_str(letters.as_str());
        }
    }
    name.push_str(suffix);
    // `_2d` would give a name that starts with a digit.
    if syn::parse_str::<Ident>(&name).is_err() {
        name.insert(0, '_');
    }
    Ident::new(&name, function.span())
}

/// A local variable of generated code, which the user's code can neither see nor shadow. Where a
/// constant of the user's had its name, it would be taken for that.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), Span::mixed_site())
}

/// A parameter of a generated function, whose name the documentation shows.
pub(crate) fn shown(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// One of several such variables.
pub(crate) fn numbered(name: &str, number: usize) -> Ident {
    local(&format!("{name}{number}"))
}

/// Words that are names in Rust 2015 alone.
pub(crate) const RESERVED_SINCE_2018: [&str; 4] = ["async", "await", "dyn", "try"];

/// The user's function as an item, even where one of its parameters has the same name.
pub(crate) fn function(ident: &Ident) -> Ident {
    let span = Span::mixed_site().located_at(ident.span());
    // Generated code is of this crate's edition, in which words are reserved that may be names in
    // the user's.
    if RESERVED_SINCE_2018.iter().chain(&["gen"]).any(|word| ident == word) {
        return Ident::new_raw(&ident.to_string(), span);
    }
    let mut ident = ident.clone();
    ident.set_span(span);
    ident
}

/// The field that holds the arrays of returned values.
pub(crate) fn result_field() -> Ident {
    Ident::new(RESULT, Span::call_site())
}

/// The name of that field.
pub(crate) const RESULT: &str = "result";

/// The path to what the runtime crate offers to expansions.
pub(crate) fn private() -> TokenStream {
    private_at(Span::call_site())
}

/// The same, at the place of what it will constrain.
pub(crate) fn private_at(span: Span) -> TokenStream {
    quote_spanned!(span=> ::pasha::__private)
}

/// The nearest of some words, if one is near enough to be a misspelling.
pub(crate) fn nearest<'w>(written: &str, words: &[&'w str]) -> Option<&'w str> {
    words
        .iter()
        .map(|word| (distance(&written.to_lowercase(), word), *word))
        .min()
        .filter(|(distance, word)| *distance <= word.len().div_ceil(3))
        .map(|(_, word)| word)
}

/// Levenshtein's distance: how many letters must be added, dropped or changed.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.chars().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.chars().count()]
}
