//! Generated names.

use proc_macro2::{Ident, Span};
use syn::parse_quote;

use crate::names;

fn output_struct(function: &Ident) -> String {
    names::output_struct(function).to_string()
}

#[test]
fn the_struct_of_outputs_is_named_in_camel_case() {
    for (function, output) in [
        ("reduce_frame", "ReduceFrameOutput"),
        ("f", "FOutput"),
        ("_private", "PrivateOutput"),
        ("fft_2d", "Fft2dOutput"),
        ("_2d", "_2dOutput"),
        ("__", "Output"),
        ("Already", "AlreadyOutput"),
        ("größe_ändern", "GrößeÄndernOutput"),
    ] {
        assert_eq!(output_struct(&Ident::new(function, Span::call_site())), output);
    }
    assert_eq!(output_struct(&parse_quote!(r#match)), "MatchOutput");
}

#[test]
fn a_slip_of_the_finger_is_recognised() {
    let words = ["shared", "index", "output"];
    assert_eq!(names::nearest("sharde", &words), Some("shared"));
    assert_eq!(names::nearest("Output", &words), Some("output"));
    assert_eq!(names::nearest("idx", &words), Some("index"));
    assert_eq!(names::nearest("nonsense", &words), None);
}
