//! The header of a job file: lines that people can read, and that are the same for the same job.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{Identity, OutputFile};

/// The header is padded to a multiple of this, so that the bits begin at a page.
const PAGE: usize = 4096;
/// No header is longer.
const LONGEST: usize = 1 << 20;
/// How the first line begins; the number of the header's bytes follows.
const MAGIC: &str = "pasha job 1, header of ";

/// Writes the header of a job.
pub(super) fn write(job: &Identity) -> Vec<u8> {
    let mut lines = format!("kernel: {}\nnumber of items: {}\n", line(&job.signature), job.len);
    for OutputFile { name, element, shape, file } in &job.outputs {
        lines += &format!("elements of output {}: {}\n", line(name), line(element));
        lines += &format!("shape of output {}: {shape:?}\n", line(name));
        lines += &format!(
            "file of output {}: device {}, inode {}\n",
            line(name),
            file.device,
            file.inode
        );
        lines += &format!("# which was {}\n", line(&file.path.display().to_string()));
    }
    // The first line: its number has seven digits at most.
    let len = (MAGIC.len() + " bytes\n".len() + 7 + lines.len()).next_multiple_of(PAGE);
    let mut header = format!("{MAGIC}{len} bytes\n{lines}").into_bytes();
    header.resize(len, b'\n');
    header
}

/// A text as one line.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// Reads the header of a file, as far as there is one.
pub(super) fn read(file: &File) -> io::Result<Vec<u8>> {
    let mut first = vec![0; MAGIC.len() + 8];
    let read = file.read_at(&mut first, 0)?;
    let len = std::str::from_utf8(&first[..read])
        .ok()
        .and_then(|text| text.strip_prefix(MAGIC)?.split(' ').next()?.parse().ok())
        .filter(|len| (PAGE..=LONGEST).contains(len))
        .unwrap_or(0);
    let mut header = vec![0; len];
    let read = file.read_at(&mut header, 0)?;
    header.truncate(read);
    Ok(header)
}

/// Compares the header found in a file with that of the job to be resumed; says what differs.
pub(super) fn compare(found: &[u8], needed: &[u8], path: &Path) -> Result<(), String> {
    let (found, needed) = (String::from_utf8_lossy(found), String::from_utf8_lossy(needed));
    if !found.starts_with(MAGIC) {
        return Err(damaged("it is no job file of this version of pasha", path));
    }
    let lines = |text: &str| -> Vec<String> {
        let lines = text.trim_end().lines().skip(1);
        lines.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    let (found, needed) = (lines(&found), lines(&needed));
    for place in 0..found.len().max(needed.len()) {
        let (old, new) = (found.get(place), needed.get(place));
        if old != new {
            let value = |line: Option<&String>| line.map_or("nothing".to_owned(), Clone::clone);
            return Err(format!(
                "it was begun with another job; then `{}`, now `{}`: put things back as they were, \
                 or delete {} to begin anew",
                value(old),
                value(new),
                path.display()
            ));
        }
    }
    Ok(())
}

/// Says that a file is damaged, and what to do.
pub(super) fn damaged(how: &str, path: &Path) -> String {
    format!("the file is damaged, {how}: delete {} to begin anew", path.display())
}
