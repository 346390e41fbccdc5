//! What readers of chosen items ask of the source: no more than is chosen, its length once.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, Ix1, array};
use pasha::{ByValue, Context, Functor, Read, SerialContext, SourceError, ThreadContext};

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

#[pasha::kernel]
fn same(value: u64) -> u64 {
    value
}

/// A functor that prepares a share when it is begun, as one that reads a file in one piece, and
/// remembers what it prepared.
struct Prepared {
    len: usize,
    together: usize,
    begun: Mutex<Vec<Range<usize>>>,
}

struct PreparedReader<'f> {
    source: &'f Prepared,
    ready: Range<usize>,
}

impl Functor<ByValue<u64>> for Prepared {
    type Reader<'f> = PreparedReader<'f>;

    fn num_items(&self) -> usize {
        self.len
    }

    fn reader(&self) -> Result<PreparedReader<'_>, SourceError> {
        Ok(PreparedReader { source: self, ready: 0..0 })
    }

    fn items_together(&self) -> usize {
        self.together
    }
}

impl Read<ByValue<u64>> for PreparedReader<'_> {
    type Error = Infallible;

    fn begin(&mut self, share: Range<usize>) {
        assert!(share.end <= self.source.len);
        self.source.begun.lock().unwrap().push(share.clone());
        self.ready = share;
    }

    fn read(&mut self, index: usize) -> Result<u64, Infallible> {
        assert!(self.ready.contains(&index), "{index} of {:?}", self.ready);
        Ok(index as u64)
    }
}

#[test]
fn only_what_is_chosen_is_begun() {
    let context = SerialContext::new();
    let begun = |together, map: &dyn Fn(&Prepared)| {
        let source = Prepared { len: 100, together, begun: Mutex::default() };
        map(&source);
        source.begun.into_inner().unwrap()
    };
    let select = |chosen: &[usize], together| {
        begun(together, &|source| {
            let out = same::run_in(&context, pasha::select(source, chosen)).unwrap();
            let expected: Vec<u64> = chosen.iter().map(|&index| index as u64).collect();
            assert_eq!(out.to_vec(), expected);
        })
    };
    assert_eq!(select(&[3, 4, 5, 90, 91, 7, 7, 99], 1), [3..6, 90..92, 7..8, 99..100]);
    assert_eq!(select(&[3, 8, 15, 16, 90], 10), [3..9, 15..17, 90..91]);
    assert_eq!(select(&[8, 3], 10), [8..9, 3..4]);
    let masked = |chosen: &[usize], together| {
        begun(together, &|source| {
            let mask: Vec<bool> = (0..100).map(|index| chosen.contains(&index)).collect();
            let out = same::run_in(&context, pasha::masked(source, &mask)).unwrap();
            for (index, &value) in out.iter().enumerate() {
                assert_eq!(value, if mask[index] { index as u64 } else { 0 });
            }
        })
    };
    assert_eq!(masked(&[3, 4, 5, 90, 91, 99], 1), [3..6, 90..92, 99..100]);
    assert_eq!(masked(&[3, 8, 15, 16, 90], 10), [3..9, 15..17, 90..91]);
    assert_eq!(masked(&(0..100).collect::<Vec<_>>(), 1), [Range { start: 0, end: 100 }]);
    // Within a selection of selections, too.
    let nested = begun(1, &|source| {
        let inner = pasha::select(source, &[9, 8, 7, 6, 50, 51, 52]);
        let outer = pasha::select(&inner, &[0, 4, 5, 6]);
        assert_eq!(same::run_in(&context, outer).unwrap(), array![9, 50, 51, 52]);
    });
    assert_eq!(nested, [9..10, 50..53]);
}

/// A functor whose length is another each time that it is asked.
struct Shrinking {
    values: Vec<f64>,
    asked: AtomicUsize,
}

impl Functor<ByValue<f64>> for Shrinking {
    type Reader<'f> = <Vec<f64> as Functor<ByValue<f64>>>::Reader<'f>;

    fn num_items(&self) -> usize {
        match self.asked.fetch_add(1, Ordering::Relaxed) {
            0 => 1_000_000,
            _ => 1,
        }
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        Functor::<ByValue<f64>>::reader(&self.values)
    }
}

#[test]
fn a_source_that_lies_about_its_length_ends_in_an_error() {
    for context in [&SerialContext::new() as &dyn Context, &ThreadContext::new(2).unwrap()] {
        let shrinking = || Shrinking { values: vec![1.0, 2.0], asked: AtomicUsize::new(0) };
        let source = shrinking();
        let chosen: Vec<usize> = (0..1000).map(|i| 997 * i).collect();
        let error = double::run_in(context, pasha::select(&source, &chosen)).unwrap_err();
        assert!(error.to_string().contains("the functor has 2 items"), "{error}");
        assert_eq!(source.asked.load(Ordering::Relaxed), 1, "asked once");
        let source = shrinking();
        let mask = vec![true; 1_000_000];
        let error = double::run_in(context, pasha::masked(&source, &mask)).unwrap_err();
        assert!(error.to_string().contains("the functor has 2 items"), "{error}");
        assert_eq!(source.asked.load(Ordering::Relaxed), 1, "asked once");
    }
}

#[test]
fn readers_of_chosen_items_can_be_used_by_hand() {
    let frames = Array2::from_shape_fn((4, 3), |(i, x)| (10 * i + x) as i64);
    let chosen = pasha::select(&frames, &[3, 1]);
    let mut reader = Functor::<pasha::SubView<i64, Ix1>>::reader(&chosen).unwrap();
    assert_eq!(Read::<pasha::SubView<i64, Ix1>>::read(&mut reader, 1).unwrap(), array![10, 11, 12]);
    let mask = [false, true, false, true];
    let masked = pasha::masked(&frames, &mask);
    let mut reader = Functor::<pasha::SubView<i64, Ix1>>::reader(&masked).unwrap();
    assert_eq!(Read::<pasha::SubView<i64, Ix1>>::read(&mut reader, 3).unwrap(), array![30, 31, 32]);
}
