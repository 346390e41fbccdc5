//! Measures everything and prints the table.
mod common;
use common::*;
type Row = (&'static str, Box<dyn Fn() -> duel::Duel>, usize);

fn main() {
    let filter = std::env::args().nth(1).filter(|a| !a.starts_with("--")).unwrap_or_default();
    let rows: Vec<Row> = vec![
        ("serial 1e4", Box::new(|| multiply::serial(10_000, 1000)), 101),
        ("serial one", Box::new(|| multiply::serial(1, 100000)), 51),
        ("serial 1e8", Box::new(|| multiply::serial(100_000_000, 1)), 15),
        ("threads 1e6", Box::new(|| multiply::threads(1_000_000, 10)), 101),
        ("threads 1e8", Box::new(|| multiply::threads(100_000_000, 1)), 25),
        ("processes 1e8", Box::new(|| multiply::processes(100_000_000)), 25),
        ("fresh 1 GiB", Box::new(|| multiply::fresh(1 << 27)), 11),
        ("detector fresh", Box::new(|| detector::against_c(true)), 9),
        ("detector second", Box::new(|| detector::against_c(false)), 15),
        ("eight outputs", Box::new(|| outputs::against_rayon(4_000_000)), 25),
    ];
    let mut rows = rows;
    for load in unequal::Load::ALL {
        for context in ["threads:2", "processes:2"] {
            let name: &'static str = format!("{load:?} {context}").leak();
            let duel =
                move || unequal::against_ideal(load, context.parse::<pasha::AnyContext>().unwrap());
            rows.push((name, Box::new(duel), 9));
        }
    }
    for context in ["threads:2", "processes:2"] {
        for len in [0, 1, 2] {
            let times = small::maps(&context.parse::<pasha::AnyContext>().unwrap(), len, 1001);
            println!("{context} {len} items: {times:?}");
        }
    }
    for (name, make, rounds) in rows {
        if !name.contains(&filter) {
            continue;
        }
        let (ours, peer) = make().run(rounds);
        println!(
            "{name}: {:?}/{:?} vs {:?}/{:?} ratio {:.3}/{:.3}",
            ours.minimum,
            ours.median,
            peer.minimum,
            peer.median,
            ours.minimum.as_secs_f64() / peer.minimum.as_secs_f64(),
            ours.median.as_secs_f64() / peer.median.as_secs_f64()
        );
    }
}
