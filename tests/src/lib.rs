//! What the tests share: running one test in every context, and finding reference data.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Makes one test for each built-in context out of a function that takes a context.
///
/// The contexts can't drift apart: what holds in one is tested in all.
#[macro_export]
macro_rules! for_each_context {
    ($($(#[$attr:meta])* fn $name:ident($context:ident: &dyn $Context:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$attr])*
            fn check($context: &dyn $Context) $body

            #[test]
            fn serial() {
                check(&::pasha::SerialContext::new());
            }

            #[test]
            fn threads() {
                check(&::pasha::ThreadContext::new(3).unwrap());
            }

            #[test]
            fn processes() {
                check(&::pasha::ProcessContext::new(3).unwrap());
            }

            #[test]
            fn processes_statically_split() {
                check(&::pasha::ProcessContext::new(2).unwrap().static_split());
            }
        }
    )+};
}

/// The folder of reference data, or `None` (with a printed word) where it is not to be had.
pub fn reference_data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: the reference data {} is not here", path.display());
    None
}

/// Runs a Python program with NumPy and returns what it prints, or `None` (with a printed word) where
/// there is no NumPy.
///
/// # Panics
/// Panics if the program fails.
pub fn numpy(program: &str) -> Option<String> {
    let has_numpy = Command::new("python3")
        .args(["-c", "import numpy"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_numpy {
        println!("skipped: there is no Python with NumPy here");
        return None;
    }
    let output = Command::new("python3").args(["-c", program]).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("Python prints UTF-8").trim().to_owned())
}

/// The text of a finished program's standard output.
///
/// # Panics
/// Panics if the program failed, with what it said.
pub fn stdout_of(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The processes whose parent is this one, zombies included, from `/proc`.
pub fn children() -> Vec<u32> {
    let own = std::process::id().to_string();
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            // The parent's number is the second field behind the name, which may hold anything.
            std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
                let fields = stat.rsplit(')').next().unwrap_or_default();
                fields.split_whitespace().nth(1) == Some(own.as_str())
            })
        })
        .collect()
}

/// The numbers of open files and of mappings of this process, from `/proc`.
pub fn open_files_and_mappings() -> (usize, usize) {
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let maps = std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count());
    (files, maps)
}
