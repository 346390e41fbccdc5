//! `stream_stores`: the same results by way of a stage, whatever the outputs are.

use ndarray::{Array3, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, s};
use pasha::{Cause, Context, Error, OnFailure, ProcessContext, SerialContext, ThreadContext};
use pasha_tests::for_each_context;

#[pasha::kernel(stream_stores)]
fn scale(
    frame: ArrayView2<u16>,
    #[index] index: usize,
    #[shared] gain: f32,
    #[output(like = frame)] mut scaled: ArrayViewMut2<f32>,
    #[output(shape = 3, fill = f64::NAN)] mut partly: ArrayViewMut1<f64>,
    #[output(fill = -1)] last: &mut i64,
    #[output(ragged = index % 4)] mut some: ArrayViewMut1<u8>,
    #[reduce(sum, like = frame)] mut total: ArrayViewMut2<u64>,
) -> (u16, [bool; 3]) {
    scaled.zip_mut_with(&frame, |out, &count| *out = gain * f32::from(count));
    total.zip_mut_with(&frame, |out, &count| *out += u64::from(count));
    partly[index % 3] = index as f64;
    if index.is_multiple_of(5) {
        *last = index as i64;
    }
    some.fill(index as u8);
    (frame[[0, 0]], [index.is_multiple_of(2), true, false])
}

#[pasha::kernel(stream_stores)]
fn triple(value: f64) -> f64 {
    3.0 * value
}

#[pasha::kernel(stream_stores)]
fn fail_at(value: usize, #[shared] at: usize) -> Result<usize, String> {
    if value == at { Err(format!("{value} it is")) } else { Ok(value + 1) }
}

#[pasha::kernel(stream_stores)]
fn panic_at(value: usize, #[shared] at: usize) -> usize {
    assert!(value != at, "{value} it is");
    value + 1
}

fn frames(len: usize, rows: usize, columns: usize) -> Array3<u16> {
    Array3::from_shape_fn((len, rows, columns), |(i, y, x)| (i * 7 + y * 3 + x) as u16)
}

for_each_context! {
    fn every_kind_of_output_is_streamed_to_its_place(context: &dyn Context) {
        // Sizes around those of cache lines and of the stage.
        for (len, rows, columns) in [(1, 1, 1), (23, 5, 7), (300, 1, 16), (40, 33, 129)] {
            let frames = frames(len, rows, columns);
            let out = scale::run_in(context, &frames, 0.5).unwrap();
            assert_eq!(out.scaled, frames.mapv(|count| 0.5 * f32::from(count)));
            assert_eq!(out.total, frames.mapv(u64::from).sum_axis(Axis(0)));
            assert_eq!(out.result.0, frames.slice(s![.., 0, 0]));
            for index in 0..len {
                let expected = if index.is_multiple_of(5) { index as i64 } else { -1 };
                assert_eq!(out.last[index], expected);
                for (place, value) in out.partly.row(index).indexed_iter() {
                    assert!(if place == index % 3 { *value == index as f64 } else { value.is_nan() });
                }
                assert_eq!(out.result.1.row(index).to_vec(), [index % 2 == 0, true, false]);
                assert_eq!(out.some.slot(index).to_vec(), vec![index as u8; index % 4]);
            }
        }
    }

    fn scalars_are_streamed_at_any_length(context: &dyn Context) {
        for len in [0, 1, 7, 8, 9, 4095, 4096, 4097, 100_003] {
            let inp: Vec<f64> = (0..len).map(f64::from).collect();
            let mut out = triple::run_in(context, &inp).unwrap();
            assert!(out.iter().zip(&inp).all(|(out, inp)| *out == 3.0 * inp));
            triple::run_into(context, out.to_vec().as_slice(), &mut out).unwrap();
            assert!(out.iter().zip(&inp).all(|(out, inp)| *out == 9.0 * inp));
        }
    }

    fn outputs_with_their_axes_changed_are_written_in_place(context: &dyn Context) {
        let frames = frames(20, 6, 8);
        let mut out = copy::alloc(context, &frames).unwrap();
        out.swap_axes(1, 2);
        out.swap_axes(1, 2);
        out.view_mut().fill(9);
        copy::run_into(context, &frames, &mut out).unwrap();
        assert_eq!(out, frames);
    }

    fn what_was_finished_before_a_failure_is_there(context: &dyn Context) {
        for at in [0, 1, 5000, 70_000] {
            let mut out = fail_at::alloc(context, 0..80_000_usize, at).unwrap();
            match fail_at::run_into(context, 0..80_000_usize, at, &mut out) {
                Err(Error::Item(failure)) if matches!(failure.cause(), Cause::Refused { .. }) => {
                    assert_eq!(failure.index(), at);
                    check_finished(&out.to_vec(), at, failure.finished());
                }
                other => panic!("{other:?}"),
            }
            let mut out = panic_at::alloc(context, 0..80_000_usize, at).unwrap();
            match panic_at::run_into(context, 0..80_000_usize, at, &mut out) {
                Err(Error::Item(failure)) if matches!(failure.cause(), Cause::Panic { .. }) => {
                    assert_eq!(failure.index(), at);
                    check_finished(&out.to_vec(), at, failure.finished());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// As many slots as were told hold their values, and the failed one does not.
fn check_finished(out: &[usize], at: usize, finished: usize) {
    assert_eq!(out[at], 0);
    assert_eq!(out.iter().enumerate().filter(|&(i, &value)| value == i + 1).count(), finished);
    assert!(out.iter().enumerate().all(|(i, &value)| value == 0 || value == i + 1));
}

#[pasha::kernel(stream_stores)]
fn copy(frame: ArrayView2<u16>, #[output(like = frame)] mut out: ArrayViewMut2<u16>) {
    out.assign(&frame);
}

/// A large slot does not fit the stage.
#[pasha::kernel(stream_stores)]
fn spread(value: f64, #[output(shape = 400_000)] mut out: ArrayViewMut1<f64>) {
    out.fill(value);
}

#[pasha::kernel(stream_stores)]
fn pieces(rows: ArrayView2<f32>, #[output(like = rows)] mut out: ArrayViewMut2<f32>) {
    let mut piece = Vec::new();
    pasha::stream(|stream| {
        for (row, out) in rows.rows().into_iter().zip(out.rows_mut()) {
            piece.clear();
            piece.extend(row.iter().map(|value| value + 1.0));
            stream.copy(&piece, out.into_slice().expect("rows lie back to back"));
        }
    });
}

#[test]
fn slots_too_large_for_the_stage_are_written_in_place() {
    let out = spread::run_parallel(&[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(out.sum_axis(Axis(1)).to_vec(), [400_000.0, 800_000.0, 1_200_000.0]);
}

#[test]
fn a_kernel_streams_pieces_itself() {
    let inp = Array3::from_shape_fn((10, 3, 1000), |(i, y, x)| (i + y + x) as f32);
    let out = pieces::run_parallel(&inp).unwrap();
    assert_eq!(out, &inp + 1.0);
}

#[test]
fn streaming_kernels_compose() {
    let out = triple::bind().then(triple::bind()).run_parallel(&[1.0, 2.0]).unwrap();
    assert_eq!(out.to_vec(), [9.0, 18.0]);
}

#[test]
fn maps_that_go_on_after_failures_are_not_staged() {
    let policy = OnFailure::Skip { at_most: 1 };
    let contexts: [Box<dyn Context>; 3] = [
        Box::new(SerialContext::new().on_failure(policy)),
        Box::new(ThreadContext::new(2).unwrap().on_failure(policy)),
        Box::new(ProcessContext::new(2).unwrap().on_failure(policy)),
    ];
    for context in contexts {
        let (out, report) = fail_at::run_report_in(&*context, 0..10_000_usize, 77).unwrap();
        assert_eq!(report.failed.len(), 1);
        assert!(out.iter().enumerate().all(|(i, &v)| v == if i == 77 { 0 } else { i + 1 }));
    }
}

#[pasha::kernel(stream_stores)]
fn abort_at(value: usize, #[shared] at: usize) -> usize {
    if value == at {
        std::process::abort();
    }
    value + 1
}

#[test]
fn no_more_is_told_as_finished_than_is_there_after_a_death() {
    let context = ProcessContext::new(2).unwrap();
    for at in [0, 3, 5000, 70_000] {
        let mut out = abort_at::alloc(&context, 0..80_000_usize, at).unwrap();
        match abort_at::run_into(&context, 0..80_000_usize, at, &mut out) {
            Err(Error::Item(failure)) if matches!(failure.cause(), Cause::Died { .. }) => {
                assert_eq!(failure.index(), at);
                let finished = failure.finished();
                let there = out.iter().enumerate().filter(|&(i, &value)| value == i + 1).count();
                assert!(finished <= there, "{finished} of {there}");
                assert!(out.iter().enumerate().all(|(i, &v)| v == 0 || v == i + 1));
            }
            other => panic!("{other:?}"),
        }
    }
}
