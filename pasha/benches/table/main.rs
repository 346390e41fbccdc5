//! Measures all rows, or those whose names contain the argument, and prints them as a Markdown
//! table.
//!
//! `--write` puts the whole into `benches/RESULTS.md` and draws `benches/RESULTS.svg`; what was
//! there of another processor is kept in `benches/results/`.
//!
//! Each row runs in a process of its own, so that none inherits another's memory. Rows whose peer
//! is compiled for this processor run in the program that `PASHA_BENCH_NATIVE` names, where that is
//! pasha compiled the same way, and those that need neither in that of `PASHA_BENCH_PLAIN`;
//! `tests/bench` sees to it.

#[path = "../common/mod.rs"]
mod common;
mod machine;
mod other_machines;
mod plot;
mod verdict;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use common::duel::{Figures, Measured, Unit};
use common::rows::{self, Program, Row, Work};
use common::{counts, duel};
use verdict::Line;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--row", key] => measure_here(key),
        ["--maps", kind, context, maps] => {
            let context = context.parse().expect("a context");
            counts::run_maps(kind, &context, maps.parse().expect("a number"));
            ExitCode::SUCCESS
        }
        _ => table(&arguments),
    }
}

/// Measures one row, and prints its figures for the process that asked for it.
fn measure_here(key: &str) -> ExitCode {
    let row = rows::all().into_iter().find(|row| row.key() == key).expect("a row of this program");
    let measured = match &row.work {
        Work::Duel(make, rounds) => make().map(|mut duel: duel::Duel| duel.run(*rounds)),
        Work::Other(measure) => measure(),
    };
    match measured {
        Ok(Measured { ours, peer, unit }) => {
            let unit = if unit == Unit::Seconds { "seconds" } else { "bytes" };
            let Figures { minimum, median } = ours;
            println!("{unit} {minimum} {median} {} {}", peer.minimum, peer.median);
            ExitCode::SUCCESS
        }
        Err(reason) => {
            println!("skipped {}", reason.replace('\n', " "));
            ExitCode::SUCCESS
        }
    }
}

/// Measures a row in a process of its own.
fn measure(row: &Row) -> Result<Measured, String> {
    let here = std::env::current_exe().map_err(|error| error.to_string())?;
    let other = match row.program {
        Program::Plain => std::env::var_os("PASHA_BENCH_PLAIN"),
        Program::Native => std::env::var_os("PASHA_BENCH_NATIVE"),
        Program::WithSources => None,
    };
    let output = Command::new(other.map_or(here, PathBuf::from))
        .args(["--row", &row.key()])
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("it failed: {}", output.status));
    }
    if let Some(reason) = text.strip_prefix("skipped ") {
        return Err(reason.trim().to_owned());
    }
    let mut words = text.split_whitespace();
    let unit = if words.next() == Some("seconds") { Unit::Seconds } else { Unit::Bytes };
    let mut figure = || words.next().and_then(|word| word.parse().ok()).ok_or("no figures");
    let ours = Figures { minimum: figure()?, median: figure()? };
    let peer = Figures { minimum: figure()?, median: figure()? };
    Ok(Measured { ours, peer, unit })
}

fn table(arguments: &[&str]) -> ExitCode {
    let filter = arguments.iter().find(|argument| !argument.starts_with("--"));
    let writes = arguments.contains(&"--write") && filter.is_none();
    print!("{}", verdict::HEAD);
    let mut lines = Vec::new();
    for row in rows::all() {
        if filter.is_some_and(|filter| !row.name.contains(filter)) {
            continue;
        }
        let line = Line::new(&row, measure(&row));
        println!("{line}");
        lines.push(line);
    }
    if filter.is_some() {
        return ExitCode::SUCCESS;
    }
    let counts = counts::table();
    println!("\n{counts}");
    if writes {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches");
        let rows: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let others = other_machines::keep(&folder, &machine::processor());
        let text = format!(
            "# Results\n\nWritten by `tests/bench --write`; what the rows are, and what stands \
             in the way where a goal is missed, is in the [README](README.md).{others}\n\n{}\n\
             {}{rows}\n\
             ![Each row as a fraction of its goal](RESULTS.svg)\n\n## Counts\n\n{counts}",
            machine::facts(),
            verdict::HEAD,
        );
        std::fs::write(folder.join("RESULTS.md"), text).expect("RESULTS.md can be written");
        plot::draw(&lines, &folder.join("RESULTS.svg")).expect("RESULTS.svg can be drawn");
    }
    ExitCode::SUCCESS
}
