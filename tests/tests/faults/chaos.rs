//! Workers killed at random by a seeded schedule, and many maps in a row.

use pasha_tests::{run_guarded, stdout_of};

#[test]
fn a_thousand_kills_change_nothing() {
    let output = run_guarded(env!("CARGO_BIN_EXE_faulty"), &["chaos", "20261123", "1000"]);
    let out = stdout_of(&output);
    assert!(out.contains("all as undisturbed\nchildren left 0\n"), "{out}");
    println!("{out}");
}

#[test]
fn ten_thousand_maps_leave_nothing() {
    for (context, maps) in [("serial", "10000"), ("threads:2", "10000"), ("processes:2", "10000")] {
        let out = stdout_of(&run_guarded(env!("CARGO_BIN_EXE_faulty"), &["loop", context, maps]));
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[..3], ["files 0", "mappings 0", "children 0"], "{context}: {out}");
        let grown: i64 = lines[3].trim_start_matches("KiB ").parse().unwrap();
        assert!(grown < 1024, "{context} grew by {grown} KiB");
        println!("{maps} maps, {context}: {}", lines.join(", "));
    }
}
