//! Files: how they are opened, which one it was, and where files lie that others name.

use std::path::{Path, PathBuf};

use hdf5_metno::{File, OpenMode};

use crate::files::other_than_regular;

/// A path that stays right when the program changes its folder.
pub(super) fn absolute(path: &Path) -> PathBuf {
    // It fails for an empty path alone, or where the working folder is gone.
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Opens a file to be read, and says whether it is open for writing elsewhere (SWMR, "single
/// writer, multiple readers").
pub(super) fn open(path: &Path) -> hdf5_metno::Result<(File, bool)> {
    match File::open(path) {
        Err(error) if error.to_string().contains("already open for write") => {
            // Without SWMR libhdf5 refuses this, too, and the first error says why.
            let growing = File::open_as(path, OpenMode::ReadSWMR);
            growing.map(|file| (file, true)).map_err(|_| error)
        }
        opened => opened.map(|file| (file, false)),
    }
}

/// Files, or data sets in others, that a worker keeps open at most, unless one item needs more.
pub(super) const MOST_OPEN_FILES: usize = 64;

/// A file that another names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    /// Whether it was found in the working folder alone.
    pub(super) by_working_folder: bool,
}

/// Finds a file that `parent` names, where libhdf5 looks for it: in the folders of an environment
/// variable, beside the parent, in the working folder, and beside the file that the parent is a
/// symbolic link to.
///
/// # Errors
/// Where something else lies in its place, or else where it was looked for first, beside the
/// parent.
pub(super) fn named_by(parent: &Path, name: &str, variable: &str) -> Result<Named, PathBuf> {
    let mut other = None;
    let mut found = |path: PathBuf, by_working_folder| {
        if path.is_file() {
            return Some(Named { path: absolute(&path), by_working_folder });
        }
        other = other.take().or_else(|| path.exists().then_some(path));
        None
    };
    let mut name = Path::new(name);
    if name.is_absolute() {
        match found(name.to_owned(), false) {
            Some(named) => return Ok(named),
            None => name = name.file_name().map_or(name, Path::new),
        }
    }
    let folder = parent.parent().unwrap_or(Path::new("/"));
    let prefixes = std::env::var(variable).unwrap_or_default();
    let of_variable = prefixes.split(':').filter(|prefix| !prefix.is_empty()).map(|prefix| {
        let rest = prefix.strip_prefix("${ORIGIN}").map(|rest| rest.trim_start_matches('/'));
        rest.map_or_else(|| PathBuf::from(prefix), |rest| folder.join(rest))
    });
    let beside = folder.join(name);
    let resolved = parent.canonicalize().ok();
    let of_resolved = resolved.as_deref().and_then(Path::parent);
    of_variable
        .map(|prefix| prefix.join(name))
        .find_map(|path| found(path, false))
        .or_else(|| found(beside.clone(), false))
        .or_else(|| found(name.to_owned(), true))
        .or_else(|| found(of_resolved?.join(name), false))
        .ok_or_else(|| other.unwrap_or(beside))
}

/// Why a file can't be opened.
pub(crate) fn explain_opening(path: &Path, error: &hdf5_metno::Error) -> String {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() == 0 => {
            "it is empty (0 bytes), and so no HDF5 file: what should have written it has not begun, or was stopped; write or \
             copy it again"
                .to_owned()
        }
        _ => explain(error),
    }
}

/// What lies where a file should be: nothing, or something else.
pub(super) fn what_is_at(path: &Path) -> String {
    let at = path.display();
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            format!("{at} is a directory, not a file; name the file in it")
        }
        Ok(metadata) => {
            let what = other_than_regular(metadata.file_type()).unwrap_or("a file");
            format!("{at} is {what}, not a regular file")
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("{at} does not exist")
        }
        Err(error) => format!("{at} can't be looked at: {error}"),
    }
}

/// What libhdf5 said, and the way out where there is one.
pub(super) fn explain(error: &hdf5_metno::Error) -> String {
    let said = error.to_string();
    let (major, minor, patch) = hdf5_metno::library_version();
    if said.contains("truncated file") {
        format!("the file is truncated or not yet written to its end; copy it again ({said})")
    } else if said.contains("file signature not found") {
        format!("it is no HDF5 file ({said})")
    } else if said.contains("already open for write") {
        format!(
            "a program is writing to it, or ended without closing it, and not in SWMR mode, in which it could be read \
             meanwhile; close it there, or, if nobody writes to it, run \"h5clear -s\" on it ({said})"
        )
    } else if ["superblock version", "version number", "bad version"]
        .iter()
        .any(|words| said.contains(words))
    {
        format!(
            "this libhdf5, {major}.{minor}.{patch}, does not know its version of the format, or it is damaged; \
             write it with libver bounds of this version, or use a newer library ({said})"
        )
    } else if said.contains("required filter") {
        format!(
            "a part of it has passed a filter whose plugin is not there: install Python's package hdf5plugin and set \
             HDF5_PLUGIN_PATH to hdf5plugin.PLUGIN_PATH before the program starts ({said})"
        )
    } else if said.contains("unable to lock file") {
        format!(
            "another program has it open for writing, or workers that this program forked while it was open have it still; \
             close it there, let the map of these workers end, or set HDF5_USE_FILE_LOCKING=FALSE ({said})"
        )
    } else {
        format!("libhdf5 says: {said}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_of_a_newer_library_is_told() {
        for said in [
            "bad superblock version number",
            "bad version number for layout message",
            "bad version # of encoded VDS heap information, expected 0, got 1",
        ] {
            let text = explain(&said.into());
            assert!(text.contains("use a newer library") && text.contains(said), "{text}");
        }
    }
}
