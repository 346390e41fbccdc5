//! Implementations of pasha's traits that lie, change their answers, panic, or call what they get
//! more often than they should. Safe code can do no worse than to get an error, a panic or wrong
//! values: `tests/sanitize` runs this file under AddressSanitizer.
#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use ndarray::{ArrayView1, ArrayViewMut1, Ix1};
use pasha::{
    AnyContext, ByValue, Cause, Context, Error, Functor, ItemShape, Job, Memory, OnFailure,
    Options, ProcessContext, Read, SerialContext, SourceError, SubView, ThreadContext,
};
use pasha_tests::at_item;

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

/// Fills a slot of two elements.
#[pasha::kernel]
fn pairs(n: usize, #[output(ragged = 2_usize)] mut slot: ArrayViewMut1<u64>) {
    slot.fill(n as u64);
}

/// Fills a slot of `n` elements.
#[pasha::kernel]
fn steps(n: usize, #[output(ragged = n)] mut slot: ArrayViewMut1<u64>) {
    slot.fill(n as u64);
}

/// Adds up in every way.
#[pasha::kernel]
fn totals(n: usize, #[reduce(sum)] total: &mut u64, #[per_worker] each: &mut u64) -> u64 {
    *total += n as u64;
    *each += n as u64;
    n as u64
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
        assert!(text.contains("100 of 100"), "{text}");
    }
}

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

#[test]
fn a_panic_of_a_hook_keeps_its_text() {
    fn check(context: &dyn Context, name: &str) {
        let text = totals::run_in(context, 0..100_usize).unwrap_err().to_string();
        assert!(text.contains("hook text") && text.contains(name), "{text}");
    }
    let hook = |_: usize| panic!("hook text {}", 7);
    check(&SerialContext::new().on_worker_start(hook), "on_worker_start");
    check(&SerialContext::new().on_worker_end(hook), "on_worker_end");
    check(&ThreadContext::new(2).unwrap().on_worker_start(hook), "on_worker_start");
    check(&ThreadContext::new(2).unwrap().on_worker_end(hook), "on_worker_end");
    check(&ProcessContext::new(2).unwrap().on_worker_start(hook), "on_worker_start");
    check(&ProcessContext::new(2).unwrap().on_worker_end(hook), "on_worker_end");
}

#[test]
fn a_panic_of_a_function_that_is_told_the_progress_keeps_its_text() {
    let context = ThreadContext::new(2)
        .unwrap()
        .on_progress(Duration::from_secs(60), |_| panic!("progress text"));
    let panicked = catch_unwind(AssertUnwindSafe(|| totals::run_in(&context, 0..100_usize)));
    let payload = panicked.unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"progress text"));
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

/// A context whose every answer may change, and which runs a job in any way.
#[derive(Debug)]
struct Odd {
    workers: Turns<usize>,
    memory: Turns<Memory>,
    options: Turns<Options>,
    run: fn(&Job<'_>) -> pasha::Result<()>,
}

impl Odd {
    fn running(run: fn(&Job<'_>) -> pasha::Result<()>) -> Self {
        let (workers, memory) = (Turns::new([2]), Turns::new([Memory::Shared]));
        Odd { workers, memory, options: Turns::new([Options::new()]), run }
    }
}

impl Context for Odd {
    fn num_workers(&self) -> usize {
        *self.workers.next()
    }

    fn memory(&self) -> Memory {
        *self.memory.next()
    }

    fn options(&self) -> &Options {
        self.options.next()
    }

    fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
        (self.run)(job)
    }
}

fn on_threads(job: &Job<'_>) -> pasha::Result<()> {
    std::thread::scope(|scope| {
        for worker_id in 0..job.num_workers() {
            scope.spawn(move || job.work(worker_id));
        }
    });
    Ok(())
}

fn in_processes(job: &Job<'_>) -> pasha::Result<()> {
    ProcessContext::new(job.num_workers())?.run(job)
}

#[test]
fn a_context_is_asked_once_for_its_workers_memory_and_options() {
    let skip = Options::new().on_failure(OnFailure::Skip { at_most: 100 });
    for run in [on_threads, in_processes] {
        for workers in [vec![1, 5], vec![5, 1], vec![2, 100, 1, 3], vec![3, 0]] {
            let context = Odd {
                workers: Turns::new(workers.clone()),
                memory: Turns::new([Memory::Shared, Memory::Private]),
                options: Turns::new([Options::new(), skip.clone(), Options::new().static_split()]),
                run,
            };
            let TotalsOutput { total, each, result: values } =
                totals::run_in(&context, 0..1000_usize).unwrap();
            assert_eq!((total, values.sum(), each.sum()), (499_500, 499_500, 499_500));
            assert_eq!(each.len(), workers[0]);
        }
    }
}

#[test]
fn processes_refuse_a_job_in_private_memory() {
    /// The two methods that a context must have, around processes.
    #[derive(Debug)]
    struct Logged(ProcessContext);

    impl Context for Logged {
        fn num_workers(&self) -> usize {
            self.0.num_workers()
        }

        fn run(&self, job: &Job<'_>) -> pasha::Result<()> {
            self.0.run(job)
        }
    }

    let context = Logged(ProcessContext::new(2).unwrap());
    let error = pasha::map_in(&context, 0..100_usize, |_, _, n| n).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("must hand on its `memory` and `options`"), "{text}");
}

#[test]
fn a_job_may_be_run_in_any_way_and_each_item_runs_once_at_most() {
    type Way = fn(&Job<'_>) -> pasha::Result<()>;
    let ways: [(&str, Way); 9] = [
        ("twice, one after the other", |job| on_threads(job).and_then(|()| on_threads(job))),
        ("twice at once", |job| {
            std::thread::scope(|scope| {
                scope.spawn(|| on_threads(job));
                on_threads(job)
            })
        }),
        ("in processes twice", |job| in_processes(job).and_then(|()| in_processes(job))),
        ("in processes twice at once", |job| {
            std::thread::scope(|scope| {
                scope.spawn(|| in_processes(job));
                in_processes(job)
            })
        }),
        ("in threads and processes at once", |job| {
            std::thread::scope(|scope| {
                scope.spawn(|| on_threads(job));
                in_processes(job)
            })
        }),
        ("with absurd numbers", |job| {
            [usize::MAX, 1 << 40, job.num_workers()].into_iter().for_each(|id| job.work(id));
            on_threads(job)
        }),
        ("by one worker", |job| {
            job.work(1);
            Ok(())
        }),
        ("never", |_| Ok(())),
        ("by one thread for all", |job| {
            (0..job.num_workers()).rev().for_each(|worker_id| job.work(worker_id));
            Ok(())
        }),
    ];
    for (way, run) in ways {
        for _ in 0..10 {
            match totals::run_in(&Odd::running(run), 0..1000_usize) {
                Ok(TotalsOutput { total, each, result: values }) => {
                    let sums = (total, values.sum(), each.sum());
                    assert_eq!(sums, (499_500, 499_500, 499_500), "{way}");
                }
                Err(Error::Incomplete { .. }) if way == "never" => {}
                Err(error) => panic!("{way}: {error}"),
            }
        }
    }
    let statically = Odd {
        options: Turns::new([Options::new().static_split()]),
        ..Odd::running(|job| {
            job.work(1);
            Ok(())
        })
    };
    let error = totals::run_in(&statically, 0..1000_usize).unwrap_err();
    assert!(matches!(error, Error::Incomplete { finished: 500, len: 1000, .. }), "{error:?}");
}

#[test]
fn a_map_from_a_thread_of_the_kernels_is_not_waited_for_for_ever() {
    let context = ThreadContext::new(2).unwrap();
    for len in [1, 4, 40_usize] {
        let sums = pasha::map_in(&context, 0..len, |_, _, n| {
            std::thread::scope(|scope| {
                let inner = || pasha::map_in(&context, 0..n, |_, _, m| m).unwrap().sum();
                scope.spawn(inner).join().unwrap()
            })
        });
        assert_eq!(
            sums.unwrap(),
            (0..len).map(|n| (0..n).sum::<usize>()).collect::<ndarray::Array1<_>>()
        );
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

#[test]
fn numbers_that_nothing_can_be_made_of_are_named() {
    let at_most = OnFailure::Skip { at_most: usize::MAX };
    let context = SerialContext::new().on_failure(at_most);
    #[pasha::kernel]
    fn count(n: u64, #[reduce(sum)] total: &mut u64) {
        *total += n;
    }
    let text = count::run_in(&context, 0..1_u64 << 45).unwrap_err().to_string();
    assert!(text.contains("`at_most`") && text.contains(&usize::MAX.to_string()), "{text}");
    let context = ProcessContext::new(1 << 53).unwrap().item_timeout(Duration::from_secs(1));
    let text = count::run_in(&context, 0..10_u64).unwrap_err().to_string();
    assert!(text.contains("9007199254740992") && text.contains("4194304"), "{text}");
    let text = ThreadContext::new(1 << 53).unwrap_err().to_string();
    assert!(text.contains("9007199254740992"), "{text}");
}

/// Numbers of which the eighth can't be read.
#[derive(Clone, Copy, Debug)]
enum Torn {
    /// The reader panics.
    Reader,
    /// The reader fails, and its error panics when it is made a [`SourceError`].
    Error,
}

#[derive(Debug)]
struct Unspeakable;

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
        assert!(text.contains("page 7 is torn") && text.contains("hostile.rs:"), "{how}: {text}");
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
        assert!(text.contains("nothing is 7 long") && text.contains("hostile.rs:"), "{text}");
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
