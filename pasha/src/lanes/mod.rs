//! Several items side by side: what kernels over blocks of items need to be fast.
//!
//! Where a kernel does the same to every item (it adds up the pixels of each bin, say), much of its
//! work does not depend on the item: reading which bin a pixel has, reading and writing a sum.
//! A kernel over a block of [`LANES`] items ([`chunks`](crate::chunks())) does that once for all of
//! them, and their values then lie side by side in what processors compute with at once.
//!
//! # Examples
//! The histogram of each row of an array, eight rows at a time:
//! ```
//! use ndarray::{Array2, ArrayView2, ArrayViewMut2};
//! use pasha::lanes::{self, LANES};
//!
//! /// Adds up the values `(row, place)` of each bin; every place has one.
//! #[pasha::kernel]
//! fn add_up(
//!     rows: ArrayView2<u16>,
//!     #[shared] bins: &[usize],
//!     #[output(shape = (3, LANES))] mut sums: ArrayViewMut2<u32>,
//! ) {
//!     let row = |lane| rows.row(lane).to_slice().expect("rows lie back to back");
//!     let rows: [&[u16]; LANES] = std::array::from_fn(row);
//!     for start in (0..bins.len()).step_by(LANES) {
//!         let tile = rows.map(|row| std::array::from_fn(|place| row[start + place]));
//!         for (values, &bin) in lanes::transpose(tile).iter().zip(&bins[start..]) {
//!             for (sum, &value) in sums.row_mut(bin).iter_mut().zip(values) {
//!                 *sum += u32::from(value);
//!             }
//!         }
//!     }
//! }
//!
//! let rows = Array2::<u16>::from_shape_fn((16, 24), |(row, _)| row as u16);
//! let bins: Vec<usize> = (0..24).map(|place| place % 3).collect();
//! let sums = add_up::run_parallel(pasha::chunks(&rows, LANES), &bins)?; // (blocks, bins, lanes)
//! assert_eq!(sums[[1, 2, 3]], 8 * 11);
//! # Ok::<(), pasha::Error>(())
//! ```

#[cfg(target_arch = "x86_64")]
mod x86;

use std::array::from_fn;

use bytemuck::Pod;

/// How many items lie side by side: 16-bit numbers of as many are a vector of every x86-64 and
/// 64-bit ARM processor.
///
/// # Examples
/// ```
/// use pasha::lanes::LANES;
///
/// let frames = ndarray::Array3::<u16>::ones((20, 4, 5)); // (n, y, x)
/// let blocks = pasha::map(pasha::chunks(&frames, LANES), |_, _, block| block.len())?;
/// assert_eq!(blocks.len(), 20_usize.div_ceil(LANES));
/// # Ok::<(), pasha::Error>(())
/// ```
pub const LANES: usize = 8;

/// A number, and the type in which many of them are added up.
///
/// Whole numbers are added up as such: exactly, so that the order does not matter, and twice as
/// many at once as `f64` has in a vector where the sum has 32 bits.
///
/// # Examples
/// ```
/// use pasha::lanes::Summand;
///
/// /// Adds up exactly.
/// fn total<T: Summand>(values: &[T]) -> f64 {
///     // The sum of so many can't overflow.
///     let stretches = values.chunks(T::AT_MOST);
///     let sums = stretches.map(|stretch| {
///         stretch.iter().fold(T::Sum::default(), |sum, &value| sum + value.into())
///     });
///     sums.map(T::to_f64).sum()
/// }
///
/// assert_eq!(total(&[u16::MAX; 100_000]), 6_553_500_000.0);
/// ```
pub trait Summand: Pod + Default + Send + Sync + Into<Self::Sum> + Into<f64> {
    /// The type of the sum.
    type Sum: Copy
        + Default
        + Send
        + Sync
        + std::fmt::Debug
        + std::ops::Add<Output = Self::Sum>
        + 'static;

    /// As many values as a sum surely holds, whatever they are.
    const AT_MOST: usize;

    /// The sum as a floating-point number.
    ///
    /// # Examples
    /// ```
    /// use pasha::lanes::Summand;
    ///
    /// assert_eq!(<i32 as Summand>::to_f64(-3), -3.0);
    /// ```
    fn to_f64(sum: Self::Sum) -> f64;
}

macro_rules! summand {
    ($($number:ty: $sum:ty, $at_most:expr;)+) => {$(
        impl Summand for $number {
            type Sum = $sum;
            const AT_MOST: usize = $at_most;

            #[inline]
            fn to_f64(sum: $sum) -> f64 {
                sum as f64
            }
        }
    )+};
}

summand! {
    u8: u32, 1 << 24;
    u16: u32, 1 << 16;
    u32: u64, 1 << 32;
    i8: i32, 1 << 24;
    i16: i32, 1 << 16;
    i32: i64, 1 << 32;
    f32: f64, usize::MAX;
    f64: f64, usize::MAX;
}

/// Turns eight rows of eight values into columns: what was `rows[i][k]` is then at `[k][i]`.
///
/// On x86-64, 64 numbers of 16 bits take 24 instructions.
///
/// # Examples
/// ```
/// use pasha::lanes::transpose;
///
/// let rows: [[u16; 8]; 8] = std::array::from_fn(|row| [row as u16; 8]);
/// assert_eq!(transpose(rows), [[0, 1, 2, 3, 4, 5, 6, 7]; 8]);
/// ```
#[inline(always)]
pub fn transpose<T: Pod>(rows: [[T; LANES]; LANES]) -> [[T; LANES]; LANES] {
    // Each round turns the six bits of a value's place, three of its row before three of its
    // column, by one: after three rounds rows are columns.
    let columns = interleave_all(interleave_all(interleave_all(rows)));
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == 2 {
        return columns.map(|column| bytemuck::cast(x86::opaque(bytemuck::cast(column))));
    }
    columns
}

/// Interleaves rows 0 and 4, then 1 and 5, 2 and 6, 3 and 7.
#[inline(always)]
fn interleave_all<T: Pod>([a, b, c, d, e, f, g, h]: [[T; LANES]; LANES]) -> [[T; LANES]; LANES] {
    let ([a, e], [b, f]) = (interleave(a, e), interleave(b, f));
    let ([c, g], [d, h]) = (interleave(c, g), interleave(d, h));
    [a, e, b, f, c, g, d, h]
}

/// The first and the second half of two interleaved rows.
#[inline(always)]
fn interleave<T: Pod>(a: [T; LANES], b: [T; LANES]) -> [[T; LANES]; 2] {
    // The compiler does not find the instructions for it in the loop below.
    #[cfg(target_arch = "x86_64")]
    match size_of::<T>() {
        2 => return bytemuck::cast(x86::interleave_16_bits(bytemuck::cast(a), bytemuck::cast(b))),
        4 => return bytemuck::cast(x86::interleave_32_bits(bytemuck::cast(a), bytemuck::cast(b))),
        8 => return bytemuck::cast(x86::interleave_64_bits(bytemuck::cast(a), bytemuck::cast(b))),
        _ => {}
    }
    let value = |i: usize| [a, b][i % 2][i / 2];
    [from_fn(value), from_fn(|i| value(LANES + i))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks all places, in numbers that have a pattern of their own at each.
    fn assert_transposes<T: Pod + PartialEq + std::fmt::Debug>(value: impl Fn(usize) -> T) {
        let rows = from_fn(|row| from_fn(|column| value(8 * row + column)));
        let columns: [[T; 8]; 8] = from_fn(|row| from_fn(|column| value(8 * column + row)));
        assert_eq!(transpose(rows), columns);
    }

    #[test]
    fn rows_become_columns_of_any_size() {
        assert_transposes(|place| place as u8);
        assert_transposes(|place| 1000 * place as u16);
        assert_transposes(|place| -(100_000 * place as i32));
        assert_transposes(|place| place as f32 / 7.0);
        assert_transposes(|place| place as f64 / 7.0);
        assert_transposes(|place| [place as u16; 3]);
    }

    #[test]
    fn sums_hold_as_many_of_the_largest_as_they_say() {
        fn holds<T: Summand>(largest: T, sum: f64) {
            // By doubling: there are 2^32 of some.
            let doublings = T::AT_MOST.ilog2();
            assert!(T::AT_MOST.is_power_of_two());
            let total = (0..doublings).fold(largest.into(), |sum: T::Sum, _| sum + sum);
            assert_eq!(T::to_f64(total), sum);
        }
        holds(u8::MAX, 255.0 * 2_f64.powi(24));
        holds(u16::MAX, 65535.0 * 65536.0);
        holds(i8::MIN, -(2_f64.powi(31)));
        holds(i16::MIN, -(2_f64.powi(31)));
        holds(i32::MIN, -(2_f64.powi(63)));
        holds(u32::MAX, 2_f64.powi(64) - 2_f64.powi(32));
    }
}
