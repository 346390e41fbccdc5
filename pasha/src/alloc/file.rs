//! Outputs that lie in `.npy` files: made anew, or opened to be gone on with.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::resource::{Resource, getrlimit};

use crate::array::Order;
use crate::error::{Error, Result};
use crate::files::{
    ClaimError, FileClaim, check_replaceable, in_turn, open_regular, random_mark, reserve, target,
};
use crate::memory::Mapping;
use crate::npy::{self, Header, NpyElement};

/// How elements lie in a file.
#[derive(Debug, Clone)]
pub(super) struct ElementInFile {
    /// Their type, as NumPy names it.
    descr: String,
    /// Its name in Rust.
    name: &'static str,
    /// Finds the first byte that is no element, where not all bytes are.
    first_invalid: fn(&[u8]) -> Option<usize>,
}

impl ElementInFile {
    pub(super) fn of<A: NpyElement>() -> ElementInFile {
        let (descr, name) = (npy::descr_of::<A>(), std::any::type_name::<A>());
        ElementInFile { descr, name, first_invalid: A::first_invalid }
    }

    /// Numbers that count elements, as the offsets of ragged arrays are.
    pub(super) fn of_usize() -> ElementInFile {
        let same = match usize::BITS {
            32 => ElementInFile::of::<u32>(),
            _ => ElementInFile::of::<u64>(),
        };
        ElementInFile { name: "usize", ..same }
    }
}

/// A file for an output.
pub(super) struct NpyOutput<'p> {
    pub(super) path: &'p Path,
    pub(super) stored: &'p ElementInFile,
    pub(super) order: Order,
    pub(super) shape: &'p [usize],
    /// Bytes of the elements.
    pub(super) bytes: usize,
    /// The claim to the file of the job that it belongs to.
    pub(super) job: Option<Arc<FileClaim>>,
}

impl NpyOutput<'_> {
    /// Creates the file, of zeros, reserves its space and maps its elements. A file that was
    /// there is replaced; whoever has that open keeps it as it was.
    pub(super) fn create(&self) -> Result<Mapping> {
        within_limit(self.bytes).map_err(self.failed("reserve space on the disk for"))?;
        // A link stays one: what it leads to is replaced, or made.
        let path = target(self.path).map_err(self.failed("create"))?;
        // Nobody else replaces the file between the look at it and the lock on the new one.
        let claim = in_turn(folder_of(&path), || self.replace(&path))?;
        // Another file in the place of a job's output is known by its time of birth, or, where the
        // file system does not tell that, by a mark. Elsewhere there is none: the same map makes
        // the same bytes.
        let is_told = claim.identity(0).is_ok_and(|identity| identity.born.is_some());
        let mark = if self.job.is_none() || is_told { 0 } else { random_mark() };
        let mut header = self.header(mark);
        let text = npy::write(&mut header);
        let made = claim
            .file()
            .write_all_at(&text, 0)
            .map_err(self.failed("write the header of"))
            .and_then(|()| {
                reserve_or_fill(claim.file(), text.len(), self.bytes)
                    .map_err(self.failed("reserve space on the disk for"))
            })
            .and_then(|()| self.map(claim, &header));
        if made.is_err() {
            // Half a file is of no use to anybody; the error says why it could not be made.
            let _ = fs::remove_file(&path);
        }
        made
    }

    /// Replaces what lies at the path by an empty file.
    fn replace(&self, path: &Path) -> Result<FileClaim> {
        check_replaceable(path).map_err(|taken| self.taken("replace", taken))?;
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(self.failed("replace")(error)),
        }
        let file = open_regular(path, File::options().read(true).write(true).create_new(true))
            .map_err(self.failed("create"))?;
        FileClaim::writing(file, self.path).map_err(|taken| self.taken("create", taken))
    }

    /// Opens the file of the job to be resumed, and maps its elements as they are.
    pub(super) fn open(&self, job: &Path) -> Result<Mapping> {
        let refused = |what: String| Error::Resume {
            path: job.to_owned(),
            reason: format!(
                "its output {} {what}; put back what belongs to the job, or delete {} to begin anew",
                self.path.display(),
                job.display()
            ),
        };
        let file = match open_regular(self.path, File::options().read(true).write(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(refused("is not there".to_owned()));
            }
            Err(error) => return Err(self.failed("open")(error)),
        };
        let claim =
            FileClaim::writing(file, self.path).map_err(|taken| self.taken("open", taken))?;
        // Headers of pasha's are shorter.
        const MOST_HEADER_BYTES: u64 = 1 << 16;
        let mut start = Vec::new();
        claim
            .file()
            .take(MOST_HEADER_BYTES)
            .read_to_end(&mut start)
            .map_err(self.failed("read the header of"))?;
        let found =
            npy::parse(&start).map_err(|reason| refused(format!("is damaged, {reason}")))?;
        let needed = self.header(0);
        let (then, now) = (found.dictionary(), needed.dictionary());
        if then != now {
            return Err(refused(format!("holds `{then}`, but this run writes `{now}`")));
        }
        let len = claim.file().metadata().map_err(self.failed("open"))?.len();
        let needed_len = (found.offset + self.bytes) as u64;
        if len != needed_len {
            return Err(refused(format!("has {len} bytes, but this run writes {needed_len}")));
        }
        reserve_or_fill(claim.file(), found.offset, self.bytes)
            .map_err(self.failed("reserve space on the disk for"))?;
        let mapping = self.map(claim, &found)?;
        // SAFETY: the mapping was made in the line above, and nobody has a pointer into it yet.
        let bytes = unsafe { mapping.bytes() };
        if let Some(number) = (self.stored.first_invalid)(bytes) {
            let byte = bytes[number];
            let name = self.stored.name;
            return Err(refused(format!(
                "is damaged: element {number} is byte {byte}, which is no `{name}`"
            )));
        }
        Ok(mapping)
    }

    fn map(&self, claim: FileClaim, header: &Header) -> Result<Mapping> {
        let claims = [Some(Arc::new(claim)), self.job.clone()].into_iter().flatten().collect();
        Mapping::file(claims, self.path, header.offset, self.bytes, header.mark)
    }

    fn header(&self, mark: u64) -> Header {
        Header {
            descr: self.stored.descr.clone(),
            is_fortran: self.order == Order::F,
            shape: self.shape.to_owned(),
            offset: 0,
            mark,
        }
    }

    fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> Error {
        let path = self.path.to_owned();
        move |source| Error::File { action, path: path.clone(), source }
    }

    fn taken(&self, action: &'static str, taken: ClaimError) -> Error {
        match taken {
            ClaimError::Failed(error) => self.failed(action)(error),
            taken => Error::InUse { path: self.path.to_owned(), reason: taken.reason(true) },
        }
    }
}

/// The folder that a file lies in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A path that stays the same when the program changes its folder.
pub(super) fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// Checks that a file of this many bytes, and a header, may be made: beyond the limit of this
/// process the operating system would answer by a signal that ends the program.
fn within_limit(bytes: usize) -> io::Result<()> {
    const NPY_HEADER_BYTES: u64 = 4096;
    let (most, _) = getrlimit(Resource::RLIMIT_FSIZE).map_err(io::Error::from)?;
    if (bytes as u64).saturating_add(NPY_HEADER_BYTES) > most {
        return Err(rustix::io::Errno::FBIG.into());
    }
    Ok(())
}

/// Reserves a file's space, or fills it with zeros where it can't be reserved. What is there
/// already stays.
fn reserve_or_fill(mut file: &File, offset: usize, bytes: usize) -> io::Result<()> {
    let len = (offset + bytes) as u64;
    if reserve(file, len)? {
        return Ok(());
    }
    let present = file.metadata()?.len();
    file.seek(SeekFrom::Start(present))?;
    io::copy(&mut io::repeat(0).take(len.saturating_sub(present)), &mut file).map(|_| ())
}
