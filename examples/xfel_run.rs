//! A run of the European XFEL: lists it, and corrects the images of a camera by an intensity
//! monitor.
//!
//! A run is a folder of HDF5 files, in which each detector and device has written its data train by
//! train. Not every source has data for each train. `xfel::Run` unites the files and hands out
//! functors: `run.key::<u16, Ix2>(source, key)` is a camera's images.
//!
//! The kernel takes an image and the intensity of the same train, subtracts the dark level, divides
//! by the intensity, and adds to the sum of all images. It is called for the trains that have both:
//! the outputs of the others keep their fill value, NaN, and the report counts them as absent.
//!
//! ```sh
//! cargo run --release --example xfel_run --features xfel
//! cargo run --release --example xfel_run --features xfel -- /gpfs/exfel/exp/FXE/.../raw/r0001
//! ```
//!
//! Without a run it writes a small one into `out/xfel_run` first. Of other runs the camera and the
//! monitor are given with `--camera` and `--monitor`; `--help` tells the rest. To be checked: the
//! report's absent trains are those that the table shows without data, and the corrected images
//! have as many entries as the run has trains.

use std::ffi::OsString;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use lexopt::Arg;
use lexopt::prelude::ValueExt as _;
use ndarray::{ArrayViewMut2, Ix0, Ix2};
use pasha::xfel::{Run, Train};
use pasha::{AnyContext, Context};
use pasha_examples::xfel::{listing, sample, table};
use pasha_examples::{Failure, output_folder};

/// What `--help` prints.
const HELP: &str = "\
Lists a run of the European XFEL, and corrects the images of a camera by an intensity monitor.

Usage: xfel_run [RUN] [OPTIONS]

Without RUN, the folder of a run, a small one is written into out/xfel_run.

  --camera SOURCE KEY    images of integers, at most one in a train
  --monitor SOURCE KEY   an intensity, one number in each train
  --dark COUNTS          the camera's dark level [50]
  --exclude-suspect      leaves out trains whose ids may be wrong
  --context CONTEXT      serial, threads:2, processes:2, … [PASHA_CONTEXT, or processes,progress]
  --tsv                  prints nothing but a line for each key and train, with tabs between:
                         source key index train_id ndim dim0 crc32
";

/// Corrects an image, in counts, for the dark level and the intensity of its train, and gives its
/// mean.
///
/// It is called for the trains that have both; the outputs of the others keep their fill value.
#[pasha::kernel]
fn correct(
    image: Train<'_, u16, Ix2>,
    intensity: Train<'_, f32, Ix0>,
    #[shared] dark: f32,
    #[output(like = image, fill = f32::NAN)] mut corrected: ArrayViewMut2<f32>,
    #[reduce(sum, like = image)] mut total: ArrayViewMut2<f64>,
    #[output(fill = f64::NAN)] mean: &mut f64,
) {
    let intensity = intensity.data[()];
    corrected.zip_mut_with(&image.data, |out, &count| *out = (f32::from(count) - dark) / intensity);
    total.zip_mut_with(&corrected, |total, &value| *total += f64::from(value));
    *mean = corrected.iter().map(|&value| f64::from(value)).sum::<f64>() / corrected.len() as f64;
}

/// What the user asked for.
struct Options {
    run: Option<PathBuf>,
    camera: Option<(String, String)>,
    monitor: Option<(String, String)>,
    dark: f32,
    include_suspect: bool,
    context: Option<AnyContext>,
    tsv: bool,
}

fn main() -> Result<(), Failure> {
    let Some(mut options) = parse(std::env::args_os().skip(1))? else {
        print!("{HELP}");
        return Ok(());
    };
    let context = match options.context.take() {
        Some(context) => context,
        None => pasha_examples::context()?,
    };
    let owned = |(source, key): (&str, &str)| (source.to_owned(), key.to_owned());
    let folder = match options.run.take() {
        Some(folder) => folder,
        None => {
            let folder = output_folder()?.join("xfel_run");
            sample::write(&folder)?;
            options.camera.get_or_insert_with(|| owned(sample::CAMERA));
            options.monitor.get_or_insert_with(|| owned(sample::MONITOR));
            folder
        }
    };
    let run = Run::options().include_suspect(options.include_suspect).open(&folder)?;
    if options.tsv {
        let mut out = BufWriter::new(std::io::stdout().lock());
        table::write(&run, &*context, &mut out)?;
        return Ok(out.flush()?);
    }
    print!("{}", listing::describe(&run));
    let (Some(camera), Some(monitor)) = (&options.camera, &options.monitor) else {
        println!("\nto correct images, give --camera SOURCE KEY and --monitor SOURCE KEY");
        return Ok(());
    };
    correct_images(&run, camera, monitor, options.dark, &*context)
}

fn correct_images(
    run: &Run,
    camera: &(String, String),
    monitor: &(String, String),
    dark: f32,
    context: &dyn Context,
) -> Result<(), Failure> {
    let images = run.key::<u16, Ix2>(&camera.0, &camera.1)?;
    let intensities = run.key::<f32, Ix0>(&monitor.0, &monitor.1)?;
    let units = run.units(&monitor.0, &monitor.1)?.unwrap_or_default();
    let (out, report) = correct::run_report_in(context, &images, &intensities, dark)?;
    println!("\n{report}");
    println!("\n   train   mean / (counts/{units})");
    for (id, mean) in run.train_ids().iter().zip(&out.mean).take(8) {
        match mean.is_nan() {
            true => println!("{id:8}   no data"),
            false => println!("{id:8}   {mean:.6}"),
        }
    }
    println!("corrected images {:?}, their sum {:?}", out.corrected.shape(), out.total.shape());
    Ok(())
}

/// Reads the command line; nothing is to be done if it asks for help.
fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, Failure> {
    let mut options = Options {
        run: None,
        camera: None,
        monitor: None,
        dark: 50.0,
        include_suspect: true,
        context: None,
        tsv: false,
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        let name = match argument {
            Arg::Long(name) => name.to_owned(),
            Arg::Short('h') => return Ok(None),
            Arg::Value(path) if options.run.is_none() => {
                options.run = Some(path.into());
                continue;
            }
            other => return Err(other.unexpected().into()),
        };
        let mut text = || -> Result<String, Failure> { Ok(parser.value()?.string()?) };
        match name.as_str() {
            "camera" => options.camera = Some((text()?, text()?)),
            "monitor" => options.monitor = Some((text()?, text()?)),
            "dark" => options.dark = text()?.parse()?,
            "exclude-suspect" => options.include_suspect = false,
            "context" => options.context = Some(text()?.parse()?),
            "tsv" => options.tsv = true,
            "help" => return Ok(None),
            _ => return Err(Arg::Long(&name).unexpected().into()),
        }
    }
    Ok(Some(options))
}
