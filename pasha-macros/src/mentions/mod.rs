//! Which names an expression mentions, and where it would leave the expression.

mod format;
mod walk;

use proc_macro2::Ident;
use syn::Expr;
use syn::visit::Visit;

use crate::model::Kernel;

/// What is found in an expression.
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

impl Mentions {
    pub(crate) fn in_expression(expr: &Expr) -> Self {
        let mut walk = walk::Walk::default();
        walk.visit_expr(expr);
        walk.found
    }
}

/// The names that may be variables from outside of an expression.
pub(crate) fn of(expr: &Expr) -> Vec<Ident> {
    let Mentions { mut certain, possible, .. } = Mentions::in_expression(expr);
    certain.extend(possible);
    certain
}

/// The names that the roles of a kernel mention, all of them.
pub(crate) fn of_roles(kernel: &Kernel) -> Vec<Ident> {
    let outputs = kernel.outputs().flat_map(|(_, output)| {
        let expressions = output.shape().into_iter().chain(output.ragged()).chain(&output.fill);
        expressions.flat_map(of).chain(output.like().cloned()).collect::<Vec<_>>()
    });
    let scratch = kernel.scratch().filter_map(|(_, expr)| expr).flat_map(of);
    outputs.chain(scratch).collect()
}
