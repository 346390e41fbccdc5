//! The tree in a file, so that a job with accumulators can be gone on with after the program was
//! killed.
//!
//! Beside the job file lies one with its name and `.accumulators` behind it: a header of one page,
//! which says how the rest is laid out, then what [`Places`] keeps, then copies of accumulators of
//! blocks, then those of workers that are not merged ([`own`]).
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

use super::blocks::{Blocks, CHECKSUM, checksum_of_node};
use super::own::{self, OwnCopy, as_first_copies, copies_that_count};
use super::places::Places;
use super::shape::Shape;
use crate::error::{Error, Result};
use crate::files::{ClaimError, FileClaim, open_regular, reserve};
use crate::memory::Mapping;
use crate::resume::{ACCUMULATORS, JobFile, NEW, sync_folder_of};

/// Bytes of the header, so that what follows begins at a page.
const HEADER: usize = 4096;
/// How the header begins.
const KIND: &str = "pasha accumulators 1:";

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
    /// Workers of which accumulators that are not merged lie behind the places.
    num_own: usize,
    /// Bytes of a copy of those.
    own: usize,
}

/// The accumulators of a node that was saved.
#[derive(Debug)]
pub(crate) struct SavedNode {
    /// The number of the node.
    pub(super) number: usize,
    /// Copies of its accumulators, as they lie at a place.
    pub(super) copies: Vec<u8>,
}

/// What was saved of a job's accumulators, and the path where what is to be saved goes.
#[derive(Debug)]
pub(crate) struct SavedTree {
    path: PathBuf,
    job: u32,
    pub(super) nodes: Vec<SavedNode>,
    /// Of each worker a copy of the accumulators that are not merged.
    pub(super) own: Vec<OwnCopy>,
}

/// A new file of a tree, and its parts.
pub(super) struct MappedTree {
    pub(super) new: NewFile,
    pub(super) places: Mapping,
    pub(super) copies: Mapping,
    /// Of outputs that are not merged, if there are any.
    pub(super) own: Option<Mapping>,
}

/// What the blocks that were done at one moment had come to.
pub(crate) struct TreeSnapshot<'t> {
    pub(super) saved: &'t SavedTree,
    pub(super) blocks: &'t Blocks,
    pub(super) nodes: Vec<SavedNode>,
    /// Of each worker a copy of the accumulators that are not merged.
    pub(super) own: Vec<OwnCopy>,
}

impl TreeSnapshot<'_> {
    /// The items of the blocks.
    pub(crate) fn items(&self) -> impl Iterator<Item = Range<usize>> {
        let shape = &self.blocks.shape;
        self.nodes.iter().map(|node| shape.items_of(shape.node(node.number)))
    }

    /// Writes them to the disk, in the place of what was saved before.
    ///
    /// # Errors
    /// [`Error::File`] if that fails.
    pub(crate) fn write(&self) -> Result<()> {
        let TreeSnapshot { saved, blocks, nodes, own } = self;
        let Blocks { shape, size, .. } = blocks;
        let new = saved.new_file()?;
        let failed = |source| Error::File { action: "write", path: new.path.clone(), source };
        let layout = Layout { num_own: own.len(), ..saved.layout(blocks, 0, nodes.len()) };
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
            file.set_len(layout.bytes(shape) as u64)?;
            for (place, node) in nodes.iter().enumerate() {
                file.write_all_at(&node.copies, (copies_at + place * size) as u64)?;
            }
            file.write_all_at(&as_first_copies(own), layout.own_at(shape) as u64)?;
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
    /// Reads what was saved of the accumulators of a job, and has the job file forget the items
    /// that are in none of it.
    ///
    /// # Errors
    /// [`Error::Resume`] if the file is not there, though the job was begun, or is damaged or of
    /// another job; [`Error::File`] if it can't be read.
    pub(crate) fn read(job: &JobFile, blocks: &Blocks) -> Result<SavedTree> {
        let shape = &blocks.shape;
        let path = job.beside(ACCUMULATORS);
        let (nodes, own) = (Vec::new(), Vec::new());
        let mut saved = SavedTree { path: path.clone(), job: job.checksum(), nodes, own };
        let mut file = None;
        if job.finished() > 0 {
            let file = file.insert(SavedFile::open(&path, job, blocks)?);
            saved.nodes = file.nodes(shape)?;
        } else {
            check_replaceable(&saved.path)?;
        }
        saved.nodes.retain(|node| job.are_finished(shape.items_of(shape.node(node.number))));
        let is_saved = shape.is_in(saved.nodes.iter().map(|node| node.number));
        for block in (0..shape.num_blocks()).filter(|&block| !is_saved[block]) {
            job.forget(shape.items_of(shape.leaf(block)));
        }
        if let Some(file) = file.filter(|_| blocks.own > 0) {
            saved.own = file.own(blocks, &is_saved)?;
        }
        Ok(saved)
    }

    /// A file that takes the place of the old one later.
    fn new_file(&self) -> Result<NewFile> {
        let mut path = self.path.clone().into_os_string();
        path.push(NEW);
        let path = PathBuf::from(path);
        // What a killed program has left, or a link, through which another file would be written.
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(Error::File { action: "replace", path, source })
            }
            _ => Ok(NewFile { path, place: self.path.clone(), is_in_place: false }),
        }
    }

    fn layout(&self, blocks: &Blocks, num_workers: usize, num_places: usize) -> Layout {
        Layout {
            job: self.job,
            num_workers,
            num_places,
            size: blocks.size,
            items: blocks.shape.block_items(),
            num_own: num_workers,
            own: blocks.own,
        }
    }

    /// Makes a new file for so many workers and places, and maps its parts.
    pub(super) fn create(
        &self,
        blocks: &Blocks,
        num_workers: usize,
        num_places: usize,
    ) -> Result<MappedTree> {
        let Blocks { shape, size, own } = blocks;
        let new = self.new_file()?;
        let path = &new.path;
        let failed = |action| move |source| Error::File { action, path: path.clone(), source };
        let claim = FileClaim::together(path).map_err(|taken| match taken {
            ClaimError::Failed(source) => failed("create")(source),
            other => Error::InUse { path: path.clone(), reason: other.reason(true) },
        })?;
        let layout = self.layout(blocks, num_workers, num_places);
        begin(claim.file(), &layout, layout.bytes(shape)).map_err(failed("write"))?;
        let map =
            |from, bytes| Mapping::file(vec![std::sync::Arc::clone(&claim)], path, from, bytes, 0);
        let places = map(HEADER, Places::bytes(shape, num_workers, num_places))?;
        let copies = map(layout.copies_at(shape), num_places * size)?;
        let own = match own::bytes(num_workers, *own) {
            0 => None,
            bytes => Some(map(layout.own_at(shape), bytes)?),
        };
        Ok(MappedTree { new, places, copies, own })
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
    reserve(file, bytes as u64)?;
    file.write_all_at(&layout.header(), 0)
}

impl Layout {
    /// Where the copies begin.
    fn copies_at(&self, shape: &Shape) -> usize {
        let places = Places::bytes(shape, self.num_workers, self.num_places);
        (HEADER + places).next_multiple_of(HEADER)
    }

    /// Where the copies of workers begin that are not merged.
    fn own_at(&self, shape: &Shape) -> usize {
        let copies = self.num_places.saturating_mul(self.size);
        self.copies_at(shape).saturating_add(copies).next_multiple_of(HEADER)
    }

    /// All bytes of the file.
    fn bytes(&self, shape: &Shape) -> usize {
        self.own_at(shape).saturating_add(own::bytes(self.num_own, self.own))
    }

    /// The header, a line that people can read, and nothing behind it.
    fn header(&self) -> Vec<u8> {
        let Layout { job, num_workers, num_places, size, items, num_own, own } = self;
        let line = format!(
            "{KIND} job={job} workers={num_workers} places={num_places} bytes={size} items={items} \
             accumulators={num_own} of={own}"
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
        let (num_own, own) = (number("accumulators")?, number("of")?);
        let layout = Layout { job, num_workers, num_places, size, items, num_own, own };
        (layout.header() == header).then_some(layout)
    }
}

/// A file of a tree, opened to be read.
struct SavedFile<'f> {
    file: File,
    path: &'f Path,
    job: &'f JobFile,
    layout: Layout,
}

impl SavedFile<'_> {
    /// Opens the file that belongs to a job, and checks its header and its length.
    fn open<'f>(path: &'f Path, job: &'f JobFile, blocks: &Blocks) -> Result<SavedFile<'f>> {
        let file = match open_regular(path, OpenOptions::new().read(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let what = "what its finished items have come to is not there";
                let told = format!("{what}, {}; {}", path.display(), put_back(job));
                return Err(Error::Resume { path: job.path().to_owned(), reason: told });
            }
            Err(source) => {
                return Err(Error::File { action: "open", path: path.to_owned(), source });
            }
        };
        let none = Layout {
            job: job.checksum(),
            num_workers: 0,
            num_places: 0,
            size: blocks.size,
            items: blocks.shape.block_items(),
            num_own: 0,
            own: blocks.own,
        };
        let mut saved = SavedFile { file, path, job, layout: none };
        let layout = Layout::of(&saved.read(HEADER, 0)?)
            .ok_or_else(|| saved.damaged("its header is none of pasha's"))?;
        let Layout { num_workers, num_places, num_own, .. } = layout;
        let needed = Layout { num_workers, num_places, num_own, ..none };
        if layout != needed {
            return Err(saved.refused(format!(
                "{} is of another job: it says {layout:?}, and this job has {needed:?}",
                path.display()
            )));
        }
        let len = saved.file.metadata().map_or(0, |data| data.len());
        let has_room = [num_workers, num_places, num_own].into_iter().all(|it| it as u64 <= len);
        if !has_room || len != layout.bytes(&blocks.shape) as u64 {
            return Err(saved.damaged(&format!("it has {len} bytes")));
        }
        saved.layout = layout;
        Ok(saved)
    }

    fn refused(&self, reason: String) -> Error {
        let reason = format!("{reason}; {}", put_back(self.job));
        Error::Resume { path: self.job.path().to_owned(), reason }
    }

    fn damaged(&self, how: &str) -> Error {
        self.refused(format!("{} is damaged, {how}", self.path.display()))
    }

    fn read(&self, len: usize, at: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        match self.file.read_exact_at(&mut bytes, at as u64) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.refused(format!("{} is too short", self.path.display())))
            }
            Err(source) => Err(Error::File { action: "read", path: self.path.to_owned(), source }),
        }
    }

    /// Reads, for each worker, what it has accumulated over the blocks that are saved.
    fn own(&self, blocks: &Blocks, is_saved: &[bool]) -> Result<Vec<OwnCopy>> {
        let shape = &blocks.shape;
        let bytes = own::bytes(self.layout.num_own, blocks.own);
        let bytes = self.read(bytes, self.layout.own_at(shape))?;
        let counts = |block: usize| is_saved.get(block) == Some(&true);
        let own = copies_that_count(&bytes, blocks.own, counts)
            .ok_or_else(|| self.damaged("what a worker has accumulated has another checksum"))?;
        // Beside an older job file items would be in them twice.
        let accumulated: u64 = own.iter().map(|copy| copy.items).sum();
        let blocks = (0..shape.num_blocks()).filter(|&block| is_saved[block]);
        let noted: usize = blocks.map(|block| shape.items_of_block(block).len()).sum();
        if accumulated != noted as u64 {
            return Err(self.damaged(&format!(
                "workers have accumulated {accumulated} items, and {noted} are noted"
            )));
        }
        Ok(own)
    }

    /// Reads the nodes that count.
    fn nodes(&self, shape: &Shape) -> Result<Vec<SavedNode>> {
        let Layout { num_workers, num_places, size, .. } = self.layout;
        let words = self.read(
            shape.num_nodes() * size_of::<u64>(),
            HEADER + Places::before_words(num_workers),
        )?;
        let (words, _) = words.as_chunks();
        // 1 + the place, whether or not a worker had taken it for a merge that it has not finished.
        let place = |number: usize| u64::from_ne_bytes(words[number]) as u32;
        let copies_at = self.layout.copies_at(shape);
        let mut nodes = Vec::new();
        for (number, place) in shape.nodes_that_count(place) {
            let place = place as usize;
            if place >= num_places {
                return Err(
                    self.damaged(&format!("node {number} is at place {place} of {num_places}"))
                );
            }
            let copies = self.read(size, copies_at + place * size)?;
            let (bytes, noted) = copies.split_at(size - CHECKSUM);
            let checksum = checksum_of_node(number, crc32fast::hash(bytes));
            if noted[..size_of::<u32>()] != checksum.to_ne_bytes() {
                return Err(self.damaged(&format!("node {number} has another checksum")));
            }
            nodes.push(SavedNode { number, copies });
        }
        Ok(nodes)
    }
}

/// Refuses to replace a file that is none of pasha's.
fn check_replaceable(path: &Path) -> Result<()> {
    let Ok(file) = open_regular(path, OpenOptions::new().read(true)) else { return Ok(()) };
    let mut start = [0; KIND.len()];
    let read = file.read_at(&mut start, 0).unwrap_or(0);
    if read == 0 || &start[..read] == KIND.as_bytes() {
        return Ok(());
    }
    let start = start[..read].escape_ascii();
    let reason = format!(
        "it is another file, which begins with \"{start}\", in the place where a job's accumulators \
         are to be saved: give `resume` another path"
    );
    Err(Error::Resume { path: path.to_owned(), reason })
}

/// What to do where the file of a job's accumulators is missing or another.
fn put_back(job: &JobFile) -> String {
    format!("put it back, or delete {} to begin anew", job.path().display())
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
        const SIZE: usize = 2 * CHECKSUM;
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
        let blocks = Blocks { shape: shape.clone(), size: SIZE, own: 0 };
        let saved = SavedTree::read(&file, &blocks).unwrap();
        assert_eq!(nodes(&saved), []);
        let MappedTree { new, places, copies, .. } = saved.create(&blocks, 2, 8).unwrap();
        let places = Places::new(places, shape.clone(), 2, 8);
        let taken = 1 << u32::BITS;
        for (place, (node, by)) in
            [(parent, 0), (leaves[0], taken), (leaves[2], taken), (leaves[3], 0), (leaves[4], 0)]
                .into_iter()
                .enumerate()
        {
            places.set_word(node, by | (place as u64 + 1));
            let mut bytes = vec![place as u8 + 10; SIZE - CHECKSUM];
            let checksum = checksum_of_node(node, crc32fast::hash(&bytes));
            bytes.extend(checksum.to_ne_bytes());
            // SAFETY: nobody else uses the mapping, which has room for eight copies.
            unsafe {
                let start = copies.start().add(place * SIZE).as_ptr();
                start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            }
        }
        new.put_in_place().unwrap();
        // All items but one of block 7; and of a block that is in no node.
        file.note(0..12);
        file.note(20..24);
        file.note(28..31);
        file.note(100..102);
        let saved = SavedTree::read(&file, &blocks).unwrap();
        let expected = [(leaves[2], 12), (leaves[3], 13), (parent, 10)];
        assert_eq!(nodes(&saved), expected);
        assert_eq!(file.finished(), 16);
        assert!(file.are_finished(0..12) && file.are_finished(20..24));
        // Places that there are not.
        places.set_word(leaves[2], 9);
        let error = SavedTree::read(&file, &blocks).unwrap_err().to_string();
        assert!(error.contains("node 2 is at place 8 of 8"), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
