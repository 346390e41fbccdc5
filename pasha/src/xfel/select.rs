//! Selections: a run with fewer sources, keys or trains.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Section;
use super::run::Run;
use super::selection::{Selection, pattern, unite};
use super::trains::Trains;
use crate::error::Result;

impl Run {
    /// The same run with the sources and keys that match these patterns alone.
    ///
    /// Patterns are those of the shell: `*`, `?`, `[abc]`; upper and lower case differ. A pattern
    /// for keys of control sources means their values: `beamPosition.*Pos` finds
    /// `beamPosition.ixPos.value`. The trains stay the same; see [`require_all`](Run::require_all).
    ///
    /// # Errors
    /// [`XfelError::NotInRun`](crate::XfelError::NotInRun) if nothing matches.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let run = run.select("*/CAM/*", "data.image.*")?;
    /// assert!(run.control_sources().is_empty());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn select(&self, sources: &str, keys: &str) -> Result<Run> {
        self.select_each(&[(sources, keys)])
    }

    /// The same run with what matches any of several pairs of patterns, for sources and for keys.
    ///
    /// # Errors
    /// [`XfelError::NotInRun`](crate::XfelError::NotInRun) if one of the pairs matches nothing.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let run = run.select_each(&[("*/CAM/*", "data.image.*"), ("*/XGM/*", "pulseEnergy.*")])?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn select_each(&self, patterns: &[(&str, &str)]) -> Result<Run> {
        let mut selected = Selection::new();
        for (sources, keys) in patterns {
            let found = matching(self, sources, keys)?;
            unite(&mut selected, found);
        }
        Ok(self.with(selected))
    }

    /// The same run without the sources and keys that match these patterns.
    ///
    /// # Errors
    /// [`XfelError::NotInRun`](crate::XfelError::NotInRun) if nothing matches.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let run = run.deselect("*/CAM/*", "*")?; // without cameras
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn deselect(&self, sources: &str, keys: &str) -> Result<Run> {
        let unwanted = matching(self, sources, keys)?;
        let mut selected = (*self.selected).clone();
        for (name, unwanted) in unwanted {
            let Some(chosen) = selected.get_mut(&name) else { continue };
            let mut left = BTreeSet::new();
            if keys != "*"
                && let Some(unwanted) = unwanted
            {
                left = match chosen.take() {
                    Some(chosen) => chosen,
                    None => self.catalogue.keys(&name, &self.train_ids)?.iter().cloned().collect(),
                };
                left.retain(|key| !unwanted.contains(key));
            }
            if left.is_empty() {
                selected.remove(&name);
            } else {
                *chosen = Some(left);
            }
        }
        Ok(self.with(selected))
    }

    /// The same run with some of its trains: by position, by id, by step; see [`Trains`].
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if there is no train at a position.
    ///
    /// # Examples
    /// ```no_run
    /// use pasha::xfel::{Run, Trains, by_id};
    ///
    /// let run = Run::open("r0001")?;
    /// let first = run.select_trains(..100)?;
    /// let last = run.select_trains(-100..)?;
    /// let every_tenth = run.select_trains(Trains::from(..).step(10))?;
    /// let named = run.select_trains(by_id(10_000..10_100))?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn select_trains(&self, trains: impl Into<Trains>) -> Result<Run> {
        Ok(self.with_trains(trains.into().of(&self.train_ids)?))
    }

    /// The run cut into parts of nearly equally many neighbouring trains.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// for part in run.split_trains(4) {
    ///     println!("from train {:?} on", part.train_ids().first());
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn split_trains(&self, parts: usize) -> Vec<Run> {
        let ranges = crate::job::share::split(self.train_ids.len(), parts);
        ranges
            .filter(|range| !range.is_empty())
            .map(|range| self.with_trains(self.train_ids[range].to_vec()))
            .collect()
    }

    /// The same run with the trains alone for which everything that is selected has data.
    ///
    /// What can't be used, see [`skipped_files`](Run::skipped_files), has none.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let run = run.select_each(&[("*/CAM/*", "data.image.*"), ("*/XGM/*", "*")])?.require_all();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn require_all(&self) -> Run {
        self.require(|has, of| has == of)
    }

    /// The same run with the trains alone for which something that is selected has data.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let run = run.select("*/CAM/*", "data.image.*")?.require_any();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn require_any(&self) -> Run {
        self.require(|has, _| has > 0)
    }

    /// Keeps the trains for which enough of the selected index groups have data.
    fn require(&self, enough: impl Fn(usize, usize) -> bool) -> Run {
        let mut with_data = vec![0; self.train_ids.len()];
        let mut groups = 0;
        for (source, keys) in self.selected.iter() {
            let of_keys: BTreeSet<&str> = match keys {
                None => self.catalogue.groups(source),
                Some(keys) => keys.iter().map(|key| self.group_of(source, key)).collect(),
            };
            // A source that is in no index has no data at all.
            groups += of_keys.len().max(1);
            for group in of_keys {
                let places = self.catalogue.places(source, group, &self.train_ids);
                for (number, place) in with_data.iter_mut().zip(places) {
                    *number += usize::from(place.count > 0);
                }
            }
        }
        let trains = self.train_ids.iter().zip(with_data);
        self.with_trains(
            trains.filter(|&(_, has)| enough(has, groups)).map(|(&id, _)| id).collect(),
        )
    }

    fn with(&self, selected: Selection) -> Run {
        Run { selected: Arc::new(selected), ..self.clone() }
    }

    fn with_trains(&self, train_ids: Vec<u64>) -> Run {
        Run { train_ids: train_ids.into(), ..self.clone() }
    }
}

/// What is selected of a run and matches a pattern of sources and one of keys.
fn matching(run: &Run, sources: &str, keys: &str) -> Result<Selection> {
    let (catalogue, selected) = (&run.catalogue, &run.selected);
    let source_pattern = pattern(sources)?;
    let mut found = Selection::new();
    for (name, chosen) in selected.iter().filter(|(name, _)| source_pattern.matches(name)) {
        if keys == "*" {
            found.insert(name.clone(), chosen.clone());
            continue;
        }
        let of_source = catalogue.source(name)?;
        let is_value = of_source.section == Section::Control && !keys.ends_with(['*']);
        let key_pattern = match is_value && !keys.ends_with(".value") {
            true => pattern(&format!("{keys}.value"))?,
            false => pattern(keys)?,
        };
        let is_chosen = |key: &&String| chosen.as_ref().is_none_or(|keys| keys.contains(*key));
        let matching: BTreeSet<String> = catalogue
            .keys(name, &run.train_ids)?
            .iter()
            .filter(is_chosen)
            .filter(|key| key_pattern.matches(key))
            .cloned()
            .collect();
        if !matching.is_empty() {
            found.insert(name.clone(), Some(matching));
        }
    }
    if found.is_empty() {
        let name = format!("{sources}, {keys}");
        let sources = selected.keys().map(String::as_str);
        return Err(catalogue.not_here("source and key for the pattern", &name, sources));
    }
    Ok(found)
}
