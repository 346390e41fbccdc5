//! Several kernels over the same items, each of which is read once.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, ArrayView1, ArrayViewMut1, Axis, Ix1};
use pasha::prelude::*;
use pasha::{
    AnyContext, DataArray, Error, Functor, Labelled, Ragged, Read, SharedArray1, SourceError,
    SubView,
};
use pasha_tests::item_failure;
use pasha_tests::ranks::{on_ranks, ran_alone};

/// Slots of all kinds.
#[pasha::kernel]
fn spread(
    spectrum: ArrayView1<u32>,
    #[index] index: usize,
    #[output(like = spectrum, fill = 7)] scaled: ArrayViewMut1<u32>,
    #[output(ragged = index % 4)] known: ArrayViewMut1<u16>,
    #[output(ragged = 2)] pairs: ArrayViewMut1<u64>,
    #[output(ragged)] pushed: &mut Ragged<u64>,
) -> (u64, [u32; 2]) {
    let (mut scaled, mut known, mut pairs) = (scaled, known, pairs);
    scaled.assign(&(&spectrum * 3));
    known.fill(index as u16);
    pairs.fill(index as u64);
    (0..index % 3).for_each(|n| pushed.push((index * 10 + n) as u64));
    (index as u64, [index as u32, spectrum[0]])
}

/// Accumulators, a slot of its own length and a reused buffer, which counts the calls.
#[pasha::kernel]
fn gather(
    spectrum: ArrayView1<u32>,
    #[shared] factor: u64,
    #[output(ragged = spectrum[0] as usize % 5)] known: ArrayViewMut1<u8>,
    #[reduce(sum, like = spectrum)] total: ArrayViewMut1<u64>,
    #[reduce(max)] largest: &mut u32,
    #[per_worker] calls: &mut u64,
    #[scratch(Vec::new())] seen: &mut Vec<u32>,
) {
    let (mut known, mut total) = (known, total);
    known.fill(spectrum[1] as u8);
    total.zip_mut_with(&spectrum, |total, &count| *total += factor * u64::from(count));
    seen.push(spectrum[0]);
    *largest = (*largest).max(*spectrum.iter().max().unwrap());
    *calls += 1;
}

#[pasha::kernel]
fn mean(spectrum: ArrayView1<u32>) -> f64 {
    f64::from(spectrum.sum()) / spectrum.len() as f64
}

fn spectra() -> Array2<u32> {
    Array2::from_shape_fn((203, 5), |(index, bin)| (index * 7 + bin * 13) as u32 % 97)
}

/// Checks what the three kernels gave against what follows from the data.
fn check(
    (spread, gather, means): &(SpreadOutput, GatherOutput, SharedArray1<f64>),
    spectra: &Array2<u32>,
) {
    let len = spectra.nrows();
    assert_eq!(spread.scaled, spectra * 3);
    for (index, spectrum) in spectra.outer_iter().enumerate() {
        assert_eq!(spread.known[index], vec![index as u16; index % 4]);
        assert_eq!(spread.pairs[index], vec![index as u64; 2]);
        let pushed: Vec<u64> = (0..index % 3).map(|n| (index * 10 + n) as u64).collect();
        assert_eq!(spread.pushed[index], pushed);
        let (first, second) = (spectrum[0], spectrum[1]);
        assert_eq!(spread.result.1.row(index), ndarray::array![index as u32, first]);
        assert_eq!(gather.known[index], vec![second as u8; first as usize % 5]);
    }
    assert_eq!(spread.result.0.sum(), (0..len as u64).sum::<u64>());
    assert_eq!(gather.total, spectra.mapv(|count| 2 * u64::from(count)).sum_axis(Axis(0)));
    assert_eq!(gather.largest, *spectra.iter().max().unwrap());
    assert_eq!(gather.calls.sum(), len as u64);
    assert_eq!(*means, spectra.mapv(f64::from).mean_axis(Axis(1)).unwrap());
}

fn contexts() -> Vec<AnyContext> {
    let retry = OnFailure::Retry { times: 1, then: AfterRetries::Abort };
    vec![
        Box::new(SerialContext::new()),
        Box::new(SerialContext::new().reproducible(true)),
        Box::new(ThreadContext::new(3).unwrap()),
        Box::new(ThreadContext::new(2).unwrap().reproducible(true).static_split()),
        Box::new(ProcessContext::new(3).unwrap()),
        Box::new(ProcessContext::new(2).unwrap().on_failure(retry).timeline(true)),
    ]
}

#[test]
fn each_kernel_gives_what_it_gives_alone() {
    let spectra = spectra();
    let three = pasha::together((spread::bind(), gather::bind(2), mean::bind()));
    for context in contexts() {
        let out = three.run_in(&context, &spectra).unwrap();
        check(&out, &spectra);
        // Into outputs that exist, of which nothing is left that was there.
        let mut again = three.run_in(&context, &(&spectra + 5)).unwrap();
        let report = three.run_report_into(&context, &spectra, &mut again).unwrap();
        check(&again, &spectra);
        assert_eq!((report.len, report.finished), (203, 203));
    }
}

/// The sum of a line, and where it is.
#[pasha::kernel]
fn line_sum(line: Labelled<'_, f64, Ix1>) -> (f64, f64) {
    (line.coord_f64(), line.data.sum())
}

/// The line's dimensions in one number, and its largest value.
#[pasha::kernel]
fn line_peak(line: Labelled<'_, f64, Ix1>, #[reduce(max)] largest: &mut f64) -> u32 {
    *largest = line.data.fold(*largest, |most, &value| most.max(value));
    line.dims().len() as u32
}

#[test]
fn labelled_items_are_given_to_each_kernel() {
    let values = Array2::from_shape_fn((4, 30), |(y, x)| (y * 100 + x) as f64);
    let image = DataArray::new(values.clone(), ["y", "x"]).unwrap();
    let image = image.with_coord("x", ndarray::Array1::linspace(0.0, 2.9, 30)).unwrap();
    let both = pasha::together((line_sum::bind(), line_peak::bind()));
    for context in contexts() {
        let ((places, sums), peaks) = both.run_in(&context, image.along("x").unwrap()).unwrap();
        assert_eq!(sums, values.sum_axis(Axis(0)));
        assert_eq!(places, ndarray::Array1::linspace(0.0, 2.9, 30));
        assert_eq!((peaks.largest, peaks.result.sum()), (329.0, 30));
    }
}

#[test]
fn over_several_ranks_as_on_one() {
    if ran_alone(&|| ()) {
        return;
    }
    let spectra = spectra();
    on_ranks(
        2,
        |_| Box::new(ProcessContext::new(2).unwrap()),
        |context| {
            let three = pasha::together((spread::bind(), gather::bind(2), mean::bind()));
            check(&three.run_in(&context, &spectra).unwrap(), &spectra);
        },
    );
}

/// Spectra that are made when they are read, which is counted.
struct Counted {
    reads: AtomicUsize,
    len: usize,
}

struct CountedReader<'f>(&'f Counted, [u32; 3]);

impl Functor<SubView<u32, ndarray::Ix1>> for Counted {
    type Reader<'f> = CountedReader<'f>;

    fn num_items(&self) -> usize {
        self.len
    }

    fn reader(&self) -> Result<CountedReader<'_>, SourceError> {
        Ok(CountedReader(self, [0; 3]))
    }
}

impl Read<SubView<u32, ndarray::Ix1>> for CountedReader<'_> {
    type Error = std::convert::Infallible;

    fn read(&mut self, index: usize) -> Result<ArrayView1<'_, u32>, Self::Error> {
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        self.1 = [index as u32, 1, 2];
        Ok(ArrayView1::from(&self.1))
    }
}

#[pasha::kernel]
fn first(spectrum: ArrayView1<u32>) -> u32 {
    spectrum[0]
}

#[pasha::kernel]
fn sum(spectrum: ArrayView1<u32>, #[reduce(sum)] total: &mut u32) {
    *total += spectrum.sum();
}

#[test]
fn each_item_is_read_once() {
    let source = Counted { reads: AtomicUsize::new(0), len: 1000 };
    let many = pasha::together((
        first::bind(),
        sum::bind(),
        first::bind(),
        first::bind(),
        first::bind(),
        first::bind(),
        first::bind(),
        sum::bind(),
    ));
    let out = many.run_in(&ThreadContext::new(2).unwrap(), &source).unwrap();
    assert_eq!(source.reads.load(Ordering::Relaxed), 1000);
    assert_eq!((out.0[999], out.6[17]), (999, 17));
    assert_eq!((out.1, out.7), (3000 + 999 * 500, 3000 + 999 * 500));
}

#[pasha::kernel]
fn doubled(value: u64, weight: f64) -> f64 {
    2.0 * value as f64 * weight
}

#[pasha::kernel]
fn fussy(
    value: u64,
    weight: f64,
    #[output(fill = -1)] place: &mut i64,
    #[reduce(sum)] total: &mut f64,
) -> Result<(), &'static str> {
    *total += weight;
    *place = value as i64;
    if value % 10 == 3 { Err("no threes") } else { Ok(()) }
}

#[test]
fn an_item_fails_as_a_whole_and_nothing_of_it_is_left() {
    let (values, weights) = ((0..100_u64).collect::<Vec<_>>(), vec![0.5; 100]);
    let kernel = pasha::together((doubled::bind(), fussy::bind(), doubled::bind()));
    let skip = OnFailure::Skip { at_most: 10 };
    let contexts: [AnyContext; 3] = [
        Box::new(SerialContext::new().on_failure(skip)),
        Box::new(ThreadContext::new(2).unwrap().on_failure(skip)),
        Box::new(ProcessContext::new(2).unwrap().on_failure(skip)),
    ];
    for context in contexts {
        let (out, report) = kernel.run_report_in(&context, (&values, &weights)).unwrap();
        let failed: Vec<usize> = report.failed.iter().map(|item| item.index).collect();
        assert_eq!(failed, (0..10).map(|n| 10 * n + 3).collect::<Vec<_>>());
        assert_eq!(out.1.total, 45.0);
        for index in 0..100 {
            let expected = if index % 10 == 3 { (0.0, -1) } else { (index as f64, index as i64) };
            assert_eq!((out.0[index], out.1.place[index]), expected);
            assert_eq!(out.2[index], expected.0);
        }
    }
    let error = kernel.run_serial((&values, &weights)).unwrap_err();
    let failure = item_failure(&error);
    assert_eq!(failure.index(), 3);
    assert!(error.to_string().contains("no threes"), "{error}");
}

#[test]
fn kernels_that_compose_run_together_too_and_a_job_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let context = ProcessContext::new(2).unwrap().resume(folder.path().join("job"));
    let file = |name: &str| {
        context.alloc::<f64>(100).file(folder.path().join(name)).build().expect("a file")
    };
    let kernel = pasha::together((half::bind().then(half::bind()), half::bind()));
    let mut out = (file("quarter.npy"), file("half.npy"));
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let report = kernel.run_report_into(&context, &values, &mut out).unwrap();
    assert_eq!(report.finished, 100);
    assert_eq!((out.0[99], out.1[99]), (24.75, 49.5));
    // Another job than that of one kernel: the names and the signatures are those of both.
    let error = half::run_into(&context, &values, &mut out.1).unwrap_err();
    assert!(matches!(error, Error::Resume { .. }), "{error}");
}

#[pasha::kernel]
fn half(value: f64) -> f64 {
    value / 2.0
}
