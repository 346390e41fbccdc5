//! The saxs example while it runs: pictures and a page of what is finished.

use std::path::Path;
use std::time::{Duration, Instant};

use pasha::{AnyContext, ContextOptions as _, SerialContext};
use pasha_examples::Failure;
use pasha_examples::detector::QBins;
use pasha_examples::poni::Unit;
use pasha_examples::saxs::{
    CorrectedBins, Corrections, Frames, Integration, Live, LivePage, Pixels, Presentation, Report,
};
use pasha_examples::simulation::{SimulatedRun, simulate_frame};

const EVERY: Duration = Duration::from_millis(5);
const SHAPE: (usize, usize) = (64, 80);
const NUM_FRAMES: usize = 45;

/// Integrates the frames, with a page or without, and writes what comes of it.
fn integrate_into(
    folder: &Path,
    run: &SimulatedRun,
    integrate: impl Fn(Option<&mut Live<'_>>) -> Result<Integration, Failure>,
    live: bool,
) -> Result<(), Failure> {
    let presentation = Presentation {
        title: "Silver behenate",
        unit: Unit::QPerAngstrom,
        mask: Some(&run.mask),
        blank: None,
        error_bars: false,
    };
    let mut page = live.then(|| LivePage::begin(folder, EVERY, presentation.title)).transpose()?;
    let mut shown = page.as_mut().map(|page| Live::new(page, presentation));
    let result = integrate(shown.as_mut())?;
    Report { result: &result, presentation, cake: None }.write_to(folder)?;
    Ok(page.map_or(Ok(()), |page| page.end(None))?)
}

/// Has workers beyond the first wait at their start until the page shows finished frames: then it
/// is there before the end, however slow or fast the machine is.
fn waits_for_the_page(folder: &Path) -> impl Fn(usize) + Send + Sync + 'static {
    let folder = folder.to_owned();
    move |worker_id| {
        let begun = Instant::now();
        while worker_id > 0 && !is_shown(&folder) {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is shown");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whether a page of a job that runs shows pictures. Whatever is there is whole.
fn is_shown(folder: &Path) -> bool {
    for name in ["mean_image.svg", "profiles.svg"] {
        let Ok(picture) = std::fs::read_to_string(folder.join(name)) else { return false };
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{name}");
    }
    let page = std::fs::read_to_string(folder.join(LivePage::FILE)).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    assert!(page.contains("The job runs.") && page.contains("location.reload()"), "{page}");
    page.contains(&format!(" of {NUM_FRAMES} frames ")) && page.contains("src=\"profiles.svg?")
}

/// Checks that a live run shows itself, and gives the profiles of one that does not.
fn check(integrate: impl Fn(AnyContext, Option<&mut Live<'_>>) -> Result<Integration, Failure>) {
    let run = SimulatedRun::new(SHAPE, NUM_FRAMES, 1);
    let folder = tempfile::tempdir().unwrap();
    let profiles =
        |name: &str| std::fs::read(folder.path().join(name).join("profiles.npy")).unwrap();
    let plain = |_: Option<&mut Live<'_>>| integrate("serial".parse().unwrap(), None);
    integrate_into(&folder.path().join("plain"), &run, plain, false).unwrap();
    for name in ["threads", "processes"] {
        let out = folder.path().join(name);
        let live = |live: Option<&mut Live<'_>>| {
            let context = format!("{name}:2").parse::<AnyContext>()?;
            integrate(context.on_worker_start(waits_for_the_page(&out)), live)
        };
        integrate_into(&out, &run, live, true).unwrap();
        assert!(profiles(name) == profiles("plain"), "{name}: other profiles than without --live");
        let page = std::fs::read_to_string(out.join(LivePage::FILE)).unwrap();
        assert!(page.contains("The job has ended") && !page.contains("reload()"), "{page}");
        let mut files: Vec<_> = std::fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        // No temporary files are left.
        let all = ["live.html", "mean_image.svg", "profiles.npy", "profiles.svg", "q.npy"];
        assert_eq!(files, all);
    }
}

fn frames(run: &SimulatedRun) -> Frames {
    Frames::Simulated(simulate_frame::run_serial(0..run.num_frames, run).unwrap())
}

fn bins(run: &SimulatedRun) -> QBins {
    QBins::new(&run.geometry, SHAPE, 50, QBins::ALL, Some(&run.mask)).unwrap()
}

#[test]
fn pictures_and_page_are_there_before_the_end_and_change_no_byte_of_the_profiles() {
    let run = SimulatedRun::new(SHAPE, NUM_FRAMES, 1);
    let (frames, bins) = (frames(&run), bins(&run));
    check(|context, live| Ok(frames.integrate(&*context, &bins, None, live)?));
}

#[test]
fn integrations_with_corrections_are_shown_too() {
    let run = SimulatedRun::new(SHAPE, NUM_FRAMES, 1);
    let frames = frames(&run);
    let corrections = Corrections { solid_angle: true, ..Corrections::default() };
    let pixels = Pixels::new(&run.geometry.into(), SHAPE, Some(&run.mask), &corrections).unwrap();
    let bins = CorrectedBins::new(&pixels, 50, None).unwrap();
    check(|context, live| Ok(frames.integrate_corrected(&*context, &bins, None, live)?));
}

#[test]
fn what_cannot_be_shown_is_refused_by_the_name_of_the_option() {
    let run = SimulatedRun::new(SHAPE, NUM_FRAMES, 1);
    let (frames, bins) = (frames(&run), bins(&run));
    let folder = tempfile::tempdir().unwrap();
    let context = SerialContext::new().reproducible(true);
    let integrate =
        |live: Option<&mut Live<'_>>| Ok(frames.integrate(&context, &bins, None, live)?);
    let error = integrate_into(folder.path(), &run, integrate, true).unwrap_err();
    let error = format!("{error:?}");
    assert!(error.contains("--live") && error.contains("leave `reproducible` out"), "{error}");
}
