//! What a kernel changes through a shared parameter or an item is seen where workers are threads;
//! in processes the map does not start, unless each worker is to have a copy of its own.
#![deny(warnings)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use pasha::{ProcessContext, SerialContext, ThreadContext};

#[pasha::kernel]
fn count(value: u64, #[shared] calls: &AtomicUsize) -> u64 {
    calls.fetch_add(1, Relaxed);
    value
}

#[pasha::kernel]
fn gather(value: u64, #[shared] seen: &[Arc<Mutex<Vec<u64>>>]) -> u64 {
    seen[0].lock().unwrap().push(value);
    value
}

#[pasha::kernel]
fn within(value: u64, #[shared] parts: &(u8, (f64, Arc<Mutex<u64>>))) -> u64 {
    *parts.1.1.lock().unwrap() += value;
    value
}

#[pasha::kernel]
fn tabled(value: u64, #[shared] table: &BTreeMap<u64, (u8, AtomicUsize)>) -> u64 {
    table[&0].1.fetch_add(1, Relaxed);
    value
}

#[pasha::kernel]
fn listed(value: u64, #[shared] list: &[Vec<(u8, Option<(f64, Mutex<u64>)>)>]) -> u64 {
    value + list.len() as u64
}

#[pasha::kernel]
fn viewed(value: u64, #[shared] cells: &ndarray::ArrayView1<'_, (u8, AtomicUsize)>) -> u64 {
    cells[0].1.fetch_add(1, Relaxed);
    value
}

#[pasha::kernel]
fn refused(value: u64, #[shared] _count: &Result<u8, AtomicUsize>) -> u64 {
    value
}

#[pasha::kernel]
fn plain(value: u64, #[shared] table: &BTreeMap<u64, (u8, Vec<(f64, String)>)>) -> u64 {
    value + table.len() as u64
}

#[pasha::kernel]
fn cached(value: u64, #[shared(copied)] cache: &Mutex<Option<u64>>) -> u64 {
    value + *cache.lock().unwrap().get_or_insert(10)
}

#[pasha::kernel]
fn generic<T: Sync>(value: u64, #[shared] _unknown: &T) -> u64 {
    value
}

#[pasha::kernel]
fn bump(cell: &AtomicUsize) {
    cell.fetch_add(1, Relaxed);
}

#[pasha::kernel]
fn bump_rows(cells: ndarray::ArrayView1<(u8, AtomicUsize)>) {
    cells[0].1.fetch_add(1, Relaxed);
}

#[pasha::kernel]
fn take<'a>(pair: &'a (u8, Option<Mutex<&'static str>>)) -> u64 {
    pair.1.as_ref().map_or(0, |text| text.lock().unwrap().len() as u64)
}

#[pasha::kernel]
fn own_type<'a>(text: &std::borrow::Cow<'a, str>) -> u64 {
    text.len() as u64
}

fn items() -> pasha::Result<()> {
    let processes = ProcessContext::new(2)?;
    let cells: Vec<_> = (0..4).map(AtomicUsize::new).collect();
    let error = bump::run_in(&processes, &cells).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, pasha::Error::ChangesLost { is_item: true, .. }), "{text}");
    assert!(text.contains("`cell`") && text.contains("map over the values in the locks"), "{text}");
    assert!(!text.contains("copied"), "{text}");
    bump::run_in(&ThreadContext::new(2)?, &cells)?;
    bump::run_serial(&cells)?;
    assert_eq!(cells.iter().map(|cell| cell.load(Relaxed)).sum::<usize>(), 6 + 8);
    let rows = ndarray::Array2::from_shape_fn((2, 3), |_| (1, AtomicUsize::new(0)));
    assert!(bump_rows::run_in(&processes, &rows).is_err());
    bump_rows::run_in(&ThreadContext::new(2)?, &rows)?;
    assert_eq!(rows[[1, 0]].1.load(Relaxed), 1);
    let pairs = vec![(1, Some(Mutex::new("text")))];
    assert!(take::run_in(&processes, &pairs).is_err());
    assert_eq!(take::run_in(&ThreadContext::new(2)?, &pairs)?[0], 4);
    let words = vec![std::borrow::Cow::Borrowed("words")];
    assert_eq!(own_type::run_in(&processes, &words)?[0], 5);
    Ok(())
}

fn main() -> pasha::Result<()> {
    items()?;
    let calls = AtomicUsize::new(0);
    count::run_serial(0..10_u64, &calls)?;
    count::run_in(&ThreadContext::new(2)?, 0..10_u64, &calls)?;
    assert_eq!(calls.load(Relaxed), 20);
    let processes = ProcessContext::new(2)?;
    let seen = [Arc::new(Mutex::new(Vec::new()))];
    for error in [
        count::run_in(&processes, 0..10_u64, &calls).unwrap_err(),
        count::run_parallel(0..10_u64, &calls).unwrap_err(),
        count::run_in(&Box::new(processes.clone()), 0..10_u64, &calls).unwrap_err(),
        count::bind(&calls).then(cached::bind(&Mutex::new(None))).run_parallel(0..10_u64).unwrap_err(),
    ] {
        assert!(matches!(error, pasha::Error::ChangesLost { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("`calls`") && text.contains("`#[reduce(sum)]`"), "{text}");
    }
    assert!(gather::run_in(&processes, 0..10_u64, &seen).is_err());
    let parts = (1, (2.0, Arc::default()));
    assert!(within::run_in(&processes, 0..10_u64, &parts).is_err());
    within::run_in(&ThreadContext::new(2)?, 0..10_u64, &parts)?;
    assert_eq!(*parts.1.1.lock().unwrap(), 45);
    let table = BTreeMap::from([(0, (1, AtomicUsize::new(0)))]);
    assert!(tabled::run_in(&processes, 0..10_u64, &table).is_err());
    tabled::run_in(&ThreadContext::new(2)?, 0..10_u64, &table)?;
    assert_eq!(table[&0].1.load(Relaxed), 10);
    assert!(listed::run_in(&processes, 0..10_u64, &[]).is_err());
    let cells = ndarray::arr1(&[0]).mapv(|_| (1, AtomicUsize::new(0)));
    assert!(viewed::run_in(&processes, 0..10_u64, &cells.view()).is_err());
    assert!(refused::run_in(&processes, 0..10_u64, &Ok(1)).is_err());
    assert_eq!(plain::run_in(&processes, 0..3_u64, &BTreeMap::new())?[2], 2);
    assert_eq!(calls.load(Relaxed), 20);
    assert_eq!(cached::run_in(&processes, 0..3_u64, &Mutex::new(None))?[2], 12);
    assert_eq!(generic::run_in(&processes, 0..3_u64, &calls)?[2], 2);
    // In a worker a map runs serially, and the lock is the worker's own.
    let sums = pasha::map(0..3_u64, |_, _, n| {
        let calls = AtomicUsize::new(0);
        count::run_in(&SerialContext::new(), 0..n, &calls).unwrap();
        count::run_parallel(0..n, &calls).unwrap();
        calls.load(Relaxed)
    })?;
    assert_eq!(sums, ndarray::array![0, 2, 4]);
    Ok(())
}
