//! Memory into which forked workers write the exceptions of their items, pickled.
//!
//! It is a file without a name, which no other program can open and which is gone with the map.
//! Each letter is appended by one `write`, of which Linux makes one after another; a worker that is
//! killed in the middle of one leaves a part of it. A mark that is drawn anew for every mailbox
//! says where the next begins.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, OFlags};

const MARK: usize = 16;
const HEAD: usize = MARK + 16;

/// What workers tell the caller of a map.
pub(crate) struct Mailbox {
    file: File,
    mark: [u8; MARK],
}

impl Mailbox {
    /// An empty one, whose `mark` no letter holds.
    pub(crate) fn new(mark: [u8; MARK]) -> io::Result<Mailbox> {
        let file = rustix::fs::memfd_create("pasha exceptions", MemfdFlags::CLOEXEC)?;
        rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
        Ok(Mailbox { file: File::from(file), mark })
    }

    /// Appends a letter about the item at this index.
    pub(crate) fn post(&self, index: usize, letter: &[u8]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(HEAD + letter.len());
        bytes.extend_from_slice(&self.mark);
        bytes.extend_from_slice(&(index as u64).to_le_bytes());
        bytes.extend_from_slice(&(letter.len() as u64).to_le_bytes());
        bytes.extend_from_slice(letter);
        (&self.file).write_all(&bytes)
    }

    /// All whole letters, in the order in which they came.
    pub(crate) fn read(&self) -> io::Result<Vec<(usize, Vec<u8>)>> {
        let len = usize::try_from(self.file.metadata()?.len()).map_err(io::Error::other)?;
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(self.letters(&bytes))
    }

    fn letters(&self, mut bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let mut letters = Vec::new();
        while let Some(begin) = bytes.windows(MARK).position(|window| window == self.mark) {
            bytes = &bytes[begin + MARK..];
            let Some((head, rest)) = bytes.split_first_chunk::<16>() else { break };
            let number = |at: usize| {
                let bytes = head[at..at + 8].try_into().unwrap_or_default();
                usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX)
            };
            if let Some(letter) = rest.get(..number(8))
                && !letter.windows(MARK).any(|window| window == self.mark)
            {
                letters.push((number(0), letter.to_vec()));
                bytes = &rest[letter.len()..];
            }
        }
        letters
    }
}
