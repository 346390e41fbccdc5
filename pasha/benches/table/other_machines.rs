//! The results of other machines, a file each.

use std::fs;
use std::path::Path;

/// Keeps the results that are there of another processor, and gives a sentence with links to all
/// that are kept; nothing where there are none.
pub(crate) fn keep(folder: &Path, processor: &str) -> String {
    let kept = folder.join("results");
    let before = fs::read_to_string(folder.join("RESULTS.md")).unwrap_or_default();
    let name_before = before.lines().find_map(processor_of).unwrap_or_default();
    if !name_before.is_empty() && name_before != processor {
        let is_text = |line: &&str| !line.starts_with("![") && !line.starts_with("Written by");
        let text: String = before.lines().filter(is_text).map(|line| format!("{line}\n")).collect();
        fs::create_dir_all(&kept).expect("the folder of results can be made");
        fs::write(kept.join(file_name(name_before)), text).expect("results can be kept");
    }
    let mut links: Vec<String> = fs::read_dir(&kept)
        .into_iter()
        .flatten()
        .filter_map(|entry| link(&entry.ok()?.path(), processor))
        .collect();
    links.sort();
    match links.is_empty() {
        true => String::new(),
        false => format!(" Results of other machines: {}.", links.join(", ")),
    }
}

/// The link to a file of results, unless it is of this processor.
fn link(path: &Path, processor: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let name = text.lines().find_map(processor_of)?;
    (name != processor).then(|| format!("[{name}](results/{})", file_name(name)))
}

/// The processor that the first fact of the results names: `- AMD EPYC, 2 cores to use, 24 GiB`.
fn processor_of(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("- ")?.rsplit_once(" cores to use")?;
    Some(name.rsplit_once(',')?.0)
}

/// The name of the file for a processor: letters and digits, and dashes for what is between.
fn file_name(processor: &str) -> String {
    let words = processor.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{}.md", words.join("-").to_lowercase())
}
