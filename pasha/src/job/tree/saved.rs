//! The tree in a file, so that a job with reductions can be gone on with after the program was
//! killed.
//!
//! Beside the job file lies one with its name and `.reductions` behind it: a header of one page,
//! which says how the rest is laid out, then what [`Places`] keeps, then copies of accumulators.
//! Workers write both where they are mapped, so that the operating system has them whatever is
//! killed when. What counts of a block is decided by one store, as for the death of one worker: the
//! accumulators of a node count once its word has their place, and what it was merged of does not
//! any more. The job file notes the items of a block before that, so that those of a block that
//! does not count are noted in vain, and are forgotten when the job is gone on with.
//!
//! Then the nodes that count are read, and written into a new file, laid out for the workers that
//! there are now, which takes the place of the old one when it is whole.
//!
//! The system writes pages to the disk in any order, so that after a loss of power such a file may
//! be worth nothing. Of a durable job it is therefore not mapped: what counts at one moment is
//! written into a new file now and then, which takes the place of the old one once it is on the
//! disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

use super::places::Places;
use super::shape::Shape;
use crate::error::{Error, Result};
use crate::files::{ClaimError, FileClaim, open_regular};
use crate::memory::Mapping;
use crate::resume::{JobFile, sync_folder_of};

/// Bytes of the header, so that what follows begins at a page.
const HEADER: usize = 4096;
/// How the header begins.
const KIND: &str = "pasha reductions 1:";

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    /// The checksum of the job file's header.
    job: u32,
    num_workers: usize,
    num_places: usize,
    /// Bytes of the copies at a place.
    size: usize,
    /// Items of a block.
    items: usize,
}

/// The accumulators of a node that was saved.
#[derive(Debug)]
pub(crate) struct SavedNode {
    /// The number of the node.
    pub(super) number: usize,
    /// Copies of its accumulators, as they lie at a place.
    pub(super) copies: Vec<u8>,
}

/// What was saved of a job's reductions, and the path where what is to be saved goes.
#[derive(Debug)]
pub(crate) struct SavedTree {
    path: PathBuf,
    job: u32,
    pub(super) nodes: Vec<SavedNode>,
}

/// What the blocks that were done at one moment had come to.
pub(crate) struct TreeSnapshot<'t> {
    pub(super) saved: &'t SavedTree,
    pub(super) shape: &'t Shape,
    pub(super) size: usize,
    pub(super) nodes: Vec<SavedNode>,
}

impl TreeSnapshot<'_> {
    /// The items of the blocks.
    pub(crate) fn items(&self) -> impl Iterator<Item = Range<usize>> {
        self.nodes.iter().map(|node| self.shape.items_of(self.shape.node(node.number)))
    }

    /// Writes them to the disk, in the place of what was saved before.
    ///
    /// # Errors
    /// [`Error::File`] if that fails.
    pub(crate) fn write(&self) -> Result<()> {
        let TreeSnapshot { saved, shape, size, nodes } = self;
        let new = saved.new_file();
        let failed = |source| Error::File { action: "write", path: new.path.clone(), source };
        let layout = saved.layout(shape, 0, nodes.len(), *size);
        let mut words = vec![0_u8; Places::bytes(shape, 0, nodes.len())];
        let (of_nodes, _) = words[Places::before_words(0)..].as_chunks_mut();
        for (place, node) in (1_u64..).zip(nodes) {
            of_nodes[node.number] = place.to_ne_bytes();
        }
        let write = || {
            let mut options = OpenOptions::new();
            let file = open_regular(&new.path, options.write(true).create(true).truncate(true))?;
            file.write_all_at(&layout.header(), 0)?;
            file.write_all_at(&words, HEADER as u64)?;
            let copies_at = layout.copies_at(shape);
            file.set_len((copies_at + nodes.len() * size) as u64)?;
            for (place, node) in nodes.iter().enumerate() {
                file.write_all_at(&node.copies, (copies_at + place * size) as u64)?;
            }
            file.sync_all()
        };
        write().map_err(failed)?;
        new.put_in_place()?;
        sync_folder_of(&saved.path)
    }
}

/// A new file, before it takes the place of the old one; removed if it does not get there.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    place: PathBuf,
    is_in_place: bool,
}

impl SavedTree {
    /// Reads what was saved of the reductions of a job, whose copies at a place have `size` bytes,
    /// and has the job file forget the items that are in none of it.
    ///
    /// # Errors
    /// [`Error::Resume`] if the file is not there, though the job was begun, or is damaged or of
    /// another job; [`Error::File`] if it can't be read.
    pub(crate) fn read(job: &JobFile, shape: &Shape, size: usize) -> Result<SavedTree> {
        let mut path = job.path().to_owned().into_os_string();
        path.push(".reductions");
        let path = PathBuf::from(path);
        let mut saved = SavedTree { path, job: job.checksum(), nodes: Vec::new() };
        if job.finished() > 0 {
            saved.nodes = read_nodes(&saved.path, job, shape, size)?;
        }
        saved.nodes.retain(|node| job.are_finished(shape.items_of(shape.node(node.number))));
        let mut is_saved = vec![false; shape.num_blocks()];
        for node in &saved.nodes {
            is_saved[shape.blocks_of(shape.node(node.number))].fill(true);
        }
        for block in (0..shape.num_blocks()).filter(|&block| !is_saved[block]) {
            job.forget(shape.items_of(shape.leaf(block)));
        }
        Ok(saved)
    }

    fn new_file(&self) -> NewFile {
        let mut path = self.path.clone().into_os_string();
        path.push(".new");
        NewFile { path: PathBuf::from(path), place: self.path.clone(), is_in_place: false }
    }

    fn layout(&self, shape: &Shape, num_workers: usize, num_places: usize, size: usize) -> Layout {
        Layout { job: self.job, num_workers, num_places, size, items: shape.block_items() }
    }

    /// Makes a new file for so many workers and places, and maps its two parts.
    pub(super) fn create(
        &self,
        shape: &Shape,
        num_workers: usize,
        num_places: usize,
        size: usize,
    ) -> Result<(NewFile, Mapping, Mapping)> {
        let new = self.new_file();
        let path = &new.path;
        let failed = |action| move |source| Error::File { action, path: path.clone(), source };
        let claim = FileClaim::together(path).map_err(|taken| match taken {
            ClaimError::Failed(source) => failed("create")(source),
            other => Error::InUse { path: path.clone(), reason: other.reason(true) },
        })?;
        let layout = self.layout(shape, num_workers, num_places, size);
        let places = Places::bytes(shape, num_workers, num_places);
        let copies_at = layout.copies_at(shape);
        let bytes = copies_at + num_places * size;
        begin(claim.file(), &layout, bytes).map_err(failed("write"))?;
        let claims = || vec![std::sync::Arc::clone(&claim)];
        let places = Mapping::file(claims(), path, HEADER, places, 0)?;
        let copies = Mapping::file(claims(), path, copies_at, num_places * size, 0)?;
        Ok((new, places, copies))
    }
}

impl NewFile {
    /// Puts the file in the place of the old one.
    pub(super) fn put_in_place(mut self) -> Result<()> {
        let failed = |source| Error::File { action: "replace", path: self.place.clone(), source };
        fs::rename(&self.path, &self.place).map_err(failed)?;
        self.is_in_place = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_in_place {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes the header of a file of zeros, of which all the space is reserved.
fn begin(file: &File, layout: &Layout, bytes: usize) -> io::Result<()> {
    file.set_len(0)?;
    file.set_len(bytes as u64)?;
    match rustix::io::retry_on_intr(|| {
        rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes as u64)
    }) {
        Ok(()) => {}
        // Not every file system can reserve space.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        Err(errno) => return Err(errno.into()),
    }
    file.write_all_at(&layout.header(), 0)
}

impl Layout {
    /// Where the copies begin.
    fn copies_at(&self, shape: &Shape) -> usize {
        let places = Places::bytes(shape, self.num_workers, self.num_places);
        (HEADER + places).next_multiple_of(HEADER)
    }

    /// The header, a line that people can read, and nothing behind it.
    fn header(&self) -> Vec<u8> {
        let Layout { job, num_workers, num_places, size, items } = self;
        let line = format!(
            "{KIND} job={job} workers={num_workers} places={num_places} bytes={size} items={items}"
        );
        let mut header = format!("{line} checksum={}\n", crc32fast::hash(line.as_bytes()));
        header.push_str(&"\n".repeat(HEADER - header.len()));
        header.into_bytes()
    }

    /// Reads a header, if it is whole.
    fn of(header: &[u8]) -> Option<Layout> {
        let line = std::str::from_utf8(header).ok()?.lines().next()?;
        let mut words = line.strip_prefix(KIND)?.split_whitespace();
        let mut number = |name: &str| -> Option<usize> {
            words.next()?.strip_prefix(name)?.strip_prefix('=')?.parse().ok()
        };
        let job = u32::try_from(number("job")?).ok()?;
        let (num_workers, num_places) = (number("workers")?, number("places")?);
        let (size, items) = (number("bytes")?, number("items")?);
        let layout = Layout { job, num_workers, num_places, size, items };
        (layout.header() == header).then_some(layout)
    }
}

/// Reads the nodes that count of a file.
fn read_nodes(path: &Path, job: &JobFile, shape: &Shape, size: usize) -> Result<Vec<SavedNode>> {
    let refused = |reason: String| Error::Resume { path: job.path().to_owned(), reason };
    let put_back = format!("put it back, or delete {} to begin anew", job.path().display());
    let file = match open_regular(path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let what = "what its finished items have come to is not there";
            return Err(refused(format!("{what}, {}; {put_back}", path.display())));
        }
        Err(source) => return Err(Error::File { action: "open", path: path.to_owned(), source }),
    };
    let read = |len: usize, at: usize| -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        match file.read_exact_at(&mut bytes, at as u64) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(refused(format!("{} is too short; {put_back}", path.display())))
            }
            Err(source) => Err(Error::File { action: "read", path: path.to_owned(), source }),
        }
    };
    let damaged = |how: &str| refused(format!("{} is damaged, {how}; {put_back}", path.display()));
    let layout =
        Layout::of(&read(HEADER, 0)?).ok_or_else(|| damaged("its header is none of pasha's"))?;
    let needed = Layout { job: job.checksum(), size, items: shape.block_items(), ..layout };
    if layout != needed {
        return Err(refused(format!(
            "{} is of another job: it says {layout:?}, and this job has {needed:?}; {put_back}",
            path.display()
        )));
    }
    let len = file.metadata().map_or(0, |data| data.len());
    if [layout.num_workers, layout.num_places].into_iter().any(|number| number as u64 > len) {
        return Err(damaged(&format!("it has {len} bytes")));
    }
    let copies_at = layout.copies_at(shape);
    if len != (copies_at + layout.num_places.saturating_mul(size)) as u64 {
        return Err(damaged(&format!("it has {len} bytes")));
    }
    let words = read(
        shape.num_nodes() * size_of::<u64>(),
        HEADER + Places::before_words(layout.num_workers),
    )?;
    let (words, _) = words.as_chunks();
    // 1 + the place, whether or not a worker had taken it for a merge that it has not finished.
    let place = |number: usize| u64::from_ne_bytes(words[number]) as u32;
    let mut nodes = Vec::new();
    for (number, place) in shape.nodes_that_count(place) {
        let place = place as usize;
        if place >= layout.num_places {
            let all = layout.num_places;
            return Err(damaged(&format!("node {number} is at place {place} of {all}")));
        }
        nodes.push(SavedNode { number, copies: read(size, copies_at + place * size)? });
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resume::sample;

    /// The numbers and copies of the nodes that are read.
    fn nodes(saved: &SavedTree) -> Vec<(usize, u8)> {
        saved.nodes.iter().map(|node| (node.number, node.copies[0])).collect()
    }

    /// A worker may be killed between any two stores: what it had taken is given back where what it
    /// made of it is not there yet, and does not count twice where it is.
    #[test]
    fn what_counts_is_decided_by_one_store() {
        const SIZE: usize = 128;
        let folder = std::env::temp_dir().join(format!("pasha-saved-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut job = sample();
        job.len = 1000;
        let file = JobFile::open(&folder.join("job"), &job).unwrap();
        // Four items to a block.
        let shape = Shape::new(job.len, 8);
        let number = |block: usize, level: usize| {
            let above = shape.above(shape.leaf(block)).nth(level.wrapping_sub(1));
            shape.index(above.unwrap_or(shape.leaf(block)))
        };
        let (parent, leaves) = (number(0, 1), [0, 1, 2, 5, 7].map(|block| number(block, 0)));
        let saved = SavedTree::read(&file, &shape, SIZE).unwrap();
        assert_eq!(nodes(&saved), []);
        let (new, places, copies) = saved.create(&shape, 2, 8, SIZE).unwrap();
        let places = Places::new(places, shape.clone(), 2, 8);
        let taken = 1 << u32::BITS;
        for (place, (node, by)) in
            [(parent, 0), (leaves[0], taken), (leaves[2], taken), (leaves[3], 0), (leaves[4], 0)]
                .into_iter()
                .enumerate()
        {
            places.set_word(node, by | (place as u64 + 1));
            // SAFETY: nobody else uses the mapping, which has room for eight copies.
            unsafe { copies.start().add(place * SIZE).write(place as u8 + 10) };
        }
        new.put_in_place().unwrap();
        // All items but one of block 7; and of a block that is in no node.
        file.note(0..12);
        file.note(20..24);
        file.note(28..31);
        file.note(100..102);
        let saved = SavedTree::read(&file, &shape, SIZE).unwrap();
        let expected = [(leaves[2], 12), (leaves[3], 13), (parent, 10)];
        assert_eq!(nodes(&saved), expected);
        assert_eq!(file.finished(), 16);
        assert!(file.are_finished(0..12) && file.are_finished(20..24));
        // Places that there are not.
        places.set_word(leaves[2], 9);
        let error = SavedTree::read(&file, &shape, SIZE).unwrap_err().to_string();
        assert!(error.contains("node 2 is at place 8 of 8"), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
