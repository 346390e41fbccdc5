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
pub(super) struct Place<'a> {
    /// The array's shape.
    pub(super) shape: &'a [usize],
    /// Where in it, along each axis.
    pub(super) start: &'a [usize],
}

impl Place<'_> {
    /// Number of elements before those at `start + at`.
    fn offset(&self, at: &[usize]) -> usize {
        let along = self.shape.iter().zip(self.start).zip(at);
        along.fold(0, |offset, ((&len, &start), &at)| offset * len + start + at)
    }
}

/// Goes over a box of the given extent in two arrays at once: calls `copy` with the number of the first element in
/// both and the length of each longest run of elements that lie back to back in both.
pub(super) fn runs<B>(
    extent: &[usize],
    from: Place<'_>,
    to: Place<'_>,
    mut copy: impl FnMut(usize, usize, usize) -> ControlFlow<B>,
) -> ControlFlow<B> {
    if extent.contains(&0) {
        return ControlFlow::Continue(());
    }
    let rank = extent.len();
    // Axes from here on lie in one run.
    let mut inner = rank.saturating_sub(1);
    let is_whole = |axis: usize| extent[axis] == from.shape[axis] && extent[axis] == to.shape[axis];
    while inner > 0 && is_whole(inner) {
        inner -= 1;
    }
    let len: usize = extent[inner..].iter().product();
    let mut at = [0; MAX_RANK];
    let at = &mut at[..rank];
    loop {
        copy(from.offset(at), to.offset(at), len)?;
        // The next place, the last of the outer axes first.
        let Some(axis) = (0..inner).rev().find(|&axis| at[axis] + 1 < extent[axis]) else {
            return ControlFlow::Continue(());
        };
        at[axis] += 1;
        at[axis + 1..inner].fill(0);
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
        let place = |(shape, start)| Place { shape, start };
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
