//! The journal of a job: what the slots of items hold that lie in no file, as ragged ones do.
//!
//! Beside the job file lies one with its name and `.journal` behind it, to which each worker
//! appends a record for each of its items, in one write, before the item is noted. A program that
//! goes on with the job takes the records of the items that are noted; of an item with several the
//! last counts. A worker that is killed may leave a part of a record behind, after which the next
//! one begins: records have a mark by which they are found, and a checksum.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::{JOURNAL, JobFile};
use crate::error::{Error, Result};
use crate::files::open_regular;

/// How a record begins.
const MARK: [u8; 8] = *b"\xf6record\n";

/// Bytes before what a record's slots hold: the mark, the first item and the end, the bytes, and
/// the checksum of these numbers, the job's, and what follows.
const HEADER: usize = MARK.len() + 4 * size_of::<u64>();

/// Bytes that are looked through at a time for the next record.
const AT_A_TIME: usize = 1 << 16;

/// How often a record is written anew that was not written whole.
const MOST_ATTEMPTS: usize = 3;

/// The journal of a job, open to be appended to by all workers.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    /// The checksum of the job file's header.
    job: u32,
}

impl Journal {
    /// Opens the journal of a job; an empty one where nothing of the job is noted.
    ///
    /// # Errors
    /// [`Error::File`] if that fails; [`Error::Resume`] if another file lies there.
    pub(crate) fn open(job: &JobFile) -> Result<Journal> {
        let path = job.beside(JOURNAL);
        let failed = |source| Error::File { action: "open", path: path.clone(), source };
        let mut options = OpenOptions::new();
        let file =
            open_regular(&path, options.read(true).append(true).create(true)).map_err(failed)?;
        let mut start = [0; MARK.len()];
        let read = file.read_at(&mut start, 0).map_err(failed)?;
        if !MARK.starts_with(&start[..read]) {
            let start = start[..read].escape_ascii();
            let reason = format!(
                "{} is another file, which begins with \"{start}\", in the place of the journal: \
                 move it, or give `resume` another path",
                path.display()
            );
            return Err(Error::Resume { path: job.path().to_owned(), reason });
        }
        if job.finished() == 0 {
            file.set_len(0).map_err(failed)?;
        }
        Ok(Journal { file, path, job: job.checksum() })
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Appends what the slots of these items hold.
    ///
    /// # Errors
    /// That of the operating system, or one that says that it has not written all.
    pub(crate) fn append(&self, items: Range<usize>, slots: &[u8]) -> io::Result<()> {
        let mut record = Vec::with_capacity(HEADER + slots.len());
        record.extend_from_slice(&MARK);
        for number in [items.start, items.end, slots.len()] {
            record.extend_from_slice(&(number as u64).to_le_bytes());
        }
        let checksum = self.checksum(&record[MARK.len()..], slots);
        record.extend_from_slice(&u64::from(checksum).to_le_bytes());
        record.extend_from_slice(slots);
        for _ in 0..MOST_ATTEMPTS {
            // In one write, between whose parts nobody else's comes.
            match (&self.file).write(&record) {
                Ok(written) if written == record.len() => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::WriteZero, "only a part of a record could be written"))
    }

    /// Writes to the disk what was appended.
    ///
    /// # Errors
    /// [`Error::File`] if the operating system can't.
    pub(crate) fn sync(&self) -> Result<()> {
        let failed = |source| Error::File { action: "sync", path: self.path.clone(), source };
        self.file.sync_data().map_err(failed)
    }

    /// Calls a function with the items of each record and what their slots hold, in the order in
    /// which they were written.
    ///
    /// # Errors
    /// [`Error::File`] if the journal can't be read, and what the function returns.
    pub(crate) fn read(
        &self,
        mut record: impl FnMut(Range<usize>, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let failed = |source| Error::File { action: "read", path: self.path.clone(), source };
        let len = self.file.metadata().map_err(failed)?.len();
        let mut place = 0;
        while let Some(start) = self.next_mark(place, len).map_err(failed)? {
            match self.record_at(start, len).map_err(failed)? {
                Some((items, slots)) => {
                    record(items, &slots)?;
                    place = start + (HEADER + slots.len()) as u64;
                }
                None => place = start + 1,
            }
        }
        Ok(())
    }

    /// Where the next record may begin.
    fn next_mark(&self, mut place: u64, len: u64) -> io::Result<Option<u64>> {
        let mut bytes = vec![0; AT_A_TIME];
        while place + HEADER as u64 <= len {
            let there = usize::try_from(len - place).unwrap_or(AT_A_TIME).min(AT_A_TIME);
            let bytes = &mut bytes[..there];
            // Most begin where the one before ends.
            self.file.read_exact_at(&mut bytes[..MARK.len()], place)?;
            if bytes.starts_with(&MARK) {
                return Ok(Some(place));
            }
            self.file.read_exact_at(bytes, place)?;
            if let Some(at) = bytes.windows(MARK.len()).position(|it| it == MARK) {
                return Ok(Some(place + at as u64));
            }
            place += (bytes.len() - (MARK.len() - 1)) as u64;
        }
        Ok(None)
    }

    /// The record that begins here, if there is a whole one.
    fn record_at(&self, start: u64, len: u64) -> io::Result<Option<(Range<usize>, Vec<u8>)>> {
        if start + HEADER as u64 > len {
            return Ok(None);
        }
        let mut header = [0; HEADER];
        self.file.read_exact_at(&mut header, start)?;
        let (numbers, _) = header[MARK.len()..].as_chunks();
        let [first, end, bytes, checksum] =
            [0, 1, 2, 3].map(|number: usize| u64::from_le_bytes(numbers[number]));
        let room = len - start - HEADER as u64;
        let numbers = [first, end, bytes].map(|number| usize::try_from(number).ok());
        let [Some(first), Some(end), Some(size)] = numbers else { return Ok(None) };
        if bytes > room || first > end {
            return Ok(None);
        }
        let mut slots = vec![0; size];
        self.file.read_exact_at(&mut slots, start + HEADER as u64)?;
        let is_whole =
            checksum == u64::from(self.checksum(&header[MARK.len()..HEADER - 8], &slots));
        Ok(is_whole.then_some((first..end, slots)))
    }

    fn checksum(&self, numbers: &[u8], slots: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.job);
        hasher.update(numbers);
        hasher.update(slots);
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resume::sample;

    #[test]
    fn whole_records_are_read_in_order_whatever_lies_between_them() {
        let folder = std::env::temp_dir().join(format!("pasha-journal-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let job = JobFile::open(&folder.join("job"), &sample()).unwrap();
        let journal = Journal::open(&job).unwrap();
        job.note(0..1);
        let records = |journal: &Journal| {
            let mut found = Vec::new();
            let mut add = |items: Range<usize>, slots: &[u8]| {
                found.push((items.start, slots.len()));
                Ok(())
            };
            journal.read(&mut add).unwrap();
            found
        };
        let append_raw = |bytes: &[u8]| (&journal.file).write_all(bytes).unwrap();
        assert_eq!(records(&journal), []);
        journal.append(0..1, b"abc").unwrap();
        // Longer than what is looked through at a time, with marks in it.
        let long = MARK.repeat(AT_A_TIME / 4);
        journal.append(1..2, &long).unwrap();
        // A record without its end, and one with another byte.
        let path = folder.join("job.journal");
        let written = std::fs::read(&path).unwrap();
        append_raw(&written[..HEADER + 2]);
        journal.append(2..3, &[]).unwrap();
        append_raw(&written[HEADER + 3..written.len() - 1]);
        let mut changed = written[..HEADER + 3].to_vec();
        changed[HEADER] ^= 1;
        append_raw(&changed);
        journal.append(3..4, &[0; 100]).unwrap();
        append_raw(&MARK);
        let expected = [(0, 3), (1, long.len()), (2, 0), (3, 100)];
        assert_eq!(records(&journal), expected);
        assert_eq!(records(&Journal::open(&job).unwrap()), expected);
        // Those of another job are none.
        let another = Journal { job: journal.job ^ 1, file: journal.file, path };
        assert_eq!(records(&another), []);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
