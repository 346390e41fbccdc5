//! The header of a job file: lines that people can read, and that are the same for the same job.

use std::path::Path;

use super::identity::{Identity, KeptOutput};

/// The header is padded to a multiple of this, so that the bits begin at a page.
const PAGE: usize = 4096;
/// No header is longer.
pub(super) const LONGEST_JOB_HEADER: usize = 1 << 20;
/// How files of jobs begin, of all versions of pasha.
pub(super) const KIND: &str = "pasha job ";
/// How the first line begins; the number of the header's bytes and the checksum of all other lines
/// follow.
const MAGIC: &str = "pasha job 2, header of ";
/// What stands between the number and the checksum.
const THEN: &str = " bytes, checksum ";

/// A header that was found in a file.
#[derive(Debug)]
pub(super) struct JobHeader {
    /// The number of its bytes.
    pub(super) len: usize,
    /// Its checksum.
    pub(super) checksum: u32,
    /// The lines that say which job it is.
    lines: Vec<String>,
}

/// Writes the header of a job with a mark of its own, and gives its checksum.
///
/// # Errors
/// If it is longer than a header may be.
pub(super) fn write(job: &Identity, mark: u64) -> Result<(Vec<u8>, u32), String> {
    // What lies beside a job file has its checksum, which is no other job's, alike as they may be.
    let mut lines = format!("# mark {mark:016x}\n");
    for told in lines_of(job) {
        lines += &told;
        lines += "\n";
    }
    for KeptOutput { name, file, .. } in &job.outputs {
        let Some(file) = file else { continue };
        let path = line(&file.path.display().to_string());
        lines += &format!("# output {} was {path} on device {}\n", line(name), file.device);
    }
    // The first line: its number has seven digits at most, its checksum eight.
    let first = MAGIC.len() + 7 + THEN.len() + 8 + 1;
    let len = (first + lines.len()).next_multiple_of(PAGE);
    if len > LONGEST_JOB_HEADER {
        return Err(format!(
            "the job's description has {len} bytes, and {LONGEST_JOB_HEADER} are the most"
        ));
    }
    // Zeros in front, so that the first line's length is known before its checksum.
    let start = |checksum: u32| format!("{MAGIC}{len:07}{THEN}{checksum:08x}\n");
    lines.push_str(&"\n".repeat(len - first - lines.len()));
    let checksum = crc32fast::hash(lines.as_bytes());
    Ok((format!("{}{lines}", start(checksum)).into_bytes(), checksum))
}

/// The lines that are the same for the same job.
fn lines_of(job: &Identity) -> Vec<String> {
    let mut lines =
        vec![format!("kernel: {}", line(&job.signature)), format!("number of items: {}", job.len)];
    for KeptOutput { name, element, shape, file } in &job.outputs {
        let name = line(name);
        lines.push(format!("elements of output {name}: {}", line(element)));
        lines.push(format!("shape of output {name}: {shape:?}"));
        let Some(file) = file else {
            lines.push(format!("output {name} lies beside this file"));
            continue;
        };
        let born = match file.born {
            Some(born) => format!("made at {born} ns"),
            None => "made at a time that its file system does not tell".to_owned(),
        };
        lines.push(format!(
            "file of output {name}: inode {}, {born}, mark {:016x}",
            file.inode, file.mark
        ));
    }
    lines
}

/// A text as one line.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// Reads the header at the beginning of a file.
///
/// # Errors
/// What is damaged, with both values.
pub(super) fn read(file: &[u8]) -> Result<JobHeader, String> {
    let unknown = || "it is no job file of this version of pasha".to_owned();
    let end = file.iter().take(PAGE).position(|&byte| byte == b'\n').ok_or_else(unknown)?;
    let (first, rest) = file.split_at(end + 1);
    let (len, noted) = std::str::from_utf8(first)
        .ok()
        .and_then(|first| first.strip_prefix(MAGIC)?.strip_suffix('\n')?.split_once(THEN))
        .ok_or_else(unknown)?;
    let number: usize = len.parse().map_err(|_| format!("its header has {len:?} bytes"))?;
    let lines = number
        .checked_sub(first.len())
        .filter(|_| (PAGE..=LONGEST_JOB_HEADER).contains(&number) && number.is_multiple_of(PAGE))
        .and_then(|len| rest.get(..len))
        .ok_or_else(|| format!("its header has {number} bytes, and the file {}", file.len()))?;
    let checksum = crc32fast::hash(lines);
    if format!("{checksum:08x}") != noted {
        return Err(format!(
            "its header has the checksum {checksum:08x}, but {noted:?} is noted there"
        ));
    }
    let text = String::from_utf8_lossy(lines);
    let lines = text.trim_end().lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
    Ok(JobHeader { len: number, checksum, lines: lines.collect() })
}

/// Notes the checksum that the lines of a damaged header have, where there is a place for it.
pub(super) fn seal(file: &mut [u8]) {
    let Some(end) = file.iter().take(PAGE).position(|&byte| byte == b'\n') else { return };
    let lines = file.get(end + 1..PAGE).unwrap_or_default();
    let checksum = format!("{:08x}", crc32fast::hash(lines));
    if let Some(place) = end.checked_sub(checksum.len()).and_then(|start| file.get_mut(start..end))
    {
        place.copy_from_slice(checksum.as_bytes());
    }
}

/// Compares the header found in a file with that of the job to be resumed; says what differs.
pub(super) fn compare(found: &JobHeader, job: &Identity, path: &Path) -> Result<(), String> {
    let needed = lines_of(job);
    for place in 0..found.lines.len().max(needed.len()) {
        let (old, new) = (found.lines.get(place), needed.get(place));
        if old != new {
            let value = |line: Option<&String>| line.map_or("nothing".to_owned(), Clone::clone);
            let hint = match old {
                Some(old) if old.starts_with("file of output") => {
                    " (another file lies in its place, as after an allocation in a context without \
                     this `resume`: allocate it in the context that resumes, which opens the file of \
                     the job)"
                }
                Some(old) if old.starts_with("kernel") => {
                    " (each map of a program is a job, with a path of its own)"
                }
                _ => "",
            };
            return Err(format!(
                "it was begun with another job; then `{}`, now `{}`{hint}: put things back as they \
                 were, or delete {} to begin anew",
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
