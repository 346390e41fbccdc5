//! What stands around a kernel in its file: what is found, and what is left alone.

use crate::around::{self, Clash};
use crate::attribute;

use super::tokens;

const ONE: &str = "fn k(v: f64) -> f64 { v }";
const TWO: &str = "fn k(v: f64, #[output] a: &mut f64, #[output] b: &mut f64) {}";

/// What is found for this function in a file with it where `KERNEL` is written.
fn found(function: &str, file: &str) -> Option<Clash> {
    let file = file.replace("KERNEL", &format!("#[pasha::kernel] {function}"));
    let kernel = attribute::read(tokens(""), tokens(function));
    let kernel = kernel.unwrap_or_else(|refused| panic!("{:?}", refused.errors));
    around::clash(&kernel, tokens(function), &file)
}

#[test]
fn a_kernel_in_an_impl_or_a_trait_is_found() {
    let in_impl = Some(Clash::Inside("an `impl` block"));
    for file in [
        "struct A;\nimpl A {\n    KERNEL\n}",
        "impl<T: Into<f64>> Trait for A<T> where T: Copy { const N: usize = 3; KERNEL }",
        "fn main() {\n    unsafe impl A { KERNEL }\n}",
        "mod a { pub(crate) mod b { impl A { fn new() -> A { A } KERNEL } } }",
    ] {
        assert_eq!(found(ONE, file), in_impl, "{file}");
        assert_eq!(found(TWO, file), in_impl, "{file}");
    }
    let in_trait = Some(Clash::Inside("a trait"));
    assert_eq!(found(ONE, "pub trait A: Sized {\n    KERNEL\n}"), in_trait);
}

#[test]
fn names_that_are_taken_are_found() {
    for (file, word) in [
        ("struct KOutput; KERNEL", "struct"),
        ("KERNEL #[derive(Debug)] pub struct KOutput<T>(T);", "struct"),
        ("fn main() { KERNEL enum KOutput { A } }", "enum"),
        ("pub(super) type KOutput = f64; KERNEL", "type"),
        ("use a::{b::c, d as KOutput}; KERNEL", "use"),
        ("use a::KOutput; KERNEL", "use"),
        ("mod a { union KOutput { a: u8 } KERNEL }", "union"),
    ] {
        assert_eq!(found(TWO, file), Some(Clash::OfOutputs(word)), "{file}");
        assert_eq!(found(ONE, file), None, "no struct of outputs: {file}");
    }
    for (file, clash) in [
        ("#[kernel] fn k(w: u8) -> u8 { w } KERNEL", Clash::OfKernels),
        ("KERNEL KERNEL", Clash::OfKernels),
        ("KERNEL fn k() {}", Clash::OfValue("fn")),
        ("pub const fn k() {} KERNEL", Clash::OfValue("fn")),
        ("static k: u8 = 3; KERNEL", Clash::OfValue("static")),
        ("const k: u8 = { 3 }; KERNEL", Clash::OfValue("const")),
        ("struct k; KERNEL", Clash::OfType("struct")),
        ("KERNEL mod k { }", Clash::OfType("mod")),
    ] {
        assert_eq!(found(ONE, file), Some(clash), "{file}");
    }
}

#[test]
fn what_is_elsewhere_or_not_always_there_is_no_clash() {
    for file in [
        "KERNEL",
        "// struct KOutput;\nKERNEL\nfn other() -> KOutput { k::run_parallel() }",
        "#[cfg(unix)] struct KOutput; KERNEL",
        "#[cfg_attr(unix, derive(Debug))] struct KOutput; KERNEL",
        "struct KOutput; #[cfg(unix)] KERNEL",
        "#[cfg(unix)] #[pasha::kernel] fn k() {} #[cfg(not(unix))] KERNEL",
        "mod a { struct KOutput; fn k() {} } KERNEL",
        "struct KOutput; fn k() {} fn main() { KERNEL }",
        "KERNEL fn main() { struct KOutput; fn k() {} }",
        "use a::KOutput as Outputs; KERNEL",
        "use a::{KOutput as Outputs, KOutput::b}; KERNEL",
        "const KOutput: u8 = 3; KERNEL",
        "impl A { fn k() {} } KERNEL",
        "impl A { fn a() { KERNEL } }",
        "trait A { const N: usize = { KERNEL 3 }; }",
        "macro_rules! a { () => { struct KOutput; } } KERNEL",
        "macro_rules! a { () => { struct KOutput; KERNEL } }",
        "a! { struct KOutput; fn k() {} KERNEL }",
        "mod a { struct KOutput; KERNEL } mod b { KERNEL }",
        "impl A { KERNEL } KERNEL",
        "#[pasha::kernel] fn k2() {} struct K2Output; KERNEL",
        "KERNEL #[pasha::kernel] fn k(other: u8) {}",
        "this is { not Rust KERNEL",
        "",
    ] {
        assert_eq!(found(TWO, file), None, "{file}");
    }
}

#[test]
fn one_error_says_what_to_do() {
    for (file, words) in [
        ("impl A { KERNEL }", "this is in an `impl` block"),
        ("struct KOutput; KERNEL", "`#[pasha::kernel(output = KOutputs)]`"),
        ("use a::KOutput; KERNEL", "an import of `KOutput`"),
        ("#[kernel] fn k(v: u8) {} KERNEL", "there is a kernel `k` here already"),
        ("KERNEL const k: u8 = 3;", "there is `const k` here already"),
        ("KERNEL mod k {}", "there is `mod k` here already"),
    ] {
        let file = file.replace("KERNEL", &format!("#[pasha::kernel] {TWO}"));
        let expanded = attribute::kernel(tokens(""), tokens(TWO), Some(&file)).to_string();
        assert_eq!(expanded.matches("compile_error").count(), 1, "{expanded}");
        assert!(expanded.contains(words), "{words}: {expanded}");
    }
}

#[test]
fn braces_in_braces_end() {
    let file = format!("{}KERNEL{}", "{".repeat(5_000), "}".repeat(5_000));
    assert_eq!(found(TWO, &format!("struct KOutput; {file}")), None);
}
