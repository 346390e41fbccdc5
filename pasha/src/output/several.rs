//! The outputs of several kernels that run together: lists of lists.

use std::marker::PhantomData;

use super::list::{List, RESULT, SpecList};
use super::pack::OutputSet;
use super::{Plan, WhatIsKept};
use crate::error::Result;

/// Two lists of arrays, of which the first may be such lists again.
#[derive(Debug)]
pub struct Lists<A, B>(A, B);

impl<A: List + 'static, B: List + 'static> List for Lists<A, B> {
    type Mut<'a> = (A::Mut<'a>, B::Mut<'a>);
}

/// The outputs of two kernels.
#[derive(Debug, Clone)]
pub struct SpecsOfEach<S, T> {
    first: S,
    rest: T,
    /// The names of the output parameters of both.
    names: [&'static [&'static str]; 2],
    /// The number of the first kernel's ragged outputs, whose lengths come first.
    num_ragged: usize,
}

impl<S, T> SpecsOfEach<S, T> {
    pub(crate) fn new(
        first: S,
        rest: T,
        names: [&'static [&'static str]; 2],
        num_ragged: usize,
    ) -> Self {
        SpecsOfEach { first, rest, names, num_ragged }
    }

    /// The plan as it is for the outputs of the kernels behind the first.
    fn of_rest<'p>(&self, plan: &Plan<'p>) -> Plan<'p> {
        Plan { first_column: plan.first_column + self.num_ragged, ..*plan }
    }
}

impl<S: SpecList, T: SpecList> SpecList for SpecsOfEach<S, T> {
    type Arrays = Lists<S::Arrays, T::Arrays>;
    type Slots = (S::Slots, T::Slots);
    type Attached<'a>
        = (S::Attached<'a>, T::Attached<'a>)
    where
        Self: 'a;

    const COUNT: usize = S::COUNT + T::COUNT;
    const KEPT: WhatIsKept = S::KEPT.and(T::KEPT);

    fn prepare(&mut self) {
        self.first.prepare();
        self.rest.prepare();
    }

    fn allocate(&self, plan: &Plan<'_>) -> Result<Self::Arrays> {
        Ok(Lists(self.first.allocate(plan)?, self.rest.allocate(&self.of_rest(plan))?))
    }

    #[inline(always)]
    fn attach<'a>(
        &'a self,
        (first, rest): (<S::Arrays as List>::Mut<'a>, <T::Arrays as List>::Mut<'a>),
        _names: &[&str],
        plan: &Plan<'_>,
    ) -> Result<Self::Attached<'a>> {
        let [first_names, rest_names] = self.names;
        Ok((
            self.first.attach(first, first_names, plan)?,
            self.rest.attach(rest, rest_names, &self.of_rest(plan))?,
        ))
    }
}

/// The names of so many outputs: those of parameters are given, and returned values have none.
pub(crate) fn padded(mut names: Vec<&'static str>, count: usize) -> Vec<&'static str> {
    names.resize(count.max(names.len()), RESULT);
    names
}

/// What several kernels give: a tuple with what each gives.
#[derive(Debug)]
pub struct SetOfEach<T>(PhantomData<fn() -> T>);

macro_rules! arrays {
    ([$lists:ty]) => { $lists };
    ([$lists:ty] $set:ident $($rest:ident)*) => { arrays!([Lists<$lists, $set::Arrays>] $($rest)*) };
}

macro_rules! lists {
    ([$lists:pat]) => { $lists };
    ([$lists:pat] $array:ident $($rest:ident)*) => { lists!([Lists($lists, $array)] $($rest)*) };
}

macro_rules! lists_mut {
    ([$lists:expr]) => { $lists };
    ([$lists:expr] $array:expr, $($rest:expr,)*) => { lists_mut!([($lists, $array)] $($rest,)*) };
}

macro_rules! set_of_each {
    ($first:ident $first_array:ident, $($set:ident $array:ident $place:tt),+) => {
        impl<$first: OutputSet, $($set: OutputSet),+> OutputSet for SetOfEach<($first, $($set,)+)> {
            type Arrays = arrays!([$first::Arrays] $($set)+);
            type Out = ($first::Out, $($set::Out,)+);

            fn pack(lists!([$first_array] $($array)+): Self::Arrays) -> Self::Out {
                ($first::pack($first_array), $($set::pack($array),)+)
            }

            fn arrays_mut(out: &mut Self::Out) -> <Self::Arrays as List>::Mut<'_> {
                lists_mut!([$first::arrays_mut(&mut out.0)] $($set::arrays_mut(&mut out.$place),)+)
            }
        }
    };
}
set_of_each!(A a, B b 1);
set_of_each!(A a, B b 1, C c 2);
set_of_each!(A a, B b 1, C c 2, D d 3);
set_of_each!(A a, B b 1, C c 2, D d 3, E e 4);
set_of_each!(A a, B b 1, C c 2, D d 3, E e 4, F f 5);
set_of_each!(A a, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6);
set_of_each!(A a, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7);
