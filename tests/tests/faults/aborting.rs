//! A program compiled with `panic = "abort"`: a panic ends the process, but not the map's caller.

use std::path::Path;
use std::process::Command;

use pasha_tests::stdout_of;

const MANIFEST: &str = r#"
[package]
name = "aborting"
version = "0.0.0"
edition = "2024"

[dependencies]
pasha = { path = "PASHA" }

[profile.dev]
panic = "abort"
debug = 0

[workspace]
"#;

const PROGRAM: &str = r#"
use pasha::prelude::*;

/// Panics at 50.
#[pasha::kernel]
fn panics(value: usize) -> usize {
    assert!(value != 50, "as told");
    value
}

fn main() -> pasha::Result<()> {
    // Whoever dies has more to do, and is replaced: its share is half of the items.
    let context = ProcessContext::new(2)?.static_split();
    println!("{}", panics::run_in(&context, 0..100_usize).unwrap_err());
    let context = context.on_failure(OnFailure::Skip { at_most: 1 });
    let (out, report) = panics::run_report_in(&context, 0..100_usize)?;
    println!("{} {} {}", out.sum(), report.failed[0].index, report.replaced);
    Ok(())
}
"#;

#[test]
fn a_panic_that_aborts_is_told_as_a_panic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("aborting");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = MANIFEST.replace("PASHA", root.join("pasha").to_str().unwrap());
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/main.rs"), PROGRAM).unwrap();
    // The versions that were built already: nothing is fetched.
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let out = stdout_of(&output);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("the kernel panicked at index 50 (worker "), "{out}");
    assert!(lines[0].contains("main.rs:7:5: as told"), "{out}");
    assert_eq!(lines[1], format!("{} 50 1", 4950 - 50));
}
