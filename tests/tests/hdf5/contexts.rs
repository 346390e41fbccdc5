//! The same in every context.

use ndarray::{Array3, ArrayView2, ArrayView3, Ix3, Ix4};
use pasha::{Context, Functor, Hdf5Dataset, SubView};
use pasha_tests::{for_each_context_of_files, reference_data};

use crate::support::{self, frames};

/// Frames that look random, `(n, 16, 24)`.
fn counts(n: usize) -> Array3<u16> {
    let mut state = 1_u32;
    Array3::from_shape_simple_fn((n, 16, 24), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 22) as u16
    })
}

#[pasha::kernel]
fn sums(frame: ArrayView2<u16>, monitor: u16, #[index] index: usize) -> [u64; 2] {
    [frame.iter().map(|&count| u64::from(count)).sum::<u64>() * u64::from(monitor), index as u64]
}

for_each_context_of_files! {
    fn chunked_and_contiguous(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.h5");
        let data = counts(50);
        let monitor: Vec<u16> = (0..50).collect();
        support::write(&path, |file| {
        file.new_dataset_builder().with_data(&data).create("contiguous").unwrap();
        file.new_dataset_builder().with_data(&data).chunk((1, 16, 24)).shuffle().deflate(6).create("gzip").unwrap();
        file.new_dataset_builder().with_data(&data).chunk((7, 5, 9)).fletcher32().create("split").unwrap();
        file.new_dataset_builder().with_data(&monitor).chunk(8).create("monitor").unwrap();
        });
        let monitors = Hdf5Dataset::<u16, ndarray::Ix1>::open(&path, "monitor").unwrap();
        for name in ["contiguous", "gzip", "split"] {
            let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, name).unwrap();
            assert_eq!(frames(context, &dataset), data, "{name}");
            let out = sums::run_in(context, &dataset, &monitors).unwrap();
            for (index, frame) in data.outer_iter().enumerate() {
                let sum: u64 = frame.iter().map(|&count| u64::from(count)).sum();
                assert_eq!(out.row(index).to_vec(), [sum * index as u64, index as u64], "{name}");
            }
        }
        let together = |name| {
            let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, name).unwrap();
            Functor::<SubView<u16, ndarray::Ix2>>::items_together(&dataset)
        };
        assert_eq!((together("contiguous"), together("gzip"), together("split")), (1, 1, 7));
        let dataset = Hdf5Dataset::<u16, Ix3>::open(&path, "split").unwrap().axis(ndarray::Axis(2));
        assert_eq!(Functor::<SubView<u16, ndarray::Ix2>>::items_together(&dataset), 9);
    }

    fn other_ranks(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.h5");
        let data = counts(12).into_shape_with_order((3, 4, 16, 24)).unwrap();
        support::write(&path, |file| {
        file.new_dataset_builder().with_data(&data).chunk((1, 2, 16, 10)).deflate(1).create("a").unwrap();
        });
        let dataset = Hdf5Dataset::<u16, Ix4>::open(&path, "a").unwrap();
        #[pasha::kernel]
        fn corner(block: ArrayView3<u16>) -> u16 {
            block[[block.dim().0 - 1, 3, 9]]
        }
        let out = corner::run_in(context, &dataset).unwrap();
        let expected: Vec<u16> = (0..3).map(|i| data[[i, 3, 3, 9]]).collect();
        assert_eq!(out.to_vec(), expected);
        let flat = Hdf5Dataset::<u16, ndarray::Ix2>::open(&path, "a").unwrap_err();
        assert!(flat.to_string().contains("Ix4"), "{flat}");
        let dynamic = Hdf5Dataset::<u16, ndarray::IxDyn>::open(&path, "a").unwrap();
        let out = pasha::map_in(context, &dynamic, |_, _, block| block[[3, 3, 9]]).unwrap();
        assert_eq!(out.to_vec(), expected);
    }

    fn real_frames_are_those_of_the_numpy_file(context: &dyn Context) {
        let Some(folder) = reference_data("saxs") else { return };
        let expected = pasha::NpyFile::<i32, Ix3>::open(folder.join("frames.npy")).unwrap();
        let dataset = Hdf5Dataset::<i32, Ix3>::open(folder.join("pilatus_saxs.h5"), "entry/data/frames").unwrap();
        assert!(frames(context, &dataset) == expected.view());
    }
}
