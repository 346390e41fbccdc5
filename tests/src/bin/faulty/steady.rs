//! Many maps in a row: files, mappings and memory stay what they were.

use pasha::Error;
use pasha::prelude::*;
use pasha_tests::{children, open_files_and_mappings};

/// Counts, and fails now and then.
#[pasha::kernel]
fn count(
    value: u64,
    #[shared] round: u64,
    #[output(shape = (8,))] mut slot: ndarray::ArrayViewMut1<u64>,
    #[reduce(sum)] total: &mut u64,
) -> Result<u64, String> {
    slot.fill(value);
    *total += value;
    if round % 3 == 1 && value == 7 { Err("seven".to_owned()) } else { Ok(value) }
}

/// Resident memory of this process, in KiB.
fn resident() -> i64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: i64 =
        pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * rustix::param::page_size() as i64 / 1024
}

/// Runs this many maps, a third of which fail, and says by how much anything has grown.
pub(crate) fn run(context: &dyn Context, maps: u64) -> Result<(), Error> {
    let warm_up = maps / 10;
    let mut before = ((0, 0), 0);
    for round in 0..maps {
        let outcome = count::run_in(context, 0..20, round);
        assert_eq!(outcome.is_err(), round % 3 == 1, "round {round}");
        if round == warm_up {
            drop(outcome);
            before = (open_files_and_mappings(), resident());
        }
    }
    let after = (open_files_and_mappings(), resident());
    println!("files {}", after.0.0 as i64 - before.0.0 as i64);
    println!("mappings {}", after.0.1 as i64 - before.0.1 as i64);
    println!("children {}", children().len());
    println!("KiB {}", after.1 - before.1);
    Ok(())
}
