//! Which names an expression mentions.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ExprPath, Macro, Token};

use crate::model::Kernel;

/// The names that stand alone in an expression, where a variable could be meant.
pub(crate) fn of(expr: &Expr) -> Vec<Ident> {
    let mut names = Names(Vec::new());
    names.visit_expr(expr);
    names.0
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

struct Names(Vec<Ident>);

impl<'ast> Visit<'ast> for Names {
    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        if let (None, Some(name)) = (&path.qself, path.path.get_ident()) {
            self.0.push(name.clone());
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        let list = Punctuated::<Expr, Token![,]>::parse_terminated;
        match list.parse2(mac.tokens.clone()) {
            Ok(arguments) => arguments.iter().for_each(|argument| {
                self.0.extend(of(argument));
            }),
            Err(_) => self.words(mac.tokens.clone()),
        }
    }
}

impl Names {
    /// What a macro with a syntax of its own may mention: every word but fields and methods.
    fn words(&mut self, tokens: TokenStream) {
        let mut after_dot = false;
        for token in tokens {
            match &token {
                TokenTree::Ident(word) if !after_dot => self.0.push(word.clone()),
                TokenTree::Group(group) => self.words(group.stream()),
                _ => {}
            }
            let dot = matches!(&token, TokenTree::Punct(dot) if dot.as_char() == '.');
            // After `..` a range ends, and no field is named.
            after_dot = dot && !after_dot;
        }
    }
}
