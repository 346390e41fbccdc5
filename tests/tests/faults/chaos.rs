//! Workers killed at random by a seeded schedule.

use pasha_tests::{run_guarded, stdout_of};

#[test]
fn a_thousand_kills_change_nothing() {
    let output = run_guarded(env!("CARGO_BIN_EXE_faulty"), &["chaos", "20261123", "1000"]);
    let out = stdout_of(&output);
    assert!(out.contains("all as undisturbed\nchildren left 0\n"), "{out}");
    println!("{out}");
}
