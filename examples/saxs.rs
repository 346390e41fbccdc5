//! The main job: integrates X-ray detector frames azimuthally, `I(q)`, and shows the result.
//!
//! One kernel goes over the frames in parallel, eight at a time. It writes the profiles `I(q)`
//! straight into their rows of the output, and adds the frames to the image of its worker; after
//! the map the workers' images are one, and the blank is subtracted, if there is one to subtract.
//! The kernel is `integrate_block` in `src/saxs/mod.rs`.
//!
//! ```sh
//! cargo run --release --example saxs
//! cargo run --release --example saxs -- frames.npy --blank blank.npy --bins 100
//! cargo run --release --example saxs --features hdf5 -- frames.h5 --dataset entry/data/frames
//! cargo run --release --example saxs --features hdf5 -- --master series_1_master.h5
//! cargo run --release --example saxs -- frames.npy --poni silver.poni --solid-angle
//! cargo run --release --example saxs -- --help
//! ```
//!
//! Without a file it simulates a run first, with another kernel: silver behenate on a detector of
//! 1024 x 1024 pixels, whose rings fade as the beam destroys it. It prints how long it took and a
//! table of frames, and writes the profiles and two pictures into the folder `out`.
//!
//! With a `.poni` file, corrections, errors, another unit or a cake it does what pyFAI does, with
//! the kernel in `src/saxs/corrected.rs`.
//!
//! With `--live` the pictures are drawn while it runs, of the frames that are finished so far, and
//! `out/live.html` shows them in a browser.
//!
//! With `--resume` a job that was ended goes on where it was, as under a batch system
//! (`slurm/README.md`).
//!
//! On several machines each reads the frames that it integrates, and the first one prints and
//! writes:
//!
//! ```sh
//! cargo build --release --example saxs --features mpi
//! PASHA_CONTEXT=mpi:processes mpirun --map-by ppr:1:node --bind-to none saxs frames.npy
//! ```

use std::fmt::Display;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use ndarray::{Array1, Array2, Axis};
use pasha::{Context as _, SerialContext};
use pasha_examples::Failure;
use pasha_examples::detector::{Geometry, QBins};
use pasha_examples::poni::{Poni, TiltedGeometry, Unit};
use pasha_examples::saxs::{
    self, Blank, Cake, CorrectedBins, Frames, HELP, Live, LivePage, Master, Options, Pixels,
    Presentation, Report,
};
use pasha_examples::simulation::{SimulatedRun, simulate_frame};

/// The exit status of a job that was asked to end and is to be started again: `EX_TEMPFAIL`.
const AGAIN: u8 = 75;

fn main() -> Result<ExitCode, Failure> {
    let Some(mut options) = Options::parse(std::env::args_os().skip(1))? else {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    };
    say(&options, &options.context);
    if options.resume {
        options = saxs::stopped_by_signals(options)?;
    }
    let mut page = begin_page(&options)?;
    let outcome = integrate_all(&options, page.as_mut());
    let error = outcome.as_ref().err().map(pasha_examples::in_plain_words);
    let page_ended = page.map_or(Ok(()), |page| page.end(error.as_deref()));
    match outcome {
        Ok(()) => {
            page_ended?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => match error.downcast_ref() {
            Some(pasha::Error::Cancelled { finished, len, .. }) => {
                let told = format_args!("was asked to end: {finished} of {len} frames are done");
                say(&options, told);
                Ok(ExitCode::from(AGAIN))
            }
            _ => Err(error.into()),
        },
    }
}

/// Begins the page that shows the job while it runs, if one is asked for.
fn begin_page(options: &Options) -> anyhow::Result<Option<LivePage>> {
    let is_simulated = options.frames.is_none() && options.master.is_none();
    let title = if is_simulated { SIMULATED } else { TITLE };
    let page = options.live.map(|every| LivePage::begin(&options.out, every, title)).transpose()?;
    if let Some(page) = &page {
        let path = page.path().canonicalize().context("can't find the page again")?;
        say(options, format_args!("to be opened in a browser: file://{}", path.display()));
    }
    Ok(page)
}

/// Integrates whatever frames are asked for.
fn integrate_all(options: &Options, page: Option<&mut LivePage>) -> anyhow::Result<()> {
    let dataset = options.dataset.as_deref();
    if let Some(path) = &options.poni {
        return integrate_with_poni(options, Poni::read(path)?, page);
    }
    match (&options.master, &options.frames) {
        (Some(path), _) => {
            let Master { frames, mask, geometry } = Master::open(path, dataset, &options.geometry)?;
            say_mask(options, mask.as_ref());
            say(options, geometry);
            integrate_file(options, &frames, &geometry, mask, page)?;
        }
        (None, Some(path)) => {
            let geometry = options.geometry.or(&Geometry::PILATUS_WAXS);
            integrate_file(options, &Frames::open(path, dataset)?, &geometry, None, page)?;
        }
        (None, None) => integrate_simulation(options, page)?,
    }
    Ok(())
}

/// Integrates the frames of a file, of whose pixels some may be masked.
fn integrate_file(
    options: &Options,
    frames: &Frames,
    geometry: &Geometry,
    mask: Option<Array2<bool>>,
    page: Option<&mut LivePage>,
) -> anyhow::Result<()> {
    let (num_frames, shape) = frames.dim();
    let given = options.mask.as_deref().map(saxs::read_mask).transpose()?;
    let mask = saxs::both_masks(mask, given)?;
    if options.has_corrections() {
        let setup = Setup::new((*geometry).into(), mask, options.master.is_some());
        return integrate_with_corrections(options, frames, setup, page);
    }
    let blank = options.blank.as_deref().map(saxs::read_image).transpose()?;
    let blank = blank.map(|blank| blank * options.transmission);
    let q_range = options.min_q.unwrap_or(0.0)..=options.max_q.unwrap_or(f64::INFINITY);
    let num_bins = options.num_bins.unwrap_or(100);
    let bins = QBins::new(geometry, shape, num_bins, q_range, mask.as_ref())?;

    if options.resume {
        return integrate_the_rest(options, frames, &bins);
    }
    let shown = blank.as_ref().filter(|_| !options.subtract_blank);
    let shown = shown.map(|blank| blank_profile(blank, &bins)).transpose()?;
    let presentation = Presentation {
        title: TITLE,
        unit: Unit::QPerAngstrom,
        mask: mask.as_ref(),
        blank: shown.as_ref(),
        error_bars: false,
    };
    let mut live = page.map(|page| Live::new(page, presentation));

    let start = Instant::now();
    let subtract = blank.as_ref().filter(|_| options.subtract_blank);
    let result = frames.integrate(&*options.context, &bins, subtract, live.as_mut())?;
    say_speed(options, "integrated", num_frames, shape, frames.num_bytes(), start.elapsed());
    if options.context.rank() > 0 {
        return Ok(());
    }
    show(options, &Report { result: &result, presentation, cake: None })
}

/// Integrates the frames that an earlier job has not.
fn integrate_the_rest(options: &Options, frames: &Frames, bins: &QBins) -> anyhow::Result<()> {
    let report = frames.integrate_into(&*options.context, bins, &options.out)?;
    let pasha::Report { finished, resumed, .. } = &report;
    say(options, format_args!("integrated {finished} frames, and {resumed} before"));
    if options.context.rank() == 0 {
        ndarray_npy::write_npy(options.out.join("q.npy"), &bins.q)
            .with_context(|| format!("can't write into {}", options.out.display()))?;
    }
    Ok(())
}

/// Integrates the frames of a file; pyFAI's calibration tells where the detector stood.
fn integrate_with_poni(
    options: &Options,
    poni: Poni,
    page: Option<&mut LivePage>,
) -> anyhow::Result<()> {
    let dataset = options.dataset.as_deref();
    let (frames, mask) = match (&options.master, &options.frames) {
        (Some(path), _) => Master::frames_and_mask(path, dataset)?,
        (None, Some(path)) => (Frames::open(path, dataset)?, None),
        (None, None) => anyhow::bail!("--poni needs frames: give a file of them, or --master"),
    };
    if options.master.is_some() {
        say_mask(options, mask.as_ref());
    }
    let Poni { detector, mut geometry } = poni;
    if let Some(angstrom) = options.geometry.wavelength {
        geometry.wavelength = Some(angstrom * 1e-10);
    }
    say(options, format_args!("{detector}\n{geometry}"));
    let (_, shape) = frames.dim();
    anyhow::ensure!(
        detector.shape.is_none_or(|expected| expected == shape),
        "the frames are {shape:?} pixels, the detector {} is {:?}: give the .poni file of these \
         frames, or say their shape in it, as Detector_config: {{\"max_shape\": [{}, {}]}}",
        detector.name,
        detector.shape.unwrap_or_default(),
        shape.0,
        shape.1,
    );
    let given = options.mask.as_deref().map(saxs::read_mask).transpose()?;
    let mask = saxs::both_masks(saxs::both_masks(mask, given)?, detector.mask(shape))?;
    let marks_invalid = detector.marks_invalid_pixels() || options.master.is_some();
    let setup = Setup::new(geometry, mask, marks_invalid);
    integrate_with_corrections(options, &frames, setup, page)
}

/// Simulates a run, and integrates it.
fn integrate_simulation(options: &Options, page: Option<&mut LivePage>) -> anyhow::Result<()> {
    let run = SimulatedRun::new((1024, 1024), options.num_frames.unwrap_or(300), 1);
    let shape = run.shape();

    let start = Instant::now();
    let frames = simulate_frame::run_in(&*options.context, 0..run.num_frames, &run)?;
    let num_bytes = frames.len() * size_of::<u16>();
    say_speed(options, "simulated", run.num_frames, shape, num_bytes, start.elapsed());

    if options.has_corrections() {
        let setup = Setup::new(run.geometry.into(), Some(run.mask), false);
        let setup = Setup { num_bins: 500, title: SIMULATED, ..setup };
        return integrate_with_corrections(options, &Frames::Simulated(frames), setup, page);
    }
    // The corners of the detector see few pixels of each ring.
    let largest = run.geometry.q_at_radius(0.51 * shape.0 as f64);
    let q_range = options.min_q.unwrap_or(0.0)..=options.max_q.unwrap_or(largest);
    let num_bins = options.num_bins.unwrap_or(500);
    let bins = QBins::new(&run.geometry, shape, num_bins, q_range, Some(&run.mask))?;

    let presentation = Presentation {
        title: SIMULATED,
        unit: Unit::QPerAngstrom,
        mask: Some(&run.mask),
        blank: None,
        error_bars: false,
    };
    let mut live = page.map(|page| Live::new(page, presentation));
    let start = Instant::now();
    let result = saxs::integrate(&*options.context, &frames, &bins, None, live.as_mut())?;
    say_speed(options, "integrated", run.num_frames, shape, num_bytes, start.elapsed());
    if options.context.rank() > 0 {
        return Ok(());
    }
    show(options, &Report { result: &result, presentation, cake: None })
}

const TITLE: &str = "X-ray scattering";
const SIMULATED: &str = "Simulated silver behenate";

/// What is known of the detector before it is integrated with corrections.
struct Setup {
    geometry: TiltedGeometry,
    mask: Option<Array2<bool>>,
    /// Whether some counts mean that a pixel is not valid.
    marks_invalid: bool,
    num_bins: usize,
    title: &'static str,
}

impl Setup {
    fn new(geometry: TiltedGeometry, mask: Option<Array2<bool>>, marks_invalid: bool) -> Self {
        Setup { geometry, mask, marks_invalid, num_bins: 100, title: TITLE }
    }
}

/// Integrates as pyFAI does: with corrections, errors and a cake.
fn integrate_with_corrections(
    options: &Options,
    frames: &Frames,
    setup: Setup,
    page: Option<&mut LivePage>,
) -> anyhow::Result<()> {
    let (num_frames, shape) = frames.dim();
    let Setup { geometry, mask, .. } = setup;
    let pixels = Pixels::new(&geometry, shape, mask.as_ref(), &options.corrections)?;
    let num_bins = options.num_bins.unwrap_or(setup.num_bins);
    let invalid = setup.marks_invalid.then(|| frames.invalid_counts()).transpose()?;
    let bins = CorrectedBins::new(&pixels, num_bins, invalid)?;
    let blank = options.blank.as_deref().map(saxs::read_image).transpose()?;
    let blank = blank.map(|counts| Blank { counts, transmission: options.transmission });

    let shown = blank.as_ref().filter(|_| !options.subtract_blank);
    let shown = shown.map(|Blank { counts, transmission }| {
        let frame = (counts * *transmission).insert_axis(Axis(0));
        let result = saxs::integrate_corrected(&SerialContext::new(), &frame, &bins, None, None);
        Ok::<_, anyhow::Error>(result?.profiles.row(0).to_owned())
    });
    let shown = shown.transpose().context("can't integrate the blank")?;
    let presentation = Presentation {
        title: setup.title,
        unit: options.corrections.unit,
        mask: mask.as_ref(),
        blank: shown.as_ref(),
        error_bars: options.error_bars,
    };
    let mut live = page.map(|page| Live::new(page, presentation));

    let start = Instant::now();
    let subtract = blank.as_ref().filter(|_| options.subtract_blank);
    let context = &*options.context;
    let result = frames.integrate_corrected(context, &bins, subtract, live.as_mut())?;
    say_speed(options, "integrated", num_frames, shape, frames.num_bytes(), start.elapsed());
    if options.context.rank() > 0 {
        return Ok(());
    }

    let cake = options
        .cake
        .map(|num_azimuth| Cake::new(result.mean_image.view(), &pixels, num_azimuth, num_bins));
    let cake = cake.transpose()?;
    show(options, &Report { result: &result, presentation, cake: cake.as_ref() })
}

/// The profile of the blank: an integration of one frame.
fn blank_profile(blank: &Array2<f64>, bins: &QBins) -> anyhow::Result<Array1<f64>> {
    let blank = blank.view().insert_axis(Axis(0));
    let result = saxs::integrate(&SerialContext::new(), &blank, bins, None, None)
        .context("can't integrate the blank")?;
    Ok(result.profiles.row(0).to_owned())
}

/// Prints the table, and writes the arrays and pictures.
fn show(options: &Options, report: &Report<'_>) -> anyhow::Result<()> {
    report.print_table();
    report.write_to(&options.out)
}

/// Prints a line, once on however many machines.
fn say(options: &Options, text: impl Display) {
    if options.context.rank() == 0 {
        println!("{text}");
    }
}

/// Says how many pixels the master file masks.
fn say_mask(options: &Options, mask: Option<&Array2<bool>>) {
    let Some(mask) = mask else {
        return say(options, "the master file has no mask: all pixels count");
    };
    let (masked, all) = (mask.iter().filter(|&&masked| masked).count(), mask.len());
    say(options, format_args!("the detector marks {masked} of {all} pixels as not valid"));
}

/// Says what was done to how much data, and how fast.
fn say_speed(
    options: &Options,
    done: &str,
    num_frames: usize,
    (rows, columns): (usize, usize),
    num_bytes: usize,
    time: Duration,
) {
    let seconds = time.as_secs_f64();
    let frames_per_second = num_frames as f64 / seconds;
    let gigabytes_per_second = num_bytes as f64 / seconds / 1e9;
    say(
        options,
        format_args!(
            "{done} {num_frames} frames of {rows} x {columns} pixels in {seconds:.2} s: \
             {frames_per_second:.0} frames/s, {gigabytes_per_second:.2} GB/s"
        ),
    );
}
