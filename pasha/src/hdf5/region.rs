//! Boxes within boxes: which runs of elements to copy from one array to another.

use std::ops::ControlFlow;

/// The most axes that a data set has (HDF5's `H5S_MAX_RANK`).
pub(super) const MAX_RANK: usize = 32;

/// One number for each axis; those behind the last axis are 0.
pub(super) type Coordinates = [usize; MAX_RANK];

/// Puts numbers, of which there are at most [`MAX_RANK`], into coordinates.
pub(super) fn coordinates(numbers: &[usize]) -> Coordinates {
    let mut out = [0; MAX_RANK];
    out[..numbers.len()].copy_from_slice(numbers);
    out
}

/// A place within an array in C order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offset<'a> {
    /// The array's shape.
    pub(super) shape: &'a [usize],
    /// Where in it, along each axis.
    pub(super) start: &'a [usize],
}

/// Numbers of elements from one index of each axis to the next, in an array of this shape in C
/// order.
pub(super) fn strides(shape: &[usize]) -> Coordinates {
    let mut strides = [0; MAX_RANK];
    let mut stride = 1_usize;
    for (out, &len) in strides[..shape.len()].iter_mut().zip(shape).rev() {
        *out = stride;
        stride = stride.saturating_mul(len);
    }
    strides
}

/// One axis of a box in two arrays.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoxAxis {
    pub(super) len: usize,
    /// Elements from one index to the next in the array that is copied from.
    pub(super) from: usize,
    /// The same in the array that is copied to.
    pub(super) to: usize,
}

/// Goes over a box of the given extent in two arrays at once: calls `copy` with the number of the
/// first element in both and the length of each longest run of elements that lie back to back in
/// both.
pub(super) fn runs<B>(
    extent: &[usize],
    from: Offset<'_>,
    to: Offset<'_>,
    mut copy: impl FnMut(usize, usize, usize) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let rank = extent.len();
    let (from_strides, to_strides) = (strides(from.shape), strides(to.shape));
    let mut axes = [BoxAxis { len: 1, from: 0, to: 0 }; MAX_RANK];
    let (mut from_first, mut to_first) = (0, 0);
    for axis in 0..rank {
        let (from_stride, to_stride) = (from_strides[axis], to_strides[axis]);
        axes[axis] = BoxAxis { len: extent[axis], from: from_stride, to: to_stride };
        from_first += from.start[axis] * from_stride;
        to_first += to.start[axis] * to_stride;
    }
    strided_runs(&axes[..rank], from_first, to_first, &mut copy)
}

/// As [`runs`], of a box whose axes are given with the strides of both arrays, and whose first
/// element is given in both. The arrays may have axes that the box has not.
pub(super) fn strided_runs<B>(
    axes: &[BoxAxis],
    mut from: usize,
    mut to: usize,
    mut copy: impl FnMut(usize, usize, usize) -> ControlFlow<B>,
) -> ControlFlow<B> {
    if axes.iter().any(|axis| axis.len == 0) {
        return ControlFlow::Continue(());
    }
    // Axes that lie in one run; others of one index do not matter.
    let mut len = 1;
    let mut outer = [BoxAxis { len: 1, from: 0, to: 0 }; MAX_RANK];
    let mut num_outer = 0;
    for &axis in axes.iter().rev().filter(|axis| axis.len > 1) {
        if num_outer == 0 && axis.from == len && axis.to == len {
            len *= axis.len;
        } else {
            outer[num_outer] = axis;
            num_outer += 1;
        }
    }
    // From the last axis to the first.
    let outer = &outer[..num_outer];
    let mut at = [0; MAX_RANK];
    loop {
        copy(from, to, len)?;
        // The next place, the last of the outer axes first.
        let next = (0..num_outer).find(|&axis| {
            let BoxAxis { len, from: from_stride, to: to_stride } = outer[axis];
            if at[axis] + 1 < len {
                at[axis] += 1;
                (from, to) = (from + from_stride, to + to_stride);
                return true;
            }
            (from, to) = (from - at[axis] * from_stride, to - at[axis] * to_stride);
            at[axis] = 0;
            false
        });
        if next.is_none() {
            return ControlFlow::Continue(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_runs(
        extent: &[usize],
        from: (&[usize], &[usize]),
        to: (&[usize], &[usize]),
    ) -> Vec<(usize, usize, usize)> {
        let mut found = Vec::new();
        let place = |(shape, start)| Offset { shape, start };
        let _ = runs::<()>(extent, place(from), place(to), |a, b, len| {
            found.push((a, b, len));
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn runs_are_as_long_as_can_be() {
        let zero = [0, 0, 0].as_slice();
        assert_eq!(
            all_runs(&[2, 3, 4], (&[2, 3, 4], zero), (&[5, 3, 4], &[3, 0, 0])),
            [(0, 36, 24)]
        );
        assert_eq!(
            all_runs(&[1, 2, 4], (&[2, 3, 4], zero), (&[5, 3, 4], &[1, 1, 0])),
            [(0, 16, 8)]
        );
        assert_eq!(
            all_runs(&[2, 2, 2], (&[2, 3, 4], zero), (&[2, 5, 6], &[0, 1, 2])),
            [(0, 8, 2), (4, 14, 2), (12, 38, 2), (16, 44, 2)]
        );
        assert_eq!(all_runs(&[5], (&[9], &[2]), (&[5], &[0])), [(2, 0, 5)]);
        assert_eq!(all_runs(&[2, 0], (&[2, 3], &[0, 0]), (&[2, 3], &[0, 0])), []);
    }
}
