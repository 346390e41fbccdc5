//! Functions that are kernels, of all the shapes that the attribute knows.

use super::{errors, expanded};

/// Each is accepted, and expands to items that parse.
#[test]
fn kernels_are_accepted() {
    for source in [
        "fn k(value: f64) -> f64 { value }",
        "fn k(mut value: f64, _other: &u8) {}",
        "fn k(value: &'static str) -> usize { value.len() }",
        "fn k(value: fn(&f64) -> f64) -> f64 { value(&1.0) }",
        "fn k(frame: ndarray::ArrayView<'_, u16, D>) {}",
        "fn k(train: Train<'_, u16, Ix2>, frame: ArrayViewD<f32>) {}",
        "pub(crate) const extern \"C\" fn k(value: f64) -> f64 { value }",
        "fn k(value: f64, #[shared] f: impl Fn(f64) -> f64, #[shared] g: &impl Fn(f64) -> f64) -> f64 { f(g(value)) }",
        "fn k(value: f64, #[shared] f: &(dyn Fn(f64) -> f64 + Sync)) -> f64 { f(value) }",
        "fn k(value: f64, #[index] (): usize) {}",
        "fn k(value: f64, #[index] _: usize, #[worker_id] _: core::primitive::usize) {}",
        "fn k(frame: ArrayView2<f64>, #[output(shape = frame.nrows())] sums: ArrayViewMut1<f64>) {}",
        "fn k(value: f64, #[shared] n: usize, #[output(shape = vec![n; 2], fill = f64::NAN, order = F)] o: ArrayViewMut<'_, f64, IxDyn>) {}",
        "fn k(value: f64, #[output] o: &mut f64) -> Result<(), E> { Ok(()) }",
        "fn k(count: usize, #[index] i: usize, #[output(ragged = count + i)] o: ArrayViewMut1<f64>) {}",
        "fn k(count: usize, #[output(ragged = count)] o: ArrayViewMut<'_, f64, ndarray::Ix1>) {}",
        "fn k(value: f64, #[reduce(max)] peak: &mut f64, #[reduce(any)] seen: &mut bool) {}",
        "fn k(value: f64, #[reduce(my::merge, init = A::ZERO, shape = 3)] a: ArrayViewMut1<A>) {}",
        "fn k(value: f64, #[reduce(|a, b| a ^ b, init = 0)] a: &mut u32) {}",
        "fn k(value: f64, #[per_worker(shape = (2, 3), order = C)] a: ArrayViewMut2<u8>) {}",
        "fn k(value: f64, #[shared] n: usize, #[scratch(Vec::with_capacity(n))] b: &mut Vec<u8>) {}",
        "fn k(value: f64) -> [f64; 3] { [value; 3] }",
        "fn k(value: f64) -> (f64,) { (value,) }",
        "fn k(value: f64) -> anyhow::Result<(f64, [u8; 2], bool)> { todo!() }",
        "fn k(value: f64) -> std::fmt::Result { Ok(()) }",
        "fn k<'a, 'b: 'a, T: Copy + Mul<Output = T>, const N: usize>(value: &'a [T; N], #[shared] t: &'b [T]) -> [T; N] where T: Default { *value }",
        "fn k(f: ArrayView2<u8>, #[output(shape = { let a = f.nrows(); a })] a: ArrayViewMut1<f64>) {}",
        "fn k(f: ArrayView2<u8>, #[output(shape = match f.dim() { (a, b) => [a, b] })] a: ArrayViewMut2<f64>, #[output] b: &mut u8) {}",
        "fn k(v: u8, #[shared] n: Option<usize>, #[output(shape = if let Some(a) = n { a } else { 1 })] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[shared] n: Option<usize>, #[output(shape = { let Some(a) = n else { panic!() }; a })] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[shared] n: usize, #[output(shape = { let mut a = n; while let Some(b) = a.checked_sub(9) { a = b; } a })] a: ArrayViewMut1<f64>, #[output] b: &mut u8) {}",
        "fn k(v: u8, #[output(shape = (|a: usize| a + 1)(2))] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[output(shape = { let mut s = 0; for a in 0..3 { if a == 2 { continue } s += a; } s })] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[output(shape = { fn a() -> usize { 3 } a() })] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[output(shape = { const a: usize = 3; a })] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[output(shape = loop { break 3 })] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[output(shape = 'x: { break 'x 3 })] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[output(shape = (|| { return 3 })())] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[output(shape = (|| -> Option<usize> { Some(None?) })().unwrap_or(1))] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[shared] n: usize, #[output(shape = format!(\"{n} {a} {{a}} {0:>a$.n$}\", 1, a = 2).len())] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[shared] n: usize, #[output(shape = format!(\"{}\", \"{v}\").len() + vec![\"{v}\"; n].len())] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[shared] n: usize, #[scratch(format!(\"{n:→>3}\"))] b: &mut String) {}",
        "fn k(v: u8, #[output(ragged = format!(\"{v}\").len())] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[shared] n: Option<usize>, #[output(shape = usize::from(matches!(n, Some(a) if a > 2)))] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[output(shape = my_macro!(a => b; v))] a: ArrayViewMut1<f64>, #[output] b: &mut u8) {}",
        "fn k(v: u8, #[output(shape = S { a: 3 }.a)] a: ArrayViewMut1<f64>) {}",
        "fn k(v: u8, #[shared(copied)] m: &Mutex<u8>, #[shared] r#gen: usize) {}",
        "fn k(v: Option<f64>, #[output] o: &mut Option) -> Option {}",
        "fn k(value: f64, #[output] #[doc = \" words\"] result: &mut f64) {}",
        "#[cfg(test)] #[allow(unused)] #[deprecated] fn k(r#type: f64, #[reduce(sum)] r#match: &mut f64) -> f64 { r#type }",
    ] {
        assert_eq!(errors("", source), [], "{source}");
        let file: Result<syn::File, _> = syn::parse2(expanded(source));
        assert!(file.is_ok(), "{source}\n{}", file.err().unwrap());
    }
}

#[test]
fn stream_stores_is_an_option() {
    let source = "fn k(v: f64) -> f64 { v }";
    assert_eq!(errors("stream_stores", source), []);
    let text = |args| super::expanded_with(args, source).to_string();
    assert!(text("stream_stores").contains("with_stream_stores"));
    assert!(!text("").contains("with_stream_stores"));
}

#[test]
fn the_struct_of_outputs_can_be_named() {
    let source = "fn k(v: f64, #[output] o: &mut f64) -> f64 { v }";
    let text = super::expanded_with("output = Mine", source).to_string();
    assert!(text.contains("struct Mine") && !text.contains("KOutput"), "{text}");
}

#[test]
fn the_runtime_is_named_where_the_user_says_that_it_is() {
    let source = "fn k<T: Copy>(v: f64, f: ArrayView2<T>, #[shared] n: &T, #[output(shape = f.len())] \
                  o: ArrayViewMut1<f64>) -> Result<f64, E> { v }";
    for (args, path) in [
        ("crate = \"crate::re::pasha\"", "crate :: re :: pasha :: __private :: BoundKernel"),
        ("crate = ::other, stream_stores", ":: other :: __private :: BoundKernel"),
    ] {
        assert_eq!(errors(args, source), []);
        let text = super::expanded_with(args, source).to_string();
        assert!(text.contains(path), "{text}");
        let elsewhere = text.replace("crate :: re :: pasha", "");
        assert!(!elsewhere.contains("pasha :: __private"), "{text}");
    }
}

#[test]
fn a_body_in_the_invisible_group_of_a_macro_is_a_body() {
    use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
    let head: TokenStream = "fn k(v: f64) -> f64".parse().unwrap();
    let body: TokenStream = "{ v }".parse().unwrap();
    let group = TokenTree::from(Group::new(Delimiter::None, body));
    let tokens = head.into_iter().chain([group]).collect();
    let text = crate::attribute::kernel(TokenStream::new(), tokens, None).to_string();
    assert!(text.contains("run_parallel") && !text.contains("compile_error"), "{text}");
}

#[test]
fn what_a_role_mentions_is_not_reported_as_unused() {
    let source = "fn k(v: f64, #[shared] n: usize, #[output(shape = n)] o: ArrayViewMut1<f64>) {}";
    let text = expanded(source).to_string();
    assert!(text.contains("fn k (v : f64 , # [allow (unused_variables)] n : usize , o"), "{text}");
}

#[test]
fn what_a_format_string_captures_is_mentioned() {
    // A role's expression, and what it captures bound to the name for it.
    let text = |source| expanded(source).to_string();
    let shape = text(
        "fn k(frame: ArrayView1<u8>, #[output(shape = format!(\"{frame:?}\").len())] o: ArrayViewMut1<f64>) {}",
    );
    assert!(shape.contains("known_shape (\"frame\" , frame)"), "{shape}");
    let ragged = text(
        "fn k(r#type: u8, #[index] i: usize, #[output(ragged = format!(\"{type:>i$}\").len())] o: ArrayViewMut1<f64>) {}",
    );
    assert!(ragged.contains("let (r#type , ()) = __items ; let i = __at . index ;"), "{ragged}");
    let scratch = text(
        "fn k(v: u8, #[shared] r#gen: usize, #[scratch(format!(\"{gen}\"))] b: &mut String) {}",
    );
    let quiet = "# [allow (unused_variables)] r#gen : usize";
    assert!(scratch.contains(quiet), "{scratch}");
}

#[test]
fn words_that_are_reserved_in_later_editions_are_names_in_2015() {
    for (source, name) in [
        ("fn k(async: f64, #[output(shape = 3)] mut o: ArrayViewMut1<f64>) {}", "async"),
        (
            "fn k(v: &Path, #[shared] dyn: &(dyn Fn(f64) -> f64 + Sync), #[scratch(dyn as u8)] b: &mut u8) {}",
            "dyn",
        ),
        (
            "fn k<F: Fn(u8) -> u8>(try: usize, #[output(ragged = try + 1)] o: ArrayViewMut1<f64>) {}",
            "try",
        ),
        ("fn await(v: f64, #[shared] mut await: usize) -> f64 { v }", "await"),
    ] {
        assert_eq!(errors("", source), [], "{source}");
        let file: Result<syn::File, _> = syn::parse2(expanded(source));
        assert!(file.is_ok(), "{source}\n{}", file.err().unwrap());
        let text = expanded(source).to_string();
        assert!(text.contains(&format!("r#{name} :")), "{text}");
    }
    let text = expanded("fn k(dyn: &(dyn Fn() + Sync)) {}").to_string();
    assert!(text.contains("fn k (r#dyn : & (dyn Fn () + Sync))"), "{text}");
}

#[test]
fn a_refused_kernel_keeps_its_names_and_their_arguments() {
    let source = "fn k<T>(v: T, #[sharde] n: usize, #[index] i: u8) -> f64 { 0.0 }";
    let text = expanded(source).to_string();
    let stub = "fn run_parallel < T > (_ : KWithMistakes , _ : KWithMistakes) -> KWithMistakes";
    assert!(text.contains("fn k < T > (v : T , n : usize , i : u8) -> f64 { 0.0 }"), "{text}");
    assert!(text.contains(stub), "{text}");
    assert_eq!(text.matches("compile_error").count(), 2, "{text}");
}

#[test]
fn no_tokens_make_the_macro_panic() {
    for source in [
        "",
        "fn",
        "fn k",
        "fn k(",
        "struct S;",
        "x + 1",
        "fn k();",
        "fn k(value) {}",
        "{}",
        "#[a] #[b]",
        "fn k(#[output(] a: f64) {}",
        "fn k(#[output(shape = )] a: &mut f64) {}",
        "fn k(#[output(= 3)] a: &mut f64) {}",
        "fn k(#[reduce(,)] a: &mut f64) {}",
        "fn k(#[scratch()] a: &mut f64) {}",
        "fn k(#[shared::x] a: f64) {}",
        "fn k(..) {}",
        "fn k(value: ArrayView2) {}",
        "fn k(value: ArrayView2<'_>) -> Result {}",
        "fn k(value: Foo<'_>) -> [(); { fn x() {} 3 }] {}",
        "fn k(value: [f64; 2]) -> (()) { }",
        "fn k(self) {}",
        "fn k(&self, value: Self) -> Self {}",
        "fn k(mut self: Box<Self>) {}",
        "fn k(v: u8, #[output(fill = format!(\"{v:→$}{:é{}}\").len())] o: &mut usize) {}",
    ] {
        // What is not even a row of tokens is the compiler's to refuse.
        if let Ok(tokens) = source.parse() {
            let _ = crate::attribute::kernel(proc_macro2::TokenStream::new(), tokens, None);
        }
    }
}
