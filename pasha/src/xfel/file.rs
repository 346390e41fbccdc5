//! One file of a run: its trains, its sources, and where each train's entries lie.
//!
//! Everything is read into plain memory; no handle is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hdf5_metno::{File, LocationType};

use super::index::{IndexGroup, cut, guess_valid};
use super::links::{exists, is_soft_link, names_in};
use super::values;
use crate::error::SourceError;
use crate::files::open_regular;
use crate::hdf5::explain_opening;
use crate::hdf5::guards::check_links;

/// Where the data of a source come from: what is set and read back, or what is measured.
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// use pasha::xfel::Section;
///
/// let info = run.key_info("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
/// assert_eq!(info.section, Section::Instrument);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `CONTROL`: slow data, one entry for each train.
    Control,
    /// `INSTRUMENT`: fast data, any number of entries for each train.
    Instrument,
}

impl Section {
    /// The name of the section's group in a file.
    pub(super) fn group(self) -> &'static str {
        match self {
            Section::Control => "CONTROL",
            Section::Instrument => "INSTRUMENT",
        }
    }
}

/// What one file has of a source.
#[derive(Debug)]
pub(super) struct SourceInFile {
    pub(super) section: Section,
    /// The source that this is an old name of.
    pub(super) renamed: Option<String>,
    /// By their names; those of `CONTROL` have one, without a name.
    pub(super) groups: BTreeMap<String, IndexGroup>,
    /// Why its entries can't be found here, if they can't.
    pub(super) fault: Option<String>,
    /// Why those of a group can't, by its name; others can.
    pub(super) group_faults: BTreeMap<String, String>,
    /// Read when they are first asked for: a run has many.
    pub(super) keys: OnceLock<Vec<String>>,
}

/// One file of a run.
#[derive(Debug)]
pub(super) struct RunFile {
    pub(super) path: PathBuf,
    pub(super) format: String,
    pub(super) train_ids: Vec<u64>,
    /// Whether each train's id came from the time server.
    pub(super) is_valid: Vec<bool>,
    /// Nanoseconds since 1970, from format 1.0 on.
    pub(super) timestamps: Option<Vec<u64>>,
    pub(super) sources: BTreeMap<String, SourceInFile>,
    /// What else of it can't be used, and why.
    pub(super) faults: Vec<String>,
}

impl RunFile {
    /// Reads what a file says about itself.
    ///
    /// What can't be read of one source is noted with it, and does not keep from the others.
    pub(super) fn read(path: &Path, include_suspect: bool) -> Result<RunFile, SourceError> {
        // The library would wait for somebody at the other end of a FIFO.
        open_regular(path, fs::File::options().read(true))?;
        let file = File::open(path).map_err(|error| explain_opening(path, &error))?;
        let padded = values::counts(&file, "INDEX/trainId")?;
        let train_ids: Vec<u64> = padded.into_iter().filter(|&id| id != 0).collect();
        let format = values::texts(&file, "METADATA/dataFormatVersion")?
            .and_then(|texts| texts.into_iter().next())
            .unwrap_or_else(|| "0.5".to_owned());
        let mut faults = Vec::new();
        let is_valid = match read_flags(&file, &format, &train_ids) {
            Ok(flags) => flags,
            // Which trains are suspect does not matter if all are wanted.
            Err(error) if include_suspect => {
                faults.push(error.to_string());
                vec![true; train_ids.len()]
            }
            Err(error) => return Err(error),
        };
        let timestamps = match file.link_exists("INDEX/timestamp") {
            true => values::counts(&file, "INDEX/timestamp")
                .and_then(|times| cut("INDEX/timestamp", times, train_ids.len()))
                .map_err(|error| faults.push(error.to_string()))
                .ok(),
            false => None,
        };
        let sources = read_sources(&file, &format, train_ids.len(), &mut faults)?;
        let path = path.to_owned();
        Ok(RunFile { path, format, train_ids, is_valid, timestamps, sources, faults })
    }

    /// The rows of trains that count, with their ids.
    pub(super) fn trains(&self, include_suspect: bool) -> impl Iterator<Item = (usize, u64)> {
        let valid = self.is_valid.iter();
        let trains = self.train_ids.iter().zip(valid).enumerate();
        trains
            .filter(move |&(_, (_, &is_valid))| include_suspect || is_valid)
            .map(|(row, (&id, _))| (row, id))
    }

    /// Whether any of these trains, which are in order, is in the file and counts.
    pub(super) fn has_any(&self, train_ids: &[u64], include_suspect: bool) -> bool {
        self.trains(include_suspect).any(|(_, id)| train_ids.binary_search(&id).is_ok())
    }

    /// The first and the last of these trains, which are in order, that the file has.
    pub(super) fn ends(&self, train_ids: &[u64], include_suspect: bool) -> Option<(u64, u64)> {
        let trains = self.trains(include_suspect).map(|(_, id)| id);
        let here = trains.filter(|id| train_ids.binary_search(id).is_ok());
        here.fold(None, |ends: Option<(u64, u64)>, id| {
            let (first, last) = ends.unwrap_or((id, id));
            Some((first.min(id), last.max(id)))
        })
    }
}

/// Which trains are not suspect.
fn read_flags(file: &File, format: &str, train_ids: &[u64]) -> Result<Vec<bool>, SourceError> {
    if !file.link_exists("INDEX/flag") {
        return Ok(guess_valid(train_ids));
    }
    let flags: Vec<i32> = cut("INDEX/flag", values::numbers(file, "INDEX/flag")?, train_ids.len())?;
    // In format 1.1 the flag is the number of the server: 0 is the time server.
    let good_is_zero = format == "1.1";
    Ok(flags.into_iter().map(|flag| (flag != 0) != good_is_zero).collect())
}

fn read_sources(
    file: &File,
    format: &str,
    len: usize,
    faults: &mut Vec<String>,
) -> Result<BTreeMap<String, SourceInFile>, SourceError> {
    let place = match format {
        "0.5" => "METADATA/dataSourceId",
        _ => "METADATA/dataSources/dataSourceId",
    };
    let ids = values::texts(file, place)?.ok_or_else(|| format!("it has no {place}"))?;
    let mut sources = BTreeMap::new();
    for id in ids.iter().filter(|id| !id.is_empty()) {
        let (category, name) = id.split_once('/').unwrap_or((id, ""));
        let (section, name) = match category {
            "CONTROL" => (Section::Control, name),
            // One line for each index group: device:channel/group.
            "INSTRUMENT" => (Section::Instrument, source_of(name)),
            // A source of format 1.1 that exists in name alone.
            "Karabo_TimerServer" => continue,
            other => {
                faults.push(format!("source {id} is of an unknown kind, {other:?}"));
                continue;
            }
        };
        if !sources.contains_key(name) {
            let mut group_faults = BTreeMap::new();
            let (groups, fault) = match read_groups(file, section, name, len, &mut group_faults) {
                Ok(groups) => (groups, None),
                Err(error) => (BTreeMap::new(), Some(error.to_string())),
            };
            let (renamed, keys) = (None, OnceLock::new());
            let source = SourceInFile { section, renamed, groups, fault, group_faults, keys };
            sources.insert(name.to_owned(), source);
        }
    }
    note_old_names(file, &mut sources);
    Ok(sources)
}

/// `device:channel` of `device:channel/group`.
fn source_of(name: &str) -> &str {
    let colon = name.find(':').map_or(0, |colon| colon + 1);
    name[colon..].find('/').map_or(name, |slash| &name[..colon + slash])
}

fn read_groups(
    file: &File,
    section: Section,
    name: &str,
    len: usize,
    faults: &mut BTreeMap<String, String>,
) -> Result<BTreeMap<String, IndexGroup>, SourceError> {
    let mut groups = BTreeMap::new();
    let place = format!("INDEX/{name}");
    if !exists(file, &place)? {
        // A source may be in RUN alone; if it has data here, something is wrong with the file.
        let data = format!("{}/{name}", section.group());
        let has_data = exists(file, &data)? && !file.group(&data)?.is_empty();
        return match has_data && len > 0 {
            true => Err(format!("it has data but no index ({place})").into()),
            false => Ok(groups),
        };
    }
    let index = file.group(&place)?;
    match section {
        Section::Control => {
            groups.insert(String::new(), IndexGroup::read(&index, len)?);
        }
        Section::Instrument => {
            for group in names_in(&index)? {
                match read_group(file, &format!("{place}/{group}"), len) {
                    Ok(Some(index)) => drop(groups.insert(group, index)),
                    Ok(None) => {}
                    Err(error) => {
                        drop(faults.insert(group.clone(), format!("group {group}: {error}")))
                    }
                }
            }
        }
    }
    Ok(groups)
}

/// An index group; `None` if it is something else than a group.
fn read_group(file: &File, path: &str, len: usize) -> Result<Option<IndexGroup>, SourceError> {
    check_links(file, path)?;
    match file.loc_type_by_name(path)? {
        LocationType::Group => IndexGroup::read(&file.group(path)?, len).map(Some),
        _ => Ok(None),
    }
}

/// Finds the sources that are soft links to others: their old names.
fn note_old_names(file: &File, sources: &mut BTreeMap<String, SourceInFile>) {
    let mut places = Vec::new();
    let mut links = BTreeSet::new();
    for (name, source) in sources.iter() {
        if source.section != Section::Instrument {
            continue;
        }
        let path = format!("INSTRUMENT/{name}");
        if check_links(file, &path).is_err() {
            continue;
        }
        if is_soft_link(file, &path) {
            links.insert(name.clone());
        }
        if let Ok(info) = file.loc_info_by_name(&path) {
            places.push((name.clone(), info.token));
        }
    }
    for link in links {
        let token = places.iter().find(|(name, _)| *name == link).map(|&(_, token)| token);
        let target = places.iter().find(|&(name, at)| Some(*at) == token && *name != link);
        if let (Some((target, _)), Some(source)) = (target, sources.get_mut(&link)) {
            source.renamed = Some(target.clone());
        }
    }
}
