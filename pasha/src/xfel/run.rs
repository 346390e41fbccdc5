//! A run, and what it says about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use hdf5_metno::File;

use super::Section;
use super::catalogue::Catalogue;
use super::file::RunFile;
use super::info::{KeyInfo, element_of};
use super::selection::Selection;
use super::skipped::SkippedFile;
use crate::error::{Error, Hdf5Error, Result, SourceError, XfelError};
use crate::hdf5::guards::{check_links, open_dataset};
use crate::hdf5::probe::probe;

/// A run of the European XFEL: the files of a folder as one, or what was selected of it.
///
/// It holds no open files, only what they say about sources, keys and trains; copies are cheap.
///
/// # Examples
/// ```no_run
/// use pasha::xfel::Run;
///
/// let run = Run::open("/gpfs/exfel/exp/FXE/202201/p002862/raw/r0001")?;
/// println!("{} trains of {:?}", run.train_ids().len(), run.instrument_sources());
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone)]
pub struct Run {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) train_ids: Arc<[u64]>,
    pub(super) selected: Arc<Selection>,
}

impl Run {
    /// The run's folder.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// println!("{}", run.path().display());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn path(&self) -> &Path {
        &self.catalogue.path
    }

    /// The files of the run, in the order of their names.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// for file in run.files() {
    ///     println!("{}", file.display());
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.catalogue.files.iter().map(|file| file.path.as_path())
    }

    /// The files of the folder that can't be used, and why; and what can't be used of those that
    /// can: sources without a sound index, which are an error when their trains in that file are
    /// asked for.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// for skipped in run.skipped_files() {
    ///     eprintln!("{skipped}");
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn skipped_files(&self) -> &[SkippedFile] {
        &self.catalogue.skipped
    }

    /// The version of the file format, of the first file.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// assert_eq!(run.format(), "1.3");
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn format(&self) -> &str {
        self.catalogue.files.first().map_or("", |file| &file.format)
    }

    /// The ids of the selected trains, in order.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// println!("{:?} to {:?}", run.train_ids().first(), run.train_ids().last());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn train_ids(&self) -> &[u64] {
        &self.train_ids
    }

    /// When each selected train was, in nanoseconds since 1970; `None` where the files don't say.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// for (id, time) in run.train_ids().iter().zip(run.train_timestamps()) {
    ///     println!("train {id} at {time:?} ns");
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
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
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// assert!(run.control_sources().contains(&"SA1_XTD2_XGM/XGM/DOOCS"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn control_sources(&self) -> Vec<&str> {
        self.sources_in(Section::Control)
    }

    /// The selected instrument sources, sorted: fast data, any number of entries for each train.
    /// Also under their [old names](Run::legacy_sources).
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// assert!(run.instrument_sources().contains(&"FXE_XAD_GEC/CAM/CAMERA:daqOutput"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn instrument_sources(&self) -> Vec<&str> {
        self.sources_in(Section::Instrument)
    }

    /// Old names of selected sources, with the names that they have now. They can be used as any.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// for (old, new) in run.legacy_sources() {
    ///     println!("{old} is {new} now");
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
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
    /// [`XfelError::NotInRun`](crate::XfelError::NotInRun) if there is no such source.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// assert!(run.keys("FXE_XAD_GEC/CAM/CAMERA:daqOutput")?.contains(&"data.image.pixels"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn keys(&self, source: &str) -> Result<Vec<&str>> {
        let chosen = self.chosen(source)?;
        let keys = self.catalogue.keys(source, &self.train_ids)?.iter().map(String::as_str);
        Ok(keys.filter(|key| chosen.is_none_or(|chosen| chosen.contains(*key))).collect())
    }

    /// The keys that are chosen of a selected source, if they are not all.
    pub(super) fn chosen(&self, source: &str) -> Result<Option<&BTreeSet<String>>> {
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
        // A file before, in which the source has not all its keys, does not keep from those in
        // others.
        let of_source = self.catalogue.source(source)?;
        let chosen = self.chosen(source)?;
        for file in self.catalogue.model_files(of_source, &self.train_ids) {
            let Ok(of_file) = self.catalogue.keys_in(file, source) else { continue };
            for name in [key, if is_control { value.as_str() } else { key }] {
                let is_chosen = chosen.is_none_or(|chosen| chosen.contains(name));
                if is_chosen && of_file.iter().any(|of_file| of_file == name) {
                    return Ok(name.to_owned());
                }
            }
        }
        // The keys are what lies in the files themselves; one that should lie in another is told.
        for file in self.catalogue.model_files(of_source, &self.train_ids) {
            let place = data_set_of(of_source.section, source, key);
            let look = || -> Result<(), SourceError> {
                check_links(&File::open(&file.path)?, &place)?;
                Ok(())
            };
            if let Err(reason) = probe("HDF5", look).and_then(|()| look()) {
                let reason = format!("source {source} has no key {key}: {reason}");
                return Err(Error::Xfel(XfelError::Run { path: file.path.clone(), reason }));
            }
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
    /// [`XfelError::NotInRun`](crate::XfelError::NotInRun) if there is no such source or key,
    /// [`Error::Hdf5`] if its data can't be opened.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let info = run.key_info("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// println!("{:?} of {}", info.entry_shape, info.element); // [1024, 1024] of u16
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn key_info(&self, source: &str, key: &str) -> Result<KeyInfo> {
        let key = self.full_key(source, key)?;
        let of_run = self.catalogue.source(source)?;
        let group = self.group_of(source, &key).to_owned();
        let section = of_run.section;
        let (element, entry_shape) = self.in_data_set(source, &key, |dataset| {
            let shape = dataset.shape();
            let mut entry_shape = shape.get(1..).ok_or("it has no axis of entries")?.to_vec();
            let (element, of_element) = element_of(dataset);
            entry_shape.extend(of_element);
            Ok((element, entry_shape))
        })?;
        let source = source.to_owned();
        Ok(KeyInfo { source, key, section, group, element, entry_shape })
    }

    /// The number of entries that a key has in each selected train.
    ///
    /// # Errors
    /// [`XfelError::NotInRun`](crate::XfelError::NotInRun) if there is no such source or key;
    /// [`XfelError::Run`](crate::XfelError::Run) if a file says nothing sound of it.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let counts = run.counts("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// let missed = counts.iter().filter(|&&count| count == 0).count();
    /// println!("{missed} trains without an image");
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn counts(&self, source: &str, key: &str) -> Result<Vec<usize>> {
        let key = self.full_key(source, key)?;
        self.catalogue.check_sound(source, self.group_of(source, &key), &self.train_ids)?;
        let places = self.catalogue.places(source, self.group_of(source, &key), &self.train_ids);
        Ok(places.into_iter().map(|place| place.count as usize).collect())
    }

    /// The file that says what a key's entries look like: the first with some in the selected
    /// trains, or else of its source.
    fn file_of(&self, source: &str, key: &str) -> Result<&RunFile> {
        let of_run = self.catalogue.source(source)?;
        let places = self.catalogue.places(source, self.group_of(source, key), &self.train_ids);
        let with_data = places.iter().find(|place| place.count > 0);
        if let Some(place) = with_data {
            return Ok(&self.catalogue.files[place.file as usize]);
        }
        let files = self.catalogue.model_files(of_run, &self.train_ids);
        let has_key = |file: &&&RunFile| {
            let keys = self.catalogue.keys_in(file, source);
            keys.is_ok_and(|keys| keys.iter().any(|of_file| of_file == key))
        };
        Ok(files
            .iter()
            .find(has_key)
            .copied()
            .unwrap_or(self.catalogue.model_file(of_run, &self.train_ids)))
    }

    /// Opens a key's data set for a moment, in the file that says what it looks like.
    pub(super) fn in_data_set<T>(
        &self,
        source: &str,
        key: &str,
        look: impl Fn(&hdf5_metno::Dataset) -> Result<T, SourceError> + Sync,
    ) -> Result<T> {
        let of_run = self.catalogue.source(source)?;
        let path = &self.file_of(source, key)?.path;
        let name = data_set_of(of_run.section, source, key);
        let read =
            || -> Result<T, SourceError> { look(&open_dataset(&*File::open(path)?, &name)?) };
        probe("HDF5", read).and_then(|()| read()).map_err(|error| {
            Error::Hdf5(Hdf5Error {
                path: path.clone(),
                dataset: name.clone(),
                reason: error.to_string(),
            })
        })
    }
}

/// The path of a key's data set in a file.
pub(super) fn data_set_of(section: Section, source: &str, key: &str) -> String {
    format!("{}/{source}/{}", section.group(), key.replace('.', "/"))
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
