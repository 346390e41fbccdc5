//! What a kernel brings along: elements, merges, scratch, and the lengths of its ragged slots.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use ndarray::ArrayViewMut1;
use pasha::{Cause, Context, Error, OnFailure, ProcessContext, SerialContext, ThreadContext};
use pasha_tests::at_item;

use super::contexts;
use super::sources::{Torn, pairs};

/// A scratch whose drop panics.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("broken scratch");
    }
}

/// Copies.
#[pasha::kernel]
fn fragile(n: u64, #[scratch(Fragile)] scratch: &mut Fragile) -> u64 {
    let _ = scratch;
    n
}

#[test]
fn a_panic_of_a_scratchs_drop_is_told_where_it_is() {
    for context in contexts() {
        let text = fragile::run_in(&*context, 0..100_u64).unwrap_err().to_string();
        assert!(text.contains("broken scratch") && text.contains("scratch"), "{text}");
        assert!(text.contains("dropping"), "{text}");
    }
}

fn never(a: u64, b: u64) -> u64 {
    panic!("no sum of {a} and {b}")
}

/// Adds up, into what can't be merged.
#[pasha::kernel]
fn unmergeable(
    n: u64,
    #[reduce(never, init = 0)] total: &mut u64,
    #[reduce(never, init = 0, shape = 2)] mut totals: ArrayViewMut1<u64>,
) -> u64 {
    *total += n;
    totals[1] += n;
    2 * n
}

#[test]
fn a_panic_of_a_merge_is_an_error_that_says_where_it_is() {
    for context in contexts().into_iter().filter(|context| context.num_workers() > 1) {
        let error = unmergeable::run_in(&*context, 0..100_u64).unwrap_err();
        assert!(matches!(error, Error::MergePanicked { len: 100, .. }), "{context:?}: {error}");
        let text = error.to_string();
        assert!(text.contains("no sum of") && text.contains("kernels.rs"), "{text}");
        let mut out = unmergeable::alloc(&*context, 0..100_u64).unwrap();
        unmergeable::run_into(&*context, 0..100_u64, &mut out).unwrap_err();
        assert!(out.result.iter().enumerate().all(|(n, &value)| value == 2 * n as u64));
        // And the next map goes well.
        let doubled = pasha::map_in(&*context, 0..9_u64, |_, _, n| 2 * n).unwrap();
        assert_eq!(doubled.sum(), 72);
    }
}

/// A plain element whose clone is none.
#[derive(Debug, PartialEq, bytemuck::NoUninit, bytemuck::Zeroable)]
#[repr(C)]
struct Bomb(u64);

impl Copy for Bomb {}

#[allow(clippy::non_canonical_clone_impl, reason = "this is what is tried")]
impl Clone for Bomb {
    fn clone(&self) -> Bomb {
        panic!("cloned")
    }
}

fn add(a: Bomb, b: Bomb) -> Bomb {
    Bomb(a.0 + b.0)
}

/// Puts bombs wherever elements go.
#[pasha::kernel]
fn bombs(
    n: u64,
    #[reduce(add, init = Bomb(0))] total: &mut Bomb,
    #[reduce(add, init = Bomb(0), shape = 2)] mut totals: ArrayViewMut1<Bomb>,
    #[per_worker(fill = Bomb(0))] each: &mut Bomb,
    #[output(shape = 2, fill = Bomb(9))] mut row: ArrayViewMut1<Bomb>,
    #[output(fill = Bomb(9))] one: &mut Bomb,
    #[output(ragged = 2_usize, fill = Bomb(9))] mut ragged: ArrayViewMut1<Bomb>,
) -> Result<Bomb, &'static str> {
    total.0 += n;
    totals[1].0 += n;
    each.0 += n;
    row[0].0 += n;
    one.0 += n;
    ragged[1].0 += n;
    if n == 60 { Err("refused") } else { Ok(Bomb(n)) }
}

#[test]
fn elements_are_copied_and_never_cloned() {
    fn check(context: &dyn Context) {
        let out = bombs::run_in(context, 0..100_u64).unwrap();
        let BombsOutput { total, totals, each, row: rows, one: ones, ragged, result: values } = out;
        assert_eq!((total.0, totals[1].0), (4890, 4890), "{context:?}");
        assert_eq!(each.iter().map(|bomb| bomb.0).sum::<u64>(), 4890, "{context:?}");
        for (n, row) in rows.outer_iter().enumerate() {
            let n = if n == 60 { 0 } else { n as u64 };
            assert_eq!((row[0].0, row[1].0), (9 + n, 9), "{context:?}");
        }
        assert_eq!((ones[60].0, ones[61].0, values[61].0), (9, 70, 61), "{context:?}");
        assert_eq!((ragged[60][1].0, ragged[61][1].0), (9, 70), "{context:?}");
        assert_eq!(rows.clone(), rows);
    }
    let policy = OnFailure::Skip { at_most: 1 };
    check(&SerialContext::new().on_failure(policy));
    check(&ThreadContext::new(2).unwrap().on_failure(policy));
    check(&ProcessContext::new(2).unwrap().on_failure(policy));
}

/// Panics where there is no length.
fn length(n: usize) -> usize {
    if n == 7 { panic!("nothing is {n} long") } else { 1 }
}

/// Writes into a ragged slot and another.
#[pasha::kernel]
fn two_outputs(
    n: usize,
    #[output] one: &mut u64,
    #[output(ragged = length(n))] mut slot: ArrayViewMut1<u64>,
) {
    *one = n as u64;
    slot.fill(n as u64);
}

/// Writes into a ragged slot.
#[pasha::kernel]
fn one_output(n: usize, #[output(ragged = length(n))] mut slot: ArrayViewMut1<u64>) {
    slot.fill(n as u64);
}

#[test]
fn a_panic_of_a_ragged_length_is_told_as_the_lengths() {
    for context in contexts() {
        let error = one_output::run_in(&*context, 0..100_usize).unwrap_err();
        let text = error.to_string();
        assert!(matches!(at_item(&error), (7, Cause::Panic { .. })), "{context:?}: {text}");
        assert!(text.contains("the length of slot 7 of the ragged output `slot`"), "{text}");
        assert!(text.contains("nothing is 7 long") && text.contains("kernels.rs:"), "{text}");
        let text = two_outputs::run_in(&*context, 0..100_usize).unwrap_err().to_string();
        assert!(text.contains("the length of slot 7 of a ragged output"), "{text}");
        // The item is read in this pass, too.
        let text = pairs::run_in(&*context, &Torn::Reader).unwrap_err().to_string();
        assert!(text.contains("reading item 7") && !text.contains("slot"), "{text}");
    }
    let context = SerialContext::new().on_failure(OnFailure::Skip { at_most: 0 });
    let text = one_output::run_in(&context, 0..100_usize).unwrap_err().to_string();
    assert!(text.contains("the length of slot 7 of the ragged output `slot`"), "{text}");
}

/// A slot of the length that comes in.
#[pasha::kernel]
fn as_long(len: u64, #[output(ragged = len)] _slot: ArrayViewMut1<f64>) {}

#[test]
fn a_ragged_length_beyond_memory_is_told_with_index_and_value() {
    for context in contexts() {
        // More elements than fit an address, more bytes, more than memory has.
        for len in [u64::MAX, 1 << 61, 1 << 50] {
            let mut lens = [1; 100];
            lens[7] = len;
            let text = as_long::run_in(&*context, &lens).unwrap_err().to_string();
            assert!(text.contains("slot 7") && text.contains(&len.to_string()), "{text}");
        }
        // No single one is too long.
        let lens = [1 << 62; 4];
        let text = as_long::run_in(&*context, &lens).unwrap_err().to_string();
        assert!(text.contains("slot 0") && text.contains(&lens[0].to_string()), "{text}");
    }
}

/// An element with a sum whose neutral element is another at each question.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::NoUninit, bytemuck::Zeroable)]
#[repr(C)]
struct Moody(u64);

static MOODS: AtomicUsize = AtomicUsize::new(0);

impl pasha::Merge<Moody> for pasha::merge::Sum {
    fn neutral(&self) -> Option<Moody> {
        match MOODS.fetch_add(1, SeqCst) {
            0 => Some(Moody(0)),
            odd if odd % 2 == 1 => None,
            even => Some(Moody(1000 * even as u64)),
        }
    }

    fn merge(&self, a: Moody, b: Moody) -> Moody {
        Moody(a.0.wrapping_add(b.0))
    }
}

/// Adds up what has moods.
#[pasha::kernel]
fn moody(
    n: u64,
    #[reduce(sum, init = Moody(5))] total: &mut Moody,
    #[reduce(sum, init = Moody(5), shape = 3)] mut totals: ArrayViewMut1<Moody>,
) {
    total.0 += n;
    totals[2].0 += n;
}

#[test]
fn a_neutral_element_that_changes_gives_wrong_values_at_worst() {
    for context in contexts() {
        for moods in 0..4 {
            MOODS.store(moods, SeqCst);
            let out = moody::run_in(&*context, 0..100_u64).unwrap();
            assert_eq!(out.totals.len(), 3, "{context:?}");
            // Another array is there, whatever is in it.
            let mut out = moody::alloc(&*context, 0..100_u64).unwrap();
            moody::run_into(&*context, 0..100_u64, &mut out).unwrap();
        }
    }
}

/// An element with a sum that counts how often it is asked for its neutral element.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::NoUninit, bytemuck::Zeroable)]
#[repr(C)]
struct Counted(u64);

static ASKED: AtomicUsize = AtomicUsize::new(0);

impl pasha::Merge<Counted> for pasha::merge::Sum {
    fn neutral(&self) -> Option<Counted> {
        ASKED.fetch_add(1, SeqCst);
        Some(Counted(0))
    }

    fn merge(&self, a: Counted, b: Counted) -> Counted {
        Counted(a.0 + b.0)
    }
}

#[test]
fn a_neutral_element_is_asked_for_once() {
    #[pasha::kernel]
    fn count(
        n: u64,
        #[reduce(sum)] total: &mut Counted,
        #[reduce(sum, shape = 3)] mut totals: ArrayViewMut1<Counted>,
    ) {
        total.0 += n;
        totals[2].0 += n;
    }
    for context in contexts() {
        ASKED.store(0, SeqCst);
        let out = count::run_in(&*context, 0..100_u64).unwrap();
        assert_eq!((out.total.0, out.totals[2].0), (4950, 4950), "{context:?}");
        assert_eq!(ASKED.load(SeqCst), 2, "{context:?}: once for each of two outputs");
    }
}

fn length_but_of_seven(n: usize) -> usize {
    assert_ne!(n, 7, "no length for this");
    2
}

/// Writes a number twice.
#[pasha::kernel]
fn twice(
    n: usize,
    #[output(ragged = length_but_of_seven(n))] mut out: ndarray::ArrayViewMut1<usize>,
) {
    out.fill(n);
}

#[test]
fn an_item_whose_length_failed_is_left_out_and_told() {
    use pasha::{Context, OnFailure, ProcessContext, SerialContext, ThreadContext};
    let skip = OnFailure::Skip { at_most: 1 };
    let contexts: [Box<dyn Context>; 3] = [
        Box::new(SerialContext::new().on_failure(skip)),
        Box::new(ThreadContext::new(2).unwrap().on_failure(skip)),
        Box::new(ProcessContext::new(2).unwrap().on_failure(skip)),
    ];
    for context in contexts {
        let (out, report) = twice::run_report_in(&*context, 0..20).unwrap();
        let failed: Vec<_> = report.failed.iter().map(|item| item.index).collect();
        assert_eq!(failed, [7], "{context:?}");
        let text = report.failed[0].cause.to_string();
        assert!(text.contains("no length for this"), "{context:?}: {text}");
        assert_eq!(report.finished, 19, "{context:?}");
        assert_eq!((out[7].len(), out[8].to_vec()), (0, vec![8, 8]), "{context:?}");
    }
}
