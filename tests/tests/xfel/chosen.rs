//! Chosen trains of a key: who is called, with what, and what the labels are.

use ndarray::{Ix0, Ix2};
use pasha::xfel::{Run, Train, TrainData};
use pasha::{Context, Error};
use pasha_tests::for_each_context_of_files;

use crate::support::{CAMERA, MONITOR, has_image, id, sample};

/// The train's place in the key, that of its slot, and the first pixel.
#[pasha::kernel]
fn place(
    image: Train<'_, u16, Ix2>,
    #[index] index: usize,
    #[output(fill = -1)] slot: &mut i64,
    #[reduce(sum)] calls: &mut u64,
) -> [u64; 2] {
    assert_eq!(image.id, id(image.index));
    *slot = index as i64;
    *calls += 1;
    [image.index as u64, u64::from(image.data[[0, 0]])]
}

#[pasha::kernel]
fn of_both(image: Train<'_, u16, Ix2>, energy: Train<'_, f64, Ix0>) -> f64 {
    assert_eq!(image.id, energy.id);
    f64::from(image.data[[0, 0]]) + energy.data[()]
}

#[pasha::kernel]
fn or_none(image: Option<Train<'_, u16, Ix2>>) -> i64 {
    image.map_or(-1, |image| i64::from(image.data[[0, 0]]))
}

#[pasha::kernel]
fn of_all(train: TrainData<'_>) -> u64 {
    train.id
}

for_each_context_of_files! {
    fn chosen_trains(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        sample(folder.path());
        let run = Run::open(folder.path()).unwrap();
        let images = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
        let energies = run.key::<f64, Ix0>(MONITOR.0, MONITOR.1).unwrap();
        let chosen = [30_u32, 2, 0, 17, 17, 5];
        let source = pasha::select(&images, &chosen);
        let (out, report) = place::run_report_in(context, &source).unwrap();
        let with_image = chosen.iter().filter(|&&train| has_image(train as usize)).count();
        assert_eq!((report.absent, out.calls), (chosen.len() - with_image, with_image as u64));
        for (slot, &train) in chosen.iter().enumerate() {
            let (train, is_here) = (train as usize, has_image(train as usize));
            assert_eq!(out.slot[slot], if is_here { slot as i64 } else { -1 });
            let expected = if is_here { [train as u64, 100 * train as u64] } else { [0, 0] };
            assert_eq!(out.result.row(slot).to_vec(), expected);
        }
        let out = or_none::run_in(context, &source).unwrap();
        for (slot, &train) in chosen.iter().enumerate() {
            let is_here = has_image(train as usize);
            assert_eq!(out[slot], if is_here { 100 * i64::from(train) } else { -1 });
        }

        // Two keys, of which the same trains are chosen.
        let (of_images, of_energies) =
            (pasha::select(&images, &chosen), pasha::select(&energies, &chosen));
        let out = of_both::run_in(context, &of_images, &of_energies).unwrap();
        for (slot, &train) in chosen.iter().enumerate() {
            let is_here = has_image(train as usize) && train < 35;
            assert_eq!(out[slot], if is_here { 100.5 * f64::from(train) } else { 0.0 });
        }
        // Others are never paired by their places.
        let others = pasha::select(&energies, &[30, 2, 1, 17, 17, 5]);
        let error = of_both::run_in(context, &of_images, &others).unwrap_err();
        match &error {
            Error::LabelMismatch { index: 2, first_label, second_label, .. } => {
                assert_eq!((*first_label, *second_label), (id(0), id(1)));
            }
            other => panic!("{other}"),
        }

        let mask: Vec<bool> = (0..40).map(|train| train % 3 == 0).collect();
        let masked = pasha::masked(&images, &mask);
        let (out, report) = place::run_report_in(context, &masked).unwrap();
        let is_called = |train: usize| mask[train] && has_image(train);
        assert_eq!(report.absent, (0..40).filter(|&train| !is_called(train)).count());
        for train in 0..40 {
            assert_eq!(out.slot[train], if is_called(train) { train as i64 } else { -1 });
        }
        // A masked key goes together with a whole one.
        let out = of_both::run_in(context, &masked, &energies).unwrap();
        assert_eq!((out[3], out[4]), (if is_called(3) { 301.5 } else { 0.0 }, 0.0));

        let trains = run.trains(&[CAMERA, MONITOR]).unwrap();
        let out = of_all::run_in(context, pasha::select(&trains, &[39, 0])).unwrap();
        assert_eq!(out.to_vec(), [id(39), id(0)]);
        let parts = [images.select_trains(..3).unwrap(), images.select_trains(30..).unwrap()];
        let out = or_none::run_in(context, pasha::concat(&parts)).unwrap();
        let expected = (0..3).chain(30..40);
        let expected = expected.map(|train| if has_image(train) { 100 * train as i64 } else { -1 });
        assert_eq!(out.to_vec(), expected.collect::<Vec<_>>());
        let out = of_both::run_in(context, pasha::concat(&parts), pasha::concat([
            energies.select_trains(..3).unwrap(), energies.select_trains(30..).unwrap(),
        ])).unwrap();
        assert_eq!(out[2], if has_image(2) { 201.0 } else { 0.0 });
        let error = place::run_in(context, pasha::select(&images, &[40])).unwrap_err();
        assert!(error.to_string().contains("number 0 is 40, but it has 40 items"), "{error}");
    }
}
