//! Which names an expression mentions, and where it would leave the expression.

mod format;
mod found;
mod macros;
mod walk;

use proc_macro2::Ident;
use syn::Expr;
use syn::ext::IdentExt;
use syn::visit::Visit;

use crate::model::Kernel;
pub(crate) use found::{Exit, Mentions};

impl Mentions {
    pub(crate) fn in_expression(expr: &Expr) -> Self {
        let mut walk = walk::Walk::default();
        walk.visit_expr(expr);
        walk.found
    }
}

/// The names that may be variables from outside of an expression, without `r#`.
pub(crate) fn of(expr: &Expr) -> Vec<Ident> {
    let Mentions { mut certain, possible, .. } = Mentions::in_expression(expr);
    certain.extend(possible);
    certain
}

/// The names that the roles of a kernel mention, all of them, without `r#`.
pub(crate) fn of_roles(kernel: &Kernel) -> Vec<Ident> {
    let outputs = kernel.outputs().flat_map(|(_, output)| {
        let expressions = output.shape().into_iter().chain(output.ragged()).chain(&output.fill);
        expressions.flat_map(of).chain(output.like().map(Ident::unraw)).collect::<Vec<_>>()
    });
    let scratch = kernel.scratch().filter_map(|(_, expr)| expr).flat_map(of);
    outputs.chain(scratch).collect()
}
