//! Allocation: the cases of the original's tests, files that NumPy opens, and refusals.

use ndarray::{Array, Array3, ArrayViewMut1, Axis, Dimension, Ix3, IxDyn, ShapeBuilder, array};
use pasha::prelude::*;
use pasha::{AnyContext, Element, Error};
use pasha_tests::numpy;

/// The original's contexts of three workers.
fn contexts() -> [AnyContext; 2] {
    [Box::new(ThreadContext::new(3).unwrap()), Box::new(ProcessContext::new(3).unwrap())]
}

/// Whether the array lies in the order, without gaps.
fn lies_in<A, D: Dimension>(array: &SharedArray<A, D>, order: Order) -> bool {
    match order {
        Order::C => array.is_standard_layout(),
        Order::F => array.view().reversed_axes().is_standard_layout(),
    }
}

/// One case of the original's `test_alloc_direct`: shape, order, fill and per-worker axis.
fn check_direct<A>(fill: Option<A>, zero: A) -> usize
where
    A: Element + PartialEq + std::fmt::Debug,
{
    let mut cases = 0;
    for context in contexts() {
        for shape in [vec![3], vec![3, 2]] {
            for order in [Order::C, Order::F] {
                let mut builder = context.alloc::<A>(IxDyn(&shape)).order(order);
                if let Some(value) = fill {
                    builder = builder.fill(value);
                }
                let array = builder.clone().build().unwrap();
                assert_eq!(array.shape(), shape);
                assert!(lies_in(&array, order));
                assert!(array.iter().all(|&value| value == fill.unwrap_or(zero)));

                let per_worker = builder.per_worker().build().unwrap();
                let expected = match order {
                    Order::C => [&[3], &shape[..]].concat(),
                    Order::F => [&shape[..], &[3]].concat(),
                };
                assert_eq!(per_worker.shape(), expected);
                assert!(lies_in(&per_worker, order));
                assert!(per_worker.iter().all(|&value| value == fill.unwrap_or(zero)));
                cases += 2;
            }
        }
    }
    cases
}

#[test]
fn alloc_direct() {
    let mut cases = 0;
    for fill in [None, Some(0.0), Some(1.0), Some(42.0)] {
        cases += check_direct::<f64>(fill, 0.0);
    }
    for fill in [None, Some(0), Some(1), Some(42)] {
        cases += check_direct::<u16>(fill, 0);
    }
    // As many as the original runs: 2 contexts, 2 shapes, 2 types, 2 orders, 4 fills, per worker or
    // not.
    assert_eq!(cases, 128);
}

/// The cases of `test_alloc_like` for one element type: kept or other shape, every order.
fn check_like<A>(
    context: &AnyContext,
    model: &Array3<f32>,
    other_shape: bool,
    order: Option<Order>,
    fill: Option<A>,
    zero: A,
) where
    A: Element + PartialEq + std::fmt::Debug,
{
    let model_order = if model.is_standard_layout() { Order::C } else { Order::F };
    let expected_order = order.unwrap_or(model_order);
    macro_rules! check {
        ($builder:expr, $shape:expr) => {{
            let builder = $builder;
            let mut builder = builder.order(expected_order);
            if let Some(value) = fill {
                builder = builder.fill(value);
            }
            let shape: Vec<usize> = $shape;
            let array = builder.clone().build().unwrap();
            assert_eq!(array.shape(), shape);
            assert!(lies_in(&array, expected_order));
            assert!(array.iter().all(|&value| value == fill.unwrap_or(zero)));
            let per_worker = builder.per_worker().build().unwrap();
            let expected = match expected_order {
                Order::C => [&[3], &shape[..]].concat(),
                Order::F => [&shape[..], &[3]].concat(),
            };
            assert_eq!(per_worker.shape(), expected);
            assert!(lies_in(&per_worker, expected_order));
        }};
    }
    let like = context.alloc_like(model).element::<A>();
    if other_shape {
        check!(like.shape((6, 4)), vec![6, 4]);
    } else {
        check!(like, vec![2, 3, 4]);
    }
}

#[test]
fn alloc_like() {
    for context in contexts() {
        for model in [Array3::<f32>::ones((2, 3, 4)), Array3::<f32>::ones((2, 3, 4).f())] {
            // What is not said is taken over: shape, element type and order.
            let same = context.alloc_like(&model).build().unwrap();
            let same: &SharedArray<f32, Ix3> = &same;
            assert_eq!(same.shape(), model.shape());
            assert_eq!(same.strides(), model.strides());
            for other_shape in [false, true] {
                for order in [None, Some(Order::C), Some(Order::F)] {
                    for fill in [None, Some(0.0), Some(1.0), Some(42.0)] {
                        check_like::<f32>(&context, &model, other_shape, order, fill, 0.0);
                    }
                    for fill in [None, Some(0), Some(1), Some(42)] {
                        check_like::<u16>(&context, &model, other_shape, order, fill, 0);
                    }
                }
            }
        }
        // Neither order: C, as in the original.
        let sliced = Array3::<f32>::ones((4, 6, 8));
        let sliced = sliced.slice(ndarray::s![..;2, ..;2, ..;2]);
        assert!(lies_in(&context.alloc_like(&sliced).build().unwrap(), Order::C));
        // Like one of pasha's own.
        let own = context.alloc::<u8>((2, 2)).order(Order::F).build().unwrap();
        assert!(lies_in(&context.alloc_like(&own).build().unwrap(), Order::F));
    }
}

#[pasha::kernel]
fn large_sum(value: f64, #[reduce(sum, shape = 1 << 42)] mut sum: ArrayViewMut1<f64>) {
    sum[0] += value;
}

#[pasha::kernel]
fn large_of_worker(value: f64, #[per_worker(shape = 1 << 42)] mut sum: ArrayViewMut1<f64>) {
    sum[0] += value;
}

#[test]
fn allocation_can_be_refused() {
    let context = ProcessContext::new(3).unwrap();
    let error = context.alloc::<f64>((1 << 40, 1 << 30)).build().unwrap_err();
    assert!(matches!(&error, Error::ShapeOverflow { element_size: 8, .. }), "{error}");
    let error = context.alloc::<u8>(1 << 46).build().unwrap_err();
    assert!(matches!(&error, Error::Alloc { bytes: 0x4000_0000_0000, .. }), "{error}");
    let accumulators = [
        large_sum::run_in(&context, &[1.0]).map(drop),
        large_sum::run_serial(&[1.0]).map(drop),
        large_of_worker::run_in(&context, &[1.0]).map(drop),
    ];
    for (refused, told) in accumulators.into_iter().zip(["3 of", "1 of", "3 of"]) {
        let text = refused.unwrap_err().to_string();
        assert!(text.contains(&format!("{told} 35184372088832 bytes each: take fewer")), "{text}");
        assert!(!text.contains("fewer items") && !text.contains(".file("), "{text}");
    }
    let error = context.alloc::<u8>(1).file("/no/such/folder/x.npy").build().unwrap_err();
    assert!(matches!(&error, Error::File { action: "create", .. }), "{error}");
    assert_eq!(context.alloc::<f64>((0, 5)).build().unwrap().len(), 0);
}

#[test]
fn a_file_larger_than_the_disk_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.npy");
    let context = ThreadContext::new(1).unwrap();
    let error = context.alloc::<u8>(1 << 45).file(&path).build().unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    assert!(error.to_string().contains("huge.npy"), "{error}");
}

#[test]
fn numpy_opens_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let context = ProcessContext::new(2).unwrap();
    let path = |name: &str| folder.path().join(name);
    let values = Array::from_iter((0..24).map(|n| f64::from(n) / 3.0));
    let values = values.into_shape_with_order((2, 3, 4)).unwrap();
    for (name, order) in [("c.npy", Order::C), ("f.npy", Order::F)] {
        let mut array =
            context.alloc::<f64>((2, 3, 4)).order(order).file(path(name)).build().unwrap();
        assert!(array.is_file_backed() && lies_in(&array, order));
        array.assign(&values);
        array.flush().unwrap();
    }
    let mut filled = context
        .alloc_like(&values)
        .element::<u16>()
        .file(path("fill.npy"))
        .fill(42)
        .build()
        .unwrap();
    filled[[1, 2, 3]] = 7;
    let mut workers =
        context.alloc::<bool>(3).per_worker().file(path("workers.npy")).build().unwrap();
    workers[[1, 2]] = true;
    context.alloc::<num_complex::Complex<f32>>(0).file(path("empty.npy")).build().unwrap();

    let program = format!(
        "import numpy as np, os
os.chdir({:?})
c, f, u, w, e = (np.load(n + '.npy') for n in ('c', 'f', 'fill', 'workers', 'empty'))
expected = np.arange(24).reshape(2, 3, 4) / 3
print(c.dtype, c.flags.c_contiguous, (c == expected).all(),
      f.dtype, f.flags.f_contiguous, (f == expected).all(),
      u.dtype, u.shape, int(u.sum()), w.dtype, w.tolist(), e.dtype, e.shape)",
        folder.path()
    );
    let Some(said) = numpy(&program) else { return };
    assert_eq!(
        said,
        "float64 True True float64 True True uint16 (2, 3, 4) 973 bool \
         [[False, False, False], [False, False, True]] complex64 (0,)"
    );
}

#[test]
fn shared_arrays_are_arrays() {
    fn send_and_sync<T: Send + Sync + std::fmt::Debug>(_: &T) {}
    let context = ProcessContext::new(2).unwrap();
    let mut array = context.alloc::<i32>((2, 3)).fill(1).build().unwrap();
    send_and_sync(&array);
    array.row_mut(1).fill(5);
    for value in &mut array {
        *value += 1;
    }
    assert_eq!(array, array![[2, 2, 2], [6, 6, 6]]);
    assert_eq!(array.sum_axis(Axis(1)), array![6, 18]);
    assert_eq!(array.to_owned(), array![[2, 2, 2], [6, 6, 6]]);
    assert_eq!((&array).into_iter().copied().max(), Some(6));
    assert_eq!(format!("{array:?}"), format!("{:?}", array.view()));
    assert_eq!(array.mapv(|v| v * 2).slice(ndarray::s![0, ..]), array![4, 4, 4]);
    // And it takes part in ndarray's `Zip`.
    let mut doubled = context.alloc_like(&array).build().unwrap();
    ndarray::Zip::from(&mut doubled).and(&array).for_each(|to, &from| *to = 2 * from);
    assert_eq!(doubled, array.mapv(|v| v * 2));
    let sent = std::thread::spawn(move || array.sum()).join().unwrap();
    assert_eq!(sent, 24);
}
