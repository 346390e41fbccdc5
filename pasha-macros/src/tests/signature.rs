//! The kernel's signature as text: how it reads, and that layout does not change it.

use proc_macro2::{Delimiter, Group};
use quote::quote;

use super::{expanded, tokens};
use crate::attribute::read;
use crate::expand::signature::of as signature_of;

/// The signature of this kernel.
#[track_caller]
fn signature(source: &str) -> String {
    let Ok(kernel) = read(tokens(""), tokens(source)) else { panic!("refused: {source}") };
    signature_of(&kernel)
}

/// Where an item of pasha's hides its lifetime, as it may in a function, it is written for the
/// generated types; other types are left as they are.
#[test]
fn hidden_lifetimes_of_items_are_written() {
    for (written, expected) in [
        ("fn k(v: Train<u16, Ix3>)", "fn k(v: Train<'_, u16, Ix3>)"),
        ("fn k(v: pasha::Labelled<f64, Ix1>)", "fn k(v: pasha::Labelled<'_, f64, Ix1>)"),
        ("fn k(v: Option<Train<u16, Ix3>>)", "fn k(v: Option<Train<'_, u16, Ix3>>)"),
        ("fn k(v: TrainData)", "fn k(v: TrainData<'_>)"),
        ("fn k(v: Train<'static, u16, Ix3>)", "fn k(v: Train<'static, u16, Ix3>)"),
        ("fn k(v: Train<u16>, w: Option<u8>)", "fn k(v: Train<u16>, w: Option<u8>)"),
        ("fn k(v: u8, #[shared] t: Train<u16, Ix3>)", "fn k(v: u8, #[shared] t: Train<u16, Ix3>)"),
    ] {
        assert_eq!(signature(&format!("{written} {{}}")), expected);
    }
}

#[test]
fn signatures_read_as_people_write_them() {
    for written in [
        "fn k(value: f64)",
        "fn k(value: f64) -> f64",
        "fn k(value: &'static str) -> (f64,)",
        "fn k(r#type: (u8, [f64; 3])) -> Result<(), std::io::Error>",
        "fn k(value: &(f64,), f: fn(&f64, u8) -> f64) -> anyhow::Result<(f64, [u8; 2], bool)>",
        "fn k(value: *const *mut ::core::primitive::u8)",
        "fn k(value: Vec<Vec<<Array2<f64> as Trait>::Item>>)",
        "fn k(value: Array<f64, { N + 1 }, -1>)",
        "fn k<'a, 'b: 'a, T: Copy + Mul<Output = T>, const N: usize>(value: &'a [T; N], #[shared] t: &'b [T]) -> [T; N] where T: Default, for<'c> &'c T: Add<&'c T, Output = T>",
        "fn k(frame: ndarray::ArrayView<'_, u16, D>, train: Train<'_, u16, Ix2>)",
        "fn k(value: f64, #[shared] f: &(dyn for<'a> Fn(&'a f64) -> &'a f64 + Sync), #[shared] g: impl Fn() + ?Sized)",
        "fn k(value: f64, #[index] (): usize, #[worker_id] _: usize)",
        "fn k(value: f64, #[output] o: &mut f64, #[reduce(sum)] total: &mut [f64; 2])",
        "fn k(count: usize, #[index] i: usize, #[output(ragged = count + i as usize - 1, fill = -1)] o: ArrayViewMut1<i64>)",
        "fn k(frame: ArrayView2<u16>, #[output(shape = (frame.nrows(), 2), order = F)] o: ArrayViewMut2<f64>)",
        "fn k(value: f64, #[shared] n: usize, #[output(shape = (n,), fill = f64::NAN)] o: ArrayViewMut1<f64>)",
        "fn k(value: f64, #[shared] n: &Array1<u8>, #[output(shape = [n[0] as usize, n.len() * 2])] o: ArrayViewMut2<f64>)",
        "fn k(value: f64, #[reduce(my::merge::<f64>, init = A::ZERO, shape = 3)] a: ArrayViewMut1<A>)",
        "fn k(value: f64, #[reduce(|a, b| a ^ b, init = !0)] a: &mut u32)",
        "fn k(value: f64, #[reduce(|a: u8, b: u8| -> u8 { a | b }, init = 0)] a: &mut u8)",
        "fn k(value: f64, #[reduce(|(a, b), _| (a, *b), init = (0, 0.5))] a: &mut Pair)",
        "fn k(value: f64, #[scratch(vec![0.0; 2])] b: &mut Vec<f64>)",
        "fn k(value: f64, #[scratch(Vec::<Vec<u8>>::with_capacity(1 << 4))] b: &mut Vec<Vec<u8>>)",
        "fn k(value: f64, #[scratch(<Vec<u8> as Default>::default())] b: &mut Vec<u8>)",
        "fn k(value: f64, #[shared] n: usize, #[scratch(if n >= 2 && n < MOST { A { n } } else { A {} })] b: &mut A)",
        "fn k(value: f64, #[shared] n: usize, #[scratch(match n { 0..=3 => make(..)?.0, _ => loop {} })] b: &mut A)",
        "fn k(value: f64, #[scratch((|| &&*X)()[1..])] b: &mut A)",
        "fn k(value: f64, #[scratch(move || Box::new(|x: Foo<u8>| -x))] b: &mut A)",
        "fn k(value: f64, #[scratch(x < y, a > b)] b: &mut A)",
        "fn k(value: f64, #[scratch(\"two\\nlines\")] b: &mut A)",
    ] {
        // Some are no kernels, and there for the sake of their text.
        let text = match read(tokens(""), tokens(&format!("{written} {{}}"))) {
            Ok(kernel) => signature_of(&kernel),
            Err(refused) => signature_of(&refused.kernel.expect("a function")),
        };
        assert_eq!(text, written);
    }
}

#[test]
fn layout_and_what_makes_no_other_kernel_are_left_out() {
    let plain = signature(
        "fn k<'a, T: Copy>(frame: ArrayView2<'a, u16>, #[shared] n: &(usize,), #[shared] t: T, \
         #[output(shape = (n.0, 1), fill = -1)] o: ArrayViewMut2<i32>, \
         #[scratch(vec![0; 2])] b: &mut Vec<Vec<u8>>) -> Result<[f64; 2], E> where T: Sync {}",
    );
    let other = signature(
        "/// Words.
        #[inline]
        #[allow(unused)]
        pub(crate) const extern \"C\" fn k < 'a , #[allow(unused)] T:Copy, >(
            // More words.
            frame :ArrayView2<'a,u16 ,> ,
            #[ shared ] n: & ( usize, ) ,
            #[allow(unused)] #[shared] mut t : T ,
            /// Words on an output.
            #[output( shape=( n . 0 , 1, ) , fill=- 1, )] o: ArrayViewMut2< i32 >,
            #[scratch( vec ! [0;2] )] mut b :&mut Vec<Vec<u8> >,
        )->Result< [ f64;2 ],E >
        where
            T :Sync,
        { todo!() }",
    );
    assert_eq!(plain, other);
}

#[test]
fn what_makes_another_kernel_changes_the_signature() {
    let sources = [
        "fn k(v: f64, #[shared] n: usize, #[output(fill = 1)] o: &mut f64) {}",
        "fn l(v: f64, #[shared] n: usize, #[output(fill = 1)] o: &mut f64) {}",
        "fn k(v: f32, #[shared] n: usize, #[output(fill = 1)] o: &mut f64) {}",
        "fn k(w: f64, #[shared] n: usize, #[output(fill = 1)] o: &mut f64) {}",
        "fn k(v: (f64,), #[shared] n: usize, #[output(fill = 1)] o: &mut f64) {}",
        "fn k(v: f64, #[index] n: usize, #[output(fill = 1)] o: &mut f64) {}",
        "fn k(v: f64, n: usize, #[output(fill = 1)] o: &mut f64) {}",
        "fn k(v: f64, #[shared] n: usize, #[output(fill = 2)] o: &mut f64) {}",
        "fn k(v: f64, #[shared] n: usize, #[output] o: &mut f64) {}",
        "fn k(v: f64, #[shared] n: usize, #[output(fill = 1)] o: &mut f32) {}",
        "fn k(v: f64, #[shared] n: usize, #[output(fill = 1)] o: &mut f64) -> f64 { v }",
        "fn k<T>(v: f64, #[shared] n: usize, #[output(fill = 1)] o: &mut f64) {}",
    ];
    let mut texts: Vec<_> = sources.iter().map(|source| signature(source)).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), sources.len(), "{texts:#?}");
}

#[test]
fn what_a_macro_substitutes_reads_as_if_it_were_written() {
    let ty = Group::new(Delimiter::None, tokens("Vec<u8>"));
    let source = quote!(fn k(value: f64, #[scratch(<#ty>::new())] b: &mut #ty) {});
    let Ok(kernel) = read(tokens(""), source) else { panic!("refused") };
    let text = "fn k(value: f64, #[scratch(<Vec<u8>>::new())] b: &mut Vec<u8>)";
    assert_eq!(signature_of(&kernel), text);
}

#[test]
fn the_kernel_value_is_given_its_signature() {
    let text = expanded("pub fn k(value: f64, #[index] i: usize) -> f64 { 0.0 }").to_string();
    let named = "named (\"fn k(value: f64, #[index] i: usize) -> f64\"";
    assert!(text.contains(named), "{text}");
}
