//! Generated code names nothing that the module around it must provide, and nothing there is in its
//! way.
#![no_implicit_prelude]
#![deny(warnings)]
#![forbid(unsafe_code)]
#![allow(dead_code)]

mod std {}
mod core {}
mod alloc {}
mod pasha {}
struct Result;
struct Option;
struct Vec;
struct Some;
struct None;
trait Sized {}
trait Copy {}
trait Sync {}
trait Clone {}
trait Default {}
trait Fn {}

/// Has methods of the names that generated code calls.
trait InTheWay: ::std::marker::Sized {
    fn run_list(self) {}
    fn run_list_in(self) {}
    fn named(self) {}
    fn init(self) {}
    fn sharing(self) {}
    fn fortran(self) {}
    fn finish_non_exhaustive(self) {}
    fn length(self) {}
}

impl<T> InTheWay for T {}

/// Uses every role.
#[::pasha::kernel]
fn reduce(
    value: f64,
    frame: ::ndarray::ArrayView2<u8>,
    #[shared] n: usize,
    #[shared] text: &::std::string::String,
    #[shared] function: &impl ::std::ops::Fn(f64) -> f64,
    #[output(shape = n, fill = 1.0)] mut filled: ::ndarray::ArrayViewMut1<f64>,
    #[output(like = frame, order = F)] mut copied: ::ndarray::ArrayViewMut2<u8>,
    #[output(ragged = 2)] mut ragged: ::ndarray::ArrayViewMut1<f64>,
    #[reduce(sum)] sum: &mut f64,
    #[scratch(::std::vec::Vec::new())] buffer: &mut ::std::vec::Vec<u8>,
) -> ::std::result::Result<f64, ::std::string::String> {
    buffer.clear();
    filled[0] = function(value) + text.len() as f64;
    copied.assign(&frame);
    ragged.fill(value);
    *sum += value;
    ::std::result::Result::Ok(value)
}

/// Is generic.
#[::pasha::kernel]
fn generic<T: ::std::marker::Copy + ::std::marker::Send>(
    value: T,
    #[shared] other: T,
    #[per_worker] last: &mut T,
) -> T {
    *last = other;
    value
}

fn main() {
    let frames = ::ndarray::Array3::<u8>::zeros((2, 3, 4));
    let text = ::std::format!("text");
    let out = reduce::run_parallel(&[1.0, 2.0], &frames, 5, &text, &|value| 2.0 * value).unwrap();
    ::std::assert_eq!(out.filled[[1, 0]], 8.0);
    ::std::assert_eq!(out.filled[[1, 4]], 1.0);
    ::std::assert_eq!(out.ragged.slot(1).to_vec(), [2.0, 2.0]);
    ::std::assert_eq!((out.sum, out.result[1]), (3.0, 2.0));
    let out = generic::run_serial(&[1_u8, 2], 3).unwrap();
    ::std::assert_eq!((out.result[1], out.last[0]), (2, 3));
}
