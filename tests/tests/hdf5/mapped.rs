//! What is asked of the system for contiguous data sets, which are read where they lie in the
//! mapped file.

use ndarray::{Array3, ArrayView2, Axis, Ix3, s};
use pasha::{Hdf5Dataset, ThreadContext};
use pasha_tests::mappings::bytes_asked_for_in_huge_pages;

use crate::support;

const MIB: usize = 1 << 20;

/// Adds up an item.
#[pasha::kernel]
fn total(item: ArrayView2<u8>) -> u64 {
    item.iter().map(|&count| u64::from(count)).sum()
}

#[test]
fn huge_pages_are_asked_for_where_most_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    let frames = Array3::from_shape_fn((16, 1024, 1024), |(i, y, x)| (3 * i + y + x) as u8);
    support::write(&path, |file| {
        file.new_dataset_builder().with_data(&frames).create("frames").unwrap();
    });
    let context = ThreadContext::new(2).unwrap();
    let sum = |item: ArrayView2<u8>| item.iter().map(|&count| u64::from(count)).sum::<u64>();

    // Narrow columns, of each row a few bytes.
    let opened = Hdf5Dataset::<u8, Ix3>::open(&path, "frames").unwrap();
    let columns = opened.axis(2).select(..4);
    let sums = total::run_in(&context, &columns).unwrap();
    assert!(
        sums.iter().zip(frames.axis_iter(Axis(2))).all(|(&found, column)| found == sum(column))
    );
    let Some(asked) = bytes_asked_for_in_huge_pages(&path) else { return };
    assert_eq!(asked, 0);

    // Some frames, with the huge pages that they begin and end in.
    let some = columns.axis(0).select(5..10);
    let sums = total::run_in(&context, &some).unwrap();
    let expected = frames.slice(s![5..10, .., ..]);
    assert!(sums.iter().zip(expected.outer_iter()).all(|(&found, frame)| found == sum(frame)));
    let asked = bytes_asked_for_in_huge_pages(&path).unwrap();
    assert!((5 * MIB..=9 * MIB).contains(&asked), "{asked} bytes");

    // Everything, along another axis.
    let rows = some.axis(1).select(..);
    let sums = total::run_in(&context, &rows).unwrap();
    assert!(sums.iter().zip(frames.axis_iter(Axis(1))).all(|(&found, row)| found == sum(row)));
    assert!(bytes_asked_for_in_huge_pages(&path).unwrap() >= frames.len());
}
