//! A run: opening it, and what it says about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hdf5_metno::File;

use super::Section;
use super::catalogue::Catalogue;
use super::element::{ReadRows, StoredRows};
use super::file::{RunFile, exists};
use super::info::{KeyInfo, element_of};
use super::selection::{Selection, pattern};
use super::values::{self, Attribute};
use super::{Key, KeyElement};
use crate::error::{Error, Result, SourceError};
use crate::hdf5::probe::{probe, probe_each};

/// A run of the European XFEL: the files of a folder as one, or what was selected of it.
///
/// It holds no open files, only what they say about sources, keys and trains; copies are cheap.
#[derive(Clone)]
pub struct Run {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) train_ids: Arc<[u64]>,
    pub(super) selected: Arc<Selection>,
}

/// How a run is opened.
///
/// # Examples
/// ```no_run
/// use pasha::xfel::Run;
///
/// let run = Run::options().include_suspect(false).files("*AGIPD*").open("r0001")?;
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunOptions {
    include_suspect: bool,
    files: Option<String>,
}

/// A file of a run's folder that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl RunOptions {
    /// Whether trains are included whose ids may be wrong, because they are not from the time
    /// server; they are, unless this says otherwise.
    pub fn include_suspect(mut self, include: bool) -> Self {
        self.include_suspect = include;
        self
    }

    /// Opens those files alone whose names match a pattern of the shell.
    pub fn files(mut self, pattern: impl Into<String>) -> Self {
        self.files = Some(pattern.into());
        self
    }

    /// Opens a run: all `.h5` files of a folder but `overview.h5`.
    ///
    /// # Errors
    /// As for [`Run::open`].
    pub fn open(&self, folder: impl AsRef<Path>) -> Result<Run> {
        let folder = folder.as_ref();
        let failed = |source| Error::File { action: "open", path: folder.to_owned(), source };
        let wanted = self.files.as_deref().map(pattern).transpose()?;
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_run_file = name.ends_with(".h5") && !name.eq_ignore_ascii_case("overview.h5");
            if is_run_file && wanted.as_ref().is_none_or(|wanted| wanted.matches(&name)) {
                paths.push(path);
            }
        }
        paths.sort_unstable();
        self.open_all(folder, &paths)
    }

    /// Opens a run that consists of these files, wherever they lie: of several folders, say.
    ///
    /// # Errors
    /// As for [`Run::open`].
    pub fn open_files(&self, files: &[impl AsRef<Path>]) -> Result<Run> {
        let paths: Vec<PathBuf> = files.iter().map(|path| path.as_ref().to_owned()).collect();
        let folder = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new(""));
        self.open_all(folder, &paths)
    }

    fn open_all(&self, folder: &Path, paths: &[PathBuf]) -> Result<Run> {
        let refused = |reason: String| Error::Run { path: folder.to_owned(), reason };
        if paths.is_empty() {
            return Err(refused("there are no .h5 files for it".to_owned()));
        }
        let (mut files, mut skipped) = (Vec::new(), Vec::new());
        // A crash of the library must not be one of the program: all files at once elsewhere first.
        let unsound = probe_each("HDF5", paths, |path| drop(RunFile::read(path)))?;
        let mut unsound = unsound.into_iter().peekable();
        for (number, path) in paths.iter().enumerate() {
            let read = match unsound.next_if(|&(of_number, _)| of_number == number) {
                Some((_, reason)) => Err(reason),
                None => RunFile::read(path).map_err(|error| error.to_string()),
            };
            match read {
                Ok(file) => files.push(file),
                Err(reason) => skipped.push(SkippedFile { path: path.clone(), reason }),
            }
        }
        if files.is_empty() {
            let first = skipped.first().map_or(String::new(), ToString::to_string);
            return Err(refused(format!("none of its files can be used; the first: {first}")));
        }
        let catalogue = Catalogue::new(folder.to_owned(), files, skipped, self.include_suspect)?;
        let train_ids = catalogue.train_ids().into();
        let selected = catalogue.sources.keys().map(|name| (name.clone(), None)).collect();
        Ok(Run { catalogue: Arc::new(catalogue), train_ids, selected: Arc::new(selected) })
    }
}

impl Run {
    /// Opens a run: all `.h5` files of a folder but `overview.h5`, with suspect trains.
    ///
    /// Files that can't be used are left out and listed in [`skipped_files`](Run::skipped_files). Because libhdf5 crashes
    /// on some damaged ones, all are looked at in forked processes first, at the same time.
    ///
    /// # Errors
    /// [`Error::File`] if the folder can't be read; [`Error::Run`] if it has no files, or none that can be
    /// used; [`Error::TrainConflict`] if a source has a train twice.
    pub fn open(folder: impl AsRef<Path>) -> Result<Run> {
        Run::options().open(folder)
    }

    /// Opens a run in another way.
    pub fn options() -> RunOptions {
        RunOptions { include_suspect: true, files: None }
    }

    /// The run's folder.
    pub fn path(&self) -> &Path {
        &self.catalogue.path
    }

    /// The files of the run, in the order of their names.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.catalogue.files.iter().map(|file| file.path.as_path())
    }

    /// The files of the folder that can't be used, and why.
    pub fn skipped_files(&self) -> &[SkippedFile] {
        &self.catalogue.skipped
    }

    /// The version of the file format, of the first file.
    pub fn format(&self) -> &str {
        self.catalogue.files.first().map_or("", |file| &file.format)
    }

    /// The ids of the selected trains, in order.
    pub fn train_ids(&self) -> &[u64] {
        &self.train_ids
    }

    /// When each selected train was, in nanoseconds since 1970; `None` where the files don't say.
    pub fn train_timestamps(&self) -> Vec<Option<u64>> {
        let mut found = BTreeMap::new();
        for file in &self.catalogue.files {
            let Some(timestamps) = &file.timestamps else { continue };
            for (row, id) in file.trains(self.catalogue.include_suspect) {
                found.entry(id).or_insert(timestamps[row]);
            }
        }
        self.train_ids.iter().map(|id| found.get(id).copied().filter(|&time| time > 0)).collect()
    }

    /// The selected control sources, sorted: slow data, one entry for each train.
    pub fn control_sources(&self) -> Vec<&str> {
        self.sources_in(Section::Control)
    }

    /// The selected instrument sources, sorted: fast data, any number of entries for each train. Also under
    /// their [old names](Run::legacy_sources).
    pub fn instrument_sources(&self) -> Vec<&str> {
        self.sources_in(Section::Instrument)
    }

    /// Old names of selected sources, with the names that they have now. They can be used as any.
    pub fn legacy_sources(&self) -> BTreeMap<&str, &str> {
        let sources = self.catalogue.sources.iter();
        sources
            .filter(|(name, _)| self.selected.contains_key(*name))
            .filter_map(|(name, source)| Some((name.as_str(), source.renamed.as_deref()?)))
            .collect()
    }

    fn sources_in(&self, section: Section) -> Vec<&str> {
        let is_in = |name: &&String| {
            let source = self.catalogue.sources.get(*name);
            source.is_some_and(|source| source.section == section)
        };
        self.selected.keys().filter(is_in).map(String::as_str).collect()
    }

    /// The selected keys of a source, sorted.
    ///
    /// # Errors
    /// [`Error::NotInRun`] if there is no such source.
    pub fn keys(&self, source: &str) -> Result<Vec<&str>> {
        let chosen = self.chosen(source)?;
        let keys = self.catalogue.keys(source)?.iter().map(String::as_str);
        Ok(keys.filter(|key| chosen.is_none_or(|chosen| chosen.contains(*key))).collect())
    }

    /// The keys that are chosen of a selected source, if they are not all.
    fn chosen(&self, source: &str) -> Result<Option<&BTreeSet<String>>> {
        let chosen = self.selected.get(source);
        let known = || self.selected.keys().map(String::as_str);
        chosen.map(Option::as_ref).ok_or_else(|| self.catalogue.not_here("source", source, known()))
    }

    /// The name of a key in the files: `x` means `x.value` for a control source.
    pub(super) fn full_key(&self, source: &str, key: &str) -> Result<String> {
        let keys = self.keys(source)?;
        let value = format!("{key}.value");
        if keys.contains(&key) {
            return Ok(key.to_owned());
        }
        let is_control = self.catalogue.source(source)?.section == Section::Control;
        if is_control && keys.contains(&value.as_str()) {
            return Ok(value);
        }
        let what = format!("key in source {source:?} named");
        Err(self.catalogue.not_here(&what, key, keys.into_iter()))
    }

    /// The index group of a key.
    pub(super) fn group_of<'k>(&self, source: &str, key: &'k str) -> &'k str {
        let is_control =
            self.catalogue.sources.get(source).is_some_and(|s| s.section == Section::Control);
        if is_control { "" } else { key.split('.').next().unwrap_or_default() }
    }

    /// What the entries of a key look like.
    ///
    /// # Errors
    /// [`Error::NotInRun`] if there is no such source or key, [`Error::Hdf5`] if its data can't be opened.
    pub fn key_info(&self, source: &str, key: &str) -> Result<KeyInfo> {
        let key = self.full_key(source, key)?;
        let of_run = self.catalogue.source(source)?;
        let group = self.group_of(source, &key).to_owned();
        let section = of_run.section;
        let (element, entry_shape) = self.in_data_set(source, &key, |dataset| {
            let shape = dataset.shape();
            let entry_shape = shape.get(1..).ok_or("it has no axis of entries")?.to_vec();
            Ok((element_of(dataset), entry_shape))
        })?;
        let source = source.to_owned();
        Ok(KeyInfo { source, key, section, group, element, entry_shape })
    }

    /// The data of a key, to be mapped over.
    ///
    /// `D` is the dimension of one entry (`Ix0` for a number, `Ix2` for an image): then each train has one
    /// entry at most. Or it is one more, for all entries of a train along axis 0. With `IxDyn` it is the one for
    /// trains with one entry, the other for those with more.
    ///
    /// # Errors
    /// [`Error::NotInRun`] if there is no such source or key; [`Error::Hdf5`] if its data can't be read as `A`;
    /// [`Error::Key`] if they have another number of axes, or differ from file to file.
    pub fn key<A: KeyElement, D: ndarray::Dimension + 'static>(
        &self,
        source: &str,
        key: &str,
    ) -> Result<Key<A, D>> {
        Key::open(self, source, key)
    }

    /// The number of entries that a key has in each selected train.
    ///
    /// # Errors
    /// [`Error::NotInRun`] if there is no such source or key.
    pub fn counts(&self, source: &str, key: &str) -> Result<Vec<usize>> {
        let key = self.full_key(source, key)?;
        let places = self.catalogue.places(source, self.group_of(source, &key), &self.train_ids);
        Ok(places.into_iter().map(|place| place.count as usize).collect())
    }

    /// The attributes of a key's data; those of a control value are what is known of the property.
    ///
    /// # Errors
    /// [`Error::NotInRun`] if there is no such source or key, [`Error::Hdf5`] if they can't be read.
    pub fn attributes(&self, source: &str, key: &str) -> Result<BTreeMap<String, Attribute>> {
        let key = self.full_key(source, key)?;
        let is_control = self.catalogue.source(source)?.section == Section::Control;
        self.in_data_set(source, &key, |dataset| {
            let mut found = values::attributes(dataset)?;
            if is_control && key.ends_with(".value") {
                let name = dataset.name();
                let parent = name.rsplit_once('/').map_or("/", |(parent, _)| parent);
                found.extend(values::attributes(&*dataset.file()?.group(parent)?)?);
            }
            Ok(found)
        })
    }

    /// The unit of a key's data as a symbol, such as `μJ`.
    ///
    /// # Errors
    /// As for [`attributes`](Run::attributes).
    pub fn units(&self, source: &str, key: &str) -> Result<Option<String>> {
        self.unit_of(source, key, "metricPrefixSymbol", "unitSymbol")
    }

    /// The unit of a key's data by its name, such as `microjoule`.
    ///
    /// # Errors
    /// As for [`attributes`](Run::attributes).
    pub fn units_name(&self, source: &str, key: &str) -> Result<Option<String>> {
        self.unit_of(source, key, "metricPrefixName", "unitName")
    }

    fn unit_of(&self, source: &str, key: &str, prefix: &str, unit: &str) -> Result<Option<String>> {
        let attributes = self.attributes(source, key)?;
        let text = |name: &str| attributes.get(name).and_then(Attribute::as_text);
        // The files write the prefix of microns as a letter.
        let prefix = text(prefix).map_or("", |prefix| if prefix == "u" { "μ" } else { prefix });
        Ok(text(unit).map(|unit| format!("{prefix}{unit}")))
    }

    /// The value of a control source's key at the start of the run.
    ///
    /// # Errors
    /// [`Error::NotInRun`] if there is no such source; [`Error::Hdf5`] if it has no such value of type `A`.
    pub fn run_value<A: KeyElement>(&self, source: &str, key: &str) -> Result<A> {
        self.chosen(source)?;
        let of_run = self.catalogue.source(source)?;
        let file = self.catalogue.model_file(of_run);
        let key = key.strip_suffix(".value").unwrap_or(key);
        let path = format!("RUN/{source}/{}/value", key.replace('.', "/"));
        let open = || A::Rows::open(&file.path, &path);
        let read = |rows: &A::Rows| -> Result<A, SourceError> {
            if rows.shape().first().is_none_or(|&len| len == 0) {
                return Err("it is empty".into());
            }
            rows.reader()?.read(0, 1)?.first().cloned().ok_or_else(|| "it is empty".into())
        };
        let refused = |error: SourceError| Error::Hdf5 {
            path: file.path.clone(),
            dataset: path.clone(),
            reason: error.to_string(),
        };
        probe("HDF5", || open().map(|rows| drop(read(&rows)))).map_err(refused)?;
        read(&open()?).map_err(refused)
    }

    /// What the first file says about the run: number, proposal, dates.
    ///
    /// # Errors
    /// [`Error::Hdf5`] if it can't be read.
    pub fn metadata(&self) -> Result<BTreeMap<String, Attribute>> {
        let Some(first) = self.catalogue.files.first() else { return Ok(BTreeMap::new()) };
        let read = || -> Result<BTreeMap<String, Attribute>, SourceError> {
            let mut found = BTreeMap::new();
            let file = File::open(&first.path)?;
            if exists(&file, "METADATA") {
                for dataset in file.group("METADATA")?.datasets()? {
                    let name = dataset.name();
                    let name = name.rsplit('/').next().unwrap_or_default();
                    if let Some(value) = values::value_of(&dataset)? {
                        found.insert(name.to_owned(), value);
                    }
                }
            }
            Ok(found)
        };
        probe("HDF5", read).and_then(|()| read()).map_err(|error| Error::Hdf5 {
            path: first.path.clone(),
            dataset: "METADATA".to_owned(),
            reason: error.to_string(),
        })
    }

    /// Opens a key's data set for a moment, in the file that says what it looks like.
    fn in_data_set<T>(
        &self,
        source: &str,
        key: &str,
        look: impl Fn(&hdf5_metno::Dataset) -> Result<T, SourceError> + Sync,
    ) -> Result<T> {
        let of_run = self.catalogue.source(source)?;
        let path = &self.catalogue.model_file(of_run).path;
        let name = data_set_of(of_run.section, source, key);
        let read = || -> Result<T, SourceError> { look(&File::open(path)?.dataset(&name)?) };
        probe("HDF5", read).and_then(|()| read()).map_err(|error| Error::Hdf5 {
            path: path.clone(),
            dataset: name.clone(),
            reason: error.to_string(),
        })
    }
}

/// The path of a key's data set in a file.
pub(super) fn data_set_of(section: Section, source: &str, key: &str) -> String {
    format!("{}/{source}/{}", section.group(), key.replace('.', "/"))
}

impl fmt::Display for SkippedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("path", &self.catalogue.path)
            .field("trains", &self.train_ids.len())
            .field("sources", &self.selected.keys())
            .finish()
    }
}
