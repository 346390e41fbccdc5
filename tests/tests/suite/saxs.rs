//! The main job on real frames, against pyFAI: `../shared/data/saxs` holds its results.

use ndarray::{Array1, Array2, Axis, Ix2, Ix3};
use pasha::{AnyContext, NpyFile};
use pasha_examples::detector::{Geometry, QBins};
use pasha_examples::saxs::{Integration, integrate};
use pasha_tests::reference_data;

/// Contexts that must agree to the last bit.
const CONTEXTS: [&str; 3] = ["serial", "threads:2", "processes:2"];

fn largest_relative_difference<'a>(
    ours: impl IntoIterator<Item = &'a f64>,
    reference: impl IntoIterator<Item = &'a f64>,
) -> f64 {
    ours.into_iter()
        .zip(reference)
        .map(|(ours, reference)| ((ours - reference) / reference).abs())
        .fold(0.0, f64::max)
}

fn bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
    values.into_iter().map(f64::to_bits).collect()
}

#[test]
fn azimuthal_integration_agrees_with_pyfai_in_every_context() {
    let Some(folder) = reference_data("saxs") else { return };
    let frames = NpyFile::<i32, Ix3>::open(folder.join("frames.npy")).unwrap();
    let pyfai_q: Array1<f64> = ndarray_npy::read_npy(folder.join("pyfai_q.npy")).unwrap();
    let pyfai = NpyFile::<f32, Ix2>::open(folder.join("pyfai_intensity.npy"))
        .map(|file| file.view().mapv(f64::from))
        .or_else(|_| {
            NpyFile::<f64, Ix2>::open(folder.join("pyfai_intensity.npy"))
                .map(|file| file.view().to_owned())
        })
        .unwrap();
    assert_eq!(pyfai.shape(), [10, 100]);

    let bins = QBins::new(&Geometry::PILATUS_WAXS, (195, 487), 100, QBins::ALL, None).unwrap();
    assert!(largest_relative_difference(&bins.q, &pyfai_q) < 1e-6);

    let results: Vec<Integration> = CONTEXTS
        .map(|context| {
            let context: AnyContext = context.parse().unwrap();
            integrate(&*context, &frames, &bins, None, None).unwrap()
        })
        .into();
    for (result, context) in results.iter().zip(CONTEXTS) {
        let difference = largest_relative_difference(&result.profiles, &pyfai);
        println!("{context}: largest relative difference from pyFAI {difference:e}");
        assert!(difference < 1e-6, "{context}: {difference:e}");
        assert_eq!(
            bits(result.profiles.iter().copied()),
            bits(results[0].profiles.iter().copied()),
            "{context} differs from serial"
        );
        assert_eq!(
            bits(result.mean_image.iter().copied()),
            bits(results[0].mean_image.iter().copied()),
            "{context} differs from serial"
        );
    }
    // The mean image against a plain sum.
    let sum = frames.view().mapv(f64::from).sum_axis(Axis(0));
    assert_eq!(results[0].mean_image, sum / 10.0);
}

#[test]
fn the_blank_is_subtracted() {
    let Some(folder) = reference_data("saxs") else { return };
    let frames = NpyFile::<i32, Ix3>::open(folder.join("frames.npy")).unwrap();
    let blank: Array2<i32> = ndarray_npy::read_npy(folder.join("blank.npy")).unwrap();
    let blank = blank.mapv(f64::from);
    let bins = QBins::new(&Geometry::PILATUS_WAXS, (195, 487), 100, QBins::ALL, None).unwrap();
    let context = pasha::ProcessContext::new(2).unwrap();
    let plain = integrate(&context, &frames, &bins, None, None).unwrap();
    let subtracted = integrate(&context, &frames, &bins, Some(&blank), None).unwrap();
    // Integration is linear: the profile of the blank is the difference.
    let of_blank = blank.clone().insert_axis(Axis(0));
    let blank_profile =
        pasha_examples::saxs::integrate_frame::run_serial(&of_blank, &bins).unwrap().profile;
    for (plain, subtracted) in plain.profiles.outer_iter().zip(subtracted.profiles.outer_iter()) {
        let expected = &plain - &blank_profile.row(0);
        let scale = plain.iter().fold(0.0, |max: f64, value| max.max(value.abs()));
        assert!((&expected - &subtracted).iter().all(|d| d.abs() < 1e-9 * scale));
    }
}
