//! Runs that tests write for themselves, through hdf5-metno.

use std::path::{Path, PathBuf};

use hdf5_metno::types::VarLenUnicode;
use hdf5_metno::{File, H5Type};
use ndarray::{Array1, ArrayD};

/// A file of a run in the making.
///
/// It is written elsewhere, and copied in the end: workers that other tests fork meanwhile have
/// what is open for writing, and its lock, until they end.
pub(crate) struct RunWriter {
    path: PathBuf,
    draft: PathBuf,
    file: File,
    ids: Vec<String>,
}

impl RunWriter {
    /// A file of format 1.2 with these trains.
    pub(crate) fn new(path: &Path, train_ids: &[u64]) -> RunWriter {
        let draft = path.with_extension("draft");
        let file = File::create(&draft).unwrap();
        let index = file.create_group("INDEX").unwrap();
        write(&index, "trainId", &Array1::from(train_ids.to_vec()).into_dyn());
        write(&index, "flag", &Array1::<i32>::ones(train_ids.len()).into_dyn());
        file.create_group("METADATA").unwrap();
        let writer = RunWriter { path: path.to_owned(), draft, file, ids: Vec::new() };
        writer.texts("METADATA/dataFormatVersion", &["1.2".to_owned()]);
        writer
    }

    /// A source's index group `section/source/group` with these numbers of entries.
    pub(crate) fn group(&mut self, id: &str, counts: &[u64]) -> &mut Self {
        self.ids.push(id.to_owned());
        let name = id.split_once('/').unwrap().1;
        let mut total = 0;
        let first: Vec<u64> = counts
            .iter()
            .map(|count| {
                total += count;
                total - count
            })
            .collect();
        let index = self.file.create_group(&format!("INDEX/{name}")).unwrap();
        write(&index, "first", &Array1::from(first).into_dyn());
        write(&index, "count", &Array1::from(counts.to_vec()).into_dyn());
        self
    }

    /// A data set `section/source/key`.
    pub(crate) fn data<T: H5Type>(&mut self, path: &str, data: &ArrayD<T>) -> &mut Self {
        self.file.new_dataset_builder().with_data(data).create(path).unwrap();
        self
    }

    /// A data set in compressed chunks with checksums.
    pub(crate) fn compressed_data<T: H5Type>(
        &mut self,
        path: &str,
        data: &ArrayD<T>,
        chunk: &[usize],
    ) -> &mut Self {
        let builder =
            self.file.new_dataset_builder().chunk(chunk).shuffle().deflate(4).fletcher32();
        builder.with_data(data).create(path).unwrap();
        self
    }

    pub(crate) fn texts(&self, path: &str, texts: &[String]) {
        let texts: Vec<VarLenUnicode> = texts.iter().map(|text| text.parse().unwrap()).collect();
        self.file.new_dataset_builder().with_data(&Array1::from(texts)).create(path).unwrap();
    }

    /// Writes the list of sources, and puts the file where it belongs.
    pub(crate) fn finish(&self) {
        self.texts("METADATA/dataSources/dataSourceId", &self.ids);
        self.file.flush().unwrap();
        std::fs::copy(&self.draft, &self.path).unwrap();
        std::fs::remove_file(&self.draft).unwrap();
    }
}

/// Writes other numbers over those of a data set, in a copy as [`RunWriter`] does.
pub(crate) fn overwrite(path: &Path, dataset: &str, numbers: &Array1<u64>) {
    let draft = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(path, draft.path()).unwrap();
    let file = File::open_rw(draft.path()).unwrap();
    file.dataset(dataset).unwrap().write(numbers).unwrap();
    file.flush().unwrap();
    std::fs::copy(draft.path(), path).unwrap();
}

fn write<T: H5Type>(group: &hdf5_metno::Group, name: &str, data: &ArrayD<T>) {
    group.new_dataset_builder().with_data(data).create(name).unwrap();
}

/// The camera of [`sample`].
pub(crate) const CAMERA: (&str, &str) = ("TEST/CAM/A:daqOutput", "data.image.pixels");
/// The detector of [`sample`], with 0 to 3 pulses in a train.
pub(crate) const DETECTOR: (&str, &str) = ("TEST/DET/B:xtdf", "image.data");
/// The monitor of [`sample`].
pub(crate) const MONITOR: (&str, &str) = ("TEST/XGM/C", "energy");

/// The numbers of images in the trains of [`sample`].
pub(crate) fn has_image(train: usize) -> bool {
    train % 3 != 1
}

/// The numbers of pulses in the trains of [`sample`].
pub(crate) fn pulses(train: usize) -> usize {
    train % 4
}

/// The ids of the trains of [`sample`]: every second is missing after the tenth.
pub(crate) fn id(train: usize) -> u64 {
    1000 + if train < 10 { train } else { 2 * train - 10 } as u64
}

/// A run of 40 trains: images (2, 3) in two files, some missing, and in all of them the train's
/// position as a pixel; pulses (4,); and in a third file, which lacks the last five trains, a
/// number of 0.5 for each position.
pub(crate) fn sample(folder: &Path) {
    for (file, trains) in [(0, 0..17), (1, 17..40)] {
        let ids: Vec<u64> = trains.clone().map(id).collect();
        let mut writer = RunWriter::new(&folder.join(format!("RAW-DA01-S{file}.h5")), &ids);
        let with_image: Vec<usize> = trains.clone().filter(|&train| has_image(train)).collect();
        let images = ndarray::Array3::from_shape_fn((with_image.len(), 2, 3), |(row, y, x)| {
            (100 * with_image[row] + 10 * y + x) as u16
        });
        let of_pulses: Vec<usize> =
            trains.clone().flat_map(|train| std::iter::repeat_n(train, pulses(train))).collect();
        let data = ndarray::Array2::from_shape_fn((of_pulses.len(), 4), |(row, x)| {
            of_pulses[row] as f32 + x as f32 / 10.0
        });
        let counts = |count: &dyn Fn(usize) -> usize| -> Vec<u64> {
            trains.clone().map(|train| count(train) as u64).collect()
        };
        writer
            .group("INSTRUMENT/TEST/CAM/A:daqOutput/data", &counts(&|t| usize::from(has_image(t))))
            .data("INSTRUMENT/TEST/CAM/A:daqOutput/data/image/pixels", &images.into_dyn())
            .group("INSTRUMENT/TEST/DET/B:xtdf/image", &counts(&pulses))
            .data("INSTRUMENT/TEST/DET/B:xtdf/image/data", &data.into_dyn())
            .finish();
    }
    let ids: Vec<u64> = (0..35).map(id).collect();
    let mut writer = RunWriter::new(&folder.join("RAW-DA02-S0.h5"), &ids);
    let energies = Array1::from_shape_fn(35, |train| 0.5 * train as f64);
    writer
        .group("CONTROL/TEST/XGM/C", &[1; 35])
        .data("CONTROL/TEST/XGM/C/energy/value", &energies.into_dyn())
        .finish();
}
