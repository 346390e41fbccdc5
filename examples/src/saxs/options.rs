//! The command line of the example.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use lexopt::Arg;
use lexopt::prelude::ValueExt as _;
use pasha::AnyContext;

use super::Corrections;
use crate::detector::Geometry;
use crate::poni::Unit;

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
    /// The file in which pyFAI keeps where the detector stands.
    pub poni: Option<PathBuf>,
    /// How the pixels are to be corrected and chosen.
    pub corrections: Corrections,
    /// Whether errors are to be shown.
    pub error_bars: bool,
    /// The number of bins over the azimuth of a cake, if one is to be made.
    pub cake: Option<usize>,
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
    /// Whether the job goes on where an earlier one was ended.
    pub resume: bool,
    /// How often a page shows what is finished while the job runs, if it is to.
    pub live: Option<Duration>,
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
            poni: None,
            corrections: Corrections::default(),
            error_bars: false,
            cake: None,
            num_frames: None,
            geometry: GivenGeometry::default(),
            num_bins: None,
            min_q: None,
            max_q: None,
            context: crate::context()?,
            out: PathBuf::from("out"),
            resume: false,
            live: None,
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
            if name == "live" {
                // The value is given with `=` alone: what follows a space are the frames.
                options.live = Some(interval(parser.optional_value())?);
                continue;
            }
            let mut text = || parser.value().map_err(see_help);
            match name.as_str() {
                "help" => return Ok(None),
                "subtract-blank" => options.subtract_blank = true,
                "resume" => options.resume = true,
                "master" => options.master = Some(text()?.into()),
                "dataset" => options.dataset = Some(text()?.string()?),
                "blank" => options.blank = Some(text()?.into()),
                "mask" => options.mask = Some(text()?.into()),
                "poni" => options.poni = Some(text()?.into()),
                "unit" => options.corrections.unit = text()?.string()?.parse()?,
                "solid-angle" => options.corrections.solid_angle = true,
                "polarisation-factor" => {
                    options.corrections.polarisation_factor = Some(number(&name, text()?)?)
                }
                "radial-range" => options.corrections.radial_range = Some(range(&name, text()?)?),
                "azimuth-range" => options.corrections.azimuth_range = Some(range(&name, text()?)?),
                "error-bars" => options.error_bars = true,
                "cake" => options.cake = Some(number(&name, text()?)?),
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
            if !ANYWHERE.contains(&name.as_str()) {
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
        anyhow::ensure!(
            !options.resume || options.live.is_none(),
            "--live draws pictures, and --resume makes none: leave one of them out"
        );
        options.check_corrections()?;
        anyhow::ensure!(
            !options.resume
                || options.blank.is_none() && options.poni.is_none() && !options.has_corrections(),
            "--resume is for profiles alone, without --blank, --poni and corrections"
        );
        Ok(Some(options))
    }

    /// Whether anything is asked for that pyFAI does, beyond mean counts over q.
    pub fn has_corrections(&self) -> bool {
        self.corrections != Corrections::default() || self.error_bars || self.cake.is_some()
    }

    /// Looks for options that contradict each other.
    fn check_corrections(&mut self) -> anyhow::Result<()> {
        let GivenGeometry { pixel_size_mm, centre_x, centre_y, distance_mm, .. } = self.geometry;
        let of_geometry = [pixel_size_mm, centre_x, centre_y, distance_mm];
        anyhow::ensure!(
            self.poni.is_none() || of_geometry.iter().all(Option::is_none),
            "--poni says itself where the detector stands: leave out --pixel-size-mm, --centre-x, \
             --centre-y and --distance-mm"
        );
        if (self.poni.is_some() || self.has_corrections())
            && (self.min_q.is_some() || self.max_q.is_some())
        {
            let (unit, radial) = (self.corrections.unit, self.corrections.radial_range);
            anyhow::ensure!(
                unit == Unit::QPerAngstrom && radial.is_none(),
                "--min-q and --max-q are in 1/angstrom, the unit is {unit}: \
                 give the range as --radial-range LOW,HIGH instead"
            );
            let (Some(low), Some(high)) = (self.min_q, self.max_q) else {
                anyhow::bail!(
                    "with --poni or corrections a range needs both ends: \
                     give --min-q and --max-q, or --radial-range LOW,HIGH"
                );
            };
            self.corrections.radial_range = Some([low, high]);
        }
        Ok(())
    }
}

/// Options that say something of simulated frames, too.
const ANYWHERE: [&str; 13] = [
    "out",
    "context",
    "num-frames",
    "bins",
    "min-q",
    "max-q",
    "unit",
    "solid-angle",
    "polarisation-factor",
    "radial-range",
    "azimuth-range",
    "error-bars",
    "cake",
];

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

/// Reads how often something is to be done; a second if nothing is said.
fn interval(text: Option<OsString>) -> anyhow::Result<Duration> {
    let Some(text) = text else { return Ok(Duration::from_secs(1)) };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    let interval = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    interval.filter(|interval| !interval.is_zero()).with_context(|| {
        let text = text.to_string_lossy();
        format!("--live is {text:?}, it must be a positive number of seconds, as --live=0.5")
    })
}

/// Reads the two ends of a range.
fn range(name: &str, text: OsString) -> anyhow::Result<[f64; 2]> {
    let text = text.string()?;
    let ends = text.split_once(',').and_then(|(low, high)| {
        let number = |text: &str| text.trim().parse().ok().filter(|end: &f64| end.is_finite());
        Some([number(low)?, number(high)?])
    });
    ends.with_context(|| {
        format!("--{name} is {text:?}, it must be two numbers LOW,HIGH as 0.1,2.5")
    })
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

        let live = |text| parse(text).unwrap().unwrap().live;
        assert_eq!(live("--live"), Some(Duration::from_secs(1)));
        assert_eq!(live("--live=0.25"), Some(Duration::from_millis(250)));
        assert_eq!(parse("--live f.npy").unwrap().unwrap().frames, Some("f.npy".into()));
        assert_eq!(options.live, None);

        assert!(!options.has_corrections());
        let text = "f.npy --poni a.poni --unit 2th_deg --solid-angle --polarisation-factor 0.99 \
                    --radial-range 1,20.5 --azimuth-range -60,40 --error-bars --cake 360 \
                    --wavelength 2";
        let options = parse(text).unwrap().unwrap();
        assert_eq!(options.poni, Some("a.poni".into()));
        assert_eq!(
            options.corrections,
            Corrections {
                unit: Unit::TwoThetaDegrees,
                solid_angle: true,
                polarisation_factor: Some(0.99),
                radial_range: Some([1.0, 20.5]),
                azimuth_range: Some([-60.0, 40.0]),
            }
        );
        assert!(options.error_bars && options.cake == Some(360));
        let options = parse("f.npy --cake 90 --min-q 0.1 --max-q 0.2").unwrap().unwrap();
        assert_eq!(options.corrections.radial_range, Some([0.1, 0.2]));
    }

    #[test]
    fn mistakes_are_told() {
        for (text, told) in [
            ("--bins many", "--bins needs a number"),
            ("--bin 3", "--help shows"),
            ("--context gpu", "there is no context \"gpu\""),
            ("--dataset a/b", "--dataset is of use only with frames"),
            ("--centre-x 3", "--centre-x is of use only with frames"),
            ("f.npy --subtract-blank", "--blank BLANK.npy"),
            ("f.npy g.npy", "--help shows"),
            ("--resume", "--resume is of use only with frames"),
            ("f.npy --resume --solid-angle", "--resume is for profiles alone"),
            ("--live=0", "--live is \"0\", it must be a positive number of seconds"),
            ("--live=-1", "must be a positive number"),
            ("--live=often", "must be a positive number"),
            ("--live=inf", "must be a positive number"),
            ("--live=nan", "must be a positive number"),
            ("--live=", "must be a positive number"),
            ("f.npy --live --resume", "leave one of them out"),
            ("f.npy --num-frames 3", "only without frames"),
            ("f.npy --master m.h5", "leave one of the files out"),
            ("--master m.h5 --num-frames 3", "only without frames"),
            ("--poni a.poni", "--poni is of use only with frames"),
            ("f.npy --poni a.poni --distance-mm 3", "leave out --pixel-size-mm"),
            ("f.npy --unit q", "\"q\" is no unit of this program"),
            ("f.npy --radial-range 3", "--radial-range is \"3\""),
            ("f.npy --unit r_mm --min-q 3", "the unit is r_mm"),
            ("f.npy --poni a.poni --min-q 3", "needs both ends"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
