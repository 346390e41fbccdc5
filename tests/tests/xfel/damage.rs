//! Runs with a damaged file: an error, a file that is left out and named, or the right images; no
//! crash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array3, ArrayD};
use pasha::xfel::Run;
use pasha_tests::damage::{Random, outcomes};

use crate::support::{CAMERA, RunWriter};

/// How many runs have a damaged file.
const DAMAGED: usize = 600;

/// A run of 24 trains in two files, with images in one piece in the first file and in compressed
/// chunks with a checksum in the second.
fn write(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for file in 0..2_usize {
        let trains: Vec<usize> = (12 * file..12 * (file + 1)).collect();
        let ids: Vec<u64> = trains.iter().map(|&train| 1000 + train as u64).collect();
        let images: ArrayD<u16> = Array3::from_shape_fn((12, 5, 7), |(row, y, x)| {
            (trains[row] * 1000 + y * 10 + x) as u16
        })
        .into_dyn();
        let mut writer = RunWriter::new(&folder.join(format!("RAW-DA01-S{file}.h5")), &ids);
        let place = format!("INSTRUMENT/{}/{}", CAMERA.0, CAMERA.1.replace('.', "/"));
        writer.group(&format!("INSTRUMENT/{}/data", CAMERA.0), &[1; 12]);
        match file {
            0 => writer.data(&place, &images),
            _ => writer.compressed_data(&place, &images, &[5, 5, 7]),
        };
        writer.finish();
    }
}

#[test]
fn damaged_runs_end_in_an_error_or_the_right_images() {
    let folder = tempfile::tempdir().unwrap();
    let intact = folder.path().join("intact");
    write(&intact);
    let mut random = Random::new(7);
    let names = ["RAW-DA01-S0.h5", "RAW-DA01-S1.h5"];
    let runs: Vec<PathBuf> = (0..DAMAGED)
        .map(|number| {
            let run = folder.path().join(format!("run-{number}"));
            std::fs::create_dir(&run).unwrap();
            for (at, name) in names.iter().enumerate() {
                let mut bytes = std::fs::read(intact.join(name)).unwrap();
                if number % 2 == at {
                    random.damage(&mut bytes);
                }
                std::fs::write(run.join(name), bytes).unwrap();
            }
            run
        })
        .collect();
    let reader = Path::new(env!("CARGO_BIN_EXE_hdf5_reader"));
    let intact = intact.to_str().unwrap();
    let mut counts = BTreeMap::<String, usize>::new();
    for (run, outcome) in outcomes(reader, &["run", intact], &runs) {
        let word = outcome.split([' ', ':']).next().unwrap_or_default().to_owned();
        let is_fine = match word.as_str() {
            // Indices and pixels in one piece have no checksum: libhdf5 reads the same.
            "right" | "same" | "error" => true,
            _ => false,
        };
        assert!(is_fine, "{}: {outcome}", run.display());
        *counts.entry(word).or_default() += 1;
    }
    println!("of {DAMAGED}: {counts:?}");
    assert!(counts["error"] > DAMAGED / 4);
}

/// Replaces an array of a file's index.
fn replace<T: hdf5_metno::H5Type>(path: &Path, name: &str, numbers: &[T]) {
    let file = hdf5_metno::File::append(path).unwrap();
    file.unlink(name).unwrap();
    file.new_dataset_builder().with_data(numbers).create(name).unwrap();
}

/// What is wrong with the second file of a run, of which the first one is opened all the same.
fn reason(run: &Path) -> String {
    let run = Run::open(run).unwrap();
    assert_eq!(run.train_ids().len(), 12);
    let [skipped] = run.skipped_files() else { panic!("{:?}", run.skipped_files()) };
    assert!(skipped.path.ends_with("RAW-DA01-S1.h5"), "{skipped:?}");
    skipped.to_string()
}

#[test]
fn a_fifo_in_the_place_of_a_file_is_left_out_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let second = folder.path().join("RAW-DA01-S1.h5");
    std::fs::remove_file(&second).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &second, 0o600.into()).unwrap();
    let told = reason(folder.path());
    assert!(told.contains("a FIFO"), "{told}");
    std::fs::remove_file(&second).unwrap();
    std::fs::create_dir(&second).unwrap();
    let told = reason(folder.path());
    assert!(told.contains("a directory"), "{told}");
}

/// Neither is memory taken for numbers that no run has, nor are numbers made of what is none.
#[test]
fn numbers_that_no_index_has_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let second = folder.path().join("RAW-DA01-S1.h5");
    replace(&second, "INDEX/trainId", &[-1_i64; 12]);
    let told = reason(folder.path());
    assert!(told.contains("INDEX/trainId") && told.contains("-1"), "{told}");
    replace(&second, "INDEX/trainId", &[1000.5; 12]);
    let told = reason(folder.path());
    assert!(told.contains("1000.5"), "{told}");

    let file = hdf5_metno::File::append(&second).unwrap();
    file.unlink("INDEX/trainId").unwrap();
    let builder = file.new_dataset::<u64>().shape([1 << 44]).chunk([1 << 20]);
    builder.create("INDEX/trainId").unwrap();
    file.close().unwrap();
    let told = reason(folder.path());
    assert!(told.contains("17592186044416"), "{told}");
}

#[test]
fn a_negative_count_is_no_train_without_data() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let counts = format!("INDEX/{}/data/count", CAMERA.0);
    let mut numbers = [1_i64; 12];
    numbers[3] = -2;
    replace(&folder.path().join("RAW-DA01-S1.h5"), &counts, &numbers);
    let run = Run::open(folder.path()).unwrap();
    let opened = run.key::<u16, ndarray::Ix3>(CAMERA.0, CAMERA.1);
    let told = opened.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains("-2") && told.contains("count"), "{told}");
}

/// A group of a source that can't be used leaves the others as they are.
#[test]
fn a_group_without_counts_is_listed_and_keeps_from_no_other() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let file = hdf5_metno::File::append(folder.path().join("RAW-DA01-S1.h5")).unwrap();
    let index = file.group(&format!("INDEX/{}", CAMERA.0)).unwrap();
    let other = index.create_group("other").unwrap();
    other.new_dataset_builder().with_data(&[0_u64; 12]).create("first").unwrap();
    drop((other, index));
    file.close().unwrap();
    let run = Run::open(folder.path()).unwrap();
    let counts = run.counts(CAMERA.0, CAMERA.1).unwrap();
    assert_eq!(counts, [1; 24]);
    let [skipped] = run.skipped_files() else { panic!("{:?}", run.skipped_files()) };
    let told = skipped.to_string();
    assert!(told.contains("group other") && told.contains("last"), "{told}");
}

/// A part of the index, or what the file says of itself, lies behind a FIFO: the library would wait
/// for somebody who writes into it.
#[test]
fn a_fifo_behind_a_link_or_a_source_is_told_and_not_waited_for() {
    let count = format!("INDEX/{}/data/count", CAMERA.0);
    let places = [
        "INDEX/trainId",
        "INDEX",
        "METADATA/dataFormatVersion",
        "METADATA",
        &count,
        &format!("INDEX/{}/data", CAMERA.0),
        &format!("INSTRUMENT/{}", CAMERA.0),
    ];
    for place in places {
        for kind in ["link", "virtual", "raw"] {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path());
            let fifo = folder.path().join("fifo.data");
            rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
            let file = hdf5_metno::File::append(folder.path().join("RAW-DA01-S1.h5")).unwrap();
            let is_data_set = file.dataset(place).is_ok();
            if !is_data_set && kind != "link" || place.contains("Format") && kind == "virtual" {
                continue;
            }
            file.unlink(place).unwrap();
            let builder = file.new_dataset::<u64>().shape([12]);
            match kind {
                "link" => file.link_external("fifo.data", "/there", place).unwrap(),
                "virtual" => {
                    let map = builder.virtual_map(
                        "fifo.data",
                        "there",
                        [12],
                        hdf5_metno::Hyperslab::from((..,)),
                        [12],
                        hdf5_metno::Hyperslab::from((..,)),
                    );
                    drop(map.create(place).unwrap());
                }
                _ => drop(builder.external(fifo.to_str().unwrap(), 0, 96).create(place).unwrap()),
            }
            file.close().unwrap();
            let run = Run::open(folder.path()).unwrap();
            let camera = run.key::<u16, ndarray::Ix3>(CAMERA.0, CAMERA.1);
            let told = format!("{:?} {:?}", run.skipped_files(), camera.as_ref().err());
            assert!(told.contains("FIFO"), "{kind} at {place}: {told}");
            let others = run.select_trains(..12);
            let others = others.unwrap().key::<u16, ndarray::Ix3>(CAMERA.0, CAMERA.1);
            assert!(others.is_ok(), "{kind} at {place}: {:?}", others.err());
            let _ = run.metadata().unwrap();
        }
    }
}

/// Names of sources are texts of a fixed length in some files, however long that is.
#[test]
fn long_names_of_sources_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let ids = "METADATA/dataSources/dataSourceId";
    let path = folder.path().join("RAW-DA01-S0.h5");
    let id = format!("INSTRUMENT/{}/data", CAMERA.0);
    let file = hdf5_metno::File::append(&path).unwrap();
    file.unlink(ids).unwrap();
    let text = hdf5_metno::types::FixedAscii::<5000>::from_ascii(&id).unwrap();
    file.new_dataset_builder().with_data(&[text]).create(ids).unwrap();
    file.close().unwrap();
    let run = Run::open(folder.path()).unwrap();
    assert_eq!(run.counts(CAMERA.0, CAMERA.1).unwrap(), [1; 24]);
    assert!(run.skipped_files().is_empty(), "{:?}", run.skipped_files());
}
