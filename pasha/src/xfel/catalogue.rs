//! All files of a run as one: which source lies in which files, which train in which row.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use hdf5_metno::File;

use super::Section;
use super::file::RunFile;
use super::links::{exists, keys_below};
use super::skipped::SkippedFile;
use crate::error::{Error, Result, SourceError, XfelError};
use crate::hdf5::probe::probe;
use crate::nearest::nearest;

/// What is known of a run, whatever is selected of it.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) path: PathBuf,
    pub(super) files: Vec<RunFile>,
    pub(super) skipped: Vec<SkippedFile>,
    pub(super) sources: BTreeMap<String, CatalogueSource>,
    pub(super) include_suspect: bool,
}

/// A source, in all files together.
#[derive(Debug)]
pub(super) struct CatalogueSource {
    pub(super) section: Section,
    /// The source that this is an old name of.
    pub(super) renamed: Option<String>,
    /// The files that have it, in order; never empty.
    pub(super) files: Vec<usize>,
}

/// Where the entries of a train lie; nowhere, if there are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TrainEntries {
    pub(super) file: u32,
    pub(super) first: u64,
    pub(super) count: u64,
}

impl Catalogue {
    /// Unites the files of a run.
    pub(super) fn new(
        path: PathBuf,
        files: Vec<RunFile>,
        skipped: Vec<SkippedFile>,
        include_suspect: bool,
    ) -> Result<Catalogue> {
        let mut sources: BTreeMap<String, CatalogueSource> = BTreeMap::new();
        for (number, file) in files.iter().enumerate() {
            for (name, of_file) in &file.sources {
                let source = sources.entry(name.clone()).or_insert_with(|| CatalogueSource {
                    section: of_file.section,
                    renamed: None,
                    files: Vec::new(),
                });
                source.files.push(number);
                if source.renamed.is_none() {
                    source.renamed.clone_from(&of_file.renamed);
                }
            }
        }
        let catalogue = Catalogue { path, files, skipped, sources, include_suspect };
        catalogue.check_conflicts()?;
        Ok(catalogue)
    }

    /// The ids of all trains, in order.
    pub(super) fn train_ids(&self) -> Vec<u64> {
        let trains = self.files.iter().flat_map(|file| file.trains(self.include_suspect));
        trains.map(|(_, id)| id).collect::<BTreeSet<u64>>().into_iter().collect()
    }

    /// Refuses a run in which a source has a train twice.
    fn check_conflicts(&self) -> Result<()> {
        let mut checked: BTreeSet<&[usize]> = BTreeSet::new();
        for (name, source) in &self.sources {
            if !checked.insert(&source.files) {
                continue;
            }
            let mut owner: HashMap<u64, (usize, usize)> = HashMap::new();
            for &number in &source.files {
                for (row, train_id) in self.files[number].trains(self.include_suspect) {
                    if let Some((first, first_row)) = owner.insert(train_id, (number, row)) {
                        return Err(Error::Xfel(XfelError::TrainConflict {
                            source_name: name.clone(),
                            train_id,
                            first: self.files[first].path.clone(),
                            second: self.files[number].path.clone(),
                            rows: (first_row, row),
                        }));
                    }
                }
            }
        }
        Ok(())
    }

    /// The source of this name.
    pub(super) fn source(&self, name: &str) -> Result<&CatalogueSource> {
        self.sources
            .get(name)
            .ok_or_else(|| self.not_here("source", name, self.sources.keys().map(String::as_str)))
    }

    /// The error for a name that is not in the run, with those that look like it.
    pub(super) fn not_here<'n>(
        &self,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str>,
    ) -> Error {
        let advice = format!("; {}", nearest(name, known));
        let (what, name) = (what.to_owned(), name.to_owned());
        Error::Xfel(XfelError::NotInRun { path: self.path.clone(), what, name, advice })
    }

    /// The keys of a source, sorted, from the first file that has some of these trains and can be
    /// read.
    pub(super) fn keys(&self, name: &str, train_ids: &[u64]) -> Result<&[String]> {
        let mut failed = None;
        for file in self.model_files(self.source(name)?, train_ids) {
            match self.keys_in(file, name) {
                Ok(keys) => return Ok(keys),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(&[]), Err)
    }

    /// The keys of a source in one file, sorted.
    pub(super) fn keys_in<'c>(&self, file: &'c RunFile, name: &str) -> Result<&'c [String]> {
        let Some(of_file) = file.sources.get(name) else { return Ok(&[]) };
        if let Some(keys) = of_file.keys.get() {
            return Ok(keys);
        }
        let keys = probe("HDF5", || read_keys(file, of_file.section, name))
            .and_then(|()| read_keys(file, of_file.section, name))
            .map_err(|error| {
                Error::Xfel(XfelError::Run {
                    path: file.path.clone(),
                    reason: format!("the keys of source {name} can't be read: {error}"),
                })
            })?;
        Ok(of_file.keys.get_or_init(|| keys))
    }

    /// The files that say what the data of a source look like: those with some of these trains,
    /// which are in order. Without any, the first that has trains at all, or else the first.
    pub(super) fn model_files(&self, source: &CatalogueSource, train_ids: &[u64]) -> Vec<&RunFile> {
        let files = || source.files.iter().map(|&number| &self.files[number]);
        let chosen: Vec<&RunFile> =
            files().filter(|file| file.has_any(train_ids, self.include_suspect)).collect();
        if !chosen.is_empty() {
            return chosen;
        }
        let with_trains = files().find(|file| !file.train_ids.is_empty());
        with_trains.or(files().next()).into_iter().collect()
    }

    /// The first of those files.
    pub(super) fn model_file(&self, source: &CatalogueSource, train_ids: &[u64]) -> &RunFile {
        self.model_files(source, train_ids).first().unwrap_or(&&self.files[source.files[0]])
    }

    /// Refuses a source whose entries in these trains, which are in order, can't be found in this
    /// group.
    pub(super) fn check_sound(&self, name: &str, group: &str, train_ids: &[u64]) -> Result<()> {
        for file in self.source(name)?.files.iter().map(|&number| &self.files[number]) {
            let of_file = file.sources.get(name);
            let fault =
                of_file.and_then(|it| it.fault.as_ref().or_else(|| it.group_faults.get(group)));
            let Some(fault) = fault else { continue };
            if let Some((first, last)) = file.ends(train_ids, self.include_suspect) {
                return Err(Error::Xfel(XfelError::Run {
                    path: file.path.clone(),
                    reason: format!(
                        "source {name} can't be used in it: {fault}; it has trains {first} to {last}: select others"
                    ),
                }));
            }
        }
        Ok(())
    }

    /// Where the entries of an index group lie for each of these trains, which are in order.
    pub(super) fn places(&self, source: &str, group: &str, train_ids: &[u64]) -> Vec<TrainEntries> {
        let mut places = vec![TrainEntries::default(); train_ids.len()];
        for &number in self.sources.get(source).map_or(&[][..], |source| &source.files) {
            let file = &self.files[number];
            let of_file = file.sources.get(source);
            let Some(index) = of_file.and_then(|source| source.groups.get(group)) else { continue };
            for (row, id) in file.trains(self.include_suspect) {
                if let Ok(position) = train_ids.binary_search(&id) {
                    let (first, count) = index.entries(row);
                    places[position] = TrainEntries { file: number as u32, first, count };
                }
            }
        }
        places
    }

    /// The names of a source's index groups.
    pub(super) fn groups(&self, source: &str) -> BTreeSet<&str> {
        let files = self.sources.get(source).map_or(&[][..], |source| &source.files);
        let of_files = files.iter().filter_map(|&number| self.files[number].sources.get(source));
        let names =
            of_files.flat_map(|of_file| of_file.groups.keys().chain(of_file.group_faults.keys()));
        names.map(String::as_str).collect()
    }
}

fn read_keys(file: &RunFile, section: Section, name: &str) -> Result<Vec<String>, SourceError> {
    let file = File::open(&file.path)?;
    let path = format!("{}/{name}", section.group());
    if !exists(&file, &path)? {
        return Ok(Vec::new());
    }
    let mut keys = keys_below(&file.group(&path)?)?;
    keys.sort_unstable();
    Ok(keys)
}
