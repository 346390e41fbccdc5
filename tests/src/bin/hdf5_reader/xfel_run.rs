//! Runs of the European XFEL, read by pasha and by a few lines of plain libhdf5.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use hdf5_metno::File;
use hdf5_metno::types::VarLenUnicode;
use ndarray::{Axis, Ix2};
use pasha::SerialContext;
use pasha::xfel::{Run, Train};

/// The camera that all runs have.
const CAMERA: (&str, &str) = ("TEST/CAM/A:daqOutput", "data.image.pixels");

/// A number that the pixels of each train's image make, by the train's id.
type Images = BTreeMap<u64, u64>;

/// Says of each run what came of it.
pub(crate) fn read_all(intact: &str, runs: impl Iterator<Item = String>, limit: u32) {
    let expected = with_libhdf5(intact).expect("the intact run can be read");
    for run in runs {
        println!("begin {run}");
        nix::unistd::alarm::set(limit);
        match with_pasha(&run) {
            Ok((images, _)) if images == expected => println!("right"),
            Ok((_, Some(skipped))) => println!("error left out {}", skipped.replace('\n', " ")),
            Ok((images, None)) if with_libhdf5(&run).as_ref() == Ok(&images) => println!("same"),
            Ok((images, None)) => println!("wrong: {} images", images.len()),
            Err(error) => println!("error {}", error.to_string().replace('\n', " ")),
        }
    }
}

fn number(pixels: impl Iterator<Item = u16>) -> u64 {
    let mut hasher = DefaultHasher::new();
    pixels.for_each(|pixel| pixel.hash(&mut hasher));
    // 0 is for trains without an image.
    hasher.finish() | 1
}

/// The images, and what was left out.
fn with_pasha(run: &str) -> pasha::Result<(Images, Option<String>)> {
    let run = Run::open(run)?;
    let images = run.key::<u16, Ix2>(CAMERA.0, CAMERA.1)?;
    let numbers = pasha::map_in(&SerialContext::new(), &images, |_, _, train: Train<u16, Ix2>| {
        number(train.data.iter().copied())
    })?;
    let all = images.train_ids().iter().copied().zip(numbers.iter().copied());
    let skipped = run.skipped_files().first().map(ToString::to_string);
    Ok((all.filter(|&(_, number)| number != 0).collect(), skipped))
}

/// The same by plain libhdf5, file by file.
fn with_libhdf5(run: &str) -> Result<Images, String> {
    let mut images = Images::new();
    for entry in std::fs::read_dir(run).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        images.extend(in_file(&path).map_err(|error| error.to_string())?);
    }
    Ok(images)
}

fn in_file(path: &Path) -> hdf5_metno::Result<Images> {
    let file = File::open(path)?;
    let sources = file.dataset("METADATA/dataSources/dataSourceId")?;
    let listed = format!("INSTRUMENT/{}/data", CAMERA.0);
    let mut images = Images::new();
    if !sources.read_raw::<VarLenUnicode>()?.iter().any(|id| id.as_str() == listed) {
        return Ok(images);
    }
    let ids: Vec<u64> = file.dataset("INDEX/trainId")?.read_raw()?;
    let ids = ids.into_iter().filter(|&id| id != 0);
    let index = |name: &str| -> hdf5_metno::Result<Vec<u64>> {
        file.dataset(&format!("INDEX/{}/data/{name}", CAMERA.0))?.read_raw()
    };
    let (first, count) = (index("first")?, index("count")?);
    let name = format!("INSTRUMENT/{}/{}", CAMERA.0, CAMERA.1.replace('.', "/"));
    let pixels = file.dataset(&name)?;
    if pixels.size() > 1 << 24 {
        return Err("too large to compare".into());
    }
    let pixels = pixels.read_dyn::<u16>()?;
    for ((id, first), _) in ids.zip(first).zip(count).filter(|&(_, count)| count == 1) {
        if first >= pixels.len_of(Axis(0)) as u64 {
            return Err("an image lies behind the end".into());
        }
        let image = pixels.index_axis(Axis(0), first as usize);
        images.insert(id, number(image.iter().copied()));
    }
    Ok(images)
}
