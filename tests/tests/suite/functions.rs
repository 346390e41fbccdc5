//! The generated functions: `alloc`, `run_into`, `bind`, and what they refuse.

use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, array};
use pasha::{Context, Error, Memory, ProcessContext, SerialContext, ThreadContext};
use pasha_tests::for_each_context;

#[pasha::kernel]
fn halve(value: f64) -> f64 {
    value / 2.0
}

#[pasha::kernel]
fn everything(
    frame: ArrayView2<u16>,
    #[shared] threshold: u16,
    #[output(like = frame)] mut kept: ArrayViewMut2<u16>,
    #[output(shape = 2, fill = 1)] mut counter: ArrayViewMut1<u32>,
    #[output(ragged = frame.iter().filter(|&&v| v >= threshold).count(), fill = 3)]
    mut hits: ArrayViewMut1<u16>,
    #[per_worker(fill = 10)] calls: &mut u64,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<u64>,
    #[reduce(max)] highest: &mut u16,
) -> bool {
    kept.assign(&frame.mapv(|v| if v >= threshold { v } else { 0 }));
    counter[0] += 1;
    for (slot, &value) in hits.iter_mut().zip(frame.iter().filter(|&&v| v >= threshold)) {
        *slot = value;
    }
    *calls += 1;
    total.zip_mut_with(&frame, |total, &value| *total += u64::from(value));
    *highest = frame.iter().copied().fold(*highest, u16::max);
    *highest >= threshold
}

fn frames(seed: usize) -> Array3<u16> {
    Array3::from_shape_fn((19, 3, 4), |(i, y, x)| ((i * 31 + y * 7 + x * 13 + seed) % 50) as u16)
}

fn assert_outputs(out: &EverythingOutput, frames: &Array3<u16>, threshold: u16) {
    let kept = frames.mapv(|v| if v >= threshold { v } else { 0 });
    assert_eq!(out.kept, kept);
    assert_eq!(out.counter.index_axis(Axis(1), 0), Array1::from_elem(19, 2));
    assert_eq!(out.counter.index_axis(Axis(1), 1), Array1::from_elem(19, 1));
    for (frame, slot) in frames.outer_iter().zip(out.hits.iter()) {
        let hits: Vec<u16> = frame.iter().copied().filter(|&v| v >= threshold).collect();
        assert_eq!(slot.to_vec(), hits);
    }
    assert_eq!(out.calls.iter().map(|calls| calls - 10).sum::<u64>(), 19);
    assert_eq!(out.total, frames.mapv(u64::from).sum_axis(Axis(0)));
    assert_eq!(out.highest, *frames.iter().max().unwrap());
}

for_each_context! {
    fn alloc_allocates_and_runs_nothing(context: &dyn Context) {
        let frames = frames(0);
        let out = everything::alloc(context, &frames, 40).unwrap();
        assert_eq!(out.kept, Array3::<u16>::zeros((19, 3, 4)));
        assert_eq!(out.counter, Array2::from_elem((19, 2), 1));
        assert_eq!(out.hits.values(), Array1::from_elem(out.hits.values().len(), 3));
        assert_eq!(out.calls, Array1::from_elem(context.num_workers(), 10));
        assert_eq!(out.total, Array2::<u64>::zeros((3, 4)));
        assert_eq!(out.highest, 0);
        assert_eq!(out.result, Array1::from_elem(19, false));
        assert_eq!(out.kept.memory(), context.memory());
    }

    fn outputs_are_used_again(context: &dyn Context) {
        let first = frames(0);
        let mut out = everything::run_in(context, &first, 40).unwrap();
        assert_outputs(&out, &first, 40);
        let address = out.kept.as_ptr();
        // The same items: fill values, accumulators and reductions begin anew.
        for _ in 0..3 {
            everything::run_into(context, &first, 40, &mut out).unwrap();
            assert_outputs(&out, &first, 40);
        }
        assert_eq!(out.kept.as_ptr(), address, "nothing was allocated again");
    }

    fn outputs_of_other_shapes_are_refused(context: &dyn Context) {
        let inp = Array1::<f64>::zeros(10);
        let mut out = halve::alloc(context, &inp).unwrap();
        match halve::run_into(context, &Array1::zeros(11), &mut out) {
            Err(Error::ShapeMismatch { given, needed, .. }) => {
                assert_eq!((given, needed), (vec![10], vec![11]));
            }
            other => panic!("{other:?}"),
        }

        let mut out = everything::alloc(context, &frames(0), 40).unwrap();
        let wider = Array3::<u16>::zeros((19, 3, 5));
        let error = everything::run_into(context, &wider, 40, &mut out).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("`kept`") && message.contains("[19, 3, 4]"), "{message}");
        assert!(message.contains("[19, 3, 5]") && message.contains("alloc"), "{message}");

        // Slots of other lengths.
        let error = everything::run_into(context, &frames(1), 30, &mut out).unwrap_err();
        let count = |frame: ArrayView2<u16>, at_least: u16| {
            frame.iter().filter(|&&value| value >= at_least).count()
        };
        let (before, now) = (frames(0), frames(1));
        let lengths =
            before.outer_iter().zip(now.outer_iter()).map(|(a, b)| (count(a, 40), count(b, 30)));
        let (slot, (given, needed)) = lengths.enumerate().find(|(_, (a, b))| a != b).unwrap();
        let text =
            format!("slot {slot} of output `hits` has {given} elements, but this run writes {needed}");
        assert!(error.to_string().starts_with(&text), "{error}");
    }

    fn an_output_is_an_input_again(context: &dyn Context) {
        let inp = Array1::linspace(0.0, 8.0, 9);
        let once = halve::run_in(context, &inp).unwrap();
        let twice = halve::run_in(context, &once).unwrap();
        assert_eq!(twice, &inp / 4.0);
    }

    fn an_output_with_changed_axes_is_refused(context: &dyn Context) {
        let inp = Array1::<f64>::zeros(10);
        let mut out = halve::alloc(context, &inp).unwrap();
        out.invert_axis(Axis(0));
        let error = halve::run_into(context, &inp, &mut out).unwrap_err();
        assert!(matches!(error, Error::NotWritable { .. }), "{error}");
    }
}

#[test]
fn per_worker_outputs_of_another_number_of_workers_are_refused() {
    let frames = frames(0);
    let mut out = everything::alloc(&ProcessContext::new(2).unwrap(), &frames, 40).unwrap();
    let three = ProcessContext::new(3).unwrap();
    let error = everything::run_into(&three, &frames, 40, &mut out).unwrap_err();
    assert!(matches!(&error, Error::ShapeMismatch { output, .. } if output == "calls"), "{error}");
}

#[test]
fn outputs_that_forked_workers_can_not_write_are_refused() {
    let inp = Array1::linspace(0.0, 1.0, 10);
    let processes = ProcessContext::new(2).unwrap();
    for context in [&ThreadContext::new(2).unwrap() as &dyn Context, &SerialContext::new()] {
        let mut out = halve::alloc(context, &inp).unwrap();
        assert_eq!(out.memory(), Memory::Private);
        let error = halve::run_into(&processes, &inp, &mut out).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::NotWritable { .. }), "{message}");
        assert!(message.contains("private") && message.contains("alloc"), "{message}");
        // The other way round works: threads can write shared memory.
        let mut out = halve::alloc(&processes, &inp).unwrap();
        halve::run_into(context, &inp, &mut out).unwrap();
        assert_eq!(out, &inp / 2.0);
    }
}

#[test]
fn shapes_beyond_the_address_space_are_refused_before_anything_runs() {
    #[pasha::kernel]
    fn huge(_value: u8, #[shared] n: usize, #[output(shape = (n, n))] _slot: ArrayViewMut2<f64>) {
        unreachable!("nothing runs");
    }
    let error = huge::run_parallel(&[0; 3], 1 << 31).unwrap_err();
    assert!(matches!(&error, Error::ShapeOverflow { element_size: 8, .. }), "{error}");
    let error = huge::run_parallel(&[0; 3], 1 << 21).unwrap_err();
    match &error {
        Error::Alloc { bytes, .. } => assert_eq!(*bytes, (3 * 8) << 42),
        other => panic!("{other:?}"),
    }
}

#[test]
fn outputs_in_files_are_written_by_workers() {
    use pasha::Allocate;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("halves.npy");
    let context = ProcessContext::new(2).unwrap();
    let inp = Array1::linspace(0.0, 1.0, 1000);
    let mut out = context.alloc::<f64>(1000).file(&path).build().unwrap();
    halve::run_into(&context, &inp, &mut out).unwrap();
    drop(out);
    let read: Array1<f64> = ndarray_npy::read_npy(&path).unwrap();
    assert_eq!(read, &inp / 2.0);
    assert_eq!(array![read.len()], array![1000]);
}
