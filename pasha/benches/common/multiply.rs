//! `3 * x`: the simplest kernel, bound by memory or by the loop around it.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

use pasha::prelude::*;
use rayon::prelude::*;

use super::duel::{Duel, timed, timed_often};
use super::{NUM_WORKERS, peer_pool, ramp};

/// Multiplies each value with 3.
#[pasha::kernel]
pub(crate) fn triple(value: f64) -> f64 {
    3.0 * value
}

/// The same, past the caches.
#[pasha::kernel(stream_stores)]
fn triple_past_caches(value: f64) -> f64 {
    3.0 * value
}

/// The loop that somebody would write by hand.
#[inline(never)]
fn triple_by_hand(inp: &[f64], out: &mut [f64]) {
    for (out, inp) in out.iter_mut().zip(inp) {
        *out = 3.0 * inp;
    }
}

fn triple_by_rayon(pool: &rayon::ThreadPool, inp: &[f64], out: &mut [f64]) {
    pool.install(|| {
        out.par_iter_mut().zip(inp.par_iter()).for_each(|(out, inp)| *out = 3.0 * inp);
    });
}

/// Serial, into an output that exists.
pub(crate) fn serial(len: usize, often: u32) -> Duel {
    let context = SerialContext::new();
    let inp = ramp(&context, len);
    let out = triple::alloc(&context, &inp).unwrap();
    // Both sides use the same arrays: where they lie to each other matters to the processor.
    let ours = Rc::new(RefCell::new((inp, out)));
    let peer = Rc::clone(&ours);
    Duel::new(
        move || {
            let (inp, out) = &mut *ours.borrow_mut();
            timed_often(often, || triple::run_into(&context, &*inp, out).unwrap())
        },
        move || {
            let (inp, out) = &mut *peer.borrow_mut();
            let (inp, out) = (inp.as_slice().unwrap(), out.as_slice_mut().unwrap());
            timed_often(often, || triple_by_hand(black_box(inp), black_box(&mut *out)))
        },
    )
}

/// Threads, into an output that exists.
pub(crate) fn threads(len: usize, often: u32) -> Duel {
    let context = ThreadContext::new(NUM_WORKERS).unwrap();
    let pool = peer_pool();
    let inp = ramp(&context, len);
    let out = triple::alloc(&context, &inp).unwrap();
    let ours = Rc::new(RefCell::new((inp, out)));
    let peer = Rc::clone(&ours);
    Duel::new(
        move || {
            let (inp, out) = &mut *ours.borrow_mut();
            timed_often(often, || triple::run_into(&context, &*inp, out).unwrap())
        },
        move || {
            let (inp, out) = &mut *peer.borrow_mut();
            let (inp, out) = (inp.as_slice().unwrap(), out.as_slice_mut().unwrap());
            timed_often(often, || triple_by_rayon(&pool, black_box(inp), black_box(&mut *out)))
        },
    )
}

/// Threads with streaming stores, against those with ordinary ones.
pub(crate) fn streaming(len: usize) -> Duel {
    let context = ThreadContext::new(NUM_WORKERS).unwrap();
    let inp = ramp(&context, len);
    let out = triple::alloc(&context, &inp).unwrap();
    let ours = Rc::new(RefCell::new((context, inp, out)));
    let peer = Rc::clone(&ours);
    Duel::new(
        move || {
            let (context, inp, out) = &mut *ours.borrow_mut();
            timed(|| triple_past_caches::run_into(context, &*inp, out).unwrap())
        },
        move || {
            let (context, inp, out) = &mut *peer.borrow_mut();
            timed(|| triple::run_into(context, &*inp, out).unwrap())
        },
    )
}

/// Threads with a timeline, against those without.
pub(crate) fn with_timeline(len: usize) -> Duel {
    let plain = ThreadContext::new(NUM_WORKERS).unwrap();
    let inp = ramp(&plain, len);
    let out = triple::alloc(&plain, &inp).unwrap();
    let noted = plain.clone().timeline(true);
    let ours = Rc::new(RefCell::new((inp, out)));
    let peer = Rc::clone(&ours);
    let run = |context: &ThreadContext, arrays: &RefCell<_>| {
        let (inp, out) = &mut *arrays.borrow_mut();
        timed(|| triple::run_into(context, &*inp, out).unwrap())
    };
    Duel::new(move || run(&noted, &ours), move || run(&plain, &peer))
}

/// Processes from the second map on, against our own threads.
pub(crate) fn processes(len: usize) -> Duel {
    let processes = ProcessContext::new(NUM_WORKERS).unwrap();
    let threads = ThreadContext::new(NUM_WORKERS).unwrap();
    let inp = ramp(&processes, len);
    let out = triple::run_in(&processes, &inp).unwrap();
    let ours = Rc::new(RefCell::new((inp, out)));
    let peer = Rc::clone(&ours);
    Duel::new(
        move || {
            let (inp, out) = &mut *ours.borrow_mut();
            timed(|| triple::run_into(&processes, &*inp, out).unwrap())
        },
        move || {
            let (inp, out) = &mut *peer.borrow_mut();
            timed(|| triple::run_into(&threads, &*inp, out).unwrap())
        },
    )
}

/// The first write of a new output in processes, against threads that write private huge pages.
pub(crate) fn fresh(len: usize) -> Duel {
    let processes = ProcessContext::new(NUM_WORKERS).unwrap();
    let pool = peer_pool();
    let write = || move |_: usize, index: usize, _: usize| index as f64;
    Duel::new(
        move || timed(|| pasha::map_in(&processes, 0..len, write()).unwrap()),
        move || {
            timed(|| {
                let mut out = huge_pages(len);
                let part = len.div_ceil(NUM_WORKERS);
                pool.scope(|scope| {
                    for (number, out) in out.as_mut_slice().chunks_mut(part).enumerate() {
                        scope.spawn(move |_| {
                            for (place, out) in out.iter_mut().enumerate() {
                                *out = (number * part + place) as f64;
                            }
                        });
                    }
                });
                out
            })
        },
    )
}

/// Zeroed private memory that asks for huge pages, as a careful program makes it.
pub(crate) fn huge_pages<T: bytemuck::Pod>(len: usize) -> HugePages<T> {
    HugePages::new(len)
}

/// Memory from `mmap`, with `MADV_HUGEPAGE`.
pub(crate) struct HugePages<T> {
    map: memmap2::MmapMut,
    elements: std::marker::PhantomData<T>,
}

impl<T: bytemuck::Pod> HugePages<T> {
    fn new(len: usize) -> Self {
        let map = memmap2::MmapMut::map_anon(len * size_of::<T>()).unwrap();
        map.advise(memmap2::Advice::HugePage).unwrap();
        HugePages { map, elements: std::marker::PhantomData }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.map)
    }
}
