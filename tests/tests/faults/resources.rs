//! Resources that run out: typed errors, nothing left, and the next map works.

use crate::neighbour::said_by;

/// Runs a case, and prints where it could not be run.
fn lines_of(arguments: &[&str]) -> Vec<String> {
    let said = said_by(arguments);
    assert_eq!(said.errors, "", "{arguments:?}");
    for line in said.lines.iter().filter(|line| line.starts_with("skipped")) {
        println!("{line}");
    }
    said.lines
}

const NO_PROCESS: &str = "can't start a worker process: Resource temporarily unavailable";
const NO_THREAD: &str = "can't start 4 threads: ";

fn check_all_start_with(lines: &[String], text: &str) {
    assert!(!lines.is_empty());
    let is_so = |line: &String| line.starts_with(text) || line.starts_with("skipped");
    assert!(lines.iter().all(is_so), "{lines:?}");
}

#[test]
fn a_worker_that_can_not_be_forked_is_told() {
    check_all_start_with(&lines_of(&["no-fork", "0"]), NO_PROCESS);
    // The first was forked, and is ended.
    check_all_start_with(&lines_of(&["no-fork", "1"]), NO_PROCESS);
    check_all_start_with(&lines_of(&["no-replacement"]), NO_PROCESS);
}

#[test]
fn threads_that_can_not_be_started_are_told() {
    let lines = lines_of(&["no-thread"]);
    let (last, first) = lines.split_last().unwrap();
    check_all_start_with(first, NO_THREAD);
    assert!(last.starts_with(NO_PROCESS), "{last}");
}

#[test]
fn memory_that_can_not_be_had_is_told_with_its_size() {
    let lines = lines_of(&["no-memory"]);
    assert_eq!(lines[..2], ["can't map a file", "file left false"]);
    assert!(lines[2].starts_with("can't start 1000 threads: "), "{lines:?}");
}

#[test]
fn a_worker_that_is_killed_for_want_of_memory_is_told_as_that() {
    let lines = lines_of(&["out-of-memory"]);
    if lines.iter().any(|line| line.starts_with("skipped")) {
        return;
    }
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, index) in lines.iter().zip([30, 70]) {
        assert!(line.contains(&format!("died at index {index}: killed by SIGKILL; ")), "{line}");
        assert!(line.contains("memory ran out") && line.contains("MiB"), "{line}");
    }
}

#[test]
fn a_full_disk_is_told_before_the_map() {
    let folder = tempfile::tempdir().unwrap();
    for line in lines_of(&["disk-full", folder.path().to_str().unwrap()]) {
        assert!(line.ends_with("file left false") || line.starts_with("skipped"), "{line}");
    }
}

#[test]
fn a_file_that_may_not_be_as_large_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines_of(&["file-size", folder.path().to_str().unwrap()]);
    assert_eq!(lines, ["file left false"]);
}

#[test]
fn files_that_can_not_be_opened_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines_of(&["no-files", folder.path().to_str().unwrap()]);
    assert_eq!(lines.len(), 3);
    check_all_start_with(&lines, "can't start a worker process: Too many open files");
}

#[test]
fn ten_thousand_maps_need_no_more_than_one() {
    // In processes it takes a millisecond for each.
    for context in ["serial", "threads", "processes"] {
        let mut lines = lines_of(&["many", context, "10000"]);
        lines.retain(|line| !line.starts_with("map "));
        println!("{context}: {}", lines.join(", "));
        assert_eq!(lines[1..4], ["files 0", "mappings 0", "children 0"], "{context}");
        let resident = lines[4].strip_prefix("resident ").unwrap().strip_suffix(" KiB").unwrap();
        assert!(resident.parse::<i64>().unwrap() <= 2048, "{context}: {resident} KiB");
    }
}
