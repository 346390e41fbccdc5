//! The lines that the example `xfel_run --tsv` prints, as the reference data's own program judges
//! them.

use std::process::Command;

use pasha::ProcessContext;
use pasha_examples::xfel::table;
use pasha_tests::{numpy, reference_data};

use crate::oracle::Oracle;

// In one context: `oracle` reads the same keys in all of them.
#[test]
fn check_port_finds_nothing_wrong() {
    let context = ProcessContext::new(2).unwrap();
    let Some(data) = reference_data("xfel") else { return };
    if numpy("print('here')").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.tsv");
    for oracle in &Oracle::all() {
        let mut lines = Vec::new();
        if let Ok(run) = oracle.open() {
            table::write(&run, &context, &mut lines).unwrap();
        }
        std::fs::write(&path, &lines).unwrap();
        let (run, variant) = oracle.run_and_variant();
        let judged = Command::new("python3")
            .arg(data.join("check_port.py"))
            .arg(&data)
            .args([run, variant])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&judged.stdout);
        assert!(judged.status.success() && said.contains("OK"), "{said}");
    }
}
