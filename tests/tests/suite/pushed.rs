//! Ragged outputs whose values the kernel pushes.

use std::time::Duration;

use pasha::{
    AfterRetries, AnyContext, Context, OnFailure, ProcessContext, Ragged, SerialContext,
    ThreadContext,
};
use pasha_tests::{for_each_context, item_failure};

/// The divisors of a number, and twice the number as often as it has decimals.
#[pasha::kernel]
fn divisors(
    n: u32,
    #[output(ragged)] found: &mut Ragged<u32>,
    #[output(ragged)] decimals: &mut Ragged<[u8; 2]>,
    #[reduce(sum)] total: &mut u64,
) -> usize {
    found.extend((1..=n).filter(|divisor| n.is_multiple_of(*divisor)));
    for _ in n.to_string().chars() {
        decimals.push([1, 2]);
    }
    *total += found.iter().map(|&divisor| u64::from(divisor)).sum::<u64>();
    found.len()
}

/// The divisors by another way.
fn divisors_of(n: u32) -> Vec<u32> {
    (1..=n).filter(|divisor| n / divisor * divisor == n).collect()
}

for_each_context! {
    fn values_lie_in_the_order_of_their_indices(context: &dyn Context) {
        let numbers: Vec<u32> = (0..2000).map(|n| n * 7919 % 1009).collect();
        let out = divisors::run_in(context, &numbers).unwrap();
        let expected: Vec<_> = numbers.iter().map(|&n| divisors_of(n)).collect();
        assert_eq!(out.found.to_vec(), expected);
        assert_eq!(out.result.to_vec(), expected.iter().map(Vec::len).collect::<Vec<_>>());
        assert_eq!(out.found.values().to_vec(), expected.concat());
        let all: u64 = expected.concat().into_iter().map(u64::from).sum();
        assert_eq!(out.total, all);
        assert!(out.decimals.iter().zip(&numbers).all(|(slot, n)| slot.len() == n.to_string().len()));
    }

    fn outputs_are_used_again(context: &dyn Context) {
        let mut out = divisors::alloc(context, &[0_u32; 3]).unwrap();
        assert_eq!(out.found.to_vec(), [[0_u32; 0]; 3]);
        divisors::run_into(context, &[6_u32, 1, 4], &mut out).unwrap();
        assert_eq!(out.found.to_vec(), [vec![1, 2, 3, 6], vec![1], vec![1, 2, 4]]);
        divisors::run_into(context, &[0_u32, 0, 3], &mut out).unwrap();
        assert_eq!(out.found.to_vec(), [vec![], vec![], vec![1, 3]]);
        let error = divisors::run_into(context, &[0_u32, 3], &mut out).unwrap_err();
        assert!(error.to_string().contains("output `found` has shape [3], but this run writes [2]"), "{error}");
    }

    fn nothing_is_pushed_over_nothing(context: &dyn Context) {
        let out = divisors::run_in(context, &[] as &[u32]).unwrap();
        assert!(out.found.is_empty() && out.found.values().is_empty());
    }
}

/// Pushes, and fails in some way at some indices.
#[pasha::kernel]
fn unreliable(
    n: usize,
    #[shared] how: &str,
    #[output(ragged)] values: &mut Ragged<usize>,
) -> Result<(), String> {
    values.extend(std::iter::repeat_n(n, n % 5));
    values.push(n);
    if n % 37 == 3 {
        match how {
            "error" => return Err("as told".to_owned()),
            "panic" => panic!("as told"),
            "death" => std::process::abort(),
            "late" => std::thread::sleep(Duration::from_millis(300)),
            _ => {}
        }
    }
    values.extend_from_slice(&[n, n]);
    Ok(())
}

/// What `unreliable` pushes at an index.
fn pushed_by(n: usize) -> Vec<usize> {
    vec![n; n % 5 + 3]
}

#[test]
fn what_an_item_that_failed_has_pushed_is_gone() {
    let skip = OnFailure::Skip { at_most: 10 };
    let retry = OnFailure::Retry { times: 2, then: AfterRetries::Skip { at_most: 10 } };
    for policy in [skip, retry] {
        let contexts: [(AnyContext, &[&str]); 3] = [
            (Box::new(SerialContext::new().on_failure(policy)), &["error", "panic"]),
            (Box::new(ThreadContext::new(3).unwrap().on_failure(policy)), &["error", "panic"]),
            (
                Box::new(
                    ProcessContext::new(3)
                        .unwrap()
                        .on_failure(policy)
                        .item_timeout(Duration::from_millis(100)),
                ),
                &["error", "panic", "death", "late"],
            ),
        ];
        for (context, ways) in contexts {
            for &how in ways {
                let (out, report) = unreliable::run_report_in(&context, 0..200_usize, how).unwrap();
                let failed: Vec<_> = report.failed.iter().map(|item| item.index).collect();
                assert_eq!(failed, [3, 40, 77, 114, 151, 188], "{how} {context:?}");
                for (n, slot) in out.iter().enumerate() {
                    let expected = if failed.contains(&n) { vec![] } else { pushed_by(n) };
                    assert_eq!(slot.to_vec(), expected, "{how} at {n} in {context:?}");
                }
            }
        }
    }
}

for_each_context! {
    fn what_was_finished_stays_after_an_error(context: &dyn Context) {
        let mut out = unreliable::alloc(context, 0..200_usize, "error").unwrap();
        let error = unreliable::run_into(context, 0..200_usize, "error", &mut out).unwrap_err();
        assert!(error.to_string().contains("as told"), "{error}");
        let finished = out.iter().enumerate().filter(|(n, slot)| slot.to_vec() == pushed_by(*n));
        assert!(finished.count() >= item_failure(&error).finished());
        // An item that was not begun has no values, and no other item's.
        assert!(out.iter().enumerate().all(|(n, slot)| slot.iter().all(|&value| value == n)));
    }

    fn handles_may_be_swapped(context: &dyn Context) {
        let out = swapped::run_in(context, 0..500_u32).unwrap();
        for n in 0..500 {
            let (even, odd) = if n % 2 == 0 { (n, n + 1) } else { (n + 1, n) };
            assert_eq!((&out.even[n as usize], &out.odd[n as usize]), (&[even][..], &[odd][..]));
        }
    }

    fn more_than_the_machine_has_is_told_with_the_output(context: &dyn Context) {
        let error = enormous::run_in(context, 5..6_usize).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("the ragged output `bytes` is full"), "{text}");
        assert!(text.contains("1125899906842624 more do not fit"), "{text}");
        assert_eq!(item_failure(&error).index(), 0);
    }
}

/// Pushes even numbers into the one output and odd ones into the other.
#[pasha::kernel]
fn swapped(
    n: u32,
    #[output(ragged)] even: &mut Ragged<u32>,
    #[output(ragged)] odd: &mut Ragged<u32>,
) {
    let (own, other) = if n % 2 == 1 { (odd, even) } else { (even, odd) };
    own.push(n);
    other.push(n + 1);
}

/// Pushes far more bytes than there are.
#[pasha::kernel]
fn enormous(_n: usize, #[output(ragged)] bytes: &mut Ragged<()>) {
    bytes.extend_from_slice(&[(); 1 << 50]);
}

/// A slot in another order than that of its making.
#[pasha::kernel]
fn sorted(values: &[i32], #[output(ragged)] kept: &mut Ragged<i32>) {
    kept.extend(values.iter().filter(|&&value| value >= 0));
    kept.sort_unstable();
    assert!(kept.is_sorted() && kept.len() <= values.len());
}

#[test]
fn a_slot_is_a_slice_of_what_was_pushed() {
    let out = sorted::run_serial(&[vec![3, -1, 2], vec![-5, -6, -7], vec![9, 8, 7]]).unwrap();
    assert_eq!(out.to_vec(), [vec![2, 3], vec![], vec![7, 8, 9]]);
}

/// Writes streaming stores beside what it pushes.
#[pasha::kernel(stream_stores)]
fn streamed(n: u32, #[output(ragged)] values: &mut Ragged<u32>) -> u32 {
    values.extend(0..n % 3);
    n
}

#[test]
fn pushes_go_with_streaming_stores() {
    let out = streamed::run_in(&ThreadContext::new(2).unwrap(), 0..100_000_u32).unwrap();
    let lengths = out.values.iter().map(|slot| slot.len() as u32);
    assert!(lengths.eq((0..100_000).map(|n| n % 3)));
    assert!(out.result.iter().copied().eq(0..100_000));
}

#[test]
fn a_map_that_resumes_keeps_what_was_pushed() {
    let folder = tempfile::tempdir().unwrap();
    let context = SerialContext::new().resume(folder.path().join("job"));
    #[pasha::kernel]
    fn evens(n: u32, #[output(ragged)] found: &mut Ragged<u32>) {
        found.extend((0..n).step_by(2));
    }
    let mut out = evens::alloc(&context, &[3_u32, 5]).unwrap();
    evens::run_into(&context, &[3_u32, 5], &mut out).unwrap();
    let (again, report) = evens::run_report_in(&context, &[3_u32, 5]).unwrap();
    assert_eq!(report.resumed, 2);
    assert_eq!((again.to_vec(), again), (vec![vec![0, 2], vec![0, 2, 4]], out));
}
