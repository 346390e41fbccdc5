//! Items of every kind, several of them, and items of the user's own.

use std::convert::Infallible;

use ndarray::{
    Array, Array1, Array2, Array3, ArrayView, ArrayView0, ArrayView1, ArrayView2, ArrayView3,
    ArrayView4, ArrayView5, ArrayView6, Dimension, Ix1, Ix2, IxDyn, array,
};
use pasha::{Cause, Context, Error, Functor, KernelItem, Param, Read, SourceError};
use pasha_tests::{at_item, for_each_context};

macro_rules! sums {
    ($($name:ident $view:ident)+) => {$(
        #[pasha::kernel]
        fn $name(item: $view<i32>) -> i64 {
            item.iter().map(|&value| i64::from(value)).sum()
        }
    )+};
}
sums! { sum0 ArrayView0  sum1 ArrayView1  sum2 ArrayView2  sum3 ArrayView3  sum4 ArrayView4
sum5 ArrayView5  sum6 ArrayView6 }

#[pasha::kernel]
fn sum_dyn(item: ArrayView<'_, i32, IxDyn>) -> i64 {
    item.iter().map(|&value| i64::from(value)).sum()
}

#[pasha::kernel]
fn by_value(value: (u8, char)) -> u32 {
    u32::from(value.0) + value.1 as u32
}

#[pasha::kernel]
fn by_reference(text: &String) -> usize {
    text.len()
}

#[pasha::kernel]
fn matrix_by_reference(matrix: &Array2<f64>) -> f64 {
    matrix.sum()
}

#[pasha::kernel]
fn fixed(point: [f64; 3]) -> f64 {
    point.iter().sum()
}

#[pasha::kernel]
fn several(a: f64, frame: ArrayView2<u8>, #[shared] factor: f64, b: &i32, n: usize) -> f64 {
    factor * (a + f64::from(*b) + n as f64) + f64::from(frame[[1, 1]])
}

fn counting<D: Dimension>(shape: D) -> Array<i32, D> {
    let len = shape.size() as i32;
    Array::from_shape_vec(shape, (0..len).collect()).unwrap()
}

/// Sums of the sub-arrays along axis 0, by plain loops.
fn expected<D: ndarray::RemoveAxis>(array: &Array<i32, D>) -> Array1<i64> {
    array.outer_iter().map(|item| item.iter().map(|&v| i64::from(v)).sum()).collect()
}

for_each_context! {
    fn views_of_every_rank(context: &dyn Context) {
        macro_rules! check {
            ($($kernel:ident $shape:expr;)+) => {$(
                let array = counting(ndarray::IntoDimension::into_dimension($shape));
                assert_eq!($kernel::run_in(context, &array).unwrap(), expected(&array));
            )+};
        }
        check! {
            sum0 (5,);
            sum1 (5, 2);
            sum2 (5, 2, 3);
            sum3 (5, 2, 3, 1);
            sum4 (5, 2, 3, 1, 2);
            sum5 (5, 2, 3, 1, 2, 2);
        }
        let seven = counting(IxDyn(&[3, 2, 1, 2, 1, 2, 2]));
        assert_eq!(sum_dyn::run_in(context, &seven).unwrap(), expected(&seven));
        let six_by_axis = counting(ndarray::Ix6(2, 1, 3, 2, 1, 2));
        let out = sum6::run_in(context, pasha::chunks(&six_by_axis, 1)).unwrap();
        assert_eq!(out, expected(&six_by_axis));
    }

    fn values_and_references(context: &dyn Context) {
        assert_eq!(by_value::run_in(context, &[(1, 'a'), (2, 'b')]).unwrap(), array![98, 100]);
        let texts = vec![String::from("ab"), String::new()];
        assert_eq!(by_reference::run_in(context, &texts).unwrap(), array![2, 0]);
        let matrices = vec![Array2::<f64>::ones((2, 2)), Array2::zeros((1, 1))];
        assert_eq!(matrix_by_reference::run_in(context, &matrices).unwrap(), array![4.0, 0.0]);
        assert_eq!(fixed::run_in(context, &[[1.0, 2.0, 3.0]]).unwrap(), array![6.0]);
    }

    fn several_items(context: &dyn Context) {
        let frames = Array3::from_shape_fn((4, 2, 2), |(i, _, _)| i as u8);
        let a = vec![1.0, 2.0, 3.0, 4.0];
        let b = array![10, 20, 30, 40];
        let out = several::run_in(context, &a, &frames, 0.5, &b, 100..104).unwrap();
        assert_eq!(out, array![55.5, 62.5, 69.5, 76.5]);
    }

    fn several_items_of_different_length(context: &dyn Context) {
        let frames = Array3::<u8>::zeros((4, 2, 2));
        let error = several::run_in(context, &[1.0; 4], &frames, 0.5, &[1; 5], 0..4).unwrap_err();
        match &error {
            Error::LengthMismatch { first, first_len: 4, second, second_len: 5, .. } => {
                assert_eq!((first.as_str(), second.as_str()), ("a", "b"));
            }
            other => panic!("{other:?}"),
        }
        let message = error.to_string();
        assert!(message.contains("`a` and `b`") && message.contains("4 and 5"), "{message}");
    }
}

/// A train of the facility: an item that borrows from its reader and names itself.
struct Train<'a, A, D> {
    id: u64,
    data: ArrayView<'a, A, D>,
}

/// The kind of parameter that gets a [`Train`].
struct TrainParam<A, D>(std::marker::PhantomData<fn() -> (A, D)>);

impl<A: 'static, D: Dimension + 'static> Param for TrainParam<A, D> {
    type Item<'r> = Train<'r, A, D>;
    type Shape = pasha::ItemShape<D>;
}

impl<A: 'static, D: Dimension + 'static> KernelItem for Train<'_, A, D> {
    type Param = TrainParam<A, D>;
}

/// Trains read into a buffer of the worker's own.
struct Run {
    trains: usize,
    missing: Option<usize>,
}

struct TrainReader {
    buffer: Array1<u16>,
    missing: Option<usize>,
}

impl Functor<TrainParam<u16, Ix1>> for Run {
    type Reader<'f> = TrainReader;

    fn num_items(&self) -> usize {
        self.trains
    }

    fn reader(&self) -> Result<TrainReader, SourceError> {
        Ok(TrainReader { buffer: Array1::zeros(4), missing: self.missing })
    }
}

impl Read<TrainParam<u16, Ix1>> for TrainReader {
    type Error = std::io::Error;

    fn read(&mut self, index: usize) -> std::io::Result<Train<'_, u16, Ix1>> {
        if self.missing == Some(index) {
            return Err(std::io::Error::other(format!("train {index} is not in the file")));
        }
        self.buffer.fill(index as u16);
        Ok(Train { id: 1000 + index as u64, data: self.buffer.view() })
    }
}

#[pasha::kernel]
fn of_train(train: Train<'_, u16, Ix1>, #[index] index: usize) -> u64 {
    assert_eq!(train.id, 1000 + index as u64);
    train.data.iter().map(|&value| u64::from(value)).sum()
}

#[pasha::kernel]
fn of_shaped_train(
    train: Train<'_, u16, Ix1>,
    #[output(like = train)] mut copy: ndarray::ArrayViewMut1<u16>,
) {
    copy.assign(&train.data);
}

for_each_context! {
    fn items_of_the_users_own(context: &dyn Context) {
        let out = of_train::run_in(context, &Run { trains: 100, missing: None }).unwrap();
        assert_eq!(out, Array1::from_shape_fn(100, |i| 4 * i as u64));
    }

    fn an_item_that_cannot_be_read(context: &dyn Context) {
        let error = of_train::run_in(context, &Run { trains: 100, missing: Some(61) }).unwrap_err();
        match at_item(&error) {
            (61, Cause::Source(source)) => {
                assert_eq!(source.to_string(), "train 61 is not in the file");
            }
            _ => panic!("{error}"),
        }
    }

    fn a_shape_that_is_not_known(context: &dyn Context) {
        let error =
            of_shaped_train::run_in(context, &Run { trains: 3, missing: None }).unwrap_err();
        assert!(matches!(&error, Error::UnknownItemShape { item, .. } if item == "train"));
        assert!(error.to_string().contains("item_shape"), "{error}");
    }
}

/// A functor that claims to be longer than what its reader has: safe code that is wrong.
struct Lying(Vec<u32>);

impl Functor<pasha::ByValue<u32>> for Lying {
    type Reader<'f> = <Vec<u32> as Functor<pasha::ByValue<u32>>>::Reader<'f>;

    fn num_items(&self) -> usize {
        self.0.len() + 1000
    }

    fn reader(&self) -> Result<Self::Reader<'_>, SourceError> {
        Functor::<pasha::ByValue<u32>>::reader(&self.0)
    }
}

#[pasha::kernel]
fn identity(value: u32) -> u32 {
    value
}

#[test]
fn a_functor_that_lies_about_its_length_reads_nothing_beyond_its_end() {
    let error = identity::run_serial(&Lying(vec![1; 10])).unwrap_err();
    assert!(error.to_string().contains("the functor has 10 items"), "{error}");
}

/// An item without a lifetime is passed by value, whatever it is.
struct Lines(&'static str);

struct LineReader(Vec<String>);

impl Functor<pasha::ByValue<String>> for Lines {
    type Reader<'f> = LineReader;

    fn num_items(&self) -> usize {
        self.0.lines().count()
    }

    fn reader(&self) -> Result<LineReader, SourceError> {
        Ok(LineReader(self.0.lines().map(str::to_owned).collect()))
    }
}

impl Read<pasha::ByValue<String>> for LineReader {
    type Error = Infallible;

    fn read(&mut self, index: usize) -> Result<String, Infallible> {
        Ok(self.0[index].clone())
    }
}

#[pasha::kernel]
fn words(line: String) -> usize {
    line.split_whitespace().count()
}

#[test]
fn items_may_be_owned() {
    assert_eq!(
        words::run_parallel(&Lines("to map\na\nkernel over lines")).unwrap(),
        array![2, 1, 3]
    );
    let _: Option<Ix2> = None;
}
