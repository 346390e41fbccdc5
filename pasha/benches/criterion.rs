//! All rows that are two ways to do one work, as Criterion benchmarks:
//! `cargo bench --bench criterion`.
//!
//! Criterion measures one side after the other; for ratios between them that do not depend on the
//! machine's mood take `table`, which lets them take turns.

#[allow(dead_code, reason = "the table uses it")]
mod common;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

use common::rows::{self, Work};

fn benchmarks(criterion: &mut Criterion) {
    for row in rows::all() {
        let Work::Duel(make, _) = &row.work else { continue };
        let mut group = criterion.benchmark_group(row.name.replace('/', "of"));
        group.sample_size(10).warm_up_time(Duration::from_millis(100));
        group.measurement_time(Duration::from_secs(2));
        // Made only where the filter lets one of both run.
        let mut duel = None;
        let mut skipped = false;
        for (ours, name) in [(true, "pasha"), (false, row.peer)] {
            group.bench_function(name.replace('/', "of"), |bencher| {
                let duel = duel.get_or_insert_with(make);
                bencher.iter_custom(|rounds| match duel {
                    Ok(duel) => {
                        let side = if ours { &mut duel.ours } else { &mut duel.peer };
                        (0..rounds).map(|_| side()).sum()
                    }
                    Err(reason) => {
                        if !std::mem::replace(&mut skipped, true) {
                            println!("skipped: {reason}");
                        }
                        Duration::from_nanos(rounds)
                    }
                });
            });
        }
        group.finish();
    }
}

criterion_group!(all, benchmarks);
criterion_main!(all);
