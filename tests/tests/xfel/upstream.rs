//! EXtra-data's own tests, on the runs that its `make_examples` writes, with the numbers that they
//! assert. `UPSTREAM.md` says which test is held where.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use ndarray::{Ix0, Ix1, Ix2, Ix3, Ix4, IxDyn};
use pasha::xfel::{Attribute, Run, Section, by_id};
use pasha::{Error, SerialContext};

/// Writes the example runs and what the tests of suspect trains do to them.
const PROGRAM: &str = "
import os, sys
import h5py
from extra_data.tests import make_examples as m
root = sys.argv[1]
def folder(name):
    path = os.path.join(root, name)
    os.mkdir(path)
    return path
m.make_fxe_run(folder('fxe'), format_version='1.0')
m.make_fxe_run(folder('fxe05'), format_version='0.5')
m.make_spb_run(folder('spb'), format_version='1.2')
m.make_spb_run(folder('spb_proc'), raw=False)
m.make_modern_spb_proc_run(folder('modern'))
m.make_jungfrau_run(folder('jungfrau'))
m.make_scs_run(folder('scs'))
m.make_remi_run(folder('remi'))
m.make_sa3_da_file(os.path.join(folder('sa3'), 'RAW-R0450-DA01-S00001.h5'))
m.make_sa3_da_file(os.path.join(folder('no_trains'), 'RAW-R0450-DA01-S00001.h5'), ntrains=0)
m.make_fxe_da_file(os.path.join(folder('fxe_da'), 'RAW-R0450-DA01-S00001.h5'))
m.make_data_file_bad_device_name(os.path.join(folder('bad_name'), 'RAW-R0450-DA01-S00001.h5'))
m.make_fxe_run(folder('offset'), format_version='1.0')
with h5py.File(os.path.join(root, 'offset', 'RAW-R0450-LPD08-S00000.h5'), 'r+') as f:
    f['INDEX/trainId'][:] = f['INDEX/trainId'][:] + 1
def agipd(name, make, version, path, row, value):
    file = os.path.join(folder(name), 'CORR-R9999-AGIPD07-S00000.h5')
    make(file, format_version=version)
    with h5py.File(file, 'r+') as f:
        f[path][row] = value
agipd('very_high', m.make_agipd_example_file, '0.5', 'INDEX/trainId', 10, 10400)
agipd('high', m.make_agipd_file, '0.5', 'INDEX/trainId', 10, 10100)
agipd('low', m.make_agipd_example_file, '0.5', 'INDEX/trainId', 20, 9000)
agipd('flag0', m.make_agipd_file, '1.0', 'INDEX/flag', 30, 0)
";

/// The folder of the example runs, written once; nothing, with a printed word, where there is no
/// EXtra-data.
pub(crate) fn examples() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let written = FOLDER.get_or_init(|| {
        let has_it = Command::new("python3")
            .args(["-c", "import extra_data.tests.make_examples"])
            .output()
            .is_ok_and(|output| output.status.success());
        if !has_it {
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("extra-data-examples");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let made = Command::new("python3").args(["-c", PROGRAM]).arg(&folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(folder)
    });
    if written.is_none() {
        println!("skipped: there is no Python with EXtra-data here");
    }
    written.as_deref()
}

/// One of the runs.
fn run(name: &str) -> Option<Run> {
    Some(Run::open(examples()?.join(name)).unwrap())
}

/// The ids that a collection would be iterated over.
fn ids(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

const XGM: &str = "SPB_XTD9_XGM/DOOCS/MAIN";
const MODULE: &str = "SPB_DET_AGIPD1M-1/DET/0CH0:xtdf";

#[test]
fn read_fxe_raw_run() {
    for name in ["fxe", "fxe05"] {
        let Some(run) = run(name) else { return };
        assert_eq!(run.files().count(), 18);
        assert_eq!(run.train_ids(), ids(10_000..10_480));
        assert!(run.control_sources().contains(&XGM));
        assert!(run.instrument_sources().contains(&"FXE_DET_LPD1M-1/DET/15CH0:xtdf"));
        assert_eq!(run.format(), if name == "fxe" { "1.0" } else { "0.5" });
        let folder = examples().unwrap().join(name);
        let some = Run::options().files("*DA*").open(&folder).unwrap();
        assert_eq!(some.train_ids(), run.train_ids());
        assert!(some.control_sources().contains(&"SA1_XTD2_XGM/DOOCS/MAIN"));
        assert!(!some.instrument_sources().contains(&"FXE_DET_LPD1M-1/DET/0CH0:xtdf"));
        let some = Run::options().files("*LPD*").open(&folder).unwrap();
        assert!(some.control_sources().is_empty() && some.instrument_sources().len() == 16);
    }
}

#[test]
fn read_spb_proc_run() {
    let Some(run) = run("spb_proc") else { return };
    assert_eq!((run.files().count(), run.train_ids()), (16, &ids(10_000..10_064)[..]));
    let element = |key| run.key_info("SPB_DET_AGIPD1M-1/DET/15CH0:xtdf", key).unwrap().element;
    assert_eq!(["image.gain", "image.mask", "image.data"].map(element), ["u8", "u32", "f32"]);
}

#[test]
fn get_keydata() {
    let Some(run) = run("spb") else { return };
    let pixels = ("SPB_IRU_CAM/CAM/SIDEMIC:daqOutput", "data.image.pixels");
    assert_eq!(run.key_info(pixels.0, pixels.1).unwrap().entry_shape, [1024, 768]);
    assert_eq!(run.train_ids()[0], 10_000);
    let module = run.key_info(MODULE, "image.data").unwrap();
    assert_eq!((module.section, module.element.as_str()), (Section::Instrument, "u16"));
    assert_eq!(module.entry_shape, [2, 512, 128]);
    let key = run.key::<u16, Ix4>(MODULE, "image.data").unwrap();
    assert_eq!(key.shape(), [4096, 2, 512, 128]);
    let x = run.key::<f32, Ix0>(XGM, "beamPosition.ixPos.value").unwrap();
    assert_eq!((x.info().section, x.shape()), (Section::Control, vec![64]));
    assert_eq!(run.key::<f32, Ix0>(XGM, "beamPosition.ixPos").unwrap().shape(), [64]);

    // test_select_trains, test_split_trains of the key.
    assert_eq!(x.select_trains(..20).unwrap().shape(), [20]);
    assert_eq!(x.select_trains(80..).unwrap().shape(), [0]);
    assert_eq!(x.select_trains(32).unwrap().shape(), [1]);
    let parts = |parts: usize| -> Vec<usize> {
        run.split_trains(parts).iter().map(|part| part.train_ids().len()).collect()
    };
    assert_eq!((parts(3), parts(4)), (vec![21, 21, 22], vec![16; 4]));

    // test_iter_trains, test_get_train.
    let (seen, report) =
        pasha::map_report_in(&SerialContext::new(), &x, |_, _, train| train.id).unwrap();
    assert_eq!((seen.to_vec(), report.absent), (ids(10_000..10_064), 0));
    assert_eq!(run.select_trains(-10).unwrap().train_ids(), [10_054]);
    assert!(matches!(run.select_trains(9999), Err(Error::Argument { .. })));
    assert!(run.select_trains(by_id(11_000)).unwrap().train_ids().is_empty());
}

#[test]
fn sources_and_keys_without_data() {
    let Some(run) = run("fxe_da") else { return };
    let (camera, nodata) =
        ("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "FXE_XAD_GEC/CAM/CAMERA_NODATA:daqOutput");
    assert_eq!(run.train_ids(), ids(10_000..10_400));
    let seen = |source| {
        let key = run.key::<u16, Ix2>(source, "data.image.pixels").unwrap();
        let shape = key.shape();
        let report = pasha::map_report_in(&SerialContext::new(), &key, |_, _, _| ()).unwrap().1;
        (
            shape,
            report.absent,
            key.counts().iter().sum::<usize>(),
            key.drop_empty().train_ids().len(),
        )
    };
    assert_eq!(seen(camera), (vec![400, 255, 1024], 0, 400, 400));
    assert_eq!(seen(nodata), (vec![0, 255, 1024], 400, 0, 0));
    assert_eq!(run.select_trains(by_id(..10_003)).unwrap().train_ids(), ids(10_000..10_003));
    assert_eq!(run.select_trains(-2..).unwrap().train_ids(), ids(10_398..10_400));
}

#[test]
fn iter_trains_include_empty() {
    let Some(run) = run("sa3") else { return };
    let source = "SA3_XTD10_IMGFEL/CAM/BEAMVIEW2:daqOutput";
    let dims = run.key::<u64, Ix1>(source, "data.image.dims").unwrap();
    assert_eq!((dims.train_ids().len(), dims.drop_empty().train_ids().len()), (500, 250));
    #[pasha::kernel]
    fn shape_of(train: Option<pasha::xfel::Train<'_, u64, Ix1>>) -> [u64; 2] {
        train.map_or([0, 0], |train| [train.id, train.data.len() as u64])
    }
    let out = shape_of::run_serial(&dims).unwrap();
    for (&id, seen) in dims.train_ids().iter().zip(out.rows()) {
        assert_eq!(seen.to_vec(), if id % 2 == 1 { [id, 2] } else { [0, 0] });
    }
    let report = shape_of::run_report(&dims).unwrap().1;
    assert_eq!(report.absent, 0);
}

#[test]
fn select_and_deselect() {
    let Some(run) = run("fxe") else { return };
    let module = "FXE_DET_LPD1M-1/DET/0CH0:xtdf";
    let selected = run.select("*/DET/*", "image.pulseId").unwrap();
    assert!(!selected.control_sources().contains(&XGM));
    assert_eq!(selected.keys(module).unwrap(), ["image.pulseId"]);
    let both =
        run.select_each(&[("*/DET/*", "image.pulseId"), ("FXE_XAD_GEC/CAM/*", "*")]).unwrap();
    assert_eq!(both.keys(module).unwrap(), ["image.pulseId"]);
    let camera = "FXE_XAD_GEC/CAM/CAMERA_NODATA";
    assert_eq!(both.keys(camera).unwrap(), run.keys(camera).unwrap());
    let position = run.select(XGM, "beamPosition.i*").unwrap();
    assert!(position.keys(XGM).unwrap().contains(&"beamPosition.ixPos.value"));
    let position = run.select(XGM, "beamPosition.ixPos").unwrap();
    assert_eq!(position.keys(XGM).unwrap(), ["beamPosition.ixPos.value"]);
    assert!(position.key::<f32, Ix0>(XGM, "beamPosition.iyPos").is_err());

    let without = run.deselect("*_XGM/DOOCS*", "*").unwrap();
    assert!(!without.control_sources().contains(&XGM));
    assert!(without.instrument_sources().contains(&module));
    let without = run.deselect("*_XGM/DOOCS*", "*.ixPos").unwrap();
    let keys = without.keys(XGM).unwrap();
    assert!(
        !keys.contains(&"beamPosition.ixPos.value") && keys.contains(&"beamPosition.iyPos.value")
    );

    assert!(matches!(
        run.key::<f32, Ix0>("NO/SUCH/SOURCE", "x"),
        Err(Error::Xfel(pasha::XfelError::NotInRun { .. }))
    ));
    assert!(matches!(
        run.key::<f32, Ix0>(XGM, "no.such.key"),
        Err(Error::Xfel(pasha::XfelError::NotInRun { .. }))
    ));
}

#[test]
fn select_require() {
    let Some(run) = run("sa3") else { return };
    let ids_of = |sources: &str| run.select(sources, "*").unwrap();
    let odd: Vec<u64> = run.train_ids().iter().copied().skip(1).step_by(2).collect();
    let run_without = run
        .deselect("SA3_XTD10_MCP/ADC/1:*", "*")
        .and_then(|run| run.deselect("SA3_XTD10_IMGFEL/CAM/BEAMVIEW:*", "*"))
        .and_then(|run| run.deselect("SA3_XTD10_IMGFEL/CAM/BEAMVIEW3:*", "*"))
        .unwrap();
    assert_eq!(run_without.select("*", "*").unwrap().require_all().train_ids(), odd);
    let mut union = ids_of("*/BEAMVIEW2:daqOutput").require_all().train_ids().to_vec();
    union.extend(ids_of("*/BEAMVIEW3:daqOutput").require_all().train_ids());
    union.sort_unstable();
    union.dedup();
    assert_eq!(ids_of("*/BEAMVIEW*:daqOutput").require_any().train_ids(), union);
    let none = ids_of("*/BEAMVIEW:daqOutput");
    assert!(none.require_any().train_ids().is_empty() && none.require_all().train_ids().is_empty());
    assert_eq!(none.train_ids().len(), 500);
}

#[test]
fn select_trains() {
    let Some(run) = run("fxe") else { return };
    let by_range =
        |range: std::ops::Range<u64>| run.select_trains(by_id(range)).unwrap().train_ids().to_vec();
    assert_eq!(by_range(10_004..10_006), [10_004, 10_005]);
    assert_eq!(by_range(9000..10_003), ids(10_000..10_003));
    assert_eq!(by_range(10_478..10_500), ids(10_478..10_480));
    assert!(by_range(9000..9050).is_empty() && by_range(10_500..10_550).is_empty());
    assert_eq!(by_range(10_200..10_220), ids(10_200..10_220));
    let by_list = |list: &[u64]| run.select_trains(by_id(list)).unwrap().train_ids().to_vec();
    assert_eq!(by_list(&[9950, 10_000, 10_101, 10_500]), [10_000, 10_101]);
    assert!(by_list(&[9900, 10_600]).is_empty());
    assert_eq!(run.select_trains([5, 25]).unwrap().train_ids(), [10_005, 10_025]);
    assert!(matches!(run.select_trains([480]), Err(Error::Argument { .. })));
    assert_eq!(run.select_trains(479..555).unwrap().train_ids(), [10_479]);
    assert_eq!(run.select_trains(4..6).unwrap().train_ids(), [10_004, 10_005]);
    let lens: Vec<_> = run.split_trains(3).iter().map(|run| run.train_ids().len()).collect();
    assert_eq!(lens, [160; 3]);
}

#[test]
fn data_counts_of_a_module_that_is_off_by_one() {
    let Some(run) = run("offset") else { return };
    assert_eq!(run.train_ids().len(), 481);
    let counts = run.counts("FXE_DET_LPD1M-1/DET/8CH0:xtdf", "image.cellId").unwrap();
    assert_eq!((counts[0], &counts[1..]), (0, &[128; 480][..]));
    let key = run.key::<u16, Ix2>("FXE_DET_LPD1M-1/DET/8CH0:xtdf", "image.cellId").unwrap();
    assert_eq!(key.drop_empty().train_ids(), &run.train_ids()[1..]);
}

#[test]
fn entries_of_detectors() {
    let Some(run) = run("jungfrau") else { return };
    let source = "SPB_IRDA_JF4M/DET/JNGFR01:daqOutput";
    let key = run.key::<f32, IxDyn>(source, "data.adc").unwrap();
    assert_eq!(key.info().entry_shape, [16, 512, 1024]);
    let one = key.select_trains(0).unwrap();
    let ndim = pasha::map_in(&SerialContext::new(), &one, |_, _, train| train.data.ndim() as u64);
    assert_eq!(ndim.unwrap()[0], 3);
    assert!(run.key::<f32, Ix4>(source, "data.adc").is_ok());
    assert!(run.key::<f32, Ix3>(source, "data.adc").is_ok());
}

#[test]
fn device_names_need_no_three_parts() {
    let Some(run) = run("bad_name") else { return };
    let source = "SPB_IRU_SIDEMIC_CAM:daqOutput";
    let key = run.key::<u64, Ix1>(source, "data.image.dims").unwrap();
    let chosen = key.select_trains(by_id(10_004)).unwrap();
    let dims =
        pasha::map_in(&SerialContext::new(), &chosen, |_, _, train| [train.data[0], train.data[1]]);
    assert_eq!(dims.unwrap()[0], [1000, 1000]);
}

#[test]
fn legacy_sources() {
    let Some(run) = run("modern") else { return };
    let old = run.legacy_sources();
    assert_eq!(old.len(), 16);
    assert_eq!(old[MODULE], "SPB_DET_AGIPD1M-1/CORR/0CH0:output");
    assert_eq!(run.instrument_sources().len(), 32);
    assert_eq!(run.keys(MODULE).unwrap(), run.keys(old[MODULE]).unwrap());
}

#[test]
fn train_timestamps() {
    let Some(run) = run("scs") else { return };
    let stamps: Vec<u64> = run.train_timestamps().into_iter().map(Option::unwrap).collect();
    assert_eq!(stamps.len(), run.train_ids().len());
    // The files of the mock are stamped when they are written: time passes within each of the two.
    assert!(
        stamps.chunks(64).all(|file| file.windows(2).all(|pair| pair[1] - pair[0] == 100_000_000))
    );
    let old = Run::open(examples().unwrap().join("fxe05")).unwrap();
    assert!(old.train_timestamps().iter().all(Option::is_none));
}

#[test]
fn texts_units_and_values_of_the_run() {
    let Some(run) = run("fxe") else { return };
    let flux = "pulseEnergy.photonFlux";
    assert_eq!(run.key_info(XGM, flux).unwrap().element, "f32");
    let name = run.run_value::<String>(XGM, "classId");
    assert!(name.is_ok() || matches!(name, Err(Error::Hdf5(_))));
    let x: f32 = run.run_value(XGM, "beamPosition.ixPos").unwrap();
    assert!(x.is_finite());
    let metadata = Run::open(examples().unwrap().join("spb")).unwrap().metadata().unwrap();
    for key in
        ["creationDate", "runNumber", "proposalNumber", "sequenceNumber", "dataFormatVersion"]
    {
        assert!(metadata.contains_key(key), "{metadata:?}");
    }
    assert_eq!(metadata["dataFormatVersion"], Attribute::Text("1.2".into()));
}

#[test]
fn a_file_without_trains_has_sources_and_keys() {
    let Some(run) = run("no_trains") else { return };
    assert!(run.train_ids().is_empty());
    assert_eq!(run.keys("SA3_XTD10_IMGFEL/CAM/BEAMVIEW2").unwrap().len(), 60);
    let out = pasha::map(
        &run.key::<f32, Ix0>("SA3_XTD10_VAC/TSENS/S30100K", "value").unwrap(),
        |_, _, train| train.id,
    );
    assert_eq!(out.unwrap().len(), 0);
}

#[test]
fn suspect_trains() {
    let Some(folder) = examples() else { return };
    let open =
        |name: &str, include| Run::options().include_suspect(include).open(folder.join(name));
    for (name, suspect, with, without) in
        [("very_high", 10_400, 250, 249), ("low", 9000, 250, 249), ("flag0", 10_030, 486, 485)]
    {
        let (with_it, without_it) = (open(name, true).unwrap(), open(name, false).unwrap());
        assert_eq!(
            (with_it.train_ids().len(), without_it.train_ids().len()),
            (with, without),
            "{name}"
        );
        assert!(
            with_it.train_ids().contains(&suspect) && !without_it.train_ids().contains(&suspect)
        );
        let source = with_it.instrument_sources()[0].to_owned();
        for run in [with_it, without_it] {
            let counts = run.counts(&source, "image.pulseId").unwrap();
            assert_eq!(counts.iter().sum::<usize>(), 64 * run.train_ids().len(), "{name}");
        }
    }
    let run = open("high", false).unwrap();
    assert!(run.train_ids().len() == 485 && run.train_ids().contains(&10_100));
    match open("high", true).unwrap_err() {
        Error::Xfel(pasha::XfelError::TrainConflict {
            train_id: 10_100, first, second, ..
        }) => assert_eq!(first, second),
        other => panic!("{other}"),
    }
}

#[test]
fn folders_that_are_no_runs() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Run::open(folder.path()), Err(Error::Xfel(pasha::XfelError::Run { .. }))));
    assert!(matches!(Run::open(folder.path().join("none")), Err(Error::File { .. })));
    let path = folder.path().join("RAW-R0001-DA01-S00000.h5");
    hdf5_metno::File::create(&path).unwrap();
    let message = Run::open(folder.path()).unwrap_err().to_string();
    assert!(message.contains("INDEX/trainId") && message.contains("RAW-R0001"), "{message}");
    std::fs::write(folder.path().join("b.h5"), "no HDF5 file at all").unwrap();
    std::fs::write(folder.path().join("Overview.h5"), "not looked at").unwrap();
    assert!(matches!(Run::open(folder.path()), Err(Error::Xfel(pasha::XfelError::Run { .. }))));
}
