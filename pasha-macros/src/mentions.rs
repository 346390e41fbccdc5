//! Which names an expression mentions.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ExprPath, Macro, Token};

/// The names that stand alone in an expression, where a variable could be meant.
pub(crate) fn of(expr: &Expr) -> Vec<Ident> {
    let mut names = Names(Vec::new());
    names.visit_expr(expr);
    names.0
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
