//! What a run says about itself and its keys: attributes, units, values of the run, metadata.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5_metno::File;

use super::Section;
use super::element::{KeyElement, ReadRows, StoredRows};
use super::links::{exists, names_in};
use super::run::Run;
use super::values::{self, Attribute};
use crate::error::{Error, Hdf5Error, Result, SourceError};
use crate::hdf5::guards::open_dataset;
use crate::hdf5::probe::probe;

impl Run {
    /// The attributes of a key's data; those of a control value are what is known of the property.
    ///
    /// # Errors
    /// [`XfelError::NotInRun`](crate::XfelError::NotInRun) if there is no such source or key,
    /// [`Error::Hdf5`] if they can't be read.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// for (name, value) in run.attributes("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")? {
    ///     println!("{name}: {value:?}");
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
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
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let unit = run.units("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")?;
    /// assert_eq!(unit.as_deref(), Some("μJ"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn units(&self, source: &str, key: &str) -> Result<Option<String>> {
        self.unit_of(source, key, "metricPrefixSymbol", "unitSymbol")
    }

    /// The unit of a key's data by its name, such as `microjoule`.
    ///
    /// # Errors
    /// As for [`attributes`](Run::attributes).
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let unit = run.units_name("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")?;
    /// assert_eq!(unit.as_deref(), Some("microjoule"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
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
    /// [`XfelError::NotInRun`](crate::XfelError::NotInRun) if there is no such source;
    /// [`Error::Hdf5`] if it has no such value of type `A`.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let source = "SA1_XTD2_XGM/XGM/DOOCS";
    /// let wavelength: f32 = run.run_value(source, "pulseEnergy.wavelengthUsed")?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn run_value<A: KeyElement>(&self, source: &str, key: &str) -> Result<A> {
        self.chosen(source)?;
        let of_run = self.catalogue.source(source)?;
        let key = key.strip_suffix(".value").unwrap_or(key);
        let path = format!("RUN/{source}/{}/value", key.replace('.', "/"));
        let read = |rows: &A::Rows| -> Result<A, SourceError> {
            if rows.shape().first().is_none_or(|&len| len == 0) {
                return Err("it is empty".into());
            }
            rows.reader()?.read(0, 1)?.first().cloned().ok_or_else(|| "it is empty".into())
        };
        let read_in = |file: &Path| -> Result<A> {
            let open = || A::Rows::open(file, &path);
            let refused = |error: SourceError| {
                Error::Hdf5(Hdf5Error {
                    path: file.to_owned(),
                    dataset: path.clone(),
                    reason: error.to_string(),
                })
            };
            let look = || match open() {
                Ok(rows) => read(&rows).map(drop).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            probe("HDF5", look).map_err(refused)?;
            read(&open()?).map_err(refused)
        };
        // The value is the same in all files, of which some may lack it.
        let mut files = self.catalogue.model_files(of_run, &self.train_ids).into_iter();
        let first = files.next().map_or(self.path(), |file| &file.path);
        read_in(first).or_else(|error| files.find_map(|file| read_in(&file.path).ok()).ok_or(error))
    }

    /// What the first file that can be read says about the run: number, proposal, dates.
    ///
    /// Values that can't be read are left out.
    ///
    /// # Errors
    /// [`Error::Hdf5`] if it can be read in no file.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let about = run.metadata()?;
    /// println!("run {:?} of proposal {:?}", about.get("runNumber"), about.get("proposalNumber"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn metadata(&self) -> Result<BTreeMap<String, Attribute>> {
        let mut failed = None;
        for path in self.files() {
            match metadata_in(path) {
                Ok(found) => return Ok(found),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(BTreeMap::new()), Err)
    }
}

/// What a file says about the run.
fn metadata_in(path: &Path) -> Result<BTreeMap<String, Attribute>> {
    let read = || -> Result<BTreeMap<String, Attribute>, SourceError> {
        let mut found = BTreeMap::new();
        let file = File::open(path)?;
        if exists(&file, "METADATA")? {
            let group = file.group("METADATA")?;
            for name in names_in(&group)? {
                let dataset = open_dataset(&group, &name);
                if let Ok(Some(value)) = dataset.map(|it| values::value_of(&it)).unwrap_or(Ok(None))
                {
                    found.insert(name, value);
                }
            }
        }
        Ok(found)
    };
    probe("HDF5", read).and_then(|()| read()).map_err(|error| {
        Error::Hdf5(Hdf5Error {
            path: path.to_owned(),
            dataset: "METADATA".to_owned(),
            reason: error.to_string(),
        })
    })
}
