//! The items of a source file, as far as their words and names tell.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// What the items between two braces belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The file, or a module in it.
    Module,
    /// The body of a function, or another block.
    Block,
    /// An `impl` block.
    Impl,
    /// A trait.
    Trait,
}

/// The words with which items begin that have a name.
pub(super) const WORDS: [&str; 9] =
    ["fn", "struct", "enum", "union", "trait", "type", "mod", "const", "static"];

/// Something with a name.
#[derive(Debug)]
pub(super) struct Item {
    /// The word with which it begins: one of [`WORDS`], or `use`.
    pub(super) word: &'static str,
    /// Its name; of an import, all of them.
    pub(super) names: Vec<String>,
    /// Of a function: its tokens from `fn` to the body, but for attributes.
    pub(super) signature: Option<String>,
    pub(super) is_kernel: bool,
    /// Whether it depends on a configuration whether it is there.
    pub(super) is_conditional: bool,
}

/// Blocks within blocks are looked at down to this depth.
const DEEPEST: usize = 64;

/// Calls `visit` with the items of each place in these tokens.
pub(super) fn visit(tokens: TokenStream, visit: &mut impl FnMut(Place, Vec<Item>)) {
    visit_in(Place::Module, tokens, 0, visit);
}

fn visit_in(
    place: Place,
    tokens: TokenStream,
    depth: usize,
    visit: &mut impl FnMut(Place, Vec<Item>),
) {
    if depth > DEEPEST {
        return;
    }
    let mut reader = Reader { tokens: tokens.into_iter().collect(), at: 0 };
    let mut items = Vec::new();
    while reader.at < reader.tokens.len() {
        let within = reader.statement(&mut items);
        for (place, tokens) in within {
            visit_in(place, tokens, depth + 1, visit);
        }
    }
    visit(place, items);
}

/// The items in these tokens, but for those within others.
pub(super) fn of(tokens: TokenStream) -> Vec<Item> {
    let mut reader = Reader { tokens: tokens.into_iter().collect(), at: 0 };
    let mut items = Vec::new();
    while reader.at < reader.tokens.len() {
        reader.statement(&mut items);
    }
    items
}

/// A way through the tokens of one place.
struct Reader {
    tokens: Vec<TokenTree>,
    at: usize,
}

impl Reader {
    /// Reads an item, whose name it adds to `items`, or a statement; gives the groups in it.
    fn statement(&mut self, items: &mut Vec<Item>) -> Vec<(Place, TokenStream)> {
        let (mut is_kernel, mut is_conditional) = (false, false);
        while self.is_sign(0, '#') {
            let attribute = if self.is_sign(1, '!') { self.at + 2 } else { self.at + 1 };
            let Some(TokenTree::Group(group)) = self.tokens.get(attribute) else { break };
            let words = path(group.stream());
            is_kernel |= words.last().is_some_and(|word| word == "kernel");
            is_conditional |= words.first().is_some_and(|word| word == "cfg" || word == "cfg_attr");
            self.at = attribute + 1;
        }
        self.skip_qualifiers();
        let start = self.at;
        let (mut place, mut item) = (Place::Block, None);
        match self.word(0).as_deref() {
            Some("impl") => place = Place::Impl,
            Some("use") => item = Some(("use", Vec::new())),
            Some(word) => {
                let mut behind = 1;
                while self.word(behind).is_some_and(|it| it == "mut") {
                    behind += 1;
                }
                let known = WORDS.iter().find(|it| **it == word);
                if let (Some(word), Some(name)) = (known, self.word(behind)) {
                    place = match *word {
                        "mod" => Place::Module,
                        "trait" => Place::Trait,
                        _ => Place::Block,
                    };
                    item = Some((*word, vec![name]));
                }
            }
            None => {}
        }
        let within = self.skip_to_end(place);
        if let Some((word, mut names)) = item {
            let tokens = &self.tokens[start..self.at];
            if word == "use" {
                imported(tokens.iter().cloned().collect(), &mut names);
            }
            let signature = (word == "fn").then(|| {
                let mut signature = String::new();
                write_signature(tokens.iter().cloned(), &mut signature);
                signature
            });
            items.push(Item { word, names, signature, is_kernel, is_conditional });
        }
        within
    }

    /// Skips what may stand before an item's word.
    fn skip_qualifiers(&mut self) {
        loop {
            let next = self.word(1);
            let is_literal = matches!(self.tokens.get(self.at + 1), Some(TokenTree::Literal(_)));
            match self.word(0).as_deref() {
                Some("pub") => {
                    self.at += 1;
                    if let Some(TokenTree::Group(group)) = self.tokens.get(self.at)
                        && group.delimiter() == Delimiter::Parenthesis
                    {
                        self.at += 1;
                    }
                }
                Some("extern") if is_literal => self.at += 2,
                Some("const" | "unsafe" | "async" | "extern" | "default" | "safe")
                    if next.as_deref().is_some_and(|next| {
                        ["fn", "unsafe", "async", "extern", "impl", "trait", "const"]
                            .contains(&next)
                    }) =>
                {
                    self.at += 1;
                }
                _ => return,
            }
        }
    }

    /// Skips the rest of an item or a statement. Gives the groups in it, but for what macros get:
    /// the last as this place's, if it is a block.
    fn skip_to_end(&mut self, place: Place) -> Vec<(Place, TokenStream)> {
        let mut within = Vec::new();
        let mut is_of_macro = false;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                TokenTree::Punct(punct) => is_of_macro = punct.as_char() == '!',
                // `macro_rules! name { … }`
                TokenTree::Ident(_) | TokenTree::Literal(_) => {}
                TokenTree::Group(group) => {
                    let is_block = group.delimiter() == Delimiter::Brace;
                    if !is_of_macro {
                        let place = if is_block { place } else { Place::Block };
                        within.push((place, group.stream()));
                    }
                    is_of_macro = false;
                    if is_block {
                        break;
                    }
                }
            }
        }
        within
    }

    /// The word so many tokens ahead.
    fn word(&self, ahead: usize) -> Option<String> {
        match self.tokens.get(self.at + ahead) {
            Some(TokenTree::Ident(word)) => Some(word.to_string()),
            _ => None,
        }
    }

    fn is_sign(&self, ahead: usize, sign: char) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(TokenTree::Punct(it)) if it.as_char() == sign)
    }
}

/// The words of an attribute's path.
fn path(attribute: TokenStream) -> Vec<String> {
    let tokens = attribute.into_iter().take_while(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ':',
        token => matches!(token, TokenTree::Ident(_)),
    });
    let words = tokens.filter(|token| matches!(token, TokenTree::Ident(_)));
    words.map(|word| word.to_string()).collect()
}

/// The names that an import brings.
fn imported(tokens: TokenStream, names: &mut Vec<String>) {
    let mut last: Option<Ident> = None;
    for token in tokens {
        match token {
            TokenTree::Ident(word) => last = Some(word),
            TokenTree::Punct(punct) if punct.as_char() == ':' => last = None,
            TokenTree::Punct(_) => names.extend(last.take().map(|name| name.to_string())),
            TokenTree::Group(group) => imported(group.stream(), names),
            TokenTree::Literal(_) => {}
        }
    }
    names.extend(last.map(|name| name.to_string()));
}

/// Writes a function's tokens up to its body. What the compiler calls tokens and what others do is
/// the same text, but for spaces and comments.
fn write_signature(tokens: impl IntoIterator<Item = TokenTree>, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => match group.delimiter() {
                Delimiter::Brace => return,
                // Of attributes, and of arrays.
                Delimiter::Bracket if text.ends_with('#') => drop(text.pop()),
                Delimiter::None => write_signature(group.stream(), text),
                Delimiter::Parenthesis | Delimiter::Bracket => {
                    text.push('(');
                    write_signature(group.stream(), text);
                    text.push(')');
                }
            },
            token => text.push_str(&token.to_string()),
        }
    }
}
