//! The files of a store, as the `zarrs` crate reads them here.
//!
//! The crate's own store opens whatever has a chunk's name: of a FIFO it waits for somebody at the
//! other end. Nor do its errors name a file.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use zarrs::array::{Array, ArrayError};
use zarrs::storage::byte_range::{ByteRange, ByteRangeIterator};
use zarrs::storage::{Bytes, MaybeBytesIterator, ReadableStorageTraits, StorageError, StoreKey};

use super::json::standard;
use crate::files::{open_regular, other_than_regular};

/// An array whose chunks are read from files.
pub(super) type StoreArray = Array<StoreFiles>;

/// The documents of a store, which are no chunks.
const DOCUMENTS: [&str; 5] = ["zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata"];

fn is_document(key: &StoreKey) -> bool {
    DOCUMENTS.contains(&key.as_str().rsplit('/').next().unwrap_or_default())
}

/// The regular files in a folder, by the keys of a store. Each is open only while it is read.
#[derive(Debug)]
pub(super) struct StoreFiles {
    folder: PathBuf,
    /// The bytes of a chunk, where all have as many.
    chunk_len: OnceLock<u64>,
}

impl StoreFiles {
    pub(super) fn new(folder: &Path) -> Arc<Self> {
        Arc::new(StoreFiles { folder: folder.to_owned(), chunk_len: OnceLock::new() })
    }

    /// Says how many bytes each chunk's file has.
    pub(super) fn expect(&self, chunk_len: u64) {
        self.chunk_len.get_or_init(|| chunk_len);
    }

    /// Where a key's file is.
    pub(super) fn path(&self, key: &StoreKey) -> PathBuf {
        self.folder.join(key.as_str().trim_start_matches('/'))
    }

    /// Says which link on the way to a file that is not there leads nowhere: then what was there is
    /// lost, and not left out.
    fn dangling_link(&self, path: &Path) -> Option<String> {
        let on_the_way = path.ancestors().take_while(|place| *place != self.folder);
        on_the_way.into_iter().find_map(|place| {
            let target = fs::read_link(place).ok()?;
            let is_gone = fs::metadata(place).is_err();
            is_gone.then(|| {
                format!(
                    "{} is a link to {}, which is not there: have it copied back, or remove the \
                     link, and what was there reads as the fill value",
                    place.display(),
                    target.display()
                )
            })
        })
    }

    /// Opens a key's file and finds its length; `None` if there is none.
    fn open(&self, key: &StoreKey) -> Result<Option<(File, u64)>, StorageError> {
        let path = self.path(key);
        let shown = path.display();
        let file = match open_regular(&path, OpenOptions::new().read(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return self.dangling_link(&path).map_or(Ok(None), |reason| Err(reason.into()));
            }
            Err(error) => {
                let found = fs::metadata(&path).ok();
                return Err(match found.and_then(|found| other_than_regular(found.file_type())) {
                    Some(what) => format!("{shown} is {what}, not a file of the store").into(),
                    None => format!("can't open {shown}: {error}").into(),
                });
            }
        };
        let len = file.metadata()?.len();
        match self.chunk_len.get() {
            Some(&chunk_len) if len != chunk_len && !is_document(key) => {
                Err(format!("{shown} has {len} bytes instead of the {chunk_len} of a chunk").into())
            }
            _ => Ok(Some((file, len))),
        }
    }
}

impl ReadableStorageTraits for StoreFiles {
    fn get(&self, key: &StoreKey) -> Result<Option<Bytes>, StorageError> {
        let bytes = self.get_partial(key, ByteRange::FromStart(0, None))?;
        Ok(bytes.map(|bytes| match is_document(key).then(|| standard(&bytes)) {
            Some(Cow::Owned(document)) => document.into(),
            _ => bytes,
        }))
    }

    fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        byte_ranges: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        let Some((file, len)) = self.open(key)? else { return Ok(None) };
        let path = self.path(key);
        Ok(Some(Box::new(byte_ranges.map(move |range| {
            let (start, end) = match range {
                ByteRange::FromStart(start, None) => (Some(start), Some(len)),
                ByteRange::FromStart(start, Some(bytes)) => (Some(start), start.checked_add(bytes)),
                ByteRange::Suffix(bytes) => (len.checked_sub(bytes), Some(len)),
            };
            let shown = path.display();
            let place = start.zip(end).filter(|&(start, end)| start <= end && end <= len);
            let Some((start, end)) = place else {
                return Err(format!("{shown} has {len} bytes, but {range} is asked for").into());
            };
            let mut bytes = vec![0; (end - start) as usize];
            file.read_exact_at(&mut bytes, start)
                .map_err(|error| format!("can't read {shown}: {error}"))?;
            Ok(Bytes::from(bytes))
        }))))
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        Ok(self.open(key)?.map(|(_, len)| len))
    }

    fn supports_get_partial(&self) -> bool {
        true
    }
}

/// Says in which file a chunk could not be read.
pub(super) fn damaged_chunk(array: &StoreArray, chunk: &[u64], error: &ArrayError) -> String {
    let file = array.storage().path(&array.chunk_key(chunk)).display().to_string();
    let error = error.to_string();
    match error.contains(&file) {
        true => format!("{error}: the store is damaged"),
        false => format!("{error}, in {file}: the store is damaged"),
    }
}
