//! Implementations of pasha's traits that lie, change their answers, panic, or call what they get
//! more often than they should. Safe code can do no worse than to get an error, a panic or wrong
//! values: `tests/sanitize` runs these files under AddressSanitizer.
#![forbid(unsafe_code)]

mod chosen;
mod jobs;
mod kernels;
mod sources;

use std::convert::Infallible;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use pasha::{AnyContext, ByValue, Functor, Read, SourceError};

/// Gives its answers in turn, and the last of them from then on.
#[derive(Debug)]
struct Turns<T>(AtomicUsize, Vec<T>);

impl<T> Turns<T> {
    fn new(answers: impl Into<Vec<T>>) -> Self {
        Turns(AtomicUsize::new(0), answers.into())
    }

    fn next(&self) -> &T {
        &self.1[self.0.fetch_add(1, SeqCst).min(self.1.len() - 1)]
    }
}

/// One context of each kind.
fn contexts() -> [AnyContext; 3] {
    ["serial", "threads:2", "processes:2"].map(|name| name.parse().unwrap())
}

/// A functor of numbers whose every answer may change.
struct Numbers {
    len: Turns<usize>,
    together: usize,
    begin: fn(Range<usize>),
    place: fn(&Range<usize>) -> Option<Range<usize>>,
    drop: fn(),
}

impl Numbers {
    fn new(lens: &[usize]) -> Self {
        let (begin, place, drop) = (|_| {}, |_: &Range<usize>| None, || {});
        Numbers { len: Turns::new(lens), together: 1, begin, place, drop }
    }
}

struct NumbersReader<'f>(&'f Numbers);

impl Drop for NumbersReader<'_> {
    fn drop(&mut self) {
        (self.0.drop)();
    }
}

impl Functor<ByValue<usize>> for Numbers {
    type Reader<'f> = NumbersReader<'f>;

    fn num_items(&self) -> usize {
        *self.len.next()
    }

    fn reader(&self) -> Result<NumbersReader<'_>, SourceError> {
        Ok(NumbersReader(self))
    }

    fn items_together(&self) -> usize {
        self.together
    }
}

impl Read<ByValue<usize>> for NumbersReader<'_> {
    type Error = Infallible;

    fn read(&mut self, index: usize) -> Result<usize, Infallible> {
        Ok(index)
    }

    fn begin(&mut self, share: Range<usize>) {
        (self.0.begin)(share);
    }

    fn place(&self, share: &Range<usize>) -> Option<Range<usize>> {
        (self.0.place)(share)
    }
}

/// Adds up in every way.
#[pasha::kernel]
fn totals(n: usize, #[reduce(sum)] total: &mut u64, #[per_worker] each: &mut u64) -> u64 {
    *total += n as u64;
    *each += n as u64;
    n as u64
}
