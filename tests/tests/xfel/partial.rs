//! Runs in which something is not as in the rest: what is selected is judged by itself, and what is
//! good can be read.

use std::path::Path;
use std::process::Command;

use ndarray::{Array1, Array3, ArrayD, Ix0, Ix2};
use pasha::xfel::{Run, Train, by_id};
use pasha::{Context, Error, SerialContext};
use pasha_tests::for_each_context_of_files;

use crate::support::{CAMERA, MONITOR, RunWriter, overwrite};
use crate::upstream::examples;

const CAMERA_GROUP: &str = "INSTRUMENT/TEST/CAM/A:daqOutput/data";
const PIXELS: &str = "INSTRUMENT/TEST/CAM/A:daqOutput/data/image/pixels";
const ENERGY: &str = "CONTROL/TEST/XGM/C/energy/value";

/// Adds up an image.
#[pasha::kernel]
fn total(image: Train<u16, Ix2>) -> u64 {
    image.data.iter().map(|&count| u64::from(count)).sum()
}

/// An image of this shape for each train, all of whose pixels are `1 + train`.
fn images(trains: usize, (height, width): (usize, usize)) -> ArrayD<u16> {
    Array3::from_shape_fn((trains, height, width), |(train, _, _)| 1 + train as u16).into_dyn()
}

/// Trains 100 to 104 with images (2, 3), 200 to 205 with (4, 2), 300 to 302 with floats, and
/// numbers of a monitor in all.
fn changing(folder: &Path) {
    for (file, first, len) in [(0, 100, 5), (1, 200, 6), (2, 300, 3)] {
        let ids: Vec<u64> = (first..first + len as u64).collect();
        let mut writer = RunWriter::new(&folder.join(format!("RAW-DA01-S{file}.h5")), &ids);
        writer.group(CAMERA_GROUP, &vec![1; len]).group("CONTROL/TEST/XGM/C", &vec![1; len]);
        match file {
            0 => writer.data(PIXELS, &images(len, (2, 3))),
            1 => writer.data(PIXELS, &images(len, (4, 2))),
            _ => writer.data(PIXELS, &images(len, (2, 3)).mapv(f32::from)),
        };
        if file == 1 {
            writer.data(
                "INSTRUMENT/TEST/CAM/A:daqOutput/data/gain",
                &Array1::<u8>::ones(len).into_dyn(),
            );
        }
        let energies = Array1::from_elem(len, first as f64);
        writer.data(ENERGY, &energies.into_dyn()).finish();
    }
}

for_each_context_of_files! {
    fn a_selection_is_judged_by_its_own_files(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        changing(folder.path());
        let run = Run::open(folder.path()).unwrap();
        for (trains, shape, sums) in [
            (100..200, vec![2, 3], vec![6, 12, 18, 24, 30]),
            (200..300, vec![4, 2], vec![8, 16, 24, 32, 40, 48]),
        ] {
            let run = run.select_trains(by_id(trains)).unwrap();
            assert_eq!(run.key_info(CAMERA.0, CAMERA.1).unwrap().entry_shape, shape);
            let key = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
            assert_eq!(key.shape(), [&[sums.len()], &shape[..]].concat());
            assert_eq!(total::run_in(context, &key).unwrap().to_vec(), sums);
        }
        let floats = run.select_trains(by_id(300..)).unwrap();
        assert_eq!(floats.key_info(CAMERA.0, CAMERA.1).unwrap().element, "f32");
        let floats = floats.key::<f32, Ix2>(CAMERA.0, CAMERA.1).unwrap();
        let sums = pasha::map_in(context, &floats, |_, _, image: Train<'_, f32, Ix2>| image.data.sum());
        assert_eq!(sums.unwrap().to_vec(), [6.0, 12.0, 18.0]);
        // The monitor is the same in all files, whatever the camera does.
        let energies = run.key::<f64, Ix0>(MONITOR.0, MONITOR.1).unwrap();
        let read = pasha::map_in(context, &energies, |_, _, energy: Train<'_, f64, Ix0>| energy.data[()]);
        assert_eq!(read.unwrap().sum(), 5.0 * 100.0 + 6.0 * 200.0 + 3.0 * 300.0);
    }

    /// However many files a run has, a worker has few of them open at a time.
    fn few_files_are_open_at_a_time(context: &dyn Context) {
        let folder = tempfile::tempdir().unwrap();
        for file in 0..60 {
            let ids = [2 * file, 2 * file + 1].map(|id| 1000 + id as u64);
            let mut writer = RunWriter::new(&folder.path().join(format!("RAW-DA01-S{file:02}.h5")), &ids);
            writer.group(CAMERA_GROUP, &[1, 1]);
            match file % 2 {
                0 => writer.data(PIXELS, &images(2, (2, 3))),
                _ => writer.compressed_data(PIXELS, &images(2, (2, 3)), &[1, 2, 3]),
            };
            writer.finish();
        }
        let run = Run::open(folder.path()).unwrap();
        let key = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
        assert_eq!(open_below(folder.path()), 0);
        let place = folder.path().to_owned();
        let opened = pasha::map_in(context, &key, move |_, _, image: Train<'_, u16, Ix2>| {
            [u64::from(image.data[[0, 0]]), open_below(&place) as u64]
        });
        let opened = opened.unwrap();
        assert_eq!(opened.iter().map(|seen| seen[0]).sum::<u64>(), 60 * (1 + 2));
        // Each of three workers keeps the last four that it read.
        assert!(opened.iter().all(|seen| seen[1] <= 3 * 4), "{opened:?}");
        assert_eq!(open_below(folder.path()), 0);
    }
}

/// The number of files below a folder that this process has open.
fn open_below(folder: &Path) -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let paths = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    paths.filter(|path| path.starts_with(folder)).count()
}

/// Says that a message holds all of these.
fn told(error: &Error, texts: &[&str]) {
    let message = error.to_string();
    for text in texts {
        assert!(message.contains(text), "{text:?} is not in: {message}");
    }
}

#[test]
fn data_that_change_are_refused_with_both_shapes_and_the_trains() {
    let folder = tempfile::tempdir().unwrap();
    changing(folder.path());
    let run = Run::open(folder.path()).unwrap();
    let both = run.select_trains(by_id(102..203)).unwrap();
    let error = both.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap_err();
    told(
        &error,
        &[
            "[2, 3] in trains 102 to 104",
            "RAW-DA01-S0.h5",
            "[4, 2] in trains 200 to 202",
            "RAW-DA01-S1.h5",
            "`run.select_trains(by_id(200..=202))?`",
        ],
    );
    let error = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap_err();
    told(&error, &["RAW-DA01-S2.h5", "f32", "trains 300 to 302: select others"]);
    // A key that the first file lacks.
    assert_eq!(run.keys(CAMERA.0).unwrap(), ["data.image.pixels"]);
    let gain = run.key::<u8, Ix0>(CAMERA.0, "data.gain");
    told(&gain.unwrap_err(), &["RAW-DA01-S0.h5", "data/gain"]);
    let second = run.select_trains(by_id(200..300)).unwrap();
    assert_eq!(second.keys(CAMERA.0).unwrap(), ["data.gain", "data.image.pixels"]);
    assert!(second.key::<u8, Ix0>(CAMERA.0, "data.gain").is_ok());
    told(&run.key::<u8, Ix0>(CAMERA.0, "data.gains").unwrap_err(), &["data.gains"]);
}

/// A source whose index is damaged in one file: it is an error there, and nowhere else.
#[test]
fn a_source_without_a_sound_index_does_not_keep_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    changing(folder.path());
    let damaged = folder.path().join("RAW-DA01-S0.h5");
    let h5 = hdf5_metno::File::open_rw(&damaged).unwrap();
    h5.group("INDEX/TEST/CAM/A:daqOutput/data").unwrap().unlink("count").unwrap();
    h5.close().unwrap();
    let run = Run::open(folder.path()).unwrap();
    assert_eq!(run.train_ids().len(), 14);
    let [skipped] = run.skipped_files() else { panic!("{:?}", run.skipped_files()) };
    assert!(!skipped.is_whole && skipped.path == damaged, "{skipped}");
    assert!(skipped.reason.contains(CAMERA.0), "{skipped}");

    let energies = run.key::<f64, Ix0>(MONITOR.0, MONITOR.1).unwrap();
    assert_eq!(energies.counts(), [1; 14]);
    let error = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap_err();
    told(&error, &["RAW-DA01-S0.h5", CAMERA.0, "100 to 104", "select others"]);
    told(&run.counts(CAMERA.0, CAMERA.1).unwrap_err(), &["RAW-DA01-S0.h5"]);
    let second = run.select_trains(by_id(200..300)).unwrap();
    let key = second.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap();
    assert_eq!(
        total::run_in(&SerialContext::new(), &key).unwrap().to_vec(),
        [8, 16, 24, 32, 40, 48]
    );
    // What can't be used has no data.
    let with_all = run.select(CAMERA.0, "*").unwrap().require_all();
    assert_eq!(with_all.train_ids().first(), Some(&200));
}

/// Numbers in an index that no data set can have: an error that names the file, and nothing else is
/// in the way.
#[test]
fn absurd_numbers_in_an_index_are_told_with_the_file() {
    const HALF: u64 = 1 << 63;
    let index = |name: &str| format!("INDEX/TEST/CAM/A:daqOutput/data/{name}");
    type Numbers = [u64; 5];
    let new_form: [(Numbers, Numbers); 3] = [
        ([0, 1, 2, 3, 4], [1, 1, u64::MAX, 1, 1]),
        ([0, 1, u64::MAX, 3, 4], [1; 5]),
        ([0; 5], [HALF, HALF, 1, 1, 1]),
    ];
    // With `last` instead of the count, and a status.
    let old_form: [[Numbers; 3]; 4] = [
        [[0, 1, 0, 3, 4], [0, 1, u64::MAX, 3, 4], [1; 5]],
        [[0, 1, 0, 3, 4], [0, 1, u64::MAX - 1, 3, 4], [1, 1, 2, 1, 1]],
        [[0, 0, 2, 3, 4], [HALF, HALF, 2, 3, 4], [1; 5]],
        [[0, 1, 2, 3, 4], [0, 1, 1, 0, 4], [1; 5]],
    ];
    let new_form = new_form.map(|(first, count)| (vec![("first", first), ("count", count)], false));
    let old_form = old_form.map(|[first, last, status]| {
        (vec![("first", first), ("last", last), ("status", status)], true)
    });
    for (numbers, is_old) in new_form.into_iter().chain(old_form) {
        let folder = tempfile::tempdir().unwrap();
        changing(folder.path());
        let path = folder.path().join("RAW-DA01-S0.h5");
        if is_old {
            let h5 = hdf5_metno::File::open_rw(&path).unwrap();
            let group = h5.group("INDEX/TEST/CAM/A:daqOutput/data").unwrap();
            group.unlink("count").unwrap();
            for name in ["last", "status"] {
                group.new_dataset::<u64>().shape(5).create(name).unwrap();
            }
            h5.close().unwrap();
        }
        for (name, numbers) in &numbers {
            overwrite(&path, &index(name), &Array1::from(numbers.to_vec()));
        }
        let run = Run::open(folder.path()).unwrap();
        let texts = ["RAW-DA01-S0.h5", CAMERA.0, "its index"];
        told(&run.counts(CAMERA.0, CAMERA.1).unwrap_err(), &texts);
        told(&run.key::<u16, Ix2>(CAMERA.0, CAMERA.1).unwrap_err(), &texts);
        let others = run.select_trains(by_id(200..300)).unwrap();
        assert_eq!(others.counts(CAMERA.0, CAMERA.1).unwrap(), [1; 6], "{numbers:?}");
        assert_eq!(run.counts(MONITOR.0, MONITOR.1).unwrap(), [1; 14], "{numbers:?}");
    }
}

/// A train that comes twice is told by file and row; in different files, too.
#[test]
fn a_duplicate_is_told_with_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    changing(folder.path());
    let ids = Array1::from(vec![100, 101, 102, 101, 104]);
    overwrite(&folder.path().join("RAW-DA01-S0.h5"), "INDEX/trainId", &ids);
    let error = Run::open(folder.path()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Xfel(pasha::XfelError::TrainConflict { train_id: 101, rows: (1, 3), .. })
        ),
        "{error}"
    );
    told(
        &error,
        &["train 101 twice in", "rows 1 and 3 of INDEX/trainId", "include_suspect(false)"],
    );
    assert!(!error.to_string().contains("damaged"), "{error}");

    let ids = Array1::from(vec![100, 101, 102, 203, 104]);
    overwrite(&folder.path().join("RAW-DA01-S0.h5"), "INDEX/trainId", &ids);
    let error = Run::open(folder.path()).unwrap_err();
    told(&error, &["train 203", "row 3 of", "RAW-DA01-S0.h5", "and in row 3 of", "RAW-DA01-S1.h5"]);
}

/// What EXtra-data says of the camera's data, and of the same with other train ids and another
/// shape in a second file.
#[test]
fn rogue_trains_and_changing_shapes_as_extra_data_sees_them() {
    let Some(examples) = examples() else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = "
import os, shutil, sys
import h5py, numpy as np
from extra_data import RunDirectory
camera = ('FXE_XAD_GEC/CAM/CAMERA:daqOutput', 'data.image.pixels')
place = 'INSTRUMENT/FXE_XAD_GEC/CAM/CAMERA:daqOutput/data/image/pixels'
first = os.path.join(sys.argv[1], 'fxe', 'RAW-R0450-DA01-S00000.h5')
for name in ('rogue', 'roi'):
    os.mkdir(name)
    shutil.copy(first, name)
with h5py.File('rogue/RAW-R0450-DA01-S00000.h5', 'r+') as f:
    pixels = f[place]
    for i in range(pixels.shape[0]): pixels[i, 0, :3] = [i + 1, 2, 3]
    f['INDEX/trainId'][205] = 445920914
second = 'roi/RAW-R0450-DA01-S00001.h5'
shutil.copy(first, second)
with h5py.File(second, 'r+') as f:
    f['INDEX/trainId'][:] = f['INDEX/trainId'][:] + 1000
    shape = f[place].shape
    del f[place]
    f.create_dataset(place, shape=(shape[0], shape[1] // 2, shape[2]), dtype='u2', fillvalue=1)
rogue = RunDirectory('rogue')[camera].ndarray()
print(len(rogue), rogue.sum(dtype='u8'))
roi = RunDirectory('roi').select_trains(np.s_[500:])[camera].ndarray()
print(*roi.shape, roi.sum(dtype='u8'))
";
    let seen = Command::new("python3")
        .args(["-c", program])
        .arg(examples)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
    let seen = String::from_utf8(seen.stdout).unwrap();
    let seen: Vec<&str> = seen.lines().collect();
    let camera = ("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels");
    let sums = |run: &Run| {
        let key = run.key::<u16, Ix2>(camera.0, camera.1).unwrap();
        let sums = total::run_in(&SerialContext::new(), &key).unwrap();
        (key.shape(), sums.sum())
    };
    let rogue = Run::open(folder.path().join("rogue")).unwrap();
    assert_eq!(rogue.train_ids().last(), Some(&445_920_914));
    let (shape, sum) = sums(&rogue);
    assert_eq!(format!("{} {sum}", shape[0]), seen[0]);
    assert_eq!(seen[0], "400 82200");
    let roi = Run::open(folder.path().join("roi")).unwrap();
    let (shape, sum) = sums(&roi.select_trains(500..).unwrap());
    assert_eq!(format!("{} {} {} {sum}", shape[0], shape[1], shape[2]), seen[1]);
    assert!(seen[1].starts_with("300 127 1024 "), "{}", seen[1]);
    let error = roi.key::<u16, Ix2>(camera.0, camera.1).unwrap_err();
    told(&error, &["[255, 1024] in trains 10000 to 10399", "[127, 1024] in trains 11000 to 11399"]);
}
