//! Outputs that lie in `.npy` files: made anew, or opened to be gone on with.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ndarray_npy::WriteNpyError;
use nix::sys::resource::{Resource, getrlimit};
use rustix::fs::{FallocateFlags, MemfdFlags};

use crate::array::Order;
use crate::error::{Error, Result};
use crate::memory::Mapping;

/// Writes the header of a `.npy` file, and makes the file as long as it must be.
pub(super) type WriteHeader = fn(&File, &[usize]) -> std::result::Result<(), WriteNpyError>;

/// A file for an output.
pub(super) struct NpyOutput<'p> {
    pub(super) path: &'p Path,
    pub(super) write: WriteHeader,
    pub(super) order: Order,
    /// Bytes of the elements.
    pub(super) bytes: usize,
}

impl NpyOutput<'_> {
    /// Creates the file, of zeros, reserves its space and maps its elements. A file that was
    /// there is replaced; whoever has that open keeps it as it was.
    pub(super) fn create(&self, shape: &[usize]) -> Result<Mapping> {
        let header = self.header(shape)?;
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(self.path).unwrap_or_else(|_| self.path.to_owned());
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(self.failed("replace")(error)),
        }
        let mut file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(self.failed("create"))?;
        let mapping = self.fill_new(&mut file, &header);
        if mapping.is_err() {
            // Half a file is of no use to anybody; the error says why it could not be made.
            let _ = fs::remove_file(&path);
        }
        mapping
    }

    fn fill_new(&self, file: &mut File, header: &[u8]) -> Result<Mapping> {
        file.write_all(header).map_err(self.failed("write the header of"))?;
        reserve(file, header.len(), self.bytes)
            .map_err(self.failed("reserve space on the disk for"))?;
        Mapping::file(file, self.path, header.len(), self.bytes)
    }

    /// Opens the file of the job to be resumed, and maps its elements as they are.
    pub(super) fn open(&self, shape: &[usize], job: &Path) -> Result<Mapping> {
        let refused = |what: String| Error::Resume {
            path: job.to_owned(),
            reason: format!(
                "its output {} {what}; put back what belongs to the job, or delete {} to begin anew",
                self.path.display(),
                job.display()
            ),
        };
        let mut file = match File::options().read(true).write(true).open(self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(refused("is not there".to_owned()));
            }
            Err(error) => return Err(self.failed("open")(error)),
        };
        let needed = self.header(shape)?;
        let mut found = Vec::with_capacity(needed.len());
        (&mut file)
            .take(needed.len() as u64)
            .read_to_end(&mut found)
            .map_err(self.failed("read the header of"))?;
        if found != needed {
            let (found, needed) = (describe(&found), describe(&needed));
            return Err(refused(format!("holds {found}, but this run writes {needed}")));
        }
        let len = file.metadata().map_err(self.failed("open"))?.len();
        let needed_len = (needed.len() + self.bytes) as u64;
        if len != needed_len {
            return Err(refused(format!("has {len} bytes, but this run writes {needed_len}")));
        }
        reserve(&mut file, needed.len(), self.bytes)
            .map_err(self.failed("reserve space on the disk for"))?;
        Mapping::file(&file, self.path, needed.len(), self.bytes)
    }

    /// The header that the file has: what ndarray-npy writes.
    fn header(&self, shape: &[usize]) -> Result<Vec<u8>> {
        within_limit(self.bytes).map_err(self.failed("reserve space on the disk for"))?;
        self.make_header(shape).map_err(self.failed("write the header of"))
    }

    fn make_header(&self, shape: &[usize]) -> io::Result<Vec<u8>> {
        // It writes to files alone: this one is in memory, and its elements are never touched.
        let mut file = File::from(rustix::fs::memfd_create("header.npy", MemfdFlags::CLOEXEC)?);
        (self.write)(&file, shape).map_err(|error| match error {
            WriteNpyError::Io(error) => error,
            other => io::Error::other(other.to_string()),
        })?;
        let mut header = vec![0; file.stream_position()? as usize];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut header)?;
        if self.order == Order::F {
            declare_fortran_order(&mut header)?;
        }
        Ok(header)
    }

    fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> Error {
        let path = self.path.to_owned();
        move |source| Error::File { action, path: path.clone(), source }
    }
}

/// Sets the `fortran_order` flag in the header of a `.npy` file, which is Python text of fixed
/// length (NumPy's format specification, NEP 1).
fn declare_fortran_order(header: &mut [u8]) -> io::Result<()> {
    const NO: &[u8] = b"'fortran_order': False";
    const YES: &[u8] = b"'fortran_order': True ";
    let at = header
        .windows(NO.len())
        .position(|window| window == NO)
        .ok_or_else(|| io::Error::other("the header has no fortran_order"))?;
    header[at..at + YES.len()].copy_from_slice(YES);
    Ok(())
}

/// The text in a header: type, order and shape, as NumPy writes them.
fn describe(header: &[u8]) -> String {
    // Behind the magic text, the version, and the length of two bytes.
    let text = header.strip_prefix(b"\x93NUMPY").and_then(|rest| rest.get(4..));
    match text {
        Some(text) => format!("`{}`", String::from_utf8_lossy(text).trim()),
        None => "no NumPy array".to_owned(),
    }
}

/// Checks that a file of this many bytes, and a header, may be made: beyond the limit of this
/// process the operating system would answer by a signal that ends the program.
fn within_limit(bytes: usize) -> io::Result<()> {
    const HEADER: u64 = 4096;
    let (most, _) = getrlimit(Resource::RLIMIT_FSIZE).map_err(io::Error::from)?;
    if (bytes as u64).saturating_add(HEADER) > most {
        return Err(rustix::io::Errno::FBIG.into());
    }
    Ok(())
}

/// Reserves a file's space, so that a full disk is an error now and not a SIGBUS later.
fn reserve(file: &mut File, offset: usize, bytes: usize) -> io::Result<()> {
    let len = (offset + bytes) as u64;
    match rustix::io::retry_on_intr(|| {
        rustix::fs::fallocate(&*file, FallocateFlags::empty(), 0, len)
    }) {
        Ok(()) => Ok(()),
        // File systems that can't reserve still store zeros. What is there already stays.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            let present = file.metadata()?.len();
            file.seek(SeekFrom::Start(present))?;
            io::copy(&mut io::repeat(0).take(len.saturating_sub(present)), file).map(|_| ())
        }
        Err(errno) => Err(errno.into()),
    }
}
