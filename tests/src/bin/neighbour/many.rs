//! Very many maps in one program.

use pasha::{AfterRetries, AnyContext, Cause, Context, OnFailure, ProcessContext, SerialContext};
use pasha::{SharedArray, ThreadContext};
use pasha_tests::{at_item, children, open_files_and_mappings};

/// Fails at multiples of 50, and adds up something besides.
#[pasha::kernel]
fn fail_sometimes(
    value: u64,
    #[shared] how: &str,
    #[reduce(sum)] total: &mut u64,
) -> Result<u64, String> {
    *total += 1;
    if value % 50 == 49 {
        super::do_as_told(how)?;
    }
    Ok(value)
}

/// The context with each policy in turn.
fn with_policies(context: &str) -> [AnyContext; 3] {
    let policies = [
        OnFailure::Abort,
        OnFailure::Skip { at_most: 2 },
        OnFailure::Retry { times: 1, then: AfterRetries::Skip { at_most: 2 } },
    ];
    let threads = ThreadContext::new(2).unwrap();
    policies.map(|policy| -> AnyContext {
        match context {
            "serial" => Box::new(SerialContext::new().on_failure(policy)),
            "threads" => Box::new(threads.clone().on_failure(policy)),
            _ => Box::new(ProcessContext::new(2).unwrap().on_failure(policy)),
        }
    })
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}

/// Runs maps that work and maps that fail, under every policy; says by how much files, mappings and
/// memory have grown, and after each thousand maps that it goes on.
pub(super) fn many(context: &str, maps: usize) {
    let ends = match context {
        "processes" => &["nothing", "nothing", "error", "nothing", "panic", "nothing", "kill"][..],
        _ => &["nothing", "error", "panic"],
    };
    let [abort, skip, retry] = with_policies(context);
    let [mut right, mut failed, mut skipped] = [0; 3];
    let mut run = |number: usize| {
        let end = ends[number % ends.len()];
        let context: &dyn Context = [&abort, &skip, &retry][number / ends.len() % 3];
        match fail_sometimes::run_report_in(context, 0..100_u64, end) {
            Ok((out, report)) if report.failed.is_empty() => {
                let _: &SharedArray<u64, _> = &out.result;
                assert_eq!((out.result.sum(), out.total), (4950, 100));
                right += 1;
            }
            Ok((out, report)) => {
                let failed: Vec<usize> = report.failed.iter().map(|failed| failed.index).collect();
                assert_eq!(failed, [49, 99]);
                assert_eq!((out.result.sum(), out.total), (4950 - 49 - 99, 98));
                skipped += 1;
            }
            Err(error) => match at_item(&error) {
                (index, Cause::Refused { .. } | Cause::Panic { .. } | Cause::Died { .. }) => {
                    assert!(index % 50 == 49);
                    failed += 1;
                }
                _ => panic!("{error}"),
            },
        }
    };
    let warm_up = maps / 20;
    (0..warm_up).for_each(&mut run);
    let before = (open_files_and_mappings(), resident());
    (warm_up..maps).for_each(|number| {
        if number % 1000 == 0 {
            println!("map {number}");
        }
        run(number);
    });
    let after = (open_files_and_mappings(), resident());
    println!("{right} right, {skipped} with items left out, {failed} failed");
    println!("files {}", after.0.0 as i64 - before.0.0 as i64);
    println!("mappings {}", after.0.1 as i64 - before.0.1 as i64);
    println!("children {}", children().len());
    println!("resident {} KiB", (after.1 as i64 - before.1 as i64) / 1024);
}
