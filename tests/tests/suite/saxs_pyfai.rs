//! The saxs example against pyFAI on a tilted detector: `pyfai/make.py` made the reference data.

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, Array3, ArrayView1, Axis, Ix3, s};
use pasha::{AnyContext, NpyElement, NpyFile};
use pasha_examples::poni::{Poni, Unit};
use pasha_examples::saxs::{
    Blank, Cake, CorrectedBins, Corrections, Frames, Integration, Pixels, read_image, read_mask,
};

/// pyFAI keeps intensities, and some corrections, as numbers of 32 bits.
const TOLERANCE: f64 = 1e-6;

const UNITS: [Unit; 5] = [
    Unit::QPerAngstrom,
    Unit::QPerNanometre,
    Unit::TwoThetaDegrees,
    Unit::TwoThetaRadians,
    Unit::RadiusMillimetres,
];

/// The numbers of the cases in `profiles.npy` behind those of units and corrections.
const ORIENTATIONS: usize = 30;
const DARK: usize = 33;
const RADIAL_RANGE: usize = 34;
const AZIMUTH_RANGE: usize = 35;
const PILATUS: usize = 36;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/pyfai").join(name)
}

fn read<T: NpyElement, D: ndarray::Dimension>(name: &str) -> ndarray::Array<T, D> {
    NpyFile::<T, D>::open(file(name)).unwrap().view().to_owned()
}

fn tilted() -> Poni {
    Poni::read(&file("written_by_pyfai.poni")).unwrap()
}

fn mask() -> Array2<bool> {
    read_mask(&file("mask.npy")).unwrap()
}

/// What pyFAI's defaults are, with nearly horizontal polarisation.
fn corrections() -> Corrections {
    Corrections {
        unit: Unit::QPerNanometre,
        solid_angle: true,
        polarisation_factor: Some(0.99),
        ..Corrections::default()
    }
}

fn integrate(poni: &Poni, corrections: &Corrections, blank: Option<&Blank>) -> Integration {
    let frames = Frames::open(&file("frames.npy"), None).unwrap();
    let pixels = Pixels::new(&poni.geometry, frames.dim().1, Some(&mask()), corrections).unwrap();
    let bins = CorrectedBins::new(&pixels, 20, None).unwrap();
    let context: AnyContext = "processes:2".parse().unwrap();
    frames.integrate_corrected(&*context, &bins, blank, None).unwrap()
}

/// The largest relative difference; both must be NaN in the same places.
fn largest_difference(ours: ArrayView1<'_, f64>, pyfai: ArrayView1<'_, f64>) -> f64 {
    assert_eq!(ours.len(), pyfai.len());
    ours.iter().zip(pyfai).fold(0.0, |largest: f64, (&ours, &pyfai)| {
        assert_eq!(ours.is_nan(), pyfai.is_nan(), "{ours} but {pyfai}");
        let same = ours.is_nan() || ours == pyfai;
        largest.max(if same { 0.0 } else { ((ours - pyfai) / pyfai).abs() })
    })
}

/// Compares axis, intensities and sigmas with a case of pyFAI's, from this bin on.
fn assert_agrees(result: &Integration, case: usize, from_bin: usize, what: &str) {
    let pyfai = read::<f64, Ix3>("profiles.npy").index_axis_move(Axis(0), case);
    let (profiles, sigma) = (&result.profiles, result.sigma.as_ref().unwrap());
    let ours = [
        ("axis", result.q.view()),
        ("intensity 0", profiles.row(0)),
        ("sigma 0", sigma.row(0)),
        ("intensity 1", profiles.row(1)),
        ("sigma 1", sigma.row(1)),
    ];
    for ((name, ours), pyfai) in ours.into_iter().zip(pyfai.rows()) {
        let difference =
            largest_difference(ours.slice(s![from_bin..]), pyfai.slice(s![from_bin..]));
        println!("{what}: {name} differs by {difference:.1e}");
        assert!(difference < TOLERANCE, "{what}: {name} differs by {difference:e}");
    }
}

#[test]
fn profiles_and_errors_agree_in_all_units_with_all_corrections() {
    let mut case = 0;
    for unit in UNITS {
        for solid_angle in [false, true] {
            for polarisation_factor in [None, Some(0.99), Some(-0.5)] {
                let corrections = Corrections {
                    unit,
                    solid_angle,
                    polarisation_factor,
                    ..Corrections::default()
                };
                let result = integrate(&tilted(), &corrections, None);
                assert_agrees(&result, case, 0, &format!("{corrections:?}"));
                case += 1;
            }
        }
    }
    assert_eq!(case, ORIENTATIONS);
}

#[test]
fn all_versions_of_the_file_say_the_same() {
    let expected = tilted();
    for name in ["version_1", "version_2", "version_2.1_orientation_3"] {
        let poni = Poni::read(&file(&format!("{name}.poni"))).unwrap();
        assert_eq!(poni.geometry, expected.geometry, "{name}");
    }
    for (case, orientation) in (ORIENTATIONS..).zip([1, 2, 4]) {
        let name = format!("version_2.1_orientation_{orientation}.poni");
        let result = integrate(&Poni::read(&file(&name)).unwrap(), &corrections(), None);
        assert_agrees(&result, case, 0, &name);
    }
}

#[test]
fn a_subtracted_blank_adds_its_errors() {
    // To pyFAI the variances are given: it leaves out those of what is subtracted.
    let counts = read_image(&file("blank.edf")).unwrap();
    let blank = Blank { counts, transmission: 1.0 };
    assert_agrees(&integrate(&tilted(), &corrections(), Some(&blank)), DARK, 0, "dark");

    // With a transmission: the sum of the frame's and the scaled blank's variances.
    let half = Blank { transmission: 0.5, ..blank };
    let [plain, full, half] = [None, Some(1.0), Some(0.5)].map(|transmission| {
        let blank = transmission.map(|transmission| Blank { transmission, ..half.clone() });
        integrate(&tilted(), &corrections(), blank.as_ref())
            .sigma
            .unwrap()
            .mapv(|sigma| sigma * sigma)
    });
    let expected = &plain + (&full - &plain) * 0.25;
    let (half, expected) = (half.row(0), expected.row(0));
    assert!(largest_difference(half, expected) < 1e-12);
}

#[test]
fn ranges_choose_pixels() {
    let radial = Corrections { radial_range: Some([5.0, 30.0]), ..corrections() };
    // pyFAI adds pixels from below the range to the first bin.
    assert_agrees(&integrate(&tilted(), &radial, None), RADIAL_RANGE, 1, "radial range");
    let sector = Corrections { azimuth_range: Some([-60.0, 40.0]), ..corrections() };
    assert_agrees(&integrate(&tilted(), &sector, None), AZIMUTH_RANGE, 0, "azimuth range");
    let same_sector = Corrections { azimuth_range: Some([300.0, 400.0]), ..corrections() };
    assert_agrees(&integrate(&tilted(), &same_sector, None), AZIMUTH_RANGE, 0, "azimuth range");
}

#[test]
fn gaps_and_marked_counts_of_a_pilatus_are_left_out() {
    let text = std::fs::read_to_string(file("version_1.poni")).unwrap();
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("PixelSize"))
        .fold("Detector: Pilatus 200k\n".to_owned(), |text, line| text + line + "\n");
    let poni: Poni = text.parse().unwrap();
    let shape = poni.detector.shape.unwrap();
    let mask = poni.detector.mask(shape);
    let pixels = Pixels::new(&poni.geometry, shape, mask.as_ref(), &corrections()).unwrap();

    let counts = Array3::from_shape_fn((2, shape.0, shape.1), |(_, row, column)| {
        (row as i32 * 7 + column as i32 * 13) % 11 - 2
    });
    let folder = tempfile::tempdir().unwrap();
    let (signed, unsigned) = (folder.path().join("signed.npy"), folder.path().join("unsigned.npy"));
    ndarray_npy::write_npy(&signed, &counts).unwrap();
    ndarray_npy::write_npy(&unsigned, &counts.mapv(|count| count as u32)).unwrap();
    for (case, path) in (PILATUS..).zip([&signed, &unsigned]) {
        let frames = Frames::open(path, None).unwrap();
        assert!(poni.detector.marks_invalid_pixels());
        let bins = CorrectedBins::new(&pixels, 20, Some(frames.invalid_counts().unwrap())).unwrap();
        let context: AnyContext = "threads:2".parse().unwrap();
        let result = frames.integrate_corrected(&*context, &bins, None, None).unwrap();
        assert_agrees(&result, case, 0, &path.display().to_string());
        assert!(result.mean_image[[0, 0]].is_nan() && result.mean_image[[0, 1]] == 0.0);
    }
}

#[test]
fn every_context_has_the_same_results_to_the_last_bit() {
    let frames = Frames::open(&file("frames.npy"), None).unwrap();
    let pixels =
        Pixels::new(&tilted().geometry, frames.dim().1, Some(&mask()), &corrections()).unwrap();
    let bins = CorrectedBins::new(&pixels, 20, None).unwrap();
    let results = ["serial", "threads:2", "processes:2"].map(|context| {
        let context: AnyContext = context.parse().unwrap();
        let result = frames.integrate_corrected(&*context, &bins, None, None).unwrap();
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        [
            bits(result.profiles.as_slice().unwrap()),
            bits(result.sigma.unwrap().as_slice().unwrap()),
            bits(result.mean_image.as_slice().unwrap()),
        ]
    });
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn cakes_agree() {
    let cakes = read::<f32, Ix3>("cakes.npy").mapv(f64::from);
    let axes: Array2<f64> = read("cake_axes.npy");
    let frames: Array3<f64> = read::<i32, Ix3>("frames.npy").mapv(f64::from);
    let image = frames.mean_axis(Axis(0)).unwrap();
    let mut case = 0;
    for (solid_angle, polarisation_factor) in
        [(false, None), (true, None), (true, Some(0.99)), (true, Some(-0.5))]
    {
        for unit in [Unit::QPerNanometre, Unit::TwoThetaDegrees] {
            let corrections =
                Corrections { unit, solid_angle, polarisation_factor, ..Corrections::default() };
            let geometry = tilted().geometry;
            let pixels = Pixels::new(&geometry, (40, 50), Some(&mask()), &corrections).unwrap();
            let cake = Cake::new(image.view(), &pixels, 24, 16).unwrap();
            let flat: Array1<f64> = cake.intensity.iter().copied().collect();
            let pyfai: Array1<f64> = cakes.index_axis(Axis(0), case).iter().copied().collect();
            let difference = largest_difference(flat.view(), pyfai.view());
            println!("{corrections:?}: the cake differs by {difference:.1e}");
            assert!(difference < TOLERANCE, "{corrections:?}: {difference:e}");
            for (ours, range) in [(&cake.radial, s![..16]), (&cake.azimuth, s![16..])] {
                assert!(
                    largest_difference(ours.view(), axes.slice(s![case, ..]).slice(range))
                        < TOLERANCE
                );
            }
            case += 1;
        }
    }
}

#[test]
fn masks_and_blanks_are_the_same_in_all_formats() {
    let expected = mask();
    assert_eq!(expected.iter().filter(|&&masked| masked).count(), 209);
    for name in ["mask.edf", "mask.tif"] {
        assert_eq!(read_mask(&file(name)).unwrap(), expected, "{name}");
    }
    let blank = read_image(&file("blank.npy")).unwrap();
    for name in ["blank.edf", "blank.tif"] {
        assert_eq!(read_image(&file(name)).unwrap(), blank, "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let truncated = folder.path().join("truncated.edf");
    std::fs::write(&truncated, &std::fs::read(file("mask.edf")).unwrap()[..1000]).unwrap();
    let error = format!("{:#}", read_mask(&truncated).unwrap_err());
    assert!(error.contains("truncated.edf") && error.contains("40 x 50 numbers"), "{error}");
    let no_tiff = folder.path().join("no.tif");
    std::fs::write(&no_tiff, b"II*").unwrap();
    let error = format!("{:#}", read_image(&no_tiff).unwrap_err());
    assert!(error.contains("no.tif: "), "{error}");
}
