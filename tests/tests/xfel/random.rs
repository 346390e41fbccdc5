//! Runs of random make: sources, trains, gaps, formats, layouts, suspect trains; against
//! EXtra-data.

use std::process::Command;

use pasha::xfel::Run;
use pasha::{AnyContext, Context};
use pasha_examples::xfel::table;

/// Writes the runs, and what EXtra-data sees in them.
const PROGRAM: &str = include_str!("random_runs.py");

/// So many runs are made.
const RUNS: u64 = 60;

/// `PASHA_RUN_SEED` gives other runs.
#[test]
fn what_extra_data_sees() {
    let has_it = Command::new("python3").args(["-c", "import extra_data, h5py"]).output();
    if !has_it.is_ok_and(|output| output.status.success()) {
        println!("skipped: there is no Python with EXtra-data here");
        return;
    }
    let first = std::env::var("PASHA_RUN_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("python3")
        .args(["-c", PROGRAM])
        .arg(folder.path())
        .args([first.to_string(), RUNS.to_string()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let (mut opened, mut refused, mut lines_seen) = (0, 0, 0);
    for seed in first..first + RUNS {
        let name = ["serial", "threads:2", "processes:2"][(seed % 3) as usize];
        let context: AnyContext = name.parse().unwrap();
        for (which, include_suspect) in [("all", true), ("valid", false)] {
            let what = format!("PASHA_RUN_SEED={seed}, {which}, {name}");
            let expected =
                std::fs::read_to_string(folder.path().join(format!("{seed}.{which}.tsv")));
            let run = Run::options()
                .include_suspect(include_suspect)
                .open(folder.path().join(seed.to_string()));
            let (run, expected) = match (run, expected) {
                (Ok(run), Ok(expected)) => (run, expected),
                (Err(_), Err(_)) => {
                    refused += 1;
                    continue;
                }
                (Ok(_), Err(_)) => panic!("{what}: EXtra-data refuses to open it"),
                (Err(error), Ok(_)) => panic!("{what}: {error}"),
            };
            opened += 1;
            let mut seen = Vec::new();
            table::write(&run, &*context as &dyn Context, &mut seen).unwrap();
            let seen = String::from_utf8(seen).unwrap();
            let mut seen: Vec<&str> = seen.lines().collect();
            seen.sort_unstable();
            let mut expected: Vec<&str> = expected.lines().collect();
            expected.sort_unstable();
            if let Some(differs) = (0..seen.len().max(expected.len()))
                .find(|&line| seen.get(line) != expected.get(line))
            {
                panic!("{what}:\n{:?} is\n{:?}", expected.get(differs), seen.get(differs));
            }
            lines_seen += expected.len();
        }
    }
    println!("{opened} runs opened, {refused} refused, {lines_seen} trains of keys");
    assert!(opened > RUNS && lines_seen > 5000, "{opened} opened, {lines_seen} lines");
}
