//! What is known of a data set once it is open: plain data, no handle, that any worker may use.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::element::Hdf5Element;
use super::external::RawFiles;
use super::file::explain;
use super::filters::Pipeline;
use super::index::ChunkIndex;
use super::library::OpenDataset;
use super::pieces::Piece;
use super::types::StoredType;
use crate::error::SourceError;
use crate::files::{OpenedFile, UNCHUNKED_BYTES, open_regular};
use crate::memory::mapped;

/// A data set in a file, described.
#[derive(Debug)]
pub(super) struct Stored {
    /// The file that was asked for; of a series the first.
    pub(super) path: PathBuf,
    pub(super) name: String,
    /// The file that links led to, and the data set in it.
    pub(super) data_path: PathBuf,
    pub(super) data_name: String,
    pub(super) shape: Vec<usize>,
    pub(super) kind: StoredType,
    pub(super) storage: Storage,
    /// The file as it was when the data set was described; none if the elements are in several.
    pub(super) opened: Option<OpenedFile>,
}

/// How the elements of a data set are got at.
#[derive(Debug)]
pub(super) enum Storage {
    /// They lie back to back in this part of the mapped file.
    Contiguous { map: Mmap, part: Range<usize> },
    /// They lie back to back in files without a format, outside of the HDF5 file.
    External(RawFiles),
    /// They lie in chunks with filters that pasha undoes itself.
    Chunked(Chunks),
    /// They are in other data sets.
    Assembled(Assembly),
    /// Only libhdf5 knows.
    Library {
        /// Lengths of a chunk along each axis, if there are chunks.
        chunk: Option<Vec<usize>>,
        /// The folder that the program must be in, if libhdf5 finds other files by it.
        by_folder: Option<ByFolder>,
        /// The files outside that hold the elements, if they lie there.
        external: Option<RawFiles>,
    },
}

/// A folder by which libhdf5 finds the other files of a data set.
#[derive(Debug)]
pub(super) struct ByFolder {
    pub(super) folder: PathBuf,
    /// The environment variable that says where they are whatever the program's folder is.
    pub(super) variable: &'static str,
}

/// The chunks of a data set.
#[derive(Debug)]
pub(super) struct Chunks {
    /// Lengths of a chunk along each axis, also of those at the edges.
    pub(super) shape: Vec<usize>,
    pub(super) pipeline: Pipeline,
    /// Whether only libhdf5 finds the chunks, and could not undo their filters.
    pub(super) needs_plugin: bool,
    /// The element of chunks that were never written, as stored bytes.
    pub(super) fill: Vec<u8>,
    /// Where the chunks lie; without, libhdf5 finds each.
    pub(super) index: Option<ChunkIndex>,
}

/// Other data sets, and which of their parts lies where in the whole: the files of a series, or the
/// sources of a virtual data set.
#[derive(Debug)]
pub(super) struct Assembly {
    pub(super) sources: Vec<Stored>,
    /// Where two cover an element, the later holds.
    pub(super) pieces: Vec<Piece>,
    /// The element of what no piece covers, as stored bytes of the whole's type.
    pub(super) fill: Vec<u8>,
}

impl Stored {
    /// What is put together of other data sets.
    pub(super) fn assembled(
        path: &Path,
        name: &str,
        shape: Vec<usize>,
        kind: StoredType,
        assembly: Assembly,
    ) -> Stored {
        Stored {
            path: path.to_owned(),
            name: name.to_owned(),
            data_path: path.to_owned(),
            data_name: name.to_owned(),
            shape,
            kind,
            storage: Storage::Assembled(assembly),
            opened: None,
        }
    }

    /// The elements as they lie in the mapped file, if that is how they lie.
    pub(super) fn view<A: Hdf5Element>(&self) -> Option<&[A]> {
        match &self.storage {
            Storage::Contiguous { map, part }
                if self.kind.is_plain && self.kind.is_native::<A>() =>
            {
                A::view(&map[part.clone()])
            }
            _ => None,
        }
    }

    /// As [`view`](Self::view), for a worker that begins to read.
    ///
    /// # Errors
    /// As [`check_mapped`](Self::check_mapped).
    pub(super) fn view_checked<A: Hdf5Element>(&self) -> Result<Option<&[A]>, SourceError> {
        let view = self.view();
        if view.is_some() {
            self.check_mapped()?;
        }
        Ok(view)
    }

    /// Looks whether the file, which is mapped, still is as it was.
    ///
    /// # Errors
    /// If it was written or truncated since it was opened.
    pub(super) fn check_mapped(&self) -> Result<(), SourceError> {
        match &self.opened {
            Some(opened) => {
                opened.check_mapped().map_err(|reason| self.describe_failure(&reason).into())
            }
            None => Ok(()),
        }
    }

    /// Says that elements are about to be read, `used` of those in `part`, if they are read where
    /// they lie in the mapped file.
    pub(super) fn announce<A: Hdf5Element>(&self, part: Range<usize>, used: usize) {
        if self.view::<A>().is_some()
            && let Storage::Contiguous { map, part: all } = &self.storage
        {
            let at = |element: usize| all.start + element * size_of::<A>();
            mapped::announce(map, at(part.start)..at(part.end), used * size_of::<A>());
        }
    }

    /// Says that all elements at some indices of an axis are about to be read.
    pub(super) fn announce_along<A: Hdf5Element>(&self, axis: usize, range: Range<usize>) {
        if let Storage::Assembled(assembly) = &self.storage {
            for piece in &assembly.pieces {
                let Some(span) = piece.spans.get(axis) else { return };
                let within = range.start.max(span.start)..range.end.min(span.range().end);
                let source = &assembly.sources[piece.source];
                let is_whole = || piece.is_whole(axis, &self.shape, &source.shape);
                match span.axis {
                    _ if within.is_empty() || !is_whole() => {}
                    Some(axis) => {
                        let at = |index: usize| piece.from[axis] + (index - span.start);
                        source.announce_along::<A>(axis, at(within.start)..at(within.end));
                    }
                    None => source.announce_along::<A>(0, 0..source.shape[0]),
                }
            }
            return;
        }
        let (before, behind) = self.shape.split_at(axis.min(self.shape.len()));
        let Some((&len, inner)) = behind.split_first() else { return };
        let (outer, width) = (before.iter().product::<usize>(), inner.iter().product::<usize>());
        let used = outer * range.len() * width;
        if used > 0 {
            let last = (outer - 1) * len + range.end;
            self.announce::<A>(range.start * width..last * width, used);
        }
    }

    /// The length of a chunk along an axis, if there are chunks or other data sets.
    pub(super) fn chunk_along(&self, axis: usize) -> Option<usize> {
        match &self.storage {
            Storage::Chunked(chunks) => chunks.shape.get(axis).copied(),
            Storage::Library { chunk, .. } => chunk.as_ref()?.get(axis).copied(),
            Storage::Assembled(assembly) => Some(assembly.chunk_along(axis)),
            Storage::Contiguous { .. } | Storage::External(_) => None,
        }
    }

    /// How many indices of an axis are best read together, by a reader that converts or
    /// decompresses.
    pub(super) fn together(&self, axis: usize) -> usize {
        if let Some(chunk) = self.chunk_along(axis) {
            return chunk;
        }
        let others = self.shape.iter().enumerate().filter(|&(other, _)| other != axis);
        let bytes: usize = others.map(|(_, &len)| len).product::<usize>() * self.kind.number.size();
        (UNCHUNKED_BYTES / bytes.max(1)).max(1)
    }

    /// Opens the file for reading its bytes.
    ///
    /// # Errors
    /// If it is not the file that was described, or it was written since.
    pub(super) fn open_file(&self) -> Result<File, SourceError> {
        if let Some(opened) = &self.opened {
            return Ok(opened.reopen()?);
        }
        let path = self.data_path.display();
        let file = open_regular(&self.data_path, File::options().read(true));
        Ok(file.map_err(|error| format!("can't open {path}: {error}"))?)
    }

    /// Opens the data set through libhdf5.
    pub(super) fn open_dataset(&self) -> Result<OpenDataset, SourceError> {
        // Holds the file while libhdf5 opens it.
        let _file = self.open_file()?;
        let failed = |reason: String| SourceError::from(self.describe_failure(&reason));
        if let Storage::Library { by_folder: Some(ByFolder { folder, variable }), .. } =
            &self.storage
            && std::env::current_dir().ok().as_ref() != Some(folder)
        {
            return Err(failed(format!(
                "its other files were found by their names in the folder {}, which the program has left since: stay there, \
                 or set {variable} to it",
                folder.display()
            )));
        }
        if let Storage::Library { external: Some(files), .. } = &self.storage {
            files.open().map_err(failed)?;
        }
        let dataset = OpenDataset::open(&self.data_path, &self.data_name, &self.kind)
            .map_err(|error| failed(explain(&error)))?;
        // A file that is still being written may have become longer meanwhile.
        let is_growing = self.opened.as_ref().is_some_and(OpenedFile::is_growing);
        let is_same = |(&now, &then): (&usize, &usize)| now == then || (is_growing && now > then);
        let shape = dataset.shape();
        if shape.len() != self.shape.len() || !shape.iter().zip(&self.shape).all(is_same) {
            return Err(failed("its shape has changed since it was opened".to_owned()));
        }
        Ok(dataset)
    }

    /// The element of a data set without axes.
    pub(super) fn value<A: Hdf5Element>(&self) -> Result<A, SourceError> {
        let failed = |reason: String| SourceError::from(self.describe_failure(&reason));
        let mut read = Vec::new();
        let bytes = match &self.storage {
            Storage::Contiguous { map, part } => {
                self.check_mapped()?;
                &map[part.clone()]
            }
            Storage::External(files) => {
                read.resize(self.kind.number.size(), 0);
                files.open()?.read(0, &mut read).map_err(failed)?;
                &read[..]
            }
            _ => {
                let dataset = self.open_dataset()?;
                dataset.read(&[], &[], &mut read).map_err(|error| failed(explain(&error)))?;
                &read[..]
            }
        };
        let mut value = [A::zeroed()];
        A::decode(&self.kind, bytes, &mut value)
            .map_err(|misfit| failed(misfit.tell("value", "", A::name(), self.kind.number)))?;
        Ok(value[0])
    }

    /// The text of an error that happened in this data set.
    pub(super) fn describe_failure(&self, reason: &str) -> String {
        format!("data set {:?} of {}: {reason}", self.name, self.path.display())
    }
}

impl Assembly {
    /// The length of the longest chunk of a source along an axis of the whole; 1 if there are no
    /// chunks.
    fn chunk_along(&self, axis: usize) -> usize {
        let chunks = self.pieces.iter().filter_map(|piece| {
            let axis = piece.spans.get(axis)?.axis?;
            self.sources[piece.source].chunk_along(axis)
        });
        chunks.max().unwrap_or(1)
    }
}
