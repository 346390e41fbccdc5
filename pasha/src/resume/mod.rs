//! The job file: what of a map into files is done, so that it can be gone on with after the program
//! was killed.
//!
//! It holds a header, which says what job it is, and a bit for each index, set once the slots of
//! that index are written. It is mapped by all workers. Whatever is killed when, a set bit is true:
//! the stores to the slots come before it, and the operating system keeps both.

mod bits;
mod header;

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::FallocateFlags;

use crate::error::{Error, Result};
use crate::memory::{FileIdentity, Mapping};
use bits::Bits;

/// What a job is: it is the same if all of this is.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The kernel's signature.
    pub(crate) signature: String,
    /// Number of items.
    pub(crate) len: usize,
    /// Where the outputs lie.
    pub(crate) outputs: Vec<OutputFile>,
}

/// An output that lies in a file.
#[derive(Clone, Debug)]
pub struct OutputFile {
    pub(crate) name: String,
    /// The name of the elements' type.
    pub(crate) element: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) file: FileIdentity,
}

/// A job file, open, locked and mapped.
#[derive(Debug)]
pub(crate) struct JobFile {
    mapping: Mapping,
    len: usize,
    // Holds the lock for as long as it is open, here and in forked workers, which end with this
    // process.
    _locked: File,
}

/// The workers of a program that was killed end a moment after it; until then they hold the lock.
const MOMENT: Duration = Duration::from_secs(2);

/// Whether there is a job file with something in it.
///
/// # Errors
/// [`Error::File`] if it can't be read.
pub(crate) fn is_begun(path: &Path) -> Result<bool> {
    let failed = |source| Error::File { action: "open", path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    let mut first = [0];
    // The first byte is written last.
    Ok(file.read_at(&mut first, 0).map_err(failed)? == 1 && first != [0])
}

impl JobFile {
    /// Opens the file of this job, or begins one.
    ///
    /// # Errors
    /// [`Error::Resume`] if another process is at it, if it is damaged, or of another job;
    /// [`Error::File`] if it can't be opened, created, sized or mapped.
    pub(crate) fn open(path: &Path, job: &Identity) -> Result<JobFile> {
        let failed = |action| move |source| Error::File { action, path: path.to_owned(), source };
        let refused = |reason| Error::Resume { path: path.to_owned(), reason };
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed("open"))?;
        lock(&file).map_err(|error| match error {
            TryLockError::WouldBlock => {
                refused("another process is at work on this job: wait for it, or end it".to_owned())
            }
            TryLockError::Error(error) => failed("lock")(error),
        })?;
        let header = header::write(job);
        let bytes = Bits::bytes(job.len);
        if is_begun(path)? {
            let found = header::read(&file).map_err(failed("read"))?;
            header::compare(&found, &header, path).map_err(refused)?;
            let len = file.metadata().map_err(failed("read"))?.len();
            let needed = (header.len() + bytes) as u64;
            if len != needed {
                return Err(refused(header::damaged(
                    &format!("it has {len} bytes instead of {needed}"),
                    path,
                )));
            }
        } else {
            begin(&file, &header, bytes).map_err(failed("write"))?;
        }
        let mapping = Mapping::file(&file, path, header.len(), bytes)?;
        Ok(JobFile { mapping, len: job.len, _locked: file })
    }

    fn bits(&self) -> Bits<'_> {
        Bits::of(&self.mapping, self.len)
    }

    /// The number of indices that are done.
    pub(crate) fn finished(&self) -> usize {
        self.bits().count()
    }

    /// Notes that these indices are done, after their slots are written.
    pub(crate) fn note(&self, indices: Range<usize>) {
        self.bits().set(indices);
    }

    /// The first indices in a row that are not done.
    pub(crate) fn next_missing(&self, within: Range<usize>) -> Option<Range<usize>> {
        self.bits().next_clear(within)
    }

    /// Where its mapping starts.
    pub(crate) fn start(&self) -> usize {
        self.mapping.start().as_ptr() as usize
    }
}

/// Locks the file for this process, waiting a moment for one that is ending.
fn lock(file: &File) -> std::result::Result<(), TryLockError> {
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if since.elapsed() < MOMENT => {
                std::thread::sleep(Duration::from_millis(5));
            }
            locked => return locked,
        }
    }
}

/// Writes an empty job file. Its first byte comes last, so that a file whose writer was killed is
/// known to hold nothing.
fn begin(mut file: &File, header: &[u8], bytes: usize) -> io::Result<()> {
    file.set_len(0)?;
    let len = header.len() + bytes;
    match rustix::io::retry_on_intr(|| {
        rustix::fs::fallocate(file, FallocateFlags::empty(), 0, len as u64)
    }) {
        Ok(()) => {}
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            file.write_all(&vec![0; len])?;
        }
        Err(errno) => return Err(errno.into()),
    }
    let (first, rest) = header.split_at(1);
    file.write_all_at(rest, 1)?;
    file.write_all_at(first, 0)
}

#[cfg(test)]
mod tests;
