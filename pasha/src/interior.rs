//! Types that are changed through `&`: what a kernel changes in a `#[shared]` parameter of such a
//! type is seen by threads, but lost in forked workers, each of which has a copy of its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::num::Wrapping;
use std::pin::Pin;
use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
    AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
};
use std::sync::mpsc::{Sender, SyncSender};
use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, Weak};

use ndarray::{ArrayBase, RawData};

/// A lock, an atomic, a channel, or something that holds one.
pub trait InteriorMutable {}

macro_rules! interior_mutable {
    ($([$($generics:tt)*] $ty:ty;)+) => {$(
        impl<$($generics)*> InteriorMutable for $ty {}
    )+};
}

interior_mutable! {
    [] AtomicBool;
    [] AtomicI8;
    [] AtomicI16;
    [] AtomicI32;
    [] AtomicI64;
    [] AtomicIsize;
    [] AtomicU8;
    [] AtomicU16;
    [] AtomicU32;
    [] AtomicU64;
    [] AtomicUsize;
    [T] AtomicPtr<T>;
    [T: ?Sized] Mutex<T>;
    [T: ?Sized] RwLock<T>;
    [T] OnceLock<T>;
    [] Condvar;
    [] Once;
    [] Barrier;
    [T] Sender<T>;
    [T] SyncSender<T>;

    // What holds one.
    [T: InteriorMutable + ?Sized] &T;
    [T: InteriorMutable + ?Sized] Box<T>;
    [T: InteriorMutable + ?Sized] Arc<T>;
    [T: InteriorMutable + ?Sized] Weak<T>;
    [T: InteriorMutable + ?Sized] ManuallyDrop<T>;
    [T: InteriorMutable] Reverse<T>;
    [T: InteriorMutable] Wrapping<T>;
    [P: InteriorMutable] Pin<P>;
    [T: InteriorMutable, F] LazyLock<T, F>;
    [T: InteriorMutable] Option<T>;
    [T: InteriorMutable, E] Result<T, E>;
    [T: InteriorMutable] [T];
    [T: InteriorMutable, const N: usize] [T; N];
    [T: InteriorMutable] Vec<T>;
    [T: InteriorMutable] VecDeque<T>;
    [T: InteriorMutable] LinkedList<T>;
    [K, V: InteriorMutable, S] HashMap<K, V, S>;
    [K, V: InteriorMutable] BTreeMap<K, V>;
    [S: RawData<Elem: InteriorMutable>, D] ArrayBase<S, D>;
}

/// Asks of the type of a shared parameter whether it is changed through `&`.
///
/// Where it is known to be, the associated constant here is found before the one of
/// [`NotInteriorMutable`]; for a generic parameter nothing is known, and the latter is found.
#[derive(Debug)]
pub struct Sharing<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: InteriorMutable + ?Sized> Sharing<T> {
    /// It is.
    pub const IS_INTERIOR_MUTABLE: bool = true;
}

/// The answer where nothing else is known.
pub trait NotInteriorMutable {
    /// It is not, as far as is known.
    const IS_INTERIOR_MUTABLE: bool = false;
}

impl<T: ?Sized> NotInteriorMutable for Sharing<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a type is found to be changed through `&`, where no more is known of `T`.
    fn generic<T: Sync>() -> [bool; 2] {
        [<Sharing<&T>>::IS_INTERIOR_MUTABLE, <Sharing<&Mutex<T>>>::IS_INTERIOR_MUTABLE]
    }

    #[test]
    fn locks_are_found_wherever_they_are_and_other_types_are_not() {
        const {
            assert!(<Sharing<&Mutex<f64>>>::IS_INTERIOR_MUTABLE);
            assert!(<Sharing<&[AtomicU64]>>::IS_INTERIOR_MUTABLE);
            assert!(<Sharing<&ndarray::Array2<AtomicU64>>>::IS_INTERIOR_MUTABLE);
            assert!(<Sharing<&HashMap<String, Arc<RwLock<u8>>>>>::IS_INTERIOR_MUTABLE);
            assert!(<Sharing<&LazyLock<Mutex<u8>>>>::IS_INTERIOR_MUTABLE);
            assert!(<Sharing<&Mutex<dyn Send>>>::IS_INTERIOR_MUTABLE);
            assert!(<Sharing<&LinkedList<Mutex<u8>>>>::IS_INTERIOR_MUTABLE);
            assert!(<Sharing<&Result<Mutex<u8>, String>>>::IS_INTERIOR_MUTABLE);
            assert!(!<Sharing<&Result<Vec<f64>, String>>>::IS_INTERIOR_MUTABLE);
            assert!(!<Sharing<&Vec<f64>>>::IS_INTERIOR_MUTABLE);
            assert!(!<Sharing<&ndarray::Array2<f32>>>::IS_INTERIOR_MUTABLE);
            assert!(!<Sharing<&LazyLock<Vec<f64>>>>::IS_INTERIOR_MUTABLE);
            assert!(!<Sharing<&(dyn Fn(f64) -> f64 + Sync)>>::IS_INTERIOR_MUTABLE);
        }
        assert_eq!(generic::<Mutex<f64>>(), [false, true]);
    }
}
