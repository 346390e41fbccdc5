//! Tests that run the macro outside of the compiler: what is refused and where, and what is
//! generated.

mod accepted;
mod around;
mod expansions;
mod hostile;
mod names;
mod refusals;
mod signature;

use proc_macro2::TokenStream;

use crate::attribute;

/// The attribute on this function.
fn expanded(source: &str) -> TokenStream {
    expanded_with("", source)
}

/// The attribute with these options on this function.
fn expanded_with(args: &str, source: &str) -> TokenStream {
    attribute::kernel(tokens(args), tokens(source), None)
}

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("the test's own source is Rust")
}

/// The errors, each as the tokens that it is at and what it says.
fn errors(args: &str, source: &str) -> Vec<(String, String)> {
    let Err(refused) = attribute::read(tokens(args), tokens(source)) else { return Vec::new() };
    let parts = refused.errors.into_iter().flatten();
    parts.map(|error| (error.span().source_text().unwrap_or_default(), error.to_string())).collect()
}
