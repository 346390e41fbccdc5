//! Maps over several ranks: the same result on each, whatever happens on one.

use std::time::{Duration, Instant};

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1};
use pasha::prelude::*;
use pasha::{
    AnyContext, CancelToken, Cause, Error, OnFailure, ProcessContext, Ragged, SerialContext,
    ThreadContext,
};
use pasha_tests::ranks::{on_ranks, on_ranks_with, ran_alone, stopped_siblings};
use pasha_tests::{item_failure, shared_counters};

const PATIENCE: Duration = Duration::from_secs(40);

fn serial(_rank: usize) -> AnyContext {
    Box::new(SerialContext::new())
}

fn mixed(rank: usize) -> AnyContext {
    match rank {
        0 => Box::new(SerialContext::new()),
        1 => Box::new(ProcessContext::new(2).unwrap()),
        _ => Box::new(ThreadContext::new(3).unwrap()),
    }
}

/// All roles of outputs in one kernel.
#[pasha::kernel]
fn everything(
    spectrum: ArrayView1<u32>,
    #[index] index: usize,
    #[worker_id] worker: usize,
    #[shared] factor: u32,
    #[output(like = spectrum, fill = 7)] scaled: ArrayViewMut1<u32>,
    #[output(ragged = index % 4)] known: ArrayViewMut1<u16>,
    #[output(ragged)] pushed: &mut Ragged<u64>,
    #[reduce(sum, like = spectrum)] total: ArrayViewMut1<u64>,
    #[reduce(max)] largest: &mut u32,
    #[per_worker(shape = (2,))] mine: ArrayViewMut1<u64>,
    #[per_worker] calls: &mut u64,
) -> (u64, [u32; 2]) {
    let (mut scaled, mut known, mut total, mut mine) = (scaled, known, total, mine);
    scaled.assign(&(&spectrum * factor));
    known.fill(index as u16);
    (0..index % 3).for_each(|n| pushed.push((index * 10 + n) as u64));
    total.zip_mut_with(&spectrum, |total, &count| *total += u64::from(count));
    *largest = spectrum.iter().copied().fold(*largest, u32::max);
    mine[0] += 1;
    mine[1] = worker as u64;
    *calls += 1;
    (index as u64, [index as u32, worker as u32])
}

fn check_everything(out: &EverythingOutput, spectra: &Array2<u32>, workers: usize) {
    let len = spectra.nrows();
    assert_eq!(out.scaled, spectra * 3);
    for index in 0..len {
        assert_eq!(out.known[index], vec![index as u16; index % 4]);
        let pushed: Vec<u64> = (0..index % 3).map(|n| (index * 10 + n) as u64).collect();
        assert_eq!(out.pushed[index], pushed);
    }
    let total = spectra.mapv(u64::from).sum_axis(ndarray::Axis(0));
    assert_eq!(out.total, total);
    assert_eq!(out.largest, *spectra.iter().max().unwrap());
    assert_eq!((out.mine.nrows(), out.calls.len()), (workers, workers));
    assert_eq!(out.calls.sum(), len as u64);
    assert_eq!(out.mine.column(0), out.calls);
    for (worker, row) in out.mine.outer_iter().enumerate() {
        assert!(row[0] == 0 || row[1] == worker as u64, "worker {worker} wrote {row}");
    }
    let result = &out.result;
    assert_eq!(result.0, Array1::from_iter(0..len as u64));
    assert_eq!(result.1.column(0), Array1::from_iter(0..len as u32));
    for worker in 0..workers {
        let done = result.1.column(1).iter().filter(|&&id| id as usize == worker).count();
        assert_eq!(done as u64, out.calls[worker], "worker {worker}");
    }
}

#[test]
fn all_roles_come_whole_to_all_ranks() {
    if ran_alone(&|| ()) {
        return;
    }
    let spectra =
        Array2::from_shape_fn((203, 5), |(index, bin)| (index * 7 + bin * 13) as u32 % 97);
    for (size, local, workers) in
        [(2, serial as fn(usize) -> AnyContext, 2), (3, mixed as fn(usize) -> AnyContext, 6)]
    {
        on_ranks(size, local, |context| {
            let out = everything::run_in(&context, &spectra, 3).unwrap();
            check_everything(&out, &spectra, workers);
            // Into outputs that exist, of which nothing is left that was there.
            let mut again = everything::run_in(&context, &(&spectra / 2), 1).unwrap();
            let report = everything::run_report_into(&context, &spectra, 3, &mut again).unwrap();
            check_everything(&again, &spectra, workers);
            assert_eq!((report.len, report.finished), (203, 203));
            assert_eq!(report.workers.len(), workers);
            let ids: Vec<usize> = report.workers.iter().map(|worker| worker.worker_id).collect();
            assert_eq!(ids, (0..workers).collect::<Vec<_>>());
            assert_eq!(report.workers.iter().map(|worker| worker.finished).sum::<usize>(), 203);
        });
    }
}

#[test]
fn at_root_rank_0_has_everything_and_all_have_reductions() {
    if ran_alone(&|| ()) {
        return;
    }
    let spectra =
        Array2::from_shape_fn((100, 5), |(index, bin)| (index * 7 + bin * 13) as u32 % 97);
    on_ranks(3, serial, |context| {
        let context = context.outputs_at_root();
        let out = everything::run_in(&context, &spectra, 3).unwrap();
        if context.rank() == 0 {
            check_everything(&out, &spectra, 3);
        } else {
            assert_eq!(out.largest, *spectra.iter().max().unwrap());
            assert_eq!(out.calls.sum(), 100);
            for (row, spectrum) in out.scaled.outer_iter().zip(spectra.outer_iter()) {
                assert!(row == &spectrum * 3 || row.iter().all(|&value| value == 7));
            }
        }
    });
}

#[test]
fn cheap_items_and_empty_maps_and_few_items() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(3, mixed, |context| {
        for len in [0, 1, 2, 5, 1_000_000] {
            let squares = pasha::map_in(&context, 0..len, |_, _, n: u64| n * n).unwrap();
            assert!(squares.iter().zip(0..len).all(|(&square, n)| square == n * n), "{len} items");
        }
    });
}

#[pasha::kernel]
fn fussy(value: u64, #[shared] bad: &[u64], #[reduce(sum)] sum: &mut u64) -> Result<u64, String> {
    *sum += value;
    if bad.contains(&value) { Err(format!("no {value}")) } else { Ok(value + 1) }
}

#[test]
fn an_error_of_the_kernel_is_the_same_on_all_ranks() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(3, PATIENCE, mixed, |context| {
        let error = fussy::run_in(&context, 0..3000_u64, &[1234]).unwrap_err();
        let failure = item_failure(&error);
        assert_eq!(failure.index(), 1234);
        assert!(failure.host().unwrap().starts_with("node-"), "{error}");
        assert!(matches!(failure.cause(), Cause::Refused { message, .. } if message == "no 1234"));
        // The next map is like any other.
        let out = fussy::run_in(&context, 0..100_u64, &[]).unwrap();
        assert_eq!((out.sum, out.result.sum()), (4950, 5050));
        error.to_string()
    });
    assert_eq!((&texts[0], &texts[0]), (&texts[1], &texts[2]));
}

#[test]
fn skipped_items_are_listed_on_all_ranks_and_counted_over_all() {
    if ran_alone(&|| ()) {
        return;
    }
    let bad = [3, 77, 500, 999];
    let texts = on_ranks_with(3, PATIENCE, mixed, |context| {
        let skip = |at_most| context.clone().on_failure(OnFailure::Skip { at_most });
        let (out, report) = fussy::run_report_in(&skip(4), 0..1000_u64, &bad).unwrap();
        let failed: Vec<u64> = report.failed.iter().map(|item| item.index as u64).collect();
        assert_eq!(failed, bad);
        assert_eq!(report.finished, 996);
        assert_eq!(out.sum, (0..1000).filter(|n| !bad.contains(n)).sum::<u64>());
        for (index, &value) in out.result.iter().enumerate() {
            let is_bad = bad.contains(&(index as u64));
            assert_eq!(value, if is_bad { 0 } else { index as u64 + 1 });
        }
        let error = fussy::run_in(&skip(3), 0..1000_u64, &bad).unwrap_err();
        assert!(matches!(error, Error::TooManyFailures { failed: 4.., at_most: 3, .. }), "{error}");
        format!("{error} {}", report.failed.iter().map(|f| f.cause.to_string()).collect::<String>())
    });
    assert_eq!((&texts[0], &texts[0]), (&texts[1], &texts[2]));
}

#[pasha::kernel]
fn deadly(
    value: u64,
    #[shared] deadly: u64,
    #[shared(copied)] times: &'static [std::sync::atomic::AtomicU64],
) -> u64 {
    use std::sync::atomic::Ordering;
    if value == deadly && times[0].fetch_add(1, Ordering::Relaxed) == 0 {
        std::process::abort();
    }
    times[1].fetch_add(1, Ordering::Relaxed);
    value * 2
}

#[test]
fn a_forked_worker_that_dies_is_named_with_its_host_or_replaced() {
    if ran_alone(&|| ()) {
        return;
    }
    let counters = shared_counters(2);
    let local = |_| -> AnyContext { Box::new(ProcessContext::new(2).unwrap()) };
    let texts = on_ranks_with(2, PATIENCE, local, |context| {
        let retry = pasha::OnFailure::Retry { times: 1, then: pasha::AfterRetries::Abort };
        let retry = context.clone().on_failure(retry);
        let (out, report) = deadly::run_report_in(&retry, 0..500_u64, 321, counters).unwrap();
        assert!(out.iter().zip(0..).all(|(&value, n): (&u64, u64)| value == 2 * n));
        assert_eq!((report.replaced, report.retried), (1, 1));
        format!("{}", report.finished)
    });
    assert_eq!(texts, ["500", "500"]);
    assert_eq!(counters[1].load(std::sync::atomic::Ordering::Relaxed), 500, "each ran once");
    counters[0].store(0, std::sync::atomic::Ordering::Relaxed);
    let texts = on_ranks_with(2, PATIENCE, local, |context| {
        let error = deadly::run_in(&context, 0..500_u64, 321, counters).unwrap_err();
        let failure = item_failure(&error);
        assert!(matches!(failure.cause(), Cause::Died { signal: Some(6), .. }), "{error}");
        assert!(failure.host().is_some());
        error.to_string()
    });
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn a_cancel_or_a_deadline_on_one_rank_ends_the_map_on_all() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(3, mixed, |context| {
        let token = CancelToken::new();
        if context.rank() == 2 {
            token.cancel();
        }
        let cancelled = context.clone().cancel_token(&token);
        let error = pasha::map_in(&cancelled, 0..100_000_u32, |_, _, n| {
            std::thread::sleep(Duration::from_micros(100));
            n
        })
        .unwrap_err();
        assert!(matches!(error, Error::Cancelled { .. }), "{error}");
        let late = context.deadline(Duration::from_millis(50));
        let error = pasha::map_in(&late, 0..1000_u32, |_, _, n| {
            std::thread::sleep(Duration::from_millis(10));
            n
        })
        .unwrap_err();
        assert!(matches!(error, Error::Deadline { .. }), "{error}");
    });
}

#[test]
fn ranks_that_do_not_do_the_same_are_told_both_values() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(3, PATIENCE, serial, |context| {
        let len = if context.rank() == 1 { 11 } else { 10 };
        let error = pasha::map_in(&context, 0..len, |_, _, n: i32| n).unwrap_err();
        assert!(matches!(error, Error::RanksDiffer { .. }), "{error}");
        let shape = if context.rank() == 2 { 3 } else { 4 };
        let other = everything::run_in(&context, &Array2::zeros((10, shape)), 1).err().unwrap();
        assert!(
            other.to_string().contains("(10, ") || other.to_string().contains("[10, "),
            "{other}"
        );
        // A rank that makes another map, and one that fails alone.
        let third = match context.rank() {
            0 => fussy::run_in(&context, 0..3_u64, &[]).map(drop),
            _ => pasha::map_in(&context, 0..3_u64, |_, _, n| n).map(drop),
        };
        assert!(matches!(third, Err(Error::RanksDiffer { .. })));
        let unequal = (vec![1_u64; if context.rank() == 1 { 4 } else { 5 }], vec![1_u64; 5]);
        let alone = add::run_in(&context, &unequal.0, &unequal.1).unwrap_err();
        assert!(matches!(&alone, Error::Rank { rank: 1, .. }), "{alone}");
        let resuming = match context.rank() {
            1 => context.clone().resume("/nowhere/job"),
            _ => context.clone(),
        };
        let refused = add::run_in(&resuming, &[1_u64; 2], &[1_u64; 2]).unwrap_err();
        assert!(matches!(&refused, Error::Rank { rank: 1, .. }), "{refused}");
        let all = add::run_in(&context, &[1_u64; 2], &[1_u64; 3]).unwrap_err();
        assert!(matches!(all, Error::LengthMismatch { .. }), "{all}");
        assert_eq!(add::run_in(&context, &[1_u64; 2], &[1_u64; 2]).unwrap(), ndarray::array![2, 2]);
        format!("{error} {other} {alone}")
    });
    assert_eq!((&texts[0], &texts[0]), (&texts[1], &texts[2]));
    assert!(
        texts[0].contains("number of items is 10 on rank 0 (node-0), but 11 on rank 1"),
        "{}",
        texts[0]
    );
}

#[pasha::kernel]
fn add(one: u64, other: u64) -> u64 {
    one + other
}

#[test]
fn a_rank_that_has_ended_is_told_and_not_waited_for() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(3, PATIENCE, serial, |context| {
        let out = pasha::map_in(&context, 0..10_u64, |_, _, n| n).unwrap();
        assert_eq!(out.sum(), 45);
        if context.rank() == 1 {
            return String::new();
        }
        let error = pasha::map_in(&context, 0..10_u64, |_, _, n| n).unwrap_err();
        assert!(matches!(&error, Error::Rank { rank: 1, .. }), "{error}");
        error.to_string()
    });
    assert!(texts[0].contains("the program has ended there"), "{}", texts[0]);
    assert_eq!(texts[0], texts[2]);
}

#[test]
fn a_rank_that_is_killed_in_a_map_is_lost_on_the_others() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(3, Duration::from_secs(3), mixed, |context| {
        let rank = context.rank();
        let begun = Instant::now();
        let error = pasha::map_in(&context, 0..1_000_000_u64, |_, index, n| {
            if rank == 2 && index > 100 {
                // The threads of rank 2 are that rank.
                let _ = rustix::process::kill_process(
                    rustix::process::getpid(),
                    rustix::process::Signal::KILL,
                );
            }
            std::thread::sleep(Duration::from_micros(200));
            n
        })
        .unwrap_err();
        assert!(
            matches!(&error, Error::RankLost { rank: 2, host, .. } if host == "node-2"),
            "{error}"
        );
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        // The group stays without it.
        let again = pasha::map_in(&context, 0..10_u64, |_, _, n| n).unwrap_err();
        assert!(matches!(again, Error::RankLost { rank: 2, .. }), "{again}");
        "told".to_owned()
    });
    assert_eq!(texts, ["told", "told", "killed"]);
}

#[test]
fn a_rank_that_is_stopped_is_lost_on_the_others() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(2, Duration::from_secs(2), serial, |context| {
        if context.rank() == 1 {
            let _ = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::STOP,
            );
            // Continued by nobody: killed below by rank 0.
        }
        if context.rank() == 0 {
            let error = pasha::map_in(&context, 0..10_u64, |_, _, n| n).unwrap_err();
            assert!(matches!(&error, Error::RankLost { rank: 1, .. }), "{error}");
            assert!(error.to_string().contains("nothing has been heard of it"), "{error}");
            for pid in stopped_siblings() {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
        "told".to_owned()
    });
    assert_eq!(texts, ["told", "killed"]);
}

#[pasha::kernel]
fn count_calls(
    value: u64,
    #[shared(copied)] calls: &'static [std::sync::atomic::AtomicU64],
    #[shared] fails: bool,
    #[output] doubled: &mut f64,
) -> Result<(), &'static str> {
    calls[value as usize].fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    if fails && value == 400 {
        Err("the power fails")
    } else {
        *doubled = 2.0 * value as f64;
        Ok(())
    }
}

#[test]
fn a_job_in_files_goes_on_where_it_was_on_all_ranks() {
    if ran_alone(&|| ()) {
        return;
    }
    let folder = std::env::temp_dir().join(format!("pasha-ranks-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let calls = shared_counters(600);
    let path = folder.join("doubled.npy");
    for fails in [true, false] {
        on_ranks(2, serial, |context| {
            let context = context.resume(folder.join("job.pasha"));
            let mut out = context.alloc::<f64>(600).file(&path).build().unwrap();
            let outcome = count_calls::run_into(&context, 0..600_u64, calls, fails, &mut out);
            match fails {
                true => assert_eq!(item_failure(&outcome.unwrap_err()).index(), 400),
                false => {
                    outcome.unwrap();
                    assert_eq!(out, Array1::from_iter((0..600).map(|n| 2.0 * f64::from(n))));
                }
            }
        });
    }
    let calls: Vec<u64> =
        calls.iter().map(|n| n.load(std::sync::atomic::Ordering::Relaxed)).collect();
    assert_eq!(calls[400], 2);
    assert!(calls.iter().enumerate().all(|(n, &times)| n == 400 || times == 1), "{calls:?}");
    let stored: Array1<f64> = ndarray_npy::read_npy(&path).unwrap();
    assert_eq!(stored, Array1::from_iter((0..600).map(|n| 2.0 * f64::from(n))));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_second_map_at_the_same_time_is_refused() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(2, mixed, |context| {
        let error = pasha::map_in(&context, 0..4_u64, |_, _, _| {
            // A thread of the kernel's is in no worker.
            let map = || pasha::map_in(&context, 0..4_u64, |_, _, n| n).map(|out| out.to_vec());
            let outcome = std::thread::scope(|scope| scope.spawn(map).join().unwrap());
            u8::from(outcome.is_ok())
        });
        assert_eq!(error.unwrap().to_vec(), [0; 4]);
    });
}

/// Sums of floats, whose bits depend on the order.
#[pasha::kernel]
fn summed(
    value: f64,
    #[reduce(sum)] total: &mut f64,
    #[reduce(sum, shape = (3,))] mut parts: ArrayViewMut1<f32>,
    #[per_worker] calls: &mut u64,
) {
    *total += value.sin();
    parts[value as usize % 3] += value.cos() as f32;
    *calls += 1;
}

#[test]
fn reproducible_reductions_have_the_bits_of_one_machine() {
    let values = Array1::linspace(0.0, 5000.0, 20_011);
    let one = summed::run_in(&SerialContext::new().reproducible(true), &values).unwrap();
    if ran_alone(&|| ()) {
        return;
    }
    for size in [1, 2, 3] {
        for local in [serial as fn(usize) -> AnyContext, mixed] {
            on_ranks(size, local, |context| {
                let context = context.reproducible(true);
                let out = summed::run_in(&context, &values).unwrap();
                assert_eq!(out.total.to_bits(), one.total.to_bits());
                assert_eq!(out.parts, one.parts);
                assert_eq!(out.calls.sum(), 20_011);
                let split = context.static_split();
                let out = summed::run_in(&split, &values).unwrap();
                assert_eq!((out.total.to_bits(), &out.parts), (one.total.to_bits(), &one.parts));
            });
        }
    }
}

/// Whatever is merged with what has item 321 panics.
fn refusing(a: u64, b: u64) -> u64 {
    assert!(a & b == 0, "there was {a} and {b}");
    a + b
}

#[pasha::kernel]
fn merged(value: u64, #[reduce(refusing, init = 0)] all: &mut u64, #[per_worker] calls: &mut u64) {
    *all |= 1;
    *calls += value;
}

#[test]
fn a_merge_that_panics_is_an_error_on_all_ranks() {
    if ran_alone(&|| ()) {
        return;
    }
    // On one rank with one worker alone there is nothing to merge, so that rank 0 panics.
    for local in [serial as fn(usize) -> AnyContext, mixed] {
        on_ranks(3, local, |context| {
            for reproducible in [false, true] {
                let context = context.clone().reproducible(reproducible);
                let error = merged::run_in(&context, 0..1000).unwrap_err();
                let text = error.to_string();
                assert!(text.contains("merging what the workers have accumulated"), "{text}");
                assert!(text.contains("there was 1 and 1"), "{text}");
                // The next map is none the worse for it.
                let out = everything::run_in(&context, &Array2::ones((50, 3)), 3).unwrap();
                assert_eq!(out.total, ndarray::array![50, 50, 50]);
            }
        });
    }
}
