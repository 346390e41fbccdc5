//! Arithmetic on shared arrays, element by element, as ndarray has it for its own.
//!
//! What comes out is an ordinary [`Array`], also where an operand is given up: only maps and
//! explicit allocation make shared memory. `+=` and its relatives change a shared array in its
//! place.

use std::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign,
    Mul, MulAssign, Neg, Not, Rem, RemAssign, Sub, SubAssign,
};

use ndarray::{Array, ArrayBase, ArrayRef, Data, DataMut, DimMax, Dimension};
use num_complex::Complex;

use super::SharedArray;

/// An operator of two arrays, whose shapes are broadcast to each other.
macro_rules! of_two_arrays {
    ($operator:ident $method:ident $([$($storage:tt)*] $left:ty, $right:ty;)+) => {$(
        impl<A, B, D, E, $($storage)*> $operator<$right> for $left
        where
            A: Clone + $operator<B, Output = A>,
            B: Clone,
            D: Dimension + DimMax<E>,
            E: Dimension,
        {
            type Output = Array<A, <D as DimMax<E>>::Output>;

            #[track_caller]
            fn $method(self, other: $right) -> Self::Output {
                let (left, right): (&ArrayRef<A, D>, &ArrayRef<B, E>) = (&self, &other);
                left.$method(right)
            }
        }
    )+};
}

/// The operators of two arrays, and of an array that is changed in its place.
macro_rules! with_arrays {
    ($($operator:ident $method:ident, $assign:ident $assign_method:ident;)+) => {$(
        of_two_arrays! {
            $operator $method
            [] SharedArray<A, D>, SharedArray<B, E>;
            [] SharedArray<A, D>, &SharedArray<B, E>;
            [] &SharedArray<A, D>, SharedArray<B, E>;
            [] &SharedArray<A, D>, &SharedArray<B, E>;
            [S: Data<Elem = B>] SharedArray<A, D>, ArrayBase<S, E>;
            [S: Data<Elem = B>] SharedArray<A, D>, &ArrayBase<S, E>;
            [S: Data<Elem = B>] &SharedArray<A, D>, ArrayBase<S, E>;
            [S: Data<Elem = B>] &SharedArray<A, D>, &ArrayBase<S, E>;
            [S: Data<Elem = A>] ArrayBase<S, D>, SharedArray<B, E>;
            [S: Data<Elem = A>] ArrayBase<S, D>, &SharedArray<B, E>;
            [S: Data<Elem = A>] &ArrayBase<S, D>, SharedArray<B, E>;
            [S: Data<Elem = A>] &ArrayBase<S, D>, &SharedArray<B, E>;
        }

        impl<A, D, E> $assign<&SharedArray<A, E>> for SharedArray<A, D>
        where
            A: Clone + $assign<A>,
            D: Dimension,
            E: Dimension,
        {
            #[track_caller]
            fn $assign_method(&mut self, other: &SharedArray<A, E>) {
                (**self).$assign_method(&**other);
            }
        }

        impl<A, S, D, E> $assign<&SharedArray<A, E>> for ArrayBase<S, D>
        where
            A: Clone + $assign<A>,
            S: DataMut<Elem = A>,
            D: Dimension,
            E: Dimension,
        {
            #[track_caller]
            fn $assign_method(&mut self, other: &SharedArray<A, E>) {
                (**self).$assign_method(&**other);
            }
        }

        impl<A, S, D, E> $assign<&ArrayBase<S, E>> for SharedArray<A, D>
        where
            A: Clone + $assign<A>,
            S: Data<Elem = A>,
            D: Dimension,
            E: Dimension,
        {
            #[track_caller]
            fn $assign_method(&mut self, other: &ArrayBase<S, E>) {
                (**self).$assign_method(&**other);
            }
        }
    )+};
}
with_arrays! {
    Add add, AddAssign add_assign;
    Sub sub, SubAssign sub_assign;
    Mul mul, MulAssign mul_assign;
    Div div, DivAssign div_assign;
    Rem rem, RemAssign rem_assign;
    BitAnd bitand, BitAndAssign bitand_assign;
    BitOr bitor, BitOrAssign bitor_assign;
    BitXor bitxor, BitXorAssign bitxor_assign;
}

/// The operators of an array and one value, on either side, and in place.
macro_rules! with_values {
    ($([$($value:ty)+] $operators:tt)+) => {
        $(with_values!(@values [$($value)+] $operators);)+
    };
    (@values [$($value:ty)+] $operators:tt) => {$(with_values!(@value $value, $operators);)+};
    (@value $value:ty, {$($operator:ident $method:ident, $assign:ident $assign_method:ident;)+}) => {$(
        impl<A, D> $operator<$value> for SharedArray<A, D>
        where
            A: Clone + $operator<$value, Output = A>,
            D: Dimension,
        {
            type Output = Array<A, D>;

            fn $method(self, value: $value) -> Array<A, D> {
                (&*self).$method(value)
            }
        }

        impl<A, D> $operator<$value> for &SharedArray<A, D>
        where
            A: Clone + $operator<$value, Output = A>,
            D: Dimension,
        {
            type Output = Array<A, D>;

            fn $method(self, value: $value) -> Array<A, D> {
                (&**self).$method(value)
            }
        }

        impl<D: Dimension> $operator<SharedArray<$value, D>> for $value {
            type Output = Array<$value, D>;

            fn $method(self, array: SharedArray<$value, D>) -> Array<$value, D> {
                self.$method(&*array)
            }
        }

        impl<D: Dimension> $operator<&SharedArray<$value, D>> for $value {
            type Output = Array<$value, D>;

            fn $method(self, array: &SharedArray<$value, D>) -> Array<$value, D> {
                self.$method(&**array)
            }
        }

        impl<A, D> $assign<$value> for SharedArray<A, D>
        where
            A: $assign<$value>,
            D: Dimension,
        {
            fn $assign_method(&mut self, value: $value) {
                let array: &mut ArrayRef<A, D> = self;
                array.map_inplace(|element| element.$assign_method(value));
            }
        }
    )+};
}
with_values! {
    [u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize] {
        Add add, AddAssign add_assign;
        Sub sub, SubAssign sub_assign;
        Mul mul, MulAssign mul_assign;
        Div div, DivAssign div_assign;
        Rem rem, RemAssign rem_assign;
        BitAnd bitand, BitAndAssign bitand_assign;
        BitOr bitor, BitOrAssign bitor_assign;
        BitXor bitxor, BitXorAssign bitxor_assign;
    }
    [f32 f64] {
        Add add, AddAssign add_assign;
        Sub sub, SubAssign sub_assign;
        Mul mul, MulAssign mul_assign;
        Div div, DivAssign div_assign;
        Rem rem, RemAssign rem_assign;
    }
    [Complex<f32> Complex<f64>] {
        Add add, AddAssign add_assign;
        Sub sub, SubAssign sub_assign;
        Mul mul, MulAssign mul_assign;
        Div div, DivAssign div_assign;
    }
    [bool] {
        BitAnd bitand, BitAndAssign bitand_assign;
        BitOr bitor, BitOrAssign bitor_assign;
        BitXor bitxor, BitXorAssign bitxor_assign;
    }
}

impl<'a, A, D: Dimension> Neg for &'a SharedArray<A, D>
where
    &'a A: Neg<Output = A>,
{
    type Output = Array<A, D>;

    fn neg(self) -> Array<A, D> {
        -&**self
    }
}

impl<A, D: Dimension> Neg for SharedArray<A, D>
where
    for<'a> &'a A: Neg<Output = A>,
{
    type Output = Array<A, D>;

    fn neg(self) -> Array<A, D> {
        -&*self
    }
}

impl<'a, A, D: Dimension> Not for &'a SharedArray<A, D>
where
    &'a A: Not<Output = A>,
{
    type Output = Array<A, D>;

    fn not(self) -> Array<A, D> {
        !&**self
    }
}

impl<A, D: Dimension> Not for SharedArray<A, D>
where
    for<'a> &'a A: Not<Output = A>,
{
    type Output = Array<A, D>;

    fn not(self) -> Array<A, D> {
        !&*self
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Ix1, Ix2, array};

    use super::*;
    use crate::array::Order;
    use crate::memory::{Memory, Pages};

    fn shared<A: crate::Element, D: Dimension>(of: &Array<A, D>) -> SharedArray<A, D> {
        let (memory, pages) = (Memory::Private, Pages::Ordinary);
        let mut copy = SharedArray::zeros(of.raw_dim(), Order::C, memory, pages).unwrap();
        copy.assign(of);
        copy
    }

    #[test]
    fn shared_arrays_calculate_as_ndarrays_do() {
        let (a, b) = (array![[1.0, 2.0], [3.0, 5.0]], array![10.0, 100.0]);
        let (sa, sb): (SharedArray<f64, Ix2>, SharedArray<f64, Ix1>) = (shared(&a), shared(&b));
        assert_eq!(&sa + &sb, &a + &b);
        assert_eq!(&sa - &b, &a - &b);
        assert_eq!(&b * &sa, &b * &a);
        assert_eq!(&sb / &sa, &b / &a);
        assert_eq!(&sa - 1.0, &a - 1.0);
        assert_eq!(2.0 / &sa, 2.0 / &a);
        assert_eq!(-&sa, -&a);
        assert_eq!(&sa % 2.0, &a % 2.0);
    }

    #[test]
    fn operands_may_be_given_up() {
        let (a, b) = (array![[1.0, 2.0], [3.0, 5.0]], array![10.0, 100.0]);
        let (sa, sb): (SharedArray<f64, Ix2>, SharedArray<f64, Ix1>) = (shared(&a), shared(&b));
        assert_eq!(sa.clone() + sb.clone(), &a + &b);
        assert_eq!(sa.clone() - &sb, &a - &b);
        assert_eq!(&sa * sb.clone(), &a * &b);
        assert_eq!(sa.clone() / b.clone(), &a / &b);
        assert_eq!(sa.clone() / b.view(), &a / &b);
        assert_eq!(sa.clone() % &b, &a % &b);
        assert_eq!(b.clone() - sa.clone(), &b - &a);
        assert_eq!(b.clone() - &sa, &b - &a);
        assert_eq!(&b - sa.clone(), &b - &a);
        assert_eq!(sa.clone() - 1.0, &a - 1.0);
        assert_eq!(2.0 / sa.clone(), 2.0 / &a);
        assert_eq!(-sa, -&a);
        assert_eq!(!shared(&array![true, false]), array![false, true]);
    }

    #[test]
    fn arrays_without_elements_calculate_too() {
        let (none, row) = (Array::<f64, Ix2>::zeros((0, 3)), array![1.0, 2.0, 3.0]);
        let shared = shared(&none);
        assert_eq!(shared.strides(), none.strides());
        for empty in [&shared + 1.0, 2.0 * &shared, -&shared, &shared + &row, shared.sqrt()] {
            assert_eq!(empty, none);
        }
        assert_eq!(shared.to_owned(), none);
        assert_eq!(shared.mapv(|value| value > 0.0).shape(), [0, 3]);
        let columns = Array::<f64, Ix2>::zeros((3, 0));
        assert_eq!(1.0 - &super::tests::shared(&columns), columns);
    }

    #[test]
    #[should_panic = "IncompatibleShape"]
    fn shapes_that_can_not_be_broadcast_panic_as_ndarrays_do() {
        let _ = shared(&array![1, 2]) + shared(&array![1, 2, 3]);
    }

    #[test]
    fn in_place_operators_change_the_shared_memory() {
        let mut counts = shared(&array![1_u64, 2, 3]);
        let before = counts.as_ptr();
        counts += 1;
        counts *= &array![1, 2, 3];
        let other = shared(&array![1_u64, 1, 2]);
        counts -= &other;
        assert_eq!(counts, array![1, 5, 10]);
        assert_eq!(counts.as_ptr(), before);
        let mut total = array![[10, 20, 30], [1, 2, 3]];
        total += &counts;
        total.row_mut(0).assign(&array![0, 0, 0]);
        assert_eq!(total, array![[0, 0, 0], [2, 7, 13]]);
    }

    #[test]
    fn masks_and_bits_and_complex_numbers_calculate_too() {
        let mask = shared(&array![true, false, true]);
        assert_eq!(!&mask, array![false, true, false]);
        assert_eq!(&mask & &array![true, true, false], array![true, false, false]);
        assert_eq!(&mask ^ true, array![false, true, false]);
        assert_eq!(1_u8 | &shared(&array![2_u8, 4]), array![3, 5]);
        let waves = shared(&array![Complex::new(0.0, 1.0)]);
        assert_eq!(&waves * Complex::new(0.0, 1.0), array![Complex::new(-1.0, 0.0)]);
        assert_eq!(Complex::new(1.0, 0.0) - &waves, array![Complex::new(1.0, -1.0)]);
        assert_eq!(&waves * 2.0, array![Complex::new(0.0, 2.0)]);
    }
}
