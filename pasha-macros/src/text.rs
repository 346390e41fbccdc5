//! Tokens as text, spaced as people space them.
//!
//! The same tokens give the same text, however they were laid out and whichever compiler reads
//! them: what `TokenStream` itself writes depends on both. Where only a full parser could tell,
//! such as between a generic argument and a comparison, the spaces are a guess, and the same
//! guess each time.

use proc_macro2::{Delimiter, Group, Punct, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The text of these tokens, in one line. A comma at the end of a list, which is a matter of
/// layout, is left out.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    let mut writer = Writer::default();
    writer.list(tokens.to_token_stream());
    writer.drop_comma();
    writer.text.replace('\n', "\\n").replace('\r', "\\r")
}

/// The operators of several characters; the longer ones first.
const OPERATORS: [&str; 24] = [
    "<<=", ">>=", "..=", "...", "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "..", "<<",
    ">>", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=",
];

/// Words after which something begins, so that `-` is a sign there and not a minus.
const KEYWORDS: [&str; 21] = [
    "as", "break", "const", "dyn", "else", "fn", "for", "if", "impl", "in", "let", "loop", "match",
    "move", "mut", "ref", "return", "static", "unsafe", "where", "while",
];

/// What is written, by what it wants to its left and right.
#[derive(Clone, Copy, Default, PartialEq)]
enum Piece {
    /// The beginning of the text.
    #[default]
    Start,
    Word,
    /// A keyword, a lifetime, an attribute, `for<'a>`, `|a|`: something begins after it.
    Keyword,
    /// `-` as a sign, `&`, `*`, `::` of a path from the root: belongs to what follows.
    Prefix,
    /// `?`, the `!` of a macro: belongs to what precedes.
    Postfix,
    /// `::` and `.`: belong to both sides.
    Joint,
    /// `+`, `=`, `->`: stand alone.
    Infix,
    /// `,`, `;` and `:`
    Separator,
    /// `(`, `[`, and `|` before the parameters of a closure.
    Open,
    /// `<` before generic arguments.
    OpenAngle,
    OpenBrace,
    /// `)`, `]` and `>`
    Close,
    CloseBrace,
}

/// What is open within one pair of delimiters.
#[derive(Default)]
struct Level {
    /// Generic arguments.
    angles: usize,
    /// The parameters of a closure.
    closure: bool,
    /// Commas that belong to the delimiters.
    commas: usize,
}

#[derive(Default)]
struct Writer {
    text: String,
    last: Piece,
    level: Level,
}

impl Writer {
    fn list(&mut self, tokens: TokenStream) {
        let tokens = flat(tokens);
        let mut rest = tokens.as_slice();
        while let [first, after @ ..] = rest {
            rest = match first {
                TokenTree::Punct(punct) => self.punct(punct, after),
                TokenTree::Group(group) => {
                    self.group(group);
                    after
                }
                word => {
                    let word = word.to_string();
                    let is_keyword = KEYWORDS.contains(&word.as_str());
                    self.write(&word, if is_keyword { Piece::Keyword } else { Piece::Word });
                    after
                }
            };
        }
    }

    fn group(&mut self, group: &Group) {
        let (open, close) = match group.delimiter() {
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Parenthesis | Delimiter::None => ("(", ")"),
        };
        let is_brace = group.delimiter() == Delimiter::Brace;
        let is_attribute = self.text.ends_with('#');
        // Elsewhere parentheses are those of a call or of a function's parameters.
        let may_be_tuple = open == "(" && self.begins() && !self.text.ends_with("fn");
        self.write(open, if is_brace { Piece::OpenBrace } else { Piece::Open });
        let outer = std::mem::take(&mut self.level);
        self.list(group.stream());
        // `(a,)` is a tuple and `(a)` is not.
        if !(may_be_tuple && self.level.commas == 1) {
            self.drop_comma();
        }
        self.level = outer;
        match is_brace {
            true => self.write(close, Piece::CloseBrace),
            false => self.close(close, is_attribute),
        }
    }

    /// Writes what begins with this character, and gives what follows it.
    fn punct<'t>(&mut self, first: &Punct, after: &'t [TokenTree]) -> &'t [TokenTree] {
        if let ('\'', [TokenTree::Ident(name), after @ ..]) = (first.as_char(), after) {
            self.write(&format!("'{name}"), Piece::Keyword);
            return after;
        }
        let begins = self.begins();
        let joined = operator(first, after);
        let in_generics = self.level.angles > 0;
        let (text, piece) = match first.as_char() {
            '-' if joined == "->" => ("->", Piece::Infix),
            '>' if in_generics => {
                let is_for = self.text.rsplit('<').nth(1).is_some_and(|text| text.ends_with("for"));
                self.drop_comma();
                self.level.angles -= 1;
                self.close(">", is_for);
                return after;
            }
            '<' if begins || (joined != "<=" && self.opens_generics(after)) => {
                self.level.angles += 1;
                ("<", Piece::OpenAngle)
            }
            '|' if self.level.closure => {
                self.level.closure = false;
                self.close("|", true);
                return after;
            }
            '|' if begins => {
                self.level.closure = true;
                ("|", Piece::Open)
            }
            '&' if begins => ("&", Piece::Prefix),
            '*' if begins => ("*", Piece::Prefix),
            '-' if begins => ("-", Piece::Prefix),
            '!' if begins => ("!", Piece::Prefix),
            '?' if begins => ("?", Piece::Prefix),
            '#' => ("#", Piece::Prefix),
            '?' => ("?", Piece::Postfix),
            '!' if joined == "!" => ("!", Piece::Postfix),
            ',' => {
                self.level.commas += usize::from(!in_generics && !self.level.closure);
                (",", Piece::Separator)
            }
            ';' => (";", Piece::Separator),
            ':' if joined == ":" => (":", Piece::Separator),
            ':' | '.' if begins => (joined.as_str(), Piece::Prefix),
            ':' | '.' => (joined.as_str(), Piece::Joint),
            _ => (joined.as_str(), Piece::Infix),
        };
        self.write(text, piece);
        &after[text.len() - 1..]
    }

    /// Whether an expression or a type would begin here, or go on.
    fn begins(&self) -> bool {
        !matches!(self.last, Piece::Word | Piece::Postfix | Piece::Close | Piece::CloseBrace)
    }

    /// Whether `<` after a word is followed by generic arguments: so after types, which are
    /// written in CamelCase, and in `fn name<`.
    fn opens_generics(&self, after: &[TokenTree]) -> bool {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let before = self.text.trim_end_matches(is_part);
        let is_type = self.text[before.len()..].starts_with(char::is_uppercase);
        let is_function = before.trim_end_matches("r#").ends_with("fn ");
        self.last == Piece::Word && (is_function || (is_type && is_closed(after)))
    }

    fn write(&mut self, text: &str, piece: Piece) {
        if self.wants_space(piece) {
            self.text.push(' ');
        }
        self.text.push_str(text);
        self.last = piece;
    }

    /// Writes a closing character; whether something begins after it, as after `|a|`.
    fn close(&mut self, text: &str, begins: bool) {
        self.write(text, Piece::Close);
        if begins {
            self.last = Piece::Keyword;
        }
    }

    /// Whether a space belongs between what was written and this.
    fn wants_space(&self, next: Piece) -> bool {
        match (self.last, next) {
            (Piece::OpenBrace, Piece::CloseBrace) => false,
            (Piece::OpenBrace, _) | (_, Piece::CloseBrace) => true,
            (Piece::Start | Piece::Prefix | Piece::Joint | Piece::Open | Piece::OpenAngle, _) => {
                false
            }
            (_, Piece::Separator | Piece::Joint | Piece::Postfix | Piece::Close) => false,
            (Piece::Keyword, Piece::Open) => !self.text.ends_with("fn"),
            (Piece::Keyword, Piece::OpenAngle) => {
                !self.text.ends_with("for") && !self.text.ends_with("impl")
            }
            (Piece::Word | Piece::Close | Piece::Postfix, Piece::Open | Piece::OpenAngle) => false,
            _ => true,
        }
    }

    fn drop_comma(&mut self) {
        if self.last == Piece::Separator && self.text.ends_with(',') {
            self.text.pop();
            self.last = Piece::Word;
        }
    }
}

/// The tokens without the invisible delimiters that `macro_rules` leaves.
fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut list = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                list.extend(flat(group.stream()));
            }
            token => list.push(token),
        }
    }
    list
}

/// The operator that begins with this character.
fn operator(first: &Punct, after: &[TokenTree]) -> String {
    let mut text = String::from(first.as_char());
    let mut spacing = first.spacing();
    for token in after.iter().take(2) {
        match token {
            TokenTree::Punct(punct) if spacing == Spacing::Joint => {
                text.push(punct.as_char());
                spacing = punct.spacing();
            }
            _ => break,
        }
    }
    let known = OPERATORS.iter().find(|operator| text.starts_with(**operator));
    known.map_or_else(|| first.as_char().to_string(), ToString::to_string)
}

/// Whether a `>` ends what was begun by a `<`.
fn is_closed(after: &[TokenTree]) -> bool {
    let mut depth = 1;
    let mut rest = after;
    while let [token, after @ ..] = rest {
        rest = after;
        let TokenTree::Punct(punct) = token else { continue };
        let joined = operator(punct, after);
        match (punct.as_char(), joined.as_str()) {
            (';', _) | (_, "&&" | "||") => return false,
            (_, "->" | "=>") => rest = &after[1..],
            ('<', _) => depth += 1,
            ('>', _) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return true;
        }
    }
    false
}
