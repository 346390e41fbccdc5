//! What may lie in an output: plain values that any process can read and write.

use bytemuck::{NoUninit, Zeroable};

/// A value that may be an element of an output.
///
/// Integers, floats, `bool`, `Complex<f32>`, `Complex<f64>`, `f16`, fixed arrays of numbers, and
/// plain structs of your own that derive bytemuck's `Pod` and `Zeroable`. The memory of an output
/// is shared by processes and starts as zeros, so an element must not hold a pointer (no `String`,
/// `Vec`, `Box` or reference), have no padding bytes, and be valid when all its bytes are zero.
///
/// It is implemented for every type that has these properties; there is nothing to implement.
///
/// An element may be aligned to at most 128 bytes, and to 64 in a file; more does not compile:
/// ```compile_fail,E0080
/// use bytemuck::{NoUninit, Zeroable};
/// use pasha::{Allocate, SerialContext};
///
/// #[derive(Clone, Copy, NoUninit, Zeroable)]
/// #[repr(C, align(256))]
/// struct Wide([u64; 32]);
///
/// let wide = SerialContext::new().alloc::<Wide>(3).build()?;
/// # Ok::<(), pasha::Error>(())
/// ```
///
/// # Examples
/// ```
/// use bytemuck::{Pod, Zeroable};
///
/// /// A fitted peak.
/// #[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
/// #[repr(C)]
/// struct Peak { position: f64, height: f64 }
///
/// #[pasha::kernel]
/// fn fit(value: f64) -> Peak {
///     Peak { position: value, height: 2.0 * value }
/// }
///
/// let peaks = fit::run_serial(&[1.0, 2.0])?;
/// assert_eq!(peaks[1], Peak { position: 2.0, height: 4.0 });
/// # Ok::<(), pasha::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an element of an output",
    label = "not a plain value",
    note = "outputs lie in memory that several processes share, so their elements are plain values without pointers: integers, floats, `bool`, `Complex<f32>`, `Complex<f64>`, `f16`, `[T; N]` of numbers, or a `#[repr(C)]` struct of these with `#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]`",
    note = "for a value that may be missing write one that means it, such as `f64::NAN` instead of `Option<f64>`, or give a second output, `bool`, that says whether it is there; to leave the index out return a `Result`",
    note = "for a result of varying length use a slot of its own length for each index: `#[output(ragged)] name: &mut pasha::Ragged<T>`, and push"
)]
pub trait Element: Copy + NoUninit + Zeroable + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Copy + NoUninit + Zeroable + Send + Sync + 'static> Element for T {}

/// Bytes of two cache lines: processors fetch lines in pairs.
pub(crate) const CACHE_LINES: usize = 128;

/// The largest alignment of elements, in bytes: that of all memory which arrays lie in.
pub(crate) const MOST_ALIGNED: usize = CACHE_LINES;

/// Memory of copies of elements, of any type.
#[derive(Clone, Copy)]
#[repr(align(128))]
#[allow(dead_code, reason = "what is written there are elements")]
pub(crate) struct AlignedBytes([u8; MOST_ALIGNED]);

const _: () = assert!(align_of::<AlignedBytes>() == MOST_ALIGNED);

impl AlignedBytes {
    pub(crate) const ZERO: AlignedBytes = AlignedBytes([0; MOST_ALIGNED]);
}

/// The bytes of a copy of this many elements, a multiple of [`MOST_ALIGNED`]: copies of several
/// outputs lie one behind the other.
pub(crate) fn size_of_copy<A>(len: usize) -> usize {
    const { assert_alignment::<A>() };
    (len * size_of::<A>()).next_multiple_of(MOST_ALIGNED)
}

/// The largest alignment of elements in a `.npy` file, in bytes: that of what follows its header.
pub(crate) const MOST_ALIGNED_IN_FILE: usize = 64;

/// Refuses, when it is compiled, elements that the memory of arrays is not aligned for.
pub(crate) const fn assert_alignment<A>() {
    assert!(
        align_of::<A>() <= MOST_ALIGNED,
        "the element of an array is aligned to more than 128 bytes, which the memory of arrays is \
         not: take a smaller `align` in its `#[repr(…)]`"
    );
}

/// As [`assert_alignment`], for arrays in files.
pub(crate) const fn assert_alignment_in_file<A>() {
    assert!(
        align_of::<A>() <= MOST_ALIGNED_IN_FILE,
        "the element of an array in a file is aligned to more than 64 bytes, which what follows \
         the header of a `.npy` file is not: take a smaller `align` in its `#[repr(…)]`"
    );
}

/// A value that may be handed to every worker: the type of a `#[shared]` parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be shared by the workers of a map",
    label = "not `Sync`",
    note = "a `#[shared]` parameter is read by several workers at once: share the plain value, by `&`, or `Arc` instead of `Rc`",
    note = "to gather values write `#[reduce(sum)] total: &mut f64` (or `min`, `max`, a function of yours), `#[per_worker] …` to keep each worker's, `#[output] …` for one of each index, and `#[scratch(EXPR)] …` for a buffer; locks and atomics would be shared by threads, but not by forked workers"
)]
pub trait Shareable {}

#[diagnostic::do_not_recommend]
impl<T: Sync + ?Sized> Shareable for T {}

/// A value that a `#[shared]` parameter takes by value: each call gets a copy of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be handed to every call by value",
    label = "not `Copy`",
    note = "every call of the kernel gets the same `#[shared]` parameter; take it by reference: `#[shared] name: &{Self}`"
)]
pub trait SharedByValue: Copy {}

#[diagnostic::do_not_recommend]
impl<T: Copy> SharedByValue for T {}
