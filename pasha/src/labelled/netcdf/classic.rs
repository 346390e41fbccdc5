//! Whether files of NetCDF's classic formats are whole.
//!
//! The netCDF library reads zeros behind the end of such a file, and believes any number that
//! stands in its header. The format is described in the appendix "File Format Specifications" of
//! the NetCDF user's guide: CDF-1, CDF-2 (64-bit offsets) and CDF-5 (64-bit counts).

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use crate::error::SourceError;

/// The length of a dimension that can grow, or that there is no list.
const NONE: u64 = 0;

/// The variables of a classic file, and where each ends.
pub(crate) struct ClassicHeader {
    len: u64,
    variables: Vec<ClassicVariable>,
}

struct ClassicVariable {
    name: Vec<u8>,
    /// Behind its last byte; `None` if no file is as long.
    end: Option<u64>,
}

impl ClassicHeader {
    /// Reads the header of a file; `None` if the file is of another format.
    ///
    /// # Errors
    /// If the header says what can't be.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SourceError> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        ClassicHeader::parse(BufReader::new(file), len)
    }

    /// As [`read`](Self::read), of a file of so many bytes.
    pub(crate) fn parse(file: impl Read + Seek, len: u64) -> Result<Option<Self>, SourceError> {
        let mut reader = HeaderReader { file, len, version: 0 };
        let mut magic = [0; 4];
        let is_classic = reader.file.read_exact(&mut magic).is_ok()
            && magic.starts_with(b"CDF")
            && matches!(magic[3], 1 | 2 | 5);
        if !is_classic {
            return Ok(None);
        }
        reader.version = magic[3];
        match reader.variables() {
            Ok(variables) => Ok(Some(ClassicHeader { len, variables })),
            Err(error) => Err(format!(
                "its header is damaged, or the file truncated to {len} bytes ({error}); copy or \
                 write it again"
            )
            .into()),
        }
    }

    /// Says so if the file ends before a variable does.
    pub(super) fn check(&self, variable: &str) -> Result<(), SourceError> {
        let found = self.variables.iter().find(|found| found.name == variable.as_bytes());
        match found.map(|found| found.end) {
            None => Ok(()),
            Some(Some(end)) if end <= self.len => Ok(()),
            Some(end) => Err(format!(
                "the file has {} bytes, but the variable needs {}: the file is truncated, or its \
                 header damaged; copy or write it again",
                self.len,
                end.map_or("more than any file has".to_owned(), |end| end.to_string())
            )
            .into()),
        }
    }
}

/// Reads a header piece by piece.
struct HeaderReader<F> {
    file: F,
    len: u64,
    version: u8,
}

type Answer<T> = Result<T, SourceError>;

impl<F: Read + Seek> HeaderReader<F> {
    fn word(&mut self) -> Answer<u64> {
        let mut bytes = [0; 4];
        self.file.read_exact(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes).into())
    }

    fn long(&mut self) -> Answer<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// A count or a size.
    fn number(&mut self) -> Answer<u64> {
        if self.version == 5 { self.long() } else { self.word() }
    }

    /// Where data begin.
    fn offset(&mut self) -> Answer<u64> {
        if self.version == 1 { self.word() } else { self.long() }
    }

    /// The number of entries of a list that has this tag, or is missing.
    fn list(&mut self, tag: u64) -> Answer<u64> {
        match (self.word()?, self.number()?) {
            (found, count) if found == tag => Ok(count),
            (NONE, NONE) => Ok(0),
            (found, _) => Err(format!("a list has the tag {found} instead of {tag}").into()),
        }
    }

    /// Bytes that are filled up to four.
    fn bytes(&mut self, count: u64) -> Answer<Vec<u8>> {
        let at = self.file.stream_position()?;
        if count > self.len.saturating_sub(at) {
            return Err(format!("{count} bytes at {at} are behind its end").into());
        }
        let mut bytes = vec![0; count as usize];
        self.file.read_exact(&mut bytes)?;
        let mut fill = [0; 3];
        self.file.read_exact(&mut fill[..(count.next_multiple_of(4) - count) as usize])?;
        Ok(bytes)
    }

    fn name(&mut self) -> Answer<Vec<u8>> {
        let count = self.number()?;
        self.bytes(count)
    }

    /// The bytes of an element of the type that comes next.
    fn element(&mut self) -> Answer<u64> {
        match self.word()? {
            1 | 2 | 7 => Ok(1),
            3 | 8 => Ok(2),
            4 | 5 | 9 => Ok(4),
            6 | 10 | 11 => Ok(8),
            other => Err(format!("there is no type {other}").into()),
        }
    }

    fn skip_attributes(&mut self) -> Answer<()> {
        for _ in 0..self.list(12)? {
            self.name()?;
            let element = self.element()?;
            let count = self.number()?;
            self.bytes(count.checked_mul(element).ok_or("an attribute is too long")?)?;
        }
        Ok(())
    }

    fn variables(&mut self) -> Answer<Vec<ClassicVariable>> {
        let records = self.number()?;
        // Of a file that is still written by a program that does not count.
        let is_counted = records != if self.version == 5 { u64::MAX } else { u32::MAX.into() };
        let mut dims = Vec::new();
        for _ in 0..self.list(10)? {
            self.name()?;
            dims.push(self.number()?);
        }
        self.skip_attributes()?;
        let mut found = Vec::new();
        for _ in 0..self.list(11)? {
            let name = self.name()?;
            let mut shape = Vec::new();
            for _ in 0..self.number()? {
                let dim = usize::try_from(self.number()?).ok().and_then(|dim| dims.get(dim));
                shape.push(*dim.ok_or("a variable lies along a dimension that is not there")?);
            }
            self.skip_attributes()?;
            let element = self.element()?;
            let _size = self.number()?;
            let begin = self.offset()?;
            let grows = shape.first() == Some(&NONE);
            let mut lens = shape.iter().skip(usize::from(grows));
            let size = lens.try_fold(element, |size, &len| size.checked_mul(len));
            found.push((name, grows, size, begin));
        }
        // Records follow each other, in each a part of every variable that grows; those are filled
        // up to four bytes, unless there is only one.
        let growing = || found.iter().filter(|(_, grows, ..)| *grows);
        let is_alone = growing().count() == 1;
        let filled =
            |size: u64| if is_alone { Some(size) } else { size.checked_next_multiple_of(4) };
        let record = growing()
            .try_fold(0_u64, |sum, &(_, _, size, _)| sum.checked_add(size.and_then(filled)?));
        let last = records.saturating_sub(1);
        let ends = found.iter().map(|&(_, grows, size, begin)| match grows {
            true if records == 0 || !is_counted => Some(begin),
            true => begin.checked_add(record?.checked_mul(last)?)?.checked_add(size?),
            false => begin.checked_add(size?),
        });
        let ends: Vec<Option<u64>> = ends.collect();
        let names = found.into_iter().map(|(name, ..)| name);
        Ok(names.zip(ends).map(|(name, end)| ClassicVariable { name, end }).collect())
    }
}
