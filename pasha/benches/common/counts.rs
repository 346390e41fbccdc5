//! Counts, which say more of many cores than times on few: claims and system calls.

use std::path::PathBuf;
use std::process::Command;

use pasha::AnyContext;

use super::multiply::triple;
use super::ramp;
use super::unequal::{Load, item};

/// Maps of the two runs under strace; their difference is free of what the program itself does.
const MAPS: [usize; 2] = [5, 105];

/// A Markdown table of counts.
pub(crate) fn table() -> String {
    let mut text = "| map | context | items | claims | claims in a million items | system calls \
                    in a map | in a million items |\n|---|---|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for kind in ["3 * x", "unequal items"] {
        for name in ["threads:2", "processes:2", "threads:16", "processes:16"] {
            let (items, claims) = claims(kind, &name.parse().expect("a context"));
            let in_a_million = |count: f64| 1e6 * count / items as f64;
            let calls = match system_calls(kind, name) {
                Some(calls) => format!("{calls:.0} | {:.0}", in_a_million(calls)),
                None => "no strace here | –".to_owned(),
            };
            let per_million = in_a_million(claims as f64);
            text += &format!(
                "| `{kind}` | `{name}` | {items} | {claims} | {per_million:.0} | {calls} |\n"
            );
        }
    }
    text
}

/// Items of a map, and the shares that its workers claimed.
fn claims(kind: &str, context: &AnyContext) -> (usize, usize) {
    let report = if kind == "3 * x" {
        let inp = ramp(context, 10_000_000);
        triple::run_report_in(context, &inp).expect("it maps").1
    } else {
        item::run_report_in(context, &Load::Spikes.steps()).expect("it maps").1
    };
    (report.len, report.workers.iter().map(|worker| worker.shares).sum())
}

/// Runs a map this often, in a process that strace counts.
pub(crate) fn run_maps(kind: &str, context: &AnyContext, maps: usize) {
    if kind == "3 * x" {
        let inp = ramp(context, 10_000_000);
        let mut out = triple::alloc(context, &inp).expect("memory");
        for _ in 0..maps {
            triple::run_into(context, &inp, &mut out).expect("it maps");
        }
    } else {
        // A tenth of the work, with as many items: strace makes each call slow.
        let steps: Vec<u32> = Load::Spikes.steps().iter().map(|steps| steps / 100).collect();
        let mut out = item::alloc(context, &steps).expect("memory");
        for _ in 0..maps {
            item::run_into(context, &steps, &mut out).expect("it maps");
        }
    }
}

/// System calls of one map in all its processes and threads, if strace is here.
fn system_calls(kind: &str, context: &str) -> Option<f64> {
    let count = |maps: usize| -> Option<f64> {
        let summary = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("system-calls");
        let traced = Command::new("strace")
            .args(["-f", "-qq", "-c", "-o"])
            .arg(&summary)
            .arg(std::env::current_exe().ok()?)
            .args(["--maps", kind, context, &maps.to_string()])
            .output()
            .ok()?;
        if !traced.status.success() {
            return None;
        }
        let summary = std::fs::read_to_string(summary).ok()?;
        let total = summary.lines().find(|line| line.trim_end().ends_with("total"))?;
        total.split_whitespace().nth(3)?.parse().ok()
    };
    let [few, many] = MAPS;
    Some((count(many)? - count(few)?) / (many - few) as f64)
}
