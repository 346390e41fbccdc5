//! Functors, readers and views, and what they say of their items.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use ndarray::{ArrayView1, ArrayViewMut1, Ix1};
use pasha::{
    AnyContext, ByValue, Cause, Context, Error, Functor, ItemShape, OnFailure, ProcessContext,
    Read, SerialContext, SourceError, SubView, ThreadContext,
};
use pasha_tests::at_item;

use super::{Numbers, TotalsOutput, Turns, contexts, totals};

/// Fills a slot of two elements.
#[pasha::kernel]
pub(super) fn pairs(n: usize, #[output(ragged = 2_usize)] mut slot: ArrayViewMut1<u64>) {
    slot.fill(n as u64);
}

/// Fills a slot of `n` elements.
#[pasha::kernel]
fn steps(n: usize, #[output(ragged = n)] mut slot: ArrayViewMut1<u64>) {
    slot.fill(n as u64);
}

#[test]
fn a_length_is_asked_once_however_often_it_changes() {
    for context in contexts() {
        for lens in [[40, 3], [3, 40], [3, 0], [0, 3], [7, usize::MAX]] {
            let out = pairs::run_in(&*context, &Numbers::new(&lens)).unwrap();
            assert_eq!(out.len(), lens[0], "{context:?}");
            let out = steps::run_in(&*context, &Numbers::new(&lens)).unwrap();
            assert_eq!(out.values().sum(), (0..lens[0] as u64).map(|n| n * n).sum::<u64>());
            let TotalsOutput { total, result: values, .. } =
                totals::run_in(&*context, &Numbers::new(&lens)).unwrap();
            assert_eq!((total, values.len()), (values.sum(), lens[0]));
        }
        let mut out = pairs::run_in(&*context, &Numbers::new(&[3])).unwrap();
        let given = pairs::run_into(&*context, &Numbers::new(&[40, 3]), &mut out);
        assert!(matches!(given, Err(Error::ShapeMismatch { .. })), "{context:?}: {given:?}");
        let given = pairs::run_into(&*context, &Numbers::new(&[3, 40]), &mut out);
        assert!(given.is_ok(), "{context:?}: {given:?}");
    }
}

#[test]
fn any_number_of_items_may_be_best_read_together() {
    for context in contexts() {
        for together in [0, 1, 7, 1 << 62, usize::MAX] {
            let numbers = Numbers { together, ..Numbers::new(&[1000]) };
            let TotalsOutput { total, .. } = totals::run_in(&*context, &numbers).unwrap();
            assert_eq!(total, 499_500, "{context:?}, {together} together");
        }
    }
}

#[test]
fn a_reader_may_say_that_its_items_lie_anywhere() {
    // Large and shared, so that forked workers enter its pages.
    let input = pasha::SharedArray::from_array(&ndarray::Array1::<u8>::ones(8 << 20)).unwrap();
    let inside = input.as_ptr().addr();
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    INSIDE.store(inside, SeqCst);
    type Place = fn(&Range<usize>) -> Option<Range<usize>>;
    #[allow(clippy::reversed_empty_ranges, reason = "a reader may say anything")]
    let places: [Place; 6] = [
        |_| Some(0..usize::MAX),
        |_| Some(usize::MAX..0),
        |_| Some(usize::MAX - 1..usize::MAX),
        |_| Some(INSIDE.load(SeqCst)..usize::MAX),
        |_| Some(INSIDE.load(SeqCst) + 5..INSIDE.load(SeqCst) + (1 << 21)),
        |_| Some(INSIDE.load(SeqCst) + (7 << 20)..INSIDE.load(SeqCst)),
    ];
    let context = ProcessContext::new(2).unwrap();
    for place in places {
        let numbers = Numbers { place, ..Numbers::new(&[1000]) };
        let TotalsOutput { total, .. } = totals::run_in(&context, &numbers).unwrap();
        assert_eq!(total, 499_500);
    }
    assert_eq!(input.iter().map(|&byte| u64::from(byte)).sum::<u64>(), 8 << 20);
}

#[test]
fn a_panic_of_a_reader_is_told_where_it_is() {
    let told = |context: &AnyContext, numbers: &Numbers| {
        let error = totals::run_in(&**context, numbers).unwrap_err();
        assert!(matches!(error, Error::Worker { .. }), "{context:?}: {error}");
        error.to_string()
    };
    for context in contexts() {
        let begins = Numbers { begin: |_| panic!("no begin"), ..Numbers::new(&[100]) };
        let text = told(&context, &begins);
        assert!(text.contains("no begin") && text.contains("Read::begin"), "{text}");
        let drops = Numbers { drop: || panic!("no end"), ..Numbers::new(&[100]) };
        let text = told(&context, &drops);
        assert!(text.contains("no end") && text.contains("dropping its readers"), "{text}");
        // Other workers may still have items when the first drops its readers.
        let all = context.num_workers() > 1 || text.contains("100 of 100");
        assert!(all, "{text}");
    }
}

/// Records whose shape is not what it is said to be.
struct Records {
    said: Turns<usize>,
    given: Turns<usize>,
    data: Vec<u32>,
}

impl Functor<SubView<u32, Ix1>> for Records {
    type Reader<'f> = &'f Records;

    fn num_items(&self) -> usize {
        10
    }

    fn reader(&self) -> Result<&Records, SourceError> {
        Ok(self)
    }

    fn item_shape(&self) -> Option<ItemShape<Ix1>> {
        Some(ItemShape::new(*self.said.next()))
    }
}

impl Read<SubView<u32, Ix1>> for &Records {
    type Error = Infallible;

    fn read(&mut self, _index: usize) -> Result<ArrayView1<'_, u32>, Infallible> {
        Ok(ArrayView1::from(&self.data[..*self.given.next()]))
    }
}

/// Copies a record.
#[pasha::kernel]
fn copied(record: ArrayView1<u32>, #[output(like = record)] mut slot: ArrayViewMut1<u32>) {
    slot.assign(&record);
}

/// Counts down.
#[pasha::kernel]
fn ragged_records(
    record: ArrayView1<u32>,
    #[output(ragged = record.len())] mut slot: ArrayViewMut1<u32>,
) {
    slot.iter_mut().zip(record).for_each(|(to, from)| *to = *from);
}

#[test]
fn items_of_another_shape_than_was_said_are_an_error() {
    for context in contexts() {
        for (said, given) in [(3, 5), (5, 3), (0, 5)] {
            let records =
                Records { said: Turns::new([said]), given: Turns::new([given]), data: vec![1; 9] };
            let error = copied::run_in(&*context, &records).unwrap_err();
            assert!(matches!(at_item(&error), (_, Cause::Panic { .. })), "{context:?}: {error}");
        }
        // Other shapes with every question.
        let records = Records {
            said: Turns::new([4, 9, 1]),
            given: Turns::new([4, 9, 1, 0, 9]),
            data: vec![1; 9],
        };
        let _ = copied::run_in(&*context, &records);
        let _ = ragged_records::run_in(&*context, &records);
    }
}

/// Numbers of which the eighth can't be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Torn {
    /// The reader panics.
    Reader,
    /// The reader fails, and its error panics when it is made a [`SourceError`].
    Error,
}

#[derive(Debug)]
pub(super) struct Unspeakable;

impl From<Unspeakable> for SourceError {
    fn from(_: Unspeakable) -> SourceError {
        panic!("page 7 is torn")
    }
}

impl Functor<ByValue<usize>> for Torn {
    type Reader<'f> = &'f Torn;

    fn num_items(&self) -> usize {
        100
    }

    fn reader(&self) -> Result<&Torn, SourceError> {
        Ok(self)
    }
}

impl Read<ByValue<usize>> for &Torn {
    type Error = Unspeakable;

    fn read(&mut self, index: usize) -> Result<usize, Unspeakable> {
        match (index, self) {
            (7, Torn::Reader) => panic!("page {index} is torn"),
            (7, Torn::Error) => Err(Unspeakable),
            _ => Ok(index),
        }
    }
}

#[test]
fn a_panic_at_an_item_that_is_read_is_told_as_the_readers() {
    let told = |error: &Error, how: &str| {
        let text = error.to_string();
        assert!(matches!(at_item(error), (7, Cause::Source(_))), "{how}: {text}");
        assert!(text.contains("reading item 7") && text.contains("panicked at "), "{how}: {text}");
        assert!(text.contains("page 7 is torn") && text.contains("sources.rs:"), "{how}: {text}");
        assert!(!text.contains("kernel"), "{how}: {text}");
    };
    for torn in [Torn::Reader, Torn::Error] {
        for context in contexts() {
            let error = totals::run_in(&*context, &torn).unwrap_err();
            told(&error, &format!("{context:?}, {torn:?}"));
        }
        let policy = OnFailure::Skip { at_most: 1 };
        let contexts: [&dyn Context; 3] = [
            &SerialContext::new().on_failure(policy),
            &ThreadContext::new(2).unwrap().on_failure(policy),
            &ProcessContext::new(2).unwrap().on_failure(policy),
        ];
        for context in contexts {
            let (out, report) = totals::run_report_in(context, &torn).unwrap();
            assert_eq!(out.total, 4943, "{context:?}, {torn:?}");
            assert_eq!(report.failed.len(), 1);
            told(&report.failed[0].cause, &format!("{context:?}, {torn:?}"));
        }
    }
    // The kernel's own panics are told as before, also behind a panic that was the reader's.
    let error = pasha::map_in(&SerialContext::new(), 0..9_u8, |_, _, n| assert_ne!(n, 7));
    let text = error.unwrap_err().to_string();
    assert!(text.contains("the kernel panicked at index 7"), "{text}");
}

#[test]
fn a_panic_of_a_places_answer_is_told_where_it_is() {
    let input = pasha::SharedArray::from_array(&ndarray::Array1::<u8>::ones(8 << 20)).unwrap();
    let numbers = Numbers { place: |_| panic!("no place"), ..Numbers::new(&[100]) };
    let error = totals::run_in(&ProcessContext::new(2).unwrap(), &numbers).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("preparing to read") && text.contains("no place"), "{text}");
    drop(input);
}

/// A view of another part of the data at each question.
struct Views(Turns<Range<usize>>, Vec<u32>);

impl pasha::AsView for Views {
    type Elem = u32;
    type Dim = ndarray::Ix2;

    fn as_view(&self) -> ndarray::ArrayView2<'_, u32> {
        let rows = self.0.next().clone();
        ndarray::ArrayView2::from_shape((rows.len(), 3), &self.1[3 * rows.start..3 * rows.end])
            .unwrap()
    }
}

#[test]
fn a_view_is_asked_for_once_however_often_it_changes() {
    for context in contexts() {
        let views = Views(Turns::new([0..8, 0..1, 2..5]), (0..24).collect());
        let along = pasha::axis(&views, ndarray::Axis(0));
        let out = copied::run_in(&*context, along.clone()).unwrap();
        assert_eq!(out.shape(), [8, 3], "{context:?}");
        assert_eq!(out.iter().sum::<u32>(), 23 * 24 / 2);
        let out = ragged_records::run_in(&*context, along).unwrap();
        assert_eq!((out.len(), out.values().sum()), (8, 23 * 24 / 2));
    }
}

/// A shape that panics when it is cloned, of items that borrow.
struct Brittle;

impl Clone for Brittle {
    fn clone(&self) -> Brittle {
        panic!("a shape was cloned")
    }
}

/// A word of a text.
struct Word<'a>(&'a str);

struct WordParam;

impl pasha::Param for WordParam {
    type Item<'r> = Word<'r>;
    type Shape = Brittle;
}

impl pasha::KernelItem for Word<'_> {
    type Param = WordParam;
}

/// Words, and names of them, which change at each question.
struct Words {
    words: Vec<String>,
    labels: Turns<&'static [u64]>,
    is_present: bool,
}

impl Functor<WordParam> for Words {
    type Reader<'f> = &'f Words;
    const MAY_BE_ABSENT: bool = true;

    fn num_items(&self) -> usize {
        self.words.len()
    }

    fn reader(&self) -> Result<&Words, SourceError> {
        Ok(self)
    }

    fn item_shape(&self) -> Option<Brittle> {
        Some(Brittle)
    }

    fn labels(&self) -> Option<&[u64]> {
        Some(self.labels.next())
    }

    fn is_present(&self, index: usize) -> bool {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        self.is_present || (index + ASKED.fetch_add(1, SeqCst)).is_multiple_of(3)
    }
}

impl Read<WordParam> for &Words {
    type Error = Infallible;

    fn read(&mut self, index: usize) -> Result<Word<'_>, Infallible> {
        Ok(Word(&self.words[index]))
    }
}

/// Measures a word.
#[pasha::kernel]
fn measure(word: Word<'_>, n: usize, #[output(ragged = n % 3)] mut slot: ArrayViewMut1<u8>) -> u64 {
    slot.fill(1);
    word.0.len() as u64
}

#[test]
fn items_of_a_kind_of_the_users_may_be_named_and_absent_as_they_like() {
    let words = |labels: &[&'static [u64]], is_present| Words {
        words: (0..50).map(|len| "x".repeat(len)).collect(),
        labels: Turns::new(labels),
        is_present,
    };
    for context in contexts() {
        let changing: &[&[u64]] = &[&[1, 2, 3], &[], &[7; 99], &[0; 50]];
        let out = measure::run_in(&*context, &words(changing, true), 0..50_usize).unwrap();
        assert_eq!(out.result.sum(), 49 * 50 / 2, "{context:?}");
        assert_eq!(out.slot.values().len(), 49);
        // Another answer in each pass, and in the count of the absent.
        let _ = measure::run_in(&*context, &words(changing, false), 0..50_usize);
    }
}
