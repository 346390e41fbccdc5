//! What a kernel's outputs are packed into for the caller: one array, a tuple, or a struct.

use std::marker::PhantomData;

use super::list::List;

/// How the arrays of a kernel's outputs are packed for the caller.
///
/// The attribute implements it for the struct of outputs that it generates.
pub trait OutputSet: 'static {
    /// The arrays: those of the parameters in the order of their declaration, then those of the
    /// returned values.
    type Arrays: List + 'static;

    /// What the caller gets.
    type Out;

    /// Packs the arrays.
    fn pack(arrays: Self::Arrays) -> Self::Out;

    /// Gives access to the packed arrays.
    fn arrays_mut(out: &mut Self::Out) -> <Self::Arrays as List>::Mut<'_>;
}

/// A kernel without outputs gives `()`.
#[derive(Debug)]
pub struct NoOutput;

impl OutputSet for NoOutput {
    type Arrays = ();
    type Out = ();

    fn pack((): ()) {}

    fn arrays_mut((): &mut ()) {}
}

/// A kernel with one output parameter and no return value gives that output's array.
#[derive(Debug)]
pub struct OneOutput<Arr>(PhantomData<fn() -> Arr>);

/// A kernel that returns a value and has no output parameter gives the array of values.
///
/// Another type than [`OneOutput`], because such a kernel may come first in a composition.
#[derive(Debug)]
pub struct OneReturned<Arr>(PhantomData<fn() -> Arr>);

macro_rules! one_array {
    ($($set:ident)+) => {$(
        impl<Arr: 'static> OutputSet for $set<Arr> {
            type Arrays = (Arr, ());
            type Out = Arr;

            fn pack((array, ()): (Arr, ())) -> Arr {
                array
            }

            fn arrays_mut(out: &mut Arr) -> (&mut Arr, ()) {
                (out, ())
            }
        }
    )+};
}
one_array!(OneOutput OneReturned);

/// A kernel that returns a tuple and has no output parameter gives a tuple of arrays.
#[derive(Debug)]
pub struct ReturnedTuple<T>(PhantomData<fn() -> T>);

macro_rules! nested {
    () => { () };
    ($head:tt $($tail:tt)*) => { ($head, nested!($($tail)*)) };
}

macro_rules! nested_mut {
    ($out:ident) => { () };
    ($out:ident $head:tt $($tail:tt)*) => { (&mut $out.$head, nested_mut!($out $($tail)*)) };
}

macro_rules! returned_tuple {
    ($($arr:ident $place:tt),+) => {
        impl<$($arr: 'static),+> OutputSet for ReturnedTuple<($($arr,)+)> {
            type Arrays = nested!($($arr)+);
            type Out = ($($arr,)+);

            #[allow(non_snake_case, reason = "one name for the type and the value")]
            fn pack(nested!($($arr)+): Self::Arrays) -> Self::Out {
                ($($arr,)+)
            }

            fn arrays_mut(out: &mut Self::Out) -> <Self::Arrays as List>::Mut<'_> {
                nested_mut!(out $($place)+)
            }
        }
    };
}
returned_tuple!(A 0);
returned_tuple!(A 0, B 1);
returned_tuple!(A 0, B 1, C 2);
returned_tuple!(A 0, B 1, C 2, D 3);
returned_tuple!(A 0, B 1, C 2, D 3, E 4);
returned_tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
returned_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
returned_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
returned_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
returned_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
returned_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
returned_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
