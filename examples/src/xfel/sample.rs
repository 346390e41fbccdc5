//! A small run of our own: a camera in two sequence files, and an intensity monitor in another
//! file.

use std::path::Path;

use hdf5_metno::types::VarLenUnicode;
use hdf5_metno::{File, Group};
use ndarray::{Array1, Array3, s};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The camera of the sample run; it misses every seventh train.
pub const CAMERA: (&str, &str) = ("PASHA_DEMO/CAM/CAMERA:daqOutput", "data.image.pixels");
/// The intensity monitor of the sample run, in μJ; it has every train.
pub const MONITOR: (&str, &str) = ("PASHA_DEMO/XGM/DOOCS", "pulseEnergy.photonFlux");

const FIRST_ID: u64 = 10_000;
const TRAINS: usize = 100;
const TRAINS_OF_FILE: usize = 50;
const SIDE: usize = 128;

/// Writes the sample run into a folder.
///
/// # Errors
/// If a file can't be written.
pub fn write(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let energies: Array1<f32> = (0..TRAINS).map(|_| random.random_range(500.0..1500.0)).collect();
    for (number, start) in (0..TRAINS).step_by(TRAINS_OF_FILE).enumerate() {
        let trains = start..(start + TRAINS_OF_FILE).min(TRAINS);
        let file = new_file(folder, &format!("RAW-R0001-DA02-S{number:05}.h5"), trains.clone())?;
        let with_image: Vec<usize> = trains.clone().filter(|train| train % 7 != 3).collect();
        let images = images(&with_image, &energies, &mut random)?;
        let counts: Vec<u64> =
            trains.clone().map(|train| u64::from(with_image.contains(&train))).collect();
        add_source(&file, &format!("INSTRUMENT/{}/data", CAMERA.0), &counts)?;
        let place = format!("INSTRUMENT/{}/{}", CAMERA.0, CAMERA.1.replace('.', "/"));
        file.new_dataset_builder().with_data(&images).create(&*place)?;
    }
    let file = new_file(folder, "RAW-R0001-DA01-S00000.h5", 0..TRAINS)?;
    add_source(&file, &format!("CONTROL/{}", MONITOR.0), &[1; TRAINS])?;
    let place = format!("CONTROL/{}/{}", MONITOR.0, MONITOR.1.replace('.', "/"));
    let property = file.create_group(&place)?;
    property.new_dataset_builder().with_data(&energies).create("value")?;
    let stamps = Array1::<u64>::zeros(TRAINS);
    property.new_dataset_builder().with_data(&stamps).create("timestamp")?;
    for (name, value) in [("metricPrefixSymbol", "u"), ("unitSymbol", "J")] {
        let value: VarLenUnicode = value.parse()?;
        property.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&value)?;
    }
    Ok(())
}

/// A spot on a dark level of 50 counts, as bright as the train's pulse.
fn images(
    trains: &[usize],
    energies: &Array1<f32>,
    random: &mut Xoshiro256PlusPlus,
) -> anyhow::Result<Array3<u16>> {
    let mut images = Array3::zeros((trains.len(), SIDE, SIDE));
    for (mut image, &train) in images.outer_iter_mut().zip(trains) {
        for ((y, x), count) in image.indexed_iter_mut() {
            let [y, x] = [y, x].map(|place| (place as f32 - SIDE as f32 / 2.0) / 12.0);
            let noise: f32 = StandardNormal.sample(random);
            let spot = energies[train] * (-(x * x + y * y)).exp();
            *count = (50.0 + 3.0 * noise + spot).round() as u16;
        }
    }
    Ok(images)
}

/// A file with the ids of these trains.
fn new_file(folder: &Path, name: &str, trains: std::ops::Range<usize>) -> anyhow::Result<File> {
    let file = File::create(folder.join(name))?;
    let index = file.create_group("INDEX")?;
    let ids: Array1<u64> = trains.map(|train| FIRST_ID + train as u64).collect();
    let stamps = ids.mapv(|id| 1_700_000_000_000_000_000 + 100_000_000 * id);
    index.new_dataset_builder().with_data(&ids).create("trainId")?;
    index.new_dataset_builder().with_data(&stamps).create("timestamp")?;
    index.new_dataset_builder().with_data(&Array1::<i32>::ones(ids.len())).create("flag")?;
    let metadata = file.create_group("METADATA")?;
    texts(&metadata, "dataFormatVersion", &["1.2"])?;
    Ok(file)
}

/// Names a source, and says how many entries it has in each train.
fn add_source(file: &File, id: &str, counts: &[u64]) -> anyhow::Result<()> {
    let sources = file.group("METADATA")?.create_group("dataSources")?;
    texts(&sources, "dataSourceId", &[id])?;
    let counts = Array1::from(counts.to_vec());
    let mut first = Array1::<u64>::zeros(counts.len());
    let mut total = 0;
    for (first, count) in first.slice_mut(s![..]).iter_mut().zip(&counts) {
        *first = total;
        total += count;
    }
    let name = id.split_once('/').map_or(id, |(_, name)| name);
    let index = file.create_group(&format!("INDEX/{name}"))?;
    index.new_dataset_builder().with_data(&first).create("first")?;
    index.new_dataset_builder().with_data(&counts).create("count")?;
    Ok(())
}

fn texts(group: &Group, name: &str, texts: &[&str]) -> anyhow::Result<()> {
    let texts = texts.iter().map(|text| text.parse()).collect::<Result<Vec<VarLenUnicode>, _>>()?;
    group.new_dataset_builder().with_data(&Array1::from(texts)).create(name)?;
    Ok(())
}
