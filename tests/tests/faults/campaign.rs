//! Every way in which a kernel can fail, in two forked workers: what the caller gets.
//!
//! A thousand items (unless the table says otherwise) of which that with index 50 fails. With
//! `Skip` as many may fail as there are; `Retry` tries twice more, then skips up to ten.
//!
//! | fault | `Abort` | `Skip` | `Retry` |
//! | --- | --- | --- | --- |
//! | `Err`, panic, panic without a text, panic in a destructor, megabytes of text | the error, with text and place | 999 items and the failure | the same, tried 3 times |
//! | panic in a destructor during a panic, which aborts the process | `Panic` with both texts | the same, worker replaced | … |
//! | SIGSEGV, SIGBUS, SIGABRT, SIGKILL, SIGTERM, stack overflow, no memory under RLIMIT_AS | `WorkerDied` with the signal | … | … |
//! | `exit(0)`, `exit(3)` | `WorkerDied` with the status | … | … |
//! | an endless loop, SIGSTOP (with `item_timeout`) | `TimedOut` | … | … |
//! | a fork whose child ends, or returns from the kernel | all items, once | … | … |
//! | files 0 to 2 closed, then a panic | `Panic` | … | … |
//! | SIGKILL at the first item, the last | `WorkerDied` | … | … |
//! | SIGKILL at every one of ten items | `WorkerDied` | none finished, 10 failed | … |
//! | SIGKILL of all workers at once (their first items) | `WorkerDied` | 998 items | … |
//! | SIGKILL between a claim and its first item, three times | `Worker`, no item to blame | all items | all items |
//!
//! After each: no child, no zombie, files, mappings and folder as before, and a next map works.

use pasha_tests::{run_guarded, stdout_of};

/// Runs a case under the three policies and compares the first line. `*` stands for a number.
fn expect(fault: &str, outcomes: [&str; 3]) {
    for (policy, expected) in ["abort", "skip", "retry"].into_iter().zip(outcomes) {
        let output = run_guarded(env!("CARGO_BIN_EXE_faulty"), &["case", fault, policy]);
        let out = stdout_of(&output);
        let lines: Vec<&str> = out.lines().collect();
        let told = match expected.strip_prefix('*') {
            Some(rest) => {
                lines[0].trim_start_matches(|c: char| c.is_ascii_digit()) == rest
                    && lines[0].starts_with(|c: char| c.is_ascii_digit())
            }
            None => lines[0] == expected,
        };
        assert!(told, "{fault}, {policy}: expected {expected:?}, got {out}");
        let left = "children 0, files as before, mappings as before, folder as before";
        assert_eq!(lines[1..3], [left, "next map 4950"], "{fault}, {policy}");
        println!("{fault}, {policy}: {}", lines.join("; "));
    }
}

/// A failure at index 50, in these words.
fn expect_at_50(fault: &str, words: &str) {
    let [once, skipped, tried] = [
        format!("50 {words} (1)"),
        format!("999 finished; 50 {words} (1)"),
        format!("999 finished; 50 {words} (3)"),
    ];
    expect(fault, [&once, &skipped, &tried]);
}

#[test]
fn failures_that_a_worker_survives() {
    expect_at_50("Err", "failed: 50 it is");
    expect_at_50("panic", "panicked: 50 it is");
    expect_at_50("panic without a text", "panicked: a panic whose payload is not a text");
    expect_at_50("panic in a destructor", "panicked: in a destructor");
    expect_at_50("closes its files 0 to 2", "panicked: 50 it is");
}

#[test]
fn megabytes_of_text_are_cut() {
    expect_at_50("megabytes of Err", "failed: long long … 4096 bytes");
    expect_at_50("megabytes of panic", "panicked: long long … 4096 bytes");
}

#[test]
fn a_second_panic_during_a_panic_is_told_with_the_first() {
    let fault = "panic in a destructor during a panic";
    let output = run_guarded(env!("CARGO_BIN_EXE_faulty"), &["case", fault, "abort"]);
    assert!(stdout_of(&output).starts_with("50 panicked: 50 it is; "), "{output:?}");
}

#[test]
fn deaths_by_signals() {
    for (fault, signal) in
        [("SIGSEGV", 11), ("SIGBUS", 7), ("SIGABRT", 6), ("SIGKILL", 9), ("SIGTERM", 15)]
    {
        expect_at_50(fault, &format!("died by signal {signal}"));
    }
}

#[test]
fn deaths_of_its_own_making() {
    expect_at_50("exit(0)", "left with status 0");
    expect_at_50("exit(3)", "left with status 3");
    expect_at_50("stack overflow", "died by signal 6");
    expect_at_50("out of memory", "died by signal 6");
}

#[test]
fn items_that_never_end() {
    expect_at_50("endless loop", "took too long");
    expect_at_50("SIGSTOP", "took too long");
}

#[test]
fn kernels_that_fork() {
    let all = "1000 finished; none failed";
    expect("fork, and the child ends", [all; 3]);
    expect("fork, and the child returns", [all; 3]);
}

#[test]
fn deaths_at_the_borders() {
    for (fault, index) in [("SIGKILL at the first item", 0), ("SIGKILL at the last item", 999)] {
        let [once, skipped, tried] = [
            format!("{index} died by signal 9 (1)"),
            format!("999 finished; {index} died by signal 9 (1)"),
            format!("999 finished; {index} died by signal 9 (3)"),
        ];
        expect(fault, [&once, &skipped, &tried]);
    }
}

#[test]
fn deaths_of_all() {
    let none = "0 finished; 10 failed";
    expect("SIGKILL at every item", ["* died by signal 9 (1)", none, none]);
    expect(
        "SIGKILL of all workers at once",
        [
            "* died by signal 9 (1)",
            "998 finished; 0 died by signal 9 (1), 500 died by signal 9 (1)",
            "998 finished; 0 died by signal 9 (3), 500 died by signal 9 (3)",
        ],
    );
}

#[test]
fn deaths_between_a_claim_and_its_first_item() {
    let all = "1000 finished; none failed";
    let abort = "worker failed while preparing to read its next items (`Read::begin`)";
    expect("claiming", [abort, all, all]);
}
