//! Boxes of a whole and of a source, which selections along their axes are taken apart into.

use super::pieces::PieceExtent;

/// The most boxes that a virtual data set is taken apart into.
pub(super) const MOST_PIECES: usize = 1 << 20;

/// What is selected along one axis: `count` blocks, one every `stride` indices. Without a count
/// there are as many as there is room for.
#[derive(Debug, Clone, Copy)]
pub(super) struct SelectedBlocks {
    pub(super) start: usize,
    pub(super) stride: usize,
    pub(super) count: Option<usize>,
    pub(super) block: usize,
}

/// The places of a box, along the axes of the whole, and where it starts in the source.
type Placed = (Vec<PieceExtent>, Vec<usize>);

/// Takes a mapping apart into boxes, at most so many; `None` if it can't be, or what it selects of
/// the whole is not there. What it selects of the source and is not there is in no box.
pub(super) fn boxes(
    whole: &[SelectedBlocks],
    shape: &[usize],
    source: &[SelectedBlocks],
    source_shape: &[usize],
    most: usize,
) -> Option<Vec<Placed>> {
    // Of single values the file names no selection.
    let all =
        |shape: &[usize]| shape.iter().map(|&len| SelectedBlocks::all(len)).collect::<Vec<_>>();
    let [whole, source] = [(whole, shape), (source, source_shape)].map(|(selected, shape)| {
        if selected.is_empty() { all(shape) } else { selected.to_owned() }
    });
    if whole.len() != shape.len() || source.len() != source_shape.len() {
        return None;
    }
    let source_runs: Vec<Vec<(usize, usize)>> = source
        .iter()
        .zip(source_shape)
        .map(|(selected, &len)| selected.runs(len, None, false))
        .collect::<Option<_>>()?;
    let total = |runs: &[(usize, usize)]| runs.iter().map(|&(_, len)| len).sum::<usize>();
    // As much of what is without an end as the source has.
    let endless = source.iter().position(|selected| selected.count.is_none());
    let endless = endless.map(|axis| total(&source_runs[axis]));
    let whole_runs: Vec<Vec<(usize, usize)>> = whole
        .iter()
        .zip(shape)
        .map(|(selected, &len)| selected.runs(len, endless, true))
        .collect::<Option<_>>()?;
    let counts: Vec<usize> = whole_runs.iter().map(|runs| total(runs)).collect();
    let source_counts: Vec<usize> = source_runs.iter().map(|runs| total(runs)).collect();
    if counts.contains(&0) || source_counts.contains(&0) {
        return (counts.contains(&0) && source_counts.contains(&0)).then(Vec::new);
    }
    let axes = matching_axes(&counts, &source_counts)?;
    // Along each axis of the whole: where a segment starts, in the source, and how long it is.
    let along: Vec<Vec<(usize, usize, usize)>> = whole_runs
        .iter()
        .zip(&axes)
        .map(|(runs, axis)| segments(runs, axis.map_or(&[(0, 1)][..], |axis| &source_runs[axis])))
        .collect();
    let num_boxes = along.iter().try_fold(1_usize, |n, along| n.checked_mul(along.len()))?;
    if num_boxes > most {
        return None;
    }
    let first: Vec<usize> = source_runs.iter().map(|runs| runs[0].0).collect();
    let boxes = (0..num_boxes).map(|number| {
        let mut rest = number;
        let mut from = first.clone();
        let mut spans = vec![PieceExtent { start: 0, len: 1, axis: None }; shape.len()];
        for at in (0..shape.len()).rev() {
            let (start, start_in_source, len) = along[at][rest % along[at].len()];
            rest /= along[at].len();
            spans[at] = PieceExtent { start, len, axis: axes[at] };
            if let Some(axis) = axes[at] {
                from[axis] = start_in_source;
            }
        }
        (spans, from)
    });
    Some(boxes.filter_map(|placed| within(placed, source_shape)).collect())
}

/// The part of a box that its source, of this shape, has.
fn within((mut spans, from): Placed, source_shape: &[usize]) -> Option<Placed> {
    for span in &mut spans {
        if let Some(axis) = span.axis {
            span.len = span.len.min(source_shape[axis].saturating_sub(from[axis]));
        }
    }
    let is_there = spans.iter().all(|span| span.len > 0)
        && from.iter().zip(source_shape).all(|(&from, &len)| from < len);
    is_there.then_some((spans, from))
}

/// Which axis of the source lies along each of the whole, given how many indices are selected along
/// each.
fn matching_axes(whole: &[usize], source: &[usize]) -> Option<Vec<Option<usize>>> {
    if whole == source {
        return Some((0..whole.len()).map(Some).collect());
    }
    // An axis of one index may be missing on either side.
    let mut left = (0..source.len()).filter(|&axis| source[axis] != 1);
    let axes: Option<Vec<Option<usize>>> = whole
        .iter()
        .map(|&count| match count {
            1 => Some(None),
            count => left.next().filter(|&axis| source[axis] == count).map(Some),
        })
        .collect();
    axes.filter(|_| left.next().is_none())
}

/// Where runs of one axis, and of another of the same total length, begin together.
fn segments(whole: &[(usize, usize)], source: &[(usize, usize)]) -> Vec<(usize, usize, usize)> {
    let mut segments = Vec::new();
    let mut source = source.iter().copied();
    let mut left = (0, 0);
    for &(mut start, mut len) in whole {
        while len > 0 {
            if left.1 == 0 {
                let Some(next) = source.next() else { return segments };
                left = next;
            }
            let both = len.min(left.1);
            segments.push((start, left.0, both));
            (start, len) = (start + both, len - both);
            left = (left.0 + both, left.1 - both);
        }
    }
    segments
}

impl SelectedBlocks {
    /// All of an axis of this length.
    pub(super) fn all(len: usize) -> SelectedBlocks {
        SelectedBlocks { start: 0, stride: 1, count: Some(1), block: len }
    }

    /// The runs of indices, as start and length, of an axis this long; at most `most` indices of a
    /// selection without an end. `None` if they are too many, or reach beyond the axis where they
    /// must lie within.
    fn runs(
        &self,
        len: usize,
        most: Option<usize>,
        is_within: bool,
    ) -> Option<Vec<(usize, usize)>> {
        let Some(count) = self.count else {
            let room = len.saturating_sub(self.start);
            return Some(vec![(self.start, most.map_or(room, |most| most.min(room)))]);
        };
        if count == 0 || self.block == 0 {
            return Some(Vec::new());
        }
        let last = self.stride.checked_mul(count - 1)?.checked_add(self.start)?;
        if (is_within && last.checked_add(self.block)? > len) || count > MOST_PIECES {
            return None;
        }
        if count == 1 || self.stride == self.block {
            return Some(vec![(self.start, count * self.block)]);
        }
        Some((0..count).map(|at| (self.start + at * self.stride, self.block)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slab(start: usize, stride: usize, count: usize, block: usize) -> SelectedBlocks {
        SelectedBlocks { start, stride, count: Some(count), block }
    }

    /// Where each box lies in the whole and in the source, and its shape.
    fn found(
        whole: &[SelectedBlocks],
        shape: &[usize],
        source: &[SelectedBlocks],
        source_shape: &[usize],
    ) -> Option<Vec<[Vec<usize>; 3]>> {
        let boxes = boxes(whole, shape, source, source_shape, 100)?;
        let place = |(spans, from): Placed| {
            let starts = spans.iter().map(|span| span.start).collect();
            [starts, from, spans.iter().map(|span| span.len).collect()]
        };
        Some(boxes.into_iter().map(place).collect())
    }

    #[test]
    fn mappings_are_taken_apart_into_boxes() {
        let all = [SelectedBlocks::all(4), SelectedBlocks::all(3)];
        let later = [slab(2, 1, 1, 4), slab(0, 1, 1, 3)];
        assert_eq!(
            found(&later, &[8, 3], &all, &[4, 3]),
            Some(vec![[vec![2, 0], vec![0, 0], vec![4, 3]]])
        );
        // Every other row of the whole, from pairs of rows.
        let every_other = [slab(1, 2, 4, 1), slab(0, 1, 1, 3)];
        let pairs = [slab(0, 3, 2, 2), SelectedBlocks::all(3)];
        assert_eq!(
            found(&every_other, &[8, 3], &pairs, &[5, 3]),
            Some(vec![
                [vec![1, 0], vec![0, 0], vec![1, 3]],
                [vec![3, 0], vec![1, 0], vec![1, 3]],
                [vec![5, 0], vec![3, 0], vec![1, 3]],
                [vec![7, 0], vec![4, 0], vec![1, 3]],
            ])
        );
        // An axis that the source does not have.
        let module = [slab(0, 1, 1, 4), slab(1, 1, 1, 1), slab(0, 1, 1, 3)];
        assert_eq!(
            found(&module, &[4, 2, 3], &all, &[4, 3]),
            Some(vec![[vec![0, 1, 0], vec![0, 0], vec![4, 1, 3]]])
        );
        // Of a source that is longer than was written down what was meant, and of a shorter one
        // what is there.
        assert_eq!(found(&later, &[8, 3], &all, &[5, 4]), found(&later, &[8, 3], &all, &[4, 3]));
        assert_eq!(
            found(&later, &[8, 3], &all, &[3, 2]),
            Some(vec![[vec![2, 0], vec![0, 0], vec![3, 2]]])
        );
        assert_eq!(found(&later, &[8, 3], &all, &[0, 3]), Some(vec![]));
        assert_eq!(
            found(&every_other, &[8, 3], &pairs, &[4, 3]).unwrap().iter().map(|it| it[2][0]).max(),
            Some(1)
        );
        assert_eq!(found(&module, &[4, 2, 3], &all, &[1, 3]).unwrap()[0][2], [1, 1, 3]);
        // A whole that is shorter, or of other axes.
        assert_eq!(found(&later, &[5, 3], &all, &[4, 3]), None);
        assert_eq!(found(&later, &[8, 3], &[SelectedBlocks::all(12)], &[12]), None);
    }

    #[test]
    fn selections_without_an_end_are_as_long_as_the_source() {
        let endless = SelectedBlocks { start: 0, stride: 1, count: None, block: 1 };
        assert_eq!(
            found(&[slab(1, 1, 1, 1), endless], &[3, 7], &[endless], &[6]),
            Some(vec![[vec![1, 0], vec![0], vec![1, 6]]])
        );
        assert_eq!(found(&[endless], &[7], &[slab(0, 1, 1, 5)], &[6]), None);
    }
}
