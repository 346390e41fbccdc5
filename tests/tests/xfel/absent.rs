//! Trains without data, and several keys together: who is called, with what index, and what is
//! left.

use ndarray::{ArrayView2, ArrayViewMut1, ArrayViewMut2, Ix0, Ix1, Ix2, Ix3};
use pasha::xfel::{Run, Train, TrainData, by_id};
use pasha::{Context, Error, OnFailure, SerialContext, ThreadContext};
use pasha_tests::for_each_context_of_files;

use crate::support::{CAMERA, DETECTOR, MONITOR, has_image, id, overwrite, pulses, sample};

/// Checks where it is, and gives the first pixel.
#[pasha::kernel]
fn first_pixel(
    image: Train<'_, u16, Ix2>,
    #[index] index: usize,
    #[output(like = image, fill = 9)] mut copy: ArrayViewMut2<u16>,
    #[reduce(sum)] calls: &mut u64,
) -> u64 {
    assert_eq!((image.index, image.id), (index, id(index)));
    copy.assign(&image.data);
    *calls += 1;
    u64::from(image.data[[0, 0]]) + 1
}

#[pasha::kernel]
fn or_none(image: Option<Train<'_, u16, Ix2>>, #[index] index: usize) -> i64 {
    image.map_or(-1, |image| {
        assert_eq!(image.index, index);
        i64::from(image.data[[0, 0]])
    })
}

#[pasha::kernel]
fn of_both(image: ArrayView2<u16>, energy: f64) -> f64 {
    f64::from(image[[0, 0]]) + energy
}

#[pasha::kernel]
fn of_pulses(train: Train<'_, f32, Ix2>) -> [f64; 2] {
    [train.data.nrows() as f64, f64::from(train.data.sum())]
}

#[pasha::kernel]
fn of_one_pulse(train: Train<'_, f32, Ix1>) -> f64 {
    f64::from(train.data[0])
}

#[pasha::kernel]
fn list_pulses(
    train: Train<'_, f32, Ix2>,
    #[output(ragged = train.data.nrows())] mut pulses: ArrayViewMut1<f32>,
) {
    pulses.assign(&train.data.column(0));
}

#[pasha::kernel]
fn of_everything(train: TrainData<'_>, #[index] index: usize) -> pasha::Result<[f64; 3]> {
    assert_eq!((train.index, train.id), (index, id(index)));
    let image = train.get::<u16, Ix2>(CAMERA.0, CAMERA.1)?;
    let pulses = train.get::<f32, Ix2>(DETECTOR.0, DETECTOR.1)?;
    let energy = train.get::<f64, Ix0>(MONITOR.0, MONITOR.1)?;
    Ok([
        image.map_or(-1.0, |image| f64::from(image[[1, 2]])),
        pulses.map_or(0.0, |pulses| pulses.nrows() as f64),
        energy.map_or(-1.0, |energy| energy[()]),
    ])
}

fn opened() -> (tempfile::TempDir, Run) {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path());
    let run = Run::open(folder.path()).unwrap();
    assert_eq!(run.train_ids().len(), 40);
    assert!(run.skipped_files().is_empty(), "{:?}", run.skipped_files());
    (folder, run)
}

for_each_context_of_files! {
    fn a_kernel_is_not_called_without_data(context: &dyn Context) {
        let (_folder, run) = opened();
        let images = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
        let (mut out, report) = first_pixel::run_report_in(context, &images).unwrap();
        let check = |out: &FirstPixelOutput| {
            for train in 0..40 {
                let first = 100 * train as u64 + 1;
                assert_eq!(out.result[train], if has_image(train) { first } else { 0 });
                let corner = if has_image(train) { 100 * train as u16 + 12 } else { 9 };
                assert_eq!(out.copy[[train, 1, 2]], corner);
            }
        };
        check(&out);
        let with_image = (0..40).filter(|&train| has_image(train)).count();
        assert_eq!(out.calls, with_image as u64);
        assert_eq!((report.finished, report.absent), (40, 40 - with_image));
        assert!(report.to_string().contains("13 without data"), "{report}");
        // What an earlier map has left is gone.
        out.copy.fill(77);
        out.result.fill(77);
        first_pixel::run_into(context, &images, &mut out).unwrap();
        check(&out);
    }

    fn an_option_is_none_without_data(context: &dyn Context) {
        let (_folder, run) = opened();
        let images = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
        let (out, report) = or_none::run_report_in(context, &images).unwrap();
        assert_eq!(report.absent, 0);
        for train in 0..40 {
            assert_eq!(out[train], if has_image(train) { 100 * train as i64 } else { -1 });
        }
    }

    fn two_keys_are_united_by_train(context: &dyn Context) {
        let (_folder, run) = opened();
        let images = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
        let energies = run.key::<f64, Ix0>(MONITOR.0, MONITOR.1).unwrap();
        let (out, report) = of_both::run_report_in(context, &images, &energies).unwrap();
        let both = |train: usize| has_image(train) && train < 35;
        for train in 0..40 {
            let wanted = if both(train) { 100.5 * train as f64 } else { 0.0 };
            assert_eq!(out[train], wanted, "train {train}");
        }
        assert_eq!(report.absent, (0..40).filter(|&train| !both(train)).count());

        // Lists of different trains are never paired by their positions.
        let some = images.select_trains(1..36).unwrap();
        let others = energies.select_trains(..35).unwrap();
        let error = of_both::run_in(context, &some, &others).unwrap_err();
        match &error {
            Error::LabelMismatch { index: 0, first_label, second_label, .. } => {
                assert_eq!((*first_label, *second_label), (id(1), id(0)));
            }
            other => panic!("{other}"),
        }
        let (some, others) = some.zip(&others);
        assert_eq!((some.train_ids().len(), others.train_ids()), (34, some.train_ids()));
        let out = of_both::run_in(context, &some, &others).unwrap();
        assert_eq!(out[1], 201.0);
        let dropped = images.drop_empty();
        let out = of_both::run_in(context, &dropped, &energies.with_trains_of(&dropped)).unwrap();
        assert_eq!((out.len(), out[1]), (27, 201.0));
    }

    fn all_entries_or_one(context: &dyn Context) {
        let (_folder, run) = opened();
        let all = run.key::<f32, Ix2>(DETECTOR.0, DETECTOR.1).unwrap();
        let out = of_pulses::run_in(context, &all).unwrap();
        for train in 0..40 {
            let (count, of_one) = (pulses(train) as f64, f64::from(4.0 * train as f32 + 0.6));
            assert_eq!(out[[train, 0]], count);
            assert!((out[[train, 1]] - count * of_one).abs() < 1e-3, "{train}: {out}");
        }
        let lists = list_pulses::run_in(context, &all).unwrap();
        for train in 0..40 {
            assert_eq!(lists.slot(train).to_vec(), vec![train as f32; pulses(train)]);
        }
        // The plain rank takes one entry, and says which train has more.
        let one = run.key::<f32, Ix1>(DETECTOR.0, DETECTOR.1).unwrap();
        let error = of_one_pulse::run_in(context, &one).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::Functor { .. }), "{message}");
        assert!(message.contains(&format!("train {} has 2", id(2))) && message.contains("Ix2"), "{message}");
        let single = one.select_trains((0..40).filter(|train| train % 4 < 2).collect::<Vec<i64>>());
        let out = of_one_pulse::run_in(context, &single.unwrap()).unwrap();
        assert_eq!((out[2], out[3]), (0.0, 5.0));
    }

    fn whole_trains(context: &dyn Context) {
        let (_folder, run) = opened();
        let trains = run.trains(&[CAMERA, DETECTOR, MONITOR]).unwrap();
        let (out, report) = of_everything::run_report_in(context, &trains).unwrap();
        assert_eq!(report.absent, 0);
        for train in 0..40 {
            let image = if has_image(train) { (100 * train + 12) as f64 } else { -1.0 };
            let energy = if train < 35 { 0.5 * train as f64 } else { -1.0 };
            assert_eq!(out.row(train).to_vec(), [image, pulses(train) as f64, energy]);
        }
        let too_few = run.trains(&[CAMERA, MONITOR]).unwrap();
        let message = of_everything::run_in(context, &too_few).unwrap_err().to_string();
        assert!(message.contains("add it in `Run::trains`"), "{message}");
    }

    fn a_selection_has_indices_of_its_own(context: &dyn Context) {
        let (_folder, run) = opened();
        let chosen = run.select_trains(by_id(id(5)..=id(20)).step(3)).unwrap();
        let trains: Vec<usize> = (5..=20).step_by(3).collect();
        let images = chosen.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
        let out = pasha::map_in(context, &images, |_, index, train| {
            assert_eq!((train.index, train.id), (index, chosen.train_ids()[index]));
            i64::from(train.data[[0, 0]])
        })
        .unwrap();
        let wanted: Vec<i64> =
            trains.iter().map(|&t| if has_image(t) { 100 * t as i64 } else { 0 }).collect();
        assert_eq!(out.to_vec(), wanted);
    }
}

/// Fails at one train.
#[pasha::kernel]
fn fails_at(image: Train<'_, u16, Ix2>, #[shared] bad: usize) -> Result<u64, String> {
    if image.index == bad { Err("bad".into()) } else { Ok(1) }
}

#[test]
fn absent_trains_and_failed_ones_are_told_apart() {
    let (_folder, run) = opened();
    let images = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
    let context = ThreadContext::new(2).unwrap().on_failure(OnFailure::Skip { at_most: 3 });
    let (out, report) = fails_at::run_report_in(&context, &images, 5).unwrap();
    assert_eq!((report.failed.len(), report.failed[0].index, report.absent), (1, 5, 13));
    assert_eq!(out.sum(), 26);
}

/// Streams its output past the caches.
#[pasha::kernel(stream_stores)]
fn streamed(
    image: Train<'_, u16, Ix2>,
    #[output(shape = 64, fill = 3)] mut row: ArrayViewMut1<u16>,
) -> u16 {
    row.fill(image.data[[0, 0]]);
    1
}

#[test]
fn absent_trains_keep_the_fill_value_in_staged_outputs() {
    let (_folder, run) = opened();
    let images = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
    for context in [&SerialContext::new() as &dyn Context, &ThreadContext::new(2).unwrap()] {
        let out = streamed::run_in(context, &images).unwrap();
        for train in 0..40 {
            let is_here = has_image(train);
            let value = if is_here { 100 * train as u16 } else { 3 };
            assert!(out.row.row(train).iter().all(|&found| found == value), "train {train}");
            assert_eq!(out.result[train], u16::from(is_here));
        }
    }
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let (folder, run) = opened();
    let told = |error: Error, texts: &[&str]| {
        let message = error.to_string();
        assert!(texts.iter().all(|text| message.contains(text)), "{message}");
    };
    told(run.key::<u16, Ix2>("TEST/CAM/B:daqOutput", "x").unwrap_err(), &["TEST/CAM/A:daqOutput"]);
    told(run.key::<u16, Ix2>(CAMERA.0, "data.image.pixel").unwrap_err(), &["data.image.pixels"]);
    told(run.key::<u16, Ix1>(CAMERA.0, CAMERA.1).unwrap_err(), &["Ix2", "Ix3", "[2, 3]"]);
    told(run.key::<i32, Ix2>(DETECTOR.0, DETECTOR.1).unwrap_err(), &["f32"]);
    told(run.key::<String, Ix2>(CAMERA.0, CAMERA.1).unwrap_err(), &["not texts"]);
    told(run.select("ZZZ*", "*").unwrap_err(), &["ZZZ*"]);
    told(run.select_trains(40).unwrap_err(), &["40 trains"]);
    assert!(run.key::<u16, Ix3>(CAMERA.0, CAMERA.1).is_ok());

    // An index that promises more entries than there are.
    let path = folder.path().join("RAW-DA01-S0.h5");
    let filled = |value: u64| ndarray::Array1::from_elem(17, value);
    overwrite(&path, "INDEX/TEST/CAM/A:daqOutput/data/count", &filled(1));
    let run = Run::open(folder.path()).unwrap();
    let error = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap_err();
    told(error, &["1 entries from 11 on", "11 in all", "RAW-DA01-S0.h5"]);
    overwrite(&path, "INDEX/TEST/CAM/A:daqOutput/data/first", &filled(u64::MAX));
    let run = Run::open(folder.path()).unwrap();
    told(run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap_err(), &["1000", "RAW-DA01-S0.h5"]);
}
