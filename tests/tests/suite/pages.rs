//! Huge pages, arrays in shared memory, workers on processors of their own: options that change no
//! result.

use std::fs;

use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut1, Ix3, ShapeBuilder, s};
use pasha::prelude::*;
use pasha::{Context, NpyFile, SharedArray};
use pasha_tests::for_each_context;
use pasha_tests::mappings::{bytes_asked_for_in_huge_pages, bytes_in_huge_pages};

/// 2 MiB.
const HUGE_PAGE: usize = 2 << 20;

/// Fills what is 8 MiB for 4 items.
#[pasha::kernel]
fn fill(index: usize, #[output(shape = HUGE_PAGE)] mut out: ArrayViewMut1<u8>) {
    out.fill(index as u8);
}

/// The processors that the calling thread may use, as Linux lists them.
fn processors() -> String {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    list.trim().to_owned()
}

#[test]
fn new_outputs_of_processes_get_huge_pages_or_the_report_says_why_not() {
    let context = ProcessContext::new(2).unwrap();
    let (out, report) = fill::run_report_in(&context, 0..4).unwrap();
    assert!(out.rows().into_iter().enumerate().all(|(i, row)| row.iter().all(|&v| v == i as u8)));
    let pages = report.huge_pages;
    assert!(pages.made + pages.refused > 0, "{report}");
    assert_eq!(pages.refused > 0, pages.errno.is_some(), "{report}");
    if pages.refused == 0 {
        assert_eq!(pages.made, 4, "{report}");
        assert_eq!(bytes_in_huge_pages(out.as_ptr().addr()), 4 * HUGE_PAGE);
        assert!(report.to_string().contains("huge pages"), "{report}");
    }
}

for_each_context! {
    fn huge_pages_can_be_declined(context: &dyn Context) {
        // The options are set on contexts of a known type: make one of the same kind.
        let workers = context.num_workers();
        let check = |context: &dyn Context| {
            let (out, report) = fill::run_report_in(context, 0..4).unwrap();
            assert_eq!(report.huge_pages, pasha::HugePages::default());
            assert_eq!(bytes_in_huge_pages(out.as_ptr().addr()), 0);
            assert_eq!(out[[3, 7]], 3);
        };
        if context.memory() == pasha::Memory::Shared {
            check(&ProcessContext::new(workers).unwrap().huge_pages(false));
        } else if fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
            .is_ok_and(|text| text.contains("[always]"))
        {
            println!("skipped: this system makes huge pages of all private memory");
        } else if workers == 1 {
            check(&SerialContext::new().huge_pages(false));
        } else {
            check(&ThreadContext::new(workers).unwrap().huge_pages(false));
        }
    }

    fn inputs_can_be_copied_to_shared_memory_or_put_into_huge_pages(context: &dyn Context) {
        let frames = Array3::from_shape_fn((64, 256, 300), |(i, y, x)| (i * 31 + y * 7 + x) as u16);
        let sums = frames.outer_iter().map(|frame| frame.mapv(u64::from).sum()).collect::<Vec<_>>();
        let sum = |_: usize, _: usize, frame: ArrayView2<u16>| frame.mapv(u64::from).sum();

        let shared = SharedArray::from_array(&frames).unwrap();
        assert_eq!(shared, frames);
        assert_eq!(pasha::map_in(context, &shared, sum).unwrap().to_vec(), sums);

        pasha::advise_huge(&frames);
        assert_eq!(shared, frames);
        assert_eq!(pasha::map_in(context, &frames, sum).unwrap().to_vec(), sums);
    }

    fn pinned_workers_stay_on_one_processor_each(context: &dyn Context) {
        let workers = context.num_workers();
        let context: Box<dyn Context> = if context.memory() == pasha::Memory::Shared {
            Box::new(ProcessContext::new(workers).unwrap().pin_workers(true))
        } else if workers == 1 {
            Box::new(SerialContext::new().pin_workers(true))
        } else {
            Box::new(ThreadContext::new(workers).unwrap().pin_workers(true))
        };
        let before = processors();
        let is_alone = pasha::map_in(&context, 0..50_usize, |_, _, _| {
            processors().parse::<usize>().is_ok()
        });
        assert!(is_alone.unwrap().iter().all(|&is_alone| is_alone));
        assert_eq!(processors(), before);
    }
}

#[test]
fn copies_keep_the_elements_of_any_layout() {
    let fortran = Array2::from_shape_fn((5, 7).f(), |(y, x)| (10 * y + x) as i32);
    let copy = SharedArray::from_array(&fortran).unwrap();
    assert_eq!(copy, fortran);
    assert!(copy.is_standard_layout());
    let part = fortran.slice(s![..;-2, 1..6;2]);
    assert_eq!(SharedArray::from_array(&part).unwrap(), part);
    let nothing = Array2::<f64>::zeros((3, 0));
    assert_eq!(SharedArray::from_array(&nothing).unwrap().shape(), [3, 0]);
}

#[test]
fn advice_covers_an_array_whatever_the_order_of_its_axes() {
    // 16 MiB, so that at least 7 whole pages of 2 MiB lie within.
    let array = Array3::from_shape_fn((4, 1024, 1024), |(i, y, x)| (i + y * x) as u32);
    let expected = array.clone();
    let straight = pasha::advise_huge(&array);
    assert!(straight.made + straight.refused <= 8);
    if straight.refused == 0 {
        assert!(straight.made >= 7, "{straight:?}");
        assert!(bytes_in_huge_pages(array.as_ptr().addr() + HUGE_PAGE) >= 7 * HUGE_PAGE);
    }
    for view in [
        array.slice(s![..;-1, .., ..]),
        array.slice(s![..;-1, ..;-1, ..;-1]),
        array.view().reversed_axes(),
        array.view().permuted_axes([1, 0, 2]),
    ] {
        // The same pages; now and then the system refuses some for the moment (`EAGAIN`).
        let advised = pasha::advise_huge(&view);
        assert_eq!(advised.made + advised.refused, straight.made + straight.refused);
    }
    assert_eq!(array, expected);
    assert_eq!(pasha::advise_huge(&array.slice(s![2..2, .., ..])), pasha::HugePages::default());
    assert_eq!(pasha::advise_huge(&Array2::<f32>::ones((3, 4))), pasha::HugePages::default());
}

#[test]
fn files_that_are_read_as_a_whole_are_read_in_huge_pages() {
    /// Adds up a frame.
    #[pasha::kernel]
    fn total(frame: ArrayView2<u8>) -> u64 {
        frame.iter().map(|&count| u64::from(count)).sum()
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.npy");
    let frames = Array3::from_shape_fn((8, 1024, 1024), |(i, _, x)| (i + x) as u8);
    ndarray_npy::write_npy(&path, &frames).unwrap();
    let file = NpyFile::<u8, Ix3>::open(&path).unwrap();
    let Some(before) = bytes_asked_for_in_huge_pages(&path) else { return };
    assert_eq!(before, 0, "the file was only opened");
    let totals = total::run_in(&ProcessContext::new(2).unwrap(), &file).unwrap();
    assert!(totals.iter().zip(frames.outer_iter()).all(|(&total, frame)| {
        total == frame.iter().map(|&count| u64::from(count)).sum::<u64>()
    }));
    assert!(bytes_asked_for_in_huge_pages(&path).unwrap() >= frames.len());

    // Two sums of 1 MiB are not worth any.
    let path = folder.path().join("few.npy");
    ndarray_npy::write_npy(&path, &frames.slice(s![..2, .., ..])).unwrap();
    let few = NpyFile::<u8, Ix3>::open(&path).unwrap();
    assert_eq!(total::run_serial(&few).unwrap().len(), 2);
    assert_eq!(bytes_asked_for_in_huge_pages(&path), Some(0));
}
