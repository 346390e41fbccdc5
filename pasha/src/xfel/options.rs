//! How a run is opened, and which of its files are used.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::file::RunFile;
use super::run::Run;
use super::selection::pattern;
use super::skipped::SkippedFile;
use crate::error::{Error, Result, XfelError};
use crate::hdf5::probe::probe_each;

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

impl Run {
    /// Opens a run: all `.h5` files of a folder but `overview.h5`, with suspect trains.
    ///
    /// Files that can't be used are left out and listed in [`skipped_files`](Run::skipped_files).
    /// Because libhdf5 crashes on some damaged ones, all are looked at in forked processes first,
    /// at the same time.
    ///
    /// # Errors
    /// [`Error::File`] if the folder can't be read; [`XfelError::Run`] if it has no files, or none
    /// that can be used; [`XfelError::TrainConflict`] if a source has a train twice.
    ///
    /// # Examples
    /// ```no_run
    /// use pasha::xfel::Run;
    ///
    /// let run = Run::open("/gpfs/exfel/exp/FXE/202201/p002862/raw/r0001")?;
    /// for skipped in run.skipped_files() {
    ///     eprintln!("{skipped}");
    /// }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn open(folder: impl AsRef<Path>) -> Result<Run> {
        Run::options().open(folder)
    }

    /// Opens a run in another way.
    ///
    /// # Examples
    /// ```no_run
    /// use pasha::xfel::Run;
    ///
    /// let run = Run::options().include_suspect(false).files("*-DA01-*.h5").open("r0001")?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn options() -> RunOptions {
        RunOptions { include_suspect: true, files: None }
    }
}

impl RunOptions {
    /// Whether trains are included whose ids may be wrong, because they are not from the time
    /// server; they are, unless this says otherwise.
    ///
    /// # Examples
    /// ```no_run
    /// use pasha::xfel::Run;
    ///
    /// let run = Run::options().include_suspect(false).open("r0001")?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn include_suspect(mut self, include: bool) -> Self {
        self.include_suspect = include;
        self
    }

    /// Opens those files alone whose names match a pattern of the shell.
    ///
    /// # Examples
    /// ```no_run
    /// use pasha::xfel::Run;
    ///
    /// let run = Run::options().files("*-AGIPD*.h5").open("r0001")?; // the modules alone
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn files(mut self, pattern: impl Into<String>) -> Self {
        self.files = Some(pattern.into());
        self
    }

    /// Opens a run: all `.h5` files of a folder but `overview.h5`.
    ///
    /// # Errors
    /// As for [`Run::open`].
    ///
    /// # Examples
    /// ```no_run
    /// use pasha::xfel::Run;
    ///
    /// let run = Run::options().files("*-DA*.h5").open("r0001")?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
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
    ///
    /// # Examples
    /// ```no_run
    /// use pasha::xfel::Run;
    ///
    /// // Raw data of one aggregator beside what was calculated of it.
    /// let run = Run::options().open_files(&[
    ///     "raw/r0001/RAW-R0001-DA01-S00000.h5",
    ///     "proc/r0001/CORR-R0001-DA01-S00000.h5",
    /// ])?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn open_files(&self, files: &[impl AsRef<Path>]) -> Result<Run> {
        let paths: Vec<PathBuf> = files.iter().map(|path| path.as_ref().to_owned()).collect();
        let folder = paths.first().and_then(|path| path.parent());
        let folder = folder.filter(|path| *path != Path::new("")).unwrap_or(Path::new("."));
        self.open_all(folder, &paths)
    }

    fn open_all(&self, folder: &Path, paths: &[PathBuf]) -> Result<Run> {
        let refused =
            |reason: String| Error::Xfel(XfelError::Run { path: folder.to_owned(), reason });
        if paths.is_empty() {
            return Err(refused("there are no .h5 files for it".to_owned()));
        }
        let (mut files, mut skipped) = (Vec::new(), Vec::new());
        // A crash of the library must not be one of the program: all files at once elsewhere first.
        let unsound = probe_each("HDF5", paths, |path| {
            drop(RunFile::read(path, self.include_suspect));
        })?;
        let mut unsound = unsound.into_iter().peekable();
        for (number, path) in paths.iter().enumerate() {
            let read = match unsound.next_if(|&(of_number, _)| of_number == number) {
                Some((_, reason)) => Err(reason),
                None => {
                    RunFile::read(path, self.include_suspect).map_err(|error| error.to_string())
                }
            };
            let mut skip = |is_whole, reason| {
                skipped.push(SkippedFile { path: path.clone(), is_whole, reason });
            };
            match read {
                Ok(file) => {
                    file.faults.iter().for_each(|fault| skip(false, fault.clone()));
                    for (name, source) in &file.sources {
                        for fault in source.fault.iter().chain(source.group_faults.values()) {
                            skip(false, format!("source {name}: {fault}"));
                        }
                    }
                    files.push(file);
                }
                Err(reason) => skip(true, reason),
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
