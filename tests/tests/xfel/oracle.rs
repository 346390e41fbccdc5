//! Every run and variant of the reference data: what EXtra-data says of it, and what we say.

use std::path::{Path, PathBuf};

use ndarray::{Array2, IxDyn};
use pasha::xfel::{KeyElement, Run, Train};
use pasha::{Context, Error};
use pasha_examples::xfel::table::{Bytes, Hit};
use pasha_tests::{for_each_context_of_files, reference_data};
use serde_json::Value;

/// One variant of one run: how it was opened, and what was seen.
pub(crate) struct Oracle {
    pub(crate) name: String,
    pub(crate) seen: Value,
    arrays: PathBuf,
    run: PathBuf,
}

impl Oracle {
    /// All runs and variants; none, with a printed word, where the reference data are not here.
    pub(crate) fn all() -> Vec<Oracle> {
        let Some(folder) = reference_data("xfel") else { return Vec::new() };
        let mut found = Vec::new();
        for run in sorted(&folder.join("oracle")).iter().filter(|path| path.is_dir()) {
            let run_name = run.file_name().unwrap();
            for path in sorted(run).iter().filter(|path| path.extension() == Some("json".as_ref()))
            {
                let seen = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
                found.push(Oracle {
                    name: format!("{run_name:?} {:?}", path.file_stem().unwrap()),
                    seen,
                    arrays: path.with_extension(""),
                    run: folder.join("runs").join(run_name),
                });
            }
        }
        assert!(found.len() >= 20, "{} variants", found.len());
        found
    }

    /// The variants that can be opened, opened.
    pub(crate) fn opened() -> Vec<(Oracle, Run)> {
        let all =
            Oracle::all().into_iter().filter(|oracle| oracle.seen.get("open_error").is_none());
        all.map(|oracle| {
            let run = oracle.open().unwrap();
            (oracle, run)
        })
        .collect()
    }

    pub(crate) fn open(&self) -> pasha::Result<Run> {
        let include = self.seen["variant"]["inc_suspect_trains"].as_bool().unwrap();
        Run::options().include_suspect(include).open(&self.run)
    }

    /// The names of the run and the variant.
    pub(crate) fn run_and_variant(&self) -> (&str, &str) {
        let name = |path: &'static str| self.seen.pointer(path).and_then(Value::as_str).unwrap();
        (name("/run"), name("/variant/name"))
    }

    pub(crate) fn array<A: ndarray_npy::ReadableElement>(&self, name: &str) -> Array2<A> {
        ndarray_npy::read_npy(format!("{}.{name}.npy", self.arrays.display())).unwrap()
    }
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

pub(crate) fn ids(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect()
}

pub(crate) fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// The name that Rust has for an element type of NumPy's.
fn element_of(dtype: &Value) -> String {
    match dtype.as_str() {
        Some("str") => "String".to_owned(),
        Some("|b1") => "bool".to_owned(),
        Some(number) => {
            let kind = &number[1..2];
            format!("{kind}{}", 8 * number[2..].parse::<usize>().unwrap())
        }
        None => {
            let fields = dtype.as_array().unwrap().iter();
            let fields = fields
                .map(|field| format!("{}: {}", field[0].as_str().unwrap(), element_of(&field[1])));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Elements whose bytes and sums are compared.
pub(crate) trait Summed: KeyElement {
    fn hash(&self, hasher: &mut crc32fast::Hasher);
    fn number(&self) -> f64;
}

macro_rules! summed {
    ($($t:ty, $number:expr;)+) => {$(
        impl Summed for $t {
            fn hash(&self, hasher: &mut crc32fast::Hasher) {
                hasher.update(&self.to_le_bytes());
            }

            fn number(&self) -> f64 {
                let convert: fn($t) -> f64 = $number;
                convert(*self)
            }
        }
    )+};
}
summed! {
    u8, f64::from; u16, f64::from; u32, f64::from; u64, |value| value as f64;
    i8, f64::from; i16, f64::from; i32, f64::from; i64, |value| value as f64;
    f32, f64::from; f64, |value| value;
}

impl Summed for bool {
    fn hash(&self, hasher: &mut crc32fast::Hasher) {
        hasher.update(&[u8::from(*self)]);
    }

    fn number(&self) -> f64 {
        f64::from(u8::from(*self))
    }
}

impl Summed for Hit {
    fn hash(&self, hasher: &mut crc32fast::Hasher) {
        self.add_to(hasher);
    }

    fn number(&self) -> f64 {
        f64::NAN
    }
}

impl Summed for String {
    fn hash(&self, hasher: &mut crc32fast::Hasher) {
        hasher.update(self.as_bytes());
        hasher.update(&[0]);
    }

    fn number(&self) -> f64 {
        0.0
    }
}

/// What a kernel has seen of a train.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Seen {
    pub(crate) called: u64,
    pub(crate) id: u64,
    pub(crate) index: u64,
    pub(crate) ndim: i64,
    pub(crate) dim0: i64,
    pub(crate) crc32: u64,
    pub(crate) sum: f64,
}

pub(crate) fn look<A: Summed>(train: &Train<'_, A, IxDyn>) -> Seen {
    let mut hasher = crc32fast::Hasher::new();
    train.data.iter().for_each(|value| value.hash(&mut hasher));
    Seen {
        called: 1,
        id: train.id,
        index: train.index as u64,
        ndim: train.data.ndim() as i64,
        dim0: train.data.shape().first().map_or(-1, |&len| len as i64),
        crc32: u64::from(hasher.finalize()),
        sum: train.data.iter().map(A::number).sum(),
    }
}

/// Maps over one key, as elements of its own type.
pub(crate) fn map_key(
    context: &dyn Context,
    run: &Run,
    source: &str,
    key: &str,
) -> (Vec<Seen>, usize) {
    fn map<A: Summed>(
        context: &dyn Context,
        run: &Run,
        source: &str,
        key: &str,
    ) -> (Vec<Seen>, usize) {
        let key = run.key::<A, IxDyn>(source, key).unwrap();
        let (seen, report) = pasha::map_report_in(context, &key, |_, index, train| {
            assert_eq!(index, train.index);
            look::<A>(&train)
        })
        .unwrap();
        (seen.to_vec(), report.absent)
    }
    let element = run.key_info(source, key).unwrap().element;
    let map = match element.as_str() {
        "u8" => map::<u8>,
        "u16" => map::<u16>,
        "u32" => map::<u32>,
        "u64" => map::<u64>,
        "i8" => map::<i8>,
        "i16" => map::<i16>,
        "i32" => map::<i32>,
        "i64" => map::<i64>,
        "f32" => map::<f32>,
        "f64" => map::<f64>,
        "bool" => map::<bool>,
        "String" => map::<String>,
        "{ x: f64, y: f64, t: f64, m: i32 }" => map::<Hit>,
        other => panic!("{source}, {key}: {other}"),
    };
    map(context, run, source, key)
}

for_each_context_of_files! {
    fn every_key_and_train_is_as_wanted(context: &dyn Context) {
        // All keys on one worker (and, by `table`, on two processes), each third elsewhere.
        let every = if context.num_workers() == 1 { 1 } else { 3 };
        for (oracle, run) in Oracle::opened() {
            let called: Array2<u8> = read_any(&oracle, "dc_called");
            let (crc32, ndim, dim0) =
                (read_i64(&oracle, "dc_crc32"), read_i64(&oracle, "dc_ndim"), read_i64(&oracle, "dc_dim0"));
            let sum: Array2<f64> = oracle.array("dc_sum");
            let keys = oracle.seen["keys"].as_array().unwrap();
            for (row, key) in keys.iter().enumerate().step_by(every) {
                let (source, name) = (key["source"].as_str().unwrap(), key["key"].as_str().unwrap());
                let what = format!("{} {source} {name}", oracle.name);
                let (seen, absent) = map_key(context, &run, source, name);
                assert_eq!(seen.len(), run.train_ids().len(), "{what}");
                let wanted_absent = called.row(row).iter().filter(|&&called| called == 0).count();
                assert_eq!(absent, wanted_absent, "{what}");
                for (index, seen) in seen.iter().enumerate() {
                    let what = format!("{what}, train {index}");
                    assert_eq!(seen.called, u64::from(called[[row, index]]), "{what}");
                    if seen.called == 0 {
                        continue;
                    }
                    assert_eq!((seen.index, seen.id), (index as u64, run.train_ids()[index]), "{what}");
                    let wanted = (ndim[[row, index]], dim0[[row, index]], crc32[[row, index]]);
                    assert_eq!((seen.ndim, seen.dim0, seen.crc32 as i64), wanted, "{what}");
                    let wanted = sum[[row, index]];
                    if !wanted.is_nan() {
                        let off = (seen.sum - wanted).abs();
                        assert!(off <= 1e-12 * wanted.abs().max(1e-300), "{what}: {} {wanted}", seen.sum);
                    }
                }
            }
        }
    }
}

/// Numbers of any width.
fn read_i64(oracle: &Oracle, name: &str) -> Array2<i64> {
    let path = format!("{}.{name}.npy", oracle.arrays.display());
    ndarray_npy::read_npy::<_, Array2<i64>>(&path)
        .or_else(|_| ndarray_npy::read_npy::<_, Array2<u32>>(&path).map(|a| a.mapv(i64::from)))
        .or_else(|_| ndarray_npy::read_npy::<_, Array2<i32>>(&path).map(|a| a.mapv(i64::from)))
        .or_else(|_| ndarray_npy::read_npy::<_, Array2<i8>>(&path).map(|a| a.mapv(i64::from)))
        .or_else(|_| ndarray_npy::read_npy::<_, Array2<u64>>(&path).map(|a| a.mapv(|v| v as i64)))
        .unwrap()
}

/// Flags, however they are stored.
fn read_any(oracle: &Oracle, name: &str) -> Array2<u8> {
    let path = format!("{}.{name}.npy", oracle.arrays.display());
    ndarray_npy::read_npy::<_, Array2<bool>>(&path)
        .map(|a| a.mapv(u8::from))
        .or_else(|_| ndarray_npy::read_npy::<_, Array2<u8>>(&path))
        .or_else(|_| ndarray_npy::read_npy::<_, Array2<i8>>(&path).map(|a| a.mapv(|v| v as u8)))
        .unwrap_or_else(|_| read_i64(oracle, name).mapv(|v| v as u8))
}

#[test]
fn sources_keys_and_their_descriptions() {
    for (oracle, run) in Oracle::opened() {
        let (what, seen) = (&oracle.name, &oracle.seen);
        assert_eq!(run.train_ids(), ids(&seen["train_ids"]), "{what}");
        assert_eq!(run.control_sources(), texts(&seen["control_sources"]), "{what}");
        assert_eq!(run.instrument_sources(), texts(&seen["instrument_sources"]), "{what}");
        let legacy: Vec<_> = run.legacy_sources().into_iter().collect();
        let wanted = seen["legacy_sources"].as_object().unwrap();
        let wanted: Vec<_> =
            wanted.iter().map(|(old, new)| (old.as_str(), new.as_str().unwrap())).collect();
        assert_eq!(legacy, wanted, "{what}");
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let skipped: Vec<_> = run.skipped_files().iter().map(|file| name(&file.path)).collect();
        assert_eq!(skipped, texts(&seen["skipped_files"]), "{what}");
        let files: Vec<_> = run.files().map(name).collect();
        let wanted = seen["files"].as_array().unwrap();
        let wanted: Vec<_> = wanted.iter().map(|file| file["name"].as_str().unwrap()).collect();
        assert_eq!(files, wanted, "{what}");

        let mut keys = Vec::new();
        for source in run.control_sources().iter().chain(&run.instrument_sources()) {
            keys.extend(run.keys(source).unwrap().into_iter().map(|key| (*source, key)));
        }
        let described = seen["keys"].as_array().unwrap();
        let mut wanted: Vec<_> = described
            .iter()
            .map(|key| (key["source"].as_str().unwrap(), key["key"].as_str().unwrap()))
            .collect();
        keys.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(keys, wanted, "{what}");

        let counts = read_i64(&oracle, "counts");
        for (row, key) in described.iter().enumerate() {
            let (source, name) = (key["source"].as_str().unwrap(), key["key"].as_str().unwrap());
            let what = format!("{what} {source} {name}");
            let info = run.key_info(source, name).unwrap();
            assert_eq!(info.group, key["index_group"].as_str().unwrap(), "{what}");
            let entry_shape: Vec<usize> =
                ids(&key["entry_shape"]).into_iter().map(|len| len as usize).collect();
            assert_eq!(info.entry_shape, entry_shape, "{what}");
            let found: Vec<i64> =
                run.counts(source, name).unwrap().into_iter().map(|count| count as i64).collect();
            assert_eq!(found, counts.row(row).to_vec(), "{what}");
            assert_eq!(
                run.units(source, name).unwrap().as_deref(),
                key["units"].as_str(),
                "{what}"
            );
            let units_name = run.units_name(source, name).unwrap();
            assert_eq!(units_name.as_deref(), key["units_name"].as_str(), "{what}");
            assert_eq!(info.element, element_of(&key["dtype"]), "{what}");
        }
    }
}

#[test]
fn a_train_that_comes_twice_is_refused_with_both_files() {
    for oracle in Oracle::all() {
        let Some(_) = oracle.seen.get("open_error") else { continue };
        let error = oracle.open().unwrap_err();
        match &error {
            Error::Xfel(pasha::XfelError::TrainConflict { train_id, first, second, .. }) => {
                let message = error.to_string();
                for told in [
                    train_id.to_string(),
                    first.display().to_string(),
                    second.display().to_string(),
                ] {
                    assert!(message.contains(&told), "{}: {message}", oracle.name);
                }
            }
            other => panic!("{}: {other}", oracle.name),
        }
    }
}
