//! The walk through an expression: which names are its own, and which come from outside.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{
    Block, Expr, ExprAsync, ExprAwait, ExprBreak, ExprClosure, ExprContinue, ExprForLoop, ExprIf,
    ExprLet, ExprLoop, ExprMatch, ExprPath, ExprReturn, ExprTry, ExprTryBlock, ExprWhile, Item,
    Label, Lifetime, Local, Macro, Pat, PatIdent, Stmt,
};

use super::found::{Exit, Mentions};

#[derive(Default)]
pub(super) struct Walk {
    pub(super) found: Mentions,
    /// The names bound so far, innermost last, without `r#`.
    bound: Vec<Ident>,
    around: Around,
    /// Whether what is walked through may be something else than expressions.
    pub(super) guessing: bool,
}

/// What is around a place and ends or catches what leaves it.
#[derive(Default, Clone)]
struct Around {
    a_loop: bool,
    a_function: bool,
    a_future: bool,
    catches_errors: bool,
    labels: Vec<Lifetime>,
}

impl Walk {
    /// Walks through what has bindings of its own, or other surroundings.
    pub(super) fn within(&mut self, walk: impl FnOnce(&mut Self)) {
        let bound = self.bound.len();
        let around = self.around.clone();
        walk(self);
        self.bound.truncate(bound);
        self.around = around;
    }

    pub(super) fn mention(&mut self, name: &Ident) {
        let name = name.unraw();
        if self.bound.contains(&name) {
            return;
        }
        match self.guessing {
            true => self.found.possible.push(name),
            false => self.found.certain.push(name),
        }
    }

    /// Binds a name.
    pub(super) fn bind_name(&mut self, name: &Ident) {
        self.bound.push(name.unraw());
    }

    /// Binds the names of a pattern.
    pub(super) fn bind(&mut self, pat: &Pat) {
        let mut bindings = Bindings::default();
        bindings.visit_pat(pat);
        bindings.names.iter().for_each(|name| self.bind_name(name));
        bindings.conditions.iter().for_each(|condition| self.visit_expr(condition));
    }

    fn enter_loop(&mut self, label: Option<&Label>) {
        self.around.a_loop = true;
        self.around.labels.extend(label.map(|label| label.name.clone()));
    }

    fn exit(&mut self, exit: Exit) {
        if !self.guessing {
            self.found.exits.push(exit);
        }
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        if let (None, Some(name)) = (&path.qself, path.path.get_ident()) {
            self.mention(name);
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_expr_let(&mut self, expr: &'ast ExprLet) {
        self.visit_expr(&expr.expr);
        // Bound until the end of the block that the condition is for.
        self.bind(&expr.pat);
    }

    fn visit_expr_if(&mut self, expr: &'ast ExprIf) {
        self.within(|walk| {
            walk.visit_expr(&expr.cond);
            walk.visit_block(&expr.then_branch);
        });
        if let Some((_, otherwise)) = &expr.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_while(&mut self, expr: &'ast ExprWhile) {
        self.within(|walk| {
            walk.enter_loop(expr.label.as_ref());
            walk.visit_expr(&expr.cond);
            walk.visit_block(&expr.body);
        });
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast ExprForLoop) {
        self.visit_expr(&expr.expr);
        self.within(|walk| {
            walk.enter_loop(expr.label.as_ref());
            walk.bind(&expr.pat);
            walk.visit_block(&expr.body);
        });
    }

    fn visit_expr_loop(&mut self, expr: &'ast ExprLoop) {
        self.within(|walk| {
            walk.enter_loop(expr.label.as_ref());
            walk.visit_block(&expr.body);
        });
    }

    fn visit_expr_block(&mut self, expr: &'ast syn::ExprBlock) {
        self.within(|walk| {
            walk.around.labels.extend(expr.label.as_ref().map(|label| label.name.clone()));
            walk.visit_block(&expr.block);
        });
    }

    fn visit_expr_match(&mut self, expr: &'ast ExprMatch) {
        self.visit_expr(&expr.expr);
        for arm in &expr.arms {
            self.within(|walk| {
                walk.bind(&arm.pat);
                walk.visit_expr(&arm.body);
            });
        }
    }

    fn visit_expr_closure(&mut self, expr: &'ast ExprClosure) {
        self.within(|walk| {
            walk.around = Around {
                a_function: true,
                a_future: expr.asyncness.is_some(),
                catches_errors: true,
                ..Around::default()
            };
            expr.inputs.iter().for_each(|input| walk.bind(input));
            walk.visit_expr(&expr.body);
        });
    }

    fn visit_expr_async(&mut self, expr: &'ast ExprAsync) {
        self.within(|walk| {
            walk.around = Around {
                a_function: true,
                a_future: true,
                catches_errors: true,
                ..Around::default()
            };
            walk.visit_block(&expr.block);
        });
    }

    fn visit_expr_try_block(&mut self, expr: &'ast ExprTryBlock) {
        self.within(|walk| {
            walk.around.catches_errors = true;
            walk.visit_block(&expr.block);
        });
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.within(|walk| {
            // Items are known in the whole block.
            block.stmts.iter().filter_map(value_of_item).for_each(|name| walk.bind_name(name));
            block.stmts.iter().for_each(|statement| walk.visit_stmt(statement));
        });
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
            if let Some((_, otherwise)) = &init.diverge {
                self.visit_expr(otherwise);
            }
        }
        self.bind(&local.pat);
    }

    // An item sees no variables.
    fn visit_item(&mut self, _: &'ast Item) {}

    fn visit_expr_break(&mut self, expr: &'ast ExprBreak) {
        let ends_here = match &expr.label {
            Some(label) => self.around.labels.contains(label),
            None => self.around.a_loop,
        };
        if !ends_here {
            self.exit(Exit::Break(expr.clone()));
        }
        visit::visit_expr_break(self, expr);
    }

    fn visit_expr_continue(&mut self, expr: &'ast ExprContinue) {
        let goes_on_here = match &expr.label {
            Some(label) => self.around.labels.contains(label),
            None => self.around.a_loop,
        };
        if !goes_on_here {
            self.exit(Exit::Continue(expr.clone()));
        }
    }

    fn visit_expr_return(&mut self, expr: &'ast ExprReturn) {
        if !self.around.a_function {
            self.exit(Exit::Return(expr.clone()));
        }
        visit::visit_expr_return(self, expr);
    }

    fn visit_expr_try(&mut self, expr: &'ast ExprTry) {
        if !self.around.catches_errors {
            self.exit(Exit::Try(expr.question_token));
        }
        visit::visit_expr_try(self, expr);
    }

    fn visit_expr_await(&mut self, expr: &'ast ExprAwait) {
        if !self.around.a_future {
            self.exit(Exit::Await(expr.await_token));
        }
        visit::visit_expr_await(self, expr);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.invocation(mac);
    }
}

/// The name of the value that an item declares.
fn value_of_item(statement: &Stmt) -> Option<&Ident> {
    match statement {
        Stmt::Item(Item::Const(item)) => Some(&item.ident),
        Stmt::Item(Item::Static(item)) => Some(&item.ident),
        Stmt::Item(Item::Fn(item)) => Some(&item.sig.ident),
        Stmt::Item(Item::Struct(item)) => Some(&item.ident),
        _ => None,
    }
}

/// The names that a pattern binds, and the conditions in it.
#[derive(Default)]
struct Bindings<'ast> {
    names: Vec<Ident>,
    conditions: Vec<&'ast Expr>,
}

impl<'ast> Visit<'ast> for Bindings<'ast> {
    fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
        self.names.push(pat.ident.clone());
        visit::visit_pat_ident(self, pat);
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        self.conditions.push(expr);
    }

    // A pattern's type says nothing of values.
    fn visit_type(&mut self, _: &'ast syn::Type) {}
}
