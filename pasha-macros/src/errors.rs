//! An accumulator of errors, so that the user sees all mistakes in one build.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

/// Errors found so far.
///
/// Whoever makes one must ask for its [result](Errors::finish); in debug builds dropping it
/// unasked panics, so that a mistake can't be found and then forgotten.
pub(crate) struct Errors {
    /// `None` once someone has looked.
    found: Option<Vec<syn::Error>>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Errors { found: Some(Vec::new()) }
    }

    /// The number of mistakes so far.
    pub(crate) fn count(&self) -> usize {
        self.found.as_ref().map_or(0, Vec::len)
    }

    /// Reports a mistake at these tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports a mistake at a place without tokens of its own.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds an error of the parser.
    pub(crate) fn push(&mut self, error: syn::Error) {
        if let Some(found) = &mut self.found {
            found.push(error);
        }
    }

    /// Keeps a value and reports the error there may be instead.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.push(error);
                None
            }
        }
    }

    /// Nothing, or all errors in the order in which they were found.
    pub(crate) fn finish(mut self) -> Result<(), Vec<syn::Error>> {
        match self.found.take() {
            Some(found) if !found.is_empty() => Err(found),
            _ => Ok(()),
        }
    }
}

/// An error as tokens that make rustc report it.
pub(crate) fn tokens(error: &syn::Error) -> TokenStream {
    let tokens = error.to_compile_error().into_iter().map(|token| match token {
        // Rust 2015 has no `::core`.
        TokenTree::Ident(ident) if ident == "core" => {
            quote_spanned!(ident.span()=> pasha::__private)
        }
        token => token.into(),
    });
    tokens.collect()
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(
            self.found.is_none() || std::thread::panicking(),
            "errors were gathered and nobody looked at them"
        );
    }
}
