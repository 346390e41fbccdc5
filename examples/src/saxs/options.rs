//! The command line of the example.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use lexopt::Arg;
use lexopt::prelude::ValueExt as _;
use pasha::AnyContext;

use crate::detector::Geometry;

/// What `--help` prints.
pub const HELP: &str = "\
Integrates X-ray detector frames azimuthally and draws the result.

Usage: saxs [FRAMES.npy | FRAMES.h5 | --master MASTER.h5] [OPTIONS]

Without frames a run of a detector with 1024 x 1024 pixels is simulated and integrated.

Frames:
  FRAMES.npy              frames (n, y, x) of uint16, uint32, int32 or float32, in counts
  FRAMES.h5               the same in an HDF5 file (needs --features hdf5)
  --master MASTER.h5      the master file of an Eiger detector: its frames, pixel mask and geometry (needs --features hdf5)
  --dataset PATH          where in FRAMES.h5 the frames are, as entry/data/frames; in MASTER.h5 [entry/data]
  --blank BLANK.npy       an image (y, x) without the sample, in counts, drawn for comparison
  --subtract-blank        subtracts the blank from every frame
  --transmission T        of the sample, a fraction; the blank is multiplied by it [1]
  --mask MASK.npy         bool or uint8 (y, x): pixels to leave out, besides those of the master file's mask
  --num-frames N          number of frames to simulate [300]

Detector of the frames [what the master file says, else Pilatus at beamline 9-ID-C of the Advanced Photon Source]:
  --pixel-size-mm MM      side of a pixel, in mm [0.172]
  --centre-x PIXELS       where the beam meets the detector's plane, in pixels along a row [99.95]
  --centre-y PIXELS       the same along a column [-5.65]
  --distance-mm MM        from the sample to the detector's plane, in mm [540.8]
  --wavelength ANGSTROM   of the X-rays, in angstrom [0.59040224]

Integration:
  --bins N                number of bins over q [100; 500 if simulated]
  --min-q Q, --max-q Q    range of q to integrate, in 1/angstrom [all]
  --context CONTEXT       serial, threads:2, processes:2, … [PASHA_CONTEXT, or processes]
  --out DIR               folder for the results [out]
";

/// What the user said of where the detector stands, in the units of [`Geometry`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GivenGeometry {
    /// The side of a square pixel, in mm.
    pub pixel_size_mm: Option<f64>,
    /// Where the beam meets the detector's plane, in pixels along a row.
    pub centre_x: Option<f64>,
    /// Where the beam meets the detector's plane, in pixels along a column.
    pub centre_y: Option<f64>,
    /// From the sample to the detector's plane, in mm.
    pub distance_mm: Option<f64>,
    /// Of the X-rays, in Å.
    pub wavelength: Option<f64>,
}

impl GivenGeometry {
    /// What was given, and the rest as in another geometry.
    pub fn or(&self, other: &Geometry) -> Geometry {
        Geometry {
            pixel_size_mm: self.pixel_size_mm.unwrap_or(other.pixel_size_mm),
            centre_x: self.centre_x.unwrap_or(other.centre_x),
            centre_y: self.centre_y.unwrap_or(other.centre_y),
            distance_mm: self.distance_mm.unwrap_or(other.distance_mm),
            wavelength: self.wavelength.unwrap_or(other.wavelength),
        }
    }
}

/// What the user asked for.
#[derive(Debug)]
pub struct Options {
    /// The frames; without, and without a master file, a run is simulated.
    pub frames: Option<PathBuf>,
    /// The master file of a detector that wrote the frames.
    pub master: Option<PathBuf>,
    /// The data set that holds the frames, if the file is an HDF5 file.
    pub dataset: Option<String>,
    /// The image without a sample.
    pub blank: Option<PathBuf>,
    /// Whether the blank is to be subtracted.
    pub subtract_blank: bool,
    /// The sample's transmission, with which the blank is multiplied.
    pub transmission: f64,
    /// The pixels to be left out.
    pub mask: Option<PathBuf>,
    /// The number of frames to simulate, if given.
    pub num_frames: Option<usize>,
    /// Where the detector of the frames stands.
    pub geometry: GivenGeometry,
    /// The number of bins, if given.
    pub num_bins: Option<usize>,
    /// The lower end of the range to integrate, if given, in 1/Å.
    pub min_q: Option<f64>,
    /// The upper end of the range to integrate, if given, in 1/Å.
    pub max_q: Option<f64>,
    /// How the workers run.
    pub context: AnyContext,
    /// The folder for the results.
    pub out: PathBuf,
}

impl Options {
    /// Reads the arguments (without the program's name); `None` if help is asked for.
    ///
    /// # Errors
    /// If an argument is not known, has no usable value, or has no effect.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Option<Self>> {
        let mut options = Options {
            frames: None,
            master: None,
            dataset: None,
            blank: None,
            subtract_blank: false,
            transmission: 1.0,
            mask: None,
            num_frames: None,
            geometry: GivenGeometry::default(),
            num_bins: None,
            min_q: None,
            max_q: None,
            context: Box::new(pasha::default_context()?),
            out: PathBuf::from("out"),
        };
        // Options that say something of the frames in a file.
        let mut of_files: Option<String> = None;
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next().map_err(see_help)? {
            let Arg::Long(name) = arg else {
                match arg {
                    Arg::Value(path) if options.frames.is_none() => {
                        options.frames = Some(path.into())
                    }
                    Arg::Short('h') => return Ok(None),
                    _ => return Err(see_help(arg.unexpected())),
                }
                continue;
            };
            let name = name.to_owned();
            let mut text = || parser.value().map_err(see_help);
            match name.as_str() {
                "help" => return Ok(None),
                "subtract-blank" => options.subtract_blank = true,
                "master" => options.master = Some(text()?.into()),
                "dataset" => options.dataset = Some(text()?.string()?),
                "blank" => options.blank = Some(text()?.into()),
                "mask" => options.mask = Some(text()?.into()),
                "out" => options.out = text()?.into(),
                "context" => options.context = text()?.string()?.parse()?,
                "num-frames" => options.num_frames = Some(number(&name, text()?)?),
                "bins" => options.num_bins = Some(number(&name, text()?)?),
                "min-q" => options.min_q = Some(number(&name, text()?)?),
                "max-q" => options.max_q = Some(number(&name, text()?)?),
                "transmission" => options.transmission = number(&name, text()?)?,
                "pixel-size-mm" => options.geometry.pixel_size_mm = Some(number(&name, text()?)?),
                "centre-x" => options.geometry.centre_x = Some(number(&name, text()?)?),
                "centre-y" => options.geometry.centre_y = Some(number(&name, text()?)?),
                "distance-mm" => options.geometry.distance_mm = Some(number(&name, text()?)?),
                "wavelength" => options.geometry.wavelength = Some(number(&name, text()?)?),
                _ => return Err(see_help(Arg::Long(&name).unexpected())),
            }
            let anywhere = ["out", "context", "num-frames", "bins", "min-q", "max-q"];
            if !anywhere.contains(&name.as_str()) {
                of_files = Some(name);
            }
        }
        anyhow::ensure!(
            options.frames.is_none() || options.master.is_none(),
            "--master says itself where the frames are: leave one of the files out; {SEE_HELP}"
        );
        let is_simulated = options.frames.is_none() && options.master.is_none();
        if let (true, Some(name)) = (is_simulated, of_files) {
            anyhow::bail!("--{name} is of use only with frames in a file; {SEE_HELP}");
        }
        anyhow::ensure!(
            is_simulated || options.num_frames.is_none(),
            "--num-frames is of use only without frames in a file; {SEE_HELP}"
        );
        anyhow::ensure!(
            options.blank.is_some() || !options.subtract_blank,
            "--subtract-blank needs a blank: give --blank BLANK.npy"
        );
        Ok(Some(options))
    }
}

const SEE_HELP: &str = "--help shows what can be given";

fn see_help(error: lexopt::Error) -> anyhow::Error {
    anyhow::anyhow!("{error}; {SEE_HELP}")
}

/// Reads an option's value.
fn number<T: FromStr<Err: Display + Send + Sync + std::error::Error + 'static>>(
    name: &str,
    text: OsString,
) -> anyhow::Result<T> {
    text.parse().with_context(|| format!("--{name} needs a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Option<Options>> {
        Options::parse(text.split_whitespace().map(OsString::from))
    }

    #[test]
    fn everything_can_be_given() {
        let text = "f.npy --blank b.npy --subtract-blank --transmission 0.5 --mask m.npy --bins 7 --pixel-size-mm 0.1 \
                    --centre-x 1 --centre-y -2 --distance-mm 3 --wavelength 4 --context threads:2 \
                    --min-q 0.1 --max-q 0.2 --out there";
        let options = parse(text).unwrap().unwrap();
        assert_eq!(options.frames, Some("f.npy".into()));
        assert_eq!(options.dataset, None);
        let options_of_hdf5 = parse("f.h5 --dataset entry/data/frames").unwrap().unwrap();
        assert_eq!(options_of_hdf5.dataset.as_deref(), Some("entry/data/frames"));
        assert!(options.subtract_blank && options.transmission == 0.5);
        assert_eq!(
            (options.num_bins, options.min_q, options.max_q),
            (Some(7), Some(0.1), Some(0.2))
        );
        let geometry = options.geometry.or(&Geometry::PILATUS_WAXS);
        assert_eq!((geometry.centre_x, geometry.centre_y, geometry.distance_mm), (1.0, -2.0, 3.0));
        let of_master = parse("--master m.h5 --wavelength 2").unwrap().unwrap();
        assert_eq!(of_master.master, Some("m.h5".into()));
        let geometry = of_master.geometry.or(&Geometry::PILATUS_WAXS);
        assert_eq!((geometry.wavelength, geometry.centre_x), (2.0, 99.95));
        assert_eq!(options.context.num_workers(), 2);
        assert!(parse("--bins 3 --help").unwrap().is_none());
    }

    #[test]
    fn mistakes_are_told() {
        for (text, told) in [
            ("--bins many", "--bins needs a number"),
            ("--bin 3", "--help shows"),
            ("--context mpi", "unknown context \"mpi\""),
            ("--dataset a/b", "--dataset is of use only with frames"),
            ("--centre-x 3", "--centre-x is of use only with frames"),
            ("f.npy --subtract-blank", "--blank BLANK.npy"),
            ("f.npy g.npy", "--help shows"),
            ("f.npy --num-frames 3", "only without frames"),
            ("f.npy --master m.h5", "leave one of the files out"),
            ("--master m.h5 --num-frames 3", "only without frames"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
