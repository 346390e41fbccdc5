//! Sources whose every answer changes, beneath what chooses their items, joins them or maps along
//! two of their axes: what comes is right, or an error.

use std::convert::Infallible;

use ndarray::{ArrayView1, ArrayViewMut1, Ix1};
use pasha::{Functor, ItemShape, Read, SourceError, SubView};

use super::{Turns, contexts};

/// Records `[i, i, i]`, and what is said of them.
struct Records {
    len: Turns<usize>,
    width: Turns<Option<usize>>,
    labels: Turns<Option<&'static [u64]>>,
    together: Turns<usize>,
    inseparable: Turns<usize>,
}

impl Records {
    fn new(lens: &[usize]) -> Self {
        Records {
            len: Turns::new(lens),
            width: Turns::new([Some(3)]),
            labels: Turns::new([None]),
            together: Turns::new([1]),
            inseparable: Turns::new([1]),
        }
    }
}

/// A record that is read.
struct RecordReader([u32; 3]);

impl Functor<SubView<u32, Ix1>> for Records {
    type Reader<'f> = RecordReader;

    fn num_items(&self) -> usize {
        *self.len.next()
    }

    fn reader(&self) -> Result<RecordReader, SourceError> {
        Ok(RecordReader([0; 3]))
    }

    fn item_shape(&self) -> Option<ItemShape<Ix1>> {
        self.width.next().map(|width| ItemShape::new(Ix1(width)))
    }

    fn items_together(&self) -> usize {
        *self.together.next()
    }

    fn items_inseparable(&self) -> usize {
        *self.inseparable.next()
    }

    fn labels(&self) -> Option<&[u64]> {
        *self.labels.next()
    }
}

impl Read<SubView<u32, Ix1>> for RecordReader {
    type Error = Infallible;

    fn read(&mut self, index: usize) -> Result<ArrayView1<'_, u32>, Infallible> {
        self.0 = [index as u32; 3];
        Ok(ArrayView1::from(&self.0))
    }
}

/// Copies a record.
#[pasha::kernel]
fn copied(record: ArrayView1<u32>, #[output(like = record)] mut slot: ArrayViewMut1<u32>) {
    slot.assign(&record);
}

/// Keeps as much of a record as its index says.
#[pasha::kernel]
fn cut(
    record: ArrayView1<u32>,
    #[index] index: usize,
    #[output(ragged = index % 4)] mut slot: ArrayViewMut1<u32>,
) -> u32 {
    slot.fill(record[0]);
    record.sum()
}

/// Every way in which the answers change.
fn moods() -> Vec<Records> {
    let mut moods = Vec::new();
    for lens in
        [&[40][..], &[40, 3], &[3, 40], &[40, 40, 3], &[40, 0, usize::MAX], &[usize::MAX, 40]]
    {
        moods.push(Records::new(lens));
    }
    for widths in [&[Some(3), Some(4)][..], &[Some(4), Some(3)], &[Some(3), None], &[None, Some(3)]]
    {
        moods.push(Records { width: Turns::new(widths), ..Records::new(&[40]) });
    }
    let (few, many): (&[u64], &[u64]) = (&[1, 2], &[5; 99]);
    for labels in [&[Some(few), Some(many)][..], &[None, Some(many)], &[Some(many), None]] {
        moods.push(Records { labels: Turns::new(labels), ..Records::new(&[40]) });
    }
    for sizes in [&[7, 0][..], &[0, 7], &[usize::MAX, 1], &[1, usize::MAX], &[1 << 62, 3]] {
        let (together, inseparable) = (Turns::new(sizes), Turns::new(sizes));
        moods.push(Records { together, inseparable, ..Records::new(&[40]) });
    }
    moods
}

/// Maps over what `over` makes of each mood, in each context: the record at each index is the one
/// that `expected` says, or there is an error.
macro_rules! right_or_an_error {
    ($over:expr, $expected:expr) => {{
        let mut right = 0;
        for context in contexts() {
            for at in 0..moods().len() {
                let mood = |at: usize| moods().swap_remove(at);
                let expected = $expected;
                let source = mood(at);
                if let Ok(out) = copied::run_in(&*context, ($over)(&source)) {
                    for (index, row) in out.outer_iter().enumerate() {
                        let wanted: Option<u32> = expected(index);
                        let Some(wanted) = wanted else { continue };
                        assert!(row.iter().all(|&it| it == wanted), "{context:?}, {at}: {index}");
                    }
                    right += 1;
                }
                let source = mood(at);
                if let Ok(out) = cut::run_in(&*context, ($over)(&source)) {
                    for (index, &sum) in out.result.iter().enumerate() {
                        let wanted: Option<u32> = expected(index);
                        let Some(wanted) = wanted else { continue };
                        assert_eq!(sum, 3 * wanted, "{context:?}, {at}: {index}");
                        assert_eq!(out.slot[index].len(), index % 4);
                        assert!(out.slot[index].iter().all(|&it| it == wanted));
                    }
                    right += 1;
                }
            }
        }
        assert!(right > 0, "some of them are maps like any other");
    }};
}

#[test]
fn chosen_items_of_what_changes_are_right_or_an_error() {
    let indices = [39_usize, 0, 7, 7, 2];
    right_or_an_error!(|source| pasha::select(source, &indices), |index: usize| Some(
        indices[index] as u32
    ));
    right_or_an_error!(
        |source| pasha::select(pasha::select(source, &indices), &[4_usize, 0]),
        |index: usize| Some([2, 39][index])
    );
}

#[test]
fn masked_items_of_what_changes_are_right_or_an_error() {
    let mask: Vec<bool> = (0..40).map(|index| index % 3 == 1).collect();
    right_or_an_error!(|source| pasha::masked(source, &mask), |index: usize| mask[index]
        .then_some(index as u32));
}

#[test]
fn joined_items_of_what_changes_are_right_or_an_error() {
    let steady = Records::new(&[5]);
    right_or_an_error!(|source| pasha::concat([&steady, source]), |index: usize| Some(
        if index < 5 { index } else { index - 5 } as u32
    ));
    right_or_an_error!(
        |source| pasha::select(pasha::concat([source, &steady]), &[1_usize, 0]),
        |index: usize| Some([1, 0][index])
    );
}
