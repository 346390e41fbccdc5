//! What is found in an expression.

use proc_macro2::Ident;

/// What is found in an expression. Names are without `r#`, which a format string can't have.
#[derive(Default)]
pub(crate) struct Mentions {
    /// Names that are variables from outside of the expression, constants or functions.
    pub(crate) certain: Vec<Ident>,
    /// Words in macros of unknown syntax, which may be such names.
    pub(crate) possible: Vec<Ident>,
    /// What would go on outside of the expression.
    pub(crate) exits: Vec<Exit>,
}

/// A place where control would leave an expression, or wait.
pub(crate) enum Exit {
    Break(syn::ExprBreak),
    Continue(syn::ExprContinue),
    Return(syn::ExprReturn),
    Try(syn::Token![?]),
    Await(syn::Token![await]),
}
