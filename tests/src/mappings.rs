//! What Linux says of this process's memory: `/proc/self/smaps`.

use std::ops::Range;
use std::path::Path;

/// A mapping of this process.
#[derive(Debug)]
pub struct Mapped {
    /// Its addresses.
    pub addresses: Range<usize>,
    /// The mapped file, if it is one.
    pub file: String,
    /// Bytes that are in huge pages.
    pub in_huge_pages: usize,
    /// Whether huge pages were asked for.
    pub asks_for_huge_pages: bool,
}

impl Mapped {
    /// All mappings.
    pub fn all() -> Vec<Mapped> {
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut all: Vec<Mapped> = Vec::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            if let Some((start, end)) = words[0].split_once('-') {
                let [start, end] =
                    [start, end].map(|text| usize::from_str_radix(text, 16).unwrap());
                all.push(Mapped {
                    addresses: start..end,
                    file: words.get(5).copied().unwrap_or_default().to_owned(),
                    in_huge_pages: 0,
                    asks_for_huge_pages: false,
                });
                continue;
            }
            let mapped = all.last_mut().unwrap();
            match words[0] {
                "AnonHugePages:" | "ShmemPmdMapped:" => {
                    mapped.in_huge_pages += 1024 * words[1].parse::<usize>().unwrap();
                }
                "VmFlags:" => mapped.asks_for_huge_pages = words.contains(&"hg"),
                _ => {}
            }
        }
        all
    }
}

/// How many bytes of the mapping that an address lies in are in huge pages.
pub fn bytes_in_huge_pages(address: usize) -> usize {
    let found = Mapped::all().into_iter().find(|mapped| mapped.addresses.contains(&address));
    found.map_or(0, |mapped| mapped.in_huge_pages)
}

/// For how many bytes of a file, as it is mapped here, huge pages were asked for; `None`, with a
/// printed word, where the kernel knows none.
pub fn bytes_asked_for_in_huge_pages(file: &Path) -> Option<usize> {
    if !Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
        println!("skipped: this kernel has no huge pages");
        return None;
    }
    let file = file.canonicalize().unwrap();
    let asked = Mapped::all().into_iter().filter(|mapped| mapped.asks_for_huge_pages);
    Some(asked.filter(|it| Path::new(&it.file) == file).map(|it| it.addresses.len()).sum())
}
