//! What a file was like when it was opened, so that whoever reads it later sees whether it still
//! is.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::open_regular;

/// A file that was opened to be read, and is opened or looked at again by each worker.
///
/// It is known by its number on its device, and its state by its size and the time of its last
/// change. Who writes into a file and sets that time back is not noticed.
#[derive(Clone, Debug)]
pub(crate) struct OpenedFile {
    /// Absolute, so that it stays right when the program changes its folder.
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds since 1970 of the last change.
    changed: (i64, i64),
    /// Whether a program is adding to it, so that it may become longer.
    is_growing: bool,
}

impl OpenedFile {
    /// Notes what a file is like that is open.
    pub(crate) fn new(path: &Path, metadata: &Metadata) -> OpenedFile {
        OpenedFile {
            // It fails for an empty path alone, or where the working folder is gone.
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
            is_growing: false,
        }
    }

    /// Says whether a program is adding to the file.
    #[cfg_attr(not(feature = "hdf5"), allow(dead_code, reason = "other sources build on it"))]
    pub(crate) fn growing(self, is_growing: bool) -> OpenedFile {
        OpenedFile { is_growing, ..self }
    }

    /// Whether a program was adding to the file.
    #[cfg_attr(not(feature = "hdf5"), allow(dead_code, reason = "other sources build on it"))]
    pub(crate) fn is_growing(&self) -> bool {
        self.is_growing
    }

    /// The file's path, absolute.
    #[cfg_attr(not(feature = "hdf5"), allow(dead_code, reason = "other sources build on it"))]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file anew.
    ///
    /// # Errors
    /// If it can't be opened, is another, or was written since, with both states.
    #[cfg_attr(
        not(any(feature = "hdf5", feature = "netcdf", feature = "zarr")),
        allow(dead_code, reason = "other sources build on it")
    )]
    pub(crate) fn reopen(&self) -> Result<File, String> {
        let path = self.path.display();
        let file = open_regular(&self.path, File::options().read(true)).map_err(|error| {
            format!("can't open {path} again, which had {} bytes: {error}", self.size)
        })?;
        let now = file.metadata().map_err(|error| format!("can't look at {path}: {error}"))?;
        match self.is_same_file(&now) && self.is_as_it_was(&now) {
            true => Ok(file),
            false => Err(self.tell(&now)),
        }
    }

    /// Looks whether the file, which is mapped, still is as it was.
    ///
    /// A file that was removed or replaced stays in memory as it was, for whoever has it mapped.
    ///
    /// # Errors
    /// If it was written or truncated, with both states: what is mapped is then no longer what was
    /// checked, or not there at all.
    pub(crate) fn check_mapped(&self) -> Result<(), String> {
        match fs::metadata(&self.path) {
            Ok(now) if self.is_same_file(&now) && !self.is_as_it_was(&now) => Err(self.tell(&now)),
            _ => Ok(()),
        }
    }

    fn is_same_file(&self, now: &Metadata) -> bool {
        (now.dev(), now.ino()) == (self.device, self.inode)
    }

    fn is_as_it_was(&self, now: &Metadata) -> bool {
        let is_unchanged =
            (now.size(), (now.mtime(), now.mtime_nsec())) == (self.size, self.changed);
        is_unchanged || (self.is_growing && now.size() >= self.size)
    }

    /// Says what has changed.
    #[cold]
    fn tell(&self, now: &Metadata) -> String {
        let what = match self.is_same_file(now) {
            true if now.size() < self.size => "truncated",
            true => "written",
            false => "replaced by another file",
        };
        format!(
            "{} was {what} since it was opened: it had {} bytes, last changed at {}, and has {} bytes, last changed at {}; \
             open it again",
            self.path.display(),
            self.size,
            in_words(self.changed),
            now.size(),
            in_words((now.mtime(), now.mtime_nsec()))
        )
    }
}

/// A time in UTC, given in seconds and nanoseconds since 1970.
fn in_words((seconds, nanoseconds): (i64, i64)) -> String {
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin in March, so that the day that some have more is their last. Days are counted
    // from 0000-03-01, in cycles of 400 years.
    let days = days + 719_468;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = cycle * 400 + year + i64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{nanoseconds:09} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_utc() {
        // As GNU's `date -u -d @…` has them.
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_868_799, "2000-02-29 23:59:59"),
            (1_709_164_800, "2024-02-29 00:00:00"),
            (4_107_542_400, "2100-03-01 00:00:00"),
            (1_796_000_000, "2026-11-30 00:53:20"),
            (-1, "1969-12-31 23:59:59"),
            (-2_203_891_200, "1900-03-01 00:00:00"),
        ] {
            assert_eq!(in_words((seconds, 7)), format!("{expected}.000000007 UTC"));
        }
    }

    #[test]
    fn what_was_written_truncated_or_replaced_is_told_with_both_states() {
        let folder = std::env::temp_dir().join(format!("pasha-opened-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file");
        let write = |bytes: usize, seconds: u64| {
            fs::write(&path, vec![1; bytes]).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        write(100, 951_782_399);
        let opened = OpenedFile::new(&path, &fs::metadata(&path).unwrap());
        opened.reopen().unwrap();
        opened.check_mapped().unwrap();
        let refused = |seen: Result<(), String>, told: &[&str]| {
            let error = seen.unwrap_err();
            assert!(told.iter().all(|told| error.contains(told)), "{error}");
        };

        write(100, 951_782_400);
        let told =
            ["file was written since", "it had 100 bytes, last changed at 2000-02-28 23:59:59"];
        let now = "has 100 bytes, last changed at 2000-02-29 00:00:00";
        refused(opened.reopen().map(drop), &[told[0], told[1], now, "open it again"]);
        refused(opened.check_mapped(), &[told[0], told[1], now]);

        write(10, 951_782_399);
        refused(opened.check_mapped(), &["was truncated", "had 100 bytes", "has 10 bytes"]);
        refused(opened.reopen().map(drop), &["was truncated", "had 100 bytes", "has 10 bytes"]);
        // Who adds to a file does no harm where that is known.
        write(101, 951_782_500);
        opened.clone().growing(true).reopen().unwrap();
        opened.clone().growing(true).check_mapped().unwrap();

        // What is mapped stays when another file takes the place.
        let other = folder.join("other");
        fs::write(&other, vec![1; 100]).unwrap();
        fs::rename(&other, &path).unwrap();
        refused(opened.reopen().map(drop), &["was replaced by another file", "had 100 bytes"]);
        opened.check_mapped().unwrap();
        fs::remove_file(&path).unwrap();
        refused(opened.reopen().map(drop), &["can't open", "100 bytes"]);
        opened.check_mapped().unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }
}
