//! The log of failures, in the worker table's memory: entries of fixed size, and their texts.

use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicUsize, Ordering};

use super::record::{Record, Stage};
use super::text;
use crate::memory::Mapping;

/// How an item, or a worker, failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Failure {
    /// The kernel returned an error, or something else said no.
    Refused = 1,
    /// Reading an item failed.
    Source,
    /// A panic.
    Panic,
    /// The worker's process ended in the middle.
    Died,
    /// It took too long.
    TimedOut,
    /// It waits for a lock or a thread that does not exist in its process.
    Deadlocked,
    /// A panic of a reader at an item.
    ReaderPanic,
}

impl Failure {
    /// The failure of this number.
    pub(crate) fn of(number: u32) -> Option<Failure> {
        Failure::ALL.into_iter().find(|&one| one as u32 == number)
    }

    const ALL: [Failure; 7] = [
        Failure::Refused,
        Failure::Source,
        Failure::Panic,
        Failure::Died,
        Failure::TimedOut,
        Failure::Deadlocked,
        Failure::ReaderPanic,
    ];
}

/// How a worker's process ended, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// The signal that killed it.
    pub(crate) signal: Option<i32>,
    /// The status that it exited with.
    pub(crate) status: Option<i32>,
}

/// The shared counts of the log.
#[repr(C)]
pub(crate) struct LogCounts {
    entries: AtomicUsize,
    /// Bytes of texts.
    texts: AtomicUsize,
}

/// Where the entries and their texts lie in the table's mapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLayout {
    start: usize,
    entries: usize,
    texts: usize,
}

/// Room for texts, for each entry and at least; what does not fit is left out.
const TEXT_OF_ENTRY: usize = 512;
const LEAST_TEXT: usize = 16 << 10;
const MOST_TEXT: usize = 16 << 20;

impl LogLayout {
    /// Notes of this many failures that begin at this byte.
    pub(crate) fn for_failures(start: usize, entries: usize) -> LogLayout {
        let texts = entries.saturating_mul(TEXT_OF_ENTRY).clamp(LEAST_TEXT, MOST_TEXT);
        LogLayout { start: start.next_multiple_of(align_of::<FailureRecord>()), entries, texts }
    }

    fn texts_start(&self) -> usize {
        self.start.saturating_add(self.entries.saturating_mul(size_of::<FailureRecord>()))
    }

    /// The byte behind the last.
    pub(crate) fn end(&self) -> usize {
        self.texts_start().saturating_add(self.texts)
    }
}

/// A failure.
#[repr(C, align(64))]
pub(crate) struct FailureRecord {
    /// Not 0 once the rest is written.
    ready: AtomicU32,
    failure: AtomicU32,
    stage: AtomicU32,
    /// Whether the map went on without the item.
    skipped: AtomicU32,
    index: AtomicUsize,
    worker_id: AtomicUsize,
    attempts: AtomicUsize,
    /// How the process ended: signal, and exit status + 1; 0 where there is none.
    signal: AtomicI32,
    status: AtomicI32,
    text: AtomicUsize,
    message_len: AtomicU32,
    location_len: AtomicU32,
}

/// A failure, read from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) failure: Failure,
    pub(crate) stage: Stage,
    pub(crate) skipped: bool,
    pub(crate) index: usize,
    pub(crate) worker_id: usize,
    pub(crate) attempts: usize,
    pub(crate) end: End,
    pub(crate) message: String,
    pub(crate) location: Option<String>,
    /// The machine of the worker, where there are several.
    pub(crate) host: Option<Box<str>>,
}

/// The log of failures in a table's mapping.
///
/// Invariant: the mapping is at least as long as the layout says, and lives as long as `'t`; from
/// the layout's start on nothing but atomics lie there, for which zero bytes are valid.
#[derive(Clone, Copy)]
pub(crate) struct FailureLog<'t> {
    counts: &'t LogCounts,
    layout: LogLayout,
    mapping: &'t Mapping,
}

impl<'t> FailureLog<'t> {
    /// The log with these counts in a mapping.
    ///
    /// # Safety
    /// The mapping is at least as long as the layout says, and was made for a log of this layout.
    pub(crate) unsafe fn new(
        counts: &'t LogCounts,
        layout: LogLayout,
        mapping: &'t Mapping,
    ) -> Self {
        FailureLog { counts, layout, mapping }
    }

    fn entry(self, number: usize) -> Option<&'t FailureRecord> {
        let LogLayout { start, entries, .. } = self.layout;
        // SAFETY: the invariant of `FailureLog`: the mapping has room for this many entries from
        // this byte on.
        (number < entries).then(|| unsafe {
            self.mapping.start().add(start).cast::<FailureRecord>().add(number).as_ref()
        })
    }

    fn all_texts(self) -> &'t [AtomicU8] {
        // SAFETY: the invariant of `FailureLog`: the mapping has this many bytes behind the
        // entries.
        unsafe {
            let start = self.mapping.start().add(self.layout.texts_start()).cast::<AtomicU8>();
            std::slice::from_raw_parts(start.as_ptr(), self.layout.texts)
        }
    }

    /// Writes a failure into the log, with the text in the worker's record; gives its number, which
    /// is the number of failures before.
    pub(crate) fn add(
        self,
        worker_id: usize,
        record: &Record,
        failure: Failure,
        attempts: usize,
        end: End,
        skipped: bool,
    ) -> usize {
        let number = self.counts.entries.fetch_add(1, Ordering::AcqRel);
        let Some(entry) = self.entry(number) else { return number };
        let (message, location) = record.texts();
        let (message, location) = (message.bytes(), location.bytes());
        let text = self.counts.texts.fetch_add(message.len() + location.len(), Ordering::Relaxed);
        let place = text..text.saturating_add(message.len() + location.len());
        if let Some(kept) = self.all_texts().get(place) {
            for (to, from) in kept.iter().zip(message.iter().chain(location)) {
                to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            entry.message_len.store(message.len() as u32, Ordering::Relaxed);
            entry.location_len.store(location.len() as u32, Ordering::Relaxed);
        }
        entry.text.store(text, Ordering::Relaxed);
        entry.failure.store(failure as u32, Ordering::Relaxed);
        entry.stage.store(record.stage() as u32, Ordering::Relaxed);
        entry.skipped.store(u32::from(skipped), Ordering::Relaxed);
        entry.index.store(record.index(), Ordering::Relaxed);
        entry.worker_id.store(worker_id, Ordering::Relaxed);
        entry.attempts.store(attempts, Ordering::Relaxed);
        entry.signal.store(end.signal.unwrap_or(0), Ordering::Relaxed);
        entry
            .status
            .store(end.status.map_or(0, |status| status.wrapping_add(1)), Ordering::Relaxed);
        entry.ready.store(1, Ordering::Release);
        number
    }

    /// Reads an entry of the log; `None` where its writer was killed before it was whole.
    pub(crate) fn get(self, number: usize) -> Option<Logged> {
        let entry = self.entry(number).filter(|entry| entry.ready.load(Ordering::Acquire) != 0)?;
        let failure = entry.failure.load(Ordering::Relaxed);
        let start = entry.text.load(Ordering::Relaxed);
        let middle = start + entry.message_len.load(Ordering::Relaxed) as usize;
        let end = middle + entry.location_len.load(Ordering::Relaxed) as usize;
        let texts = self.all_texts();
        let text = |place| texts.get(place).map(text::read).unwrap_or_default();
        let signal = entry.signal.load(Ordering::Relaxed);
        let status = entry.status.load(Ordering::Relaxed);
        Some(Logged {
            failure: Failure::of(failure)?,
            stage: Stage::of(entry.stage.load(Ordering::Relaxed)),
            skipped: entry.skipped.load(Ordering::Relaxed) != 0,
            index: entry.index.load(Ordering::Relaxed),
            worker_id: entry.worker_id.load(Ordering::Relaxed),
            attempts: entry.attempts.load(Ordering::Relaxed),
            end: End {
                signal: (signal != 0).then_some(signal),
                status: (status != 0).then(|| status.wrapping_sub(1)),
            },
            message: text(start..middle),
            location: Some(text(middle..end)).filter(|location| !location.is_empty()),
            host: None,
        })
    }

    /// The number of entries, with those that were never finished.
    pub(crate) fn len(self) -> usize {
        self.counts.entries.load(Ordering::Acquire).min(self.layout.entries)
    }

    /// The indices that the map goes on without, in any order.
    pub(crate) fn skipped(self) -> impl Iterator<Item = usize> + 't {
        let entries = (0..self.len()).filter_map(move |number| self.entry(number));
        entries
            .filter(|entry| entry.ready.load(Ordering::Acquire) != 0)
            .filter(|entry| entry.skipped.load(Ordering::Relaxed) != 0)
            .map(|entry| entry.index.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::table::Table;
    use super::*;
    use crate::memory::Memory;

    #[test]
    fn a_failure_comes_out_as_it_went_in() {
        let table = Table::new(2, 3, Memory::Private).unwrap();
        let record = table.record(1);
        record.explain(&"gone", Some("here.rs:1:1"));
        record.begin_block(17, Duration::ZERO);
        let end = End { signal: None, status: Some(0) };
        assert_eq!(table.failures().add(1, record, Failure::Died, 3, end, true), 0);
        let logged = table.failures().get(0).unwrap();
        assert_eq!((logged.index, logged.worker_id, logged.attempts, logged.end), (17, 1, 3, end));
        assert_eq!(
            (logged.message.as_str(), logged.location.as_deref()),
            ("gone", Some("here.rs:1:1"))
        );
        assert_eq!(
            (logged.failure, logged.stage, logged.skipped),
            (Failure::Died, Stage::Item, true)
        );
        assert_eq!(table.failures().skipped().collect::<Vec<_>>(), [17]);
        assert_eq!(table.failures().get(1), None);
    }

    #[test]
    fn texts_beyond_the_room_are_left_out() {
        let table = Table::new(1, 1000, Memory::Private).unwrap();
        let record = table.record(0);
        record.explain(&"long ".repeat(1000), None);
        for number in 0..1001 {
            assert_eq!(
                table.failures().add(0, record, Failure::Refused, 1, End::default(), true),
                number
            );
        }
        assert!(table.failures().get(0).unwrap().message.starts_with("long long"));
        assert_eq!(table.failures().get(999).unwrap().message, "");
        assert_eq!((table.failures().get(1000), table.failures().len()), (None, 1000));
    }
}
