//! The arguments of macros: expressions where that is known, words where it is not.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Expr, ExprLit, Lit, LitStr, Macro, Pat, Token};

use super::format;
use super::walk::Walk;

/// Where among its arguments a macro has a format string, which may capture variables.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    At(usize),
    Nowhere,
    /// In a macro that is not known.
    Anywhere,
}

/// Macros of the standard library whose arguments are expressions.
const TAKE_EXPRESSIONS: [(&str, Format); 21] = [
    ("assert", Format::At(1)),
    ("assert_eq", Format::At(2)),
    ("assert_ne", Format::At(2)),
    ("dbg", Format::Nowhere),
    ("debug_assert", Format::At(1)),
    ("debug_assert_eq", Format::At(2)),
    ("debug_assert_ne", Format::At(2)),
    ("eprint", Format::At(0)),
    ("eprintln", Format::At(0)),
    ("format", Format::At(0)),
    ("format_args", Format::At(0)),
    ("matches", Format::Nowhere),
    ("panic", Format::At(0)),
    ("print", Format::At(0)),
    ("println", Format::At(0)),
    ("todo", Format::At(0)),
    ("unimplemented", Format::At(0)),
    ("unreachable", Format::At(0)),
    ("vec", Format::Nowhere),
    ("write", Format::At(1)),
    ("writeln", Format::At(1)),
];

impl Walk {
    /// A call of a macro.
    pub(super) fn invocation(&mut self, mac: &Macro) {
        let name = mac.path.segments.last().map(|last| last.ident.unraw().to_string());
        let known = TAKE_EXPRESSIONS.iter().find(|(known, _)| name.as_deref() == Some(*known));
        let format = known.map_or(Format::Anywhere, |(_, format)| *format);
        let guessing = self.guessing;
        self.guessing |= format == Format::Anywhere;
        if !self.arguments(&mac.tokens, format) {
            self.guessing = true;
            self.words(mac.tokens.clone());
        }
        self.guessing = guessing;
    }

    /// The arguments of a macro, if they are expressions.
    fn arguments(&mut self, tokens: &TokenStream, format: Format) -> bool {
        let list = Punctuated::<Expr, Token![,]>::parse_terminated;
        if let Ok(arguments) = list.parse2(tokens.clone()) {
            self.list(arguments.into_iter().collect(), format);
            return true;
        }
        let repeated = |input: ParseStream<'_>| {
            let value = input.parse()?;
            input.parse::<Token![;]>()?;
            Ok(vec![value, input.parse()?])
        };
        if let Ok(arguments) = repeated.parse2(tokens.clone()) {
            self.list(arguments, format);
            return true;
        }
        let matched = |input: ParseStream<'_>| {
            let value: Expr = input.parse()?;
            input.parse::<Token![,]>()?;
            let pat = Pat::parse_multi_with_leading_vert(input)?;
            let condition = match input.parse::<Option<Token![if]>>()? {
                Some(_) => Some(input.parse::<Expr>()?),
                None => None,
            };
            input.parse::<Option<Token![,]>>()?;
            Ok((value, pat, condition))
        };
        if let Ok((value, pat, condition)) = matched.parse2(tokens.clone()) {
            self.visit_expr(&value);
            self.within(|walk| {
                walk.bind(&pat);
                condition.iter().for_each(|condition| walk.visit_expr(condition));
            });
            return true;
        }
        false
    }

    /// Arguments, of which `name = value` is one with a name and a format string may capture
    /// variables.
    fn list(&mut self, arguments: Vec<Expr>, format: Format) {
        self.within(|walk| {
            let mut values = Vec::new();
            for argument in arguments {
                match argument {
                    Expr::Assign(pair) => {
                        if let Expr::Path(path) = &*pair.left
                            && let Some(name) = path.path.get_ident()
                        {
                            walk.bind_name(name);
                        }
                        walk.visit_expr(&pair.right);
                    }
                    value => values.push(value),
                }
            }
            for (number, value) in values.iter().enumerate() {
                if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value
                    && (format == Format::At(number) || format == Format::Anywhere)
                {
                    walk.captures(text);
                }
                walk.visit_expr(value);
            }
        });
    }

    fn captures(&mut self, text: &LitStr) {
        format::captures(text).iter().for_each(|name| self.mention(name));
    }

    /// What a macro with a syntax of its own may mention: every word but fields and methods.
    fn words(&mut self, tokens: TokenStream) {
        let mut after_dot = false;
        for token in tokens {
            match &token {
                TokenTree::Ident(word) if !after_dot => self.mention(word),
                TokenTree::Group(group) => self.words(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Lit::Str(text) = Lit::new(literal.clone()) {
                        self.captures(&text);
                    }
                }
                _ => {}
            }
            let dot = matches!(&token, TokenTree::Punct(dot) if dot.as_char() == '.');
            // After `..` a range ends, and no field is named.
            after_dot = dot && !after_dot;
        }
    }
}
