//! The job file: what of a map into files is done, so that it can be gone on with after the program
//! was killed.
//!
//! It holds a header, which says what job it is, and a bit for each index, set once the slots of
//! that index are written. It is mapped by all workers. Whatever is killed when, a set bit is true:
//! the stores to the slots come before it, and the operating system keeps both. Both header and
//! bits have checksums (`bits.rs` says how those of the bits stay right); a file in which anything
//! was changed at rest is refused.
//!
//! A job is claimed by one program at a time, from the allocation of its first output on
//! ([`claim`]), and its outputs are known by more than their names
//! ([`FileIdentity`](crate::files::FileIdentity)).

mod bits;
mod header;
mod identity;
mod journal;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::files::{ClaimError, ExclusiveUse, FileClaim, FileIdentity, random_mark, reserve};
use crate::memory::{Mapping, MappingId};
use bits::Bits;
pub(crate) use identity::{Identity, KeptOutput};
pub(crate) use journal::Journal;

/// A job file, open, locked and mapped.
#[derive(Debug)]
pub(crate) struct JobFile {
    mapping: Mapping,
    len: usize,
    /// The checksum of the header.
    header: u32,
    path: PathBuf,
    /// Of a job with reductions: the bits when the map began. What is noted since counts only once
    /// the accumulators are saved that have it.
    at_start: Option<Box<[u32]>>,
    /// Whether the job was begun by opening this.
    is_new: bool,
    // Of two maps of one program only one works on a job.
    entered: ExclusiveUse,
}

/// Claims a job for this process, for as long as what comes back or a copy of it lives: its file is
/// made, if it is not there, and locked.
///
/// Outputs are allocated under this claim and keep it, so that a program that has looked whether
/// a job is begun, and replaces or opens its outputs accordingly, is the only one at work on it
/// from then on until it has dropped them.
///
/// # Errors
/// [`Error::Resume`] if another program has it; [`Error::File`] if it can't be opened, created or
/// locked.
pub(crate) fn claim(path: &Path) -> Result<Arc<FileClaim>> {
    FileClaim::together(path).map_err(|taken| match taken {
        ClaimError::Failed(source) => {
            Error::File { action: "open or lock", path: path.to_owned(), source }
        }
        ClaimError::Elsewhere => refused(
            path,
            "another process is at work on this job: wait for it, or end it".to_owned(),
        ),
        here => Error::InUse { path: path.to_owned(), reason: here.reason(true) },
    })
}

/// Whether there is something in a job file.
///
/// # Errors
/// [`Error::Resume`] if it is another file; [`Error::File`] if it can't be read.
pub(crate) fn is_begun(job: &FileClaim) -> Result<bool> {
    let mut start = [0; header::KIND.len()];
    let read = job.file().read_at(&mut start, 0);
    let read =
        read.map_err(|source| Error::File { action: "read", path: job.path().to_owned(), source })?;
    match &start[..read] {
        // The first byte is written last.
        [] | [0, ..] => Ok(false),
        start if start == header::KIND.as_bytes() => Ok(true),
        start => {
            let start = start.escape_ascii();
            let what = format!(
                "it is another file, which begins with \"{start}\" and not with {:?}: give \
                 `resume` a path of its own",
                header::KIND
            );
            Err(refused(job.path(), what))
        }
    }
}

/// The endings of the files that lie beside a job file.
pub(crate) const JOURNAL: &str = ".journal";
pub(crate) const ACCUMULATORS: &str = ".accumulators";
/// Behind the name of a file that takes the place of that one.
pub(crate) const NEW: &str = ".new";

/// Whether a path is that of a job file, or of what lies beside it.
pub(crate) fn are_files_of(job: &Path, path: &Path) -> bool {
    let beside = |ending: &str| {
        let mut beside = job.as_os_str().to_owned();
        beside.push(ending);
        beside
    };
    let accumulators = [ACCUMULATORS, NEW].concat();
    ["", JOURNAL, ACCUMULATORS, &accumulators].iter().any(|ending| beside(ending) == path)
}

/// Writes to the disk that a file is in its folder.
///
/// # Errors
/// [`Error::File`] if the operating system can't.
pub(crate) fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::File {
        action: "sync the folder of",
        path: path.to_owned(),
        source,
    })
}

fn refused(path: &Path, reason: String) -> Error {
    Error::Resume { path: path.to_owned(), reason }
}

impl JobFile {
    /// Opens the file of this job, or begins one.
    ///
    /// # Errors
    /// [`Error::Resume`] if another process or another map is at it, if it is damaged, or of
    /// another job; [`Error::File`] if it can't be opened, created, sized or mapped.
    pub(crate) fn open(path: &Path, job: &Identity) -> Result<JobFile> {
        let failed = |action| move |source| Error::File { action, path: path.to_owned(), source };
        let entered = FileClaim::enter(&claim(path)?).ok_or_else(|| {
            let told = "another map of this program is at work on this job: wait for it";
            refused(path, told.to_owned())
        })?;
        let file = entered.claim().file();
        let bytes = bits::bytes(job.len);
        let is_new = !is_begun(entered.claim())?;
        let (offset, header) = if !is_new {
            let start = begin_of(file).map_err(failed("read"))?;
            let len = file.metadata().map_err(failed("read"))?.len();
            let found = check_header(&start, len, job, path).map_err(|how| refused(path, how))?;
            let mut words = vec![0; bytes];
            file.read_exact_at(&mut words, found.len as u64).map_err(failed("read"))?;
            bits::check(&words, job.len, found.checksum)
                .map_err(|how| refused(path, header::damaged(&how, path)))?;
            (found.len, found.checksum)
        } else {
            let (text, checksum) =
                header::write(job, random_mark()).map_err(|reason| refused(path, reason))?;
            begin(file, &text, job.len, checksum).map_err(failed("write"))?;
            (text.len(), checksum)
        };
        let mapping = Mapping::file(vec![Arc::clone(entered.claim())], path, offset, bytes, 0)?;
        let path = path.to_owned();
        Ok(JobFile { mapping, len: job.len, header, path, at_start: None, is_new, entered })
    }

    /// Takes back that the job was begun, if that was done by opening this: no worker has started,
    /// and another job may have the file.
    pub(crate) fn withdraw(&self) {
        if self.is_new {
            // If that can't be, there is a job of which nothing is done.
            let _ = self.entered.claim().file().write_all_at(&[0], 0);
        }
    }

    fn bits(&self) -> Bits<'_> {
        Bits::of(&self.mapping, self.len, self.header)
    }

    /// The number of indices that are done.
    pub(crate) fn finished(&self) -> usize {
        self.bits().count()
    }

    /// Notes that these indices are done, after their slots are written.
    pub(crate) fn note(&self, indices: Range<usize>) {
        self.bits().set(indices);
    }

    /// The first indices in a row that are not done, or were not when the map began, of a job with
    /// reductions.
    pub(crate) fn next_missing(&self, within: Range<usize>) -> Option<Range<usize>> {
        match &self.at_start {
            None => self.bits().next_clear(within),
            Some(words) => {
                let end = within.end.min(self.len);
                bits::next_clear(within.start..end, |number| words[number])
            }
        }
    }

    /// Whether all of these indices are done.
    pub(crate) fn are_finished(&self, indices: Range<usize>) -> bool {
        self.bits().next_clear(indices).is_none()
    }

    /// Notes that these indices are not done, before any worker has started.
    pub(crate) fn forget(&self, indices: Range<usize>) {
        self.bits().clear(indices);
    }

    /// Keeps to what is noted now: what is noted later is for those who go on with the job.
    pub(crate) fn keep_to_start(&mut self) {
        self.at_start = Some(self.bits().copy());
    }

    /// The checksum of its header, which is the same for the same job.
    pub(crate) fn checksum(&self) -> u32 {
        self.header
    }

    /// The path of a file that belongs to the job: with this ending, beside the job file, or what
    /// that links to.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let mut path = path.into_os_string();
        path.push(ending);
        PathBuf::from(path)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is noted to the disk.
    ///
    /// # Errors
    /// [`Error::File`] if the operating system can't.
    pub(crate) fn sync(&self) -> Result<()> {
        let failed = |source| Error::File { action: "sync", path: self.path.clone(), source };
        self.mapping.flush().map_err(failed)
    }

    /// Writes the file to the disk, and that it is there.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub(crate) fn sync_whole(&self) -> Result<()> {
        let failed = |source| Error::File { action: "sync", path: self.path.clone(), source };
        self.entered.claim().file().sync_all().map_err(failed)?;
        sync_folder_of(&self.path)
    }

    /// Which mapping it lies in.
    pub(crate) fn mapping_id(&self) -> MappingId {
        self.mapping.id()
    }
}

/// Reads and checks the header that a file of `len` bytes begins with.
fn check_header(
    start: &[u8],
    len: u64,
    job: &Identity,
    path: &Path,
) -> std::result::Result<header::JobHeader, String> {
    let found = header::read(start).map_err(|how| header::damaged(&how, path))?;
    header::compare(&found, job, path)?;
    let needed = (found.len + bits::bytes(job.len)) as u64;
    if len != needed {
        return Err(header::damaged(&format!("it has {len} bytes instead of {needed}"), path));
    }
    Ok(found)
}

/// The beginning of a job file, with all of its header.
fn begin_of(mut file: &File) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(header::LONGEST_JOB_HEADER as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// Writes an empty job file. Its first byte comes last, so that a file whose writer was killed is
/// known to hold nothing.
fn begin(file: &File, header: &[u8], len: usize, checksum: u32) -> io::Result<()> {
    file.set_len(0)?;
    let bytes = header.len() + bits::bytes(len);
    // Where that can't be, all of it is written anyhow.
    reserve(file, bytes as u64)?;
    let (first, rest) = header.split_at(1);
    file.write_all_at(&[0], 0)?;
    file.write_all_at(rest, 1)?;
    let mut words: Vec<u8> = Vec::with_capacity(BYTES_AT_A_TIME);
    let mut at = header.len() as u64;
    for byte in bits::none_set(len, checksum) {
        words.push(byte);
        if words.len() == BYTES_AT_A_TIME {
            file.write_all_at(&words, at)?;
            at += BYTES_AT_A_TIME as u64;
            words.clear();
        }
    }
    file.write_all_at(&words, at)?;
    file.write_all_at(first, 0)
}

/// Checks a whole file as [`JobFile::open`] does: for `tests/fuzz`, as what follows.
pub(crate) fn check_bytes(file: &[u8], job: &Identity) -> std::result::Result<(), String> {
    let path = Path::new("job.pasha");
    let found = check_header(file, file.len() as u64, job, path)?;
    bits::check(&file[found.len..], job.len, found.checksum)
        .map_err(|how| header::damaged(&how, path))
}

/// A job.
pub(crate) fn sample() -> Identity {
    let file =
        FileIdentity { path: "out.npy".into(), device: 1, inode: 2, born: Some(12), mark: 0xfe };
    let output = KeptOutput {
        name: "out".into(),
        element: "f32".into(),
        shape: vec![1000, 3],
        file: Some(file),
    };
    Identity { signature: "fn k(value: f64)\n-> f64".into(), len: 1000, outputs: vec![output] }
}

/// The file of that job, with nothing done.
pub(crate) fn sample_bytes() -> Vec<u8> {
    let job = sample();
    let (mut file, checksum) = header::write(&job, 7).unwrap_or_default();
    file.extend(bits::none_set(job.len, checksum));
    file
}

/// Notes the checksum that a header has, where there is one.
pub(crate) fn seal(file: &mut [u8]) {
    header::seal(file);
}

/// The bytes that are written at a time.
const BYTES_AT_A_TIME: usize = 1 << 20;

#[cfg(test)]
mod tests;
