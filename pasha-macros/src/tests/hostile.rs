//! Whatever stands under the attribute, the macro answers: it does not panic, and ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use crate::attribute;

/// Kernels to be damaged.
const KERNELS: [&str; 6] = [
    "fn k(v: f64) -> f64 { v }",
    "pub fn k<'a, T: Copy, const N: usize>(v: &'a [T; N], #[shared] t: &T) -> [T; N] where T: Default { *v }",
    "fn k(f: ArrayView2<u16>, #[index] i: usize, #[worker_id] w: usize, #[output(like = f, fill = 1, order = F)] o: ArrayViewMut2<f32>) -> Result<(f64, u8), E> { v }",
    "fn k(v: usize, #[shared] n: usize, #[output(ragged = if let Some(a) = v.checked_sub(n) { a } else { 1 })] mut o: ArrayViewMut1<f64>, #[reduce(max, init = 3)] m: &mut f64) {}",
    "#[cfg(x)] fn k(t: Train<'_, u16>, #[scratch(vec![0; n])] b: &mut Vec<u8>, #[per_worker(shape = { let n = 3; (n, n) })] p: ArrayViewMut2<u64>) {}",
    "fn r#gen(r#type: &str, #[shared(copied)] m: &impl Fn(f64) -> f64, #[reduce(|a, b| a + b, init = format!(\"{x:>w$}\").len())] s: &mut usize) -> ! {}",
];

/// Words that mean something to the macro, or to Rust.
const WORDS: [&str; 36] = [
    "fn",
    "self",
    "Self",
    "mut",
    "ref",
    "impl",
    "dyn",
    "for",
    "where",
    "const",
    "unsafe",
    "async",
    "extern",
    "pub",
    "crate",
    "struct",
    "let",
    "if",
    "match",
    "loop",
    "break",
    "return",
    "_",
    "k",
    "output",
    "shared",
    "reduce",
    "scratch",
    "shape",
    "like",
    "ragged",
    "fill",
    "ArrayView",
    "ArrayViewMut2",
    "Option",
    "usize",
];

/// A generator of numbers: xorshift64*, as in Vigna, *An experimental exploration of Marsaglia's
/// xorshift generators, scrambled* (2016).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end.max(1)
    }

    fn token(&mut self, depth: usize) -> TokenTree {
        match self.below(8) {
            0..=2 => Ident::new(WORDS[self.below(WORDS.len())], Span::call_site()).into(),
            3 | 4 => {
                let signs = [',', ':', ';', '#', '<', '>', '=', '.', '?', '&', '!', '-', '|', '\''];
                let spacing = [Spacing::Alone, Spacing::Joint][self.below(2)];
                match signs[self.below(signs.len())] {
                    // A lone quote is no token: a lifetime is a quote with a word after it.
                    '\'' => Literal::character('c').into(),
                    sign => Punct::new(sign, spacing).into(),
                }
            }
            5 => match self.below(5) {
                0 => Literal::usize_unsuffixed(self.below(10)).into(),
                1 => Literal::string("{n} {v:>w$} {").into(),
                2 => Literal::f64_unsuffixed(1.5).into(),
                3 => Literal::byte_string(b"x").into(),
                _ => Literal::u8_suffixed(3).into(),
            },
            _ => {
                let delimiters =
                    [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];
                let delimiter = delimiters[self.below(4)];
                let length = if depth > 3 { 0 } else { self.below(5) };
                let inside = (0..length).map(|_| self.token(depth + 1)).collect();
                Group::new(delimiter, inside).into()
            }
        }
    }

    /// The tokens with one of them, at any depth, removed, doubled, replaced, moved or wrapped.
    fn damaged(&mut self, tokens: TokenStream) -> TokenStream {
        let mut list: Vec<TokenTree> = tokens.into_iter().collect();
        if list.is_empty() {
            return [self.token(0)].into_iter().collect();
        }
        let at = self.below(list.len());
        if let TokenTree::Group(group) = &list[at]
            && self.below(4) > 0
        {
            let inside = self.damaged(group.stream());
            list[at] = Group::new(group.delimiter(), inside).into();
            return list.into_iter().collect();
        }
        match self.below(6) {
            0 => drop(list.remove(at)),
            1 => list.insert(at, list[at].clone()),
            2 => list[at] = self.token(0),
            3 => list.insert(at, self.token(0)),
            4 => {
                let other = self.below(list.len());
                list.swap(at, other);
            }
            _ => {
                let inside = [list[at].clone()].into_iter().collect();
                list[at] = Group::new(Delimiter::None, inside).into();
            }
        }
        list.into_iter().collect()
    }
}

#[test]
fn no_damaged_kernel_makes_the_macro_panic() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..20_000 {
        let mut tokens: TokenStream = KERNELS[round % KERNELS.len()].parse().unwrap();
        for _ in 0..=random.below(4) {
            tokens = random.damaged(tokens);
        }
        let args = match random.below(4) {
            0 => (0..random.below(4)).map(|_| random.token(0)).collect(),
            _ => TokenStream::new(),
        };
        let text = format!("#[kernel({args})] {tokens}");
        let attribute = AssertUnwindSafe(|| attribute::kernel(args, tokens, None).to_string());
        assert!(catch_unwind(attribute).is_ok(), "round {round} panicked: {text}");
    }
}
