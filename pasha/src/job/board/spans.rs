//! What each worker did when: the record of a map's timeline, in memory that all of them share.
//!
//! A worker has a buffer of events. An event says what the worker does from that moment on, and so
//! ends what it did before: spans have no gaps, and nothing has to be closed. An event is written
//! before the number of events says that it is there, so that whatever instruction a worker dies
//! at, its buffer is valid; the last event tells what it did then.
//!
//! A buffer has room for [`EVENTS_OF_A_BUFFER`] events. When it is full, its owner writes fewer,
//! merged ones (`coarsen`) into the second half of its memory, or back into the first, and one
//! store says that those are valid now.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::record::Stage;
use crate::element::CACHE_LINES;
use crate::error::Result;
use crate::memory::{Mapping, MappingId, Memory};
use crate::timeline::{Row, Span, SpanKind, coarsen};

/// Events that a buffer has room for.
const EVENTS_OF_A_BUFFER: usize = 4096;

/// An event: what a worker does from then on.
#[repr(C)]
struct Event {
    /// Nanoseconds since the map began.
    at: AtomicU64,
    /// A [`SpanKind`] or 0 for the end, with flags, and how many spans it was.
    what: AtomicU64,
    /// The indices that it is about: the first, and the one behind the last.
    first: AtomicU64,
    until: AtomicU64,
    /// Of merged spans: nanoseconds that were spent with items.
    busy: AtomicU64,
}

/// Bits of `Event::what`.
const KIND: u64 = 0xFF;
const FAILED: u64 = 1 << 8;
const RETRY: u64 = 1 << 9;
const PARTS_SHIFT: u32 = 32;
/// The kind of an event after which there is nothing.
const END: u64 = 0;

/// The memory of one worker.
#[repr(C, align(128))]
struct EventBuffer {
    /// The number of events, and in the highest bit which half they lie in.
    state: AtomicU64,
    events: [[Event; EVENTS_OF_A_BUFFER]; 2],
}

const _: () = assert!(align_of::<EventBuffer>() == CACHE_LINES);

/// Bit of `Lane::state`.
const SECOND_HALF: u64 = 1 << 63;

/// The buffers of a map's workers.
///
/// Invariant: the mapping holds `num_workers` buffers and lives as long as this. They are atomics,
/// for which zero bytes are valid.
pub(crate) struct EventBuffers {
    mapping: Mapping,
    num_workers: usize,
}

/// The buffers of an earlier map: to map pages anew, and to unmap them, takes longer than to write
/// them.
static SPARE: Mutex<Option<EventBuffers>> = Mutex::new(None);

impl EventBuffers {
    /// Empty buffers: all workers are starting, from the beginning of the map on.
    pub(crate) fn new(num_workers: usize, memory: Memory) -> Result<EventBuffers> {
        let spare = || SPARE.try_lock().ok()?.take_if(|spare| spare.num_workers == num_workers);
        let spare = if memory == Memory::Private { spare() } else { None };
        let buffers = match spare {
            Some(spare) => spare,
            None => {
                let mapping = Mapping::sparse(num_workers * size_of::<EventBuffer>(), memory)?;
                EventBuffers { mapping, num_workers }
            }
        };
        for worker_id in 0..num_workers {
            let buffer = buffers.buffer(worker_id);
            buffer.set_state(0, 0);
            buffer.append(0, SpanKind::Starting as u64, 0..0);
        }
        Ok(buffers)
    }

    /// Keeps the buffers of a map whose workers have ended for the next one. Those that forked
    /// workers have written are not kept: a process that one of them left might still do so.
    pub(crate) fn keep(self) {
        if self.mapping.is_private()
            && let Ok(mut spare) = SPARE.try_lock()
        {
            *spare = Some(self);
        }
    }

    /// Which mapping it lies in.
    pub(crate) fn mapping_id(&self) -> MappingId {
        self.mapping.id()
    }

    fn buffer(&self, worker_id: usize) -> &EventBuffer {
        assert!(worker_id < self.num_workers, "worker {worker_id} of {}", self.num_workers);
        // SAFETY: the invariant of `EventBuffers`; mappings are aligned to 128 bytes, as buffers
        // are, whose size is a multiple of that.
        unsafe { self.mapping.start().cast::<EventBuffer>().add(worker_id).as_ref() }
    }
}

impl EventBuffer {
    /// The valid events.
    fn events(&self) -> &[Event] {
        let (half, number) = self.state();
        &self.events[half][..number]
    }

    fn state(&self) -> (usize, usize) {
        let state = self.state.load(Ordering::Acquire);
        let number = (state & !SECOND_HALF) as usize;
        (usize::from(state & SECOND_HALF != 0), number.min(EVENTS_OF_A_BUFFER))
    }

    /// Adds an event. Called by the buffer's owner alone: the worker or, after its end, the caller.
    fn append(&self, at: u64, what: u64, indices: Range<usize>) {
        let (mut half, mut number) = self.state();
        if number == EVENTS_OF_A_BUFFER {
            (half, number) = self.make_room();
        }
        let events = &self.events[half];
        // Time never goes back, also where a moment is told late.
        let before =
            number.checked_sub(1).map_or(0, |last| events[last].at.load(Ordering::Relaxed));
        let event = &events[number];
        event.at.store(at.max(before), Ordering::Relaxed);
        event.what.store(what | 1 << PARTS_SHIFT, Ordering::Relaxed);
        event.first.store(indices.start as u64, Ordering::Relaxed);
        event.until.store(indices.end as u64, Ordering::Relaxed);
        event.busy.store(0, Ordering::Relaxed);
        self.set_state(half, number + 1);
    }

    fn set_state(&self, half: usize, number: usize) {
        let bit = if half == 1 { SECOND_HALF } else { 0 };
        self.state.store(number as u64 | bit, Ordering::Release);
    }

    /// Merges events into fewer, in the other half.
    #[cold]
    fn make_room(&self) -> (usize, usize) {
        let (half, number) = self.state();
        let last = &self.events[half][number - 1];
        // The last event is not over, and stays as it is.
        let before = &self.events[half][..number - 1];
        let spans =
            coarsen(spans_of(before, 0, last.at.load(Ordering::Relaxed)), EVENTS_OF_A_BUFFER - 2);
        let other = 1 - half;
        let mut written = 0;
        for (event, span) in self.events[other].iter().zip(&spans) {
            let flags =
                if span.is_failed { FAILED } else { 0 } | if span.is_retry { RETRY } else { 0 };
            let parts = u64::from(span.parts) << PARTS_SHIFT;
            event.at.store(span.begin, Ordering::Relaxed);
            event.what.store(span.kind as u64 | flags | parts, Ordering::Relaxed);
            event.first.store(span.first as u64, Ordering::Relaxed);
            event.until.store(span.until as u64, Ordering::Relaxed);
            event.busy.store(span.busy, Ordering::Relaxed);
            written += 1;
        }
        let copy = |to: &AtomicU64, from: &AtomicU64| {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        };
        let event = &self.events[other][written];
        copy(&event.at, &last.at);
        copy(&event.what, &last.what);
        copy(&event.first, &last.first);
        copy(&event.until, &last.until);
        copy(&event.busy, &last.busy);
        self.set_state(other, written + 1);
        (other, written + 1)
    }
}

/// The spans up to this moment; those that took no time and are about no item are left out.
fn spans_of(events: &[Event], worker_id: usize, now: u64) -> Vec<Span> {
    let ends = events.iter().skip(1).map(|next| next.at.load(Ordering::Relaxed)).chain([now]);
    let mut spans = Vec::with_capacity(events.len());
    spans.extend(events.iter().zip(ends).filter_map(|(event, end)| event.span(worker_id, end)));
    spans
}

impl Event {
    /// The span that ends then; `None` where the event is the end of all, or nothing.
    fn span(&self, worker_id: usize, end: u64) -> Option<Span> {
        let what = self.what.load(Ordering::Relaxed);
        let kind = SpanKind::of(what & KIND)?;
        let begin = self.at.load(Ordering::Relaxed);
        let end = end.max(begin);
        let first = self.first.load(Ordering::Relaxed) as usize;
        let until = self.until.load(Ordering::Relaxed) as usize;
        let parts = (what >> PARTS_SHIFT) as u32;
        let is_nothing = begin == end && first == until && what & FAILED == 0 && parts == 1;
        let busy = match (parts, kind) {
            (1, SpanKind::Items) => end - begin,
            (1, _) => 0,
            _ => self.busy.load(Ordering::Relaxed),
        };
        (!is_nothing).then_some(Span {
            worker_id,
            kind,
            begin,
            end,
            first,
            until: until.max(first),
            is_failed: what & FAILED != 0,
            is_retry: what & RETRY != 0,
            parts,
            busy,
        })
    }
}

/// An item and the time that it took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timed {
    pub(crate) index: usize,
    pub(crate) begun: Option<Instant>,
    pub(crate) took: Duration,
}

/// Writes the buffers of a map that began then.
#[derive(Clone, Copy)]
pub(crate) struct Recorder<'b> {
    buffers: &'b EventBuffers,
    begun: Instant,
}

impl<'b> Recorder<'b> {
    pub(crate) fn new(buffers: &'b EventBuffers, begun: Instant) -> Self {
        Recorder { buffers, begun }
    }

    /// Which mapping it lies in.
    pub(crate) fn mapping_id(self) -> MappingId {
        self.buffers.mapping_id()
    }

    fn at(self, moment: Instant) -> u64 {
        moment.saturating_duration_since(self.begun).as_nanos() as u64
    }

    /// A worker does this from now on.
    #[cold]
    pub(crate) fn enter(self, worker_id: usize, stage: Stage) {
        self.note(worker_id, Some(kind_of(stage)), Instant::now());
    }

    /// A worker does this from that moment on.
    #[inline(never)]
    pub(crate) fn note(self, worker_id: usize, kind: Option<SpanKind>, moment: Instant) {
        let what = kind.map_or(END, |kind| kind as u64);
        self.buffers.buffer(worker_id).append(self.at(moment), what, 0..0);
    }

    /// A worker runs these items from that moment on.
    #[inline(never)]
    pub(crate) fn items(
        self,
        worker_id: usize,
        moment: Instant,
        items: Range<usize>,
        is_retry: bool,
    ) {
        let what = SpanKind::Items as u64 | if is_retry { RETRY } else { 0 };
        self.buffers.buffer(worker_id).append(self.at(moment), what, items);
    }

    /// The blocks of the last span of a worker's ended before this index.
    pub(crate) fn end_at(self, worker_id: usize, until: usize) {
        if let Some(block) = self.buffers.buffer(worker_id).events().last()
            && block.what.load(Ordering::Relaxed) & KIND == SpanKind::Items as u64
        {
            let first = block.first.load(Ordering::Relaxed);
            block.until.store((until as u64).max(first + 1), Ordering::Relaxed);
        }
    }

    /// Of the block that a worker has just run up to `until` this was the slowest item: a span of
    /// its own.
    #[inline(never)]
    pub(crate) fn tell_apart(self, worker_id: usize, slowest: Timed, until: usize) {
        let Timed { index, begun: Some(begun), took } = slowest else { return };
        let buffer = self.buffers.buffer(worker_id);
        let Some(block) = buffer.events().last() else { return };
        let what = block.what.load(Ordering::Relaxed) & (KIND | RETRY);
        let first = block.first.load(Ordering::Relaxed) as usize;
        if what & KIND != SpanKind::Items as u64 || first + 1 >= until {
            return;
        }
        let begun = self.at(begun);
        // From the end, so that no item is ever told twice.
        block.until.store((index as u64).max(first as u64 + 1), Ordering::Relaxed);
        if index > first {
            buffer.append(begun, what, index..index + 1);
        }
        if index + 1 < until {
            buffer.append(begun + took.as_nanos() as u64, what, index + 1..until);
        }
    }

    /// What a worker was doing has failed now: at this index, if it was running items.
    #[cold]
    pub(crate) fn fail(self, worker_id: usize, index: Option<usize>) {
        let buffer = self.buffers.buffer(worker_id);
        if let Some(event) = buffer.events().last() {
            let what = event.what.load(Ordering::Relaxed);
            let is_items = what & KIND == SpanKind::Items as u64;
            if let (true, Some(index)) = (is_items, index) {
                // What came behind it in the block was not begun.
                let first = event.first.load(Ordering::Relaxed);
                event.until.store((index as u64 + 1).max(first + 1), Ordering::Relaxed);
            }
            if is_items == index.is_some() {
                event.what.store(what | FAILED, Ordering::Relaxed);
            }
        }
        self.note(worker_id, Some(SpanKind::Claiming), Instant::now());
    }

    /// A worker has ended now, if it has not before; another takes its place or not.
    #[cold]
    pub(crate) fn end(self, worker_id: usize, is_replaced: bool) {
        let buffer = self.buffers.buffer(worker_id);
        let last = buffer.events().last().map_or(END, |last| last.what.load(Ordering::Relaxed));
        if is_replaced {
            self.note(worker_id, Some(SpanKind::Starting), Instant::now());
        } else if last & KIND != END {
            self.note(worker_id, None, Instant::now());
        }
    }

    /// What all workers did, of whom the first has this number.
    pub(crate) fn rows(self, first_worker: usize) -> Vec<Row> {
        let now = self.at(Instant::now());
        let row = |worker_id| {
            let number = first_worker + worker_id;
            let spans = spans_of(self.buffers.buffer(worker_id).events(), number, now);
            Row { worker_id: number, host: None, spans }
        };
        (0..self.buffers.num_workers).map(row).collect()
    }
}

/// What a stage is on a timeline.
fn kind_of(stage: Stage) -> SpanKind {
    match stage {
        Stage::Starting => SpanKind::Starting,
        Stage::StartHook | Stage::EndHook => SpanKind::Hook,
        Stage::OpeningReader => SpanKind::Opening,
        Stage::MakingScratch => SpanKind::Scratch,
        Stage::Claiming => SpanKind::Claiming,
        Stage::BeginningShare => SpanKind::Preparing,
        Stage::Item => SpanKind::Items,
        Stage::Closing => SpanKind::Closing,
        Stage::Waiting => SpanKind::Waiting,
        Stage::Merging => SpanKind::Merging,
        Stage::Noting => SpanKind::Checkpoint,
        Stage::Done => SpanKind::Leaving,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of worker 0: kind, indices, failed, retry.
    fn told(recorder: Recorder<'_>) -> Vec<(SpanKind, Range<usize>, bool, bool)> {
        let rows = recorder.rows(0);
        let spans = &rows[0].spans;
        assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].begin), "{spans:?}");
        let of_items = spans.iter().filter(|span| span.kind == SpanKind::Items);
        of_items.map(|span| (span.kind, span.indices(), span.is_failed, span.is_retry)).collect()
    }

    #[test]
    fn a_failure_ends_the_block_at_its_item_and_the_slowest_is_told_apart() {
        let buffers = EventBuffers::new(2, Memory::Private).unwrap();
        let begun = Instant::now();
        let recorder = Recorder::new(&buffers, begun);
        let at = |ms| begun + Duration::from_millis(ms);
        let slow = |index, ms| Timed { index, begun: Some(at(ms)), took: Duration::from_millis(5) };
        recorder.enter(0, Stage::OpeningReader);
        // In the middle, at the start, at the end, alone; and none.
        for (block, slowest) in [(0..10, 4), (10..20, 10), (20..30, 29), (30..31, 30)] {
            recorder.items(0, at(0), block.clone(), false);
            recorder.tell_apart(0, slow(slowest, 1), block.end);
        }
        recorder.items(0, at(100), 31..40, false);
        recorder.tell_apart(0, Timed::default(), 40);
        recorder.items(0, at(110), 40..50, true);
        recorder.fail(0, Some(42));
        recorder.fail(0, None);
        recorder.end(0, true);
        recorder.end(0, false);
        recorder.end(0, false);
        let ranges = [
            (0..4, false, false),
            (4..5, false, false),
            (5..10, false, false),
            (10..11, false, false),
            (11..20, false, false),
            (20..29, false, false),
            (29..30, false, false),
            (30..31, false, false),
            (31..40, false, false),
            (40..43, true, true),
        ];
        let expected = ranges.map(|(range, failed, retry)| (SpanKind::Items, range, failed, retry));
        assert_eq!(told(recorder), expected);
        let last = recorder.rows(7).pop().unwrap();
        assert_eq!((last.worker_id, last.spans.len()), (8, 1), "the other has not started");
    }

    #[test]
    fn a_full_lane_goes_on_with_fewer_spans_and_loses_no_time() {
        let buffers = EventBuffers::new(1, Memory::Private).unwrap();
        let begun = Instant::now();
        let recorder = Recorder::new(&buffers, begun);
        for index in 0..50_000 {
            let moment = begun + Duration::from_micros(10 * index as u64);
            recorder.items(0, moment, index..index + 1, false);
            // As a reader that comes at this moment would find it.
            if index % 997 == 0 {
                let (_, number) = buffers.buffer(0).state();
                assert!(number <= EVENTS_OF_A_BUFFER);
            }
        }
        let spans = &recorder.rows(0)[0].spans;
        assert!(
            spans.len() <= EVENTS_OF_A_BUFFER && spans.len() > EVENTS_OF_A_BUFFER / 8,
            "{}",
            spans.len()
        );
        let parts: usize = spans.iter().map(Span::parts).sum();
        assert_eq!(parts, 50_000);
        assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].begin));
        assert!(spans.windows(2).all(|pair| pair[0].until == pair[1].first));
        let busy: u64 = spans.iter().map(|span| span.busy).sum();
        let (first, last) = (spans[0].begin, spans.last().unwrap().end);
        assert_eq!(busy, last - first);
    }
}
